"""Files that CrewAI itself has made, imported: as CrewAI loads them."""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from harness import Case, unique

HERE = pathlib.Path(__file__).parent
CREWAI = HERE.parents[2] / "target" / "crewai"


class CrewAI(Case):
    def made(self, version):
        """The bytes of a file, its rows of states, and what CrewAI loads from it."""
        if not CREWAI.is_dir():
            log = CREWAI.with_suffix(".log")
            self.fail("CrewAI could not be fetched: " + (log.read_text()[-2000:] if log.exists() else "run tests/setup.sh all"))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "flow_states.db")
            done = subprocess.run([sys.executable, "-B", str(HERE / "crewai_file.py"), str(CREWAI), version, path],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            with sqlite3.connect(path) as file:
                rows = file.execute("SELECT flow_uuid, method_name, state_json FROM flow_states ORDER BY id").fetchall()
            file.close()
            with open(path, "rb") as content:
                return content.read(), rows, json.loads(done.stdout)

    def imported(self, version):
        conn, prefix = self.session(), unique("crewai") + "/"
        content, rows, loaded = self.made(version)
        report = conn.execute("SELECT * FROM wf_import_sqlite(%s, id_prefix => %s)", (content, prefix)).fetchall()
        self.assertEqual([row for row in report if not row[4]], [])
        self.assertEqual(len(report), len(rows) + len(loaded["waiting"]))
        for flow, state in loaded["states"].items():
            head = conn.execute("SELECT status, state FROM wf_load(%s)", (prefix + flow,)).fetchone()
            self.assertEqual(head, ("waiting" if flow == "waits" else "running", state))
            history = conn.execute("SELECT step_id, wf_state_at(%s, version) FROM wf_history(%s) WHERE step_id <> 'pending_feedback'",
                                   (prefix + flow, prefix + flow)).fetchall()
            self.assertEqual(history, [(method, json.loads(state)) for uuid, method, state in rows if uuid == flow])
            self.assertTrue(conn.execute("SELECT valid FROM wf_verify(%s)", (prefix + flow,)).fetchone()[0])
        return conn, prefix, loaded

    def test_the_newest(self):
        conn, prefix, loaded = self.imported("1.15.30")
        self.assertEqual(set(loaded["states"]), {"typed", "free", "waits", "went on"})
        for flow, asked in loaded["waiting"].items():
            marks = conn.execute("SELECT name, version, metadata FROM wf_checkpoints(%s)", (prefix + flow,)).fetchall()
            self.assertEqual(marks, [("pending_feedback", 3, asked)])
        states = [text for text, in conn.execute("SELECT wf_state_at(%s, version) ->> 'text' FROM wf_history(%s)", (prefix + "went on",) * 2)]
        self.assertEqual(states, ["draft", "asked", "asked", "published"])

    def test_one_without_feedback(self):
        _, _, loaded = self.imported("0.130.0")
        self.assertEqual((set(loaded["states"]), loaded["waiting"]), ({"typed", "free"}, {}))
