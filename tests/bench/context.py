"""What the rows share: the server, how much to measure, unique names, and the shape of a result."""

import itertools
import os
from dataclasses import dataclass, field

from measure import interleave
from server import APP, Server

WAITING, NOT_WAITING = {"synchronous_commit": "on"}, {"synchronous_commit": "off"}


@dataclass
class Result:
    """One line of the table. `met` is None where nothing is to be reached, or nothing was measured."""

    row: str
    to_reach: str
    measured: str
    met: bool | None = None
    details: dict = field(default_factory=dict)


class Context:
    def __init__(self, quick, wfstate):
        self.server = Server()
        self.quick, self.wfstate = quick, wfstate
        self.numbers = itertools.count(1)
        self.cycles = {}

    def scale(self, full, quick):
        return quick if self.quick else full

    def name(self):
        return f"bench-{next(self.numbers)}"

    def available(self, classes):
        """All but wfstate where it isn't there (the harness itself is then being tried out)."""
        return [each for each in classes if self.wfstate or each.role != APP]

    def race(self, classes, size, change, settings, rounds, saves):
        """Samples by label, of contenders that take turns on executions of their own."""
        contenders = [each(self.name(), size, change, settings) for each in self.available(classes)]
        try:
            samples = interleave(self.server, contenders, rounds, saves)
            if os.environ.get("BENCH_VERBOSE"):
                for sample in samples:
                    print("   ", sample.label, sample.facts(), flush=True)
            return {sample.label: sample for sample in samples}
        finally:
            for contender in contenders:
                contender.close()

    def keyframe(self, execution):
        return self.server.value(
            "SELECT keyframe_version FROM wfstate.executions WHERE execution_id = %s", (execution.decode(),))


def duration(us):
    return f"{us:.0f} µs" if us < 1000 else f"{us / 1000:.2f} ms" if us < 100000 else f"{us / 1000:.0f} ms"


def size_text(count):
    if abs(count) < 10_000:
        return f"{count:,.0f} B"
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.2f} MB"


def facts(samples):
    return {label: sample.facts() for label, sample in samples.items()}
