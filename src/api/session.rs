//! What this session keeps, and how it works.

use crate::pg::record::record;
use crate::pg::records::Records;
use crate::store::{cache_counts, direct_tables};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_cache_stats() -> Records<'static> {
    let caches = cache_counts::all().into_iter().map(Ok);
    Records::one_by_one(caches, |cache| {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        record![
            cache.name,
            number(cache.entries),
            number(cache.bytes),
            number(cache.max_bytes),
            cache.counts.hits,
            cache.counts.misses,
            cache.counts.evictions,
        ]
    })
}

#[pg_extern(sql = false)]
fn wf_direct_access() -> Records<'static> {
    Records::one_by_one(direct_tables::all().map(Ok), |used| {
        let [direct, by_statement] = used.counts;
        record![used.name, used.is_direct, direct, by_statement]
    })
}
