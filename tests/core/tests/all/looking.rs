//! What is drawn in text: widths, times, bars, and labels that no name can leave.

use proptest::prelude::*;
use wfstate_core_tests::core::definition::Outline;
use wfstate_core_tests::core::looking::diagram::{self, Begun, Visit, Way};
use wfstate_core_tests::core::looking::story::{Kind, Span, Story, Version};
use wfstate_core_tests::core::looking::{plain, timeline, times};

fn story() -> Story {
    let span = |kind, name: &str, status: Option<&str>, attempt, from, to| Span {
        kind,
        name: name.to_owned(),
        status: status.map(str::to_owned),
        attempt,
        from,
        to,
    };
    let version = |version, at, phase: Option<&str>| Version {
        version,
        at,
        phase: phase.map(str::to_owned),
        status: String::from("running"),
    };
    Story {
        id: String::from("order"),
        workflow: None,
        workflow_version: None,
        status: String::from("running"),
        version: 4,
        created: 0,
        completed: None,
        now: 1000,
        versions: vec![
            version(1, 0, Some("draft")),
            version(2, 100, Some("draft")),
            version(3, 400, Some("paid")),
            version(4, 500, None),
        ],
        spans: vec![
            span(Kind::Step, "charge", Some("running"), Some(2), 500, None),
            span(
                Kind::Step,
                "charge",
                Some("failed"),
                Some(1),
                200,
                Some(400),
            ),
            span(Kind::Checkpoint, "mark", None, None, 300, Some(300)),
            span(Kind::Wait, "nap", Some("done"), None, 0, Some(1000)),
        ],
        left_out: 0,
    }
}

#[test]
fn a_story_is_drawn() {
    let mut story = story();
    story.arrange(100);
    let drawn: Vec<String> = timeline::draw(&story, 10)
        .into_iter()
        .map(|line| line.line)
        .collect();
    let wanted = [
        "execution  order     running ├────────▷    1.0 ms",
        "versions   1 to 4            ▁▁  ▁▁",
        "phase      draft             ░░░░          400 µs",
        "wait       nap       done    ┄┄┄┄┄┄┄┄┄┄    1.0 ms",
        "step       charge    failed    ▓✗          200 µs",
        "checkpoint mark                 ◆",
        "phase      paid                  ░         100 µs",
        "step       charge #2 running      ████▷    500 µs",
    ];
    assert_eq!(drawn, wanted);
}

#[test]
fn the_newest_are_kept_and_the_rest_is_told() {
    let mut story = story();
    story.arrange(2);
    let drawn = timeline::draw(&story, 10);
    let kinds: Vec<&str> = drawn.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, ["execution", "versions", "…", "phase", "step"]);
    assert_eq!(drawn[2].name.as_deref(), Some("4 earlier ones"));
}

#[test]
fn what_has_ended_ends_what_is_open() {
    let mut story = story();
    story.completed = Some(700);
    story.arrange(100);
    assert_eq!(story.bounds(), (0, 1000), "the wait ended later");
    let open = story.spans.iter().find(|span| span.to.is_none()).unwrap();
    assert_eq!(story.end(open), 700);
    let whole = &timeline::draw(&story, 10)[0];
    assert_eq!((whole.to, whole.micros), (Some(700), Some(700)));
}

#[test]
fn what_missing_versions_would_tell_is_unknown() {
    let told =
        |versions: &[(i64, i64, Option<&str>)]| -> Vec<(String, Option<String>, i64, Option<i64>)> {
            let mut story = story();
            let version = |(version, at, phase): &(i64, i64, Option<&str>)| Version {
                version: *version,
                at: *at,
                phase: phase.map(str::to_owned),
                status: String::from("running"),
            };
            story.versions = versions.iter().map(version).collect();
            let phases = story.phases().into_iter();
            phases
                .map(|span| (span.name, span.status, span.from, span.to))
                .collect()
        };
    let known = |name: &str, from, to| (name.to_owned(), None, from, to);
    let unknown = |from, to| {
        (
            String::from("…"),
            Some(String::from("unknown")),
            from,
            Some(to),
        )
    };
    let a_gap = [
        (1, 10, Some("a")),
        (2, 20, Some("a")),
        (4, 40, Some("c")),
        (6, 60, Some("c")),
    ];
    assert_eq!(
        told(&a_gap),
        [
            known("a", 10, Some(20)),
            unknown(20, 40),
            known("c", 40, None)
        ]
    );
    let no_beginning = [(5, 50, Some("c")), (6, 60, None), (9, 90, None)];
    assert_eq!(
        told(&no_beginning),
        [unknown(0, 50), known("c", 50, Some(60))]
    );
    assert_eq!(told(&[(5, 50, None), (9, 90, None)]), []);
    let left = [(1, 10, Some("a")), (3, 30, None)];
    assert_eq!(told(&left), [known("a", 10, Some(10)), unknown(10, 30)]);
}

