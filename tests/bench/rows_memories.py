"""Memories: searches in plain language among many, of rare words and of words that all have; thoughts in batches."""

import os
from statistics import median
from time import perf_counter

import psycopg

from context import Result
from server import APP

TENANT, WORDS = "bench-memories", 20_000
# Words of a lesson as often as words are: a few very often, most of them seldom. Every memory has "always".
FILL = """
    INSERT INTO wfstate.memories (tenant, lesson_key, tool_name, lesson, confidence, config, created_at, updated_at, document)
    SELECT %(tenant)s, sha256(i::text::bytea), 'tool-' || i %% 50, l.text, (i * 7919 %% 1000) / 1000.0, 'pg_catalog.english',
           now(), now(), setweight(to_tsvector('pg_catalog.english', l.text), 'A')
      FROM generate_series(1, %(count)s) AS i,
           LATERAL (SELECT 'always ' || string_agg('w' || floor(%(words)s * power(random(), 2))::integer, ' ') AS text
                      FROM generate_series(1, 12 + i * 0)) AS l"""
ASKED = {
    "five words": "SELECT count(*) FROM wf_recall('how does w15000 go with w9000 and w400, w30 or w2')",
    "words that all have": "SELECT count(*) FROM wf_recall('always')",
    "about a tool": "SELECT count(*) FROM wf_recall('always w400 w9000', 'tool-7')",
    "30 words": "SELECT count(*) FROM wf_recall((SELECT string_agg('w' || n, ' ') FROM generate_series(1, 30) AS n))",
}


def recalling(ctx):
    count = ctx.scale(100_000, 20_000)
    ctx.server.execute("SELECT setseed(0.42)")
    ctx.server.execute(FILL, {"tenant": TENANT, "count": count, "words": WORDS})
    ctx.server.execute("VACUUM ANALYZE wfstate.memories")
    options = f"-c wfstate.tenant={TENANT} -c default_text_search_config=pg_catalog.english"
    with psycopg.connect(f"user={APP} dbname={os.environ['PGDATABASE']}", options=options, autocommit=True) as conn:
        for label, question in ASKED.items():
            taken = []
            for _ in range(ctx.scale(31, 5)):
                start = perf_counter()
                conn.execute(question).fetchall()
                taken.append(perf_counter() - start)
            # The first plans.
            middle = median(taken[1:])
            wanted = label != "30 words"
            yield Result(f"wf_recall over {count:,} memories, {label}", "≤ 20 ms" if wanted else "",
                         f"{middle * 1000:.1f} ms", middle <= 0.02 if wanted else None, {"s": middle})
        yield thoughts(ctx, conn)
    ctx.server.execute("DELETE FROM wfstate.memories WHERE tenant = %s", (TENANT,))


def thoughts(ctx, conn):
    count = ctx.scale(20_000, 2_000)
    conn.execute("SELECT wf_save_session('bench', '{}')")
    start = perf_counter()
    for number in range(count // 10):
        conn.execute("SELECT wf_record_thought('bench', 'step', %s, 'look', 'nothing')", (f"thought {number}",))
    single = (perf_counter() - start) / (count // 10)
    texts = [f"thought {number}" for number in range(1000)]
    start = perf_counter()
    for _ in range(count // 1000):
        conn.execute("SELECT count(*) FROM wf_record_thoughts('bench', thoughts => %s)", (texts,))
    batch = (perf_counter() - start) / count
    conn.execute("SELECT wf_delete('bench')")
    return Result("thoughts in batches of 1,000", "≥ 10 × one by one", f"{single / batch:.0f} × ({batch * 1e6:.1f} µs, one by one {single * 1e6:.0f} µs)",
                  single >= 10 * batch, {"s": batch, "s_single": single})
