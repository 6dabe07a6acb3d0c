//! The indexes of a table, where they are of the kinds that entries are made for here.

use crate::pg::direct::policy::node;
use crate::pg::direct::server::primary_key;
use pgrx::pg_sys;

/// An index whose entries are made here.
pub(super) struct IndexFound {
    pub oid: pg_sys::Oid,
    /// Its columns, by position in the table.
    pub columns: Vec<usize>,
    pub is_unique: bool,
    /// It has entries only of rows that hold something there.
    pub unless_null: Option<usize>,
}

/// The primary key over these columns, where there is to be one, and the others if they count; `None` where one is of another kind. A table whose
/// rows are only updated may have any: the server makes their entries.
///
/// # Safety
/// The table must be open and locked.
pub(super) unsafe fn of(
    relation: pg_sys::Relation,
    key: &[usize],
    others: bool,
) -> Option<Vec<IndexFound>> {
    // SAFETY: the caller's promise; a list of OIDs of the current memory context.
    unsafe {
        let primary = primary_key(relation);
        let mut found = Vec::new();
        if primary != pg_sys::Oid::INVALID {
            found.push(look(primary).filter(|index| index.columns == key)?);
        } else if !key.is_empty() {
            return None;
        }
        let all = pg_sys::RelationGetIndexList(relation);
        let count = if all.is_null() {
            0
        } else {
            usize::try_from((*all).length).unwrap_or(0)
        };
        for number in 0..count {
            let oid = (*(*all).elements.add(number)).oid_value;
            if others && oid != primary {
                found.push(look(oid)?);
            }
        }
        pg_sys::list_free(all);
        Some(found)
    }
}

/// # Safety
/// Of a table that is open and locked.
unsafe fn look(oid: pg_sys::Oid) -> Option<IndexFound> {
    // SAFETY: the caller's promise; the index stays open while it is looked at.
    unsafe {
        let lock = pg_sys::AccessShareLock as i32;
        let index = pg_sys::index_open(oid, lock);
        let found = described(oid, index);
        pg_sys::index_close(index, lock);
        found
    }
}

/// # Safety
/// The index must be open.
unsafe fn described(oid: pg_sys::Oid, index: pg_sys::Relation) -> Option<IndexFound> {
    // SAFETY: the caller's promise; an index has so many columns and collations, and its predicate is a list.
    unsafe {
        let form = &*(*index).rd_index;
        let count = usize::try_from(form.indnatts).ok()?;
        let numbers = form.indkey.values.as_slice(count);
        let columns: Option<Vec<usize>> = numbers
            .iter()
            // 0 is an expression.
            .map(|number| usize::try_from(*number).ok()?.checked_sub(1))
            .collect();
        let collations = std::slice::from_raw_parts((*index).rd_indcollation, count);
        let is_bytewise = |collation: &pg_sys::Oid| {
            [pg_sys::Oid::INVALID, pg_sys::C_COLLATION_OID].contains(collation)
        };
        let is_simple = (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID
            && form.indnkeyatts == form.indnatts
            && form.indisvalid
            && form.indisready
            && form.indimmediate
            && !form.indisexclusion
            && collations.iter().all(is_bytewise);
        let unless_null = match predicate(index) {
            Predicate::None => None,
            Predicate::NotNull(column) => Some(column),
            Predicate::Other => return None,
        };
        is_simple.then_some(IndexFound {
            oid,
            columns: columns?,
            is_unique: form.indisunique,
            unless_null,
        })
    }
}

enum Predicate {
    None,
    NotNull(usize),
    Other,
}

/// # Safety
/// The index must be open.
unsafe fn predicate(index: pg_sys::Relation) -> Predicate {
    // SAFETY: the caller's promise; the expressions are of the current memory context.
    unsafe {
        let conditions = pg_sys::RelationGetIndexPredicate(index);
        if conditions.is_null() {
            return Predicate::None;
        }
        let first = (*(*conditions).elements).ptr_value.cast();
        let column = match node::<pg_sys::NullTest>(first, pg_sys::NodeTag::T_NullTest) {
            Some(test)
                if (*conditions).length == 1
                    && (*test).nulltesttype == pg_sys::NullTestType::IS_NOT_NULL
                    && !(*test).argisrow =>
            {
                node::<pg_sys::Var>((*test).arg.cast(), pg_sys::NodeTag::T_Var)
            }
            _ => None,
        };
        let place = column.and_then(|column| usize::try_from((*column).varattno).ok());
        match place.and_then(|number| number.checked_sub(1)) {
            Some(place) => Predicate::NotNull(place),
            None => Predicate::Other,
        }
    }
}
