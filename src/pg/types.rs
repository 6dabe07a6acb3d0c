//! Types of parameters, of a statement's columns and of results: whatever is read or written as one of them is
//! held against the server's own description first, so that a mismatch is an error and never wrong memory.

use pgrx::pg_sys;

/// A type that crosses the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// text, or a domain over it
    Text,
    /// bigint
    Int8,
    /// integer
    Int4,
    /// boolean
    Bool,
    /// jsonb
    Jsonb,
    /// timestamp with time zone
    Timestamptz,
    /// interval
    Interval,
    /// text[]
    TextArray,
    /// bigint[]
    Int8Array,
    /// jsonb[]
    JsonbArray,
    /// timestamptz[]
    TimestamptzArray,
    /// real[]
    Float4Array,
    /// double precision[]
    Float8Array,
    /// double precision
    Float8,
    /// uuid
    Uuid,
    /// bytea
    Bytea,
    /// oid, or an alias of it; read only
    Oid,
    /// routing_stats, whose OID differs from database to database; never a parameter
    RoutingStats,
}

impl Type {
    /// Its OID; of a type that has none everywhere, InvalidOid.
    pub(super) fn oid(self) -> pg_sys::Oid {
        match self {
            Type::Text => pg_sys::TEXTOID,
            Type::Int8 => pg_sys::INT8OID,
            Type::Int4 => pg_sys::INT4OID,
            Type::Bool => pg_sys::BOOLOID,
            Type::Jsonb => pg_sys::JSONBOID,
            Type::Timestamptz => pg_sys::TIMESTAMPTZOID,
            Type::Interval => pg_sys::INTERVALOID,
            Type::TextArray => pg_sys::TEXTARRAYOID,
            Type::Int8Array => pg_sys::INT8ARRAYOID,
            Type::JsonbArray => pg_sys::JSONBARRAYOID,
            Type::TimestamptzArray => pg_sys::TIMESTAMPTZARRAYOID,
            Type::Float4Array => pg_sys::FLOAT4ARRAYOID,
            Type::Float8Array => pg_sys::FLOAT8ARRAYOID,
            Type::Float8 => pg_sys::FLOAT8OID,
            Type::Uuid => pg_sys::UUIDOID,
            Type::Bytea => pg_sys::BYTEAOID,
            Type::Oid => pg_sys::OIDOID,
            Type::RoutingStats => pg_sys::Oid::INVALID,
        }
    }
}

/// Type of a column, as a descriptor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    declared: pg_sys::Oid,
    base: pg_sys::Oid,
    is_varlena: bool,
}

impl Column {
    /// Whether values of the column are values of the type.
    #[inline]
    pub(super) fn holds(&self, kind: Type) -> bool {
        match kind {
            Type::Oid => self.base == pg_sys::OIDOID || self.base == pg_sys::REGROLEOID,
            Type::RoutingStats => {
                self.is_varlena && self.base.to_u32() >= pg_sys::FirstNormalObjectId
            }
            kind => self.base == kind.oid() && self.base != pg_sys::Oid::INVALID,
        }
    }

    /// The type's name in messages.
    pub(super) fn name(&self) -> String {
        // SAFETY: returns a string of the current memory context, also for a type that does not exist.
        let name = unsafe { std::ffi::CStr::from_ptr(pg_sys::format_type_be(self.declared)) };
        name.to_string_lossy().into_owned()
    }
}

/// The columns of a descriptor; domains are looked through.
///
/// # Safety
/// `descriptor` must be valid.
pub(super) unsafe fn columns(descriptor: pg_sys::TupleDesc) -> Vec<Column> {
    // SAFETY: the caller's promise.
    let attributes = unsafe { attributes(descriptor) };
    attributes
        .iter()
        .map(|attribute| Column {
            declared: attribute.atttypid,
            base: match attribute.atttypid {
                // A column that was dropped.
                pg_sys::Oid::INVALID => pg_sys::Oid::INVALID,
                // SAFETY: a catalog look-up, which raises for a type that does not exist.
                other => unsafe { pg_sys::getBaseType(other) },
            },
            is_varlena: attribute.attlen == -1 && !attribute.attbyval,
        })
        .collect()
}

/// Whether a descriptor has exactly these columns.
///
/// # Safety
/// `descriptor` must be valid.
pub(super) unsafe fn same_columns(descriptor: pg_sys::TupleDesc, columns: &[Column]) -> bool {
    // SAFETY: the caller's promise.
    let attributes = unsafe { attributes(descriptor) };
    attributes.len() == columns.len()
        && std::iter::zip(attributes, columns).all(|(a, c)| a.atttypid == c.declared)
}

/// # Safety
/// `descriptor` must be valid as long as the result is used.
pub(super) unsafe fn attributes<'a>(
    descriptor: pg_sys::TupleDesc,
) -> &'a [pg_sys::FormData_pg_attribute] {
    // SAFETY: the caller's promise; a descriptor has `natts` attributes.
    unsafe {
        let count = usize::try_from((*descriptor).natts).unwrap_or(0);
        #[cfg(not(feature = "pg18"))]
        let first = (*descriptor).attrs.as_ptr();
        // From 18 on they stand behind as many compact ones.
        #[cfg(feature = "pg18")]
        let first = (*descriptor).compact_attrs.as_ptr().add(count).cast();
        std::slice::from_raw_parts(first, count)
    }
}
