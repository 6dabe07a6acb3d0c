// A worker in node-postgres. It may die at any line: whoever claims the execution next goes on where it was.
// Arguments: its name, a workflow, how long its leases last, a file that tells which steps it ran.
const { appendFileSync } = require("node:fs");
const { connect } = require("./harness.cjs");

const STEPS = Array.from({ length: 10 }, (_, n) => `step-${n}`);
const [worker, workflow, duration, file] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const first = async (client, text, values) => (await client.query(text, values)).rows[0];

async function run(client, execution, lease) {
  for (const step of STEPS) {
    const asked = Date.now() / 1000;
    const begin = "SELECT action FROM wf_step_begin($1, $2, lease => $3)";
    if ((await first(client, begin, [execution, step, lease])).action === "done") continue;
    appendFileSync(file, `${execution} ${step} ${lease} ${asked}\n`); // what it does
    await client.query("SELECT wf_step_complete($1, $2, $3, patch => $4, lease => $5)",
      [execution, step, { lease: Number(lease) }, { [step]: Number(lease) }, lease]);
  }
  await client.query("SELECT wf_complete($1, lease => $2)", [execution, lease]);
}

async function work(client) {
  const claim = "SELECT execution_id, lease FROM wf_claim($1, ARRAY[$2], $3)";
  for (;;) {
    const claimed = await first(client, claim, [worker, workflow, duration]);
    if (!claimed) {
      await sleep(50);
      continue;
    }
    try {
      await run(client, claimed.execution_id, claimed.lease);
    } catch (error) {
      if (error.code !== "WF007") throw error; // somebody else has it
    }
  }
}

(async () => {
  for (;;) {
    let client;
    try {
      client = await connect();
      client.on("error", () => {});
      await work(client);
    } catch (error) {
      if (error.severity === "ERROR") throw error;
      await client?.end().catch(() => {});
      await sleep(100); // the server is away
    }
  }
})();
