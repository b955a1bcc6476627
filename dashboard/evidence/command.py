"""`smartport evidence`: one panel from a table, or the pilot of the current build, its Effect as text or JSON. Arguments in, print out; no estimate is made here."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from dashboard.evidence.effect import Effect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; nothing heavy is imported until the command runs."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-build", action="store_true", help="the pilot of the current build, as its page shows it")
    source.add_argument("--panel", type=Path, help="a CSV or Parquet table, one row a unit and period (several rows of a cell become their mean)")
    parser.add_argument("--unit", help="column of the units, e.g. gate")
    parser.add_argument("--period", help="column of the periods: days, numbers, or texts in the --order given")
    parser.add_argument("--outcome", help="column of the outcome; a name that ends in _min is read as minutes")
    parser.add_argument("--treated", help="column of 0/1 or pilot/comparison, or COLUMN=VALUE,VALUE")
    parser.add_argument("--start", help="first treated period, or the column that holds each unit's own")
    parser.add_argument("--weight", help="column of the visits behind each row")
    parser.add_argument("--order", help="periods from first to last, comma-separated, where they are texts")
    parser.add_argument("--scale", choices=("log", "level"), default="log", help="changes in %% (log, default) or in the outcome's own unit (level)")
    parser.add_argument("--kind", choices=("gate", "lane", "terminal", "carrier", "unit"), default="unit", help="what a unit is, for the sentence")
    parser.add_argument("--end-day", type=int, help="days after the start of the one announced verdict, instead of days 28, 84 and 182")
    parser.add_argument("--shared", default="", help="service points that pilot and comparison share, comma-separated")
    parser.add_argument("--port-code", help="of the build: its port, where several are published")
    parser.add_argument("--view", choices=("all", "core"), default="all", help="of the build: all visits, or without inspections, incidents and closures")
    parser.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE,VALUE", help="of the build: a filter of the page, e.g. cargo=dry; several may be given")
    parser.add_argument("--statistic", choices=("mean", "p50", "p90"), default="mean", help="of the build: the average, the median or the 90th percentile of each day")
    parser.add_argument("--collapsed", type=Path, metavar="FILE", help="also write the table of units and blocks behind the estimate, and print the line of R that reproduces it")
    parser.add_argument("--json", action="store_true", help="print every value as JSON")
    parser.add_argument("--lang", choices=("en", "fr", "ar"), default="en", help="language of the sentence")


def run(arguments: argparse.Namespace) -> int:
    """Print the Effect. Too little data is said and is no error; a table that is no panel is (exit code 3)."""
    from dashboard.evidence.report import text, values

    effect, table = _of_build(arguments) if arguments.from_build else _of_table(arguments)
    print(json.dumps(values(effect), ensure_ascii=False, indent=2) if arguments.json else text(effect, arguments.lang))
    if arguments.collapsed:
        if table is None:
            raise InputError(str(arguments.collapsed), "there is no table of blocks without an estimate of one start")
        frame, line = table
        frame.write_csv(arguments.collapsed)
        print(f"\n{arguments.collapsed} written. In R:\n{line.replace('collapsed.csv', arguments.collapsed.as_posix())}", file=sys.stderr)
    return 0


def _of_table(arguments: argparse.Namespace) -> tuple[Effect, tuple[pl.DataFrame, str] | None]:
    from dashboard.evidence.effect import Plan, assess
    from dashboard.evidence.panel import read_panel
    from dashboard.evidence.report import R_LINE, collapsed

    lacking = [name for name in ("unit", "period", "outcome", "treated", "start") if getattr(arguments, name) is None]
    if lacking:
        raise InputError(str(arguments.panel), f"--{lacking[0]} is needed to read a table")
    panel = read_panel(
        arguments.panel, unit=arguments.unit, period=arguments.period, outcome=arguments.outcome, treated=arguments.treated, start=arguments.start,
        weight=arguments.weight, order=_listed(arguments.order),
    )  # fmt: skip
    effect = assess(panel, Plan(arguments.outcome, arguments.scale, arguments.kind, arguments.end_day, _listed(arguments.shared)))
    return effect, None if len(panel.cohorts) > 1 or effect.found is None else (collapsed(panel, arguments.scale), R_LINE)


def _of_build(arguments: argparse.Namespace) -> tuple[Effect, tuple[pl.DataFrame, str] | None]:
    """The page's own Effect: same visits, same plan, same cache."""
    from dashboard import store
    from dashboard.evidence import study
    from dashboard.evidence.words import refusal
    from dashboard.selection import FILTERS, Selection

    port, filters = store.of(arguments.port_code), {}
    for each in arguments.filter:
        name, _, listed = each.partition("=")
        if name not in FILTERS or not listed:
            raise InputError("--filter", f"'{each}' is no filter", ", ".join(FILTERS))
        filters[name] = _listed(listed)
    about = port.build()
    selection = Selection(about.port_code, about.first_day, about.now_day + dt.timedelta(days=1), view=arguments.view, **filters)
    head = study.headline(port, selection)
    if head.refused is not None:
        raise InputError(f"build {about.build_id}", refusal(head.refused, arguments.lang).rstrip("."))
    return {"mean": head.main, "p50": head.median, "p90": head.p90}[arguments.statistic], study.collapsed_of(port, selection, arguments.statistic)


def _listed(said: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in (said or "").split(",") if each.strip())
