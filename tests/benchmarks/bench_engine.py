"""The engines against each other: `python tests/benchmarks/bench_engine.py [--days 1 10] [--out FOLDER]`.

The same full days of Casablanca (2,600 trucks, about 1 M fixes each, with all other logs) are loaded once, then rebuilt on this
machine and by Spark in local mode on two cores, each in its own process. CPU seconds count the whole process tree and stand first,
because the machine may be shared. Shuffle bytes come from Spark's event log, memory from looking at the processes ten times a second.
The last lines are an estimate, not a measurement: from how many cores on a cluster would be faster than this machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from etl.settings import ROOT
from sample_data.simulator import Options, simulate

_RUN = """
import json, sys, time
from pathlib import Path
from etl import pipeline
from etl.engine import LOCAL
from etl.engine.spark import open_spark
from etl.settings import load_settings
engine, home, log = sys.argv[1:4]
if __name__ == "__main__":
    began = time.perf_counter()
    if engine == "local":
        report = pipeline.rebuild(load_settings(home)) if not sys.argv[4:] else pipeline.load(load_settings(home), Path(sys.argv[4]))
        started = 0.0
    else:
        with open_spark("local[2]", {"spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file://{log}", "spark.eventLog.compress": "false"}) as spark:
            started = time.perf_counter() - began
            report = pipeline.rebuild(load_settings(home), engine=spark)
    print(json.dumps({"started_s": round(started, 1), "seconds": report.seconds, "timings": report.timings, "read_n": report.read_n, "good_n": report.good_n}))
"""


def measured(engine: str, home: Path, log: Path, inbox: Path | None = None) -> dict:
    """Run in a process of its own and return what it printed, with CPU seconds and peak memory by kind of process: driver, workers, Java."""
    log.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-c", _RUN, engine, str(home), str(log), *([str(inbox)] if inbox else [])]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    top, cpu, memory = psutil.Process(process.pid), {}, {}
    while process.poll() is None:
        now: dict[str, float] = {}
        for one in [top, *_children(top)]:
            try:
                kind = "driver" if one.pid == process.pid else "java" if one.name() == "java" else "workers"
                times = one.cpu_times()
                cpu[kind, one.pid, one.create_time()] = times.user + times.system
                now[kind] = max(now.get(kind, 0), one.memory_info().rss)
            except psutil.Error:
                continue  # it ended meanwhile
        for kind, rss in now.items():
            memory[kind] = max(memory.get(kind, 0), rss)
        time.sleep(0.1)
    found = json.loads(process.stdout.read().splitlines()[-1])
    seconds = {kind: round(sum(value for (mine, *_), value in cpu.items() if mine == kind), 1) for kind in ("driver", "workers", "java")}
    return found | {"cpu_s": seconds, "rss_mb": {kind: round(value / 2**20) for kind, value in memory.items()}} | _shuffled(log)


def _children(top: psutil.Process) -> list[psutil.Process]:
    try:
        return top.children(recursive=True)
    except psutil.Error:
        return []


def _shuffled(log: Path) -> dict:
    """Return the bytes and rows that Spark's tasks wrote to be shuffled, and how many tasks there were."""
    total = {"shuffle_mb": 0.0, "shuffled_n": 0, "tasks_n": 0}
    for path in (path for path in log.rglob("*") if path.is_file()):
        for line in path.open(encoding="utf-8"):
            if '"SparkListenerTaskEnd"' in line:
                wrote = (json.loads(line).get("Task Metrics") or {}).get("Shuffle Write Metrics", {})
                total["shuffle_mb"] += wrote.get("Shuffle Bytes Written", 0) / 2**20
                total["shuffled_n"] += wrote.get("Shuffle Records Written", 0)
                total["tasks_n"] += 1
    return total | {"shuffle_mb": round(total["shuffle_mb"], 1)}


def compare(work: Path, days: int) -> dict[str, dict]:
    start = dt.date(2026, 9, 2) - dt.timedelta(days=days)
    if not (work / f"port{days}").is_dir():
        simulate(Options(work / f"port{days}", start=start, days=days, trucks_per_day=2600.0, tracking_days=days, tracked_share=0.8))
    home = work / f"home{days}"
    if not home.is_dir():
        measured("local", home, work / "log-load", work / f"port{days}" / "inbox")
    found = {}
    for engine in ("local", "spark"):
        log = work / f"log-{engine}-{days}"
        shutil.rmtree(log, ignore_errors=True)
        found[engine] = measured(engine, home, log)
        print(f"| {days} days, {found[engine]['read_n']:,} lines | {engine} | {sum(found[engine]['cpu_s'].values()):.0f} | {found[engine]['cpu_s']} | {found[engine]['started_s']} + {found[engine]['seconds']:.0f} | {found[engine]['rss_mb']} | {found[engine]['shuffle_mb']} MB of {found[engine]['shuffled_n']:,} fixes, {found[engine]['tasks_n']} tasks | {os.getloadavg()[0]:.1f} |", flush=True)
    return found


def estimate(small: dict[str, dict], large: dict[str, dict], days: int, cores: int) -> None:
    """Say from how many cores on a cluster would be faster, were everything but the driver's own work spread evenly. An estimate."""
    def slope(engine: str, kinds: tuple[str, ...]) -> float:
        return sum(large[engine]["cpu_s"][kind] - small[engine]["cpu_s"][kind] for kind in kinds) / days

    local, driver, spread = slope("local", ("driver",)), slope("spark", ("driver",)), slope("spark", ("workers", "java"))
    at_home = large["local"]["seconds"] / sum(large["local"]["cpu_s"].values()) * local if os.getloadavg()[0] < cores else local / cores
    print(f"\nCPU seconds a further day: local {local:.1f}; Spark {spread:.1f} spread and {driver:.1f} in the driver.")
    print(f"Estimate: here a day takes {at_home:.1f} s with {cores} cores. A cluster of k cores takes {driver:.1f} + {spread:.1f} / k s:")
    if driver >= at_home:
        print("it is never faster: the driver's own work takes as long.")
    else:
        print(f"it is faster from k = {spread / (at_home - driver):.0f} cores on, and at most {at_home / driver:.1f} times as fast.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, nargs=2, default=(1, 10), help="the two sizes, in full days of Casablanca")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    work = arguments.out or Path(tempfile.mkdtemp(prefix="bench_engine_"))
    work.mkdir(parents=True, exist_ok=True)
    print("| what | engine | CPU s | of which | start + rebuild, s | peak MB of one process | shuffled | load |\n|---|---|---|---|---|---|---|---|")
    try:
        small, large = (compare(work, days) for days in arguments.days)
        estimate(small, large, arguments.days[1] - arguments.days[0], os.cpu_count() or 1)
    finally:
        if not arguments.out:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
