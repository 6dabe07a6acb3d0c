//! `wfstate.search_paths`: what each workflow declares, from this session's copy of the table.

use crate::core::jsonb::Pointer;
use crate::pg::invalidation::{Cached, generation};
use crate::pg::scan;
use crate::pg::spi::Type;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What a workflow declares.
pub struct Declaration {
    /// Grows with each declaration of the workflow; what was cut under another one is stale.
    pub number: i64,
    /// The declared paths; none where the declaration was withdrawn.
    pub pointers: Vec<Pointer<'static>>,
}

/// The declarations of a tenant, by workflow.
pub type OfTenant = BTreeMap<String, Declaration>;

/// Declarations up to which a session keeps the table; beyond, it keeps those of the tenants that it met last.
const KEPT: usize = 10_000;

#[derive(Default)]
struct Copy {
    generation: u64,
    tenants: HashMap<String, Rc<OfTenant>>,
    /// Declarations of these tenants.
    kept: usize,
    /// Whether a tenant that is not there has none.
    whole: bool,
}

thread_local! {
    static COPY: RefCell<Copy> = RefCell::default();
}

/// The declarations of a tenant as of what is committed now, or written by this transaction.
pub fn of(tenant: &str) -> Rc<OfTenant> {
    // Before the table is read: a declaration that commits in between makes the copy stale at once.
    let now = generation(Cached::SearchPaths);
    let known = COPY.with_borrow(|copy| {
        (copy.generation == now)
            .then(|| copy.tenants.get(tenant).map(Rc::clone))
            .and_then(|known| known.or_else(|| copy.whole.then(Rc::default)))
    });
    known.unwrap_or_else(|| {
        let mut found = read();
        let count = found.values().map(BTreeMap::len).sum();
        let own: Rc<OfTenant> = found.remove(tenant).map(Rc::new).unwrap_or_default();
        COPY.with_borrow_mut(|copy| copy.keep(now, tenant, &own, found, count));
        own
    })
}

impl Copy {
    fn keep(
        &mut self,
        now: u64,
        tenant: &str,
        own: &Rc<OfTenant>,
        others: HashMap<String, OfTenant>,
        count: usize,
    ) {
        let whole = count <= KEPT;
        if whole || self.generation != now || self.kept + own.len() >= KEPT {
            *self = Copy {
                generation: now,
                ..Copy::default()
            };
        }
        self.whole = whole;
        if whole {
            let others = others.into_iter();
            self.tenants = others.map(|(name, of)| (name, Rc::new(of))).collect();
        }
        // One more for a tenant that declares nothing.
        self.kept += own.len() + 1;
        self.tenants.insert(tenant.to_owned(), Rc::clone(own));
    }
}

fn read() -> HashMap<String, OfTenant> {
    let columns = [
        (c"tenant", Type::Text),
        (c"workflow", Type::Text),
        (c"paths", Type::TextArray),
        (c"declaration", Type::Int8),
    ];
    let rows = scan::rows(Cached::SearchPaths, &columns, |row| {
        Some((row.text(0)?, row.text(1)?, row.texts(2)?, row.int8(3)?))
    });
    let mut tenants: HashMap<String, OfTenant> = HashMap::new();
    for (tenant, workflow, paths, number) in rows {
        let pointers = parsed(&paths);
        let declaration = Declaration { number, pointers };
        tenants
            .entry(tenant)
            .or_default()
            .insert(workflow, declaration);
    }
    tenants
}

/// wf_declare_search has checked them; what somebody else has put there and is no pointer declares nothing, for
/// who saves and for who searches alike.
pub fn parsed(paths: &[String]) -> Vec<Pointer<'static>> {
    let each = paths.iter();
    each.filter_map(|path| Pointer::parse(path.as_bytes()).ok())
        .map(Pointer::into_owned)
        .collect()
}
