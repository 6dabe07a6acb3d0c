//! An execution as bars of characters, a line each.

use super::plain::{columns, cut, padded};
use super::story::{Kind, Span, Story, UNKNOWN};
use super::times;
use crate::core::work::work;

/// Columns that a name may take.
const MOST_NAME: usize = 32;
/// Columns of the longest status.
const MOST_STATUS: usize = 19;
/// Columns of the longest kind.
const KIND: usize = 10;
/// Columns of a duration.
const DURATION: usize = 9;

/// A line, and what it says.
pub struct Line {
    /// The whole, for a terminal.
    pub line: String,
    /// What it is about; versions have a line, too, and so has what is left out.
    pub kind: &'static str,
    /// Of the execution, step, phase, wait or checkpoint.
    pub name: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Attempt at the step.
    pub attempt: Option<i32>,
    /// Its bar.
    pub bar: String,
    /// When it began.
    pub from: Option<i64>,
    /// When it ended.
    pub to: Option<i64>,
    /// How long it took, or takes so far, in microseconds.
    pub micros: Option<i64>,
}

/// Where moments stand in a bar.
#[derive(Clone, Copy)]
struct Scale {
    from: i64,
    to: i64,
    width: usize,
}

impl Scale {
    /// The cell that holds a moment.
    fn cell(self, at: i64) -> usize {
        let passed = i128::from(at.clamp(self.from, self.to)) - i128::from(self.from);
        let whole = i128::from(self.to) - i128::from(self.from);
        let cell = passed * self.width as i128 / whole.max(1);
        usize::try_from(cell)
            .unwrap_or_default()
            .min(self.width - 1)
    }

    /// The first and the last cell of a span.
    fn cells(self, from: i64, to: i64) -> (usize, usize) {
        let first = self.cell(from);
        // What ends where a cell begins does not take it.
        (first, self.cell(to.saturating_sub(1)).max(first))
    }
}

/// Draws an execution into bars of so many characters.
pub fn draw(story: &Story, width: usize) -> Vec<Line> {
    let (from, to) = story.bounds();
    let width = width.max(1);
    let scale = Scale { from, to, width };
    let mut lines = vec![whole(story, scale), versions(story, scale)];
    if story.left_out > 0 {
        lines.push(left_out(story.left_out));
    }
    lines.extend(story.spans.iter().map(|span| line_of(span, story, scale)));
    let wide = |of: fn(&Line) -> String, most: usize| {
        let widths = lines.iter().map(|line| columns(&cut(&of(line), most)));
        widths.max().unwrap_or_default()
    };
    let name = wide(shown_name, MOST_NAME);
    let status = wide(|line| line.status.clone().unwrap_or_default(), MOST_STATUS);
    for line in &mut lines {
        line.line = put_together(line, name, status);
    }
    lines
}

fn shown_name(line: &Line) -> String {
    let name = line.name.clone().unwrap_or_default();
    match line.attempt {
        Some(attempt) if attempt > 1 => {
            let number = format!(" #{attempt}");
            let room = MOST_NAME.saturating_sub(number.len());
            cut(&name, room) + &number
        }
        _ => name,
    }
}

fn put_together(line: &Line, name: usize, status: usize) -> String {
    let duration = line.micros.map(times::duration).unwrap_or_default();
    let missing = DURATION.saturating_sub(columns(&duration));
    let text = format!(
        "{} {} {} {} {}{duration}",
        padded(line.kind, KIND),
        padded(&shown_name(line), name),
        padded(line.status.as_deref().unwrap_or_default(), status),
        line.bar,
        " ".repeat(missing),
    );
    text.trim_end().to_owned()
}

fn whole(story: &Story, scale: Scale) -> Line {
    let mut cells = vec!['─'; scale.width];
    if let Some(first) = cells.first_mut() {
        *first = '├';
    }
    if let Some(last) = cells.last_mut() {
        *last = if story.completed.is_some() {
            '┤'
        } else {
            '▷'
        };
    }
    Line {
        line: String::new(),
        kind: Kind::Execution.word(),
        name: Some(story.id.clone()),
        status: Some(story.status.clone()),
        attempt: None,
        bar: cells.into_iter().collect(),
        from: Some(story.created),
        to: story.completed,
        micros: Some(story.until().saturating_sub(story.created)),
    }
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many versions were saved when.
fn versions(story: &Story, scale: Scale) -> Line {
    let mut counts = vec![0_usize; scale.width];
    for version in &story.versions {
        if let Some(count) = counts.get_mut(scale.cell(version.at)) {
            *count += 1;
        }
    }
    let most = counts
        .iter()
        .copied()
        .max()
        .unwrap_or_default()
        .max(LEVELS.len());
    let level = |count: usize| match count {
        0 => ' ',
        _ => LEVELS
            .get((count - 1) * (LEVELS.len() - 1) / (most - 1))
            .copied()
            .unwrap_or(' '),
    };
    let ends = story.versions.first().zip(story.versions.last());
    let name = ends.map(|(first, last)| match first.version == last.version {
        true => last.version.to_string(),
        false => format!("{} to {}", first.version, last.version),
    });
    Line {
        line: String::new(),
        kind: "versions",
        name,
        status: None,
        attempt: None,
        bar: counts.into_iter().map(level).collect(),
        from: ends.map(|(first, _)| first.at),
        to: ends.map(|(_, last)| last.at),
        micros: None,
    }
}

fn left_out(count: usize) -> Line {
    let earlier = if count == 1 {
        "1 earlier"
    } else {
        "earlier ones"
    };
    let name = if count == 1 {
        earlier.to_owned()
    } else {
        format!("{count} {earlier}")
    };
    Line {
        line: String::new(),
        kind: "…",
        name: Some(name),
        status: None,
        attempt: None,
        bar: String::new(),
        from: None,
        to: None,
        micros: None,
    }
}

/// What a bar is made of, and how it ends.
fn strokes(span: &Span) -> (char, Option<char>) {
    let status = span.status.as_deref().unwrap_or_default();
    let going = span.to.is_none().then_some('▷');
    match span.kind {
        Kind::Execution => ('─', going),
        Kind::Phase if status == UNKNOWN => ('·', None),
        Kind::Phase => ('░', going),
        Kind::Wait => ('┄', going),
        Kind::Checkpoint => ('◆', None),
        Kind::Step => match status {
            "failed" => ('▓', Some('✗')),
            "compensated" => ('▒', Some('↶')),
            "compensation_failed" => ('▒', Some('✗')),
            _ => ('█', going),
        },
    }
}

fn line_of(span: &Span, story: &Story, scale: Scale) -> Line {
    let end = story.end(span);
    let (first, last) = scale.cells(span.from, end);
    work(scale.width);
    let (stroke, tip) = strokes(span);
    let bar = (0..scale.width).map(|cell| match tip {
        Some(tip) if cell == last => tip,
        _ if (first..=last).contains(&cell) => stroke,
        _ => ' ',
    });
    Line {
        line: String::new(),
        kind: span.kind.word(),
        name: Some(span.name.clone()),
        status: span.status.clone(),
        attempt: span.attempt,
        bar: bar.collect(),
        from: Some(span.from),
        to: span.to,
        micros: (span.kind != Kind::Checkpoint).then_some(end.saturating_sub(span.from)),
    }
}
