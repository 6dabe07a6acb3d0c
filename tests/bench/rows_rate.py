"""Saves a second of eight clients, by pgbench, against the floor."""

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
