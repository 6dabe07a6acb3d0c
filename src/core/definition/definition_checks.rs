//! A state held against a definition.

use super::compile::{Definition, Id, Rule};
use super::format::Form;
use super::ticking::{Ticking, TickingNode};
use super::touches::touches;
use super::violations::{Finding, Violations};
use crate::core::jsonb::{self, Pointer, Value};
use crate::core::{StateError, StateResult, jsonb::Kind};
use jsonschema::json::{Array, Json, Node, Object};

fn bad(error: crate::core::Error) -> StateError {
    StateError::bad_document("state", error)
}

impl Definition {
    /// Whether anything of a state is checked.
    pub fn reads_any(&self) -> bool {
        let lists = self.sections.is_empty() && self.rules.is_empty() && self.ids.is_empty();
        self.schema.is_some() || !lists
    }

    /// Whether a patch of a state that breaks no rule may make one that does.
    pub fn touched(&self, patch: &[u8]) -> StateResult<bool> {
        if !self.reads_any() {
            return Ok(false);
        }
        let (Some(members), Some(schema)) = (&self.members, &self.schema) else {
            return Ok(true);
        };
        let patched = match jsonb::root(patch).map_err(bad)? {
            Value::Object(patched) if jsonb::kind(patch) == Ok(Kind::MergePatch) => patched,
            _ => return Ok(true),
        };
        for member in patched.iter() {
            let (name, _) = member.map_err(bad)?;
            if schema.reads_member(name) || members.iter().any(|m| m.as_bytes() == name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a state in a phase breaks: the schema, then sections, ids and rules in their order.
    pub fn violations(
        &self,
        state: &[u8],
        phase: Option<&str>,
        most: usize,
    ) -> StateResult<Violations> {
        let mut found = Violations::up_to(most);
        if let Some(schema) = &self.schema {
            schema.violations(Ticking::root(state), "", "schema", &mut found)?;
        }
        self.sections_hold(state, &mut found)?;
        self.ids_hold(state, &mut found)?;
        self.rules_hold(state, phase, &mut found)?;
        Ok(found)
    }

    /// The same after a patch of a state that broke nothing.
    pub fn violations_after(
        &self,
        _before: &[u8],
        patch: &[u8],
        after: &[u8],
        phase: Option<&str>,
        most: usize,
    ) -> StateResult<Violations> {
        let few = touches(patch).map_err(|e| StateError::bad_document("patch", e))?;
        let (Some(schema), Some(touched)) = (&self.schema, few) else {
            return self.violations(after, phase, most);
        };
        if !schema.is_valid_after(Ticking::root(after), &touched)? {
            return self.violations(after, phase, most);
        }
        let mut found = Violations::up_to(most);
        self.sections_hold(after, &mut found)?;
        self.ids_hold(after, &mut found)?;
        self.rules_hold(after, phase, &mut found)?;
        Ok(found)
    }

    /// What a state lacks to enter a phase.
    pub fn entering(&self, state: &[u8], phase: &str, most: usize) -> StateResult<Violations> {
        let mut found = Violations::up_to(most);
        let requires = self.phases.get(phase).map(|phase| &phase.requires);
        for pointer in requires.into_iter().flatten() {
            if jsonb::get(state, pointer).map_err(bad)?.is_none() {
                add(&mut found, &pointer.to_string(), "requires", || {
                    format!("must be there to enter phase \"{phase}\"")
                });
            }
        }
        Ok(found)
    }

    fn sections_hold(&self, state: &[u8], found: &mut Violations) -> StateResult<()> {
        for section in &self.sections {
            let rule = format!("sections{}", section.path);
            match node_at(state, &section.pointer) {
                Some(node) => {
                    let mut own = Violations::up_to(found.room());
                    section
                        .schema
                        .violations(node, &section.path, &rule, &mut own)?;
                    found.append(own);
                }
                None if section.required => {
                    add(found, &section.path, &rule, || {
                        String::from("must be there")
                    });
                }
                None => {}
            }
        }
        Ok(())
    }

    fn ids_hold(&self, state: &[u8], found: &mut Violations) -> StateResult<()> {
        for id in &self.ids {
            if let Some(why) = wrong_id(id, jsonb::get(state, &id.pointer).map_err(bad)?) {
                let rule = format!("ids{}", id.path);
                add(found, &id.path, &rule, || why);
            }
        }
        Ok(())
    }

    fn rules_hold(
        &self,
        state: &[u8],
        phase: Option<&str>,
        found: &mut Violations,
    ) -> StateResult<()> {
        let applies = |rule: &&Rule| {
            rule.phases.is_empty() || phase.is_some_and(|p| rule.phases.iter().any(|q| q == p))
        };
        for rule in self.rules.iter().filter(applies) {
            crate::core::work::work_on_bytes(state.len());
            if (rule.holds)(state)? != Some(true) {
                let name = format!("rules/{}", rule.name);
                add(found, "", &name, || rule.message.clone());
            }
        }
        Ok(())
    }
}

fn add(found: &mut Violations, path: &str, rule: &str, message: impl FnOnce() -> String) {
    found.add(|| Finding {
        path: path.to_owned(),
        rule: rule.to_owned(),
        message: message(),
    });
}

fn node_at<'a>(state: &'a [u8], pointer: &Pointer<'_>) -> Option<TickingNode<'a>> {
    let mut node = Ticking::root(state);
    for token in pointer.tokens() {
        let name = std::str::from_utf8(token).ok()?;
        node = match (node.as_object(), node.as_array()) {
            (Some(object), _) => object.get(&Ticking::prepare_key(name))?,
            (_, Some(array)) => array.elements().nth(name.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(node)
}

fn wrong_id(id: &Id, value: Option<Value<'_>>) -> Option<String> {
    let said = |text: &str| Some(String::from(text));
    let text = match (id.form, value) {
        (_, None) => return said("must be there"),
        (Form::Integer, Some(Value::Numeric(number))) => {
            let whole = jsonb::numeric::Numeric::parse(number)
                .ok()
                .and_then(|n| n.to_i64());
            return whole.map_or_else(|| said("is no whole number of 64 bits"), |_| None);
        }
        (Form::Integer, Some(_)) => return said("is no whole number"),
        (_, Some(Value::String(text))) => text,
        (_, Some(_)) => return said("is no text"),
    };
    let text = String::from_utf8_lossy(text);
    if text.is_empty() {
        return said("is empty");
    }
    if id.form == Form::Uuid && !is_uuid(&text) {
        return said("is no uuid");
    }
    if let Some(most) = id.max_length.filter(|most| text.chars().count() > *most) {
        return Some(format!("is longer than {most} characters"));
    }
    let matches = id
        .pattern
        .as_ref()
        .is_none_or(|pattern| pattern.is_match(&text));
    if matches {
        None
    } else {
        said("does not match its pattern")
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}
