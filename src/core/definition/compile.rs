//! A definition made ready for checking.

use super::findings::read;
use super::format::{Form, Format, Step};
use super::message::clipped;
use super::patterns::{self, pattern};
use super::reads::reads;
use super::schema::Schema;
use super::{Holds, PathCompiler};
use crate::core::jsonb::{self, Pointer, Value, Writer};
use crate::core::{StateError, StateResult};
use regex::Regex;
use std::collections::{BTreeMap, HashMap};

/// A definition without findings, compiled.
pub struct Definition {
    pub(super) phases: HashMap<String, Phase>,
    start: Vec<String>,
    statuses: HashMap<String, Vec<String>>,
    pub(super) schema: Option<Schema>,
    pub(super) sections: Vec<Section>,
    pub(super) rules: Vec<Rule>,
    pub(super) ids: Vec<Id>,
    search: Vec<String>,
    schema_version: Option<i32>,
    initial_state: Option<Vec<u8>>,
    terminal: Vec<String>,
    steps: BTreeMap<String, Step>,
    /// Members of the state that are read besides those that the schema reads; `None` for all.
    pub(super) members: Option<Vec<String>>,
    memory: usize,
}

/// A phase.
pub(super) struct Phase {
    next: Vec<String>,
    pub requires: Vec<Pointer<'static>>,
    checkpoint: bool,
}

/// A part of the state with a schema of its own.
pub(super) struct Section {
    pub path: String,
    pub pointer: Pointer<'static>,
    pub schema: Schema,
    pub required: bool,
}

/// A SQL/JSON path that must be true.
pub(super) struct Rule {
    pub name: String,
    pub message: String,
    pub phases: Vec<String>,
    pub holds: Holds,
    /// Members that it reads; `None` for all.
    pub members: Option<Vec<String>>,
}

/// An id that the state must have.
pub(super) struct Id {
    pub path: String,
    pub pointer: Pointer<'static>,
    pub form: Form,
    pub pattern: Option<Regex>,
    pub max_length: Option<usize>,
}

fn broken(why: &str) -> StateError {
    StateError::invalid("definition cannot be compiled")
        .detail(format!(
            "It is not what wf_define accepts: {}.",
            clipped(why)
        ))
        .hint("wf_validate_definition tells what is wrong with it.")
}

fn pointer(text: &str) -> StateResult<Pointer<'static>> {
    let parsed = Pointer::parse(text.as_bytes());
    parsed
        .map(Pointer::into_owned)
        .map_err(|_| broken("a path is no json pointer"))
}

/// A value of the document as a document of its own.
fn document_of(value: Value<'_>) -> StateResult<Vec<u8>> {
    let mut out = Vec::new();
    let written = Writer::new(&mut out).document(value);
    written.map_err(|e| StateError::bad_document("definition", e))?;
    Ok(out)
}

impl Definition {
    /// Compiles the document of a definition that has no findings.
    pub fn compile(document: &[u8], paths: &dyn PathCompiler) -> StateResult<Self> {
        let bad = |e| StateError::bad_document("definition", e);
        let format = read(document).map_err(|finding| broken(&finding.message))?;
        let Value::Object(members) = jsonb::root(document).map_err(bad)? else {
            return Err(broken("it is no object"));
        };
        let initial_state = match members.get(b"initial_state").map_err(bad)? {
            Some(state) => Some(document_of(state)?),
            None => None,
        };
        let compiled = |schema: &serde_json::Value| Schema::compile(schema).map_err(|e| broken(&e));
        let sections = format.sections.iter().map(|section| {
            Ok(Section {
                path: section.path.clone(),
                pointer: pointer(&section.path)?,
                schema: compiled(&section.schema)?,
                required: section.required,
            })
        });
        let mut definition = Definition {
            phases: phases(&format)?,
            start: format.initial_phase.iter().cloned().collect(),
            statuses: format.statuses.clone().into_iter().collect(),
            schema: format.schema.as_ref().map(compiled).transpose()?,
            sections: sections.collect::<StateResult<_>>()?,
            rules: rules(&format, paths)?,
            ids: ids(&format)?,
            search: format.search.clone(),
            schema_version: format.schema_version,
            initial_state,
            terminal: format.terminal_phases.clone(),
            steps: format.steps.clone(),
            members: None,
            memory: 0,
        };
        definition.members = definition.members_read(&format);
        let schemas = definition.sections.iter().map(|s| &s.schema);
        let schemas = schemas.chain(&definition.schema).map(Schema::memory);
        // Twice: once for the whole, once for its parts.
        let patterns = patterns::cost(&format).map_err(|why| broken(&why))? * 2;
        definition.memory = schemas.sum::<usize>() + patterns + document.len() * 8 + 4096;
        Ok(definition)
    }

