"""What monitoring.sh asks the exporter and Prometheus. Closes with `N passed, N failed`.

monitoring.py scrape BLUE GREEN WRONG     ports of three exporters: two tenants, and one that was not granted
monitoring.py dashboard PORT FILE         Prometheus, and the dashboard whose expressions it is asked
"""

import json
import math
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

counts = {True: 0, False: 0}
ROLES = {"blue": "mon", "green": "mon_green"}


def check(name, holds, told=""):
    counts[bool(holds)] += 1
    print(("ok - " if holds else "NOT OK - ") + name + ("" if holds else f"\n    {told}"), flush=True)


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def sql(statement, tenant, *arguments):
    command = ["psql", "-X", "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", *arguments, "-c", f"SET wfstate.tenant = '{tenant}'"]
    rows = subprocess.run([*command, "-c", statement], check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in rows.splitlines()]


def scraped(port):
    """Metric and labels, without the server's, to value."""
    found = {}
    for line in get(f"http://127.0.0.1:{port}/metrics").splitlines():
        match = re.fullmatch(r"(wfstate_\w+)\{(.*)\} (\S+)", line)
        if match:
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2]))
            labels.pop("server", None)
            found[match[1], tuple(sorted(labels.items()))] = float(match[3])
    return found


# Metric prefix: view, labels, and metrics with the column each comes of.
VIEWS = {
    "wfstate_executions_": ("execution_metrics", ["tenant", "workflow", "status"], {"incomplete": "executions"}),
    "wfstate_finished_": ("finished_metrics", ["tenant", "workflow", "status"], {c: c for c in ["executions", "mean_seconds", "max_seconds"]}),
    "wfstate_queue_": ("queue_metrics", ["tenant", "workflow"], {c: f'"{c}"' for c in [
        "ready", "parked", "held", "expired", "delayed", "waiting", "oldest_ready_seconds", "overdue_seconds"]}),
    "wfstate_circuits_": ("circuit_metrics", ["tenant", "state"], {"count": "circuits"}),
    "wfstate_agent_": ("agent_metrics", ["tenant", "agent"], {"tasks": "tasks", "failed_tasks": "failed_tasks", "success_rate": "success_rate"}
                       | {f"{c}_seconds": f"{c}_duration_ms / 1000" for c in ["mean", "p50", "p95", "p99"]}),
    "wfstate_table_": ("table_metrics", ["table_name"], {c: c for c in ["live_rows", "dead_rows", "bytes", "transaction_age", "vacuumed_seconds_ago"]}
                       | {f"{c}_total": c for c in ["inserted_rows", "updated_rows", "hot_updated_rows", "deleted_rows"]}),
    "wfstate_health_": ("health_metrics", ["tenant", "check_name"], {"status": "status", "value": "value"}),
}
# What changes while nobody does anything: these may have moved on since the scrape.
MOVING = re.compile("_seconds_ago|oldest_ready_seconds|overdue_seconds|_bytes|transaction_age")
MOVING_CHECKS = ("expired_leases", "oldest_pending", "overdue_waits", "disk", "wraparound", "long_transactions", "cache_hits")


def near(name, labels, got, wanted):
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) == math.isnan(got) or dict(labels).get("check_name") == "cache_hits"
    if dict(labels).get("check_name") == "cache_hits":
        return True
    if MOVING.search(name) or name == "wfstate_health_value" and dict(labels)["check_name"] in MOVING_CHECKS:
        return abs(got - wanted) <= max(20, 0.1 * wanted)
    return math.isclose(got, wanted, rel_tol=1e-9)


def expected(tenant):
    rows = {}
    for prefix, (view, labels, metrics) in VIEWS.items():
        columns = labels + [f"({expression})::float8" for expression in metrics.values()]
        for row in sql(f"SELECT {', '.join(columns)} FROM wfstate.{view}", tenant, "-U", ROLES[tenant]):
            key = tuple(sorted(zip(labels, row)))
            for name, value in zip(metrics, row[len(labels):]):
                rows[prefix + name, key] = float(value) if value else math.nan
    return rows


