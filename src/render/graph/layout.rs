//! Boxes in columns from left to right, an edge from each box to the next column: a small layered layout.
//!
//! [`super::svg`] calls [`layout`]. The way is the usual one for layered drawings: turn edges that run against the flow, give each
//! box a column by its longest way from the left, lead long edges through empty places of the columns between, order each column
//! so that few edges cross, and move boxes up and down until edges are short. Time by the square of the edges between two columns;
//! graphs have some hundred nodes at most.

/// Between two boxes of a column.
const BETWEEN: f64 = 18.0;

/// Between an edge that passes through a column and its neighbours.
const PASSING: f64 = 10.0;

/// Sweeps to order columns, and to move boxes; more changes nothing that is seen.
const SWEEPS: usize = 12;

/// A box to place.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Columns of pixels.
    pub width: f64,
    /// Rows of pixels.
    pub height: f64,
}

/// An edge to lead.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Index of the box to the left, if that can be.
    pub from: usize,
    /// Index of the box to the right.
    pub to: usize,
    /// Room for its label between the columns, in pixels.
    pub label: f64,
}

/// A point in pixels from the upper left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// Where everything goes.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Upper left corners of the boxes.
    pub boxes: Vec<Point>,
    /// The way of each line from the left to the right: pairs of ends, one pair between each two columns.
    pub ways: Vec<Way>,
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
}

/// The way of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// From the right side of one box to the left side of the other, with the points it passes between.
    pub points: Vec<Point>,
    /// It runs from `to` to `from`: the arrow is at its beginning.
    pub turned: bool,
}

/// A box, or a place where a line passes through a column.
#[derive(Clone, Debug)]
struct Cell {
    width: f64,
    height: f64,
    column: usize,
    passing: bool,
    left: Vec<usize>,
    right: Vec<usize>,
    y: f64,
}

impl Cell {
    fn new(size: Size, column: usize, passing: bool) -> Self {
        Self {
            width: size.width,
            height: size.height,
            column,
            passing,
            left: Vec::new(),
            right: Vec::new(),
            y: 0.0,
        }
    }
}

/// Places boxes and lines, with `gap` pixels between columns at least. Lines from a box to itself have no way.
pub fn layout(sizes: &[Size], lines: &[Line], gap: f64) -> Placed {
    let turned = turn(sizes.len(), lines);
    let flows: Vec<(usize, usize)> = lines
        .iter()
        .zip(&turned)
        .map(|(line, turned)| match turned {
            true => (line.to, line.from),
            false => (line.from, line.to),
        })
        .collect();
    let columns = columns(sizes.len(), &flows);
    let of = |(size, &column): (&Size, &usize)| Cell::new(*size, column, false);
    let mut cells: Vec<Cell> = sizes.iter().zip(&columns).map(of).collect();
    let ways: Vec<Vec<usize>> = flows
        .iter()
        .map(|&(from, to)| lead(&mut cells, from, to))
        .collect();
    let mut order = first_order(&cells);
    uncross(&mut cells, &mut order);
    align(&mut cells, &order);
    let mut room = vec![gap; order.len()];
    for (line, &(_, to)) in lines.iter().zip(&flows) {
        if let Some(room) = room.get_mut(cells[to].column) {
            *room = room.max(line.label + gap);
        }
    }
    let grid = Grid::new(&cells, &order, &room);
    let boxes = cells.iter().take(sizes.len());
    let through = ways.iter().zip(&turned);
    Placed {
        boxes: boxes.map(|cell| grid.corner(cell)).collect(),
        ways: through
            .map(|(way, &turned)| grid.way(way, turned))
            .collect(),
        width: grid
            .columns
            .last()
            .map_or(0.0, |(left, width)| left + width),
        height: grid.lowest - grid.highest,
    }
}

