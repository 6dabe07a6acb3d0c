//! Circuits, and what has failed last.

use super::figures::{CircuitFigures, Report};
use super::html::{Html, end_table, table};
use crate::core::looking::times;

/// A word with a colour.
pub fn pill(out: &mut Html, word: &str) {
    let class = match word {
        "completed" | "closed" | "received" | "done" => "ok",
        "failed" | "open" | "forced_open" | "compensation_failed" => "bad",
        "cancelled" | "compensated" | "compensating" | "half_open" | "timeout" => "undone",
        _ => "open",
    };
    out.raw("<span class=\"pill ")
        .raw(class)
        .raw("\">")
        .text(&word.replace('_', " "))
        .raw("</span>");
}

/// The section of circuits.
pub fn write(out: &mut Html, report: &Report) {
    out.raw("<section id=\"circuits\" aria-labelledby=\"h-circuits\"><h2 id=\"h-circuits\">Circuit breakers</h2>\n");
    out.raw("<p class=\"lead\">As they are now; those that are not closed first.</p>\n");
    if report.circuits.is_empty() {
        out.raw(
            "<p class=\"empty\">No call was recorded: every circuit is closed.</p></section>\n",
        );
        return;
    }
    let columns = [
        ("Agent", false),
        ("State", false),
        ("Failures", true),
        ("Calls", true),
        ("Opened", true),
        ("Tries again", true),
        ("Changes", true),
    ];
    table(out, "Circuit breakers", &columns);
    for circuit in &report.circuits {
        row(out, circuit, report.now);
    }
    end_table(out);
    out.raw("</section>\n");
}

fn row(out: &mut Html, circuit: &CircuitFigures, now: i64) {
    out.raw("<tr><th scope=\"row\">")
        .foreign(&circuit.agent_key, 40)
        .raw("</th><td>");
    pill(out, circuit.state);
    out.raw("</td><td class=\"n\">");
    match circuit.failure_rate {
        Some(rate) => out.share(rate),
        None => out.raw("–"),
    };
    out.raw("</td><td class=\"n\">")
        .count(circuit.calls)
        .raw("</td><td class=\"n\">");
    match circuit.opened {
        Some(opened) => out
            .text(&times::duration(now.saturating_sub(opened)))
            .raw(" ago"),
        None => out.raw("–"),
    };
    out.raw("</td><td class=\"n\">");
    match circuit.reset {
        Some(reset) if reset > now => out
            .raw("in ")
            .text(&times::duration(reset.saturating_sub(now))),
        Some(_) => out.raw("now"),
        None => out.raw("–"),
    };
    out.raw("</td><td class=\"n\">")
        .count(circuit.transitions)
        .raw("</td></tr>\n");
}

/// The section of failures.
pub fn failures(out: &mut Html, report: &Report) {
    out.raw("<section id=\"failures\" aria-labelledby=\"h-failures\"><h2 id=\"h-failures\">Failures</h2>\n");
    out.raw("<p class=\"lead\">Executions that were started in this time and have failed, the newest first.</p>\n");
    if report.failures.is_empty() {
        out.raw("<p class=\"empty\">None has failed.</p></section>\n");
        return;
    }
    out.raw("<ol class=\"failures\">\n");
    for failure in &report.failures {
        out.raw("<li><p><b>")
            .foreign(&failure.execution_id, 60)
            .raw("</b>");
        if let Some(workflow) = &failure.workflow {
            out.raw(" <span class=\"quiet\">")
                .foreign(workflow, 40)
                .raw("</span>");
        }
        out.raw("<time datetime=\"");
        let at = failure.completed.unwrap_or(failure.created);
        out.text(&times::iso(at))
            .raw("\">")
            .text(&times::moment(at))
            .raw("</time></p>");
        match &failure.error {
            Some(error) => out.raw("<code>").foreign(error, 300).raw("</code></li>\n"),
            None => out.raw("<p class=\"quiet\">without an error</p></li>\n"),
        };
    }
    out.raw("</ol></section>\n");
}
