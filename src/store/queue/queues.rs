//! `wfstate.queues`: the workflows whose executions are claimed, from this session's copy of the table.

use crate::core::{Code, StateError, StateResult};
use crate::pg::invalidation::Cached;
use crate::pg::roles::as_owner;
use crate::pg::scan;
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::copies::{self, Copies, OfTenant};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Claims without progress after which an execution is set aside, where nothing is said.
pub const MAX_CLAIMS: i32 = 10;
/// Workflows of a tenant whose executions are claimed.
const MAX_QUEUES: usize = 2000;
/// Highest priority.
pub const MAX_PRIORITY: i32 = 9;

/// A workflow whose executions are claimed.
#[derive(Clone, Copy, Default)]
pub struct Queue {
    /// Bit n is set when lane n was ever used.
    pub lanes: i32,
    /// Most executions that are held at a time.
    pub max_running: Option<i32>,
    /// The same of those with one key.
    pub max_per_key: Option<i32>,
    /// Claims without progress after which one is set aside.
    pub max_claims: Option<i32>,
}

impl Queue {
    /// Whether claims have to count.
    pub fn is_limited(&self) -> bool {
        self.max_running.is_some() || self.max_per_key.is_some()
    }
}

thread_local! {
    static COPY: RefCell<Copies<Queue>> = RefCell::default();
}

/// Those of a tenant, by workflow.
pub fn of(tenant: &str) -> Rc<OfTenant<Queue>> {
    copies::of(&COPY, Cached::Queues, tenant, read)
}

fn read() -> HashMap<String, OfTenant<Queue>> {
    let columns = [
        (c"tenant", Type::Text),
        (c"workflow", Type::Text),
        (c"lanes", Type::Int4),
        (c"max_running", Type::Int4),
        (c"max_per_key", Type::Int4),
        (c"max_claims", Type::Int4),
    ];
    let rows = scan::rows(Cached::Queues, &columns, |row| {
        let queue = Queue {
            lanes: row.int4(2)?,
            max_running: row.int4(3),
            max_per_key: row.int4(4),
            max_claims: row.int4(5),
        };
        Some((row.text(0)?, row.text(1)?, queue))
    });
    let mut tenants: HashMap<String, OfTenant<Queue>> = HashMap::new();
    for (tenant, workflow, queue) in rows {
        tenants.entry(tenant).or_default().insert(workflow, queue);
    }
    tenants
}

/// The lane of executions that are started.
pub fn lane(priority: i32) -> i32 {
    priority.clamp(0, MAX_PRIORITY) * 2
}

/// The lane of those of the same priority that were started before.
pub fn express(lane: i32) -> i32 {
    lane | 1
}

static OPEN: Statement = Statement::new(
    "INSERT INTO wfstate.queues AS q (tenant, workflow, lanes) VALUES ($1, $2, $3)
     ON CONFLICT (tenant, workflow) DO UPDATE SET lanes = q.lanes {|} excluded.lanes
      WHERE (q.lanes {&} excluded.lanes) {<>} excluded.lanes",
    &[Type::Text, Type::Text, Type::Int4],
);

/// Has claims look at a lane, and at the one for what was started before.
pub fn open(tenant: &str, workflow: &str, lane: i32) -> StateResult<()> {
    let bits = 3 << (lane & !1);
    let all = of(tenant);
    let known = all.get(workflow).map_or(0, |queue| queue.lanes);
    if known & bits != bits {
        check_room(&all, workflow)?;
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(workflow)),
            Param::Int4(Some(i64::from(bits))),
        ];
        // Writers may open lanes, and not set limits.
        as_owner(|| OPEN.run(Mode::Latest, &params))?;
    }
    Ok(())
}

/// All sessions keep what each tenant has, and claims of all workflows look at each.
pub(super) fn check_room(all: &OfTenant<Queue>, workflow: &str) -> StateResult<()> {
    if all.len() < MAX_QUEUES || all.contains_key(workflow) {
        return Ok(());
    }
    Err(
        StateError::new(Code::LimitExceeded, "too many workflows have executions")
            .detail(format!(
                "At most {MAX_QUEUES} workflows of a tenant may have executions that are claimed."
            ))
            .hint("Give executions that are run alike one workflow."),
    )
}

/// Says that something can be claimed, not what: whoever may connect to the database can listen, and forge.
static NOTIFY: Statement = Statement::new(
    r#"SELECT pg_catalog.pg_notify('wfstate', '{"event": "queue"}')"#,
    &[],
);

/// Wakes the workers that listen, where an operator wants that.
pub fn nudge() -> StateResult<()> {
    if settings::notify_queue() {
        NOTIFY.run(Mode::Write, &[])?;
    }
    Ok(())
}
