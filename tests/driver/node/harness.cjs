// Connections and ids; node:test is the frame. PGHOST and so on come from the environment.
const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");
const { Client } = require("pg");

async function connect(options = {}) {
  const client = new Client({ user: process.env.WF_APP_ROLE || "wf_app", ...options });
  await client.connect();
  return client;
}

const unique = (stem) => `${stem}-${randomUUID().slice(0, 13)}`;

/** The one value that the query returns. */
async function value(client, text, values) {
  const { rows } = await client.query({ text, values, rowMode: "array" });
  assert.equal(rows.length, 1);
  return rows[0][0];
}

/** The query must fail with this code; gives the error. */
async function refused(code, query) {
  try {
    await query;
  } catch (error) {
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`nothing was raised, ${code} expected`);
}

module.exports = { connect, refused, unique, value };
