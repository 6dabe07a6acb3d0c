//! Todo lists: a plan's items, and changing one of them.

use super::super::jsonb::numeric::Numeric;
use super::super::jsonb::{self, Array, Value, build};
use super::super::{Code, Result, StateError, StateResult, limits};

/// Largest plan, in bytes of binary jsonb.
pub const MAX_PLAN: usize = 1024 * 1024;

/// Where a plan that is an object has its items.
const ITEMS: &[u8] = b"items";

fn bad(error: super::super::Error) -> StateError {
    StateError::bad_document("plan", error)
}

/// Refuses what is no plan: neither an array nor an object.
pub fn check(plan: &[u8]) -> StateResult<()> {
    if plan.len() > MAX_PLAN {
        return Err(limits::too_large("plan", plan.len(), MAX_PLAN)
            .hint("Split the plan over several todo lists."));
    }
    match jsonb::root(plan).map_err(bad)? {
        Value::Array(_) | Value::Object(_) => Ok(()),
        _ => Err(StateError::invalid("plan must be a json array or object")
            .hint("Write it as [{\"id\": \"1\", \"task\": \"...\"}], or as {\"items\": [...]}.")),
    }
}

/// The plan with `changes` merged into one of its items; `None` where it has no such item.
pub fn update(plan: &[u8], item: &str, changes: &[u8]) -> StateResult<Option<Vec<u8>>> {
    let Some((items, path)) = items(plan).map_err(bad)? else {
        return Ok(None);
    };
    let Some((at, old)) = find(items, item).map_err(bad)? else {
        return Ok(None);
    };
    let changed = merged(old, changes).map_err(|e| StateError::bad_document("changes", e))?;
    let whole = replaced(plan, &format!("{path}/{at}"), &changed).map_err(bad)?;
    check(&whole)?;
    Ok(Some(whole))
}

/// The plan's items and the path to them.
fn items(plan: &[u8]) -> Result<Option<(Array<'_>, &'static str)>> {
    Ok(match jsonb::root(plan)? {
        Value::Array(items) => Some((items, "")),
        Value::Object(object) => match object.get(ITEMS)? {
            Some(Value::Array(items)) => Some((items, "/items")),
            _ => None,
        },
        _ => None,
    })
}

/// The item of that id; where no item has one, the item at that position, from 0.
fn find<'a>(items: Array<'a>, wanted: &str) -> Result<Option<(usize, Value<'a>)>> {
    let mut any = false;
    for (at, value) in items.iter().enumerate() {
        let value = value?;
        if let Value::Object(object) = value
            && let Some(id) = object.get(b"id")?
        {
            any = true;
            if is(id, wanted)? {
                return Ok(Some((at, value)));
            }
        }
    }
    let position = match any {
        true => None,
        // Only as a position is written: neither +1 nor 01.
        false => wanted
            .parse::<usize>()
            .ok()
            .filter(|at| at.to_string() == wanted),
    };
    let found = position.map(|at| Ok((at, items.get(at)?))).transpose()?;
    Ok(found.and_then(|(at, value)| Some((at, value?))))
}

fn is(id: Value<'_>, wanted: &str) -> Result<bool> {
    Ok(match id {
        Value::String(text) => text == wanted.as_bytes(),
        Value::Numeric(raw) => {
            let number = Numeric::parse(raw)?;
            number.whole(wanted.len()).is_some_and(|id| id == wanted)
        }
        _ => false,
    })
}

fn merged(item: Value<'_>, changes: &[u8]) -> Result<Vec<u8>> {
    jsonb::apply(&build::document(item)?, &[changes], MAX_PLAN)
}

fn replaced(plan: &[u8], path: &str, item: &[u8]) -> Result<Vec<u8>> {
    let operation = build::object(&[
        (b"op", Value::String(b"replace")),
        (b"path", Value::String(path.as_bytes())),
        (b"value", jsonb::root(item)?),
    ])?;
    let patch = build::array(&[jsonb::root(&operation)?])?;
    // What is over the limit is refused by its size.
    jsonb::apply(plan, &[&patch], 2 * MAX_PLAN)
}

/// Refuses changes that are no merge patch.
pub fn check_changes(changes: &[u8]) -> StateResult<()> {
    if changes.len() > MAX_PLAN {
        return Err(limits::too_large("changes", changes.len(), MAX_PLAN));
    }
    match jsonb::root(changes).map_err(|e| StateError::bad_document("changes", e))? {
        Value::Object(_) => Ok(()),
        _ => Err(StateError::invalid("changes must be a json object")
            .hint("It is merged into the item: {\"status\": \"done\"}.")),
    }
}

/// A todo list that is not there (WF005).
pub fn list_not_found(list_id: &str, tenant: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("todo list \"{list_id}\" does not exist"),
    )
    .detail(format!("The tenant is \"{tenant}\"."))
    .hint("Check the id and the setting wfstate.tenant; wf_save_todo_list makes a list.")
}

/// An item that is not there (WF005).
pub fn item_not_found(list_id: &str, item: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!(
            "todo list \"{list_id}\" has no item {}",
            limits::quoted(item)
        ),
    )
    .hint("Name an item by its id, or where no item of the list has one by its position, from 0.")
}

/// A list that is not at the version that the caller expects (WF001).
pub fn modified(list_id: &str, expected: i64, version: i64) -> StateError {
    StateError::new(
        Code::ConcurrentModification,
        format!("todo list \"{list_id}\" was modified concurrently"),
    )
    .detail(format!(
        "Expected version {expected}, but it is at version {version}."
    ))
    .hint("Read the list again, apply the change to it and save with its version.")
}

/// A list that must not exist (WF006).
pub fn list_exists(list_id: &str) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!("todo list \"{list_id}\" already exists"),
    )
    .detail("Expected version 0 means that it must not exist.")
    .hint("Read it and save with its version, or leave expected_version out.")
}
