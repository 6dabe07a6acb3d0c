// Executions and steps from node-postgres.
const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
const { connect, refused, unique, value } = require("./harness.cjs");

let client;
before(async () => { client = await connect(); });
after(async () => { await client.end(); });
const row = async (text, values) => (await client.query(text, values)).rows[0];

test("steps are recorded once, and undone", async () => {
  const key = unique("key");
  const start = "SELECT * FROM wf_start('order', input => $1, idempotency_key => $2)";
  const { execution_id: id, created } = await row(start, [{ n: 1 }, key]);
  assert.equal(created, true);
  assert.deepEqual(await row(start, [{ n: 1 }, key]), { execution_id: id, version: "1", created: false });
  const other = await refused("WF006", client.query(start, [{ n: "s3cret" }, key]));
  assert.doesNotMatch(other.message + other.detail, /s3cret/);
  const begun = await row("SELECT * FROM wf_step_begin($1, $2, compensation => $3)", [id, "charge", "refund"]);
  assert.deepEqual([begun.action, begun.attempt, begun.blocked_by], ["run", 1, null]);
  const complete = "SELECT * FROM wf_step_complete($1, $2, $3, patch => $4)";
  assert.deepEqual(await row(complete, [id, "charge", { paid: 7 }, { paid: true }]), { recorded: true, output: { paid: 7 }, version: "2" });
  assert.deepEqual(await row(complete, [id, "charge", { paid: 8 }, { paid: 8 }]), { recorded: false, output: { paid: 7 }, version: null });
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [id]), { paid: true });
  await client.query("SELECT wf_step_begin($1, $2)", [id, "ship"]);
  const failed = await row("SELECT * FROM wf_step_fail($1, $2, $3, max_attempts => 2)", [id, "ship", { message: "no van" }]);
  assert.equal(failed.action, "wait");
  assert.ok(failed.retry_at instanceof Date);
  await client.query("SELECT wf_set_status($1, $2)", [id, "compensating"]);
  assert.deepEqual(await row("SELECT * FROM wf_step_compensated($1, $2)", [id, "charge"]), { recorded: true, remaining: "0", status: "compensated" });
  await refused("WF004", client.query("SELECT wf_complete($1)", [id]));
});
