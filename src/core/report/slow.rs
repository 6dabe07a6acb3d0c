//! The steps that take longest.

use super::agents::duration;
use super::figures::{Report, StepFigures};
use super::html::{Html, end_table, table};

/// The section.
pub fn write(out: &mut Html, report: &Report) {
    out.raw(
        "<section id=\"steps\" aria-labelledby=\"h-steps\"><h2 id=\"h-steps\">Slowest steps</h2>\n",
    );
    if report.steps.is_empty() {
        out.raw("<p class=\"empty\">No step has ended.</p></section>\n");
        return;
    }
    out.raw("<p class=\"lead\">Last attempts of the ")
        .count(report.sampled);
    out.raw(" newest executions of this time, by the 95th percentile of their durations.</p>\n");
    let columns = [
        ("Step", false),
        ("Median to 95 % to longest", false),
        ("Median", true),
        ("95 %", true),
        ("Longest", true),
        ("Runs", true),
        ("Failed", true),
        ("Repeated", true),
    ];
    table(out, "Slowest steps", &columns);
    let longest = report.steps.iter().map(|step| step.longest);
    let longest = longest.fold(f64::MIN_POSITIVE, f64::max);
    for step in &report.steps {
        row(out, step, longest);
    }
    end_table(out);
    out.raw("</section>\n");
}

fn row(out: &mut Html, step: &StepFigures, longest: f64) {
    out.raw("<tr><th scope=\"row\">").foreign(&step.step_id, 40);
    if let Some(workflow) = &step.workflow {
        out.raw("<span class=\"quiet\"> ")
            .foreign(workflow, 40)
            .raw("</span>");
    }
    out.raw("</th><td class=\"barred\">");
    range(
        out,
        [step.p50, step.p95, step.longest].map(|ms| ms / longest),
    );
    out.raw("</td>");
    for ms in [step.p50, step.p95, step.longest] {
        duration(out, Some(ms));
    }
    for count in [step.count, step.failed, step.repeated] {
        out.raw("<td class=\"n\">").count(count).raw("</td>");
    }
    out.raw("</tr>\n");
}

/// Up to the median, from there to the 95th percentile, and a line to the longest.
fn range(out: &mut Html, [p50, p95, longest]: [f64; 3]) {
    let percent = |share: f64| share.clamp(0.0, 1.0) * 100.0;
    out.raw("<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\"/>");
    out.raw("<rect class=\"most\" height=\"100%\" width=\"")
        .place(percent(p95))
        .raw("%\"/>");
    out.raw("<rect class=\"half\" height=\"100%\" width=\"")
        .place(percent(p50))
        .raw("%\"/>");
    out.raw("<line class=\"end\" y1=\"50%\" y2=\"50%\" x1=\"")
        .place(percent(p95))
        .raw("%\" x2=\"");
    out.place(percent(longest)).raw("%\"/></svg>");
}
