"""Flows of CrewAI, on its own store and on ours, and those of the README."""

import asyncio
import re
import subprocess
import sys
import types
from pathlib import Path
from uuid import uuid4

from crewai.flow import Flow, human_feedback, listen, or_, router, start
from crewai.flow.async_feedback import HumanFeedbackPending
from crewai.flow.flow import FlowState
from crewai.flow.persistence import persist
from crewai.flow.persistence.factory import set_flow_persistence_factory
from crewai_wfstate import WfstateFlowPersistence
from stores import DSN, stores
from test_stores import each

# Else each flow makes itself a memory, in a database of its own.
Flow._skip_auto_memory = True


class Later:
    """Somebody is asked who answers another day."""

    def request_feedback(self, context, flow):
        raise HumanFeedbackPending(context=context)


class Draft(FlowState):
    text: str = ""
    rounds: list[str] = []


def counting(store):
    @persist(store)
    class Counting(Flow[dict]):
        @start()
        def one(self):
            self.state["log"] = [*self.state.get("log", []), "one"]

        @listen(one)
        def two(self):
            self.state["log"] = [*self.state["log"], "two"]

    return Counting


def reviewed(store):
    """A flow that asks until the answer is yes."""
    class Reviewed(Flow[Draft]):
        @start()
        @persist(store)
        def draft(self):
            self.state.text = "draft"

        @human_feedback(message="Good?", provider=Later())
        @listen(or_(draft, "again"))
        def review(self):
            return {"text": self.state.text, "round": len(self.state.rounds)}

        @router(review)
        def decide(self, result):
            self.state.rounds = [*self.state.rounds, result.feedback]
            return "done" if result.feedback == "yes" else "again"

        @persist(store)
        @listen("done")
        def publish(self):
            self.state.text = "published"
            return self.state.text

    return Reviewed


@each
def test_a_flow_goes_on_where_its_state_was(store, flow):
    kind = counting(store)
    kind().kickoff(inputs={"id": flow})
    again = kind(persistence=store)
    again.kickoff(inputs={"id": flow})
    assert again.state["log"] == ["one", "two"] * 2
    other = kind(persistence=store)
    other.kickoff(restore_from_state_id=flow)
    assert store.load_state(other.state["id"])["log"] == ["one", "two"] * 3
    asyncio.run(kind(persistence=store).kickoff_async(inputs={"id": flow}))
    return store.load_state(flow)["log"]


@each
def test_a_flow_that_asks_is_resumed_elsewhere(store, flow):
    kind = reviewed(store)
    asked = kind(persistence=store).kickoff(inputs={"id": flow})
    assert isinstance(asked, HumanFeedbackPending) and asked.context.message == "Good?"
    for n, answer in enumerate(("no", "not yet", "yes")):
        state, context = store.load_pending_feedback(flow)
        assert (state["rounds"], context.method_output["round"]) == (["no", "not yet"][:n], n)
        found = kind.from_pending(flow, store).resume(answer)
        assert isinstance(found, HumanFeedbackPending) == (answer != "yes")
    assert store.load_pending_feedback(flow) is None
    try:
        kind.from_pending(flow, store)
    except ValueError as error:
        refused = str(error).replace(flow, "")
    state = store.load_state(flow)
    assert (found, state["text"]) == ("published", "published")
    return state["rounds"], refused


@each
def test_an_async_flow_is_resumed(store, flow):
    async def run():
        kind = reviewed(store)
        await kind(persistence=store).kickoff_async(inputs={"id": flow})
        return await kind.from_pending(flow, store).resume_async("yes")

    return asyncio.run(run()), store.load_state(flow)["rounds"]


def test_a_store_for_all_flows():
    flow = str(uuid4())
    set_flow_persistence_factory(lambda: WfstateFlowPersistence(DSN))
    try:
        kind = reviewed(None)
        kind().kickoff(inputs={"id": flow})
        assert kind.from_pending(flow).resume("yes") == "published"
    finally:
        set_flow_persistence_factory(None)
    assert WfstateFlowPersistence(DSN).load_state(flow)["rounds"] == ["yes"]


def test_a_flow_names_its_store_in_what_it_writes():
    with stores() as made:
        store = made["wfstate"]
        kind = counting(store)
        written = kind(persistence=store).model_dump(mode="json")["persistence"]
        assert written == {"persistence_type": "WfstateFlowPersistence", "conn_string": DSN, "workflow": "crewai"}
        flow = str(uuid4())
        again = kind(persistence=written)
        again.kickoff(inputs={"id": flow})
        assert isinstance(again.persistence, WfstateFlowPersistence)
        assert store.load_state(flow)["log"] == ["one", "two"]


def test_the_readme_runs_and_gives_what_it_shows():
    page = (Path(__file__).parents[1] / "README.md").read_text()
    blocks = re.findall(r"```(\w*)\n(.*?)```", page, re.S)
    [program] = [text for kind, text in blocks if kind == "python"]
    assert "dbname=shop user=app" in program
    # Flows look their module up.
    module = sys.modules["readme"] = types.ModuleType("readme")
    exec(program.replace("dbname=shop user=app", DSN), vars(module))
    at = next(at for at, (kind, _) in enumerate(blocks) if kind == "sql")
    got = subprocess.run(["psql", "-X", "-U", "wf_crew"], input=blocks[at][1], capture_output=True, text=True,
                         check=True).stdout
    assert [line.rstrip() for line in got.strip().splitlines()] == blocks[at + 1][1].strip().splitlines(), got
