"""What the database has of flows, and what is wfstate's own: rights, tenants, connections, imports."""

import copy
import os
import pickle
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
from crewai_wfstate import SetupError, WfstateFlowPersistence
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool
from stores import DSN, NEWEST, SQLite, alike, context_of


def sql(statement, *arguments, role="wf_crew"):
    with psycopg.connect(user=role, autocommit=True) as connection:
        found = connection.execute(statement, arguments)
        return found.fetchall() if found.description else []


def history(flow):
    return sql("SELECT step_id, status, note FROM wf_history(%s)", flow)


def refusal(call, *arguments):
    try:
        call(*arguments)
    except (SetupError, psycopg.Error) as error:
        return getattr(error, "sqlstate", None) or str(error)


def test_sql_sees_methods_and_states():
    flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
    for n, method in enumerate(("ask", "answer", "ask", "answer")):
        store.save_state(flow, method, {"n": n, "id": flow, "customer": {"name": flow}})
    assert [row[:2] for row in history(flow)] == [("ask", "running"), ("answer", "running")] * 2
    assert sql("SELECT wf_state_at(%s, 2)", flow) == [({"id": flow, "n": 1, "customer": {"name": flow}},)]
    assert sql("SELECT workflow FROM wf_find(%s)", Jsonb({"customer": {"name": flow}})) == [("crewai",)]
    assert sql("SELECT wf_diff(%s, 1, 2)", flow) == [([{"op": "replace", "path": "/n", "value": 1}],)]
    WfstateFlowPersistence(DSN, workflow="shop").save_state(flow, "later", {"id": flow})
    assert sql("SELECT workflow FROM wf_list(workflow => 'shop') WHERE execution_id = %s", flow) == [("shop",)]


def test_what_sql_changes_is_loaded():
    flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
    store.save_state(flow, "begin", {"zz": 1, "b": 2, "a": {"y": "\0", "x": -0.0}})
    assert sql("SELECT wf_load_state(%s) ->> 'b'", flow) == [("2",)]
    sql("""SELECT wf_patch_state(%s, '{"b": null, "new": 3, "a": {"more": [4]}}')""", flow)
    assert alike(store.load_state(flow), {"zz": 1, "a": {"y": "\0", "x": -0.0, "more": [4]}, "new": 3})
    sql("SELECT wf_recover(%s, version => 1)", flow)
    assert alike(store.load_state(flow), {"zz": 1, "b": 2, "a": {"y": "\0", "x": -0.0}})
    sql("SELECT wf_save_state(%s, '[1]')", flow)
    assert store.load_state(flow) is None


def test_many_at_once_lose_nothing():
    flow = str(uuid4())
    with ConnectionPool(DSN, min_size=1, max_size=4) as pool, ThreadPoolExecutor(8) as threads:
        own, pooled = WfstateFlowPersistence(DSN), WfstateFlowPersistence(pool)
        done = [threads.submit((own, pooled)[n % 2].save_state, flow, f"step{n}", {"n": n}) for n in range(40)]
        assert [found.result() for found in done] == [None] * 40
        assert {row[0] for row in history(flow)} == {f"step{n}" for n in range(40)}
        assert pooled.load_state(flow) == own.load_state(flow) != None  # noqa: E711
        assert pooled.conn_string == DSN


def test_tenants_do_not_see_each_other():
    flow, one = str(uuid4()), WfstateFlowPersistence(DSN)
    other = WfstateFlowPersistence("user=wf_other options=-cwfstate.tenant=other")
    one.save_state(flow, "begin", {"a": 1})
    assert other.load_state(flow) is None
    other.save_state(flow, "begin", {"a": 2})
    assert one.load_state(flow) == {"a": 1}


def test_setup_says_what_is_missing():
    assert "CREATE EXTENSION wfstate" in refusal(WfstateFlowPersistence, "dbname=postgres")
    assert "wf_grant_access('wf_reader', 'writer')" in refusal(WfstateFlowPersistence, "user=wf_reader")
    assert "wf_grant_access('wf_nobody', 'writer')" in refusal(WfstateFlowPersistence, "user=wf_nobody")
    assert "wf_grant_tenant" in refusal(WfstateFlowPersistence, DSN + " options=-cwfstate.tenant=other")
    assert "search_path" in refusal(WfstateFlowPersistence, DSN + " options=-csearch_path=pg_catalog")
    store = WfstateFlowPersistence(DSN)
    for name in ("wf_record_task", "wf_load_many"):
        sql(f"ALTER FUNCTION {name} RENAME TO {name}_later", role="postgres")
        try:
            assert f"lacks {name}:" in refusal(store.init_db)
        finally:
            sql(f"ALTER FUNCTION {name}_later RENAME TO {name}", role="postgres")
    assert store.init_db() is None


