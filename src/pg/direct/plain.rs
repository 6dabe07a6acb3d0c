//! Whether a table is what the extension made: only then does a write below the executor leave out nothing that a
//! statement would do. Looked at once, and again when the server says that the table's description has changed.

use crate::pg::direct::server::{plain_defaults, primary_key};
use crate::pg::direct::tables::Purpose;
use crate::pg::invalidation::{Cached, generation, table_oid};
use crate::pg::rows::Shape;
use crate::pg::types::{Type, attributes, columns};
use pgrx::{FromDatum, pg_sys};
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;

/// A column: its name, its type, and whether it holds no NULL.
pub type Column = (&'static CStr, Type, bool);

/// A table of schema wfstate that is written below the executor.
pub struct Table {
    cached: Cached,
    /// Its columns, all of them in their order.
    columns: &'static [Column],
    /// The column that row-level security goes by.
    tenant: usize,
    /// Columns of the primary key, which must collate "C" where they are texts.
    pub(super) key: &'static [usize],
    /// The column that is filled with the name of the current role by default.
    author: Option<usize>,
    /// Whether rows are put in, too; then the primary key is its only index.
    grows: bool,
    found: Cell<Found>,
    pub(super) shape: RefCell<Option<Rc<Shape>>>,
}

// SAFETY: a backend runs one thread.
unsafe impl Sync for Table {}

/// What was found when the table was last looked at.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// As of this generation; 0 is before every one.
    generation: u64,
    pub(super) table: pg_sys::Oid,
    /// Of the primary key.
    pub(super) index: pg_sys::Oid,
    /// Which the policy calls; it must be the caller's to execute.
    pub(super) policy_function: pg_sys::Oid,
    is_plain: bool,
}

impl Table {
    /// Of whose rows columns are changed.
    pub const fn updated(
        cached: Cached,
        columns: &'static [Column],
        tenant: usize,
        key: &'static [usize],
    ) -> Self {
        Self::new(cached, columns, (tenant, None, false), key)
    }

    /// That rows are appended to; the author's column has CURRENT_USER as its default, and there is no other default.
    pub const fn appended(
        cached: Cached,
        columns: &'static [Column],
        tenant: usize,
        key: &'static [usize],
        author: usize,
    ) -> Self {
        Self::new(cached, columns, (tenant, Some(author), true), key)
    }

    const fn new(
        cached: Cached,
        columns: &'static [Column],
        (tenant, author, grows): (usize, Option<usize>, bool),
        key: &'static [usize],
    ) -> Self {
        Table {
            cached,
            columns,
            tenant,
            key,
            author,
            grows,
            found: Cell::new(Found {
                generation: 0,
                table: pg_sys::Oid::INVALID,
                index: pg_sys::Oid::INVALID,
                policy_function: pg_sys::Oid::INVALID,
                is_plain: false,
            }),
            shape: RefCell::new(None),
        }
    }

