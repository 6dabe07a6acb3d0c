// A worker in node-postgres. It may die at any line: whoever claims the execution next goes on where it was.
// Arguments: its name, a workflow, how long its leases last, a file that tells which steps it ran.
const { appendFileSync } = require("node:fs");
const { connect } = require("./harness.cjs");

const STEPS = Array.from({ length: 10 }, (_, n) => `step-${n}`);
const [worker, workflow, duration, file] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const first = async (client, text, values) => (await client.query(text, values)).rows[0];

async function run(client, execution, lease) {
  const begin = "SELECT action FROM wf_step_begin($1, $2, lease => $3)";
  const last = "SELECT wf_step_complete($1, $2, $3, patch => $4, lease => $5)";
  const next = "SELECT next_action AS action FROM wf_step_next($1, $2, $6, $3, $4, lease => $5)";
  let asked = Date.now() / 1000;
  let action = "done";
  for (const [n, step] of STEPS.entries()) {
    if (action === "done") {
      asked = Date.now() / 1000;
      action = (await first(client, begin, [execution, step, lease])).action;
    }
    if (action === "done") continue;
    appendFileSync(file, `${execution} ${step} ${lease} ${asked}\n`); // what it does
    const result = [execution, step, { lease: Number(lease) }, { [step]: Number(lease) }, lease];
    asked = Date.now() / 1000;
    if (n + 1 === STEPS.length) await client.query(last, result);
    else action = (await first(client, next, [...result, STEPS[n + 1]])).action;
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