#[test]
fn a_move_that_nobody_knows_is_not_drawn() {
    let visit = |name: &str, from_unknown| Visit {
        name: name.to_owned(),
        from_unknown,
    };
    let visited = vec![
        visit("a", false),
        visit("b", false),
        visit("d", true),
        visit("a", false),
    ];
    let way = Way {
        visited,
        ended: false,
        cut: false,
    };
    let drawn = diagram::phases("way", None, Some(&way));
    let lines: Vec<&str> = drawn.lines().map(str::trim).collect();
    let moves: Vec<&&str> = lines.iter().filter(|line| line.contains("-->")).collect();
    assert_eq!(moves, [&"[*] --> p1", &"p1 --> p2 : 1", &"p3 --> p1 : 2"]);
    assert!(
        lines.contains(&"note left of p3 : reached by versions that are missing"),
        "{drawn}"
    );
}

#[test]
fn dates_are_those_of_the_calendar() {
    let at = |days: i64| times::date(days * times::DAY);
    assert_eq!(at(0), (2000, 1, 1));
    assert_eq!(at(59), (2000, 2, 29));
    assert_eq!(at(60), (2000, 3, 1));
    assert_eq!(at(366), (2001, 1, 1));
    assert_eq!(at(36_525), (2100, 1, 1));
    assert_eq!(at(36_525 + 59), (2100, 3, 1), "2100 has no 29 February");
    assert_eq!(at(-1), (1999, 12, 31));
    assert_eq!(times::iso(848_412_309_123_456), "2026-11-19T14:05:09Z");
    assert_eq!(times::moment(-1), "31 Dec 1999, 23:59:59 UTC");
}

#[test]
fn durations_have_two_units_at_most() {
    let cases = [
        (0, "0 s"),
        (999, "999 µs"),
        (1_000, "1.0 ms"),
        (9_949, "9.9 ms"),
        (9_950, "10 ms"),
        (999_499, "999 ms"),
        (999_500, "1.0 s"),
        (59_949_999, "59.9 s"),
        (59_950_000, "1 m 00 s"),
        (3_599_499_999, "59 m 59 s"),
        (3_599_500_000, "1 h 00 m"),
        (86_400_000_000, "1 d 00 h"),
        (-5, "0 s"),
        (i64::MAX, "106751991 d 04 h"),
    ];
    for (micros, wanted) in cases {
        assert_eq!(times::duration(micros), wanted);
    }
    assert_eq!(times::duration_ms(f64::NAN), "0 s");
}

#[test]
fn names_are_cut_by_what_is_seen() {
    assert_eq!(plain::cut("plain", 5), "plain");
    assert_eq!(plain::cut("plainly", 5), "plai…");
    assert_eq!(plain::cut("注文番号", 5), "注文…");
    assert_eq!(plain::cut("a\u{202e}b\n", 30), "a\\u202eb\\u000a");
    assert_eq!(plain::cut("tag\u{e0041}", 30), "tag\\u{e0041}");
    assert_eq!(plain::padded("é\u{301}", 3), "é\u{301}  ");
    assert_eq!(
        plain::cut("⚙\u{fe0f} tool", 30),
        "⚙\u{fe0f} tool",
        "a picture keeps its form"
    );
    assert_eq!(plain::cut("x", 0), "…");
}

/// Any text, and with it what means something to terminals, to Mermaid and to HTML.
fn hostile() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "\"",
        "]",
        ")",
        "end",
        "%%",
        "%%{init: {}}%%",
        "click s1 \"javascript:alert(1)\"",
        "<script>",
        "</style>",
        "\n",
        "\r",
        ";",
        "#35;",
        "`",
        "---",
        "-->",
        ":::",
        "graph TD",
        "\u{0}",
        "\u{202e}",
        "\u{fb02}°°35¶ß",
        "&lt;",
        "'",
        "\\",
        "style s1 fill:#f00",
        "fa:fa-user",
        "1. a",
        "\u{1b}[31m",
        "classDef",
        "{{",
        "$$x$$",
        "注文",
        "e\u{301}",
    ]);
    let any = prop::collection::vec(any::<char>(), 0..6).prop_map(|c| c.into_iter().collect());
    prop::collection::vec(prop_oneof![words.prop_map(String::from), any], 0..8)
        .prop_map(|parts| parts.concat())
}

/// The lines of a diagram whose names are all plain: what may stand in one.
fn is_safe(line: &str) -> bool {
    let Some(start) = line.find('"') else {
        return line.is_ascii() && !line.contains(['<', '%', '`']);
    };
    let Some(end) = line.rfind('"').filter(|end| *end > start) else {
        return false;
    };
    let (before, label, after) = (&line[..start], &line[start + 1..end], &line[end + 1..]);
    let label = label.replace("<br/>", " ");
    let plain = |c: char| c.is_alphanumeric() && c != '\u{fb02}' || " #;,_".contains(c);
    before.is_ascii() && after.is_ascii() && label.chars().all(plain)
}