    /// Its name in messages.
    pub(super) fn name(&self) -> &'static str {
        self.cached.name()
    }

    /// The type of a column.
    pub(super) fn kind(&self, column: usize) -> Option<Type> {
        self.columns.get(column).map(|(_, kind, _)| *kind)
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn rights(&self, purpose: Purpose) -> pg_sys::AclMode {
        let rights = match purpose {
            Purpose::Read => pg_sys::ACL_SELECT,
            Purpose::Write if self.grows => pg_sys::ACL_INSERT,
            Purpose::Write => pg_sys::ACL_SELECT | pg_sys::ACL_UPDATE,
        };
        rights as pg_sys::AclMode
    }

    /// Opens it as a statement would; `None` where it is not plain.
    pub(super) fn open(&self, lock: i32) -> Option<(pg_sys::Relation, Found)> {
        let mut known = self.found.get();
        if known.generation != generation(self.cached) {
            known.table = table_oid(self.cached);
        }
        // SAFETY: takes the lock, and gives NULL where the table is gone; then its description is up to date.
        let relation = unsafe { pg_sys::try_relation_open(known.table, lock) };
        if relation.is_null() {
            return None;
        }
        let now = generation(self.cached);
        if known.generation != now {
            // What comes in while it is looked at makes for another look the next time.
            // SAFETY: the table is open and locked.
            known = unsafe { self.look(relation, now) };
            self.found.set(known);
        }
        if known.is_plain {
            return Some((relation, known));
        }
        // SAFETY: open; the lock is kept, as by the statement that follows.
        unsafe { pg_sys::relation_close(relation, pg_sys::NoLock as i32) };
        None
    }

    /// # Safety
    /// The table must be open and locked.
    unsafe fn look(&self, relation: pg_sys::Relation, generation: u64) -> Found {
        // SAFETY: the caller's promise.
        unsafe {
            let index = primary_key(relation);
            let policy_function = self.policy_function(relation);
            Found {
                generation,
                table: (*relation).rd_id,
                index,
                policy_function: policy_function.unwrap_or(pg_sys::Oid::INVALID),
                is_plain: is_bare(&*(*relation).rd_rel)
                    && self.has_columns((*relation).rd_att)
                    && self.has_defaults(relation)
                    && self.has_indexes(relation, index)
                    && policy_function.is_some(),
            }
        }
    }

    /// # Safety
    /// The descriptor must be valid.
    unsafe fn has_columns(&self, descriptor: pg_sys::TupleDesc) -> bool {
        // SAFETY: the caller's promise.
        let (attributes, types) = unsafe { (attributes(descriptor), columns(descriptor)) };
        let mut each = attributes.iter().zip(&types).zip(self.columns);
        attributes.len() == self.columns.len()
            && each.all(|((attribute, found), (name, kind, is_required))| {
                // SAFETY: names of the server end with NUL.
                let is_named = unsafe { CStr::from_ptr(attribute.attname.data.as_ptr()) } == *name;
                // Texts may be of a domain: what is written into one comes from a row that has it.
                let is_bare = attribute.atttypid == kind.oid() || *kind == Type::Text;
                is_named && is_bare && found.holds(*kind) && attribute.attnotnull == *is_required
            })
    }

    /// # Safety
    /// The table must be open.
    unsafe fn has_defaults(&self, relation: pg_sys::Relation) -> bool {
        // SAFETY: the caller's promise; a default is a node tree as text, which the server reads back.
        unsafe {
            let Some(defaults) = plain_defaults((*(*relation).rd_att).constr) else {
                return false;
            };
            if !self.grows {
                return true;
            }
            let is_author = |default: &pg_sys::AttrDefault| {
                let place = usize::try_from(default.adnum).ok();
                let node = pg_sys::stringToNode(default.adbin);
                let none = std::ptr::null_mut();
                let text = pg_sys::deparse_expression(node.cast(), none, false, false);
                place.and_then(|place| place.checked_sub(1)) == self.author
                    && CStr::from_ptr(text) == c"CURRENT_USER"
            };
            defaults.len() == usize::from(self.author.is_some()) && defaults.iter().all(is_author)
        }
    }

    /// Whether the primary key is the index that the look-up and the entries are made for. A table whose rows are
    /// only updated may have others: the server makes their entries.
    ///
    /// # Safety
    /// The table must be open and locked.
    unsafe fn has_indexes(&self, relation: pg_sys::Relation, primary: pg_sys::Oid) -> bool {
        if primary == pg_sys::Oid::INVALID {
            return false;
        }
        // SAFETY: the caller's promise; the index is the table's, and locked with it.
        unsafe {
            let all = pg_sys::RelationGetIndexList(relation);
            let count = (*all).length;
            pg_sys::list_free(all);
            let index = pg_sys::index_open(primary, pg_sys::AccessShareLock as i32);
            let is_one = self.is_key(&*index);
            pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
            is_one && (count == 1 || !self.grows)
        }
    }

    /// # Safety
    /// The index must be open.
    unsafe fn is_key(&self, index: &pg_sys::RelationData) -> bool {
        // SAFETY: the caller's promise; an index has so many columns and collations.
        unsafe {
            let described = &*index.rd_index;
            let count = self.key.len();
            if usize::try_from(described.indnkeyatts) != Ok(count)
                || usize::try_from(described.indnatts) != Ok(count)
            {
                return false;
            }
            let numbers = described.indkey.values.as_slice(count);
            let collations = std::slice::from_raw_parts(index.rd_indcollation, count);
            let is_column = |((place, number), collation): ((&usize, &i16), &pg_sys::Oid)| {
                usize::try_from(*number).ok() == Some(place + 1)
                    && [pg_sys::Oid::INVALID, pg_sys::C_COLLATION_OID].contains(collation)
            };
            (*index.rd_rel).relam == pg_sys::BTREE_AM_OID
                && described.indisvalid
                && described.indisready
                && described.indimmediate
                && self.key.iter().zip(numbers).zip(collations).all(is_column)
        }
    }

    /// The function of the policy `tenant = wfstate.current_tenant()`, where that is the only one, for everybody and
    /// everything, and the owner is not held to it; what it asks is then the caller's to compare.
    ///
    /// # Safety
    /// The table must be open.
    unsafe fn policy_function(&self, relation: pg_sys::Relation) -> Option<pg_sys::Oid> {
        // SAFETY: the caller's promise; policies and their expressions live as long as the table is open and locked.
        unsafe {
            let described = &*(*relation).rd_rel;
            if !described.relrowsecurity
                || described.relforcerowsecurity
                || (*relation).rd_rsdesc.is_null()
            {
                return None;
            }
            let policies = (*(*relation).rd_rsdesc).policies;
            if policies.is_null() || (*policies).length != 1 {
                return None;
            }
            let policy = &*(*(*policies).elements)
                .ptr_value
                .cast::<pg_sys::RowSecurityPolicy>();
            let roles = Vec::<pg_sys::Oid>::from_datum(policy.roles.into(), false);
            let is_general = policy.permissive
                && policy.polcmd == b'*' as std::ffi::c_char
                && roles.is_some_and(|roles| roles == [pg_sys::Oid::from(pg_sys::ACL_ID_PUBLIC)]);
            let shown = self.compared(policy.qual.cast())?;
            let written = self.compared(policy.with_check_qual.cast())?;
            (is_general && shown == written).then_some(shown)
        }
    }

    /// The function `f` of an expression `tenant = f()`.
    ///
    /// # Safety
    /// The expression must be one of the server's, or NULL.
    unsafe fn compared(&self, expression: *const pg_sys::Node) -> Option<pg_sys::Oid> {
        // SAFETY: the caller's promise; a node is what its tag says.
        unsafe {
            let equal = &*node::<pg_sys::OpExpr>(expression, pg_sys::NodeTag::T_OpExpr)?;
            if equal.opfuncid != pg_sys::Oid::from(pg_sys::F_TEXTEQ) || (*equal.args).length != 2 {
                return None;
            }
            let argument = |index| bare((*(*equal.args).elements.add(index)).ptr_value.cast());
            let column = &*node::<pg_sys::Var>(argument(0), pg_sys::NodeTag::T_Var)?;
            let call = &*node::<pg_sys::FuncExpr>(argument(1), pg_sys::NodeTag::T_FuncExpr)?;
            let is_tenant = usize::try_from(column.varattno).ok() == Some(self.tenant + 1);
            let is_ours = call.args.is_null() && is_current_tenant(call.funcid);
            (is_tenant && column.varlevelsup == 0 && is_ours).then_some(call.funcid)
        }
    }
}

