"""Runs test_*.py of this folder, or the files named; closes with `N passed, N failed`."""
import pathlib
import sys
import unittest


def main(names):
    here = pathlib.Path(__file__).parent
    files = [pathlib.Path(name) for name in names] or sorted(here.glob("test_*.py"))
    sys.path[:0] = sorted({str(here)} | {str(file.parent) for file in files})
    suite = unittest.TestLoader().loadTestsFromNames([file.stem for file in files])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    # A sub-test that fails names its test; a test that is skipped did not prove anything.
    told = [test for test, _ in result.failures + result.errors + result.skipped]
    # By name: a test may keep an execution's id in its own `id`.
    bad = {str(getattr(test, "test_case", test)) for test in told + result.unexpectedSuccesses}
    passed = max(result.testsRun - len(bad), 0)
    print(f"{passed} passed, {len(bad)} failed", flush=True)
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
