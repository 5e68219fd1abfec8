//! Where goroutines stand in their own code, and which of them are inside a map operation, on which map.
//!
//! `conflict` pairs what is found here. Everything about a stack is found out once per distinct stack ([`Stands`]); arguments are
//! read only for the goroutines that are asked for ([`Standing`]).

use crate::goruntime::landmarks::goroot_relative;
use crate::goruntime::mapchecks::{MapCheck, check_at};
use crate::goruntime::mapops::{
    KeyForm, KeyKind, MapFamily, MapOp, MapOpRow, Place, also_writes, map_op,
};
use crate::goruntime::version::GoVersion;
use crate::goruntime::{arguments, frames};
use crate::model::{
    Address, ArgToken, Args, Document, Evidence, FrameArgs, FrameId, FrameKind, Goroutine,
    GoroutineFlags, StackId, TextLine,
};
use crate::parse;

use super::incident::GoroutineRef;
use super::version::GoFacts;

/// Addresses below this are offsets, lengths and flags, never objects: the first page is unmapped everywhere and no Go heap or
/// data segment starts below 64 KiB.
pub(super) const LOWEST_OBJECT: u64 = 0x1_0000;

/// How many physical user frames, from the innermost out, may name the object at hand. Farther out stand servers and loops, whose
/// receivers all goroutines of a program share.
const OBJECT_FRAMES: usize = 2;

/// What a stack says of itself, arguments apart.
#[derive(Clone, Debug, Default)]
pub struct Stand {
    /// Frames of map operations that nothing but the runtime and the standard library stands above, innermost first.
    pub operations: Vec<(usize, &'static MapOpRow)>,
    /// Index of the innermost frame of user code.
    pub site: Option<usize>,
    /// That frame.
    pub site_frame: Option<FrameId>,
    /// Indices of the innermost user frames that print arguments, at most [`OBJECT_FRAMES`].
    pub objects: Vec<usize>,
}

/// [`Stand`]s of all stacks, made when first asked for.
#[derive(Default)]
pub struct Stands {
    known: Vec<Option<Box<Stand>>>,
}

impl Stands {
    /// The stand of a stack.
    pub fn of(&mut self, evidence: &Evidence<'_>, stack: StackId) -> &Stand {
        let index = (stack.0 as usize).min(evidence.symbols.stack_count());
        if self.known.len() <= index {
            self.known
                .resize_with(evidence.symbols.stack_count().max(index + 1), || None);
        }
        self.known[index].get_or_insert_with(|| Box::new(stand(evidence, stack)))
    }
}

/// The innermost frame of user code on a stack.
pub fn user_site(evidence: &Evidence<'_>, stack: StackId) -> Option<FrameId> {
    stand(evidence, stack).site_frame
}

fn stand(evidence: &Evidence<'_>, stack: StackId) -> Stand {
    let symbols = &evidence.symbols;
    let mut stand = Stand::default();
    for (index, &id) in symbols.frame_ids(stack).iter().enumerate() {
        let Some(frame) = symbols.get(id) else {
            continue;
        };
        let (func, file) = (symbols.text(frame.func), symbols.text(frame.file));
        if frame.kind == FrameKind::Elided {
            continue;
        }
        let is_user = frames::is_user(func, file);
        if stand.site.is_none() {
            // `defer mu.Unlock()` has no frame but its wrapper, which stands at the statement's line.
            if is_user || frames::is_defer_statement(func) {
                (stand.site, stand.site_frame) = (Some(index), Some(id));
            } else if let Some(row) = map_op(func) {
                stand.operations.push((index, row));
            }
        }
        if !is_user {
            continue;
        }
        if frame.kind == FrameKind::Call {
            stand.objects.push(index);
            if stand.objects.len() == OBJECT_FRAMES {
                break;
            }
        }
    }
    stand
}

/// The operation that a stand's frames amount to: the outermost of the runtime's own, for growth happens inside assignments and
/// deletions; only where there is none, what reflect or maps show.
pub fn operation(stand: &Stand) -> Option<MapOp> {
    let own = |row: &MapOpRow| !matches!(row.family, MapFamily::Reflect | MapFamily::MapsPackage);
    let rows = || stand.operations.iter().map(|&(_, row)| row);
    rows()
        .rfind(|row| own(row))
        .or(rows().next())
        .map(|row| row.op)
}

/// True where the stand may be changing a map, even if the innermost frames only range over one.
pub fn may_mutate(stand: &Stand) -> bool {
    operation(stand).is_some_and(MapOp::mutates)
        || stand.operations.iter().any(|(_, row)| also_writes(row))
}

/// An object a goroutine works on, as a printed and firm word names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectWord {
    /// The function that has it in its arguments.
    pub frame: FrameId,
    /// Its address.
    pub address: Address,
    /// True for the receiver of a method with a pointer receiver.
    pub receiver: bool,
    /// The function line.
    pub line: TextLine,
}

/// A key as the arguments show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyWord {
    /// What the words mean.
    pub form: KeyForm,
    /// The key, or the address of the key or of its bytes.
    pub word: u64,
    /// Bytes of a string key.
    pub length: Option<u64>,
}

/// Where one goroutine stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its block.
    pub goroutine: GoroutineRef,
    /// What its stack says.
    pub stand: Stand,
    /// The operation it is inside, where map frames are printed.
    pub op: Option<MapOp>,
    /// What the functions' names say of the key.
    pub key_kind: Option<KeyKind>,
    /// The map's header, where a word for it is printed firmly and is right in these versions; with its line.
    pub header: Option<(Address, TextLine)>,
    /// All pointers among the words of its map frames, doubtful ones too: they prove nothing alone, but a header that is printed
    /// firmly elsewhere and comes up here again is no coincidence.
    pub mentions: Vec<u64>,
    /// The map's type descriptor, likewise.
    pub map_type: Option<Address>,
    /// The key, likewise.
    pub key: Option<KeyWord>,
    /// The check that noticed, where the version is known and its line is printed.
    pub check: Option<&'static MapCheck>,
    /// Objects its innermost user frames work on.
    pub objects: Vec<ObjectWord>,
    /// The line of its site's function, or of its header where it has none.
    pub line: TextLine,
    /// True where its frames are not in the text because it was running on another thread.
    pub unavailable: bool,
}