def scrape(blue, green, wrong):
    for tenant, port in (("blue", blue), ("green", green)):
        scraped(port)
        subprocess.run(["psql", "-X", "-q", "-c", "SELECT pg_stat_force_next_flush()"], check=True, capture_output=True)
        got, wanted = scraped(port), expected(tenant)
        check(f"{tenant}: the exporter has what SQL has, and no more", got.keys() == wanted.keys(),
              sorted(got.keys() ^ wanted.keys())[:5])
        wrong_values = [(k, got[k], v) for k, v in wanted.items() if k in got and not near(*k, got[k], v)]
        check(f"{tenant}: {len(wanted)} values are equal", wanted and not wrong_values, wrong_values[:5])
        seen = {dict(labels).get("tenant", tenant) for _, labels in got}
        check(f"{tenant}: no other tenant is seen", seen == {tenant}, seen)
        value = lambda name, **labels: got.get((name, tuple(sorted(({"tenant": tenant} | labels).items()))))
        many = {"blue": 3, "green": 5}[tenant]
        known = {
            "ready": (value("wfstate_queue_ready", workflow="paid"), many),
            "parked": (value("wfstate_queue_parked", workflow="paid"), 1),
            "held": (value("wfstate_queue_held", workflow="paid"), 3),
            "expired": (value("wfstate_queue_expired", workflow="paid"), 1),
            "delayed": (value("wfstate_queue_delayed", workflow="paid"), 1),
            "sent": (value("wfstate_queue_ready", workflow="sent"), 2),
            "completed": (value("wfstate_finished_executions", workflow="paid", status="completed"), 1),
            "failed": (value("wfstate_finished_executions", workflow="", status="failed"), 1),
            "running": (value("wfstate_executions_incomplete", workflow="paid", status="running"), 3),
            "forced_open": (value("wfstate_circuits_count", state="forced_open"), 1),
            "tasks": (value("wfstate_agent_tasks", agent="agent-1"), 10),
            "open_circuits": (value("wfstate_health_status", check_name="open_circuits"), 1),
            "expired_leases": (value("wfstate_health_status", check_name="expired_leases"), 1),
            "version": (value("wfstate_health_status", check_name="version"), 0),
        }
        bad = {k: v for k, v in known.items() if v[0] != v[1]}
        check(f"{tenant}: the numbers are those of what was done", not bad, bad)
    seen = {dict(labels).get("tenant") for _, labels in scraped(wrong)}
    check("who may not see a tenant gets none of its numbers", seen <= {None}, seen)


def expressions(file):
    """Every expression of the dashboard with its panel, with Grafana's variables filled in."""
    def walk(panels):
        for panel in panels:
            yield from walk(panel.get("panels", []))
            for target in panel.get("targets", []):
                yield panel["title"], target["expr"]
    dashboard = json.load(open(file, encoding="utf-8"))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            metric = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            yield f"variable {variable['name']}", f"count by ({metric[2]}) ({metric[1]})"
    yield from walk(dashboard["panels"])


def filled(expression):
    for name, value in (("$__rate_interval", "30s"), ("$__range", "30s"), ("$tenant", ".*"), ("$workflow", ".*")):
        expression = expression.replace(name, value)
    return expression


def dashboard(port, file):
    def ask(path, **parameters):
        return json.loads(get(f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))

    def result(expression):
        try:
            return ask("query", query=expression)["data"]["result"]
        except OSError:
            return []
    for _ in range(150):
        if result('count_over_time(wfstate_table_bytes{table_name="executions"}[1m]) >= 3'):
            break
        time.sleep(0.2)
    sql("SELECT wf_save_state('more', '{}')", "blue")
    wanted = list(expressions(file))
    check("the dashboard has expressions", len(wanted) > 30, len(wanted))
    known = set(ask("label/__name__/values")["data"])
    named = {name for _, expression in wanted for name in re.findall(r"\bwfstate_\w+", expression)}
    check(f"the {len(named)} metrics of the dashboard exist", named <= known, named - known)
    unused = {name for name in known if name.startswith("wfstate_")} - named
    check("it shows every metric of the exporter but those named here", unused == set(), unused)
    for title, expression in wanted:
        try:
            answer = ask("query", query=filled(expression))
        except urllib.error.HTTPError as error:
            check(f"{title}: {expression}", False, error.read().decode())
            continue
        found = [s for s in answer["data"]["result"] if s["value"][1] != "NaN"]
        check(f"{title}: {expression}", answer["status"] == "success" and found, answer)
    value = lambda expression: float(result(expression)[0]["value"][1])
    check("two tenants add up", value('sum(wfstate_queue_ready{workflow="paid"})') == 8, result("wfstate_queue_ready"))
    check("a variable chooses one", value('sum(wfstate_queue_ready{tenant=~"blue",workflow=~"paid"})') == 3)
    check("the worst check is a warning", value("max(wfstate_health_status)") == 1, result("wfstate_health_status > 0"))
    check("sizes do not count twice", value("sum(max by (table_name) (wfstate_table_bytes))") < 1.5 * value(
        'max(wfstate_health_value{check_name="disk"})'))


{"scrape": scrape, "dashboard": dashboard}[sys.argv[1]](*sys.argv[2:])
print(f"{counts[True]} passed, {counts[False]} failed")
sys.exit(counts[False] > 0)
