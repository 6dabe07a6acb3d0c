"""States of an agent, of a chosen size, and the changes that a step makes to them.

The texts are random over 64 characters, so that compression has nothing to find. A change keeps the
state's size: a message in the ring is replaced, two small members are set."""

import base64
import copy
import json
import random

# Lengths of texts. A step that replaces a message and two small members is a patch of about 500 bytes.
MESSAGE = 320
NOTES = 450
TURN = 400
SIZES = {"1 KB": 1 << 10, "4 KB": 4 << 10, "64 KB": 64 << 10, "1 MB": 1 << 20}


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


class Agent:
    """One agent's state as the client sees it. Same seed, same course."""

    def __init__(self, size, seed=1):
        self.random = random.Random(seed)
        self.small = size < 2048
        self.state = {
            "agent": "researcher",
            "step": 1000,
            "messages": [],
            "todo": [{"id": n, "task": self.text(30), "done": False} for n in range(1 if self.small else 5)],
            "scratch": {"tool": self.text(80), "budget": 12.50, "plan": None},
        }
        if not self.small:
            self.state["notes"] = self.text(NOTES)
        # A message's keys and headers are a little smaller as jsonb than as text.
        each = len(dumps(self.message())) + 1
        fitting = (size - len(dumps(self.state))) // each
        self.state["messages"] = [self.message() for _ in range(max(1, fitting))]

    def text(self, length):
        return base64.urlsafe_b64encode(self.random.randbytes(length))[:length].decode()

    def message(self, length=MESSAGE):
        return {"role": "assistant", "content": self.text(length)}

    def count(self):
        step = self.state["step"]
        # Four digits, always: a numeric of one size.
        self.state["step"] = 1000 + (step - 999) % 9000
        return self.state["step"]

    def patch(self):
        """A step of about 500 bytes as JSON Patch; the state follows."""
        step = self.count()
        at = step % len(self.state["messages"])
        message, tool = self.message(), self.text(12)
        self.state["messages"][at] = message
        self.state["scratch"]["tool"] = tool
        return dumps([
            {"op": "replace", "path": f"/messages/{at}", "value": message},
            {"op": "replace", "path": "/step", "value": step},
            {"op": "replace", "path": "/scratch/tool", "value": tool},
        ])

    def merge(self):
        """A step of about 500 bytes as merge patch."""
        change = {"step": self.count(), "notes": self.text(NOTES)}
        self.state.update(change)
        return dumps(change)

    def small_patch(self):
        """A step of about 100 bytes, for the state of 1 KB."""
        step, tool = self.count(), self.text(80)
        self.state["scratch"]["tool"] = tool
        return dumps([
            {"op": "replace", "path": "/step", "value": step},
            {"op": "replace", "path": "/scratch/tool", "value": tool},
        ])

    def append(self):
        """A turn of an agent whose history grows."""
        message = self.message(TURN)
        self.state["messages"].append(message)
        return dumps([{"op": "add", "path": "/messages/-", "value": message}])

    def document(self):
        return dumps(self.state)


def value_at(state, pointer):
    for key in pointer.strip("/").split("/"):
        state = state[int(key) if isinstance(state, list) else key]
    return state


def course(agent, change, steps):
    """A way there and back again, to be walked for ever: the first state, then for each step of 2 ×
    `steps` the state that it leads to and the JSON Patch that leads there."""
    first, states, there = agent.document(), [copy.deepcopy(agent.state)], []
    for _ in range(steps):
        there.append(json.loads(getattr(agent, change)()))
        states.append(copy.deepcopy(agent.state))
    back = [[{**operation, "value": value_at(before, operation["path"])} for operation in patch]
            for patch, before in zip(there, states)]
    way = states[1:] + states[-2::-1]
    return first, [dumps(state) for state in way], [dumps(patch) for patch in there + back[::-1]]
