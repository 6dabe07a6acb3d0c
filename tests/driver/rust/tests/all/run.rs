//! One execution with a model beside it: every version that it should have.

use crate::documents::Step;
use crate::{model, random};
use postgres::Client;
use postgres::types::ToSql;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use wfstate_driver_tests::{JsonText, unique};

pub type Outcome<T = ()> = Result<T, TestCaseError>;

/// Versions that differ from the document that was saved: in a bit of the image, or in print.
const DIFFERING: &str = "
    SELECT v
      FROM unnest($2::text[]) WITH ORDINALITY AS saved(document, v)
     WHERE v > $3
       AND NOT (record_image_eq(ROW(wf_state_at($1, v)), ROW(document::jsonb))
                AND wf_state_at($1, v)::text = document::jsonb::text)
     ORDER BY v";

pub struct Run<'a> {
    pub client: &'a mut Client,
    pub id: String,
    /// What each version should be, the first first.
    pub versions: Vec<Value>,
}

pub fn fail(error: postgres::Error) -> TestCaseError {
    let told = error
        .as_db_error()
        .map(|e| format!("{}: {e} {:?}", e.code().code(), e.detail()));
    TestCaseError::fail(told.unwrap_or_else(|| error.to_string()))
}

pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(TestCaseError::fail(what()))
    }
}

impl<'a> Run<'a> {
    pub fn start(client: &'a mut Client, first: &Value) -> Outcome<Self> {
        let id = unique("run");
        let mut run = Run {
            client,
            id,
            versions: Vec::new(),
        };
        run.save(first.clone())?;
        Ok(run)
    }

    /// The call returns the next version, which must be the document.
    fn next(&mut self, text: &str, params: &[&(dyn ToSql + Sync)], document: Value) -> Outcome {
        let version: i64 = self.client.query_one(text, params).map_err(fail)?.get(0);
        self.versions.push(document);
        ensure(version == self.versions.len() as i64, || {
            format!("{text} gave version {version}")
        })
    }

    pub fn save(&mut self, document: Value) -> Outcome {
        let (id, head) = (self.id.clone(), self.versions.len() as i64);
        let sent = JsonText(document.to_string());
        self.next(
            "SELECT wf_save_state($1, $2, $3)",
            &[&id, &sent, &head],
            document,
        )
    }

    fn patch(&mut self, patch: &Value, document: Value) -> Outcome {
        let (id, sent) = (self.id.clone(), JsonText(patch.to_string()));
        self.next("SELECT wf_patch_state($1, $2)", &[&id, &sent], document)
    }

    pub fn head(&self) -> Value {
        self.versions.last().cloned().unwrap_or_default()
    }

    pub fn step(&mut self, step: &Step) -> Outcome {
        let mut head = self.head();
        match step {
            Step::Save(edits) => {
                for (seed, value) in edits {
                    random::edit(&mut head, *seed, value.clone());
                }
                self.save(head)
            }
            Step::Replace(document) => self.save(document.clone()),
            Step::Again => self.save(head),
            Step::Merge(patch) => {
                model::merge(&mut head, patch);
                self.patch(patch, head)
            }
            Step::Append(value) => {
                let path = match &mut head {
                    Value::Array(items) => {
                        items.push(value.clone());
                        "/-"
                    }
                    Value::Object(members) => {
                        members.insert("a/b~".to_string(), value.clone());
                        "/a~1b~0"
                    }
                    scalar => {
                        *scalar = value.clone();
                        ""
                    }
                };
                self.patch(&json!([{"op": "add", "path": path, "value": value}]), head)
            }
            Step::Jump(from, to) => self.jump(from % self.versions.len(), to % self.versions.len()),
        }
    }

    fn jump(&mut self, from: usize, to: usize) -> Outcome {
        let id = self.id.clone();
        let (source, target) = (from as i64 + 1, to as i64 + 1);
        let (back, forth) = (self.versions[from].clone(), self.versions[to].clone());
        self.next(
            "SELECT wf_recover($1, version => $2)",
            &[&id, &source],
            back,
        )?;
        let text = "SELECT wf_patch_state($1, wf_diff($1, $2, $3))";
        self.next(text, &[&id, &source, &target], forth)
    }

    /// Every version after `pruned`, read by this session or another, is the one saved.
    pub fn check(&self, reader: &mut Client, pruned: i64) -> Outcome {
        let texts: Vec<String> = self.versions.iter().map(Value::to_string).collect();
        let rows = reader
            .query(DIFFERING, &[&self.id, &texts, &pruned])
            .map_err(fail)?;
        let bad: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        ensure(bad.is_empty(), || {
            format!("versions {bad:?} of {} differ", self.id)
        })?;
        let head = "SELECT record_image_eq(ROW(wf_load_state($1)), ROW($2::text::jsonb))";
        let row = reader
            .query_one(head, &[&self.id, &texts.last()])
            .map_err(fail)?;
        ensure(row.get(0), || format!("the head of {} differs", self.id))?;
        let verify = "SELECT valid, versions, problem FROM wf_verify($1)";
        let row = reader.query_one(verify, &[&self.id]).map_err(fail)?;
        let problem: Option<String> = row.get(2);
        ensure(row.get(0), || {
            format!("wf_verify of {}: {problem:?}", self.id)
        })?;
        let kept = texts.len() as i64 - pruned;
        ensure(row.get::<_, i64>(1) >= kept, || {
            "wf_verify missed versions".to_string()
        })
    }

    /// The changes that the history tells, patched onto the first version, make all the others.
    pub fn check_changes(&mut self) -> Outcome {
        let (id, copy) = (self.id.clone(), unique("copy"));
        let first = JsonText(self.versions[0].to_string());
        let save = "SELECT wf_save_state($1, $2)";
        self.client
            .query_one(save, &[&copy, &first])
            .map_err(fail)?;
        let text = "SELECT wf_patch_state($2, changes)
                      FROM wf_history($1, after => 1, max_rows => 10000)";
        self.client.query(text, &[&id, &copy]).map_err(fail)?;
        let run = Run {
            client: &mut *self.client,
            id: copy,
            versions: self.versions.clone(),
        };
        let mut reader = wfstate_driver_tests::connect();
        run.check(&mut reader, 0)
    }

    /// A fork of a version, and the history without what may be pruned.
    pub fn check_fork_and_prune(&mut self, reader: &mut Client, choice: usize) -> Outcome {
        let at = choice % self.versions.len();
        let (id, fork) = (self.id.clone(), unique("fork"));
        let text = "SELECT wf_fork($1, $2, version => $3)";
        self.client
            .query_one(text, &[&id, &fork, &(at as i64 + 1)])
            .map_err(fail)?;
        let mut branch = Run {
            client: &mut *self.client,
            id: fork,
            versions: vec![self.versions[at].clone()],
        };
        branch.step(&Step::Append(json!({"branch": true})))?;
        branch.check(reader, 0)?;
        let branch = Run {
            client: reader,
            id: branch.id,
            versions: branch.versions,
        };

        let keep = 1 + choice % 3;
        let text = "SELECT wf_prune_history($1, keep_last => $2)";
        self.client
            .query_one(text, &[&id, &(keep as i32)])
            .map_err(fail)?;
        let pruned = self.versions.len().saturating_sub(keep) as i64;
        self.check(branch.client, pruned)?;
        // What the fork stands on is not lost with it.
        let again = Run {
            client: &mut *self.client,
            id: branch.id,
            versions: branch.versions,
        };
        again.check(branch.client, 0)
    }
}
