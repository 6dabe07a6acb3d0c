//! The page: its markup is its own, whatever it tells.

use proptest::prelude::*;
use wfstate_core_tests::core::looking::story::{Kind, Span, Story, Version};
use wfstate_core_tests::core::looking::times::{DAY, HOUR, MINUTE};
use wfstate_core_tests::core::report::html::{Html, escape, percent};
use wfstate_core_tests::core::report::{
    AgentFigures, CircuitFigures, Count, Failure, Operation, QueueFigures, Report, SavedVersion,
    Seen, Standing, StepFigures, Window, page,
};

/// A page about everything, in which whatever somebody can name or say is `text`.
fn everything(text: &str) -> Report {
    let text = || text.to_owned();
    let window = Window::new(Some(0), Some(DAY), DAY).unwrap();
    let story = Story {
        id: text(),
        workflow: Some(text()),
        workflow_version: Some(1),
        status: text(),
        version: 2,
        created: 0,
        completed: Some(HOUR),
        now: DAY,
        versions: vec![Version {
            version: 1,
            at: 0,
            phase: Some(text()),
            status: text(),
        }],
        spans: vec![Span {
            kind: Kind::Step,
            name: text(),
            status: Some(text()),
            attempt: Some(2),
            from: 0,
            to: Some(MINUTE),
        }],
        left_out: 3,
    };
    let operation = Operation {
        op: text(),
        path: text(),
        value: Some(text()),
    };
    let version = SavedVersion {
        version: 2,
        kind: "patch",
        status: text(),
        phase: Some(text()),
        step_id: Some(text()),
        note: Some(text()),
        saved_by: text(),
        at: MINUTE,
        changes: Some(vec![operation]),
        more: 7,
    };
    Report {
        tenant: text(),
        workflow: Some(text()),
        now: DAY,
        window,
        counts: vec![
            Count {
                status: String::from("completed"),
                at: 0,
                count: 1_234_567,
            },
            Count {
                status: text(),
                at: HOUR,
                count: 3,
            },
        ],
        counts_cut: true,
        standing: vec![Standing {
            status: text(),
            count: 3,
            oldest: Some(0),
        }],
        standing_cut: true,
        queue: vec![QueueFigures {
            workflow: text(),
            counts: [1, 2, 3, 4, 5, 6],
        }],
        queue_cut: true,
        agents: vec![AgentFigures {
            agent: text(),
            total: 10,
            failed: 1,
            rate: 0.9,
            p50: Some(1.0),
            p95: None,
        }],
        more_agents: 4,
        circuits: vec![CircuitFigures {
            agent_key: text(),
            state: "open",
            calls: 9,
            failure_rate: Some(0.5),
            opened: Some(0),
            reset: Some(2 * DAY),
            transitions: 1,
        }],
        open_circuits: 1,
        steps: vec![StepFigures {
            workflow: Some(text()),
            step_id: text(),
            count: 2,
            failed: 1,
            repeated: 1,
            p50: 1.0,
            p95: 5.0,
            longest: 9.0,
        }],
        sampled: 2,
        failures: vec![Failure {
            execution_id: text(),
            workflow: Some(text()),
            created: 0,
            completed: None,
            error: Some(text()),
        }],
        execution: Some(Seen {
            story,
            phase: Some(text()),
            initiated_by: text(),
            error: Some(text()),
            versions: vec![version],
            has_older: true,
        }),
    }
}

/// Every tag of a page, with its attributes, and nothing of what stands between them.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once('<') {
        let (tag, after) = from.split_once('>').unwrap();
        tags.push(tag.to_owned());
        rest = after;
    }
    tags
}

