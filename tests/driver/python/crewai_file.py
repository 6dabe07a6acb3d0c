"""Makes a file of flows with CrewAI itself, and tells what CrewAI loads from it: crewai_file.py folder version file.

Run by itself: CrewAI's own packages must not get into the tests. Only the modules of its store are imported, since the
package's beginning would import all that it depends on.
"""
import importlib
import json
import pathlib
import sys
import types


def without_beginning(folder, *packages):
    """Packages whose __init__ is not run."""
    for package in packages:
        module = types.ModuleType(package)
        module.__path__ = [str(folder.joinpath(*package.split(".")))]
        sys.modules[package] = module


def main(folder, version, file):
    folder = pathlib.Path(folder)
    sys.path[:0] = [str(folder / version), str(folder / "libraries")]
    without_beginning(folder / version, "crewai", "crewai.flow", "crewai.flow.persistence", "crewai.flow.async_feedback", "crewai.utilities")
    store = importlib.import_module("crewai.flow.persistence.sqlite").SQLiteFlowPersistence(file)
    from pydantic import BaseModel

    class State(BaseModel):
        id: str
        price: float = 1.5
        notes: list[str] = []

    for n in range(30):
        store.save_state("typed", f"step_{n}", State(id="typed", notes=[f"ä\t{i}" for i in range(n)]))
        store.save_state("free", f"step_{n}", {"id": "free", "n": n, "deep": {"list": [n, None, True, 0.1, "1e100"]}})
    waiting = {}
    if hasattr(store, "save_pending_feedback"):
        context = importlib.import_module("crewai.flow.async_feedback.types").PendingFeedbackContext
        for flow in ("waits", "went on"):
            store.save_state(flow, "draft", {"id": flow, "text": "draft"})
            asked = context(flow_id=flow, flow_class="shop.Review", method_name="review", method_output={"text": "draft"}, message="Good?")
            store.save_pending_feedback(flow, asked, {"id": flow, "text": "asked"})
            waiting[flow] = store.load_pending_feedback(flow)[1].to_dict()
        # As a flow does that was resumed by hand: nobody has cleared what it waited for.
        store.save_state("went on", "publish", {"id": "went on", "text": "published"})
    flows = ["typed", "free", *waiting]
    print(json.dumps({"states": {flow: store.load_state(flow) for flow in flows}, "waiting": waiting}))


main(*sys.argv[1:])
