"""How threads and their namespaces are named as executions, and back."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

# Names have at most 255 bytes. What is longer goes by its hash behind this, which no escaped name begins with.
_HASHED = "%x"
LONGEST, _LONGEST_THREAD = 255, 180


class ForeignThreadError(ValueError):
    """The execution that a thread would be is another workflow's."""

    def __init__(self, execution: str, workflow: str | None, own: str) -> None:
        super().__init__(
            f'the thread would be the execution "{execution}", which is of '
            + (f'the workflow "{workflow}"' if workflow is not None else "no workflow")
            + f', and this saver keeps those of the workflow "{own}": take another thread_id, such as one with a prefix '
            "of your own, or the saver with that workflow")


class Target(NamedTuple):
    thread: str
    namespace: str
    execution: str

    def config(self, checkpoint_id: str) -> RunnableConfig:
        return {"configurable": {
            "thread_id": self.thread, "checkpoint_ns": self.namespace, "checkpoint_id": checkpoint_id}}


def target(config: RunnableConfig) -> Target:
    configurable = config["configurable"]
    thread, namespace = thread_of(configurable["thread_id"]), configurable.get("checkpoint_ns") or ""
    return Target(thread, namespace, execution_id(thread, namespace))


def thread_of(thread_id: Any) -> str:
    if thread_id is None or thread_id == "":
        raise ValueError(f"thread_id must be the name of a thread, is {thread_id!r}")
    return text_of("thread_id", str(thread_id))


def is_text(value: str) -> bool:
    """Whether PostgreSQL can hold it."""
    return "\0" not in value and (value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value))


def is_name(value: str) -> bool:
    """Whether a checkpoint, a task or a part of a result can be named so."""
    return 0 < len(value) <= LONGEST and is_text(value) and (value.isascii() or len(value.encode()) <= LONGEST)


def text_of(what: str, value: str) -> str:
    if not is_text(value):
        raise ValueError(f"{what} must be text that PostgreSQL can hold, without U+0000 and halves of surrogate pairs")
    return value


def name_of(what: str, value: str) -> str:
    if not is_name(value):
        raise ValueError(f"{what} must have 1 to {LONGEST} bytes of text that PostgreSQL can hold, is {value[:80]!r}")
    return value


def execution_id(thread_id: str, namespace: str) -> str:
    """A thread is an execution of its own name, and each namespace in it one more: thread#namespace. What is too long
    goes by its hash, and by its whole name in the tags."""
    thread = _escape(thread_id).replace("#", "%23")
    if len(thread.encode()) > _LONGEST_THREAD:
        thread = _hash(thread_id)
    if not namespace:
        return thread
    execution = f"{thread}#{_escape(text_of('checkpoint_ns', namespace))}"
    return execution if len(execution.encode()) <= LONGEST else f"{thread}#{_hash(namespace)}"


def named(execution: str, thread: str | None, namespace: str | None) -> Target | None:
    """What an execution is by its name; what goes by its hash in it is told by the tags, or passed as known. None
    where they do not tell, since somebody has replaced them."""
    own, _, inner = execution.partition("#")
    if not own.startswith(_HASHED):
        thread = _unescape(own)
    if not inner.startswith(_HASHED):
        namespace = _unescape(inner)
    if thread is None or namespace is None or execution_id(thread, namespace) != execution:
        return None
    return Target(thread, namespace, execution)


def _escape(name: str) -> str:
    return name.replace("%", "%25")


def _unescape(name: str) -> str:
    return name.replace("%23", "#").replace("%25", "%")


def _hash(name: str) -> str:
    return _HASHED + hashlib.sha256(name.encode()).hexdigest()
