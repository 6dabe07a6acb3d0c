"""Two LangGraph savers of one version, PostgresSaver and WfstateSaver, driven as LangGraph's loop drives them."""

import time
import uuid
from random import Random

from documents import Agent
from measure import on_cpu
from server import APP, OWNER

try:
    import psycopg
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.base.id import uuid6
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.checkpoint.serde.types import _DeltaSnapshot
    from langgraph.checkpoint.wfstate import WfstateSaver
    from psycopg.rows import dict_row

    READY = True
except ImportError:
    READY = False

# Of each message, between these: at 300 steps a state has 350 kB.
CONTENT = (256, 1792)
# DeltaChannel's default.
SNAPSHOT_EVERY = 100


def message(kind, step, text):
    if kind == "dicts":
        return {"role": "assistant" if step % 2 else "user", "id": f"m-{step}", "content": text,
                "usage": {"input": 100 + step, "output": 20}}
    if step % 2:
        return AIMessage(text, id=f"m-{step}", usage_metadata={
            "input_tokens": 100 + step, "output_tokens": 20, "total_tokens": 120 + step})
    return HumanMessage(text, id=f"m-{step}")


class Thread:
    """An agent's run: each step adds a message, and sets a small member and a number. What a task gave is recorded
    before the checkpoint that it leads to. With delta channels the messages are in what the tasks gave alone, but for
    a snapshot now and then."""

    def __init__(self, saver, name, kind, seed=1):
        self.saver, self.name = saver, name
        self.kind, self.is_delta = kind.removeprefix("delta "), kind.startswith("delta ")
        self.agent = Agent(1024, seed)
        self.ids = Random(seed)
        self.config = {"configurable": {"thread_id": name, "checkpoint_ns": ""}}
        self.at, self.messages, self.versions, self.seen = -1, [], {}, {}
        self.save(*self.next_save())

    def next_save(self):
        """The coming put's arguments, and those of the put_writes before it."""
        self.at += 1
        added = message(self.kind, self.at, self.agent.text(self.ids.randint(*CONTENT)))
        # A new list, as reducers make it.
        self.messages = [*self.messages, added]
        values = {"step": self.at, "scratch": {"tool": self.agent.text(80), "budget": 12.5, "plan": None},
                  "branch:to:tools": None}
        writes = [("messages", [added]), ("scratch", values["scratch"]), ("branch:to:tools", None)]
        changed = ["messages", *values]
        self.versions = {**self.versions, **{
            channel: self.saver.get_next_version(self.versions.get(channel), None) for channel in changed}}
        if not self.is_delta:
            values["messages"] = self.messages
        elif self.at % SNAPSHOT_EVERY == 0:
            values["messages"] = _DeltaSnapshot(self.messages)
        checkpoint = empty_checkpoint()
        checkpoint["id"] = str(uuid6(clock_seq=self.at))
        checkpoint["channel_values"], checkpoint["channel_versions"] = values, self.versions
        checkpoint["versions_seen"] = {"__input__": {}, "agent": self.seen}
        checkpoint["updated_channels"] = sorted(changed)
        self.seen = {"branch:to:tools": self.versions["branch:to:tools"]}
        metadata = {"source": "loop", "step": self.at, "parents": {}, "run_id": "run-1"}
        if self.is_delta:
            metadata["counters_since_delta_snapshot"] = {"messages": [self.at % SNAPSHOT_EVERY] * 2}
        new = {channel: self.versions[channel] for channel in changed}
        return (self.config, checkpoint, metadata, new), writes, str(uuid.UUID(int=self.ids.getrandbits(128)))

    def save(self, put, writes=(), task="", clock=None):
        clock = clock or (lambda call, function, *arguments: function(*arguments))
        if "checkpoint_id" in self.config["configurable"]:
            clock("put_writes", self.saver.put_writes, self.config, writes, task, "~__pregel_pull, agent")
        self.config = clock("put", self.saver.put, *put)

    def grow(self, steps):
        while self.at < steps:
            self.save(*self.next_save())

    def newest(self):
        return {"configurable": {"thread_id": self.name, "checkpoint_ns": ""}}

    def get_tuple(self, saver=None):
        saver = saver or self.saver
        found = saver.get_tuple(self.newest())
        if self.is_delta:
            saver.get_delta_channel_history(config=found.config, channels=["messages"])
        return found

    def list_of_20(self):
        return list(self.saver.list(self.newest(), limit=20))

    def check(self):
        """That what is measured is right."""
        found = self.saver.get_tuple(self.newest())
        if self.is_delta:
            history = self.saver.get_delta_channel_history(config=found.config, channels=["messages"])["messages"]
            kept = [*history["seed"].value, *(each for write in history["writes"] for each in write[2])]
            right = kept == self.messages
        else:
            right = found.checkpoint["channel_values"]["messages"] == self.messages
        if not right or found.metadata["step"] != self.at:
            raise RuntimeError(f"{self.name}: the saver did not give what was put")


class Contender:
    """A saver over one connection, and clocks: the time of each call, and the processors' of client and server."""

    def __init__(self, settings, dbname):
        options = " ".join(f"-c {name}={value}" for name, value in dict(settings).items())
        self.connection = psycopg.connect(
            f"user={self.role} dbname={dbname}", options=f"{options} {self.options}", autocommit=True,
            prepare_threshold=0, **self.more())
        self.pid = self.connection.info.backend_pid
        self.saver = self.make(self.connection)
        # One that has put nothing, as in another process.
        self.other = self.make(self.connection)
        self.times, self.cpu, self.rounds = {}, {}, {}

    options = ""

    @staticmethod
    def more():
        return {}

    def clock(self, call, function, *arguments):
        ran, own = on_cpu(self.pid), time.process_time_ns()
        start = time.perf_counter_ns()
        result = function(*arguments)
        taken = (time.perf_counter_ns() - start) / 1000
        cpu = (time.process_time_ns() - own) / 1000, on_cpu(self.pid) - ran
        self.times.setdefault(call, []).append(taken)
        self.rounds.setdefault(call, [[]])[-1].append(taken)
        self.cpu.setdefault(call, []).append(cpu)
        return result

    def next_round(self):
        for rounds in self.rounds.values():
            if rounds[-1]:
                rounds.append([])

    def close(self):
        self.connection.close()


class Wfstate(Contender):
    role, label, tables = APP, "wfstate", "wfstate.%"

    @staticmethod
    def make(connection):
        return WfstateSaver(connection)


class Upstream(Contender):
    role, label, tables, options = OWNER, "LangGraph", "langgraph.%", "-c search_path=langgraph"

    @staticmethod
    def more():
        return {"row_factory": dict_row}

    @staticmethod
    def make(connection):
        return PostgresSaver(connection)

