//! Phases and steps as graphs: what cannot be reached, leads nowhere, or goes round.

use super::format::Format;
use super::violations::{Finding, Violations};
use crate::core::jsonb::pointer::push_token;
use std::collections::{BTreeMap, BTreeSet};

type Edges<'f> = BTreeMap<&'f str, Vec<&'f str>>;

/// Adds what is wrong with the phases and steps.
pub fn graph(format: &Format, out: &mut Violations) {
    phases(format, out);
    steps(format, out);
}

/// The place of a name below a member of the document.
pub fn at(member: &str, name: &str) -> String {
    let mut path = format!("/{member}").into_bytes();
    push_token(&mut path, name.as_bytes());
    String::from_utf8_lossy(&path).into_owned()
}

fn add(out: &mut Violations, path: String, rule: &str, message: String) {
    out.add(|| Finding {
        path,
        rule: rule.to_owned(),
        message,
    });
}

fn phases(format: &Format, out: &mut Violations) {
    let known = |name: &str| format.phases.contains_key(name);
    let unknown = |out: &mut Violations, path: String, name: &str| {
        let message = format!("there is no phase \"{name}\"");
        add(out, path, "unknown-phase", message);
    };
    for (name, phase) in &format.phases {
        for next in phase.next.iter().filter(|next| !known(next)) {
            unknown(out, format!("{}/next", at("phases", name)), next);
        }
    }
    for name in format.terminal_phases.iter().filter(|name| !known(name)) {
        unknown(out, String::from("/terminal_phases"), name);
    }
    for (i, rule) in format.rules.iter().enumerate() {
        for name in rule.phases.iter().filter(|name| !known(name)) {
            unknown(out, format!("/rules/{i}/phases"), name);
        }
    }
    if let Some(name) = format.initial_phase.as_ref().filter(|name| !known(name)) {
        unknown(out, String::from("/initial_phase"), name);
    }
    if format.phases.is_empty() {
        return;
    }
    if format.initial_phase.is_none() {
        let message = String::from("phases need an initial phase");
        add(
            out,
            String::from("/initial_phase"),
            "missing-initial",
            message,
        );
    }
    if format.terminal_phases.is_empty() {
        let message = String::from("phases need at least one terminal phase");
        add(
            out,
            String::from("/terminal_phases"),
            "missing-terminal",
            message,
        );
    }
    ways(format, out);
}

fn ways(format: &Format, out: &mut Violations) {
    let mut forth: Edges<'_> = BTreeMap::new();
    let mut back: Edges<'_> = BTreeMap::new();
    for (name, phase) in &format.phases {
        for next in &phase.next {
            forth.entry(name).or_default().push(next);
            back.entry(next).or_default().push(name);
        }
    }
    let terminal = |name: &str| format.terminal_phases.iter().any(|t| t == name);
    if let Some(initial) = &format.initial_phase {
        let reached = reach(&forth, [initial.as_str()].into_iter());
        for name in format
            .phases
            .keys()
            .filter(|n| !reached.contains(n.as_str()))
        {
            let message = String::from("no way leads here from the initial phase");
            add(out, at("phases", name), "unreachable-phase", message);
        }
    }
    let ends = reach(&back, format.terminal_phases.iter().map(String::as_str));
    for (name, phase) in &format.phases {
        if !format.terminal_phases.is_empty() && !ends.contains(name.as_str()) {
            let message = String::from("no way leads from here to a terminal phase");
            add(out, at("phases", name), "no-way-to-terminal", message);
        }
        if terminal(name) && !phase.next.is_empty() {
            let message = String::from("a terminal phase has no next");
            add(out, at("phases", name), "terminal-has-next", message);
        }
    }
    if format.cycles == Some(false)
        && let Some(round) = cycle(&forth)
    {
        add(
            out,
            String::from("/phases"),
            "cycle",
            format!("phases go round: {round}"),
        );
    }
}

fn steps(format: &Format, out: &mut Violations) {
    let mut edges: Edges<'_> = BTreeMap::new();
    for (name, step) in &format.steps {
        for needed in &step.depends_on {
            if !format.steps.contains_key(needed) {
                let path = format!("{}/depends_on", at("steps", name));
                add(
                    out,
                    path,
                    "missing-step",
                    format!("there is no step \"{needed}\""),
                );
            }
            edges.entry(name).or_default().push(needed);
        }
    }
    if let Some(round) = cycle(&edges) {
        let message = format!("steps wait for each other: {round}");
        add(out, String::from("/steps"), "step-cycle", message);
    }
}

fn reach<'f>(edges: &Edges<'f>, from: impl Iterator<Item = &'f str>) -> BTreeSet<&'f str> {
    let mut left: Vec<&str> = from.collect();
    let mut reached: BTreeSet<&str> = left.iter().copied().collect();
    while let Some(name) = left.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if reached.insert(next) {
                left.push(next);
            }
        }
    }
    reached
}

/// A way that ends where it began, as text; `None` where there is none. By taking away what leads nowhere, until only
/// what goes round is left.
fn cycle(edges: &Edges<'_>) -> Option<String> {
    let mut alive: BTreeSet<&str> = edges.keys().copied().collect();
    loop {
        let leads = |name: &&str| {
            let next = edges.get(name).into_iter().flatten();
            next.into_iter().any(|next| alive.contains(next))
        };
        let kept: BTreeSet<&str> = alive.iter().copied().filter(leads).collect();
        if kept.len() == alive.len() {
            break;
        }
        alive = kept;
    }
    let mut name = *alive.first()?;
    let mut way = vec![name];
    loop {
        let mut next = edges.get(name)?.iter();
        name = next.find(|next| alive.contains(*next))?;
        let seen = way.iter().position(|before| *before == name);
        way.push(name);
        if let Some(seen) = seen {
            let round = way.get(seen..)?;
            let shown: Vec<&str> = round.iter().copied().take(8).collect();
            let more = if round.len() > 8 { " → …" } else { "" };
            return Some(format!("{}{more}", shown.join(" → ")));
        }
    }
}
