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

/// Refuses what is no plan: neither an array nor an object that has one.
pub fn check(plan: &[u8]) -> StateResult<()> {
    if plan.len() > MAX_PLAN {
        return Err(limits::too_large("plan", plan.len(), MAX_PLAN)
            .hint("Split the plan over several todo lists."));
    }
    match items(plan).map_err(bad)? {
        Some(_) => Ok(()),
        None => Err(StateError::invalid(
            "plan must be a json array, or an object with one in its member items",
        )
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
    if !matches!(old, Value::Object(_)) {
        return Err(no_object(item));
    }
    let changed = merged(old, changes).map_err(|e| StateError::bad_document("changes", e))?;
    edited(plan, "replace", &format!("{path}/{at}"), Some(&changed)).map(Some)
}

/// The plan with an item more: before the one at that position, from 0, or at its end.
pub fn add(list_id: &str, plan: &[u8], item: &[u8], position: Option<i32>) -> StateResult<Vec<u8>> {
    if item.len() > MAX_PLAN {
        return Err(limits::too_large("item", item.len(), MAX_PLAN)
            .hint("Keep it elsewhere, and in the item what leads to it."));
    }
    let Some((items, path)) = items(plan).map_err(bad)? else {
        return Err(no_list(list_id));
    };
    let count = items.iter().count();
    let at = position.map(usize::try_from).transpose();
    let at = at.ok().filter(|at| at.is_none_or(|at| at <= count));
    let Some(at) = at else {
        return Err(StateError::invalid("at_position is out of range")
            .detail(format!(
                "It is {}, but the list has {count} items.",
                position.unwrap_or_default()
            ))
            .hint("Positions count from 0; leave it out to add at the end."));
    };
    let at = at.unwrap_or(count);
    if let Some(id) = id_of(item).map_err(|e| StateError::bad_document("item", e))?
        && has_id(items, &id).map_err(bad)?
    {
        return Err(item_exists(list_id, &id));
    }
    edited(plan, "add", &format!("{path}/{at}"), Some(item))
}

/// The plan without one of its items; `None` where it has no such item.
pub fn remove(plan: &[u8], item: &str) -> StateResult<Option<Vec<u8>>> {
    let Some((items, path)) = items(plan).map_err(bad)? else {
        return Ok(None);
    };
    let Some((at, _)) = find(items, item).map_err(bad)? else {
        return Ok(None);
    };
    edited(plan, "remove", &format!("{path}/{at}"), None).map(Some)
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
    Ok(written(id)?.is_some_and(|id| id == wanted))
}

/// An id as items are asked for by it; `None` where it can be none.
fn written(id: Value<'_>) -> Result<Option<String>> {
    Ok(match id {
        Value::String(text) => std::str::from_utf8(text).ok().map(String::from),
        // No longer than a name may be.
        Value::Numeric(raw) => Numeric::parse(raw)?.whole(limits::MAX_NAME),
        _ => None,
    })
}

fn id_of(item: &[u8]) -> Result<Option<String>> {
    match jsonb::root(item)? {
        Value::Object(object) => Ok(object.get(b"id")?.map(written).transpose()?.flatten()),
        _ => Ok(None),
    }
}

fn has_id(items: Array<'_>, wanted: &str) -> Result<bool> {
    for value in items.iter() {
        if let Value::Object(object) = value?
            && let Some(id) = object.get(b"id")?
            && is(id, wanted)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn merged(item: Value<'_>, changes: &[u8]) -> Result<Vec<u8>> {
    jsonb::apply(&build::document(item)?, &[changes], MAX_PLAN)
}

/// The plan after one operation of a patch.
fn edited(plan: &[u8], op: &str, path: &str, value: Option<&[u8]>) -> StateResult<Vec<u8>> {
    let patched = || -> Result<Vec<u8>> {
        let mut members: Vec<(&[u8], Value<'_>)> = vec![
            (b"op", Value::String(op.as_bytes())),
            (b"path", Value::String(path.as_bytes())),
        ];
        if let Some(value) = value {
            members.push((b"value", jsonb::root(value)?));
        }
        let operation = build::object(&members)?;
        let patch = build::array(&[jsonb::root(&operation)?])?;
        // What is over the limit is refused by its size.
        jsonb::apply(plan, &[&patch], 2 * MAX_PLAN)
    };
    let whole = patched().map_err(bad)?;
    check(&whole)?;
    Ok(whole)
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

/// An item that has no members, which changes could be merged into (22023).
fn no_object(item: &str) -> StateError {
    StateError::invalid(format!("item {} is not an object", limits::quoted(item)))
        .detail("Changes are merged into the members of an item, and it has none.")
        .hint("Save the plan with an object in its place, such as {\"task\": \"...\"}.")
}

/// A list that is to be made without a plan (22023).
pub fn no_plan(list_id: &str) -> StateError {
    StateError::invalid("plan must not be null")
        .detail(format!(
            "There is no todo list \"{list_id}\" whose plan could be kept."
        ))
        .hint("Write plan => ...: the second argument is execution_id.")
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

/// An item whose id another one has (WF006).
fn item_exists(list_id: &str, id: &str) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!(
            "todo list \"{list_id}\" already has an item {}",
            limits::quoted(id)
        ),
    )
    .hint("Give the item another id, or change the one that is there: wf_update_todo.")
}

/// A stored plan that has no items, as older ones may have (22023).
fn no_list(list_id: &str) -> StateError {
    StateError::invalid(format!("plan of todo list \"{list_id}\" has no items"))
        .hint("Save a plan that is an array, or has one in its member items.")
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
