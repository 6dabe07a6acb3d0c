//! This session's copy of a small table, by tenant: what is read on every save and changes rarely.

use crate::pg::invalidation::{Cached, generation};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::thread::LocalKey;

/// What a tenant has in the table, by workflow.
pub(in crate::store) type OfTenant<R> = BTreeMap<String, R>;

/// Rows up to which a session keeps the table; beyond, it keeps those of the tenants that it met last.
const KEPT: usize = 10_000;

/// The copy of a table.
pub(in crate::store) struct Copies<R> {
    generation: u64,
    tenants: HashMap<String, Rc<OfTenant<R>>>,
    /// Rows of these tenants.
    kept: usize,
    /// Whether a tenant that is not there has none.
    whole: bool,
}

impl<R> Default for Copies<R> {
    fn default() -> Self {
        Copies {
            generation: 0,
            tenants: HashMap::new(),
            kept: 0,
            whole: false,
        }
    }
}

/// What a tenant has as of what is committed now, or written by this transaction.
pub(in crate::store) fn of<R>(
    copies: &'static LocalKey<RefCell<Copies<R>>>,
    table: Cached,
    tenant: &str,
    read: impl FnOnce() -> HashMap<String, OfTenant<R>>,
) -> Rc<OfTenant<R>> {
    // Before the table is read: a change that commits in between makes the copy stale at once.
    let now = generation(table);
    let known = copies.with_borrow(|copy| {
        (copy.generation == now)
            .then(|| copy.tenants.get(tenant).map(Rc::clone))
            .and_then(|known| known.or_else(|| copy.whole.then(Rc::default)))
    });
    known.unwrap_or_else(|| {
        let mut found = read();
        let count = found.values().map(BTreeMap::len).sum();
        let own: Rc<OfTenant<R>> = found.remove(tenant).map(Rc::new).unwrap_or_default();
        copies.with_borrow_mut(|copy| copy.keep(now, tenant, &own, found, count));
        own
    })
}

impl<R> Copies<R> {
    fn keep(
        &mut self,
        now: u64,
        tenant: &str,
        own: &Rc<OfTenant<R>>,
        others: HashMap<String, OfTenant<R>>,
        count: usize,
    ) {
        let whole = count <= KEPT;
        if whole || self.generation != now || self.kept + own.len() >= KEPT {
            *self = Copies {
                generation: now,
                ..Copies::default()
            };
        }
        self.whole = whole;
        if whole {
            let others = others.into_iter();
            self.tenants = others.map(|(name, of)| (name, Rc::new(of))).collect();
        }
        // One more for a tenant that has none.
        self.kept += own.len() + 1;
        self.tenants.insert(tenant.to_owned(), Rc::clone(own));
    }
}
