//! Executions over time: columns of what was started in each interval, by what has become of it.

use super::html::Html;
use super::window::Window;
use crate::core::looking::times::{self, DAY};

/// What becomes of executions, as the page tells it apart: a class of the style sheet, and words.
pub const SERIES: [(&str, &str); 4] = [
    ("ok", "completed"),
    ("bad", "failed"),
    ("undone", "cancelled or undone"),
    ("open", "not ended yet"),
];

/// Which of the series a status belongs to.
pub fn series(status: &str) -> usize {
    match status {
        "completed" => 0,
        "failed" => 1,
        "cancelled" | "compensated" => 2,
        _ => 3,
    }
}

/// An interval: when it begins, and how many of each series.
pub type Column = (i64, [i64; 4]);

/// Size and places of a drawing.
struct Frame {
    id: &'static str,
    class: &'static str,
    width: f64,
    height: f64,
    left: f64,
    bottom: f64,
    labels: usize,
}

const TOP: f64 = 8.0;

/// Draws the columns, once for a wide page and once for a narrow one; the style sheet shows one of them.
pub fn draw(out: &mut Html, window: Window, columns: &[Column]) {
    let wide = Frame {
        id: "wide",
        class: "chart wide",
        width: 960.0,
        height: 260.0,
        left: 46.0,
        bottom: 26.0,
        labels: 8,
    };
    let narrow = Frame {
        id: "narrow",
        class: "chart narrow",
        width: 340.0,
        height: 220.0,
        left: 38.0,
        bottom: 24.0,
        labels: 4,
    };
    for frame in [wide, narrow] {
        drawing(out, window, columns, &frame);
    }
}

fn drawing(out: &mut Html, window: Window, columns: &[Column], frame: &Frame) {
    let most = columns.iter().map(|(_, counts)| counts.iter().sum());
    let most: i64 = most.max().unwrap_or_default();
    let (tick, top) = scale(most);
    let area = frame.height - TOP - frame.bottom;
    let height = |count: i64| count as f64 / top as f64 * area;
    let id = frame.id;
    out.raw("<svg class=\"")
        .raw(frame.class)
        .raw("\" viewBox=\"0 0 ");
    out.place(frame.width).raw(" ").place(frame.height);
    out.raw("\" role=\"img\" aria-labelledby=\"t-")
        .raw(id)
        .raw(" d-")
        .raw(id);
    out.raw("\"><title id=\"t-")
        .raw(id)
        .raw("\">Executions started, by what has become of them</title><desc id=\"d-");
    out.raw(id).raw("\">Columns of ");
    out.text(&times::duration(window.step))
        .raw(" each; the tallest has ")
        .count(most);
    out.raw(" executions. The same figures stand in the table below.</desc>\n");
    let mut at = 0;
    while at <= top {
        let y = TOP + area - height(at);
        out.raw("<line class=\"grid\" x1=\"")
            .place(frame.left)
            .raw("\" x2=\"")
            .place(frame.width);
        out.raw("\" y1=\"")
            .place(y)
            .raw("\" y2=\"")
            .place(y)
            .raw("\"/><text class=\"axis\" text-anchor=\"end\" x=\"");
        out.place(frame.left - 8.0)
            .raw("\" y=\"")
            .place(y + 4.0)
            .raw("\">")
            .count(at)
            .raw("</text>\n");
        at += tick;
    }
    let slot = (frame.width - frame.left) / columns.len().max(1) as f64;
    for (index, column) in columns.iter().enumerate() {
        let x = frame.left + index as f64 * slot;
        stack(out, window, column, (x, slot), &|count| {
            (TOP + area, height(count))
        });
    }
    let base = frame.height - frame.bottom + 17.0;
    labels(out, columns, frame, slot, base);
    out.raw("</svg>\n");
}

