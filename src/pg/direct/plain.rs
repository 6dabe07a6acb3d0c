//! Whether a table is what the extension made: only then does a write below the executor leave out nothing that a
//! statement would do. Looked at once, and again when the server says that the table's description has changed.

use crate::pg::direct::indexes::{self, IndexFound};
use crate::pg::direct::places::Places;
use crate::pg::direct::policy;
use crate::pg::direct::rights::{NOBODY, Permitted};
use crate::pg::direct::server::plain_defaults;
use crate::pg::invalidation::{Cached, generation, rights_generation, table_oid};
use crate::pg::rows::Shape;
use crate::pg::types::{Type, attributes, columns};
use pgrx::pg_sys;
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
    /// Of a table that rows are put into.
    pub(super) appended: Option<Appended>,
    found: RefCell<Option<Rc<Found>>>,
    /// Calls below the executor, and those that were left to statements.
    counts: Cell<[i64; 2]>,
    pub(super) shape: RefCell<Option<Rc<Shape>>>,
    pub(super) permitted: Permitted,
    pub(super) places: Places,
}

// SAFETY: a backend runs one thread.
unsafe impl Sync for Table {}

/// What a table that rows are put into has.
#[derive(Clone, Copy)]
pub struct Appended {
    /// All of its columns with a default, and the default as the server writes it. Every column is given, so that a
    /// default which somebody has changed is a reason for the statement.
    pub defaults: &'static [(usize, &'static CStr)],
    /// Whether values come from outside: then what a domain asks of them is asked.
    pub asks_domains: bool,
}

