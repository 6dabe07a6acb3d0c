"""The tests with the CrewAI of WF_CREWAI, the newest or the oldest that is supported. The last line counts."""

import importlib
import io
import sys
import traceback
from contextlib import redirect_stdout

import stores

passed = failed = 0


def run(module):
    global passed, failed
    for name, test in list(vars(module).items()):
        if not name.startswith("test_"):
            continue
        try:
            # Flows draw what they do.
            with redirect_stdout(io.StringIO()):
                test()
            passed += 1
            print(f"ok - {name}")
        except Exception:
            failed += 1
            print(f"NOT OK - {name}\n{traceback.format_exc()}")


if __name__ == "__main__":
    for name in ("test_stores", "test_wfstate", *(["test_flows"] if stores.NEWEST else [])):
        run(importlib.import_module(name))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
