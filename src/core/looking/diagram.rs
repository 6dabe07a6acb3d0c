//! Workflows and executions as Mermaid text. Nodes bear names of our own; what a caller has named is a label, in which
//! all but letters, digits and spaces is written by number: no name can end a label, begin a directive, or be HTML.

use super::plain;
use crate::core::definition::Outline;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// Columns that a label may take.
const MOST_LABEL: usize = 60;
/// The word joiner by number.
const JOINER: &str = "#8288;";
/// Numbers of moves that an arrow shows.
const MOST_NUMBERS: usize = 8;

/// A name as a label. Mermaid reads labels once more when it has put the letters in: two dollars begin a formula, a
/// colon within a word may name an icon, and it marks its own numbers by a ligature before and two signs behind.
/// Something without a width keeps such signs apart.
pub fn label(name: &str) -> String {
    let mut out = String::new();
    let name = plain::cut(name, MOST_LABEL).replace('\u{fb02}', "fl");
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() || c == ' ' {
            out.push(c);
        } else {
            // A String takes whatever is written to it.
            let _ = write!(out, "#{};", u32::from(c));
        }
        let apart = match (c, characters.peek()) {
            ('$', Some('$')) | ('¶', Some('ß')) => true,
            (':', Some(next)) => next.is_alphanumeric(),
            _ => false,
        };
        if apart {
            out.push_str(JOINER);
        }
    }
    out
}

/// Where an execution was.
#[derive(Debug)]
pub struct Visit {
    /// Its phase or status.
    pub name: String,
    /// Whether versions before it are missing, so that nobody knows from where it came.
    pub from_unknown: bool,
}

/// The way of an execution through phases or statuses.
#[derive(Debug, Default)]
pub struct Way {
    /// Where it was, one after the other.
    pub visited: Vec<Visit>,
    /// Whether it has ended, so that nothing is current but reached.
    pub ended: bool,
    /// Whether it was somewhere before, which is not told.
    pub cut: bool,
}

/// A step that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Its attempt.
    pub attempt: i32,
}

/// Names of nodes, numbered as they come.
#[derive(Default)]
struct Nodes<'a> {
    numbers: HashMap<&'a str, usize>,
    names: Vec<&'a str>,
}

impl<'a> Nodes<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        let next = self.names.len() + 1;
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.names.push(name);
        }
        number
    }
}

const STATE_CLASSES: &str = "    classDef visited fill:#cfe3f5,color:#12324a,stroke:#2f6f9f
    classDef current fill:#1f5f99,color:#ffffff,stroke:#12324a,stroke-width:3px
";

/// Phases as a state diagram: those of a definition, the way of an execution, or both.
pub fn phases(title: &str, outline: Option<&Outline>, way: Option<&Way>) -> String {
    let mut out = format!("stateDiagram-v2\n    accTitle: {}\n", label(title));
    let mut nodes = Nodes::default();
    // Moves of the definition, and the numbers of those that were made.
    let mut moves: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    let mut initial = None;
    let mut ends = Vec::new();
    if let Some(outline) = outline {
        initial = outline.initial.as_deref().map(|name| nodes.number(name));
        for (name, next) in &outline.phases {
            let from = nodes.number(name);
            for to in next {
                moves.insert((from, nodes.number(to)), Vec::new());
            }
        }
        let terminal = outline.terminal.iter().map(|name| nodes.number(name));
        ends.extend(terminal);
    }
    let visited: Vec<usize> = way
        .map(|way| {
            way.visited
                .iter()
                .map(|visit| nodes.number(&visit.name))
                .collect()
        })
        .unwrap_or_default();
    let mut made = 0;
    let mut unknown = BTreeSet::new();
    let arrivals = way.iter().flat_map(|way| &way.visited).skip(1);
    for ((from, to), visit) in visited.iter().zip(visited.iter().skip(1)).zip(arrivals) {
        if visit.from_unknown {
            unknown.insert(*to);
        } else {
            made += 1;
            moves.entry((*from, *to)).or_default().push(made);
        }
    }
    if outline.is_none() && way.is_some_and(|way| !way.cut) {
        initial = visited.first().copied();
    }
    if outline.is_none() && way.is_some_and(|way| way.ended) {
        ends.extend(visited.last());
    }
    for (number, name) in nodes.names.iter().enumerate() {
        let _ = writeln!(out, "    state \"{}\" as p{}", label(name), number + 1);
    }
    if nodes.names.is_empty() {
        out.push_str("    state \"no phases\" as p0\n");
    }
    if let Some(initial) = initial {
        let _ = writeln!(out, "    [*] --> p{initial}");
    }
    for ((from, to), made) in &moves {
        let _ = writeln!(out, "    p{from} --> p{to}{}", numbers(made));
    }
    for end in ends {
        let _ = writeln!(out, "    p{end} --> [*]");
    }
    for to in unknown {
        let _ = writeln!(
            out,
            "    note left of p{to} : reached by versions that are missing"
        );
    }
    highlight(&mut out, &visited);
    out
}

