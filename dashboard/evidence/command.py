"""`smartport evidence`: one panel from a table, its Effect as text or JSON. Arguments in, print out; no estimate is made here."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from etl.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; nothing heavy is imported until the command runs."""
    parser.add_argument("--panel", type=Path, required=True, help="a CSV or Parquet table, one row a unit and period (several rows of a cell become their mean)")
    parser.add_argument("--unit", required=True, help="column of the units, e.g. gate")
    parser.add_argument("--period", required=True, help="column of the periods: days, numbers, or texts in the --order given")
    parser.add_argument("--outcome", required=True, help="column of the outcome; a name that ends in _min is read as minutes")
    parser.add_argument("--treated", required=True, help="column of 0/1 or pilot/comparison, or COLUMN=VALUE,VALUE")
    parser.add_argument("--start", required=True, help="first treated period, or the column that holds each unit's own")
    parser.add_argument("--weight", help="column of the visits behind each row")
    parser.add_argument("--order", help="periods from first to last, comma-separated, where they are texts")
    parser.add_argument("--scale", choices=("log", "level"), default="log", help="changes in %% (log, default) or in the outcome's own unit (level)")
    parser.add_argument("--kind", choices=("gate", "lane", "terminal", "carrier", "unit"), default="unit", help="what a unit is, for the sentence")
    parser.add_argument("--end-day", type=int, help="days after the start of the one announced verdict, instead of days 28, 84 and 182")
    parser.add_argument("--shared", default="", help="service points that pilot and comparison share, comma-separated")
    parser.add_argument("--collapsed", type=Path, metavar="FILE", help="also write the table of units and blocks behind the estimate, and print the line of R that reproduces it")
    parser.add_argument("--json", action="store_true", help="print every value as JSON")
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language of the sentence")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the Effect. Too little data is said and is no error; a table that is no panel is (exit code 3)."""
    from dashboard.evidence.effect import Plan, assess
    from dashboard.evidence.panel import read_panel
    from dashboard.evidence.report import R_LINE, collapsed, text, values

    panel = read_panel(
        arguments.panel, unit=arguments.unit, period=arguments.period, outcome=arguments.outcome, treated=arguments.treated, start=arguments.start,
        weight=arguments.weight, order=_listed(arguments.order),
    )  # fmt: skip
    effect = assess(panel, Plan(arguments.outcome, arguments.scale, arguments.kind, arguments.end_day, _listed(arguments.shared)))
    print(json.dumps(values(effect), ensure_ascii=False, indent=2) if arguments.json else text(effect, arguments.lang))
    if arguments.collapsed:
        if len(panel.cohorts) > 1 or effect.found is None:
            raise InputError(str(arguments.collapsed), "there is no table of blocks without an estimate of one start")
        collapsed(panel, arguments.scale).write_csv(arguments.collapsed)
        print(f"\n{arguments.collapsed} written. In R:\n{R_LINE.replace('collapsed.csv', arguments.collapsed.as_posix())}", file=sys.stderr)
    return 0


def _listed(said: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in (said or "").split(",") if each.strip())
