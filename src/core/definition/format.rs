//! The document of a definition, as it is written. `definition.schema.json` says what it may hold.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The whole document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Format {
    pub phases: BTreeMap<String, Phase>,
    pub initial_phase: Option<String>,
    pub terminal_phases: Vec<String>,
    pub cycles: Option<bool>,
    pub statuses: BTreeMap<String, Vec<String>>,
    pub schema: Option<Value>,
    pub sections: Vec<Section>,
    pub rules: Vec<Rule>,
    pub ids: Vec<Id>,
    pub search: Vec<String>,
    pub schema_version: Option<i32>,
    pub steps: BTreeMap<String, Step>,
    pub retention: Option<Retention>,
    pub derived: Vec<String>,
    pub repair: Vec<Value>,
    pub initial_state: Option<Value>,
}

/// A phase.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Phase {
    pub next: Vec<String>,
    pub requires: Vec<String>,
    pub checkpoint: bool,
}

/// A schema of a part of the state.
#[derive(Debug, Deserialize)]
pub struct Section {
    pub path: String,
    pub schema: Value,
    #[serde(default)]
    pub required: bool,
}

/// A SQL/JSON path that must be true.
#[derive(Debug, Deserialize)]
pub struct Rule {
    pub name: String,
    pub path: String,
    pub message: String,
    #[serde(default)]
    pub phases: Vec<String>,
}

/// An id that the state must have.
#[derive(Debug, Deserialize)]
pub struct Id {
    pub path: String,
    #[serde(default)]
    pub form: Form,
    pub pattern: Option<String>,
    pub max_length: Option<usize>,
}

/// What an id looks like.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A text that is not empty.
    #[default]
    Text,
    /// A UUID, with hyphens.
    Uuid,
    /// A whole number.
    Integer,
}

/// A step, as far as a definition can be wrong about it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    pub depends_on: Vec<String>,
    pub timeout: Option<String>,
    pub retry: Option<Retry>,
}

/// When a step is tried again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retry {
    pub initial_interval: Option<String>,
    pub max_interval: Option<String>,
}

/// How long things are kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retention {
    pub keep_for: Option<String>,
    pub keep_completed_for: Option<String>,
}
