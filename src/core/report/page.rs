//! The page as a whole.

use super::figures::Report;
use super::html::Html;
use super::{agents, circuits, execution, overview, queue, slow};
use crate::core::looking::times;

/// Its style sheet.
pub const STYLE: &str = include_str!("style.css");

/// What the browser may do with the page: apply the one style sheet that hashes to this. `tests/recovery/report.sh`
/// tells the hash when the sheet has changed.
const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-A0BOkfNibFPFoBQkmkUYU0Owk6s9Mmg7I1KUX7UnAaw='; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>";

/// Writes it.
pub fn page(report: &Report) -> String {
    let mut out = Html::default();
    out.raw(HEAD);
    title(&mut out, report);
    out.raw("</title>\n<style>")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n");
    out.raw("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
    header(&mut out, report);
    out.raw("<main id=\"main\" tabindex=\"-1\">\n");
    if let Some(seen) = &report.execution {
        execution::write(&mut out, seen);
    }
    overview::write(&mut out, report);
    agents::write(&mut out, report);
    circuits::write(&mut out, report);
    slow::write(&mut out, report);
    queue::write(&mut out, report);
    circuits::failures(&mut out, report);
    out.raw("</main>\n<footer><p>Made by wf_report at ");
    out.text(&times::moment(report.now)).raw(
        ". The page loads nothing and holds all that it shows.</p></footer>\n</body>\n</html>\n",
    );
    out.into_string()
}

fn title(out: &mut Html, report: &Report) {
    out.text(&crate::core::looking::plain::cut(&report.tenant, 40));
    if let Some(workflow) = &report.workflow {
        out.raw(": ")
            .text(&crate::core::looking::plain::cut(workflow, 40));
    }
    if let Some(seen) = &report.execution {
        out.raw(": ")
            .text(&crate::core::looking::plain::cut(&seen.story.id, 40));
    }
    out.raw(" – workflow report");
}

fn header(out: &mut Html, report: &Report) {
    out.raw("<header><div><h1>Workflow report</h1>\n<p class=\"scope\">Tenant <b>")
        .foreign(&report.tenant, 60)
        .raw("</b>");
    match &report.workflow {
        Some(workflow) => out.raw(", workflow <b>").foreign(workflow, 60).raw("</b>"),
        None => out.raw(", all workflows"),
    };
    out.raw("</p>\n<p class=\"scope\"><time datetime=\"");
    let window = report.window;
    out.text(&times::iso(window.from))
        .raw("\">")
        .text(&times::moment(window.from));
    out.raw("</time> to <time datetime=\"")
        .text(&times::iso(window.to))
        .raw("\">");
    out.text(&times::moment(window.to))
        .raw("</time></p></div>\n<nav aria-label=\"Sections\"><ul>\n");
    if report.execution.is_some() {
        out.raw("<li><a href=\"#execution\">Execution</a></li>\n");
    }
    out.raw(
        "<li><a href=\"#throughput\">Over time</a></li>
<li><a href=\"#agents\">Agents</a></li>
<li><a href=\"#circuits\">Circuits</a></li>
<li><a href=\"#steps\">Steps</a></li>
<li><a href=\"#queue\">Queue</a></li>
<li><a href=\"#failures\">Failures</a></li>
</ul></nav></header>\n",
    );
}
