//! What waits for workers.

use super::agents::bar;
use super::figures::Report;
use super::html::{Html, end_table, table};

/// The states of the queue as the page has them, each with the class of its part of a bar.
const STATES: [(&str, &str); 6] = [
    ("Ready", "undone"),
    ("Held", "ok"),
    ("Delayed", "open"),
    ("Waiting", "rest"),
    ("Parked", "bad"),
    ("Idle", "idle"),
];

/// The section.
pub fn write(out: &mut Html, report: &Report) {
    out.raw("<section id=\"queue\" aria-labelledby=\"h-queue\"><h2 id=\"h-queue\">Queue</h2>\n");
    out.raw("<p class=\"lead\">Executions that were started by wf_start and have not ended: those ready to be claimed and those held by a worker, delayed, waiting for a signal or a time, parked until their key has room, and paused.");
    if report.queue_cut {
        out.raw(" <strong>There are more than were counted.</strong>");
    }
    out.raw("</p>\n");
    if report.queue.is_empty() {
        out.raw("<p class=\"empty\">Nothing waits for a worker, and no worker holds anything.</p></section>\n");
        return;
    }
    let mut columns = vec![("Workflow", false), ("Share", false)];
    columns.extend(STATES.map(|(name, _)| (name, true)));
    table(out, "Queue", &columns);
    let most = report
        .queue
        .iter()
        .map(|queue| queue.counts.iter().sum::<i64>());
    let most = most.max().unwrap_or_default().max(1);
    for queue in &report.queue {
        out.raw("<tr><th scope=\"row\">")
            .foreign(&queue.workflow, 40)
            .raw("</th><td class=\"barred\">");
        let parts = STATES.iter().zip(queue.counts);
        let parts: Vec<_> = parts
            .map(|((_, class), count)| (*class, count as f64 / most as f64))
            .collect();
        bar(out, &parts);
        out.raw("</td>");
        for ((_, class), count) in STATES.iter().zip(queue.counts) {
            out.raw("<td class=\"n\">").count(count);
            out.raw("<svg class=\"key\" aria-hidden=\"true\"><rect class=\"")
                .raw(class);
            out.raw("\" width=\"100%\" height=\"100%\"/></svg></td>");
        }
        out.raw("</tr>\n");
    }
    end_table(out);
    out.raw("</section>\n");
}
