"""Who saves, and how. `next()` makes the coming save's parameters outside the clock; `save()` is timed."""

from documents import Agent
from server import APP, OWNER, Session

FLOOR = """WITH head AS (
  UPDATE rival.floor_head SET version = version + 1, updated_at = now()
   WHERE execution_id = $1 AND version = $2 RETURNING execution_id, version, updated_at)
INSERT INTO rival.floor_log (execution_id, version, saved_at, patch)
SELECT execution_id, version, updated_at, $3::jsonb FROM head RETURNING version"""
FULL_COPY = "SELECT rival.full_save($1, $2, $3)"
PATCH = "SELECT wf_patch_state($1, $2, $3)"
SAVE = "SELECT wf_save_state($1, $2, $3)"


class Contender:
    """One session that keeps one execution. `change` names the method of Agent that makes a step."""

    role, label = OWNER, ""

    def __init__(self, execution, size, change="patch", settings=(), dbname=None, seed=1):
        self.id = execution.encode()
        self.agent = Agent(size, seed)
        self.change = change
        self.session = Session(self.role, settings, dbname)
        self.pid = self.session.connection.backend_pid
        self.version = b"0"
        self.create()

    def create(self):
        raise NotImplementedError

    def next(self):
        """The whole new state."""
        getattr(self.agent, self.change)()
        return self.agent.document().encode()

    def save(self, payload):
        self.version = self.session.run(self.statement, self.id, payload, self.version)
        if self.version is None:
            raise RuntimeError(f"{self.label}: the save found another version")

    def step(self):
        self.save(self.next())

    def close(self):
        self.session.close()


class Floor(Contender):
    label, statement = "floor", FLOOR

    def create(self):
        self.session.run("INSERT INTO rival.floor_head VALUES ($1, 0, now())", self.id)

    def next(self):
        return getattr(self.agent, self.change)().encode()

    def save(self, payload):
        self.version = self.session.run(FLOOR, self.id, self.version, payload)
        if self.version is None:
            raise RuntimeError("floor: the save found another version")


class FullCopy(Contender):
    label, statement = "full copy", FULL_COPY

    def create(self):
        self.session.run("INSERT INTO rival.full_current VALUES ($1, 0, now(), $2)", self.id,
                         self.agent.document().encode())


class Client(FullCopy):
    """Five round trips: what a client writes that has no function in the server."""

    label = "client"

    def save(self, payload):
        run = self.session.run
        run("BEGIN")
        # The client checks the version itself; the state comes with it, as it needs it to go on.
        run("SELECT version, state FROM rival.full_current WHERE execution_id = $1 FOR UPDATE", self.id)
        version = b"%d" % (int(self.version) + 1)
        run("UPDATE rival.full_current SET state = $2, version = $3, updated_at = now() WHERE execution_id = $1",
            self.id, payload, version)
        run("INSERT INTO rival.full_history VALUES ($1, $2, now(), $3)", self.id, version, payload)
        run("COMMIT")
        self.version = version


class WfSave(Contender):
    role, label, statement = APP, "wfstate save", SAVE

    def create(self):
        self.version = self.session.run(SAVE, self.id, self.agent.document().encode(), b"0")


class WfPatch(WfSave):
    label, statement = "wfstate patch", PATCH

    def next(self):
        return getattr(self.agent, self.change)().encode()
