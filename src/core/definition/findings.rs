//! `wf_validate_definition`: what is wrong with a definition, before anything is stored.

use super::format::Format;
use super::graph::{at, graph};
use super::schema::Schema;
use super::ticking::{Ticking, value};
use super::violations::{Finding, Violations};
use super::{Definition, FORMAT, PathCompiler};
use crate::core::jsonb::Pointer;
use crate::core::{StateError, StateResult};
use std::cell::OnceCell;
use std::rc::Rc;

/// Findings that are told.
const MOST: usize = 100;

thread_local! {
    static SCHEMA: OnceCell<Option<Rc<Schema>>> = const { OnceCell::new() };
}

/// The schema of definitions, compiled once.
fn format_schema() -> StateResult<Rc<Schema>> {
    let compiled = || {
        let schema = serde_json::from_str(FORMAT).ok()?;
        Schema::compile(&schema).ok().map(Rc::new)
    };
    SCHEMA
        .with(|known| known.get_or_init(compiled).clone())
        .ok_or_else(|| {
            StateError::new(
                crate::core::Code::Internal,
                "internal error: the schema of definitions cannot be compiled",
            )
        })
}

/// What is wrong with a definition: first its form; then, where that is right, what it says.
pub fn findings(document: &[u8], paths: &dyn PathCompiler) -> StateResult<Vec<Finding>> {
    let mut found = Violations::up_to(MOST);
    let schema = format_schema()?;
    schema.violations(Ticking::root(document), "", "format", &mut found)?;
    if !found.is_empty() {
        return Ok(found.into_first());
    }
    let format = match read(document) {
        Ok(format) => format,
        Err(finding) => return Ok(vec![finding]),
    };
    // Before anything is compiled.
    if let Err(why) = super::patterns::cost(&format) {
        add(&mut found, String::new(), "too-many-patterns", why);
        return Ok(found.into_first());
    }
    graph(&format, &mut found);
    schemas(&format, &mut found);
    pointers(&format, &mut found);
    rules(&format, paths, &mut found)?;
    intervals(&format, paths, &mut found)?;
    if found.is_empty() && format.initial_state.is_some() {
        initial_state(document, paths, &mut found)?;
    }
    Ok(found.into_first())
}

/// The document in its form, or why it is nested too deeply for one.
pub(super) fn read(document: &[u8]) -> Result<Format, Finding> {
    let wrong = |message: String| Finding {
        path: String::new(),
        rule: String::from("format"),
        message,
    };
    let value = value(document).ok_or_else(|| wrong(String::from("is nested too deeply")))?;
    // By its text: a number of a value is no number to serde while numbers are exact.
    serde_json::from_str(&value.to_string())
        .map_err(|e| wrong(super::message::clipped(&e.to_string())))
}

fn add(out: &mut Violations, path: String, rule: &str, message: String) {
    out.add(|| Finding {
        path,
        rule: rule.to_owned(),
        message,
    });
}

fn schemas(format: &Format, out: &mut Violations) {
    if let Some(schema) = &format.schema
        && let Err(why) = Schema::compile(schema)
    {
        add(out, String::from("/schema"), "bad-schema", why);
    }
    for (i, section) in format.sections.iter().enumerate() {
        if let Err(why) = Schema::compile(&section.schema) {
            add(out, format!("/sections/{i}/schema"), "bad-schema", why);
        }
    }
    for (i, id) in format.ids.iter().enumerate() {
        if let Some(pattern) = &id.pattern
            && let Err(why) = super::patterns::pattern(pattern)
        {
            add(out, format!("/ids/{i}/pattern"), "bad-pattern", why);
        }
    }
}

fn pointers(format: &Format, out: &mut Violations) {
    let phases = format.phases.iter().flat_map(|(name, phase)| {
        let at = format!("{}/requires", at("phases", name));
        phase.requires.iter().map(move |path| (at.clone(), path))
    });
    let sections = format.sections.iter().enumerate();
    let sections = sections.map(|(i, s)| (format!("/sections/{i}/path"), &s.path));
    let ids = format.ids.iter().enumerate();
    let ids = ids.map(|(i, id)| (format!("/ids/{i}/path"), &id.path));
    let search = format.search.iter().map(|p| (String::from("/search"), p));
    let derived = format.derived.iter().map(|p| (String::from("/derived"), p));
    for (at, path) in phases
        .chain(sections)
        .chain(ids)
        .chain(search)
        .chain(derived)
    {
        if Pointer::parse(path.as_bytes()).is_err() {
            let message = String::from("is not a json pointer, such as /customer/id");
            add(out, at, "bad-pointer", message);
        }
    }
}

fn rules(format: &Format, paths: &dyn PathCompiler, out: &mut Violations) -> StateResult<()> {
    for (i, rule) in format.rules.iter().enumerate() {
        if let Err(why) = paths.compile(&rule.path)? {
            add(out, format!("/rules/{i}/path"), "bad-jsonpath", why);
        }
        if format.rules.iter().take(i).any(|r| r.name == rule.name) {
            let message = String::from("another rule has this name");
            add(out, format!("/rules/{i}/name"), "duplicate-rule", message);
        }
    }
    Ok(())
}

fn intervals(format: &Format, paths: &dyn PathCompiler, out: &mut Violations) -> StateResult<()> {
    let mut check = |at: String, text: Option<&String>| -> StateResult<()> {
        if let Some(text) = text
            && !paths.is_interval(text)?
        {
            let message = String::from("is not an interval, such as 30 seconds");
            add(out, at, "bad-interval", message);
        }
        Ok(())
    };
    for (name, step) in &format.steps {
        let at = at("steps", name);
        check(format!("{at}/timeout"), step.timeout.as_ref())?;
        if let Some(retry) = &step.retry {
            let at = format!("{at}/retry");
            check(
                format!("{at}/initial_interval"),
                retry.initial_interval.as_ref(),
            )?;
            check(format!("{at}/max_interval"), retry.max_interval.as_ref())?;
        }
    }
    if let Some(kept) = &format.retention {
        check(String::from("/retention/keep_for"), kept.keep_for.as_ref())?;
        let ended = kept.keep_completed_for.as_ref();
        check(String::from("/retention/keep_completed_for"), ended)?;
    }
    Ok(())
}

fn initial_state(
    document: &[u8],
    paths: &dyn PathCompiler,
    out: &mut Violations,
) -> StateResult<()> {
    let definition = Definition::compile(document, paths)?;
    let Some(state) = definition.initial_state() else {
        return Ok(());
    };
    let broken = definition.violations(state, definition.initial_phase(), MOST)?;
    for broken in broken.into_first() {
        let path = format!("/initial_state{}", broken.path);
        add(
            out,
            path,
            "initial-state",
            format!("{}: {}", broken.rule, broken.message),
        );
    }
    Ok(())
}
