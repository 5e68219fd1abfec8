//! Dresses the SVG that Graphviz makes of our DOT, so that it is light or dark as the viewer prefers.
//!
//! `cli` runs `dot -Tsvg` and calls [`dressed`]. Graphviz writes colours as attributes, which a style sheet overrules, and our
//! classes into `<g class="node map">` and `<g class="edge probable">`.

/// Rules for the elements as Graphviz names them.
const STYLE: &str = "\
  text { fill: #1f2328; font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace }
  .edge text { fill: #59636e }
  .edge path { stroke: #59636e }
  .edge polygon { fill: #59636e; stroke: #59636e }
  @media screen and (prefers-color-scheme: dark) {
    svg { background: #0d1117 }
    text { fill: #e6edf3 }
    .edge text { fill: #9198a1 }
    .edge path { stroke: #9198a1 }
    .edge polygon { fill: #9198a1; stroke: #9198a1 }
    .node path { fill: #161b22; stroke: #6e7681 }
    .node.map path { fill: #272115; stroke: #d29922 }
    .node.object path { fill: #0c2138; stroke: #4493f8 }
    .node.crashed path { fill: #341a1c; stroke: #f85149 }
  }
";

/// `svg` with our style sheet in front of its first group; as it is where it has none.
pub fn dressed(svg: &str) -> String {
    match svg.split_once("<g id=") {
        Some((head, rest)) => format!("{head}<style>\n{STYLE}</style>\n<g id={rest}"),
        None => svg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_stands_before_the_first_group() {
        let shown = dressed("<svg>\n<g id=\"graph0\"><g id=\"node1\"/></g></svg>");
        assert!(shown.starts_with("<svg>\n<style>"), "{shown}");
        assert_eq!(shown.matches("<style>").count(), 1);
    }
}
