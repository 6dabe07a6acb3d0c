//! Decisions and statistics, as `wf_prune_routing` removes them.

use crate::core::StateResult;
use crate::store::retention::{Done, Wanted};
use crate::store::routing::maintenance::{self, What};

pub(super) fn decisions(wanted: &Wanted<'_>) -> StateResult<Done> {
    clean(wanted, What::Decisions)
}

pub(super) fn statistics(wanted: &Wanted<'_>) -> StateResult<Done> {
    clean(wanted, What::Statistics)
}

fn clean(wanted: &Wanted<'_>, what: What) -> StateResult<Done> {
    let Some(before) = wanted.before else {
        return Ok(Done::default());
    };
    let removed = match wanted.dry_run {
        true => Some(maintenance::count(
            wanted.tenant,
            what,
            before,
            wanted.batch,
        )?),
        false => maintenance::try_prune(wanted.tenant, what, before, wanted.batch)?,
    };
    Ok(Done {
        removed: removed.unwrap_or_default(),
        failed: 0,
        // While the statistics are being recalculated it is not told.
        finished: removed.is_some_and(|removed| removed < wanted.batch),
    })
}
