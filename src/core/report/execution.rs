//! One execution: what it is, what has happened in it, and what each version has changed.

use super::circuits::pill;
use super::figures::{Operation, SavedVersion, Seen};
use super::html::Html;
use crate::core::looking::story::{Kind, Span, Story, UNKNOWN};
use crate::core::looking::times::{self, DAY};

/// Marks on the axis of a timeline, the ends among them.
const MARKS: i64 = 4;

/// The section.
pub fn write(out: &mut Html, seen: &Seen) {
    let story = &seen.story;
    out.raw("<section id=\"execution\" aria-labelledby=\"h-execution\"><h2 id=\"h-execution\">Execution ");
    out.foreign(&story.id, 80).raw("</h2>\n");
    facts(out, seen);
    if let Some(error) = &seen.error {
        out.raw("<p class=\"error\"><b>Error</b> <code>")
            .foreign(error, 500)
            .raw("</code></p>\n");
    }
    out.raw("<h3>Timeline</h3>\n");
    timeline(out, story);
    out.raw("<h3>Versions and what they changed</h3>\n");
    versions(out, seen);
    out.raw("</section>\n");
}

fn fact(out: &mut Html, name: &'static str, write: impl FnOnce(&mut Html)) {
    out.raw("<div><dt>").raw(name).raw("</dt><dd>");
    write(out);
    out.raw("</dd></div>\n");
}

fn facts(out: &mut Html, seen: &Seen) {
    let story = &seen.story;
    out.raw("<dl class=\"facts\">\n");
    fact(out, "Status", |out| pill(out, &story.status));
    if let Some(workflow) = &story.workflow {
        fact(out, "Workflow", |out| {
            out.foreign(workflow, 60);
            if let Some(version) = story.workflow_version {
                out.raw(" <span class=\"quiet\">definition ")
                    .count(i64::from(version))
                    .raw("</span>");
            }
        });
    }
    if let Some(phase) = &seen.phase {
        fact(out, "Phase", |out| {
            out.foreign(phase, 60);
        });
    }
    fact(out, "Version", |out| {
        out.count(story.version);
    });
    fact(out, "Created", |out| {
        out.text(&times::moment(story.created))
            .raw(" <span class=\"quiet\">by ");
        out.foreign(&seen.initiated_by, 40).raw("</span>");
    });
    let took = times::duration(story.until().saturating_sub(story.created));
    match story.completed {
        Some(completed) => fact(out, "Ended", |out| {
            out.text(&times::moment(completed))
                .raw(" <span class=\"quiet\">after ")
                .text(&took)
                .raw("</span>");
        }),
        None => fact(out, "Age", |out| {
            out.text(&took);
        }),
    }
    out.raw("</dl>\n");
}

/// A moment as the timeline of a span of time tells it.
fn moment(at: i64, (from, to): (i64, i64)) -> String {
    match to.saturating_sub(from) {
        0..60_000_000 => format!(
            "{}.{:03}",
            times::clock_seconds(at),
            at.rem_euclid(times::SECOND) / 1000
        ),
        ..DAY => times::clock_seconds(at),
        _ => format!("{}, {}", times::day_of_year(at), times::clock(at)),
    }
}

fn timeline(out: &mut Html, story: &Story) {
    let bounds = story.bounds();
    out.raw("<div class=\"timeline\"><p class=\"marks\" aria-hidden=\"true\"><span></span><span class=\"scale\">");
    for mark in 0..=MARKS {
        let at = bounds
            .0
            .saturating_add(bounds.1.saturating_sub(bounds.0) / MARKS * mark);
        out.raw("<span>").text(&moment(at, bounds)).raw("</span>");
    }
    out.raw("</span><span></span></p>\n<ol>\n");
    if story.left_out > 0 {
        let count = i64::try_from(story.left_out).unwrap_or(i64::MAX);
        out.raw("<li class=\"more\">")
            .count(count)
            .raw(" earlier left out</li>\n");
    }
    for span in &story.spans {
        line(out, story, span, bounds);
    }
    if story.spans.is_empty() {
        out.raw("<li class=\"empty\">Neither phases nor steps, waits or checkpoints.</li>\n");
    }
    out.raw("</ol></div>\n");
}

