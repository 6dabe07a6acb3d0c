//! The elements of arguments that are arrays, parallel or not.

use super::{bytes, micros};
use crate::core::StateResult;
use crate::core::limits::{self, MAX_BATCH};
use crate::pg::array::ArrayArg;
use crate::pg::datum::JsonbArg;
use pgrx::datum::FromDatum;
use pgrx::prelude::*;

pub(super) type Texts<'a> = Option<ArrayArg<'a, &'a str>>;
pub(super) type Numbers<'a> = Option<ArrayArg<'a, i64>>;
pub(super) type Times<'a> = Option<ArrayArg<'a, TimestampWithTimeZone>>;
pub(super) type Documents<'a> = Option<ArrayArg<'a, JsonbArg<'a>>>;

/// What was read of an array that may be left out.
pub(super) type Read<T> = Option<Vec<Option<T>>>;

/// How many elements an array has; `None` where it was left out.
pub(super) fn length<T: FromDatum>(array: &Option<ArrayArg<'_, T>>) -> Option<usize> {
    array.as_ref().map(ArrayArg::count)
}

/// The elements of an array of a batch.
pub(super) fn read<T: FromDatum>(
    argument: &str,
    array: &Option<ArrayArg<'_, T>>,
) -> StateResult<Read<T>> {
    let array = array.as_ref();
    array
        .map(|array| array.read(argument, MAX_BATCH))
        .transpose()
}

/// Names, none of which is NULL; `each` is what one of them is called.
pub(super) fn names(
    argument: &str,
    each: &str,
    array: &ArrayArg<'_, &str>,
) -> StateResult<Vec<String>> {
    let names = array.read(argument, MAX_BATCH)?;
    names
        .into_iter()
        .map(|name| limits::name(each, name).map(str::to_owned))
        .collect()
}

/// An element of these; NULL where the array was left out.
pub(super) fn element<T: Copy>(all: &Read<T>, at: usize) -> Option<T> {
    *all.as_ref()?.get(at)?
}

/// The same of times.
pub(super) fn moment(all: &Read<TimestampWithTimeZone>, at: usize) -> Option<i64> {
    micros(element(all, at))
}

/// The same of documents.
pub(super) fn document<'d>(all: &Read<JsonbArg<'d>>, at: usize) -> Option<&'d [u8]> {
    bytes(element(all, at))
}
