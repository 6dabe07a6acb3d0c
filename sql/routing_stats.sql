-- The type routing_stats, its aggregates and operators. What the type is made of lives in schema wfstate; what
-- users name, in the schema that CREATE EXTENSION names.
CREATE TYPE routing_stats;
CREATE FUNCTION wfstate.routing_stats_in(cstring) RETURNS routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_in_wrapper';
CREATE FUNCTION wfstate.routing_stats_out(routing_stats) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_out_wrapper';
CREATE FUNCTION wfstate.routing_stats_recv(internal) RETURNS routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_recv_wrapper';
CREATE FUNCTION wfstate.routing_stats_send(routing_stats) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'routing_stats_send_wrapper';
CREATE TYPE routing_stats (
    INPUT = wfstate.routing_stats_in, OUTPUT = wfstate.routing_stats_out,
    RECEIVE = wfstate.routing_stats_recv, SEND = wfstate.routing_stats_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE routing_stats IS 'What is known of a number of tasks: counts, sums, extremes, and a sketch of the durations that gives every percentile within a relative error. Made by the aggregate routing_stats, merged by rollup or +, asked by total_tasks, success_rate, approx_percentile and the like.';
COMMENT ON FUNCTION wfstate.routing_stats_in IS 'Text input of routing_stats; 22P02 for a text that no statistics have.';
COMMENT ON FUNCTION wfstate.routing_stats_out IS 'Text output of routing_stats: JSON.';
COMMENT ON FUNCTION wfstate.routing_stats_recv IS 'Binary input of routing_stats; 22P03 for bytes that no statistics have.';
COMMENT ON FUNCTION wfstate.routing_stats_send IS 'Binary output of routing_stats: the stored form.';

-- The aggregates' parts.
CREATE FUNCTION wfstate.stats_transition(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_transition';
CREATE FUNCTION wfstate.stats_transition_error(internal, boolean, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_transition_error';
CREATE FUNCTION wfstate.stats_rollup(internal, routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup';
CREATE FUNCTION wfstate.stats_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_combine';
CREATE FUNCTION wfstate.stats_final(internal) RETURNS routing_stats
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_final';
CREATE FUNCTION wfstate.stats_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_final';
CREATE FUNCTION wfstate.stats_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_deserialize';
CREATE FUNCTION wfstate.stats_enter(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_enter';
CREATE FUNCTION wfstate.stats_leave(internal, boolean, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_leave';
CREATE FUNCTION wfstate.stats_rollup_enter(internal, routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup_enter';
CREATE FUNCTION wfstate.stats_rollup_leave(internal, routing_stats) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wfstate_stats_rollup_leave';
CREATE FUNCTION wfstate.stats_frame_final(internal) RETURNS routing_stats
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
CREATE AGGREGATE routing_stats(success boolean, duration_ms double precision) (
    SFUNC = wfstate.stats_transition, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize,
    MSFUNC = wfstate.stats_enter, MINVFUNC = wfstate.stats_leave, MSTYPE = internal, MSSPACE = 4096,
    MFINALFUNC = wfstate.stats_frame_final, PARALLEL = SAFE
);
CREATE AGGREGATE routing_stats(success boolean, duration_ms double precision, relative_error double precision) (
    SFUNC = wfstate.stats_transition_error, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize, PARALLEL = SAFE
);
CREATE AGGREGATE rollup(stats routing_stats) (
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
CREATE AGGREGATE wfstate.merge_stats(stats routing_stats) (
    SFUNC = wfstate.stats_rollup, STYPE = internal, SSPACE = 4096, FINALFUNC = wfstate.stats_final,
    COMBINEFUNC = wfstate.stats_combine, SERIALFUNC = wfstate.stats_serialize,
    DESERIALFUNC = wfstate.stats_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE routing_stats(boolean, double precision) IS
'Collects tasks into routing_stats: whether each succeeded, and how long it took in milliseconds. Percentiles asked of the result are within 1 %; counts, sums, mean, standard deviation and extremes are exact, whatever the order of the rows, the number of workers or the frame of a window.
A row whose success is NULL is left out. Where duration_ms is NULL, NaN, infinite, negative or above 2^40 (34 years), the task counts, but not towards the durations: measured_tasks tells how many did. The bound holds from 2^-20 ms (a nanosecond) on; shorter durations count as 0 in percentiles. Over no rows the result is NULL.
Parallel; also as a window function over moving frames.';
COMMENT ON AGGREGATE routing_stats(boolean, double precision, double precision) IS
'The same with another relative error of the percentiles: a fraction from 0.001 to 0.1 in steps of 0.0001, the same for all rows. Errors: 22023 when it is NULL, out of range, or not the same.';
COMMENT ON AGGREGATE rollup(routing_stats) IS
'Merges routing_stats into one, as if all their tasks had been collected at once. NULLs are left out; over no rows the result is NULL. Errors: 22023 when the relative errors differ. Parallel; also as a window function over moving frames.';
COMMENT ON AGGREGATE wfstate.collect_stats(boolean, double precision) IS 'The aggregate routing_stats, for the extension''s own statements.';
COMMENT ON AGGREGATE wfstate.merge_stats(routing_stats) IS 'The aggregate rollup, for the extension''s own statements.';

CREATE FUNCTION wfstate.stats_plus(routing_stats, routing_stats) RETURNS routing_stats
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'stats_plus_wrapper';
COMMENT ON FUNCTION wfstate.stats_plus IS 'Implementation of +: merges two routing_stats.';
CREATE OPERATOR + (LEFTARG = routing_stats, RIGHTARG = routing_stats, FUNCTION = wfstate.stats_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (routing_stats, routing_stats) IS 'Merges two routing_stats; 22023 when their relative errors differ.';

CREATE FUNCTION wfstate.stats_with_task(stats routing_stats, success boolean, duration_ms double precision)
    RETURNS routing_stats LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'stats_with_task_wrapper';
COMMENT ON FUNCTION wfstate.stats_with_task IS 'The statistics with one task more; NULL statistics are those of no tasks.';
