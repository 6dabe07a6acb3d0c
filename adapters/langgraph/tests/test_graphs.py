"""Real graphs: an agent that stops, resumes elsewhere and goes back in time, and what SQL finds of it."""

import operator
import re
import subprocess
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import psycopg
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.wfstate import WfstateSaver
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt

DSN = "user=wf_saver"


class State(MessagesState):
    customer: str
    total: float
    log: Annotated[list[Any], operator.add]


def agent(checkpointer, calls):
    def plan(state):
        calls.append("plan")
        return {"messages": [AIMessage("A refund of 30?", id="2")], "total": 30.0, "log": ["planned"]}

    def ask(state):
        return {"log": [interrupt({"refund": state["total"]})]}

    def fan(state):
        return [Send("pay", {"n": n}) for n in range(3)]

    def pay(part):
        calls.append(part["n"])
        return {"log": [part["n"]]}

    graph = StateGraph(State)
    graph.add_node("plan", plan).add_node("ask", ask).add_node("pay", pay)
    graph.add_edge(START, "plan").add_edge("plan", "ask").add_conditional_edges("ask", fan, ["pay"]).add_edge("pay", END)
    return graph.compile(checkpointer=checkpointer)


START_INPUT = {"messages": [HumanMessage("My lamp is broken. " * 50, id="1")], "customer": "ann", "log": []}


def test_an_agent_resumes_in_another_process():
    config = {"configurable": {"thread_id": str(uuid4())}}
    calls = []
    with WfstateSaver.from_conn_string(DSN) as saver:
        found = agent(saver, calls).invoke(START_INPUT, config)
        assert found["__interrupt__"][0].value == {"refund": 30.0}
    with WfstateSaver.from_conn_string(DSN, pipeline=True) as saver:
        graph = agent(saver, calls)
        found = graph.invoke(Command(resume="yes"), config)
        assert found["log"] == ["planned", "yes", 0, 1, 2] and calls == ["plan", 0, 1, 2]
        history = list(graph.get_state_history(config))
        memory = agent(InMemorySaver(), [])
        memory.invoke(START_INPUT, config)
        memory.invoke(Command(resume="yes"), config)
        wanted = list(memory.get_state_history(config))
        assert [(s.values, s.next, s.metadata) for s in history] == [(s.values, s.next, s.metadata) for s in wanted]
        # Back to where it asked, and the other way from there.
        asked = next(s for s in history if s.next == ("ask",))
        found = graph.invoke(Command(resume="no"), asked.config)
        wanted = memory.invoke(Command(resume="no"), next(s for s in wanted if s.next == ("ask",)).config)
        assert found == wanted
        fork = graph.update_state(asked.config, {"total": 12.5})
        assert graph.get_state(fork).values["total"] == 12.5
        assert graph.get_state(asked.config).values["total"] == 30.0


async def test_an_agent_resumes_async():
    config = {"configurable": {"thread_id": str(uuid4())}}
    calls = []
    async with AsyncWfstateSaver.from_conn_string(DSN) as saver:
        found = await agent(saver, calls).ainvoke(START_INPUT, config, durability="async")
        assert found["__interrupt__"]
    async with AsyncWfstateSaver.from_conn_string(DSN, pipeline=True) as saver:
        graph = agent(saver, calls)
        found = await graph.ainvoke(Command(resume="yes"), config, durability="exit")
        assert found["log"] == ["planned", "yes", 0, 1, 2] and calls == ["plan", 0, 1, 2]
        assert len([s async for s in graph.aget_state_history(config)]) == 4
    # The sync saver does for graphs that run async, too.
    with WfstateSaver.from_conn_string(DSN) as saver:
        assert (await agent(saver, calls).aget_state(config)).values["log"] == found["log"]


def test_a_failed_step_runs_only_the_tasks_that_failed():
    class Parts(TypedDict):
        done: Annotated[list[int], operator.add]

    runs, broken = [], [True]

    def part(n):
        def run(state):
            runs.append(n)
            if n == 2 and broken[0]:
                raise RuntimeError("no")
            return {"done": [n]}
        return run

    graph = StateGraph(Parts)
    for n in range(3):
        graph.add_node(f"part{n}", part(n)).add_edge(START, f"part{n}")
    config = {"configurable": {"thread_id": str(uuid4())}}
    for _ in range(2):
        with WfstateSaver.from_conn_string(DSN) as saver:
            try:
                found = graph.compile(checkpointer=saver).invoke({"done": []} if broken[0] else None, config)
            except RuntimeError:
                broken[0] = False
    assert found["done"] == [0, 1, 2] and sorted(runs) == [0, 1, 2, 2]


def test_subgraphs_have_namespaces_of_the_thread():
    inner = StateGraph(State).add_node("ask", lambda state: {"log": [interrupt("?")]}).add_edge(START, "ask").compile()
    graph = StateGraph(State).add_node("inner", inner).add_edge(START, "inner")
    thread = str(uuid4())
    config = {"configurable": {"thread_id": thread}}
    with WfstateSaver.from_conn_string(DSN) as saver:
        compiled = graph.compile(checkpointer=saver)
        compiled.invoke(START_INPUT, config)
        [task] = compiled.get_state(config, subgraphs=True).tasks
        assert task.state.values["customer"] == "ann"
        assert compiled.invoke(Command(resume="!"), config)["log"] == ["!"]
        namespaces = {i.config["configurable"]["checkpoint_ns"] for i in saver.list(config)}
        assert len(namespaces) == 2
        saver.delete_thread(thread)
        assert compiled.get_state(config).values == {}
        assert list(saver.list(config)) == []


def test_sql_finds_and_compares_a_run():
    thread = str(uuid4())
    customer = f"ann-{thread}"
    with WfstateSaver.from_conn_string(DSN) as saver:
        agent(saver, []).invoke({**START_INPUT, "customer": customer}, {"configurable": {"thread_id": thread}})
    with psycopg.connect(DSN) as connection:
        [(found, total, text)] = connection.execute(
            """SELECT execution_id, (state #>> '{channel_values,total}')::float8,
                      state #>> '{channel_values,messages,-1,$message,1,content}'
               FROM wf_find(jsonb_build_object('channel_values', jsonb_build_object('customer', %s::text)))""",
            [customer]).fetchall()
        assert (found, total, text) == (thread, 30.0, "A refund of 30?")
        [(diff,)] = connection.execute("SELECT wf_diff(%s, 2, 3)", [thread]).fetchall()
        changes = {change["path"]: change.get("value") for change in diff}
        assert changes["/channel_values/total"] == 30.0, diff
        assert any(path.startswith("/channel_values/messages/") for path in changes), diff


def test_the_readme_runs_and_gives_what_it_shows():
    page = (Path(__file__).parents[1] / "README.md").read_text()
    blocks = re.findall(r"```(\w*)\n(.*?)```", page, re.S)
    program = "".join(text for kind, text in blocks if kind == "python")
    assert program.count("dbname=shop user=app") == 3
    with WfstateSaver.from_conn_string(DSN) as saver:
        saver.prune(["lamp-1", "lamp-2"], strategy="delete")
    exec(program.replace("dbname=shop user=app", DSN), {})
    [at] = [at for at, (kind, _) in enumerate(blocks) if kind == "sql"]
    got = subprocess.run(["psql", "-X", "-U", "wf_saver"], input=blocks[at][1], capture_output=True, text=True,
                         check=True).stdout
    assert [line.rstrip() for line in got.strip().splitlines()] == blocks[at + 1][1].strip().splitlines(), got
