// What node-postgres shows of a state or a move that a definition refuses.
const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { connect, refused, unique, value } = require("./harness.cjs");

let client;
before(async () => { client = await connect(); });
after(async () => { await client.end(); });

test("rules and phases", async () => {
  const [id, workflow] = [unique("rules"), unique("document")];
  const definition = {
    phases: { draft: { next: ["review"] }, review: { next: ["done"] }, done: {} },
    initial_phase: "draft", terminal_phases: ["done"],
    schema: { type: "object", required: ["title"] },
  };
  assert.equal(await value(client, "SELECT wf_define($1, $2)", [workflow, definition]), 1);
  await client.query("SELECT wf_save_state($1, $2, workflow => $3)", [id, { title: "t" }, workflow]);
  const broken = await refused("WF002", client.query("SELECT wf_save_state($1, $2)", [id, { other: "s3cret" }]));
  assert.match(broken.detail, /required/);
  assert.match(broken.hint, /wf_violations/);
  assert.doesNotMatch(broken.message + broken.detail, /s3cret/);
  const moved = await refused("WF004", client.query("SELECT wf_transition($1, $2)", [id, "done"]));
  assert.match(moved.hint, /"review"/);
  assert.equal(await value(client, "SELECT wf_transition($1, $2, $3)", [id, "review", { n: 1 }]), "2");
  assert.equal(await value(client, "SELECT wf_is_valid($1)", [id]), true);
});

test("a state of an older shape", async () => {
  const id = unique("shaped");
  await client.query("SELECT wf_save_state($1, $2, workflow => $1)", [id, { n: 1 }]);
  await client.query("SELECT wf_add_migration($1, 1, 2, $2)", [id, { two: true }]);
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [id]), { n: 1, two: true });
  const { rows } = await client.query("SELECT migrated, failed, finished FROM wf_migrate_states($1)", [id]);
  assert.deepEqual(rows, [{ migrated: "1", failed: "0", finished: true }]);
  await refused("WF006", client.query("SELECT wf_add_migration($1, 1, 2, $2)", [id, {}]));
});

test("a repair with nothing to do, and a file", async () => {
  const prefix = unique("import") + "/";
  const hex = readFileSync(join(__dirname, "../../demo/sample-flows.hex"), "utf8").replace(/\s/g, "");
  const imported = await client.query("SELECT * FROM wf_import_sqlite($1, id_prefix => $2)", [Buffer.from(hex, "hex"), prefix]);
  assert.deepEqual(imported.rows.map((row) => [row.execution_id, row.version, row.imported]),
    [[`${prefix}flow`, "1", true], [`${prefix}flow`, "2", true]]);
  const { rows } = await client.query("SELECT action, version FROM wf_repair($1)", [`${prefix}flow`]);
  assert.deepEqual(rows, [{ action: "valid", version: "2" }]);
  await refused("22023", client.query("SELECT * FROM wf_import_sqlite($1)", [Buffer.from("s3cret")]));
});
