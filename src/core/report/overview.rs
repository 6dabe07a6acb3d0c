//! What is seen first: the figures, and executions over time.

use super::chart::{self, Column, SERIES, series};
use super::figures::Report;
use super::html::{Html, end_table, percent, table};
use crate::core::looking::times;

/// Columns of the window, empty ones among them.
fn columns(report: &Report) -> Vec<Column> {
    let mut columns: Vec<Column> = report.window.starts().map(|at| (at, [0; 4])).collect();
    for count in &report.counts {
        let place = (count.at - report.window.from).div_euclid(report.window.step);
        let column = usize::try_from(place)
            .ok()
            .and_then(|place| columns.get_mut(place));
        if let Some(slot) = column.and_then(|(_, counts)| counts.get_mut(series(&count.status))) {
            *slot += count.count;
        }
    }
    columns
}

fn sums(columns: &[Column]) -> [i64; 4] {
    let mut sums = [0; 4];
    for (_, counts) in columns {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    sums
}

fn tile(out: &mut Html, class: &'static str, what: &'static str, value: &str, more: &str) {
    out.raw("<div class=\"tile")
        .raw(class)
        .raw("\"><dt>")
        .raw(what)
        .raw("</dt><dd><strong>");
    out.text(value)
        .raw("</strong> <span>")
        .text(more)
        .raw("</span></dd></div>\n");
}

fn grouped(number: i64) -> String {
    let mut out = Html::default();
    out.count(number);
    out.into_string()
}

/// The figures and the chart.
pub fn write(out: &mut Html, report: &Report) {
    let columns = columns(report);
    let sums = sums(&columns);
    tiles(out, report, &sums);
    out.raw("<section id=\"throughput\" aria-labelledby=\"h-throughput\"><h2 id=\"h-throughput\">Executions over time</h2>\n");
    out.raw("<p class=\"lead\">Started in each ");
    out.text(&length(report.window.step))
        .raw(", by what has become of them. Times are UTC.");
    if report.counts_cut {
        out.raw(" <strong>Only the newest are counted: there are too many.</strong>");
    }
    out.raw("</p>\n");
    if sums.iter().sum::<i64>() == 0 {
        out.raw("<p class=\"empty\">No execution was started in this time.</p></section>\n");
        return;
    }
    legend(out, &sums);
    chart::draw(out, report.window, &columns);
    out.raw("<details><summary>Figures as a table</summary>\n");
    let names = SERIES.map(|(_, name)| (name, true));
    let [a, b, c, d] = names;
    table(out, "Executions over time", &[("From", false), a, b, c, d]);
    for (at, counts) in columns
        .iter()
        .filter(|(_, counts)| counts.iter().sum::<i64>() > 0)
    {
        out.raw("<tr><th scope=\"row\">")
            .text(&chart::interval(*at, report.window))
            .raw("</th>");
        for count in counts {
            out.raw("<td class=\"n\">").count(*count).raw("</td>");
        }
        out.raw("</tr>\n");
    }
    end_table(out);
    out.raw("</details></section>\n");
}

fn legend(out: &mut Html, sums: &[i64; 4]) {
    out.raw("<ul class=\"legend\">");
    for ((class, name), sum) in SERIES.iter().zip(sums) {
        out.raw("<li><svg class=\"key\" aria-hidden=\"true\"><rect class=\"")
            .raw(class);
        out.raw("\" width=\"100%\" height=\"100%\"/></svg>")
            .raw(name)
            .raw(" <b>")
            .count(*sum)
            .raw("</b></li>");
    }
    out.raw("</ul>\n");
}

/// A length as an adjective has it.
fn length(step: i64) -> String {
    let units = [
        (times::DAY, "day", "days"),
        (times::HOUR, "hour", "hours"),
        (times::MINUTE, "minute", "minutes"),
        (times::SECOND, "second", "seconds"),
    ];
    for (unit, one, many) in units {
        if step == unit {
            return one.to_owned();
        }
        if step % unit == 0 {
            return format!("{} {many}", step / unit);
        }
    }
    times::duration(step)
}

fn tiles(out: &mut Html, report: &Report, sums: &[i64; 4]) {
    let [completed, failed, undone, open] = *sums;
    // As wf_statistics: what was undone has not succeeded, what was cancelled has no say.
    let compensated = report.counts.iter().filter(|c| c.status == "compensated");
    let ended = completed + failed + compensated.map(|c| c.count).sum::<i64>();
    out.raw("<h2 class=\"unseen\">Figures</h2><dl class=\"tiles\">\n");
    tile(
        out,
        "",
        "Started",
        &grouped(completed + failed + undone + open),
        "in this time",
    );
    let rate = (ended > 0).then(|| percent(completed as f64 / ended as f64));
    let of = format!(
        "of {} that completed, failed or were undone",
        grouped(ended)
    );
    match rate {
        Some(rate) => tile(out, "", "Succeeded", &rate, &of),
        None => tile(out, "", "Succeeded", "–", "none has ended"),
    }
    let class = if failed > 0 { " alarm" } else { "" };
    tile(out, class, "Failed", &grouped(failed), "in this time");
    let flight: i64 = report.standing.iter().map(|standing| standing.count).sum();
    let more = if report.standing_cut {
        "or more, now"
    } else {
        "not ended, now"
    };
    tile(out, "", "In flight", &grouped(flight), more);
    let oldest = report
        .standing
        .iter()
        .filter_map(|standing| standing.oldest)
        .min();
    match oldest {
        Some(oldest) => {
            let age = times::duration(report.now.saturating_sub(oldest));
            tile(out, "", "Oldest in flight", &age, "since it was created");
        }
        None => tile(out, "", "Oldest in flight", "–", "there is none"),
    }
    let open = i64::try_from(report.open_circuits).unwrap_or(i64::MAX);
    let class = if open > 0 { " alarm" } else { "" };
    tile(out, class, "Circuits not closed", &grouped(open), "now");
    out.raw("</dl>\n");
}
