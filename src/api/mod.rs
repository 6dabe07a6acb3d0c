//! The SQL surface: each function checks its arguments' form, calls the store, and converts the result.

mod agents;
mod arrays;
mod batch;
mod checkpoints;
mod circuit_lists;
mod circuits;
mod definitions;
mod execution;
mod feed;
mod health;
mod import;
mod leases;
mod log;
mod logs;
mod looking;
mod memories;
mod metrics;
mod migrations;
mod partitions;
mod query;
mod repair;
mod retention;
mod routing;
mod sagas;
mod session;
mod sessions;
mod state;
mod stats;
mod step_batches;
mod steps;
mod tasks;
mod tenants;
mod thoughts;
mod todo_lists;
mod waits;

use crate::core::{StateResult, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::spi::Interval;
use crate::store::Key;
use crate::store::queue::guard::{self, Touch};
use crate::store::tenants::tenant;
use pgrx::datum::TimestampWithTimeZone;

/// Runs `body` for the execution that the arguments and the session's tenant name.
fn with_key<T>(
    execution_id: Option<&str>,
    body: impl FnOnce(Key<'_>) -> StateResult<T>,
) -> StateResult<T> {
    let tenant = tenant::current()?;
    let id = limits::name("execution_id", execution_id)?;
    body(Key {
        tenant: &tenant,
        id,
    })
}

/// The same under the lease, where one is given.
fn with_lease<T>(
    execution_id: Option<&str>,
    lease: Option<i64>,
    body: impl FnOnce(Key<'_>) -> StateResult<T>,
) -> StateResult<T> {
    with_key(execution_id, |key| {
        guard::under(key, lease, Touch::Nothing, || body(key))
    })
}

/// What a call gives one by one, as long as the session keeps its tenant.
fn in_tenant<T: 'static>(
    tenant: String,
    mut items: impl Iterator<Item = StateResult<T>> + 'static,
) -> impl Iterator<Item = StateResult<T>> + 'static {
    std::iter::from_fn(move || match tenant::still(&tenant) {
        Ok(()) => items.next(),
        Err(error) => Some(Err(error)),
    })
}

fn bytes<'a>(value: Option<JsonbArg<'a>>) -> Option<&'a [u8]> {
    value.map(JsonbArg::bytes)
}

/// Microseconds, as the server counts them.
fn micros(at: Option<TimestampWithTimeZone>) -> Option<i64> {
    at.map(TimestampWithTimeZone::into_inner)
}

fn interval(age: Option<pgrx::datum::Interval>) -> Option<Interval> {
    age.map(|age| Interval {
        months: age.months(),
        days: age.days(),
        micros: age.micros(),
    })
}

/// A length of time within the limits of one.
fn age(argument: &str, value: Option<pgrx::datum::Interval>) -> StateResult<Option<Interval>> {
    let value = interval(value);
    if let Some(age) = value {
        limits::age(argument, age.months, age.days, age.micros)?;
    }
    Ok(value)
}

/// The elements of an array of ids: none of them NULL, each a valid id.
fn ids(argument: &str, values: arrays::Texts<'_>) -> StateResult<Vec<String>> {
    let values = limits::required(argument, values)?;
    arrays::names(argument, "an execution_id", &values)
}
