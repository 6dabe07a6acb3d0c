// What node-postgres shows of a state or a move that a definition refuses.
const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
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
