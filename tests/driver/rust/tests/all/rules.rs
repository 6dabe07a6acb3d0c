//! What tokio's client shows of a state or a move that a definition refuses.

use super::quickstart::refused;
use serde_json::json;
use wfstate_driver_tests::{connect, unique};

#[test]
fn rules_and_phases() {
    let client = &mut connect();
    let (id, workflow) = (unique("rules"), unique("document"));
    let definition = json!({
        "phases": {"draft": {"next": ["review"]}, "review": {"next": ["done"]}, "done": {}},
        "initial_phase": "draft", "terminal_phases": ["done"],
        "schema": {"type": "object", "required": ["title"]},
    });
    let row = client
        .query_one("SELECT wf_define($1, $2)", &[&workflow, &definition])
        .unwrap();
    assert_eq!(row.get::<_, i32>(0), 1);
    let save = "SELECT wf_save_state($1, $2, workflow => $3)";
    client
        .query(save, &[&id, &json!({"title": "t"}), &workflow])
        .unwrap();
    let other = json!({"other": "s3cret"});
    let broken = refused(
        client.query("SELECT wf_save_state($1, $2)", &[&id, &other]),
        "WF002",
    );
    assert!(broken.detail().unwrap().contains("required"));
    assert!(broken.hint().unwrap().contains("wf_violations"));
    assert!(!format!("{broken:?}").contains("s3cret"));
    let moved = refused(
        client.query("SELECT wf_transition($1, $2)", &[&id, &"done"]),
        "WF004",
    );
    assert!(moved.hint().unwrap().contains("\"review\""));
    let row = client
        .query_one("SELECT wf_transition($1, $2)", &[&id, &"review"])
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 2);
}

#[test]
fn a_state_of_an_older_shape() {
    let client = &mut connect();
    let id = unique("shaped");
    let save = "SELECT wf_save_state($1, $2, workflow => $1)";
    client.query(save, &[&id, &json!({"n": 1})]).unwrap();
    let add = "SELECT wf_add_migration($1, 1, 2, $2)";
    client.query(add, &[&id, &json!({"two": true})]).unwrap();
    let row = client
        .query_one("SELECT wf_load_state($1)", &[&id])
        .unwrap();
    let state: serde_json::Value = row.get(0);
    assert_eq!(state, json!({"n": 1, "two": true}));
    let migrate = "SELECT migrated, failed, finished FROM wf_migrate_states($1)";
    let row = client.query_one(migrate, &[&id]).unwrap();
    let done: (i64, i64, bool) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(done, (1, 0, true));
    refused(client.query(add, &[&id, &json!({})]), "WF006");
}

#[test]
fn a_file_and_a_repair_with_nothing_to_do() {
    let client = &mut connect();
    let prefix = unique("import") + "/";
    let hex = include_str!("../../../../demo/sample-flows.hex");
    let import =
        "SELECT execution_id, version FROM wf_import_sqlite(decode($1, 'hex'), id_prefix => $2)";
    let rows = client.query(import, &[&hex, &prefix]).unwrap();
    let found: Vec<(String, i64)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    let id = format!("{prefix}flow");
    assert_eq!(found, [(id.clone(), 1), (id.clone(), 2)]);
    let repair = "SELECT action, version FROM wf_repair($1)";
    let row = client.query_one(repair, &[&id]).unwrap();
    assert_eq!(
        (row.get::<_, String>(0), row.get::<_, i64>(1)),
        ("valid".to_owned(), 2)
    );
    let bytes = b"s3cret".as_slice();
    refused(
        client.query("SELECT * FROM wf_import_sqlite($1)", &[&bytes]),
        "22023",
    );
}
