-- Group: Metrics
-- What executions and services measure, and what is to be said of executions as a whole.

CREATE SEQUENCE wfstate.metrics_position_seq CACHE 32;
COMMENT ON SEQUENCE wfstate.metrics_position_seq IS 'The positions of measurements.';
CREATE TABLE wfstate.metrics (
    position     bigint NOT NULL DEFAULT nextval('wfstate.metrics_position_seq'),
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    value        double precision NOT NULL,
    tenant       wfstate.identifier NOT NULL,
    name         wfstate.identifier NOT NULL,
    execution_id wfstate.identifier,
    unit         wfstate.identifier,
    labels       jsonb
) PARTITION BY RANGE (recorded_at);
ALTER SEQUENCE wfstate.metrics_position_seq OWNED BY wfstate.metrics.position;
COMMENT ON TABLE wfstate.metrics IS 'Measurements, of executions and of services. Only appended. Partitioned by recorded_at.';
COMMENT ON COLUMN wfstate.metrics.position IS 'Order of measurements of the same time.';
COMMENT ON COLUMN wfstate.metrics.recorded_at IS 'When.';
COMMENT ON COLUMN wfstate.metrics.value IS 'What was measured: a finite number.';
COMMENT ON COLUMN wfstate.metrics.tenant IS 'Whose measurement.';
COMMENT ON COLUMN wfstate.metrics.name IS 'What it is a measurement of.';
COMMENT ON COLUMN wfstate.metrics.execution_id IS 'Execution; NULL where it is of a service.';
COMMENT ON COLUMN wfstate.metrics.unit IS 'Unit of the value.';
COMMENT ON COLUMN wfstate.metrics.labels IS 'What tells it from others of the name: a JSON object.';
INSERT INTO wfstate.access VALUES ('wfstate.metrics', 'writer');
-- Its indexes are as those of wfstate.logs_default.
CREATE TABLE wfstate.metrics_default PARTITION OF wfstate.metrics (
    CONSTRAINT metrics_default_pkey PRIMARY KEY (tenant, recorded_at, position)
) DEFAULT;
COMMENT ON TABLE wfstate.metrics_default IS 'The rows of wfstate.metrics for whose time there is no partition: all of them, unless wf_partition has made some.';
COMMENT ON INDEX wfstate.metrics_default_pkey IS 'wf_metric_values of the tenant by time.';
COMMENT ON CONSTRAINT metrics_default_pkey ON wfstate.metrics_default IS 'A measurement has one place.';
CREATE UNIQUE INDEX metrics_default_execution_idx
    ON wfstate.metrics_default (tenant, execution_id, recorded_at NULLS FIRST, position NULLS FIRST)
    WHERE execution_id IS NOT NULL;
COMMENT ON INDEX wfstate.metrics_default_execution_idx IS 'wf_metric_values(execution_id => ...); wf_delete.';
CREATE UNIQUE INDEX metrics_default_name_idx
    ON wfstate.metrics_default (tenant, name, recorded_at NULLS FIRST, position NULLS FIRST);
COMMENT ON INDEX wfstate.metrics_default_name_idx IS 'wf_metrics and wf_metric_values(name => ...); wf_metric_names.';

