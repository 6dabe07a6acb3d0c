//! How agents do.

use super::figures::Report;
use super::html::{Html, end_table, table};
use crate::core::looking::times;

/// The share of a whole as a bar; its number stands beside it.
pub fn bar(out: &mut Html, parts: &[(&'static str, f64)]) {
    out.raw("<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\"/>");
    let mut at = 0.0;
    for (class, share) in parts {
        let share = share.clamp(0.0, 1.0);
        if share > 0.0 {
            out.raw("<rect class=\"")
                .raw(class)
                .raw("\" height=\"100%\" x=\"")
                .place(at * 100.0);
            out.raw("%\" width=\"").place(share * 100.0).raw("%\"/>");
        }
        at += share;
    }
    out.raw("</svg>");
}

/// A duration in milliseconds, or a dash.
pub fn duration(out: &mut Html, ms: Option<f64>) {
    out.raw("<td class=\"n\">");
    match ms {
        Some(ms) => out.text(&times::duration_ms(ms)),
        None => out.raw("–"),
    };
    out.raw("</td>");
}

/// The section.
pub fn write(out: &mut Html, report: &Report) {
    out.raw(
        "<section id=\"agents\" aria-labelledby=\"h-agents\"><h2 id=\"h-agents\">Agents</h2>\n",
    );
    out.raw("<p class=\"lead\">Tasks of all workflows with an outcome, in whole hours; those with the most tasks first.</p>\n");
    if report.agents.is_empty() {
        out.raw("<p class=\"empty\">No task had an outcome in this time.</p></section>\n");
        return;
    }
    let columns = [
        ("Agent", false),
        ("Succeeded", true),
        ("Share", false),
        ("Tasks", true),
        ("Failed", true),
        ("Median", true),
        ("95 %", true),
    ];
    table(out, "Agents", &columns);
    for agent in &report.agents {
        out.raw("<tr><th scope=\"row\">")
            .foreign(&agent.agent, 40)
            .raw("</th><td class=\"n\">");
        out.share(agent.rate).raw("</td><td class=\"barred\">");
        bar(out, &[("ok", agent.rate), ("bad", 1.0 - agent.rate)]);
        out.raw("</td><td class=\"n\">")
            .count(agent.total)
            .raw("</td><td class=\"n\">");
        out.count(agent.failed).raw("</td>");
        duration(out, agent.p50);
        duration(out, agent.p95);
        out.raw("</tr>\n");
    }
    end_table(out);
    if report.more_agents > 0 {
        let more = i64::try_from(report.more_agents).unwrap_or(i64::MAX);
        out.raw("<p class=\"more\">and ")
            .count(more)
            .raw(" more with fewer tasks</p>\n");
    }
    out.raw("</section>\n");
}
