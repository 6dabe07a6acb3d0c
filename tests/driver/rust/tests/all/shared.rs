//! The shared suites: what is in ../shared, through the `postgres` crate.

use super::quickstart::refused;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row};
use serde_json::Value;
use wfstate_driver_tests::{connect, unique};

fn param(written: &Value) -> Box<dyn ToSql + Sync> {
    let (kind, value) = written.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "text" => Box::new(value.as_str().map(String::from)),
        "json" => Box::new(value.clone()),
        "bigint" => Box::new(value.as_i64()),
        other => panic!("{other} is not a type of parameters"),
    }
}

fn column(row: &Row, at: usize) -> Value {
    let kind = row.columns()[at].type_();
    if *kind == Type::INT8 {
        row.get::<_, Option<i64>>(at).into()
    } else if *kind == Type::BOOL {
        row.get::<_, Option<bool>>(at).into()
    } else if *kind == Type::JSONB {
        row.get::<_, Option<Value>>(at).unwrap_or(Value::Null)
    } else {
        row.get::<_, Option<String>>(at).into()
    }
}

fn run(client: &mut Client, step: &Value) {
    let sql = step["sql"].as_str().unwrap();
    let bound: Vec<_> = step["params"]
        .as_array()
        .unwrap()
        .iter()
        .map(param)
        .collect();
    let params: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|param| &**param).collect();
    let answer = client.query(sql, &params);
    if let Some(code) = step["raises"].as_str() {
        refused(answer, code);
        return;
    }
    let rows = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let line = |row: &Row| Value::Array((0..row.len()).map(|at| column(row, at)).collect());
    let got: Vec<Value> = rows.iter().map(line).collect();
    assert_eq!(Value::Array(got), step["gives"], "{sql}");
}

#[test]
fn shared_suites() {
    let suites = [include_str!("../../../shared/sessions.json")];
    for text in suites {
        let own = format!("\"{}-", unique("shared"));
        let suite: Value = serde_json::from_str(&text.replace("\"@", &own)).unwrap();
        for case in suite["cases"].as_array().unwrap() {
            println!("{}", case["name"]);
            let (mut a, mut b) = (connect(), connect());
            for step in case["steps"].as_array().unwrap() {
                run(if step["on"] == "a" { &mut a } else { &mut b }, step);
            }
        }
    }
}
