"""The quick start as a client types it. Used with every way of sending parameters."""
from psycopg.rows import dict_row

from harness import unique

FIRST = {"total": 7, "items": ["tea"]}
SECOND = {"total": 8.50, "items": ["tea"], "coupon": "X"}
THIRD = {"total": 9, "items": ["tea"], "customer": {"name": "Ann"}}
FOURTH = {"total": 9, "items": ["tea", "milk"], "customer": {"name": "Ann"}}
# What the last step has changed, as it is told: a place, not "the end".
MILK = [{"op": "add", "path": "/items/1", "value": "milk"}]


def quick_start(case, conn, wrap):
    """`wrap` makes a parameter of a document: json.dumps, Jsonb."""
    order, workflow = unique("order"), unique("checkout")
    save_and_patch(case, conn, wrap, order, workflow)
    read_back(case, conn, wrap, order, workflow)
    refuse_stale(case, conn, wrap, order)
    fork = checkpoint_recover_fork(case, conn, wrap, order, workflow)
    search_and_delete(case, conn, wrap, order, fork, workflow)


def save_and_patch(case, conn, wrap, order, workflow):
    value = case.value
    case.assertEqual(value(conn, "SELECT wf_save_state(%s, %s)", order, wrap(FIRST)), 1)
    case.assertEqual(
        value(
            conn,
            """SELECT wf_save_state(execution_id => %s, state => %s, expected_version => %s,
                   status => %s, phase => %s, workflow => %s, tags => %s, step_id => %s,
                   note => %s, schema_version => %s)""",
            order, wrap(SECOND), 1, "waiting", "payment", workflow, wrap({"team": "blue"}),
            "step-2", "second", 3,
        ),
        2,
    )
    merge = {"total": 9, "coupon": None, "customer": {"name": "Ann"}}
    case.assertEqual(value(conn, "SELECT wf_patch_state(%s, %s, %s)", order, wrap(merge), 2), 3)
    case.assertEqual(value(conn, "SELECT wf_load_state(%s)", order), THIRD)
    patch = [
        {"op": "test", "path": "/items/0", "value": "tea"},
        {"op": "add", "path": "/items/-", "value": "milk"},
    ]
    case.assertEqual(
        value(conn, "SELECT wf_patch_state(%s, %s, %s, status => %s)", order, wrap(patch), 3,
              "completed"),
        4,
    )


def read_back(case, conn, wrap, order, workflow):
    case.assertEqual(case.value(conn, "SELECT wf_load_state(%s)", order), FOURTH)
    rows = conn.cursor(row_factory=dict_row)
    row = rows.execute("SELECT * FROM wf_load(%s)", (order,)).fetchone()
    expected = dict(execution_id=order, workflow=workflow, version=4, state=FOURTH,
                    status="completed", phase="payment", schema_version=3, tags={"team": "blue"},
                    initiated_by=conn.info.user, forked_from_execution_id=None)
    case.assertEqual({key: row[key] for key in expected}, expected)
    case.assertIsNotNone(row["completed_at"])
    case.assertLessEqual(row["created_at"], row["updated_at"])

    history = rows.execute("SELECT * FROM wf_history(%s)", (order,)).fetchall()
    case.assertEqual([entry["version"] for entry in history], [1, 2, 3, 4])
    case.assertEqual([entry["status"] for entry in history],
                     ["running", "waiting", "waiting", "completed"])
    case.assertEqual((history[1]["step_id"], history[1]["note"]), ("step-2", "second"))
    case.assertIsNone(history[0]["changes"])
    case.assertEqual(history[3]["changes"], MILK)
    newest = rows.execute(
        "SELECT version FROM wf_history(%s, newest_first => %s, max_rows => %s)",
        (order, True, 2)).fetchall()
    case.assertEqual([entry["version"] for entry in newest], [4, 3])
    after = rows.execute(
        "SELECT version FROM wf_history(%s, after => %s, max_rows => %s)", (order, 2, 1)).fetchall()
    case.assertEqual([entry["version"] for entry in after], [3])

    for version, state in enumerate([FIRST, SECOND, THIRD, FOURTH], 1):
        case.assertEqual(case.value(conn, "SELECT wf_state_at(%s, %s)", order, version), state)
    case.assertEqual(
        case.value(conn, "SELECT wf_state_at(%s, at => %s)", order, history[1]["saved_at"]), SECOND)
    case.assertEqual(case.value(conn, "SELECT wf_diff(%s, %s, %s)", order, 3, 4), MILK)


def refuse_stale(case, conn, wrap, order):
    with case.refused("WF001") as caught:
        conn.execute("SELECT wf_save_state(%s, %s, %s)", (order, wrap({"lost": True}), 2))
    diag = caught[0].diag
    case.assertEqual(diag.message_primary, f'execution "{order}" was modified concurrently')
    case.assertEqual(diag.message_detail, "Expected version 2, but the head is at version 4.")
    case.assertIn("Load the state again", diag.message_hint)
    case.assertEqual(case.value(conn, "SELECT wf_load_state(%s)", order), FOURTH)


def checkpoint_recover_fork(case, conn, wrap, order, workflow):
    value = case.value
    case.assertEqual(
        value(conn, "SELECT wf_checkpoint(%s, %s, %s, %s)", order, "paid", 3, wrap({"by": "test"})),
        3)
    case.assertEqual(
        conn.execute("SELECT name, version, metadata, created_by FROM wf_checkpoints(%s)",
                     (order,)).fetchall(),
        [("paid", 3, {"by": "test"}, conn.info.user)])
    case.assertEqual(value(conn, "SELECT wf_recover(%s, %s)", order, "paid"), 5)
    case.assertEqual(value(conn, "SELECT wf_load_state(%s)", order), THIRD)
    case.assertEqual(
        conn.execute("SELECT kind, base_version FROM wf_history(%s, after => %s)", (order, 4)).fetchall(),
        [("recovery", 3)])
    fork = unique("fork")
    case.assertEqual(value(conn, "SELECT wf_fork(%s, %s, %s)", order, fork, 4), 1)
    case.assertEqual(
        conn.execute("SELECT state, forked_from_execution_id, forked_from_version, workflow"
                     " FROM wf_load(%s)", (fork,)).fetchone(),
        (FOURTH, order, 4, workflow))
    case.assertEqual(
        conn.execute("SELECT versions, valid, problem FROM wf_verify(%s)", (order,)).fetchone(),
        (5, True, None))
    return fork


def search_and_delete(case, conn, wrap, order, fork, workflow):
    value = case.value
    milk = wrap({"items": ["milk"]})
    case.assertEqual(
        conn.execute("SELECT execution_id, state FROM wf_find(%s, %s)", (milk, workflow)).fetchall(),
        [(fork, FOURTH)])
    listed = conn.execute(
        "SELECT execution_id FROM wf_list(workflow => %s, sort => %s)", (workflow, "execution_id"))
    case.assertEqual([row[0] for row in listed], sorted([order, fork], reverse=True))
    with case.refused("WF001"):
        conn.execute("SELECT wf_delete(%s, %s)", (order, 4))
    case.assertIs(value(conn, "SELECT wf_delete(%s, %s)", order, 5), True)
    case.assertIs(value(conn, "SELECT wf_delete(%s)", order), False)
    with case.refused("WF005"):
        conn.execute("SELECT wf_load_state(%s)", (order,))
    # The fork does not need what it was forked from.
    case.assertEqual(value(conn, "SELECT wf_load_state(%s)", fork), FOURTH)
    case.assertIs(value(conn, "SELECT valid FROM wf_verify(%s)", fork), True)