def test_passwords_are_not_written_down():
    store = WfstateFlowPersistence(DSN + " password=sesame", workflow="shop")
    assert "sesame" not in repr(store) and "sesame" in store.conn_string
    dumped = store.model_dump(mode="json")
    assert dumped == {"persistence_type": "WfstateFlowPersistence", "conn_string": DSN, "workflow": "shop"}
    again = WfstateFlowPersistence.model_validate(dumped)
    assert (again.conn_string, again.workflow) == (DSN, "shop")
    assert WfstateFlowPersistence(conn_string=DSN).conn_string == DSN
    assert copy.deepcopy(store) == pickle.loads(pickle.dumps(store)) == store


def test_an_imported_file_goes_on():
    flow = str(uuid4())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flows.db")
        theirs = SQLite(path)
        theirs.save_state(flow, "draft", {"id": flow, "text": "draft"})
        if NEWEST:
            theirs.save_pending_feedback(flow, context_of(flow), {"id": flow, "text": "asked"})
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.close()
        with open(path, "rb") as content:
            sql("SELECT wf_import_sqlite(%s)", content.read())
        ours = WfstateFlowPersistence(DSN)
        assert ours.load_state(flow) == theirs.load_state(flow)
        if NEWEST:
            assert ours.load_pending_feedback(flow) == theirs.load_pending_feedback(flow)
            ours.clear_pending_feedback(flow)
            assert ours.load_pending_feedback(flow) is None
    ours.save_state(flow, "publish", {"id": flow, "text": "published"})
    assert history(flow)[-1][:2] == ("publish", "running")


if NEWEST:
    def test_sql_sees_what_is_waited_for():
        flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
        store.save_state(flow, "draft", {"id": flow})
        store.save_pending_feedback(flow, context_of(flow), {"id": flow, "n": 1})
        waiting = """SELECT c.version, c.metadata ->> 'message' FROM wf_list(status => 'waiting') AS l,
            wf_checkpoints(l.execution_id, prefix => 'pending_feedback') AS c WHERE l.execution_id = %s"""
        assert sql(waiting, flow) == [(2, "Good?")]
        store.save_state(flow, "meanwhile", {"id": flow, "n": 2})
        assert sql(waiting, flow) == [(2, "Good?")]
        store.clear_pending_feedback(flow)
        assert sql(waiting, flow) == [] == sql("SELECT name FROM wf_checkpoints(%s)", flow)
        assert history(flow) == [
            ("draft", "running", None), ("review", "waiting", None), ("meanwhile", "waiting", None),
            (None, "running", "feedback was given")]
        store.clear_pending_feedback(flow)
        assert len(history(flow)) == 4

    def test_what_is_waited_for_outlives_pruning():
        for size in (10, 100_000):
            flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
            store.save_pending_feedback(flow, context_of(flow, method_output="x" * size), {"id": flow, "n": 1})
            for n in range(5):
                store.save_state(flow, "meanwhile", {"id": flow, "n": n})
            sql("SELECT wf_prune_history(%s, keep_last => 1)", flow, role="wf_pruner")
            assert len(history(flow)) == 2
            state, context = store.load_pending_feedback(flow)
            assert state["n"] == 1 and context.method_output == "x" * size
            [(kept,)] = sql("SELECT count(*) FROM wf_task_results(%s, '{pending_feedback}')", flow)
            assert kept == (size > 65536)

    def test_state_and_question_are_saved_together():
        flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
        store.save_state(flow, "draft", {"n": 1})
        sql("""CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END$$""", role="postgres")
        try:
            for table, size in (("checkpoints", 10), ("task_results", 100_000)):
                sql(f"CREATE TRIGGER full_disk BEFORE INSERT ON wfstate.{table} FOR EACH ROW EXECUTE FUNCTION public.full()",
                    role="postgres")
                asked = context_of(flow, method_output="x" * size)
                assert refusal(store.save_pending_feedback, flow, asked, {"n": 2}) == "53100"
                sql(f"DROP TRIGGER full_disk ON wfstate.{table}", role="postgres")
                assert history(flow) == [("draft", "running", None)] and store.load_pending_feedback(flow) is None
        finally:
            sql("DROP FUNCTION public.full() CASCADE", role="postgres")

    def test_a_flow_that_was_cancelled_stays_so():
        flow, store = str(uuid4()), WfstateFlowPersistence(DSN)
        store.save_pending_feedback(flow, context_of(flow), {"n": 1})
        sql("SELECT wf_set_status(%s, 'cancelled')", flow)
        assert refusal(store.save_pending_feedback, flow, context_of(flow), {"n": 2}) == "WF004"
        assert store.load_state(flow) == {"n": 1} == store.load_pending_feedback(flow)[0]
        store.clear_pending_feedback(flow)
        assert store.load_pending_feedback(flow) is None and history(flow)[-1][1] == "cancelled"
