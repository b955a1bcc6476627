"""`python -m sample_data.simulator`: the simulator's command line. Printing only."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from sample_data.simulator.options import WORLDS, Options, demo, small
from sample_data.simulator.run import Summary, simulate

DEFAULTS = Options(Path("sample"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulator's options; `smartport sample` uses the same ones. Options not given keep the preset's value."""
    parser.add_argument("--out", type=Path, required=True, help="folder for inbox/, inbox_late/ and truth/ (emptied of an earlier run)")
    preset = parser.add_mutually_exclusive_group()
    preset.add_argument("--demo", action="store_true", help="the demonstration port: 2026-01-05 to 2026-10-04, 300 visits a day, tracking for the last 28 days")
    preset.add_argument("--small", action="store_true", help="the committed sample: five days around 2026-09-20")
    parser.add_argument("--days", type=int, help=f"number of days (default {DEFAULTS.days})")
    parser.add_argument("--trucks-per-day", type=float, help=f"mean visits a day over a week; capacities follow (default {DEFAULTS.trucks_per_day:g})")
    parser.add_argument("--seed", type=int, help=f"same seed, same bytes (default {DEFAULTS.seed})")
    parser.add_argument("--start", type=dt.date.fromisoformat, help=f"first local day (default {DEFAULTS.start})")
    parser.add_argument("--pilot-start", type=dt.date.fromisoformat, help=f"first pilot day on lanes 6A to 6C (default {DEFAULTS.pilot_start})")
    parser.add_argument("--effect", type=float, help=f"share taken off the in-port stages of pilot trucks; 0 is no effect (default {DEFAULTS.effect})")
    parser.add_argument("--checks-removed", type=int, help=f"document checks pilot trucks are spared, 0 to 3 (default {DEFAULTS.checks_removed})")
    parser.add_argument("--world", choices=WORLDS, help=f"how loaded the shared servers are (default {DEFAULTS.world})")
    parser.add_argument("--tracking-days", type=int, help=f"last days with truck positions (default {DEFAULTS.tracking_days})")
    parser.add_argument("--tracked-share", type=float, help=f"share of trucks with a tracker (default {DEFAULTS.tracked_share})")
    parser.add_argument("--check-coverage", type=float, help=f"share of visits whose document checks are recorded (default {DEFAULTS.check_coverage})")
    parser.add_argument("--no-faults", dest="has_faults", action="store_false", default=None, help="plant no faults")


def options_from(arguments: argparse.Namespace) -> Options:
    """Return the options of parsed arguments. Raises ValueError for impossible ones."""
    given = {name: getattr(arguments, name) for name in Options.__dataclass_fields__ if getattr(arguments, name, None) is not None and name != "out"}
    if arguments.demo:
        return demo(arguments.out, **given)
    return small(arguments.out, **given) if arguments.small else Options(arguments.out, **given)


def say(summary: Summary) -> str:
    rate = summary.lines_n / max(summary.seconds, 1e-9) * 60
    return (
        f"{summary.lines_n:,} lines in {summary.files_n:,} files ({summary.bytes_n / 1e6:,.1f} MB), {summary.faults_n:,} planted faults, "
        f"{summary.seconds:.1f} s ({rate / 1e6:.1f} million lines a minute) -> {summary.out}"
    )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sample_data.simulator", description="Make the fictitious sample port: logs as a port would drop them, and the truth behind them.")
    add_arguments(parser)
    arguments = parser.parse_args(argv)

    def show(done: int, total: int, unit: str) -> None:
        if sys.stderr.isatty():
            print(f"\rsample port: {done} of {total} {unit}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    try:
        print(say(simulate(options_from(arguments), show)))
    except ValueError as error:
        print(f"sample port: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
