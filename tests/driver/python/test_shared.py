"""The shared suites: what is in ../shared, through psycopg."""
import json
import pathlib
import re

from psycopg.types.json import Jsonb

from harness import Case, unique

BIND = {"text": lambda value: value, "json": Jsonb, "bigint": lambda value: value}


def param(written):
    ((kind, value),) = written.items()
    return BIND[kind](value)


class Shared(Case):
    def test_shared_suites(self):
        files = sorted((pathlib.Path(__file__).parent.parent / "shared").glob("*.json"))
        self.assertTrue(files)
        for file in files:
            text = re.sub(r'"@', '"' + unique("shared") + "-", file.read_text())
            for case in json.loads(text)["cases"]:
                with self.subTest(case["name"]):
                    self.run_case(case)

    def run_case(self, case):
        connections = {"a": self.session(), "b": self.session()}
        for step in case["steps"]:
            sql, order = re.sub(r"\$\d", "%s", step["sql"]), re.findall(r"\$(\d)", step["sql"])
            params = [param(step["params"][int(number) - 1]) for number in order]
            conn = connections[step["on"]]
            if "raises" in step:
                with self.refused(step["raises"]):
                    conn.execute(sql, params)
            else:
                rows = [list(row) for row in conn.execute(sql, params)]
                self.assertEqual(rows, step["gives"], step["sql"])