/// Which lines run against the flow: those that close a circle, found by going depth first.
fn turn(boxes: usize, lines: &[Line]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); boxes];
    for (index, line) in lines.iter().enumerate() {
        if let Some(from) = out.get_mut(line.from) {
            from.push(index);
        }
    }
    let mut seen = vec![Seen::No; boxes];
    let mut turned = vec![false; lines.len()];
    for start in 0..boxes {
        if seen[start] != Seen::No {
            continue;
        }
        let mut way = vec![(start, 0)];
        seen[start] = Seen::Open;
        while let Some((at, next)) = way.last_mut() {
            let Some(&index) = out[*at].get(*next) else {
                seen[*at] = Seen::Done;
                way.pop();
                continue;
            };
            *next += 1;
            let to = lines[index].to;
            match seen.get(to) {
                Some(Seen::Open) => turned[index] = true,
                Some(Seen::No) => {
                    seen[to] = Seen::Open;
                    way.push((to, 0));
                }
                _ => {}
            }
        }
    }
    turned
}

/// The column of each box: behind all that lead to it. Boxes nothing leads to stand as far right as what they lead to allows.
fn columns(boxes: usize, flows: &[(usize, usize)]) -> Vec<usize> {
    let mut column = vec![0usize; boxes];
    let mut waiting = vec![0usize; boxes];
    let mut right: Vec<Vec<usize>> = vec![Vec::new(); boxes];
    for &(from, to) in flows.iter().filter(|(from, to)| from != to) {
        waiting[to] += 1;
        right[from].push(to);
    }
    let roots: Vec<usize> = (0..boxes).filter(|&at| waiting[at] == 0).collect();
    let mut ready = roots.clone();
    while let Some(at) = ready.pop() {
        for &to in &right[at] {
            column[to] = column[to].max(column[at] + 1);
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(to);
            }
        }
    }
    for root in roots {
        let nearest = right[root].iter().map(|&to| column[to]).min();
        column[root] = nearest.unwrap_or(0).saturating_sub(1);
    }
    column
}

/// Leads a line through the columns between its ends.
fn lead(cells: &mut Vec<Cell>, from: usize, to: usize) -> Vec<usize> {
    let mut way = vec![from];
    if from == to {
        return way;
    }
    let (first, last) = (cells[from].column + 1, cells[to].column);
    for column in first..last {
        way.push(cells.len());
        let nothing = Size {
            width: 0.0,
            height: 0.0,
        };
        cells.push(Cell::new(nothing, column, true));
    }
    way.push(to);
    for pair in way.windows(2) {
        cells[pair[0]].right.push(pair[1]);
        cells[pair[1]].left.push(pair[0]);
    }
    way
}

/// Cells by column, in the order of a walk from the left: trees come out without any crossing.
fn first_order(cells: &[Cell]) -> Vec<Vec<usize>> {
    let count = cells.iter().map(|cell| cell.column + 1).max().unwrap_or(0);
    let mut order = vec![Vec::new(); count];
    let mut seen = vec![false; cells.len()];
    let mut starts: Vec<usize> = (0..cells.len())
        .filter(|&at| cells[at].left.is_empty())
        .collect();
    starts.reverse();
    while let Some(at) = starts.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        order[cells[at].column].push(at);
        starts.extend(cells[at].right.iter().rev());
    }
    order
}

/// Orders columns by the middle of their neighbours, back and forth, and keeps the best order seen.
fn uncross(cells: &mut [Cell], order: &mut Vec<Vec<usize>>) {
    let mut best = (crossings(cells, order), order.clone());
    let mut rank = vec![0usize; cells.len()];
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let to_right = sweep % 2 == 0;
        let at: Vec<usize> = match to_right {
            true => (0..order.len()).collect(),
            false => (0..order.len()).rev().collect(),
        };
        for column in at {
            for cells in order.iter() {
                for (place, &cell) in cells.iter().enumerate() {
                    rank[cell] = place;
                }
            }
            let middle = |&cell: &usize| {
                let near = match to_right {
                    true => &cells[cell].left,
                    false => &cells[cell].right,
                };
                match near.len() {
                    0 => rank[cell] as f64,
                    n => near.iter().map(|&other| rank[other] as f64).sum::<f64>() / n as f64,
                }
            };
            order[column].sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        }
        let now = crossings(cells, order);
        if now < best.0 {
            best = (now, order.clone());
        }
    }
    *order = best.1;
}

