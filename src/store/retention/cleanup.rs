//! `wf_cleanup`: one bounded batch of everything that has ended and is older than it is to be kept.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Interval, now};
use crate::pg::{attempt, backend, settings};
use crate::store::ages;
use crate::store::retention::aged::{self, Aged};
use crate::store::retention::policies::{self, Policy};
use crate::store::retention::progress::CLEANING;
use crate::store::retention::{
    Clean, Done, Wanted, circuits, early, executions, histories, routing,
};

/// Goes by definitions alone.
pub(super) const HISTORIES: &str = "versions";
const EXECUTIONS: &str = "executions";
/// Only where they are named: to remove them changes what executions are told, or what was never said to end.
const NAMED: [&str; 3] = ["waits", "memories", "todo_lists"];

/// What is gone through before the tables whose rows go by their own age.
const WALKS: [(&str, Clean); 6] = [
    (EXECUTIONS, executions::clean),
    (HISTORIES, histories::clean),
    ("circuits", circuits::clean),
    ("decisions", routing::decisions),
    ("statistics", routing::statistics),
    ("task_results", early::clean),
];

/// What can be removed, in its order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let walks = WALKS.iter().map(|(name, _)| *name);
    walks.chain(aged::TABLES.iter().map(|table| table.item))
}

/// A call.
pub struct Call<'a> {
    /// How long ago it must have ended; `None` goes by the tenant's policies.
    pub older_than: Option<Interval>,
    /// Whether nothing is removed.
    pub dry_run: bool,
    /// How much of each item is removed at most.
    pub batch: i64,
    /// Only these; all where it is `None`.
    pub items: Option<&'a [String]>,
    /// Executions with checkpoints, too; `None` goes by the tenant's policies.
    pub checkpointed: Option<bool>,
    /// The time that ages count from, in the server's microseconds; `None` for now.
    pub as_of: Option<i64>,
}

/// Removes a batch of each item; `each` is told of it.
pub fn run(
    tenant: &str,
    call: &Call<'_>,
    mut each: impl FnMut(&'static str, Done),
) -> StateResult<()> {
    check(call)?;
    let now = now();
    if call.as_of.is_some_and(|as_of| as_of > now) {
        return Err(StateError::invalid("as_of must not be in the future")
            .hint("Give a time that has passed, or leave it out for now."));
    }
    let said = policies::said(tenant)?;
    let mut is_free = true;
    if !call.dry_run {
        backend::refuse_read_only(c"wf_cleanup()");
        is_free = CLEANING.try_alone(tenant);
    }
    for item in names() {
        let asked = call
            .items
            .map(|items| items.iter().any(|name| name == item));
        let policy = said.iter().find(|policy| policy.item == item);
        if asked == Some(false) || asked.is_none() && !goes(item, call, policy) {
            continue;
        }
        let work = || settings::by_keys(|| clean(tenant, item, call, policy, now));
        each(
            item,
            match is_free {
                true if call.dry_run => work()?,
                // What all of an item depends on, somebody may have locked, too.
                true => attempt::unless_locked(work)?.unwrap_or_default(),
                false => Done::default(),
            },
        );
    }
    Ok(())
}

fn check(call: &Call<'_>) -> StateResult<()> {
    let known: Vec<&str> = names().collect();
    let unknown = call
        .items
        .and_then(|items| items.iter().find(|item| !known.contains(&item.as_str())));
    match unknown {
        Some(item) => Err(limits::unknown("item", item, &known)),
        None => Ok(()),
    }
}

/// Whether an item is gone through that nobody has named.
fn goes(item: &str, call: &Call<'_>, policy: Option<&Policy>) -> bool {
    let has_policy = policy.is_some_and(|policy| policy.older_than.is_some());
    match item {
        EXECUTIONS | HISTORIES => true,
        item if NAMED.contains(&item) => has_policy,
        _ => has_policy || call.older_than.is_some(),
    }
}

fn clean(
    tenant: &str,
    item: &str,
    call: &Call<'_>,
    policy: Option<&Policy>,
    now: i64,
) -> StateResult<Done> {
    let older_than = call
        .older_than
        .or_else(|| policy.and_then(|policy| policy.older_than));
    let as_of = call.as_of.unwrap_or(now);
    let checkpointed = call
        .checkpointed
        .unwrap_or_else(|| policy.is_some_and(|policy| policy.checkpointed));
    let pass = format!("{older_than:?}, {checkpointed}, {:?}", call.as_of);
    let wanted = Wanted {
        tenant,
        as_of,
        before: ages::before_at(older_than, Some(as_of))?,
        checkpointed,
        batch: call.batch,
        dry_run: call.dry_run,
        pass: &pass,
    };
    // What goes by definitions goes without an age.
    if wanted.before.is_none() && !matches!(item, EXECUTIONS | HISTORIES) {
        return Ok(Done {
            finished: true,
            ..Done::default()
        });
    }
    if let Some((_, walk)) = WALKS.iter().find(|(name, _)| *name == item) {
        return walk(&wanted);
    }
    let table = aged::TABLES.iter().find(|table| table.item == item);
    table.map_or_else(|| Ok(Done::default()), |table| Aged::clean(table, &wanted))
}
