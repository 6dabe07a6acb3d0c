-- Bound to the functions when it is created, so that no search_path matters.
CREATE FUNCTION wfstate.stats_to_jsonb(stats routing_stats) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN jsonb_build_object(
    'total_tasks', total_tasks(stats), 'successful_tasks', successful_tasks(stats),
    'failed_tasks', failed_tasks(stats), 'measured_tasks', measured_tasks(stats),
    'success_rate', success_rate(stats), 'total_duration_ms', total_duration_ms(stats),
    'mean_duration_ms', mean_duration_ms(stats), 'stddev_duration_ms', stddev_duration_ms(stats),
    'min_duration_ms', min_duration_ms(stats), 'p50_duration_ms', approx_percentile(0.5, stats),
    'p95_duration_ms', approx_percentile(0.95, stats), 'p99_duration_ms', approx_percentile(0.99, stats),
    'max_duration_ms', max_duration_ms(stats), 'relative_error', relative_error(stats));
COMMENT ON FUNCTION wfstate.stats_to_jsonb IS 'The cast of routing_stats to jsonb: what the accessors say, as one object.';
CREATE CAST (routing_stats AS jsonb) WITH FUNCTION wfstate.stats_to_jsonb(routing_stats);
COMMENT ON CAST (routing_stats AS jsonb) IS 'Counts, rates and durations as one JSON object, for dashboards.';

COMMENT ON FUNCTION total_tasks IS
'Returns the number of tasks.';
COMMENT ON FUNCTION successful_tasks IS
'Returns the number of tasks that succeeded.';
COMMENT ON FUNCTION failed_tasks IS
'Returns the number of tasks that failed.';
COMMENT ON FUNCTION measured_tasks IS
'Returns the number of tasks whose duration is known; what is said of durations is said of these.';
COMMENT ON FUNCTION success_rate IS
'Returns the share of tasks that succeeded, from 0 to 1; NULL when there are none.';
COMMENT ON FUNCTION total_duration_ms IS
'Returns the sum of the durations in milliseconds: exact to 2^-40 ms a task.';
COMMENT ON FUNCTION mean_duration_ms IS
'Returns the mean of the durations in milliseconds; NULL when there are none.';
COMMENT ON FUNCTION stddev_duration_ms IS
'Returns the standard deviation of the durations in milliseconds, as the aggregate stddev does (of a sample); NULL when there are fewer than two.';
COMMENT ON FUNCTION min_duration_ms IS
'Returns the shortest duration in milliseconds; NULL when there are none.';
COMMENT ON FUNCTION max_duration_ms IS
'Returns the longest duration in milliseconds; NULL when there are none.';
COMMENT ON FUNCTION approx_percentile IS
'Returns the duration in milliseconds that a share of all durations does not exceed: percentile_disc within the relative error of the statistics, and exact for 0 and 1. percentile is from 0 to 1. NULL when there are no durations.
Errors: 22023 when percentile is NaN or out of range.';
COMMENT ON FUNCTION approx_percentile_rank IS
'Returns the share of durations, from 0 to 1, that do not exceed duration_ms, give or take the relative error: the share is exact for a duration that differs from it by no more. NULL when there are no durations.
Errors: 22023 when duration_ms is NaN.';
COMMENT ON FUNCTION relative_error IS
'Returns the relative error of the percentiles as a fraction.';