fn crossings(cells: &[Cell], order: &[Vec<usize>]) -> usize {
    let mut rank = vec![0usize; cells.len()];
    for column in order {
        for (place, &cell) in column.iter().enumerate() {
            rank[cell] = place;
        }
    }
    let mut count = 0;
    for column in order {
        let ends: Vec<(usize, usize)> = column
            .iter()
            .flat_map(|&cell| cells[cell].right.iter().map(move |&to| (cell, to)))
            .map(|(from, to)| (rank[from], rank[to]))
            .collect();
        for (at, &(from, to)) in ends.iter().enumerate() {
            let crossed = |&&(f, t): &&(usize, usize)| (f < from && t > to) || (f > from && t < to);
            count += ends[at + 1..].iter().filter(crossed).count();
        }
    }
    count
}

/// Moves the cells of each column towards their neighbours, in order and without touching.
fn align(cells: &mut [Cell], order: &[Vec<usize>]) {
    for sweep in 0..=SWEEPS {
        let columns: Vec<&Vec<usize>> = match sweep % 2 {
            0 => order.iter().rev().collect(),
            _ => order.iter().collect(),
        };
        for column in columns {
            let wanted: Vec<f64> = column
                .iter()
                .map(|&cell| {
                    let near = match sweep % 2 {
                        0 => &cells[cell].right,
                        _ => &cells[cell].left,
                    };
                    match near.len() {
                        0 => cells[cell].y,
                        n => near.iter().map(|&other| cells[other].y).sum::<f64>() / n as f64,
                    }
                })
                .collect();
            let gaps: Vec<f64> = column
                .windows(2)
                .map(|pair| {
                    let (above, below) = (&cells[pair[0]], &cells[pair[1]]);
                    let between = match above.passing || below.passing {
                        true => PASSING,
                        false => BETWEEN,
                    };
                    (above.height + below.height) / 2.0 + between
                })
                .collect();
            for (&cell, y) in column.iter().zip(spread(&wanted, &gaps)) {
                cells[cell].y = y;
            }
        }
    }
}

/// The places nearest to those wanted (least squares) that keep the gaps: neighbours that would come too close move as one.
fn spread(wanted: &[f64], gaps: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(wanted.len());
    let mut offset = 0.0;
    for at in 0..wanted.len() {
        if at > 0 {
            offset += gaps.get(at - 1).copied().unwrap_or(BETWEEN);
        }
        offsets.push(offset);
    }
    // Runs of places that move as one: their number and the sum of what they want.
    let mut runs: Vec<(usize, f64)> = Vec::new();
    for (want, offset) in wanted.iter().zip(&offsets) {
        let mut run = (1, want - offset);
        while let Some(&(count, sum)) = runs.last() {
            if sum / count as f64 <= run.1 / run.0 as f64 {
                break;
            }
            runs.pop();
            run = (run.0 + count, run.1 + sum);
        }
        runs.push(run);
    }
    let starts = runs
        .iter()
        .flat_map(|&(count, sum)| std::iter::repeat_n(sum / count as f64, count));
    starts
        .zip(&offsets)
        .map(|(start, offset)| start + offset)
        .collect()
}

/// How far from the middle of a box a line ends: two or three lines at one side end apart, more meet like branches of a tree.
fn port(cells: &[Cell], near: &[usize], end: usize) -> f64 {
    const APART: f64 = 12.0;
    if !(2..=3).contains(&near.len()) {
        return 0.0;
    }
    let above = near.iter().filter(|&&other| cells[other].y < cells[end].y);
    (above.count() as f64 - (near.len() - 1) as f64 / 2.0) * APART
}

/// Columns with their places, and the cells in them.
struct Grid<'g> {
    cells: &'g [Cell],
    /// Left side and width of each column.
    columns: Vec<(f64, f64)>,
    /// The height that becomes 0.
    highest: f64,
    lowest: f64,
}

impl<'g> Grid<'g> {
    /// Gives columns their places: `room` is what each needs to its left.
    fn new(cells: &'g [Cell], order: &[Vec<usize>], room: &[f64]) -> Self {
        let mut x = 0.0;
        let mut columns = Vec::with_capacity(order.len());
        for (at, column) in order.iter().enumerate() {
            if at > 0 {
                x += room.get(at).copied().unwrap_or_default();
            }
            let width = column.iter().map(|&cell| cells[cell].width);
            let width = width.fold(0.0, f64::max);
            columns.push((x, width));
            x += width;
        }
        let tops = cells.iter().map(|cell| cell.y - cell.height / 2.0);
        let ends = cells.iter().map(|cell| cell.y + cell.height / 2.0);
        Self {
            cells,
            columns,
            highest: tops.reduce(f64::min).unwrap_or_default(),
            lowest: ends.reduce(f64::max).unwrap_or_default(),
        }
    }

