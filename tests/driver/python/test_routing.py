"""Routing decisions and statistics as a client uses them, and by many clients at once."""
import random
import threading
import uuid

import psycopg
from psycopg import pq, sql
from psycopg.rows import dict_row

from harness import ADMIN, Case, connect, fresh_database, unique

STATS = "SELECT stats::text FROM wf_agent_statistics(%s)"


class Routing(Case):
    def test_a_decision_and_its_outcome(self):
        conn = self.session()
        agent, task = unique("agent"), unique("task")
        decision = self.value(
            conn, "SELECT wf_record_routing(%s, %s, task_type => %s, priority => %s, agent_score => %s, candidates => %s)",
            task, agent, "chat", 2, 0.75, '["a", "b"]')
        self.assertIsInstance(decision, uuid.UUID)
        self.assertEqual(decision.version, 7)
        self.assertIs(self.value(conn, "SELECT wf_complete_routing(%s, %s, %s)", decision, True, 12.5), True)
        self.assertIs(self.value(conn, "SELECT wf_complete_routing(%s, %s, %s)", decision, False, 99), False)
        row = conn.cursor(row_factory=dict_row).execute(
            "SELECT * FROM wf_routing_decisions(task_id => %s)", (task,)).fetchone()
        expected = dict(decision_id=decision, task_id=task, selected_agent=agent, success=True, duration_ms=12.5,
                        task_type="chat", priority=2, agent_score=0.75, candidates=["a", "b"], retry_attempts=0)
        self.assertEqual({key: row[key] for key in expected}, expected)
        self.assertEqual(
            conn.execute("SELECT total_tasks, success_rate, p99_duration_ms FROM wf_agent_statistics(%s)",
                         (agent,)).fetchone(), (1, 1.0, 12.5))
        with self.refused("WF005"):
            conn.execute("SELECT wf_complete_routing(%s, true)", (uuid.uuid4(),))
        with self.refused("22023"):
            conn.execute("SELECT wf_record_routing(%s, %s, true, %s)", (task, agent, float("nan")))

    def test_statistics_travel_as_text_and_as_bytes(self):
        conn = self.session()
        select = "SELECT routing_stats(mod(n, 5) > 0, n * 1.5) FROM generate_series(1, 500) AS n"
        text = self.value(conn, select)
        raw = conn.cursor(binary=True).execute(select).fetchone()[0]
        self.assertIsInstance(raw, bytes)
        back = self.value(conn, "SELECT %s::routing_stats::text", text)
        self.assertEqual(back, text)
        oid = self.value(conn, "SELECT 'routing_stats'::regtype::oid::int8")
        result = conn.pgconn.exec_params(b"SELECT $1::text", [raw], [oid], [pq.Format.BINARY])
        self.assertEqual(result.get_value(0, 0).decode(), text)
        for garbage in (b"", b"\x00" * 20, raw[:-1], raw + b"\x01", b"\x02" + raw[1:]):
            result = conn.pgconn.exec_params(b"SELECT $1::text", [garbage], [oid], [pq.Format.BINARY])
            self.assertEqual(result.error_field(pq.DiagnosticField.SQLSTATE), b"22P03", garbage)
            self.assertNotIn(b"backtrace", result.error_message.lower())

    def test_copy_in_both_forms(self):
        with fresh_database() as name, connect(ADMIN, dbname=name) as conn:
            conn.execute("""CREATE TABLE kept AS SELECT n % 7 AS part, routing_stats(n % 3 > 0, n) AS s
                              FROM generate_series(1, 3000) AS n GROUP BY part""")
            for form in ("text", "binary"):
                with conn.cursor().copy(f"COPY kept TO STDOUT (FORMAT {form})") as out:
                    data = b"".join(out)
                conn.execute(sql.SQL("CREATE TABLE {} (LIKE kept)").format(sql.Identifier(form)))
                with conn.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT {})").format(
                        sql.Identifier(form), sql.SQL(form))) as copy:
                    copy.write(data)
                same = conn.execute(sql.SQL("SELECT count(*) FROM kept JOIN {} AS k USING (part) WHERE k.s::text = kept.s::text")
                                    .format(sql.Identifier(form))).fetchone()[0]
                self.assertEqual(same, 7, form)

    def test_many_clients_one_agent(self):
        """Nothing is lost or counted twice, while others fold, recalculate and roll back."""
        agent, clients, each = unique("agent"), 16, 60
        counts, failures = [], []

        def work(seed):
            chance, done = random.Random(seed), 0
            try:
                with connect() as conn:
                    # Folding at each call, at some, or not; now and then several agents in one transaction.
                    conn.execute(f"SET wfstate.fold_every = {seed % 4}")
                    for n in range(each):
                        ok, ms = chance.random() < 0.7, chance.expovariate(0.02)
                        kind = chance.random()
                        if kind < 0.2:
                            with conn.transaction(force_rollback=True):
                                conn.execute("SELECT wf_record_routing(%s, %s, %s, %s)", (f"{seed}-{n}", agent, ok, ms))
                            continue
                        if kind < 0.3:
                            others = [agent, f"{agent}-b", f"{agent}-c"]
                            chance.shuffle(others)
                            with conn.transaction():
                                for other in others:
                                    conn.execute("SELECT wf_record_routing(%s, %s, %s, %s)", (f"{seed}-{n}", other, ok, ms))
                        elif kind < 0.5:
                            decision = conn.execute("SELECT wf_record_routing(%s, %s)", (f"{seed}-{n}", agent)).fetchone()[0]
                            conn.execute("SELECT wf_complete_routing(%s, %s, %s)", (decision, ok, ms))
                        else:
                            conn.execute(
                                "SELECT wf_record_routing(%s, %s, %s, %s, decided_at => now() - %s * interval '1 hour')",
                                (f"{seed}-{n}", agent, ok, ms, chance.randrange(3)))
                        done += 1
                counts.append(done)
            except psycopg.Error as error:
                failures.append(error)

        def maintain():
            try:
                with connect(ADMIN) as conn:
                    for n in range(40):
                        conn.execute("SELECT * FROM wf_maintain()")
                        if n % 8 == 0:
                            conn.execute("SELECT wf_recalculate_statistics()")
            except psycopg.Error as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
        threads.append(threading.Thread(target=maintain))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        conn = self.session(ADMIN)
        self.assertEqual(self.value(conn, "SELECT total_tasks FROM wf_agent_statistics(%s)", agent), sum(counts))
        self.assertGreater(self.value(conn, "SELECT sum(total_tasks(stats)) FROM wfstate.agent_statistics WHERE agent = %s",
                                      agent), 0)
        recorded = self.value(conn, STATS, agent)
        conn.execute("SELECT wf_recalculate_statistics()")
        self.assertEqual(self.value(conn, STATS, agent), recorded)
        self.assertEqual(
            recorded, self.value(conn, """SELECT routing_stats(success, duration_ms)::text FROM wfstate.routing_decisions
                                           WHERE selected_agent = %s""", agent))


if __name__ == "__main__":
    import unittest
    unittest.main()
