//! Measurements, and how executions do.

use super::arrays::{Documents, Texts, Times, document, element, length, moment, read};
use super::{bytes, interval, micros};
use crate::core::arrays::{self, checked};
use crate::core::stats::encode;
use crate::core::telemetry::{self, Of, cursor, group_cursor};
use crate::core::{StateResult, limits};
use crate::pg::array::ArrayArg;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{Value, jsonb, record, time};
use crate::pg::records::Records;
use crate::store::metrics::statistics::{self, Group};
use crate::store::metrics::write::{self, Measurement};
use crate::store::metrics::{buckets, list};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_record_metric(
    execution_id: Option<&str>,
    name: Option<&str>,
    value: Option<f64>,
    unit: Option<&str>,
    labels: Option<JsonbArg<'_>>,
    recorded_at: Option<TimestampWithTimeZone>,
) -> i64 {
    run(|| {
        let one = Measurement {
            execution_id: limits::optional_name("execution_id", execution_id)?,
            name: limits::name("name", name)?,
            value: telemetry::value("value", value)?,
            unit: limits::optional_name("unit", unit)?,
            labels: limits::object("labels", bytes(labels))?,
            recorded_at: telemetry::time("recorded_at", micros(recorded_at))?,
        };
        write::write(&tenant::current()?, &one)
    })
}

#[pg_extern(sql = false)]
fn wf_record_metrics(
    execution_ids: Texts<'_>,
    names: Texts<'_>,
    measurements: Option<ArrayArg<'_, f64>>,
    units: Texts<'_>,
    labels: Documents<'_>,
    recorded_at: Times<'_>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let names = limits::required("names", names)?;
        limits::required("measurements", measurements)?;
        limits::batch("names", names.count())?;
        arrays::parallel(
            "measurement",
            ("names", names.count()),
            &[
                ("execution_ids", length(&execution_ids)),
                ("measurements", length(&measurements)),
                ("units", length(&units)),
                ("labels", length(&labels)),
                ("recorded_at", length(&recorded_at)),
            ],
        )?;
        let (execution_ids, names) = (
            read("execution_ids", &execution_ids)?,
            read("names", &Some(names))?,
        );
        let (measurements, units) = (read("measurements", &measurements)?, read("units", &units)?);
        let (labels, recorded_at) = (read("labels", &labels)?, read("recorded_at", &recorded_at)?);
        let all = (0..names.as_ref().map_or(0, Vec::len)).map(|at| {
            Ok(Measurement {
                execution_id: checked("execution_ids", at, |id| {
                    limits::optional_name(id, element(&execution_ids, at))
                })?,
                name: checked("names", at, |name| limits::name(name, element(&names, at)))?,
                value: checked("measurements", at, |value| {
                    telemetry::value(value, element(&measurements, at))
                })?,
                unit: checked("units", at, |unit| {
                    limits::optional_name(unit, element(&units, at))
                })?,
                labels: checked("labels", at, |all| {
                    limits::object(all, document(&labels, at))
                })?,
                recorded_at: checked("recorded_at", at, |time| {
                    telemetry::time(time, moment(&recorded_at, at))
                })?,
            })
        });
        let all = all.collect::<StateResult<Vec<_>>>()?;
        Ok(write::write_all(&tenant, &all)?.cast_signed())
    })
}

/// The length of a bucket in microseconds.
fn bucket_length(bucket: Option<pgrx::datum::Interval>) -> StateResult<Option<i64>> {
    interval(bucket)
        .map(|bucket| telemetry::bucket(bucket.months, bucket.days, bucket.micros))
        .transpose()
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_metrics<'a>(
    name: Option<&'a str>,
    bucket: Option<pgrx::datum::Interval>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    execution_id: Option<&'a str>,
    labels: Option<JsonbArg<'a>>,
    after: Option<TimestampWithTimeZone>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        tenant::current()?;
        let query = buckets::Query {
            name: limits::name("name", name)?,
            bucket: bucket_length(bucket)?,
            since: micros(since),
            until: micros(until),
            execution_id: limits::optional_name("execution_id", execution_id)?,
            labels: limits::object("labels", bytes(labels))?,
            after: micros(after),
            max_rows: limits::max_rows(max_rows)?,
        };
        buckets::sum(&query, |row| {
            let (count, sum) = (row.int8(1).unwrap_or_default(), row.float8(2));
            out.put(&record![
                time(row.micros(0)),
                count,
                sum,
                sum.map(|sum| sum / count as f64),
                row.float8(3),
                row.float8(4),
                row.float8(5),
                row.float8(6),
                row.float8(7),
                row.text(8),
            ]);
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_metric_values<'a>(
    execution_id: Option<&'a str>,
    name: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    labels: Option<JsonbArg<'a>>,
    newest_first: Option<bool>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        tenant::current()?;
        let query = list::Query {
            execution_id: limits::optional_name("execution_id", execution_id)?,
            name: limits::optional_name("name", name)?,
            since: micros(since),
            until: micros(until),
            labels: limits::object("labels", bytes(labels))?,
            newest_first: newest_first.unwrap_or(true),
            after,
            max_rows: limits::max_rows(max_rows)?,
        };
        list::list(&query, |row| {
            let (at, position) = (row.micros(0), row.int8(6));
            out.put(&record![
                time(at),
                row.text(1),
                row.float8(2),
                row.text(3),
                jsonb(row.jsonb(4)),
                row.text(5),
                position,
                cursor(
                    Of::Values,
                    at.unwrap_or_default(),
                    position.unwrap_or_default()
                ),
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_metric_names<'a>(after: Option<&'a str>, max_rows: Option<i32>) -> Records<'a> {
    Records::written(move |out| {
        tenant::current()?;
        let after = limits::optional_name("after", after)?;
        list::names(after, limits::max_rows(max_rows)?, |row| {
            let (name, unit) = (row.text(0), row.text(2));
            out.put(&record![name, row.float8(1), unit, time(row.micros(3))]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_statistics<'a>(
    workflow: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
    bucket: Option<pgrx::datum::Interval>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        tenant::current()?;
        let query = statistics::Query {
            workflow: limits::optional_name("workflow", workflow)?,
            since: micros(since),
            bucket: bucket_length(bucket)?,
            after: telemetry::group(after)?,
            max_rows: limits::max_rows(max_rows)?,
        };
        statistics::count(&query, |group| out.put(&group_record(group)))
    })
}

fn group_record(group: Group) -> crate::pg::record::Record {
    let cursor = group_cursor(group.bucket_at, &group.workflow);
    let stats = group.durations.as_ref();
    let percentile = |share| stats.and_then(|stats| stats.percentile(share));
    let [
        all,
        pending,
        running,
        waiting,
        paused,
        compensating,
        completed,
        failed,
        cancelled,
        compensated,
    ] = group.counts;
    record![
        Some(group.workflow).filter(|workflow| !workflow.is_empty()),
        time(group.bucket_at),
        all,
        pending,
        running,
        waiting,
        paused,
        compensating,
        completed,
        failed,
        cancelled,
        compensated,
        running + waiting + paused + compensating,
        stats.and_then(|stats| stats.success_rate()),
        stats.and_then(|stats| stats.moments().mean()),
        percentile(0.5),
        percentile(0.95),
        percentile(0.99),
        group.ended_per_hour,
        time(group.oldest_pending_at),
        stats.map_or(Value::Null, |stats| Value::Stats(encode::encode(stats))),
        cursor,
    ]
}
