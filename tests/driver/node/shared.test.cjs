// The shared suites: what is in ../shared, through node-postgres.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { connect, refused, unique } = require("./harness.cjs");

const BIGINT = 20;
const bind = ({ json, text, bigint }) => (json !== undefined ? JSON.stringify(json) : text !== undefined ? text : bigint);

async function rows(client, { sql, params }) {
  const { rows, fields } = await client.query({ text: sql, values: params.map(bind), rowMode: "array" });
  // A bigint is a text to node-postgres.
  return rows.map((row) => row.map((value, at) => (fields[at].dataTypeID === BIGINT && value !== null ? Number(value) : value)));
}

const folder = path.join(__dirname, "..", "shared");
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const text = fs.readFileSync(path.join(folder, file), "utf8").replaceAll('"@', `"${unique("shared")}-`);
  for (const { name, steps } of JSON.parse(text).cases) {
    test(name, async () => {
      const clients = { a: await connect(), b: await connect() };
      try {
        for (const step of steps) {
          if (step.raises) await refused(step.raises, rows(clients[step.on], step));
          else assert.deepEqual(await rows(clients[step.on], step), step.gives, step.sql);
        }
      } finally {
        await Promise.all([clients.a.end(), clients.b.end()]);
      }
    });
  }
}