/// The numbers of moves, as the label of an arrow.
fn numbers(made: &[usize]) -> String {
    let shown: Vec<String> = made
        .iter()
        .take(MOST_NUMBERS)
        .map(usize::to_string)
        .collect();
    match (made.len(), made.len() > MOST_NUMBERS) {
        (0, _) => String::new(),
        (_, false) => format!(" : {}", shown.join(", ")),
        (_, true) => format!(" : {} and more", shown.join(", ")),
    }
}

fn highlight(out: &mut String, visited: &[usize]) {
    let Some((current, before)) = visited.split_last() else {
        return;
    };
    out.push_str(STATE_CLASSES);
    let mut before: Vec<usize> = before.iter().copied().filter(|p| p != current).collect();
    before.sort_unstable();
    before.dedup();
    for phase in before {
        let _ = writeln!(out, "    class p{phase} visited");
    }
    let _ = writeln!(out, "    class p{current} current");
}

const STEP_CLASSES: &str =
    "    classDef waiting fill:#eef1f4,color:#3c4650,stroke:#8a96a3,stroke-dasharray:4 3
    classDef running fill:#1f5f99,color:#ffffff,stroke:#12324a,stroke-width:3px
    classDef completed fill:#cdeadf,color:#0d3b2c,stroke:#1f7a5c
    classDef failed fill:#f9d5cc,color:#5c1606,stroke:#b23a1c,stroke-width:2px
    classDef compensated fill:#f3e3b8,color:#4a3600,stroke:#9a7400
    classDef compensation_failed fill:#f9d5cc,color:#5c1606,stroke:#b23a1c,stroke-width:3px
";

/// Steps as a flowchart: those of a definition by what they depend on, those that an execution has begun with their
/// statuses, or both. Without a definition they stand in the order of the execution.
pub fn steps(title: &str, outline: Option<&Outline>, begun: Option<&[Begun]>) -> String {
    let mut out = format!("flowchart LR\n    accTitle: {}\n", label(title));
    let mut nodes = Nodes::default();
    let declared = outline.map(|outline| outline.steps.as_slice());
    for (name, _, _) in declared.into_iter().flatten() {
        nodes.number(name);
    }
    let known = nodes.names.len();
    let begun_numbers: Vec<usize> = begun
        .into_iter()
        .flatten()
        .map(|step| nodes.number(&step.name))
        .collect();
    let state: HashMap<usize, &Begun> = begun_numbers
        .iter()
        .copied()
        .zip(begun.into_iter().flatten())
        .collect();
    for (index, name) in nodes.names.iter().enumerate() {
        let number = index + 1;
        let told = match (state.get(&number), begun) {
            (Some(step), _) => standing(step),
            (None, Some(_)) => String::from("<br/>not begun"),
            (None, None) => undone_by(declared, name),
        };
        let _ = writeln!(out, "    s{number}[\"{}{told}\"]", label(name));
    }
    for (name, needed, _) in declared.into_iter().flatten() {
        let to = nodes.number(name);
        for name in needed {
            let _ = writeln!(out, "    s{} --> s{to}", nodes.number(name));
        }
    }
    // What no definition orders.
    for (from, to) in begun_numbers.iter().zip(begun_numbers.iter().skip(1)) {
        if *from > known || *to > known {
            let _ = writeln!(out, "    s{from} -.-> s{to}");
        }
    }
    if nodes.names.is_empty() {
        out.push_str("    s0[\"no steps\"]\n");
    }
    if begun.is_some() {
        out.push_str(STEP_CLASSES);
        for number in 1..=nodes.names.len() {
            let status = state.get(&number).map(|step| step.status.as_str());
            let _ = writeln!(out, "    class s{number} {}", class(status));
        }
    }
    out
}

fn standing(step: &Begun) -> String {
    let status = class(Some(&step.status)).replace('_', " ");
    match step.attempt {
        ..=1 => format!("<br/>{status}"),
        attempt => format!("<br/>{status}, attempt {attempt}"),
    }
}

fn undone_by(declared: Option<&[crate::core::definition::OutlineStep]>, name: &str) -> String {
    let step = declared.into_iter().flatten().find(|step| step.0 == name);
    match step.and_then(|step| step.2.as_deref()) {
        Some(compensation) => format!("<br/>undone by {}", label(compensation)),
        None => String::new(),
    }
}

/// A class for each status that there is.
fn class(status: Option<&str>) -> &'static str {
    match status {
        Some("running") => "running",
        Some("completed") => "completed",
        Some("failed") => "failed",
        Some("compensated") => "compensated",
        Some("compensation_failed") => "compensation_failed",
        _ => "waiting",
    }
}
