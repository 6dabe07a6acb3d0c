//! `wfstate.feeds`: whose changes are recorded, from this session's copy of the table.

use crate::core::StateResult;
use crate::pg::backend;
use crate::pg::invalidation::Cached;
use crate::pg::roles::as_owner;
use crate::pg::scan;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::copies::{self, Copies, OfTenant};
use std::cell::RefCell;
use std::collections::HashMap;

/// A tenant's feed.
#[derive(Clone, Copy)]
struct Feed {
    is_recording: bool,
    era: i32,
    cluster: i64,
}

thread_local! {
    static COPY: RefCell<Copies<Feed>> = RefCell::default();
}

fn of(tenant: &str) -> Option<Feed> {
    copies::of(&COPY, Cached::Feeds, tenant, read)
        .get("")
        .copied()
}

fn read() -> HashMap<String, OfTenant<Feed>> {
    let columns = [
        (c"tenant", Type::Text),
        (c"is_recording", Type::Bool),
        (c"era", Type::Int4),
        (c"cluster", Type::Int8),
    ];
    let rows = scan::rows(Cached::Feeds, &columns, |row| {
        let feed = Feed {
            is_recording: row.bool(1)?,
            era: row.int4(2)?,
            cluster: row.int8(3)?,
        };
        Some((row.text(0)?, feed))
    });
    let with_feed = |(tenant, feed)| (tenant, OfTenant::from([(String::new(), feed)]));
    rows.into_iter().map(with_feed).collect()
}

static BEGIN_ERA: Statement = Statement::new(
    "UPDATE wfstate.feeds AS f SET era = f.era {+} 1, cluster = $2
      WHERE f.tenant {=} $1 AND f.cluster {<>} $2",
    &[Type::Text, Type::Int8],
);

/// The era in which a tenant's changes are recorded; `None` where they are not.
pub(super) fn recording(tenant: &str) -> StateResult<Option<i32>> {
    let Some(feed) = of(tenant).filter(|feed| feed.is_recording) else {
        return Ok(None);
    };
    let cluster = backend::cluster();
    if feed.cluster == cluster {
        return Ok(Some(feed.era));
    }
    // The database was restored: transaction ids count from elsewhere.
    let params = [Param::Text(Some(tenant)), Param::Int8(Some(cluster))];
    as_owner(|| BEGIN_ERA.run(Mode::Latest, &params))?;
    Ok(of(tenant).map(|feed| feed.era))
}

/// The era whose transactions may still be running; those of others have ended.
pub(super) fn running_era(tenant: &str) -> i32 {
    let feed = of(tenant).filter(|feed| feed.cluster == backend::cluster());
    feed.map_or(i32::MAX, |feed| feed.era)
}

static SET: Statement = Statement::new(
    "INSERT INTO wfstate.feeds AS f (tenant, is_recording, cluster) VALUES ($1, $2, $3)
     ON CONFLICT (tenant) DO UPDATE SET is_recording = excluded.is_recording",
    &[Type::Text, Type::Bool, Type::Int8],
);

/// Has the changes of a tenant recorded, or not.
pub fn set(tenant: &str, enabled: bool) -> StateResult<()> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Bool(Some(enabled)),
        Param::Int8(Some(backend::cluster())),
    ];
    SET.run(Mode::Latest, &params)?;
    Ok(())
}
