"""The sample port a hundred times over: `python tests/benchmarks/bench_ports.py [--seeds 100] [--jobs N] [--out FOLDER] [--quick]`.

Lightly loaded and tight, with the pilot, without it, with it on every lane, and with it on every lane by turns: what is said of each port against what is true of it. A port (273 days of 300
visits) takes 6 s of CPU. Ports already in the folder are not made again; the folder is named after the simulator's own code, so that no old port is taken for a new one.
Writes the tables between the marks "ports" of docs/pilot-evidence.md; --quick makes four seeds and only prints.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import polars as pl  # noqa: E402

from dashboard.evidence import ports  # noqa: E402
from dashboard.evidence.switchback import calendar, pairs_in  # noqa: E402
from sample_data.simulator.options import PILOT_LANES, SITE, WORLDS, Options, demo  # noqa: E402
from sample_data.simulator.worlds import switched, worlds  # noqa: E402

PAPER = ROOT / "docs" / "pilot-evidence.md"
BEGIN, END = "<!-- ports: begin -->", "<!-- ports: end -->"
MADE_BY = ("draws", "flow", "layout", "names", "options", "plan", "port", "rows", "truth", "worlds")  # modules of the simulator that a visit's time depends on
SAID = {"light": "lightly loaded", "tight": "tight"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "smartport_ports")
    parser.add_argument("--quick", action="store_true", help="four seeds, printed and not written")
    given = parser.parse_args()
    seeds, folder = 4 if given.quick else given.seeds, given.out / _code()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(world, seed, folder) for seed in range(1, seeds + 1) for world in WORLDS]
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        rows = []
        for number, made in enumerate(pool.imap(one, wanted), start=1):
            rows += made
            print(f"\r{number} of {len(wanted)} ports", end="" if number < len(wanted) else "\n", file=sys.stderr, flush=True)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    frame.write_csv(folder / "judged.csv")
    parts = [table(f"{seeds} sample ports, {SAID[world]} world", ports.port_figures(frame.filter(pl.col("world") == world), world == "light")) for world in WORLDS]
    text = f"Measured {dt.date.today()} by `python tests/benchmarks/bench_ports.py`, seeds 1 to {seeds}, 273 days of 300 visits on average, pilot on three of six lanes for the last 83 days, effect 12 % and 0.\n\n" + "\n".join(parts)
    print(text)
    if not given.quick:
        head, _, rest = PAPER.read_text("utf-8").partition(BEGIN)
        PAPER.write_text(f"{head}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", "utf-8")


def one(wanted: tuple[str, int, Path]) -> list[dict]:
    """Make one port, or read it if it was made before, and judge it."""
    world, seed, folder = wanted
    options = demo(folder, world=world, seed=seed)
    last, days_n = last_whole_day(options), (options.end - options.pilot_start).days
    visits = kept(folder / f"{world}_{seed:03d}.parquet", lambda: worlds(options))
    rows = ports.judge(visits, options.pilot_start, last, PILOT_LANES)
    for block_days in ports.BLOCKS:
        days = calendar(f"seed {seed}", options.pilot_start, block_days, pairs_in(days_n, block_days))
        daily = kept(folder / f"{world}_{seed:03d}_switched_{block_days}.parquet", lambda: ports.daily_means(switched(options, {each.day for each in days if each.is_on})))  # noqa: B023
        rows[0] |= ports.judge_switchback(daily, days, block_days) | {f"switched_{block_days}_false": ports.switchback_false(visits, options.pilot_start, block_days, days_n, seed)}
    return [{"world": world, "seed": seed, **row} for row in rows]


def kept(path: Path, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return what an earlier run left in `path`, or make it and leave it there."""
    if not path.is_file():
        half = path.with_suffix(f".{os.getpid()}")
        make().write_parquet(half, compression="zstd")
        half.replace(path)
    return pl.read_parquet(path)


def last_whole_day(options: Options) -> dt.date:
    """Return the last day whose visits have mostly left: of those that enter on the run's last day the long ones have not."""
    return options.end - dt.timedelta(days=2)


def table(title: str, figures: list) -> str:
    rows = [f"| {each.words} | {each.value:.2f} {each.unit} | {_asked(each)} | {'yes' if each.holds else '**no**'} | {each.runs:,} |" for each in figures]
    return "\n".join([f"**{title}**", "", "| figure | measured | asked | holds | runs |", "|---|---:|---:|---|---:|", *rows, ""])


def _asked(each) -> str:
    return f"at least {each.low:g}" if each.low is not None else f"at most {each.high:g}" if each.high is not None else "shown"


def _code() -> str:
    """Return a digest of the code that makes ports."""
    made = hashlib.sha256()
    for path in [*(ROOT / "sample_data" / "simulator" / f"{name}.py" for name in MADE_BY), SITE / "reference" / "zones.geojson"]:
        made.update(path.read_bytes())
    return made.hexdigest()[:12]


if __name__ == "__main__":
    main()
