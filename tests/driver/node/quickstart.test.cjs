// node-postgres: everything goes out as text without a type; objects as JSON, bigint comes back
// as a string. An array would become a PostgreSQL array, so that a JSON Patch is stringified.
const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
const { connect, refused, unique, value } = require("./harness.cjs");

let client;
before(async () => { client = await connect(); });
after(async () => { await client.end(); });

const FIRST = { total: 7, items: ["tea"] };
const SECOND = { total: 8.5, items: ["tea"], coupon: "X" };
const THIRD = { total: 9, items: ["tea"], customer: { name: "Ann" } };
const FOURTH = { ...THIRD, items: ["tea", "milk"] };
const MILK = [{ op: "add", path: "/items/-", value: "milk" }];

async function saved() {
  const id = unique("order");
  const workflow = unique("checkout");
  assert.equal(await value(client, "SELECT wf_save_state($1, $2)", [id, FIRST]), "1");
  const text = `SELECT wf_save_state(execution_id => $1, state => $2, expected_version => $3,
    status => $4, phase => $5, workflow => $6, tags => $7, step_id => $8, note => $9,
    schema_version => $10)`;
  const values = [id, SECOND, 1, "waiting", "payment", workflow, { team: "blue" }, "step-2", "n", 3];
  assert.equal(await value(client, text, values), "2");
  const merge = JSON.stringify({ total: 9, coupon: null, customer: { name: "Ann" } });
  assert.equal(await value(client, "SELECT wf_patch_state($1, $2, $3)", [id, merge, 2]), "3");
  assert.equal(
    await value(client, "SELECT wf_patch_state($1, $2, $3)", [id, JSON.stringify(MILK), "3"]), "4");
  return { id, workflow };
}

test("save, patch, load, history", async () => {
  const { id, workflow } = await saved();
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [id]), FOURTH);
  const { rows: [row] } = await client.query("SELECT * FROM wf_load($1)", [id]);
  assert.equal(row.version, "4");
  assert.deepEqual([row.state, row.tags], [FOURTH, { team: "blue" }]);
  assert.deepEqual([row.status, row.phase, row.workflow, row.schema_version],
    ["waiting", "payment", workflow, 3]);
  assert.ok(row.created_at instanceof Date && row.completed_at === null);
  const { rows } = await client.query("SELECT * FROM wf_history($1)", [id]);
  assert.deepEqual(rows.map((r) => r.version), ["1", "2", "3", "4"]);
  assert.deepEqual([rows[0].changes, rows[3].changes], [null, [{ op: "add", path: "/items/1", value: "milk" }]]);
  assert.deepEqual([rows[1].step_id, rows[1].note], ["step-2", "n"]);
  const states = [FIRST, SECOND, THIRD, FOURTH];
  for (const [index, state] of states.entries()) {
    assert.deepEqual(await value(client, "SELECT wf_state_at($1, $2)", [id, index + 1]), state);
  }
});

test("a stale writer gets WF001 with detail and hint", async () => {
  const { id } = await saved();
  const error = await refused("WF001",
    client.query("SELECT wf_save_state($1, $2, $3)", [id, { lost: true }, 2]));
  assert.equal(error.message, `execution "${id}" was modified concurrently`);
  assert.equal(error.detail, "Expected version 2, but the head is at version 4.");
  assert.match(error.hint, /Load the state again/);
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [id]), FOURTH);
});

test("checkpoint, recover, fork", async () => {
  const { id } = await saved();
  const metadata = { by: "test" };
  assert.equal(
    await value(client, "SELECT wf_checkpoint($1, $2, $3, $4)", [id, "paid", 3, metadata]), "3");
  const { rows } = await client.query("SELECT name, version, metadata FROM wf_checkpoints($1)", [id]);
  assert.deepEqual(rows, [{ name: "paid", version: "3", metadata }]);
  assert.equal(await value(client, "SELECT wf_recover($1)", [id]), "5");
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [id]), THIRD);
  const fork = unique("fork");
  assert.equal(
    await value(client, "SELECT wf_fork($1, $2, checkpoint => $3)", [id, fork, "paid"]), "1");
  assert.deepEqual(await value(client, "SELECT wf_load_state($1)", [fork]), THIRD);
});

test("find, list, delete", async () => {
  const { id, workflow } = await saved();
  const { rows } = await client.query("SELECT * FROM wf_find($1, $2)", [{ items: ["milk"] }, workflow]);
  assert.deepEqual(rows.map((r) => r.execution_id), [id]);
  const list = await client.query(
    "SELECT * FROM wf_list(tags => $1, workflow => $2, created_since => $3, max_rows => $4)",
    [{ team: "blue" }, workflow, new Date(Date.now() - 60000), 10]);
  assert.deepEqual(list.rows.map((r) => r.execution_id), [id]);
  assert.equal(await value(client, "SELECT wf_delete($1)", [id]), true);
  assert.equal(await value(client, "SELECT wf_delete($1)", [id]), false);
  await refused("WF005", client.query("SELECT wf_load_state($1)", [id]));
});

test("batches with arrays", async () => {
  const ids = [unique("b"), unique("a")];
  const states = [{ quote: 'a "b" \\ {c}, d' }, { n: null }];
  const save = "SELECT * FROM wf_save_states($1, $2, $3)";
  const { rows } = await client.query(save, [ids, states, [0, null]]);
  assert.deepEqual(rows, ids.map((execution_id) => ({ execution_id, version: "1" })));
  const loaded = await client.query(
    "SELECT execution_id, state FROM wf_load_many($1)", [[ids[1], "missing", ids[0]]]);
  assert.deepEqual(loaded.rows.map((r) => r.state), [states[1], states[0]]);
  const error = await refused("WF001", client.query(save, [ids, states, [1, 7]]));
  assert.match(error.message, new RegExp(ids[1]));
});

test("named statements and a pool", async () => {
  const { Pool } = require("pg");
  const pool = new Pool({ user: client.user, max: 4 });
  try {
    const id = unique("pool");
    const append = (n) => pool.query({
      name: "append",
      text: "SELECT wf_patch_state($1, $2) AS version",
      values: [id, JSON.stringify([{ op: "add", path: "/log/-", value: n }])],
    });
    await pool.query("SELECT wf_save_state($1, $2)", [id, { log: [] }]);
    const results = await Promise.all(Array.from({ length: 100 }, (_, n) => append(n)));
    const versions = results.map((r) => Number(r.rows[0].version)).sort((a, b) => a - b);
    assert.deepEqual(versions, Array.from({ length: 100 }, (_, n) => n + 2));
    const state = await value(pool, "SELECT wf_load_state($1)", [id]);
    assert.deepEqual(state.log.sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => n));
  } finally {
    await pool.end();
  }
});

test("a transaction with a tenant of its own", async () => {
  const id = unique("tenant");
  await client.query("BEGIN");
  await client.query("SELECT set_config('wfstate.tenant', $1, true)", ["blue"]);
  await client.query("SELECT wf_save_state($1, $2)", [id, { of: "blue" }]);
  await client.query("COMMIT");
  assert.equal(await value(client, "SELECT wf_tenant()", []), "default");
  await refused("WF005", client.query("SELECT wf_load_state($1)", [id]));
});
