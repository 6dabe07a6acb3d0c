"""LangGraph's PostgresSaver, as its users have it, where PyPI was reachable (run.sh fetches it)."""

import os
from copy import copy

from documents import Agent
from server import OWNER, Server

try:
    import psycopg
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.base.id import uuid6
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg.rows import dict_row

    READY = True
except ImportError:
    READY = False


class Saver:
    """`put` with each member of the state a channel; only the channels that a step changed are written
    again. `whole` keeps the state in one channel."""

    role, label, ready = OWNER, "LangGraph", READY

    def __init__(self, execution, size, change="patch", settings=(), dbname=None, seed=1, whole=False):
        options = " ".join(f"-c {name}={value}" for name, value in dict(settings).items())
        self.connection = psycopg.connect(
            conninfo(dbname), options=f"{options} -c search_path=langgraph", autocommit=True, prepare_threshold=0,
            row_factory=dict_row)
        self.pid = self.connection.info.backend_pid
        self.saver = PostgresSaver(self.connection)
        self.agent, self.change, self.whole = Agent(size, seed), change, whole
        self.config = {"configurable": {"thread_id": execution, "checkpoint_ns": ""}}
        self.versions, self.turn = {}, 0
        self.put(list(self.values()))

    @staticmethod
    def set_up(dbname=None):
        server = Server(dbname)
        server.execute(f"CREATE SCHEMA langgraph AUTHORIZATION {OWNER}")
        server.close()
        with psycopg.connect(conninfo(dbname), options="-c search_path=langgraph", autocommit=True,
                             row_factory=dict_row) as connection:
            PostgresSaver(connection).setup()

    def values(self):
        return {"state": self.agent.state} if self.whole else self.agent.state

    def next(self):
        getattr(self.agent, self.change)()
        if self.whole:
            return ["state"]
        return {"patch": ["step", "messages", "scratch"], "append": ["messages"]}[self.change]

    def save(self, changed):
        self.put(changed)

    def step(self):
        self.put(self.next())

    def put(self, changed):
        self.turn += 1
        new = {channel: f"{self.turn:032}.{self.turn / 9973 % 1:.16f}" for channel in changed}
        self.versions = {**self.versions, **new}
        checkpoint = empty_checkpoint()
        checkpoint["id"] = str(uuid6(clock_seq=self.turn))
        checkpoint["channel_values"] = copy(self.values())
        checkpoint["channel_versions"] = self.versions
        metadata = {"source": "loop", "step": self.turn, "parents": {}}
        self.config = self.saver.put(self.config, checkpoint, metadata, new)

    def close(self):
        self.connection.close()


class WholeSaver(Saver):
    label = "LangGraph, one channel"

    def __init__(self, *arguments):
        super().__init__(*arguments, whole=True)


def conninfo(dbname=None):
    return f"user={OWNER} dbname={dbname or os.environ['PGDATABASE']}"
