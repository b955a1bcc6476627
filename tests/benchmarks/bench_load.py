"""Loading benchmarks: `python -m tests.benchmarks.bench_load [--only first|history|full|tracked|fixes|year] [--trucks 300] [--months 1 24 120] [--out FOLDER]`.

1. First load of the demonstration port.   2. One more day on 1 month, 2 years and 10 years of history: the cost must not depend on
history (ratio <= 1.2), paired day by day.   3. One day of full Casablanca with 1 M fixes (<= 5 s on 2 cores), on two weeks without
positions and on four weeks that were tracked every day.   4. One load of 30 M fixes (<= 2 GiB).   5. `--only year`, asked for by
name: rebuilds of a month (30 M fixes) and of `--year-days` (365), whose times must lie on one line (<= 15 min, <= 4 GiB, 60 GB of disk).
CPU seconds stand beside wall seconds, because the machine may be shared. Every load is its own process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from etl.settings import ROOT
from sample_data.simulator import Options, demo, simulate

_LOAD = """
import json, resource, sys
from pathlib import Path
from etl import pipeline
from etl.settings import load_settings
settings = load_settings(sys.argv[1])
report = (pipeline.load(settings, Path(sys.argv[2])) if sys.argv[2] else pipeline.rebuild(settings)).to_json()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": report["seconds"], "cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "rss_mb": usage.ru_maxrss // 1024, "read_n": report["read_n"], "days_n": report["days_n"], "timings": report["timings"]}))
"""


def load(home: Path, inbox: Path | None) -> dict:
    """Load an inbox, or without one rebuild, in a process of its own."""
    run = subprocess.run([sys.executable, "-c", _LOAD, str(home), str(inbox or "")], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def days_of(port: Path) -> dict[str, list[Path]]:
    """Return the files of a simulated port by the date in their names, late ones with their day."""
    found: dict[str, list[Path]] = {}
    for path in sorted(port.glob("inbox*/*")):
        found.setdefault(re.search(r"\d{4}-\d{2}-\d{2}", path.name)[0], []).append(path)
    return found


def link(paths: list[Path], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for path in paths:
        os.link(path, folder / path.name)
    return folder


def first_load(work: Path) -> None:
    simulate(demo(work / "demo"))
    print("first load of the demonstration port:", load(work / "demo-home", work / "demo" / "inbox"))


def history(work: Path, trucks: float, months: list[int], last_days: int = 3) -> None:
    """Load the same last days on histories of several lengths, one after the other, and compare each with the shortest."""
    end = dt.date(2026, 9, 28)
    start = end - dt.timedelta(days=round(max(months) * 30.4) + last_days)
    simulate(Options(work / "long", start=start, days=(end - start).days, trucks_per_day=trucks, tracking_days=0))
    days = days_of(work / "long")
    names = sorted(days)
    homes = {f"{number} months": names[-round(number * 30.4) - last_days : -last_days] for number in sorted(months)}
    for label, mine in homes.items():
        print(f"history {label}:", load(work / label, link([path for day in mine for path in days[day]], work / f"in {label}")))
    runs: dict[str, list[dict]] = {label: [] for label in homes}
    for day in names[-last_days:]:
        inbox = link(days[day], work / f"day {day}")
        for label in homes:
            runs[label].append(load(work / label, inbox))
    first = next(iter(runs))
    for measure in ("seconds", "cpu_s"):
        for label, mine in runs.items():
            ratio = statistics.median(one[measure] / other[measure] for one, other in zip(mine, runs[first], strict=True))
            print(f"one more day on {label}, {measure}: median {statistics.median(run[measure] for run in mine):.2f}, {ratio:.2f} of {first}")
    for label, mine in runs.items():
        print(" ", label, mine)


FULL_DAY = dt.date(2026, 9, 1)  # the heaviest of the simulated days: about 1 M fixes of 80 % of the trucks


def full_day(work: Path, name: str, days_before: int, tracking_days: int, rounds: int = 3) -> None:
    """Load one day of which 1 M fixes are known on top of the days before it, of which the last are tracked too."""
    options = Options(work / name, start=FULL_DAY - dt.timedelta(days=days_before), days=days_before + 1, trucks_per_day=2600.0, tracking_days=tracking_days, tracked_share=0.8)
    simulate(options)
    days = days_of(work / name)
    home, last = work / f"{name}-home", f"{FULL_DAY}"
    print("history:", load(home, link([path for day in sorted(days) if day < last for path in days[day]], work / f"{name} before")))
    inbox = link([path for day in sorted(days) if day >= last for path in days[day]], work / f"{name} day")
    for number in range(rounds):
        copy = shutil.copytree(home, work / f"{name}-home-{number}")
        print(f"one day of Casablanca, {tracking_days - 1} of {days_before} days before it tracked, load {os.getloadavg()[0]:.1f}:", load(copy, inbox))
        shutil.rmtree(copy)


def many_fixes(work: Path) -> None:
    """Load 54 days of full Casablanca at once: 30 M fixes."""
    simulate(Options(work / "fixes", start=dt.date(2026, 7, 24), days=54, trucks_per_day=2600.0, tracking_days=54, tracked_share=0.8))
    print("30 M fixes in one load:", load(work / "fixes-home", work / "fixes" / "inbox"))


def year(work: Path, days: int) -> None:
    """Load a month and `days` of full Casablanca, 1 M fixes a day, and make each anew from the quarantine."""
    for length in (30, days):
        simulate(Options(work / f"year {length}", start=FULL_DAY - dt.timedelta(days=length), days=length, trucks_per_day=4600.0, tracking_days=length, tracked_share=0.8))
        home = work / f"year {length} home"
        print(f"{length} days, first load:", load(home, work / f"year {length}" / "inbox"))
        shutil.rmtree(work / f"year {length}")
        print(f"{length} days, rebuild:", load(home, None))
        shutil.rmtree(home)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trucks", type=float, default=300.0)
    parser.add_argument("--months", type=int, nargs="+", default=[1, 24, 120])
    parser.add_argument("--year-days", type=int, default=365)
    parser.add_argument("--only", choices=["first", "history", "full", "tracked", "fixes", "year"])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    work = arguments.out or Path(tempfile.mkdtemp(prefix="bench_load_"))
    work.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()}")
    try:
        if arguments.only in (None, "first"):
            first_load(work)
        if arguments.only in (None, "full"):
            full_day(work, "casa", 14, 1)
        if arguments.only in (None, "tracked"):
            full_day(work, "tracked", 28, 29)  # the simulator hands weekly logs out every 7 days: so the last load brings one day of each
        if arguments.only in (None, "fixes"):
            many_fixes(work)
        if arguments.only in (None, "history"):
            history(work, arguments.trucks, arguments.months)
        if arguments.only == "year":
            year(work, arguments.year_days)
    finally:
        if not arguments.out:
            shutil.rmtree(work, ignore_errors=True)
    print(f"load {os.getloadavg()}, peak {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB in a load")


if __name__ == "__main__":
    main()