/// A plain table of heap rows, without anything that goes by its rows.
fn is_bare(described: &pg_sys::FormData_pg_class) -> bool {
    described.relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char
        && described.relam == pg_sys::HEAP_TABLE_AM_OID
        && !described.relhasrules
        && !described.relhastriggers
        && !described.relhassubclass
        && !described.relispartition
}

/// # Safety
/// As for `compared`.
unsafe fn node<T>(node: *const pg_sys::Node, tag: pg_sys::NodeTag) -> Option<*const T> {
    // SAFETY: the caller's promise.
    (!node.is_null() && unsafe { (*node).type_ } == tag).then(|| node.cast())
}

/// What stands below the relabelling of a domain as its base type.
///
/// # Safety
/// As for `compared`.
unsafe fn bare(mut expression: *const pg_sys::Node) -> *const pg_sys::Node {
    // SAFETY: the caller's promise.
    unsafe {
        while let Some(relabel) =
            node::<pg_sys::RelabelType>(expression, pg_sys::NodeTag::T_RelabelType)
        {
            expression = (*relabel).arg.cast();
        }
    }
    expression
}

fn is_current_tenant(function: pg_sys::Oid) -> bool {
    // SAFETY: look-ups in the catalog; the name is of the current memory context.
    unsafe {
        let name = pg_sys::get_func_name(function);
        let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), true);
        !name.is_null()
            && CStr::from_ptr(name) == c"current_tenant"
            && schema != pg_sys::Oid::INVALID
            && pg_sys::get_func_namespace(function) == schema
    }
}
