"""Single saves, one client: against the floor and against full copies."""

from statistics import median

from contenders import Client, Floor, FullCopy, WfPatch, WfSave
from context import NOT_WAITING, WAITING, Result, duration, facts, size_text
from documents import SIZES


def patch_saves(ctx):
    """Patch saves of about 500 bytes, each commit waiting for the disk."""
    for name, factor in (("4 KB", 1.5), ("64 KB", 1.5), ("1 MB", 3)):
        samples = ctx.race([Floor, WfPatch], SIZES[name], "patch", WAITING, ctx.scale(20, 4), ctx.scale(40, 10))
        yield against_floor(f"patch save, {name}, commit waits", samples, "wfstate patch", factor)
        cycle = keyframe_cycle(ctx, name)
        floor = samples["floor"].wal_each
        yield Result(
            f"patch save, {name}: WAL", "≤ 1.5 kB",
            f"{size_text(cycle['wal_mean'])} with keyframes, {size_text(cycle['wal_plain'])} without "
            f"(floor {size_text(floor)}); a keyframe of {size_text(cycle['wal_keyframe'])} every "
            f"{cycle['saves']} saves" if cycle else f"floor {size_text(floor)}",
            cycle["wal_mean"] <= 1500 if cycle else None, {"cycle": cycle, "floor": floor})


def merge_patch(ctx):
    samples = ctx.race([Floor, WfPatch], SIZES["1 MB"], "merge", WAITING, ctx.scale(20, 4), ctx.scale(40, 10))
    yield against_floor("merge patch, 1 MB, commit waits", samples, "wfstate patch", 1.5)


def full_saves(ctx):
    """The whole state sent each time: wfstate finds the change, the rivals store a copy."""
    plan = (("4 KB", 1, 0.2, 20, 30), ("64 KB", 3, 0.02, 12, 12), ("1 MB", 4, 0.02, 6, 4))
    for name, factor, wal_share, rounds, saves in plan:
        count = ctx.scale(rounds, 2), ctx.scale(saves, 3)
        classes = [FullCopy, Client, WfSave]
        waiting = ctx.race(classes, SIZES[name], "patch", WAITING, *count)
        asynchronous = ctx.race(classes, SIZES[name], "patch", NOT_WAITING, *count)
        yield against_full_copy(name, "commit waits", waiting, factor)
        # The same without the disk's share: told, not judged.
        told = against_full_copy(name, "commit doesn't wait", asynchronous, factor)
        told.to_reach, told.met = "", None
        yield told
        yield full_save_wal(ctx, name, waiting, wal_share)


def against_floor(row, samples, label, factor):
    floor, ours = samples["floor"], samples.get(label)
    if ours is None:
        return Result(row, f"≤ {factor} × the floor", f"floor {duration(floor.typical)}", None, facts(samples))
    ratio, mean = ours.typical / floor.typical, ours.mean / floor.mean
    return Result(
        row, f"≤ {factor} × the floor",
        f"{ratio:.2f} × ({duration(ours.typical)}, floor {duration(floor.typical)}; means {mean:.2f} ×)",
        ratio <= factor, {"ratio": ratio, "ratio_of_means": mean, **facts(samples)})


def against_full_copy(name, commit, samples, factor):
    copy, ours = samples["full copy"], samples.get("wfstate save")
    rivals = f"full copy {duration(copy.typical)}, client {duration(samples['client'].typical)}"
    row, goal = f"full save, {name}, {commit}", f"≥ {factor} × as fast as full copy"
    if ours is None:
        return Result(row, goal, rivals, None, facts(samples))
    ratio, mean = copy.typical / ours.typical, copy.mean / ours.mean
    return Result(
        row, goal, f"{ratio:.2f} × ({duration(ours.typical)}, {rivals}; means {mean:.2f} ×)",
        ratio >= factor, {"ratio": ratio, "ratio_of_means": mean, **facts(samples)})


def full_save_wal(ctx, name, samples, share):
    """WAL of a save without a keyframe, plus its part of a keyframe as patch saves have shown."""
    copy = samples["full copy"].wal_each
    row, goal = f"full save, {name}: WAL", f"≤ {share:.0%} of full copy"
    if not ctx.wfstate:
        return Result(row, goal, f"full copy {size_text(copy)}")
    contender = WfSave(ctx.name(), SIZES[name], "patch", NOT_WAITING)
    ctx.server.quiet()
    contender.step()
    plain = median(wal_of_step(ctx, contender) for _ in range(ctx.scale(15, 7)))
    contender.close()
    cycle = keyframe_cycle(ctx, name)
    wal = plain + (cycle["wal_keyframe"] - cycle["wal_plain"]) / cycle["saves"]
    return Result(
        row, goal, f"{wal / copy:.2%} ({size_text(wal)} with its part of a keyframe, {size_text(plain)} without; "
        f"full copy {size_text(copy)})",
        wal <= share * copy, {"wfstate": wal, "wfstate_plain": plain, "full_copy": copy})


def wal_of_step(ctx, contender):
    payload = contender.next()
    before = ctx.server.wal()
    contender.save(payload)
    return ctx.server.wal() - before


def keyframe_cycle(ctx, name):
    """Patch saves from one keyframe to the next, the WAL of each: what saves cost in the long run."""
    if not ctx.wfstate:
        return None
    if name in ctx.cycles:
        return ctx.cycles[name]
    contender = WfPatch(ctx.name(), SIZES[name], "patch", NOT_WAITING)
    ctx.server.quiet()
    try:
        key, wal = ctx.keyframe(contender.id), None
        for _ in range(20_000):
            bytes_written = wal_of_step(ctx, contender)
            if wal is not None:
                wal.append(bytes_written)
            now = ctx.keyframe(contender.id)
            if now != key:
                key = now
                if wal:
                    break
                wal = []
        else:
            raise RuntimeError(f"no second keyframe of {name} in 20,000 saves")
    finally:
        contender.close()
    ctx.cycles[name] = {"saves": len(wal), "wal_mean": sum(wal) / len(wal), "wal_plain": median(wal),
                        "wal_keyframe": wal[-1]}
    return ctx.cycles[name]