fn stack(
    out: &mut Html,
    window: Window,
    (at, counts): &Column,
    (x, slot): (f64, f64),
    size: &dyn Fn(i64) -> (f64, f64),
) {
    if counts.iter().sum::<i64>() == 0 {
        return;
    }
    out.raw("<g><title>")
        .text(&interval(*at, window))
        .raw(": ")
        .text(&told(counts))
        .raw("</title>");
    let gap = (slot * 0.14).clamp(0.5, 4.0);
    let mut below = 0;
    for ((class, _), count) in SERIES.iter().zip(counts) {
        if *count == 0 {
            continue;
        }
        let (base, up) = size(below + count);
        let (_, from) = size(below);
        out.raw("<rect class=\"")
            .raw(class)
            .raw("\" x=\"")
            .place(x + gap / 2.0);
        out.raw("\" y=\"")
            .place(base - up)
            .raw("\" width=\"")
            .place(slot - gap);
        // What there is is seen.
        out.raw("\" height=\"")
            .place((up - from).max(1.0))
            .raw("\"/>");
        below += count;
    }
    out.raw("</g>\n");
}

/// Counts in words.
pub fn told(counts: &[i64; 4]) -> String {
    let parts = SERIES.iter().zip(counts).filter(|(_, count)| **count > 0);
    let parts: Vec<String> = parts
        .map(|((_, word), count)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() {
        return String::from("none");
    }
    parts.join(", ")
}

/// An interval in words.
pub fn interval(at: i64, window: Window) -> String {
    let end = at + window.step;
    match window.step {
        step if step >= DAY && step == DAY => times::day(at),
        step if step > DAY => format!("{} to {}", times::day_of_year(at), times::day(end - 1)),
        _ => format!(
            "{}, {} to {}",
            times::day_of_year(at),
            moment(at, window),
            moment(end, window)
        ),
    }
}

fn moment(at: i64, window: Window) -> String {
    if window.step % times::MINUTE == 0 {
        times::clock(at)
    } else {
        times::clock_seconds(at)
    }
}

/// Labels below the columns: at round times, no more than fit.
fn labels(out: &mut Html, columns: &[Column], frame: &Frame, slot: f64, y: f64) {
    let Some((first, last)) = columns.first().zip(columns.last()) else {
        return;
    };
    let step = columns.get(1).map_or(1, |second| second.0 - first.0);
    let span = last.0 + step - first.0;
    let days = span > 3 * DAY;
    let fits = |every: &&i64| span / **every <= frame.labels as i64 && **every >= step;
    let rounded = [
        1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 40_320, 80_640,
        161_280, 524_160,
    ]
    .map(|minutes| minutes * times::MINUTE);
    let every = rounded.iter().find(fits).copied().unwrap_or(span);
    for (index, (at, _)) in columns.iter().enumerate() {
        if at.rem_euclid(every) >= step.min(every) || index == 0 && columns.len() > 8 {
            continue;
        }
        let x = frame.left + index as f64 * slot;
        // What would be cut off at the right edge.
        if x > frame.width - 18.0 {
            continue;
        }
        let midnight = at.rem_euclid(DAY) == 0;
        let text = if days || midnight {
            times::day_of_year(*at)
        } else {
            times::clock(*at)
        };
        out.raw("<line class=\"tick\" x1=\"")
            .place(x)
            .raw("\" x2=\"")
            .place(x);
        out.raw("\" y1=\"")
            .place(y - 16.0)
            .raw("\" y2=\"")
            .place(y - 12.0);
        out.raw("\"/><text class=\"axis\" text-anchor=\"middle\" x=\"")
            .place(x);
        out.raw("\" y=\"")
            .place(y)
            .raw("\">")
            .text(&text)
            .raw("</text>\n");
    }
}

/// A round distance of grid lines, and the line that nothing is above.
fn scale(most: i64) -> (i64, i64) {
    let mut unit = 1_i64;
    loop {
        for tick in [unit, unit.saturating_mul(2), unit.saturating_mul(5)] {
            if most <= tick.saturating_mul(4) || unit > i64::MAX / 100 {
                let lines = most.div_euclid(tick) + i64::from(most % tick != 0);
                return (tick, tick.saturating_mul(lines.max(1)));
            }
        }
        unit *= 10;
    }
}
