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
