//! How keys are compared.

use crate::pg::error::internal;
use crate::pg::types::Type;
use pgrx::pg_sys;

/// How a column of a key is compared.
#[derive(Clone, Copy)]
pub enum Compared {
    /// It is the value.
    Equal,
    /// It is no less.
    AtLeast,
    /// It is no more.
    AtMost,
}

/// The operator that compares a key with a value of a type: its number in the index, and its function.
pub(super) fn comparison(kind: Option<Type>, how: Compared) -> (u32, pg_sys::RegProcedure) {
    match (kind, how) {
        (Some(Type::Text), Compared::Equal) => {
            (pg_sys::BTEqualStrategyNumber, pg_sys::F_TEXTEQ.into())
        }
        (Some(Type::Int8), Compared::Equal) => {
            (pg_sys::BTEqualStrategyNumber, pg_sys::F_INT8EQ.into())
        }
        (Some(Type::Int8), Compared::AtLeast) => (
            pg_sys::BTGreaterEqualStrategyNumber,
            pg_sys::F_INT8GE.into(),
        ),
        (Some(Type::Int8), Compared::AtMost) => {
            (pg_sys::BTLessEqualStrategyNumber, pg_sys::F_INT8LE.into())
        }
        _ => internal("a key of this type is not looked up", "a key"),
    }
}
