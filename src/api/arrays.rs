//! The elements of arguments that are parallel arrays.

use super::{bytes, micros};
use crate::pg::datum::JsonbArg;
use pgrx::prelude::*;

pub(super) type Texts<'a> = Option<pgrx::Array<'a, &'a str>>;
pub(super) type Times = Option<Vec<Option<TimestampWithTimeZone>>>;
pub(super) type Documents<'a> = Option<pgrx::Array<'a, JsonbArg<'a>>>;

/// The texts of an array.
pub(super) fn texts<'t>(array: &'t Texts<'_>) -> Option<Vec<Option<&'t str>>> {
    Some(array.as_ref()?.iter().collect())
}

/// An element of these; NULL where the array was left out.
pub(super) fn text<'t>(all: Option<&[Option<&'t str>]>, at: usize) -> Option<&'t str> {
    *all?.get(at)?
}

/// The same of times.
pub(super) fn moment(array: &Times, at: usize) -> Option<i64> {
    micros(*array.as_ref()?.get(at)?)
}

/// The documents of an array.
pub(super) fn documents<'d>(array: &'d Documents<'_>) -> Option<Vec<Option<JsonbArg<'d>>>> {
    Some(array.as_ref()?.iter().collect())
}

/// An element of these.
pub(super) fn document<'d>(all: Option<&[Option<JsonbArg<'d>>]>, at: usize) -> Option<&'d [u8]> {
    bytes(*all?.get(at)?)
}
