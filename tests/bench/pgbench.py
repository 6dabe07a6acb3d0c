"""pgbench runs, where a Python client would be the bottleneck: prepared statements, custom scripts.

Each client keeps one execution and the version that its last save returned. It takes its documents
from rival.documents once, so that they travel as parameters with every save."""

import os
import re
import subprocess
import tempfile
from statistics import median

from documents import Agent, course
from server import APP, OWNER, STATED

# Saves in one turn of the script, half of them on the way back; each is a transaction of its own.
TURN = 16

FLOOR = """WITH head AS (UPDATE rival.floor_head SET version = version + 1, updated_at = now() \
WHERE execution_id = :id AND version = :v RETURNING execution_id, version, updated_at) \
INSERT INTO rival.floor_log (execution_id, version, saved_at, patch) \
SELECT execution_id, version, updated_at, {doc}::jsonb FROM head RETURNING version AS v"""
# label: role, what it sends, the statement, the row that must be there before
KINDS = {
    "floor": (OWNER, "patch", FLOOR, "INSERT INTO rival.floor_head VALUES (%s, 0, now())"),
    "full copy": (OWNER, "state", "SELECT rival.full_save(:id, {doc}, :v) AS v",
                  "INSERT INTO rival.full_current VALUES (%s, 0, now())"),
    "wfstate save": (APP, "state", "SELECT wf_save_state(:id, {doc}, :v) AS v", None),
    "wfstate patch": (APP, "patch", "SELECT wf_patch_state(:id, {doc}, :v) AS v", None),
    "save by statement": (STATED, "state", "SELECT wf_save_state(:id, {doc}, :v) AS v", None),
    "patch by statement": (STATED, "patch", "SELECT wf_patch_state(:id, {doc}, :v) AS v", None),
}


class Race:
    """Throughput of several kinds on states of one size, in rounds that take turns."""

    def __init__(self, ctx, size, change, clients, settings):
        self.ctx, self.clients = ctx, clients
        self.settings = " ".join(f"-c {name}={value}" for name, value in settings.items())
        first, states, patches = course(Agent(size), change, TURN // 2)
        for name, bodies in (("state", states), ("patch", patches)):
            ctx.server.execute(
                "INSERT INTO rival.documents VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET body = EXCLUDED.body",
                (name, [first, *bodies]))

    def run(self, labels, rounds, seconds):
        """Saves a second by label, one figure a round."""
        labels = [label for label in labels if self.ctx.wfstate or KINDS[label][0] == OWNER]
        self.ctx.server.quiet()
        rates = {label: [] for label in labels}
        for _ in range(rounds):
            for label in labels:
                rates[label].append(self.once(label, seconds))
        if os.environ.get("BENCH_VERBOSE"):
            print("   ", rates, flush=True)
        return rates

    def once(self, label, seconds):
        role, sends, statement, seed = KINDS[label]
        base = 1_000_000 + 100 * next(self.ctx.numbers)
        for client in range(self.clients if seed else 0):
            self.ctx.server.execute(seed, (str(base + client),))
        with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="bench") as file:
            file.write(script(statement, sends, create=seed is None))
            file.flush()
            return TURN * run_pgbench(
                ["-f", file.name, "-c", str(self.clients), "-j", str(min(2, self.clients)), "-T", str(seconds),
                 "-D", f"base={base}", "-D", "started=0", "-D", "v=0", "-U", role], self.settings)


def script(statement, sends, create):
    columns = ", ".join(f"body[{n + 1}] AS d{n}" for n in range(1, TURN + 1))
    lines = [
        r"\if :started", r"\else", r"\set started 1", r"\set id :base + :client_id",
        rf"SELECT {columns} FROM rival.documents WHERE name = '{sends}' \gset",
    ]
    if create:
        lines += [r"SELECT body[1] AS d0 FROM rival.documents WHERE name = 'state' \gset",
                  r"SELECT wf_save_state(:id, :d0, 0) AS v \gset"]
    lines.append(r"\endif")
    lines += [statement.format(doc=f":d{n}") + r" \gset" for n in range(1, TURN + 1)]
    return "\n".join(lines) + "\n"


def run_pgbench(arguments, settings):
    command = ["pgbench", "-n", "-M", "prepared", *arguments, os.environ["PGDATABASE"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "PGOPTIONS": settings})
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not rate or "aborted" in done.stderr:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return float(rate.group(1))


def middle(rates):
    return {label: median(each) for label, each in rates.items()}