#[test]
fn every_tag_is_closed() {
    let page = page(&everything("name"));
    let mut open: Vec<String> = Vec::new();
    for tag in tags(&page) {
        let name: String = tag
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '/')
            .collect();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "</{name}>"),
            None if tag.ends_with('/') || ["meta", ""].contains(&name.as_str()) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let page = page(&everything("name"));
    let all = |name: &str| -> Vec<String> {
        let start = format!("{name}=\"");
        let parts = page.split(&start).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    let mut ids = all(" id");
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for link in all("href") {
        assert!(
            ids.contains(&link.strip_prefix('#').unwrap().to_owned()),
            "{link}"
        );
    }
    for label in all("aria-labelledby").iter().flat_map(|ids| ids.split(' ')) {
        assert!(ids.contains(&label.to_owned()), "{label}");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let page = page(&everything("name"));
    for what in [
        "http:", "https:", "//", "<script", "url(", "@import", " src=", " style=", " on",
    ] {
        let text: String = tags(&page).join("\n");
        assert!(!text.contains(what), "{what}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn success_is_a_share_of_what_ended_by_itself() {
    let mut report = everything("name");
    let count = |status: &str, count| Count {
        status: String::from(status),
        at: 0,
        count,
    };
    report.counts = vec![
        count("completed", 1),
        count("failed", 1),
        count("compensated", 2),
        count("cancelled", 4),
        count("running", 8),
    ];
    let page = page(&report);
    let tile = page.split("<dt>Succeeded</dt>").nth(1).unwrap();
    let tile = tile.split("</dd>").next().unwrap();
    assert!(tile.contains("25"), "{tile}");
    assert!(tile.contains("of 4 that"), "{tile}");
}

#[test]
fn an_empty_page_has_every_section() {
    let window = Window::new(None, None, 0).unwrap();
    let mut report = everything("nobody");
    report = Report {
        workflow: None,
        window,
        counts: Vec::new(),
        counts_cut: false,
        standing: Vec::new(),
        standing_cut: false,
        queue: Vec::new(),
        queue_cut: false,
        agents: Vec::new(),
        more_agents: 0,
        circuits: Vec::new(),
        open_circuits: 0,
        steps: Vec::new(),
        failures: Vec::new(),
        execution: None,
        ..report
    };
    let page = page(&report);
    assert_eq!(page.matches("class=\"empty\"").count(), 6);
    for section in [
        "throughput",
        "agents",
        "circuits",
        "steps",
        "queue",
        "failures",
    ] {
        assert!(page.contains(&format!("<section id=\"{section}\"")));
    }
    assert!(!page.contains("<svg") && !page.contains("<table"));
}

#[test]
fn windows_begin_at_round_times() {
    let window = |since, until| Window::new(Some(since), Some(until), 0).unwrap();
    let day = window(7 * MINUTE, DAY + 7 * MINUTE);
    assert_eq!(
        (day.from, day.to, day.step),
        (0, DAY + 7 * MINUTE, 30 * MINUTE)
    );
    assert_eq!(Window::new(None, None, DAY).unwrap(), window(0, DAY));
    // 2000-01-03 was a Monday.
    let year = window(5 * DAY, 370 * DAY);
    assert_eq!((year.from, year.step), (2 * DAY, 7 * DAY));
    assert_eq!(window(0, 36_525 * DAY).step % (28 * DAY), 0);
    for (since, until, why) in [
        (0, 0, "since must be before until"),
        (1, 0, "since must be before until"),
        (i64::MIN, 0, "since and until must be finite"),
        (0, i64::MAX, "since and until must be finite"),
        (i64::MIN + 1, i64::MAX - 1, "since is out of range"),
        (-40_000 * DAY, 0, "since is out of range"),
    ] {
        assert_eq!(
            Window::new(Some(since), Some(until), 0)
                .unwrap_err()
                .message,
            why
        );
    }
}

#[test]
fn shares_and_counts_for_people() {
    let shares = [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.5, "50.0 %"),
        (0.9999, "> 99.9 %"),
        (1e-9, "< 0.1 %"),
        (2.0, "100 %"),
    ];
    for (share, wanted) in shares {
        assert_eq!(percent(share), wanted);
    }
    for (number, wanted) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (-1_234_567, "−1,234,567"),
    ] {
        let mut out = Html::default();
        out.count(number);
        assert_eq!(out.into_string(), wanted);
    }
}

proptest! {
    #[test]
    fn a_window_has_few_intervals_and_holds_what_was_asked_for(since in -9 * 365 * DAY..9 * 365 * DAY, length in 1..99 * 365 * DAY) {
        let window = Window::new(Some(since), Some(since + length), 0).unwrap();
        let starts: Vec<i64> = window.starts().collect();
        prop_assert!((1..=60).contains(&starts.len()), "{}", starts.len());
        prop_assert!(window.from <= since && since - window.from < window.step);
        prop_assert!(starts.last().unwrap() + window.step >= window.to);
    }

    #[test]
    fn escaped_text_is_no_markup(text in any::<String>()) {
        let mut out = String::new();
        escape(&mut out, &text);
        prop_assert!(!out.contains(['<', '>', '"', '\'', '`']));
        let rest = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#96;"].iter().fold(out, |out, entity| out.replace(entity, ""));
        prop_assert!(!rest.contains('&'));
    }

    #[test]
    fn no_text_changes_the_markup(text in prop_oneof![
        any::<String>(),
        prop::sample::select(vec!["</title><script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
            "' onmouseover='alert(1)", "<!--", "]]>", "&lt;script&gt;", "\u{0}\u{202e}\u{feff}", "`"]).prop_map(String::from),
    ]) {
        let plain = tags(&page(&everything("name")));
        prop_assert_eq!(tags(&page(&everything(&text))), plain);
    }

    #[test]
    fn every_count_is_drawn(counts in prop::collection::vec((0..49_i64, 0..i64::MAX / 1000), 0..60)) {
        let mut report = everything("name");
        report.counts = counts.iter().map(|(slot, count)| Count {
            status: String::from("failed"), at: slot * 30 * MINUTE, count: *count,
        }).collect();
        let page = page(&report);
        prop_assert!(!page.contains("NaN") && !page.contains("inf"));
        // A drawing's numbers stay within it.
        for part in page.split(" height=\"").skip(1) {
            let number = part.split('"').next().unwrap();
            if let Ok(number) = number.parse::<f64>() {
                prop_assert!((0.0..=260.0).contains(&number), "{number}");
            }
        }
    }
}
