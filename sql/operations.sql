-- Group: Upkeep

CREATE FUNCTION @extschema@.wf_maintain(max_rows integer DEFAULT 10000) RETURNS TABLE (
    task text, processed bigint
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_maintain_wrapper';
COMMENT ON FUNCTION @extschema@.wf_maintain IS
'Does what keeps the tables of the session''s tenant small, in one bounded batch; to be called from time to time, by pg_cron for instance. fold_outcomes: recorded outcomes become part of the statistics of their hour. merge_statistics: the parts of past hours become one an hour. index_search: executions whose workflow has declared paths since they were indexed come into the index. forget_roles: the grants of tenants to roles that have been dropped, of the whole database.
Returns each task with the number of rows that it has processed; fewer than max_rows (1 to 10000, by default 10000) means that nothing is left to do.
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_maintain', 'operator');

CREATE FUNCTION @extschema@.wf_cache_stats() RETURNS TABLE (
    cache text, entries bigint, bytes bigint, max_bytes bigint, hits bigint, misses bigint, evictions bigint
)
    LANGUAGE c VOLATILE ROWS 2 PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'wf_cache_stats_wrapper';
COMMENT ON FUNCTION @extschema@.wf_cache_stats IS
'Returns what this session keeps in memory: states (bounded by wfstate.cache_size) and definitions, compiled (bounded by wfstate.definition_cache_size). hits are look-ups that found what they wanted, misses those that did not, evictions entries that had to make room for others, all since the session began.';
INSERT INTO wfstate.access VALUES ('wf_cache_stats', 'everybody');
