"""Saves a second by pgbench: eight clients against the floor; one client against naive pgrx."""

from context import NOT_WAITING, Result
from documents import SIZES
from pgbench import Race, middle


def eight_clients(ctx):
    race = Race(ctx, SIZES["1 KB"], "small_patch", 8, NOT_WAITING)
    rates = race.run(["floor", "wfstate save", "full copy"], ctx.scale(5, 1), ctx.scale(3, 1))
    rate = middle(rates)
    row, goal = "full save, 1 KB, 8 clients, commit doesn't wait", "≥ 80 % of the floor's saves/s"
    rivals = f"floor {rate['floor']:,.0f}/s, full copy {rate['full copy']:,.0f}/s"
    if "wfstate save" not in rate:
        yield Result(row, goal, rivals, None, {"rates": rates})
        return
    share = rate["wfstate save"] / rate["floor"]
    yield Result(row, goal, f"{share:.0%} ({rate['wfstate save']:,.0f}/s, {rivals})", share >= 0.8,
                 {"share": share, "rates": rates})


def naive(ctx):
    for name in ("4 KB", "64 KB"):
        race = Race(ctx, SIZES[name], "patch", 1, NOT_WAITING)
        rates = race.run(["naive pgrx", "wfstate patch", "wfstate save"], ctx.scale(5, 1), ctx.scale(2, 1))
        rate = middle(rates)
        for label in ("wfstate patch", "wfstate save"):
            what, reference = {"wfstate patch": "patch", "wfstate save": "full"}[label], 1e6 / rate["naive pgrx"]
            row = f"{what} save, {name}, against naive pgrx"
            if label not in rate:
                yield Result(row, "≥ 4 × as fast", f"naive pgrx {reference:.0f} µs", None, {"rates": rates})
                continue
            ratio = rate[label] / rate["naive pgrx"]
            yield Result(row, "≥ 4 × as fast",
                         f"{ratio:.2f} × ({1e6 / rate[label]:.0f} µs, naive pgrx {reference:.0f} µs)",
                         ratio >= 4, {"ratio": ratio, "rates": rates})
