//! The members of a document of `wf_export`, one at a time.

use super::import_document::ReadTime;
use super::jsonb::numeric::Numeric;
use super::jsonb::{Array, Object, Value, Writer};
use super::{Code, Error, StateError, StateResult, limits, memory};
use std::ops::RangeInclusive;

/// An id or a name.
pub(super) fn label<'a>(object: Object<'a>, name: &str) -> StateResult<Option<&'a str>> {
    match text(object, name)? {
        Some("") => Err(refused(&format!("its {name} is empty"))),
        label => limits::optional_name(name, label),
    }
}

pub(super) fn text<'a>(object: Object<'a>, name: &str) -> StateResult<Option<&'a str>> {
    match optional(object, name)? {
        None => Ok(None),
        Some(Value::String(text)) => std::str::from_utf8(text)
            .map(Some)
            .map_err(|_| refused(&format!("its {name} is not in utf-8"))),
        Some(_) => Err(refused(&format!("its {name} is not a text"))),
    }
}

pub(super) fn time(
    object: Object<'_>,
    name: &str,
    read_time: ReadTime,
) -> StateResult<Option<i64>> {
    text(object, name)?
        .map(|text| {
            read_time(text)
                .ok_or_else(|| refused(&format!("its {name} is not a time as wf_export writes it")))
        })
        .transpose()
}

pub(super) fn integer(
    object: Object<'_>,
    name: &str,
    range: &RangeInclusive<i64>,
) -> StateResult<Option<i64>> {
    let number = match optional(object, name)? {
        None => return Ok(None),
        Some(Value::Numeric(number)) => Numeric::parse(number).ok().and_then(|n| n.to_i64()),
        Some(_) => None,
    };
    number
        .filter(|number| range.contains(number))
        .map(Some)
        .ok_or_else(|| refused(&format!("its {name} is not an integer in range")))
}

/// What an object may be.
pub(super) type Limit = for<'a> fn(&str, Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>>;

/// An object of a size that `limit` allows.
pub(super) fn limited_object(
    object: Object<'_>,
    name: &str,
    limit: Limit,
) -> StateResult<Option<Vec<u8>>> {
    let value = match optional(object, name)? {
        None => return Ok(None),
        Some(value @ Value::Object(_)) => raw(value)?,
        Some(_) => return Err(refused(&format!("its {name} is not an object"))),
    };
    limit(name, Some(&value))?;
    Ok(Some(value))
}

pub(super) fn array<'a>(object: Object<'a>, name: &str) -> StateResult<Array<'a>> {
    match member(object, name)? {
        Value::Array(array) => Ok(array),
        _ => Err(refused(&format!("its {name} is not an array"))),
    }
}

pub(super) fn object<'a>(value: Value<'a>, what: &str) -> StateResult<Object<'a>> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(refused(&format!("{what} is not an object"))),
    }
}

pub(super) fn member<'a>(object: Object<'a>, name: &str) -> StateResult<Value<'a>> {
    required(object.get(name.as_bytes()).map_err(bad)?, name)
}

pub(super) fn optional<'a>(object: Object<'a>, name: &str) -> StateResult<Option<Value<'a>>> {
    let value = object.get(name.as_bytes()).map_err(bad)?;
    Ok(value.filter(|value| *value != Value::Null))
}

pub(super) fn required<T>(value: Option<T>, name: &str) -> StateResult<T> {
    value.ok_or_else(|| refused(&format!("a {name} is missing")))
}

/// A value as a document of its own.
pub fn raw(value: Value<'_>) -> StateResult<Vec<u8>> {
    let size = match value {
        Value::Array(array) => array.raw().len(),
        Value::Object(object) => object.raw().len(),
        _ => 0,
    };
    let mut out = memory::room(size).map_err(bad)?;
    Writer::new(&mut out).document(value).map_err(bad)?;
    Ok(out)
}

/// Bytes that are no jsonb, or nested too deeply.
pub fn bad(error: Error) -> StateError {
    StateError::bad_document("document", error)
}

/// A document that `wf_export` did not write. `why` names the place and never holds content.
pub fn refused(why: &str) -> StateError {
    StateError::new(
        Code::InvalidParameter,
        "document is not an export of wf_export",
    )
    .detail(format!("The document cannot be used: {why}."))
    .hint("Pass what wf_export returned, unchanged.")
}
