"""The stores that the tests hold against each other."""

import importlib
import os
import sys
import tempfile
import types
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

DSN = "user=wf_crew"
NEWEST = os.environ["WF_CREWAI"] != "0.130.0"

if not NEWEST:
    # Of the oldest only the modules of its stores: the packages' beginnings would import all that it depends on.
    folder = next(Path(place, "crewai") for place in sys.path if Path(place, "crewai", "flow").is_dir())
    for package in ("crewai", "crewai.flow", "crewai.flow.persistence", "crewai.utilities"):
        module = sys.modules[package] = types.ModuleType(package)
        module.__path__ = [str(folder.joinpath(*package.split(".")[1:]))]

from crewai_wfstate import WfstateFlowPersistence  # noqa: E402

SQLite = importlib.import_module("crewai.flow.persistence.sqlite").SQLiteFlowPersistence


@contextmanager
def stores():
    with tempfile.TemporaryDirectory() as folder:
        yield {"sqlite": SQLite(os.path.join(folder, "flows.db")), "wfstate": WfstateFlowPersistence(DSN)}


def context_of(flow, **more):
    kind = importlib.import_module("crewai.flow.async_feedback.types").PendingFeedbackContext
    members = {"flow_class": "shop.Review", "method_name": "review", "method_output": {"text": "draft"},
               "message": "Good?", "requested_at": datetime(2026, 1, 2, 3, 4, 5, 6)}
    return kind(flow_id=flow, **members | more)


def alike(one, other):
    """Equal, and of the same types, order of keys and sign of zero throughout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    return repr(one) == repr(other)