/// Looks at one goroutine, arguments included.
pub fn look(
    evidence: &Evidence<'_>,
    stands: &mut Stands,
    at: GoroutineRef,
    go: &GoFacts,
) -> Option<Standing> {
    let document = evidence.document(at.document)?;
    let goroutine = at.of(evidence)?;
    let stand = stands.of(evidence, goroutine.stack).clone();
    let mut standing = Standing {
        goroutine: at,
        op: operation(&stand),
        key_kind: key_kind(&stand),
        header: None,
        mentions: Vec::new(),
        map_type: None,
        key: None,
        check: check(evidence, goroutine, &stand, go.version),
        objects: Vec::new(),
        line: goroutine.line,
        unavailable: goroutine.flags.has(GoroutineFlags::STACK_UNAVAILABLE),
        stand,
    };
    read_arguments(evidence, document, goroutine, go, &mut standing);
    Some(standing)
}

fn key_kind(stand: &Stand) -> Option<KeyKind> {
    let kinds = || stand.operations.iter().map(|(_, row)| row.key_kind);
    kinds()
        .find(|&kind| kind != KeyKind::Generic)
        .or(kinds().next())
}

fn check(
    evidence: &Evidence<'_>,
    goroutine: &Goroutine,
    stand: &Stand,
    version: Option<GoVersion>,
) -> Option<&'static MapCheck> {
    let symbols = &evidence.symbols;
    let ids = symbols.frame_ids(goroutine.stack);
    stand.operations.iter().find_map(|&(index, _)| {
        let frame = symbols.get(*ids.get(index)?)?;
        let file = goroot_relative(symbols.text(frame.file))?;
        check_at(symbols.text(frame.func), file, frame.line, version)
    })
}

fn read_arguments(
    evidence: &Evidence<'_>,
    document: &Document<'_>,
    goroutine: &Goroutine,
    go: &GoFacts,
    standing: &mut Standing,
) {
    let frames = parse::arguments(document.text, goroutine);
    if let Some(line) = standing.stand.site.and_then(|site| frames.get(site)?.line) {
        standing.line = line;
    }
    let operations = standing.stand.operations.clone();
    for (index, row) in operations {
        let Some(frame) = frames.get(index) else {
            continue;
        };
        standing.mentions.extend(pointers(&frame.args));
        read_operation(row, frame, go, standing);
    }
    if go.must_be(arguments::UNMARKED_IS_RIGHT) {
        let ids = evidence.symbols.frame_ids(goroutine.stack);
        for &index in &standing.stand.objects {
            let (Some(frame), Some(&id)) = (frames.get(index), ids.get(index)) else {
                continue;
            };
            read_objects(evidence, id, frame, go, &mut standing.objects);
        }
    }
}

fn read_operation(row: &MapOpRow, frame: &FrameArgs, go: &GoFacts, standing: &mut Standing) {
    let flat = go.must_be(arguments::FLAT);
    if go.must_be(row.exact_in) && standing.header.is_none() {
        let object = |place: Option<Place>| {
            firm(&frame.args, place?, 0, flat)
                .filter(|&word| word >= LOWEST_OBJECT)
                .map(Address)
        };
        standing.header = object(row.header).zip(frame.line);
        standing.map_type = object(row.map_type);
    }
    if let Some((place, form)) = row.key
        && standing.key.is_none()
        && go.must_be(row.key_exact_in)
        && let Some(word) = firm(&frame.args, place, 0, flat)
    {
        let length = (form == KeyForm::String)
            .then(|| firm(&frame.args, place, 1, flat))
            .flatten();
        standing.key = Some(KeyWord { form, word, length });
    }
}

/// Words that can be addresses of objects, marked or not.
fn pointers(args: &Args) -> impl Iterator<Item = u64> {
    args.tokens.iter().filter_map(|token| match *token {
        ArgToken::Word { value, .. } => (value >= LOWEST_OBJECT).then_some(value),
        _ => None,
    })
}

/// The word at a place, plus `further` words, if it is printed without a doubt.
fn firm(args: &Args, place: Place, further: usize, flat: bool) -> Option<u64> {
    if flat {
        return args.firm(usize::from(place.flat) + further, 0);
    }
    args.firm(
        usize::from(place.argument),
        usize::from(place.word) + further,
    )
}

/// The pointers among a user frame's first words: its receiver, or what it was handed.
fn read_objects(
    evidence: &Evidence<'_>,
    id: FrameId,
    frame: &FrameArgs,
    go: &GoFacts,
    objects: &mut Vec<ObjectWord>,
) {
    let symbols = &evidence.symbols;
    let Some(func) = symbols.get(id).map(|frame| symbols.text(frame.func)) else {
        return;
    };
    let method =
        frames::receiver(func).is_some_and(|receiver| receiver.pointer && !receiver.is_closure());
    let first = firm(
        &frame.args,
        Place {
            argument: 0,
            word: 0,
            flat: 0,
        },
        0,
        go.must_be(arguments::FLAT),
    );
    if let (Some(word), Some(line)) = (first.filter(|&word| word >= LOWEST_OBJECT), frame.line) {
        objects.push(ObjectWord {
            frame: id,
            address: Address(word),
            receiver: method,
            line,
        });
    }
}