    fn corner(&self, cell: &Cell) -> Point {
        Point {
            x: self.columns[cell.column].0,
            y: cell.y - cell.height / 2.0 - self.highest,
        }
    }

    fn way(&self, through: &[usize], turned: bool) -> Way {
        let mut points = Vec::new();
        for (at, &index) in through.iter().enumerate() {
            let cell = &self.cells[index];
            let (left, width) = self.columns[cell.column];
            let y = cell.y - self.highest;
            if at > 0 {
                let y = y + port(self.cells, &cell.left, through[at - 1]);
                points.push(Point { x: left, y });
            }
            if let Some(&next) = through.get(at + 1) {
                let end = if cell.passing { width } else { cell.width };
                let y = y + port(self.cells, &cell.right, next);
                points.push(Point { x: left + end, y });
            }
        }
        Way { points, turned }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxes(count: usize) -> Vec<Size> {
        let size = Size {
            width: 100.0,
            height: 40.0,
        };
        vec![size; count]
    }

    fn lines(pairs: &[(usize, usize)]) -> Vec<Line> {
        let line = |&(from, to): &(usize, usize)| Line {
            from,
            to,
            label: 0.0,
        };
        pairs.iter().map(line).collect()
    }

    #[test]
    fn a_creator_stands_left_of_and_between_what_it_created() {
        let placed = layout(&boxes(4), &lines(&[(0, 1), (0, 2), (0, 3)]), 50.0);
        let y: Vec<f64> = placed.boxes.iter().map(|at| at.y).collect();
        assert_eq!(placed.boxes[0].x, 0.0);
        assert!(placed.boxes[1..].iter().all(|at| at.x == 150.0));
        assert!((y[0] - y[2]).abs() < 1.0, "{y:?}");
        assert!(y[1] < y[2] && y[2] < y[3], "{y:?}");
    }

    #[test]
    fn a_circle_is_opened_by_turning_one_line() {
        let placed = layout(&boxes(3), &lines(&[(0, 1), (1, 2), (2, 0)]), 50.0);
        let turned: Vec<bool> = placed.ways.iter().map(|way| way.turned).collect();
        assert_eq!(turned, [false, false, true]);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        let placed = layout(&boxes(4), &lines(&[(0, 3), (1, 2)]), 50.0);
        let y: Vec<f64> = placed.boxes.iter().map(|at| at.y).collect();
        assert_eq!(y[0] < y[1], y[3] < y[2]);
    }

    #[test]
    fn places_move_no_more_than_they_must() {
        assert_eq!(spread(&[0.0, 100.0], &[10.0]), [0.0, 100.0]);
        assert_eq!(spread(&[50.0, 50.0], &[10.0]), [45.0, 55.0]);
    }

    proptest! {
        #[test]
        fn boxes_never_overlap(pairs in prop::collection::vec((0usize..12, 0usize..12), 0..30)) {
            let placed = layout(&boxes(12), &lines(&pairs), 30.0);
            for (at, a) in placed.boxes.iter().enumerate() {
                prop_assert!(a.x >= 0.0 && a.y >= -0.01);
                prop_assert!(a.x + 100.0 <= placed.width + 0.01 && a.y + 40.0 <= placed.height + 0.01);
                for b in &placed.boxes[at + 1..] {
                    let apart = (a.x - b.x).abs() >= 99.9 || (a.y - b.y).abs() >= 39.9;
                    prop_assert!(apart, "{:?} {:?}", a, b);
                }
            }
            for (way, (from, to)) in placed.ways.iter().zip(&pairs) {
                prop_assert_eq!(way.points.is_empty(), from == to);
                prop_assert_eq!(way.points.len() % 2, 0);
                prop_assert!(way.points.windows(2).all(|pair| pair[0].x <= pair[1].x));
            }
        }
    }
}