    /// Only of a state that is known to be an object; any other may be replaced by a patch as a whole.
    fn members_read(&self, format: &Format) -> Option<Vec<String>> {
        let kind = format.schema.as_ref()?.get("type")?;
        if kind != "object" {
            return None;
        }
        let first = |pointer: &Pointer<'_>| {
            let token = pointer.tokens().first()?;
            String::from_utf8(token.to_vec()).ok()
        };
        let mut members = Vec::new();
        for rule in &self.rules {
            members.extend(rule.members.clone()?);
        }
        let pointers = self.sections.iter().map(|s| &s.pointer);
        for pointer in pointers.chain(self.ids.iter().map(|id| &id.pointer)) {
            members.push(first(pointer)?);
        }
        Some(members)
    }

    /// About the bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Where executions begin.
    pub fn initial_phase(&self) -> Option<&str> {
        self.start.first().map(String::as_str)
    }

    /// Whether there is such a phase; any, where none are declared.
    pub fn has_phase(&self, phase: &str) -> bool {
        self.phases.is_empty() || self.phases.contains_key(phase)
    }

    /// The phases that may follow; `None` where any may.
    pub fn next_phases(&self, from: Option<&str>) -> Option<&[String]> {
        if self.phases.is_empty() {
            return None;
        }
        Some(match from {
            None => &self.start,
            Some(from) => self.phases.get(from).map_or(&[], |phase| &phase.next),
        })
    }

    /// Whether executions end in the phase.
    pub fn is_terminal(&self, phase: &str) -> bool {
        self.terminal.iter().any(|terminal| terminal == phase)
    }

    /// Whether entering the phase makes a checkpoint.
    pub fn checkpoint_on_entry(&self, phase: &str) -> bool {
        self.phases.get(phase).is_some_and(|phase| phase.checkpoint)
    }

    /// The statuses that may follow; `None` where any may.
    pub fn status_moves(&self, from: &str) -> Option<&[String]> {
        self.statuses.get(from).map(Vec::as_slice)
    }

    /// A state to begin with.
    pub fn initial_state(&self) -> Option<&[u8]> {
        self.initial_state.as_deref()
    }

    /// Version of the shape of the states.
    pub fn schema_version(&self) -> Option<i32> {
        self.schema_version
    }

    /// Paths to be found by.
    pub fn search_paths(&self) -> &[String] {
        &self.search
    }

    /// The steps by name.
    pub fn steps(&self) -> &BTreeMap<String, Step> {
        &self.steps
    }
}

fn phases(format: &Format) -> StateResult<HashMap<String, Phase>> {
    let phases = format.phases.iter().map(|(name, phase)| {
        let requires = phase.requires.iter().map(|path| pointer(path));
        Ok((
            name.clone(),
            Phase {
                next: phase.next.clone(),
                requires: requires.collect::<StateResult<_>>()?,
                checkpoint: phase.checkpoint,
            },
        ))
    });
    phases.collect()
}

fn rules(format: &Format, paths: &dyn PathCompiler) -> StateResult<Vec<Rule>> {
    let rules = format.rules.iter().map(|rule| {
        let predicate = paths.compile(&rule.path)?.map_err(|e| broken(&e))?;
        Ok(Rule {
            name: rule.name.clone(),
            message: rule.message.clone(),
            phases: rule.phases.clone(),
            members: reads(&predicate.canonical),
            holds: predicate.holds,
        })
    });
    rules.collect()
}

fn ids(format: &Format) -> StateResult<Vec<Id>> {
    let ids = format.ids.iter().map(|id| {
        let pattern = id.pattern.as_deref().map(pattern).transpose();
        Ok(Id {
            path: id.path.clone(),
            pointer: pointer(&id.path)?,
            form: id.form,
            pattern: pattern.map_err(|e| broken(&e))?,
            max_length: id.max_length,
        })
    });
    ids.collect()
}