/// What was found when the table was last looked at.
#[derive(Default)]
pub(super) struct Found {
    /// As of these generations, the table's and that of rights, which functions count to; 0 is before every one.
    pub(super) generation: (u64, u64),
    pub(super) table: pg_sys::Oid,
    /// The primary key, first, and of a table that grows the other indexes.
    pub(super) indexes: Vec<IndexFound>,
    /// Of each column its domain, if it has one.
    pub(super) domains: Vec<Option<pg_sys::Oid>>,
    /// Which the policy calls; it must be the caller's to execute.
    pub(super) policy_function: pg_sys::Oid,
    /// The schema, which must be the caller's to use.
    pub(super) schema: pg_sys::Oid,
    /// No policy but the extension's goes by its rows.
    pub(super) shows_tenants: bool,
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
        Self::new(cached, columns, tenant, key, None)
    }

    /// That rows are appended to.
    pub const fn appended(
        cached: Cached,
        columns: &'static [Column],
        tenant: usize,
        key: &'static [usize],
        appended: Appended,
    ) -> Self {
        Self::new(cached, columns, tenant, key, Some(appended))
    }

    const fn new(
        cached: Cached,
        columns: &'static [Column],
        tenant: usize,
        key: &'static [usize],
        appended: Option<Appended>,
    ) -> Self {
        Table {
            cached,
            columns,
            tenant,
            key,
            appended,
            found: RefCell::new(None),
            counts: Cell::new([0; 2]),
            shape: RefCell::new(None),
            permitted: NOBODY,
            places: Places::new(),
        }
    }

    /// Calls since the session began: below the executor, and left to statements.
    pub fn counts(&self) -> [i64; 2] {
        self.counts.get()
    }

    pub(super) fn count(&self, is_direct: bool) {
        let [direct, stated] = self.counts.get();
        let (new, old) = (i64::from(is_direct), i64::from(!is_direct));
        self.counts.set([direct + new, stated + old]);
    }

    /// A call that was begun is left to a statement.
    pub(super) fn left(&self) {
        self.count(false);
    }

    /// Whether it is plain now.
    pub fn is_plain(&self) -> bool {
        self.found_now().is_some_and(|found| found.is_plain)
    }

    /// What is found of it. Whoever asks keeps no lock.
    pub(super) fn found_now(&self) -> Option<Rc<Found>> {
        let lock = pg_sys::AccessShareLock as i32;
        let (relation, found) = self.opened(lock)?;
        // SAFETY: open; the lock was taken to look at it.
        unsafe { pg_sys::relation_close(relation, lock) };
        Some(found)
    }

    /// What was found of it, if that is so now.
    pub(super) fn known(&self) -> Option<Rc<Found>> {
        let known = self.found.borrow().clone();
        known.filter(|found| found.generation == self.generation())
    }

    fn generation(&self) -> (u64, u64) {
        (generation(self.cached), rights_generation())
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.cached.name()
    }

    /// The type of a column.
    pub(super) fn kind(&self, column: usize) -> Option<Type> {
        self.columns.get(column).map(|(_, kind, _)| *kind)
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether what domains ask is asked of the values of a row that is put in.
    pub(super) fn asks_domains(&self) -> bool {
        self.appended.is_some_and(|appended| appended.asks_domains)
    }

    /// Opens it as a statement would; `None` where it is not plain.
    pub(super) fn open(&self, lock: i32) -> Option<(pg_sys::Relation, Rc<Found>)> {
        let (relation, found) = self.opened(lock)?;
        if found.is_plain {
            return Some((relation, found));
        }
        // SAFETY: open; the lock is kept, as by the statement that follows.
        unsafe { pg_sys::relation_close(relation, pg_sys::NoLock as i32) };
        None
    }

    /// Opens it, with what is found of it; `None` where it is gone.
    fn opened(&self, lock: i32) -> Option<(pg_sys::Relation, Rc<Found>)> {
        let known = self.known();
        let oid = match &known {
            Some(found) => found.table,
            None => table_oid(self.cached),
        };
        // SAFETY: takes the lock, and gives NULL where the table is gone; then its description is up to date.
        let relation = unsafe { pg_sys::try_relation_open(oid, lock) };
        if relation.is_null() {
            return None;
        }
        let now = self.generation();
        let found = match known.filter(|found| found.generation == now) {
            Some(found) => found,
            None => {
                // What comes in while it is looked at makes for another look the next time.
                // SAFETY: the table is open and locked.
                let found = Rc::new(unsafe { self.look(relation, now) });
                self.found.replace(Some(Rc::clone(&found)));
                found
            }
        };
        Some((relation, found))
    }

    /// # Safety
    /// The table must be open and locked.
    unsafe fn look(&self, relation: pg_sys::Relation, generation: (u64, u64)) -> Found {
        // SAFETY: the caller's promise.
        unsafe {
            let others = self.appended.is_some();
            let indexes = indexes::of(relation, self.key, others);
            let policy_function = policy::function(relation, self.tenant);
            Found {
                generation,
                table: (*relation).rd_id,
                // The catalog's own flags stay for a while when the last one is dropped.
                is_plain: is_bare(&*(*relation).rd_rel)
                    && (*relation).trigdesc.is_null()
                    && (*relation).rd_rules.is_null()
                    && self.has_columns((*relation).rd_att)
                    && self.has_defaults(relation)
                    && indexes.is_some()
                    && policy_function.is_some(),
                indexes: indexes.unwrap_or_default(),
                domains: domains((*relation).rd_att),
                policy_function: policy_function.unwrap_or(pg_sys::Oid::INVALID),
                schema: (*(*relation).rd_rel).relnamespace,
                shows_tenants: policy_function.is_some() || !(*(*relation).rd_rel).relrowsecurity,
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
            let Some(appended) = &self.appended else {
                return true;
            };
            let is_known = |default: &pg_sys::AttrDefault| {
                let place = usize::try_from(default.adnum).unwrap_or(0).wrapping_sub(1);
                let node = pg_sys::stringToNode(default.adbin);
                let none = std::ptr::null_mut();
                let text = pg_sys::deparse_expression(node.cast(), none, false, false);
                appended.defaults.contains(&(place, CStr::from_ptr(text)))
            };
            defaults.len() == appended.defaults.len() && defaults.iter().all(is_known)
        }
    }
}

/// A plain table of heap rows, without anything that goes by its rows.
fn is_bare(described: &pg_sys::FormData_pg_class) -> bool {
    described.relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char
        && described.relam == pg_sys::HEAP_TABLE_AM_OID
        && !described.relhassubclass
        && !described.relispartition
}

/// Of each column its domain, if it has one.
///
/// # Safety
/// The descriptor must be valid.
unsafe fn domains(descriptor: pg_sys::TupleDesc) -> Vec<Option<pg_sys::Oid>> {
    // SAFETY: the caller's promise; a catalog look-up of a type that exists.
    unsafe {
        let each = attributes(descriptor).iter();
        each.map(|attribute| {
            let declared = attribute.atttypid;
            (declared != pg_sys::Oid::INVALID && pg_sys::getBaseType(declared) != declared)
                .then_some(declared)
        })
        .collect()
    }
}