proptest! {
    #[test]
    fn a_label_is_one_and_tells_the_name(name in hostile()) {
        let label = diagram::label(&name);
        // A number ends before anything else begins.
        let mut told = String::new();
        let mut rest = label.as_str();
        while let Some(at) = rest.find('#') {
            told.push_str(&rest[..at]);
            let (number, after) = rest[at + 1..].split_once(';').unwrap();
            told.push(char::from_u32(number.parse().unwrap()).unwrap());
            rest = after;
        }
        told.push_str(rest);
        let plain = |c: char| c.is_alphanumeric() && c != '\u{fb02}' || " #;".contains(c);
        let all_plain = label.chars().all(plain);
        prop_assert!(all_plain);
        let wanted = plain::cut(&name, 60).replace('\u{fb02}', "fl");
        prop_assert_eq!(told.replace('\u{2060}', ""), wanted);
        prop_assert!(!told.contains("$$") && !told.contains(":fa-"));
    }

    #[test]
    fn no_name_leaves_its_label(names in prop::collection::vec(hostile(), 1..5)) {
        let outline = Outline {
            phases: names.iter().map(|name| (name.clone(), names.clone())).collect(),
            initial: names.first().cloned(),
            terminal: names.clone(),
            steps: names.iter().map(|name| (name.clone(), names.clone(), Some(name.clone()))).collect(),
        };
        let visits = names.iter().chain(&names).enumerate();
        let visited = visits.map(|(i, name)| Visit { name: name.clone(), from_unknown: i % 3 == 2 }).collect();
        let way = Way { visited, ended: true, cut: false };
        let begun: Vec<Begun> = names.iter()
            .map(|name| Begun { name: name.clone(), status: name.clone(), attempt: 2 }).collect();
        let title = names.concat();
        for text in [
            diagram::phases(&title, Some(&outline), Some(&way)),
            diagram::phases(&title, None, Some(&way)),
            diagram::steps(&title, Some(&outline), None),
            diagram::steps(&title, Some(&outline), Some(&begun)),
            diagram::steps(&title, None, Some(&begun)),
        ] {
            for line in text.lines() {
                let title = line.strip_prefix("    accTitle: ");
                let safe = title.map_or_else(|| is_safe(line), |title| is_safe(&format!("\"{title}\"")));
                prop_assert!(safe, "{line}");
            }
        }
    }

    #[test]
    fn every_bar_is_as_wide_as_asked(
        spans in prop::collection::vec((any::<i32>(), prop::option::of(any::<i32>()), hostile()), 0..9),
        width in 10..80_usize,
        completed in prop::option::of(any::<i32>()),
        now in prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN)],
    ) {
        let mut story = story();
        story.completed = completed.map(i64::from);
        story.now = now;
        story.spans = spans.into_iter().enumerate().map(|(i, (from, to, name))| Span {
            kind: [Kind::Step, Kind::Wait, Kind::Checkpoint][i % 3],
            name,
            status: [Some("failed"), None, Some("compensated")][i % 3].map(str::to_owned),
            attempt: Some(i as i32),
            from: if i == 7 { i64::MIN } else { i64::from(from) },
            to: to.map(i64::from),
        }).collect();
        story.arrange(6);
        let lines = timeline::draw(&story, width);
        for line in &lines {
            prop_assert!(line.kind == "…" || line.bar.chars().count() == width);
            prop_assert!(!line.line.chars().any(plain::is_hidden), "{:?}", line.line);
            prop_assert!(line.kind == "versions" || line.kind == "…" || line.bar.trim() != "");
        }
        // Bars begin below each other.
        let starts = lines.iter().filter(|line| line.kind == "execution").map(|line| line.line.find('├'));
        prop_assert!(starts.clone().all(|start| start.is_some()));
    }

    #[test]
    fn what_is_cut_fits(text in hostile(), most in 1..40_usize) {
        let cut = plain::cut(&text, most);
        prop_assert!(plain::columns(&cut) <= most);
        prop_assert_eq!(plain::columns(&plain::padded(&text, most)), most);
        prop_assert!(!cut.chars().any(plain::is_hidden));
    }
}

#[test]
fn long_names_can_be_interrupted() {
    let name = format!("i{}", "\u{301}".repeat(124));
    let before = wfstate_core_tests::core::work::done();
    for _ in 0..1000 {
        wfstate_core_tests::core::looking::plain::cut(&name, 32);
    }
    assert!(wfstate_core_tests::core::work::done() - before >= 100_000);
}
