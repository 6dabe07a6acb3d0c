//! The quick start. This client prepares every statement and sends each parameter in the type
//! that the server found for it.

use postgres::error::DbError;
use postgres::types::ToSql;
use postgres::{Client, Error, Row};
use serde_json::{Value, json};
use std::time::SystemTime;
use wfstate_driver_tests::{connect, unique};

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

fn version(client: &mut Client, text: &str, params: Params) -> i64 {
    client.query_one(text, params).unwrap().get(0)
}

fn state(client: &mut Client, id: &str) -> Value {
    let row = client
        .query_one("SELECT wf_load_state($1)", &[&id])
        .unwrap();
    row.get(0)
}

pub(super) fn refused(result: Result<Vec<Row>, Error>, code: &str) -> DbError {
    let error = result.expect_err("refused");
    let error = error.as_db_error().expect("the server refused it").clone();
    assert_eq!(error.code().code(), code, "{error}");
    error
}

/// Four versions: saved, saved, merged, patched.
fn saved(client: &mut Client) -> (String, String) {
    let (id, workflow) = (unique("order"), unique("checkout"));
    let first = json!({"total": 7, "items": ["tea"]});
    assert_eq!(
        version(client, "SELECT wf_save_state($1, $2)", &[&id, &first]),
        1
    );
    let second = json!({"total": 8.5, "items": ["tea"], "coupon": "X"});
    let text = "SELECT wf_save_state(execution_id => $1, state => $2, expected_version => $3,
        status => $4, phase => $5, workflow => $6, tags => $7, step_id => $8, note => $9,
        schema_version => $10)";
    let tags = json!({"team": "blue"});
    let params: Params = &[
        &id, &second, &1i64, &"waiting", &"payment", &workflow, &tags, &"step-2", &"n", &3i32,
    ];
    assert_eq!(version(client, text, params), 2);
    let patch = "SELECT wf_patch_state($1, $2, $3)";
    let merge = json!({"total": 9, "coupon": null, "customer": {"name": "Ann"}});
    assert_eq!(version(client, patch, &[&id, &merge, &2i64]), 3);
    let append = json!([{"op": "add", "path": "/items/-", "value": "milk"}]);
    assert_eq!(version(client, patch, &[&id, &append, &3i64]), 4);
    (id, workflow)
}

fn third() -> Value {
    json!({"total": 9, "items": ["tea"], "customer": {"name": "Ann"}})
}

fn fourth() -> Value {
    json!({"total": 9, "items": ["tea", "milk"], "customer": {"name": "Ann"}})
}

#[test]
fn save_patch_load_history() {
    let client = &mut connect();
    let (id, workflow) = saved(client);
    assert_eq!(state(client, &id), fourth());
    let row = client
        .query_one("SELECT * FROM wf_load($1)", &[&id])
        .unwrap();
    assert_eq!(row.get::<_, i64>("version"), 4);
    assert_eq!(row.get::<_, Value>("state"), fourth());
    assert_eq!(row.get::<_, Option<String>>("workflow"), Some(workflow));
    assert_eq!(row.get::<_, &str>("status"), "waiting");
    assert_eq!(row.get::<_, i32>("schema_version"), 3);
    assert_eq!(row.get::<_, Option<SystemTime>>("completed_at"), None);
    let rows = client
        .query("SELECT * FROM wf_history($1)", &[&id])
        .unwrap();
    let versions: Vec<i64> = rows.iter().map(|row| row.get("version")).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    assert_eq!(rows[0].get::<_, Option<Value>>("changes"), None);
    let changes = json!([{"op": "add", "path": "/items/1", "value": "milk"}]);
    assert_eq!(rows[3].get::<_, Value>("changes"), changes);
    let at: SystemTime = rows[2].get("saved_at");
    let then = client
        .query_one("SELECT wf_state_at($1, at => $2)", &[&id, &at])
        .unwrap();
    assert_eq!(then.get::<_, Value>(0), third());
}

#[test]
fn a_stale_writer_gets_wf001() {
    let client = &mut connect();
    let (id, _) = saved(client);
    let lost = json!({"lost": true});
    let result = client.query("SELECT wf_save_state($1, $2, $3)", &[&id, &lost, &2i64]);
    let error = refused(result, "WF001");
    assert_eq!(
        error.message(),
        format!("execution \"{id}\" was modified concurrently")
    );
    assert_eq!(
        error.detail(),
        Some("Expected version 2, but the head is at version 4.")
    );
    assert!(error.hint().unwrap().contains("Load the state again"));
    assert_eq!(state(client, &id), fourth());
}

#[test]
fn checkpoint_recover_fork_find_delete() {
    let client = &mut connect();
    let (id, workflow) = saved(client);
    let tag = "SELECT wf_checkpoint($1, $2, $3)";
    assert_eq!(version(client, tag, &[&id, &"paid", &3i64]), 3);
    assert_eq!(
        version(client, "SELECT wf_recover($1, $2)", &[&id, &"paid"]),
        5
    );
    assert_eq!(state(client, &id), third());
    let fork = unique("fork");
    assert_eq!(
        version(client, "SELECT wf_fork($1, $2, $3)", &[&id, &fork, &4i64]),
        1
    );
    assert_eq!(state(client, &fork), fourth());
    let milk = json!({"items": ["milk"]});
    let rows = client
        .query("SELECT * FROM wf_find($1, $2)", &[&milk, &workflow])
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, &str>("execution_id"), fork);
    for there in [true, false] {
        let row = client.query_one("SELECT wf_delete($1)", &[&id]).unwrap();
        assert_eq!(row.get::<_, bool>(0), there);
    }
    refused(client.query("SELECT wf_load_state($1)", &[&id]), "WF005");
}

#[test]
fn batches() {
    let client = &mut connect();
    let ids = [unique("b"), unique("a")];
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let states = vec![json!({"text": "a \"b\" {c}, d"}), json!([null, 1.5])];
    let save = "SELECT execution_id, version FROM wf_save_states($1, $2, $3)";
    let expected: Vec<Option<i64>> = vec![Some(0), None];
    let rows = client.query(save, &[&ids, &states, &expected]).unwrap();
    let got: Vec<(&str, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(got, [(ids[0], 1), (ids[1], 1)]);
    let wanted = vec![ids[1], "missing", ids[0]];
    let rows = client
        .query("SELECT state FROM wf_load_many($1)", &[&wanted])
        .unwrap();
    let got: Vec<Value> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(got, [states[1].clone(), states[0].clone()]);
    let stale: Vec<Option<i64>> = vec![Some(1), Some(7)];
    refused(client.query(save, &[&ids, &states, &stale]), "WF001");
}

#[test]
fn a_transaction_that_is_dropped() {
    let client = &mut connect();
    let (id, _) = saved(client);
    {
        let mut transaction = client.transaction().unwrap();
        transaction
            .query("SELECT wf_save_state($1, '{}')", &[&id])
            .unwrap();
    }
    assert_eq!(state(client, &id), fourth());
}
