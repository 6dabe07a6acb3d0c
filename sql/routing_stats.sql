-- Group: Routing statistics
-- The type routing_stats, its aggregates and operators. What the type is made of lives in schema wfstate; what
-- users name, in the schema that CREATE EXTENSION names.
CREATE TYPE @extschema@.routing_stats;
CREATE FUNCTION wfstate.routing_stats_in(cstring) RETURNS @extschema@.routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_in_wrapper';
CREATE FUNCTION wfstate.routing_stats_out(@extschema@.routing_stats) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_out_wrapper';
CREATE FUNCTION wfstate.routing_stats_recv(internal) RETURNS @extschema@.routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_recv_wrapper';
CREATE FUNCTION wfstate.routing_stats_send(@extschema@.routing_stats) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_send_wrapper';
CREATE TYPE @extschema@.routing_stats (
    INPUT = wfstate.routing_stats_in, OUTPUT = wfstate.routing_stats_out,
    RECEIVE = wfstate.routing_stats_recv, SEND = wfstate.routing_stats_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE @extschema@.routing_stats IS 'What is known of a number of tasks: counts, sums, extremes, and a sketch of the durations that gives every percentile within a relative error. Made by the aggregate routing_stats, merged by rollup or +, asked by total_tasks, success_rate, approx_percentile and the like.';
COMMENT ON FUNCTION wfstate.routing_stats_in IS 'Text input of routing_stats; 22P02 for a text that no statistics have.';
COMMENT ON FUNCTION wfstate.routing_stats_out IS 'Text output of routing_stats: JSON.';
COMMENT ON FUNCTION wfstate.routing_stats_recv IS 'Binary input of routing_stats; 22P03 for bytes that no statistics have.';
COMMENT ON FUNCTION wfstate.routing_stats_send IS 'Binary output of routing_stats: the stored form.';

-- The aggregates' parts.
CREATE FUNCTION wfstate.stats_transition(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_transition';
CREATE FUNCTION wfstate.stats_transition_error(internal, boolean, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_transition_error';
CREATE FUNCTION wfstate.stats_rollup(internal, @extschema@.routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup';
CREATE FUNCTION wfstate.stats_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_combine';
CREATE FUNCTION wfstate.stats_final(internal) RETURNS @extschema@.routing_stats
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_final';
CREATE FUNCTION wfstate.stats_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_final';
CREATE FUNCTION wfstate.stats_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_deserialize';
CREATE FUNCTION wfstate.stats_enter(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_enter';
CREATE FUNCTION wfstate.stats_leave(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_leave';
CREATE FUNCTION wfstate.stats_rollup_enter(internal, @extschema@.routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup_enter';
CREATE FUNCTION wfstate.stats_rollup_leave(internal, @extschema@.routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup_leave';
CREATE FUNCTION wfstate.stats_frame_final(internal) RETURNS @extschema@.routing_stats
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_frame_final';
COMMENT ON FUNCTION wfstate.stats_transition IS 'Aggregate routing_stats: a task enters.';
COMMENT ON FUNCTION wfstate.stats_transition_error IS 'Aggregate routing_stats with a relative error: a task enters.';
COMMENT ON FUNCTION wfstate.stats_rollup IS 'Aggregate rollup: statistics enter.';
COMMENT ON FUNCTION wfstate.stats_combine IS 'Both aggregates: the state of a parallel worker enters.';
COMMENT ON FUNCTION wfstate.stats_final IS 'Both aggregates: the result.';
COMMENT ON FUNCTION wfstate.stats_serialize IS 'Both aggregates: the state on its way from a parallel worker.';
COMMENT ON FUNCTION wfstate.stats_deserialize IS 'Both aggregates: the state that came from a parallel worker.';
COMMENT ON FUNCTION wfstate.stats_enter IS 'Aggregate routing_stats over a moving frame: a task enters.';
COMMENT ON FUNCTION wfstate.stats_leave IS 'Aggregate routing_stats over a moving frame: the oldest task leaves.';
COMMENT ON FUNCTION wfstate.stats_rollup_enter IS 'Aggregate rollup over a moving frame: statistics enter.';
COMMENT ON FUNCTION wfstate.stats_rollup_leave IS 'Aggregate rollup over a moving frame: the oldest statistics leave.';
COMMENT ON FUNCTION wfstate.stats_frame_final IS 'Both aggregates over a moving frame: the result.';

-- A group of tasks whose durations spread as they usually do takes about 4 kB.
CREATE AGGREGATE @extschema@.routing_stats(success boolean, duration_ms double precision) (
    SFUNC = wfstate.stats_transition, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize,
    MSFUNC = wfstate.stats_enter, MINVFUNC = wfstate.stats_leave, MSTYPE = internal, MSSPACE = 4096,
    MFINALFUNC = wfstate.stats_frame_final, PARALLEL = SAFE
);
CREATE AGGREGATE @extschema@.routing_stats(success boolean, duration_ms double precision, relative_error double precision) (
    SFUNC = wfstate.stats_transition_error, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize, PARALLEL = SAFE
);
CREATE AGGREGATE @extschema@.rollup(stats @extschema@.routing_stats) (
    SFUNC = wfstate.stats_rollup, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize,
    MSFUNC = wfstate.stats_rollup_enter, MINVFUNC = wfstate.stats_rollup_leave, MSTYPE = internal, MSSPACE = 4096,
    MFINALFUNC = wfstate.stats_frame_final, PARALLEL = SAFE
);
-- The same under names that no choice of schema changes, for the extension's own statements.
CREATE AGGREGATE wfstate.collect_stats(success boolean, duration_ms double precision) (
    SFUNC = wfstate.stats_transition, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize, PARALLEL = SAFE
);
CREATE AGGREGATE wfstate.merge_stats(stats @extschema@.routing_stats) (
    SFUNC = wfstate.stats_rollup, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.routing_stats(boolean, double precision) IS
'Collects tasks into routing_stats: whether each succeeded, and how long it took in milliseconds. Percentiles asked of the result are within 1 %; counts, sums, mean, standard deviation and extremes are exact, whatever the order of the rows, the number of workers or the frame of a window.
A row whose success is NULL is left out. Where duration_ms is NULL, NaN, infinite, negative or above 2^40 (34 years), the task counts, but not towards the durations: measured_tasks tells how many did. The bound holds from 2^-20 ms (a nanosecond) on; shorter durations count as 0 in percentiles. Over no rows the result is NULL.
Parallel; also as a window function over moving frames.';
COMMENT ON AGGREGATE @extschema@.routing_stats(boolean, double precision, double precision) IS
'The same with another relative error of the percentiles: a fraction from 0.001 to 0.1 in steps of 0.0001, the same for all rows. Errors: 22023 when it is NULL, out of range, or not the same.';
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.routing_stats) IS
'Merges routing_stats into one, as if all their tasks had been collected at once. NULLs are left out; over no rows the result is NULL. Errors: 22023 when the relative errors differ. Parallel; also as a window function over moving frames.';
COMMENT ON AGGREGATE wfstate.collect_stats(boolean, double precision) IS 'The aggregate routing_stats, for the extension''s own statements.';
COMMENT ON AGGREGATE wfstate.merge_stats(@extschema@.routing_stats) IS 'The aggregate rollup, for the extension''s own statements.';

CREATE FUNCTION wfstate.stats_plus(@extschema@.routing_stats, @extschema@.routing_stats) RETURNS @extschema@.routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'stats_plus_wrapper';
COMMENT ON FUNCTION wfstate.stats_plus IS 'Implementation of +: merges two routing_stats.';
CREATE OPERATOR @extschema@.+ (LEFTARG = @extschema@.routing_stats, RIGHTARG = @extschema@.routing_stats, FUNCTION = wfstate.stats_plus, COMMUTATOR = OPERATOR(@extschema@.+));
COMMENT ON OPERATOR @extschema@.+ (@extschema@.routing_stats, @extschema@.routing_stats) IS 'Merges two routing_stats; 22023 when their relative errors differ.';

CREATE FUNCTION wfstate.stats_with_task(stats @extschema@.routing_stats, success boolean, duration_ms double precision)
    RETURNS @extschema@.routing_stats LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'stats_with_task_wrapper';
COMMENT ON FUNCTION wfstate.stats_with_task IS 'The statistics with one task more; NULL statistics are those of no tasks.';

INSERT INTO wfstate.access (object, level) SELECT name, 'everybody' FROM unnest(ARRAY[
    'routing_stats_in', 'routing_stats_out', 'routing_stats_recv', 'routing_stats_send', 'stats_transition',
    'stats_transition_error', 'stats_rollup', 'stats_combine', 'stats_final', 'stats_serialize',
    'stats_deserialize', 'stats_enter', 'stats_leave', 'stats_rollup_enter', 'stats_rollup_leave',
    'stats_frame_final', 'routing_stats', 'rollup', 'collect_stats', 'merge_stats', 'stats_plus', 'stats_with_task']) AS name;

CREATE FUNCTION @extschema@.approx_percentile(percentile double precision, stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_percentile_wrapper';
COMMENT ON FUNCTION @extschema@.approx_percentile(double precision, @extschema@.routing_stats) IS
'Returns the duration in milliseconds that a share of all durations does not exceed: percentile_disc within the relative error of the statistics, and exact for 0 and 1. percentile is from 0 to 1. NULL when there are no durations.
Errors: 22023 when percentile is NaN or out of range.';
INSERT INTO wfstate.access VALUES ('approx_percentile', 'everybody');

CREATE FUNCTION @extschema@.approx_percentile_rank(duration_ms double precision, stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_percentile_rank_wrapper';
COMMENT ON FUNCTION @extschema@.approx_percentile_rank(double precision, @extschema@.routing_stats) IS
'Returns the share of durations, from 0 to 1, that do not exceed duration_ms, give or take the relative error: the share is exact for a duration that differs from it by no more. NULL when there are no durations.
Errors: 22023 when duration_ms is NaN.';
INSERT INTO wfstate.access VALUES ('approx_percentile_rank', 'everybody');

CREATE FUNCTION @extschema@.failed_tasks(stats @extschema@.routing_stats) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'failed_tasks_wrapper';
COMMENT ON FUNCTION @extschema@.failed_tasks(@extschema@.routing_stats) IS
'Returns the number of tasks that failed.';
INSERT INTO wfstate.access VALUES ('failed_tasks', 'everybody');

CREATE FUNCTION @extschema@.max_duration_ms(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'max_duration_ms_wrapper';
COMMENT ON FUNCTION @extschema@.max_duration_ms(@extschema@.routing_stats) IS
'Returns the longest duration in milliseconds; NULL when there are none.';
INSERT INTO wfstate.access VALUES ('max_duration_ms', 'everybody');

CREATE FUNCTION @extschema@.mean_duration_ms(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mean_duration_ms_wrapper';
COMMENT ON FUNCTION @extschema@.mean_duration_ms(@extschema@.routing_stats) IS
'Returns the mean of the durations in milliseconds; NULL when there are none.';
INSERT INTO wfstate.access VALUES ('mean_duration_ms', 'everybody');

CREATE FUNCTION @extschema@.measured_tasks(stats @extschema@.routing_stats) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'measured_tasks_wrapper';
COMMENT ON FUNCTION @extschema@.measured_tasks(@extschema@.routing_stats) IS
'Returns the number of tasks whose duration is known; what is said of durations is said of these.';
INSERT INTO wfstate.access VALUES ('measured_tasks', 'everybody');

CREATE FUNCTION @extschema@.min_duration_ms(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'min_duration_ms_wrapper';
COMMENT ON FUNCTION @extschema@.min_duration_ms(@extschema@.routing_stats) IS
'Returns the shortest duration in milliseconds; NULL when there are none.';
INSERT INTO wfstate.access VALUES ('min_duration_ms', 'everybody');

CREATE FUNCTION @extschema@.relative_error(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'relative_error_wrapper';
COMMENT ON FUNCTION @extschema@.relative_error(@extschema@.routing_stats) IS
'Returns the relative error of the percentiles as a fraction.';
INSERT INTO wfstate.access VALUES ('relative_error', 'everybody');

CREATE FUNCTION @extschema@.stddev_duration_ms(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'stddev_duration_ms_wrapper';
COMMENT ON FUNCTION @extschema@.stddev_duration_ms(@extschema@.routing_stats) IS
'Returns the standard deviation of the durations in milliseconds, as the aggregate stddev does (of a sample); NULL when there are fewer than two.';
INSERT INTO wfstate.access VALUES ('stddev_duration_ms', 'everybody');

CREATE FUNCTION @extschema@.success_rate(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'success_rate_wrapper';
COMMENT ON FUNCTION @extschema@.success_rate(@extschema@.routing_stats) IS
'Returns the share of tasks that succeeded, from 0 to 1; NULL when there are none.';
INSERT INTO wfstate.access VALUES ('success_rate', 'everybody');

CREATE FUNCTION @extschema@.successful_tasks(stats @extschema@.routing_stats) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'successful_tasks_wrapper';
COMMENT ON FUNCTION @extschema@.successful_tasks(@extschema@.routing_stats) IS
'Returns the number of tasks that succeeded.';
INSERT INTO wfstate.access VALUES ('successful_tasks', 'everybody');

CREATE FUNCTION @extschema@.total_duration_ms(stats @extschema@.routing_stats) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_duration_ms_wrapper';
COMMENT ON FUNCTION @extschema@.total_duration_ms(@extschema@.routing_stats) IS
'Returns the sum of the durations in milliseconds: exact to 2^-40 ms a task.';
INSERT INTO wfstate.access VALUES ('total_duration_ms', 'everybody');

CREATE FUNCTION @extschema@.total_tasks(stats @extschema@.routing_stats) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_tasks_wrapper';
COMMENT ON FUNCTION @extschema@.total_tasks(@extschema@.routing_stats) IS
'Returns the number of tasks.';
INSERT INTO wfstate.access VALUES ('total_tasks', 'everybody');

-- Bound to the functions when it is created, so that no search_path matters.
CREATE FUNCTION wfstate.stats_to_jsonb(stats @extschema@.routing_stats) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN jsonb_build_object(
    'total_tasks', @extschema@.total_tasks(stats), 'successful_tasks', @extschema@.successful_tasks(stats),
    'failed_tasks', @extschema@.failed_tasks(stats), 'measured_tasks', @extschema@.measured_tasks(stats),
    'success_rate', @extschema@.success_rate(stats), 'total_duration_ms', @extschema@.total_duration_ms(stats),
    'mean_duration_ms', @extschema@.mean_duration_ms(stats), 'stddev_duration_ms', @extschema@.stddev_duration_ms(stats),
    'min_duration_ms', @extschema@.min_duration_ms(stats), 'p50_duration_ms', @extschema@.approx_percentile(0.5::float8, stats),
    'p95_duration_ms', @extschema@.approx_percentile(0.95::float8, stats), 'p99_duration_ms', @extschema@.approx_percentile(0.99::float8, stats),
    'max_duration_ms', @extschema@.max_duration_ms(stats), 'relative_error', @extschema@.relative_error(stats));
COMMENT ON FUNCTION wfstate.stats_to_jsonb IS 'The cast of routing_stats to jsonb: what the accessors say, as one object.';
CREATE CAST (@extschema@.routing_stats AS jsonb) WITH FUNCTION wfstate.stats_to_jsonb(@extschema@.routing_stats);
COMMENT ON CAST (@extschema@.routing_stats AS jsonb) IS 'Counts, rates and durations as one JSON object, for dashboards.';
INSERT INTO wfstate.access VALUES ('stats_to_jsonb', 'everybody');
