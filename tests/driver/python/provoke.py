"""Errors as a client sees them: what must be in them and what must not."""
from psycopg.types.json import Jsonb

from harness import Case

# Stands in every state and patch of these tests and must stand in no error.
MARKER = "s3cret-payload"
SECRET = Jsonb({"field": MARKER, "list": [MARKER]})


class Provoking(Case):
    def clean(self, error):
        diag = error.diag
        parts = [diag.message_primary, diag.message_detail, diag.message_hint, diag.context,
                 diag.internal_query, str(error)]
        everything = "\n".join(part for part in parts if part)
        for forbidden in ("backtrace", ".rs:", "panicked", MARKER):
            self.assertNotIn(forbidden, everything)
        self.assertNotIn("\n", diag.message_primary)
        self.assertRegex(diag.message_primary, r"^[^A-Z]")
        self.assertNotRegex(diag.message_primary, r"\.$")
        for sentence in (diag.message_detail, diag.message_hint):
            if sentence is not None:
                self.assertRegex(sentence, r"[.?]$")

    def provoke(self, sqlstate, call, *params, conn=None):
        """The call must fail with the code and a clean message; the session must live on."""
        conn = conn or self.conn
        with self.subTest(sqlstate=sqlstate, call=call):
            with self.refused(sqlstate) as caught:
                conn.execute(call, params)
            self.clean(caught[0])
            self.assertEqual(self.value(conn, "SELECT 1"), 1)
            return caught[0]
        return None
