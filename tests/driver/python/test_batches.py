"""Batch functions with arrays as psycopg sends them."""
from psycopg.types.json import Jsonb

from harness import Case, unique


class Batches(Case):
    def setUp(self):
        self.conn = self.session()
        stem = unique("batch")
        self.ids = [f"{stem}-{n}" for n in (3, 1, 2)]

    def save(self, ids, states, expected=None):
        return self.conn.execute("SELECT execution_id, version FROM wf_save_states(%s, %s, %s)",
                                 (ids, [Jsonb(s) for s in states], expected)).fetchall()

    def load(self, ids):
        return self.conn.execute("SELECT execution_id, version, state FROM wf_load_many(%s)",
                                 (ids,)).fetchall()

    def test_in_input_order(self):
        states = [{"n": n, "text": 'quote " comma , brace {'} for n in range(3)]
        self.assertEqual(self.save(self.ids, states), [(i, 1) for i in self.ids])
        self.assertEqual(self.save(self.ids, states[::-1], [1, None, 1]), [(i, 2) for i in self.ids])
        wanted = [self.ids[2], "missing", self.ids[0]]
        self.assertEqual(self.load(wanted), [(self.ids[2], 2, states[0]), (self.ids[0], 2, states[2])])

    def test_one_stale_saves_none(self):
        self.save(self.ids, [{"n": 1}] * 3)
        with self.refused("WF001") as caught:
            self.save(self.ids, [{"n": 2}] * 3, [1, 1, 9])
        self.assertIn(self.ids[2], caught[0].diag.message_primary)
        self.assertEqual(self.load(self.ids), [(i, 1, {"n": 1}) for i in self.ids])

    def test_empty(self):
        self.assertEqual(self.conn.execute(
            "SELECT * FROM wf_save_states(%s::text[], %s::jsonb[])", ([], [])).fetchall(), [])
        self.assertEqual(self.load([]), [])

    def test_limits(self):
        many = [f"{self.ids[0]}-{n}" for n in range(1000)]
        self.assertEqual(len(self.save(many, [{"n": n} for n in range(1000)])), 1000)
        self.assertEqual([row[2]["n"] for row in self.load(many)], list(range(1000)))
        with self.refused("54000"):
            self.save(many + ["one-more"], [{}] * 1001)
        with self.refused("22023"):
            self.save(self.ids, [{}] * 2)
        with self.refused("22023"):
            self.save(self.ids, [{}] * 3, [1])
