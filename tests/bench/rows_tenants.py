"""Saves behind a pooler: SET LOCAL wfstate.tenant in each transaction, another tenant each time, or one."""

import tempfile

from context import NOT_WAITING, Result
from pgbench import middle, run_pgbench
from server import APP

TENANTS, CLIENTS = 1000, 4
# The same executions, states and transactions; only the tenants differ.
SCRIPT = r"""\set n random(1, {tenants})
BEGIN;
SELECT set_config('wfstate.tenant', 'bench-' || (:n::int * {alternating})::text, true);
SELECT wf_patch_state('pooled-' || :n::text, jsonb_build_object('client', :client_id::int, 'turn', :n::int));
END;
"""
PREPARE = """
SELECT count(*) FROM generate_series(1, %(tenants)s) AS n, LATERAL (
  SELECT set_config('wfstate.tenant', 'bench-' || n * %(alternating)s, false),
         wf_save_state('pooled-' || n, jsonb_build_object('text', repeat('x', 1000)))) AS saved"""
# Other roles' tenants and other workflows' declarations: as many rows as a service of that size has.
OTHERS = """
SELECT wf_grant_access('bench_others', 'writer', (SELECT array_agg('bench-' || n) FROM generate_series(1, %(tenants)s) AS n));
SELECT count(*) FROM generate_series(1, %(tenants)s) AS n, LATERAL (
  SELECT set_config('wfstate.tenant', 'bench-' || n, false), wf_declare_search('elsewhere', '{/never}')) AS declared;
RESET wfstate.tenant"""


def alternating(ctx):
    row = f"save, {TENANTS} tenants taking turns, {CLIENTS} clients, commit doesn't wait"
    goal = "≥ 90 % of the rate with one tenant"
    if not ctx.wfstate:
        yield Result(row, goal, "", None)
        return
    ctx.server.execute("CREATE ROLE bench_others")
    for part in (OTHERS % {"tenants": TENANTS}).split(";"):
        ctx.server.execute(part)
    for kind in (0, 1):
        ctx.server.execute(PREPARE % {"tenants": TENANTS, "alternating": kind})
    ctx.server.execute("RESET wfstate.tenant")
    rates = {"one": [], "many": []}
    ctx.server.quiet()
    for _ in range(ctx.scale(5, 1)):
        for label, kind in (("one", 0), ("many", 1)):
            rates[label].append(once(kind, ctx.scale(4, 1)))
    rate = middle(rates)
    share = rate["many"] / rate["one"]
    yield Result(row, goal, f"{share:.0%} ({rate['many']:,.0f}/s, one tenant {rate['one']:,.0f}/s)", share >= 0.9,
                 {"share": share, "rates": rates})


def once(kind, seconds):
    settings = " ".join(f"-c {name}={value}" for name, value in NOT_WAITING.items())
    with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="bench") as file:
        file.write(SCRIPT.format(tenants=TENANTS, alternating=kind))
        file.flush()
        return run_pgbench(["-f", file.name, "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "-U", APP], settings)
