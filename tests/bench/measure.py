"""Clock and counters: interleaved rounds, medians, bytes of WAL."""

from statistics import fmean, median
from time import perf_counter_ns


def on_cpu(pid):
    """Microseconds that a server process has run: what a busy machine does not change. 0 if not told."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1000
    except OSError:
        return 0


class Sample:
    """What one contender did: times of single saves by round, and the WAL of each round."""

    def __init__(self, label):
        self.label = label
        self.rounds = []
        self.wal = []
        self.cpu = []

    def add(self, times, wal, cpu):
        self.rounds.append(times)
        self.wal.append(wal)
        self.cpu.append(cpu)

    @property
    def typical(self):
        """Median over the rounds of a round's mean, in microseconds."""
        return median(fmean(times) for times in self.rounds)

    @property
    def mean(self):
        return fmean(t for times in self.rounds for t in times)

    @property
    def wal_each(self):
        return sum(self.wal) / sum(len(times) for times in self.rounds)

    def facts(self):
        every = sorted(t for times in self.rounds for t in times)
        return {
            "saves": len(every), "us": round(self.typical, 1), "us_mean": round(self.mean, 1),
            "us_p50": round(median(every), 1), "us_p99": round(every[int(len(every) * 0.99)], 1),
            "us_rounds": [round(fmean(times), 1) for times in self.rounds],
            "us_server_cpu": round(median(cpu / len(times) for cpu, times in zip(self.cpu, self.rounds)), 1),
            "wal_bytes": round(self.wal_each),
        }


def interleave(server, contenders, rounds, saves, warm_up=3):
    """A B C A B C ...: each in turn does `saves` saves; the first ones of all are not counted."""
    server.quiet()
    for contender in contenders:
        for _ in range(warm_up):
            contender.step()
    samples = [Sample(contender.label) for contender in contenders]
    for _ in range(rounds):
        for contender, sample in zip(contenders, samples):
            payloads = [contender.next() for _ in range(saves)]
            times = []
            before, ran = server.wal(), on_cpu(contender.pid)
            for payload in payloads:
                start = perf_counter_ns()
                contender.save(payload)
                times.append((perf_counter_ns() - start) / 1000)
            ran = on_cpu(contender.pid) - ran
            sample.add(times, server.wal() - before, ran)
    return samples


def time_calls(calls, rounds, repeat, warm_up=3):
    """Median microseconds of each call; the calls take turns."""
    for call in calls:
        for _ in range(warm_up):
            call()
    times = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times):
            for _ in range(repeat):
                start = perf_counter_ns()
                call()
                taken.append((perf_counter_ns() - start) / 1000)
    return [median(taken) for taken in times]
