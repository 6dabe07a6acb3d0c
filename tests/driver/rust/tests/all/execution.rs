//! Executions and steps from tokio's client.

use super::quickstart::refused;
use serde_json::{Value, json};
use wfstate_driver_tests::{connect, unique};

#[test]
fn steps_are_recorded_once() {
    let client = &mut connect();
    let id = unique("execution");
    let start = "SELECT created FROM wf_start('order', $1, $2)";
    for (input, created) in [(json!({"n": 1}), true), (json!({"n": 1}), false)] {
        let row = client.query_one(start, &[&id, &input]).unwrap();
        assert_eq!(row.get::<_, bool>(0), created);
    }
    refused(client.query(start, &[&id, &json!({"n": 2})]), "WF006");
    let begin = "SELECT action, attempt, output FROM wf_step_begin($1, 'charge', $2)";
    let row = client.query_one(begin, &[&id, &json!(1)]).unwrap();
    let begun: (&str, i32, Option<Value>) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(begun, ("run", 1, None));
    let complete = "SELECT recorded, version FROM wf_step_complete($1, 'charge', $2, patch => $3)";
    let output = json!({"paid": 7});
    let row = client
        .query_one(complete, &[&id, &output, &json!({"paid": true})])
        .unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, i64>(1)), (true, 2));
    let row = client.query_one(begin, &[&id, &json!(1)]).unwrap();
    let done: (&str, Option<Value>) = (row.get(0), row.get(2));
    assert_eq!(done, ("done", Some(output)));
    refused(client.query(begin, &[&id, &json!(2)]), "WF006");
    let row = client
        .query_one("SELECT wf_complete($1, $2)", &[&id, &json!("ok")])
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 3);
}
