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

/// A step.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Steps that must be completed before.
    pub depends_on: Vec<String>,
    /// What undoes it.
    pub compensation: Option<String>,
    /// How long it may take.
    pub timeout: Option<String>,
    /// When it is tried again.
    pub retry: Option<Retry>,
}

/// When a step is tried again; intervals as the server reads them.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// Attempts that it has.
    pub max_attempts: Option<i32>,
    /// Wait after the first.
    pub initial_interval: Option<String>,
    /// Longest wait.
    pub max_interval: Option<String>,
    /// How many times as long the wait is after each.
    pub backoff_coefficient: Option<f64>,
}

/// How long things are kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retention {
    pub keep_for: Option<String>,
    pub keep_completed_for: Option<String>,
}