fn line(out: &mut Html, story: &Story, span: &Span, bounds: (i64, i64)) {
    let end = story.end(span);
    let share =
        |at: i64| (at as f64 - bounds.0 as f64) / (bounds.1 as f64 - bounds.0 as f64) * 100.0;
    out.raw("<li><span class=\"what\"><span class=\"quiet\">")
        .raw(span.kind.word())
        .raw("</span> ");
    out.foreign(&span.name, 40);
    if let Some(attempt) = span.attempt.filter(|attempt| *attempt > 1) {
        out.raw(" <span class=\"quiet\">#")
            .count(i64::from(attempt))
            .raw("</span>");
    }
    out.raw("<span class=\"unseen\">, ")
        .text(span.status.as_deref().unwrap_or(span.kind.word()));
    out.raw(" from ")
        .text(&moment(span.from, bounds))
        .raw(" </span></span>");
    out.raw("<svg class=\"line\" aria-hidden=\"true\">");
    for mark in 0..=MARKS {
        let x = mark as f64 * 100.0 / MARKS as f64;
        out.raw("<line class=\"grid\" y1=\"0\" y2=\"100%\" x1=\"")
            .place(x)
            .raw("%\" x2=\"")
            .place(x)
            .raw("%\"/>");
    }
    let (x, wide) = (share(span.from), share(end) - share(span.from));
    if span.kind == Kind::Checkpoint {
        out.raw("<circle class=\"mark\" cy=\"50%\" r=\"5\" cx=\"")
            .place(x.clamp(0.6, 99.4))
            .raw("%\"/>");
    } else {
        out.raw("<rect rx=\"2\" class=\"")
            .raw(class(span))
            .raw("\" y=\"22%\" height=\"56%\" x=\"");
        // The shortest is seen, too.
        out.place(x.min(99.5))
            .raw("%\" width=\"")
            .place(wide.max(0.5))
            .raw("%\"/>");
    }
    out.raw("</svg><span class=\"took\">");
    match span.kind {
        Kind::Checkpoint => out.text(&moment(span.from, bounds)),
        _ => out.text(&times::duration(end.saturating_sub(span.from))),
    };
    if let Some(status) = &span.status {
        out.raw(" ");
        pill(out, status);
    }
    out.raw("</span></li>\n");
}

fn class(span: &Span) -> &'static str {
    match (span.kind, span.status.as_deref()) {
        (Kind::Phase, Some(UNKNOWN)) => "idle",
        (Kind::Phase, _) => "phase",
        (Kind::Wait, _) => "rest",
        (_, Some("completed")) => "ok",
        (_, Some("failed" | "compensation_failed")) => "bad",
        (_, Some("compensated")) => "undone",
        _ => "open",
    }
}

fn versions(out: &mut Html, seen: &Seen) {
    out.raw("<p class=\"lead\">Changes from the version before, as JSON Patch. The newest first.</p>\n<div class=\"versions\">\n");
    let bounds = seen.story.bounds();
    let has_changed =
        |version: &SavedVersion| version.changes.as_ref().is_some_and(|c| !c.is_empty());
    let opened = seen.versions.iter().position(has_changed);
    for (index, version) in seen.versions.iter().enumerate() {
        out.raw(if opened == Some(index) {
            "<details open>"
        } else {
            "<details>"
        });
        summary(out, version, bounds);
        changes(out, version);
        out.raw("</details>\n");
    }
    out.raw("</div>\n");
    if seen.has_older {
        out.raw("<p class=\"more\">Older versions are left out; wf_history lists them.</p>\n");
    }
}

fn summary(out: &mut Html, version: &SavedVersion, bounds: (i64, i64)) {
    out.raw("<summary><b>")
        .count(version.version)
        .raw("</b> <span class=\"quiet\">");
    out.text(&moment(version.at, bounds)).raw("</span> ");
    pill(out, &version.status);
    if let Some(phase) = &version.phase {
        out.raw(" <span>").foreign(phase, 40).raw("</span>");
    }
    if let Some(step) = &version.step_id {
        out.raw(" <span class=\"quiet\">step</span> <span>")
            .foreign(step, 40)
            .raw("</span>");
    }
    if matches!(version.kind, "recovery" | "branch" | "fork") {
        out.raw(" <span class=\"pill undone\">")
            .raw(version.kind)
            .raw("</span>");
    }
    let shown = version.changes.as_ref().map(|changes| changes.len());
    out.raw(" <span class=\"quiet count\">");
    match shown.map(|shown| i64::try_from(shown).unwrap_or_default() + version.more) {
        None => out.raw("whole state"),
        Some(0) => out.raw("state unchanged"),
        Some(1) => out.raw("1 change"),
        Some(count) => out.count(count).raw(" changes"),
    };
    out.raw("</span></summary>\n");
}

fn changes(out: &mut Html, version: &SavedVersion) {
    out.raw("<p class=\"quiet\">Saved by ")
        .foreign(&version.saved_by, 40);
    if let Some(note) = &version.note {
        out.raw(": ").foreign(note, 200);
    }
    out.raw("</p>\n");
    let Some(changes) = &version.changes else {
        out.raw("<p class=\"quiet\">There is no version before it to compare with, or its change is too large to be shown.</p>\n");
        return;
    };
    if changes.is_empty() && version.more == 0 {
        return;
    }
    out.raw("<ul class=\"diff\">\n");
    for change in changes {
        operation(out, change);
    }
    out.raw("</ul>\n");
    if version.more > 0 {
        out.raw("<p class=\"more\">and ")
            .count(version.more)
            .raw(" more</p>\n");
    }
}

fn operation(out: &mut Html, change: &Operation) {
    let class = match change.op.as_str() {
        "add" => "add",
        "remove" => "remove",
        _ => "replace",
    };
    out.raw("<li class=\"")
        .raw(class)
        .raw("\"><span>")
        .text(&change.op)
        .raw("</span> <code>");
    let path = if change.path.is_empty() {
        "(the whole state)"
    } else {
        &change.path
    };
    out.foreign(path, 200).raw("</code>");
    if let Some(value) = &change.value {
        out.raw(" <code class=\"value\">")
            .foreign(value, 300)
            .raw("</code>");
    }
    out.raw("</li>\n");
}