CREATE FUNCTION @extschema@.wf_record_metric(
    execution_id text, name text, value double precision, unit text DEFAULT NULL, labels jsonb DEFAULT NULL,
    recorded_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_metric_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_metric IS
'Records a measurement of an execution, or, where execution_id is NULL, of a service. value is any number from -1e100 to 1e100. labels is a JSON object of at most 16 kB. recorded_at is now unless given. The measurement is part of the transaction: rolled back with it. The execution is not locked: where it is deleted at the same moment, the measurement may stay.
Returns the position of the measurement, which grows within a session.
Errors: WF005 when the execution does not exist; 22023 for a bad argument, such as a value that is NaN or infinite; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_record_metric', 'writer');

CREATE FUNCTION @extschema@.wf_record_metrics(
    execution_ids text[], names text[], measurements double precision[], units text[] DEFAULT NULL,
    labels jsonb[] DEFAULT NULL, recorded_at timestamptz[] DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_metrics_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_metrics IS
'wf_record_metric for up to 1000 measurements in one call, all or none. The arrays are parallel: measurements[i] is the value of names[i] for execution_ids[i], with units[i], labels[i] and recorded_at[i] meaning what they mean to wf_record_metric; an array that is left out or NULL is one of NULLs, but for names and measurements.
Returns how many were recorded.
Errors: those of wf_record_metric, for the first measurement that is none, then for the first execution that does not exist; 22023 when the arrays differ in length; 54000 for more than 1000.';
INSERT INTO wfstate.access VALUES ('wf_record_metrics', 'writer');

CREATE FUNCTION @extschema@.wf_metrics(
    name text, bucket interval DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    execution_id text DEFAULT NULL, labels jsonb DEFAULT NULL, after timestamptz DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    bucket_at timestamptz, count bigint, sum double precision, mean double precision, min double precision,
    max double precision, p50 double precision, p95 double precision, p99 double precision, unit text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_metrics_wrapper';
COMMENT ON FUNCTION @extschema@.wf_metrics IS
'Sums a metric up: a row for each bucket of time in which there are measurements, the oldest first, or where bucket is NULL one row for all, whose bucket_at is NULL; none where there are no measurements. since is inclusive, until exclusive; labels: only measurements whose labels contain these. A bucket is a length of time without months or years; buckets are counted from Monday, 2000-01-03 in UTC, so that days begin at midnight and weeks on Mondays there. Percentiles are exact (percentile_cont). unit is that of all measurements of the row; NULL where they differ or have none. after is the bucket_at of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100). The measurements of the name, or of the execution, are read from an index from since until until, and all of them: give since.
Errors: 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_metrics', 'reader');

CREATE FUNCTION @extschema@.wf_metric_values(
    execution_id text DEFAULT NULL, name text DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, labels jsonb DEFAULT NULL, newest_first bool DEFAULT true,
    after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    recorded_at timestamptz, name text, value double precision, unit text, labels jsonb, execution_id text,
    "position" bigint, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_metric_values_wrapper';
COMMENT ON FUNCTION @extschema@.wf_metric_values IS
'Lists measurements as they were recorded that satisfy every filter given, the newest first unless newest_first is false: of an execution, of a name, or all of the tenant. since is inclusive, until exclusive; labels: only those whose labels contain these. after is the column cursor of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100). By execution, by name and by time they are read from an index; labels are looked for among these.
Errors: 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_metric_values', 'reader');

CREATE FUNCTION @extschema@.wf_metric_names(after text DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    name text, value double precision, unit text, recorded_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_metric_names_wrapper';
COMMENT ON FUNCTION @extschema@.wf_metric_names IS
'Lists the metrics of the tenant, by name, each with its newest measurement. after is the name of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range; 54000 for an over-long name.';
INSERT INTO wfstate.access VALUES ('wf_metric_names', 'reader');

CREATE FUNCTION @extschema@.wf_statistics(
    workflow text DEFAULT NULL, since timestamptz DEFAULT NULL, bucket interval DEFAULT NULL,
    after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    workflow text, bucket_at timestamptz, executions bigint, pending bigint, running bigint, waiting bigint,
    paused bigint, compensating bigint, completed bigint, failed bigint, cancelled bigint, compensated bigint,
    in_flight bigint, success_rate double precision, mean_duration_ms double precision,
    p50_duration_ms double precision, p95_duration_ms double precision, p99_duration_ms double precision,
    ended_per_hour double precision, oldest_pending_at timestamptz, stats @extschema@.routing_stats, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_statistics_wrapper';
COMMENT ON FUNCTION @extschema@.wf_statistics IS
'Tells how the executions of each workflow do, or of one: how many there are by status, and how long they took. Those count that were created at or after since. bucket, a length of time without months or years, makes a row of each in which some were created; buckets are counted as those of wf_metrics. Executions without a workflow have a row of their own, first.
in_flight: neither pending nor ended. success_rate: the share of those completed among those completed, failed or compensated; durations are theirs, from started_at to completed_at, and percentiles within 1 %. ended_per_hour: how many of the row''s executions have ended, cancelled ones included, by the hours from its beginning (its bucket, since, or its first execution) to its end or now. oldest_pending_at: when the longest waiting execution among those pending was created. stats is the whole of the durations, to be merged or asked for more.
after is the column cursor of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100). The executions are read from an index from since on, and all of them: give since.
Errors: 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_statistics', 'reader');
