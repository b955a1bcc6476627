"""Fixes to stays: speed on one core, memory for a month of 30 M fixes called day by day, accuracy on tracks with known truth.

    python -m tests.benchmarks.bench_tracking [--days 30] [--visits 9000] [--rounds 5]

Prints Markdown for RESULTS.md. One core: Polars is given one thread and numpy's parts used here have one; the process is also
pinned where the system can. Wall time on a busy machine is an upper bound: the median of the rounds is reported with the best.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import time

os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np
import polars as pl

from etl.transform import stays
from etl.transform.zones import ZoneGrid
from tests.etl.tracks import score, site, tracks

SEEDS = (101, 102, 103)  # never used while the rules were chosen


def one_day(visits: int) -> pl.DataFrame:
    """Return a day of fixes of `visits` trucks, shuffled: 600 true drives under many plates."""
    drawn, _ = tracks(1, 600)
    copies = [drawn.with_columns(plate_key=pl.lit(f"{n:04x}") + pl.col("plate_key").str.slice(4)) for n in range(max(visits // 600, 1))]
    return pl.concat(copies).sample(fraction=1.0, shuffle=True, seed=1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--visits", type=int, default=9000)
    options.add_argument("--rounds", type=int, default=5)
    args = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    port = site()
    began = time.perf_counter()
    grid = ZoneGrid.from_site(port)
    drawing = time.perf_counter() - began
    day = one_day(args.visits)

    pieces_s, stays_s, cpu_s = [], [], []
    for _ in range(args.rounds):
        began, cpu = time.perf_counter(), time.process_time()
        found = stays.pieces(day, grid)
        middle = time.perf_counter()
        made = stays.stitch(found, port, grid)
        pieces_s.append(middle - began)
        stays_s.append(time.perf_counter() - began)
        cpu_s.append(time.process_time() - cpu)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    month, rows_n = [], 0
    began = time.perf_counter()
    for number in range(args.days):
        shifted = day.with_columns(pl.col("fix_at") + pl.duration(days=number))
        month.append(stays.pieces(shifted, grid))
        rows_n += len(shifted)
    all_stays = stays.stitch(pl.concat(month), port, grid)
    month_s = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    print(f"\n## Tracking: fixes -> zones -> stays ({time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC)\n")
    print(f"{platform.machine()}, {os.cpu_count()} cores, one used; load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, numpy {np.__version__}, Polars {pl.__version__}\n")
    print("| what | figure |\n|---|---|")
    print(f"| raster of {len(grid.codes)} zones, {grid.cell_m:.1f} m cells | {drawing * 1000:.0f} ms |")
    print(f"| fixes -> pieces, {len(day):,} fixes -> {len(found):,} pieces, median (best) of {args.rounds} | {_rate(len(day), pieces_s)} |")
    print(f"| fixes -> stays, -> {len(made):,} stays, median (best) | {_rate(len(day), stays_s)} |")
    print(f"| the same per CPU second | {_rate(len(day), cpu_s)} |")
    print(f"| {rows_n:,} fixes in {args.days} days, day by day, then stitched to {len(all_stays):,} stays | {rows_n / month_s / 1e6:.2f} M fixes/s; peak memory {peak:,.0f} MiB (one day in memory: {before:,.0f}) |")
    for seed in SEEDS:
        fixes, truth = tracks(seed, 600)
        got = score(stays.stitch(stays.pieces(fixes, grid), port, grid), truth)
        print(f"| drawn tracks, seed {seed}: {got['true']} true stays | F1 {got['f1']:.4f}, duration error {got['mae_min']:.3f} min, bias {got['bias_min']:+.3f} |")


def _rate(n: int, seconds: list[float]) -> str:
    return f"{n / statistics.median(seconds) / 1e6:.2f} ({n / min(seconds) / 1e6:.2f}) M fixes/s"


if __name__ == "__main__":
    main()
