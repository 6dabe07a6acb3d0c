//! `wfstate.search_paths`: what each workflow declares, from this session's copy of the table.

use crate::core::jsonb::Pointer;
use crate::pg::invalidation::Cached;
use crate::pg::scan;
use crate::pg::spi::Type;
use crate::store::copies::{self, Copies};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a workflow declares.
pub struct Declaration {
    /// Grows with each declaration of the workflow; what was cut under another one is stale.
    pub number: i64,
    /// The declared paths; none where the declaration was withdrawn.
    pub pointers: Vec<Pointer<'static>>,
}

/// The declarations of a tenant, by workflow.
type OfTenant = copies::OfTenant<Declaration>;

thread_local! {
    static COPY: RefCell<Copies<Declaration>> = RefCell::default();
}

/// The declarations of a tenant, by workflow, as of what is committed now, or written by this transaction.
pub fn of(tenant: &str) -> Rc<OfTenant> {
    copies::of(&COPY, Cached::SearchPaths, tenant, read)
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
