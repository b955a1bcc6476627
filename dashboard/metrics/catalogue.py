"""The KPI catalogue, written from the registry: `python -m dashboard.metrics.catalogue` makes docs/kpi-catalogue.md, `--check` fails if stale.

`entry()` is what one metric says about itself in the reader's language; the handbook page and the document both render it, so they cannot
disagree. Nothing is described here that the Metric does not say.
"""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.i18n import N_, translator
from dashboard.metrics import AREAS, DIMENSIONS, FACTS, Metric
from etl.contracts.dictionary import write
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES

PATH = Path(__file__).resolve().parents[2] / "docs" / "kpi-catalogue.md"
AREA_WORDS: dict[str, str] = {
    "visits": N_("Visits and turnaround"), "inside": N_("Inside the port"), "flow": N_("Visit flow and weighing"), "clearance": N_("Clearance"),
    "papers": N_("Declarations, appointments and reliability"), "csi": N_("US-bound cargo (CSI)"), "exchange": N_("Electronic exchange"), "their_definition": N_("By their definition"),
}  # fmt: skip
UNIT_WORDS: dict[str, str] = {
    "count": N_("number"), "min": N_("minutes"), "hours": N_("truck-hours"), "share": N_("share, in %"), "per_visit": N_("per visit"), "per_hour": N_("per hour"),
    "index": N_("index, 1 is free flow"), "ratio": N_("ratio"),
}  # fmt: skip
POLARITY_WORDS: dict[str, str] = {"lower": N_("lower is better"), "higher": N_("higher is better"), "neutral": ""}


@dataclass(frozen=True)
class Entry:
    """One metric in words. Every text is in the reader's language but `sql`, which is what the store runs."""

    code: str
    area: str
    label: str
    about: str
    formula: str
    sql: str
    unit: str
    direction: str
    standard: str
    source: str
    view: str
    splits: tuple[str, ...]
    min_n: int

    def matches(self, wanted: str) -> bool:
        """Whether every word of `wanted` occurs in the entry, accents and case aside."""
        text = _folded(" ".join((self.code, self.label, self.about, self.formula, self.standard, self.sql, self.area)))
        return all(word in text for word in _folded(wanted).split())


def _folded(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(letter))


def formula_in_words(metric: Metric, _: Callable[..., str]) -> str:
    """Say how the number is computed; conditions stay in the columns' own names, which the data dictionary explains."""
    if metric.quantile:
        column, p = metric.quantile
        words = _("Exact percentile {p} of {column} over the rows that have it", p=f"{p * 100:g}", column=column)
    elif metric.share:
        words = _("Rows where {condition}, divided by all rows of the denominator, with a 95 % Wilson interval", condition=metric.share)
    elif metric.ratio:
        words = _("{top} divided by {bottom}, recomputed at every grain", top=metric.ratio[0], bottom=metric.ratio[1])
    elif metric.count:
        words = _("Number of rows per clock hour of the period") if metric.per_hour else _("Number of rows")
    else:
        words = metric.aggregate or ""
    return words if metric.where == "true" else _("{formula}; only rows where {condition}", formula=words, condition=metric.where)


def grain_of(metric: Metric) -> str:
    """Return what one row behind the metric is, as its table declares it; empty for a table of no contract."""
    return next((table.grain for table in (*FACT_TABLES, *LEDGER_TABLES) if table.name in FACTS[metric.fact].table), "")


def entry(metric: Metric, area: str, lang: str = "en") -> Entry:
    """Return what `metric` says about itself in `lang`."""
    _ = translator(lang)
    fact = FACTS[metric.fact]
    if fact.excludes:
        view = _("Both views: all included, and without inspections, incidents and closures")
    elif fact.via_visit:
        view = _("Both views, through the visit each row belongs to")
    else:
        view = _("One view: the choice of view does not change it")
    splits = tuple(_(dimension.label) for dimension in DIMENSIONS.values() if metric.fact in dimension.sql)
    table = next((table.name for table in (*FACT_TABLES, *LEDGER_TABLES) if table.name in fact.table), fact.table)
    return Entry(
        metric.code, _(AREA_WORDS[area]), _(metric.label), _(metric.about), formula_in_words(metric, _), metric.formula, _(UNIT_WORDS[metric.unit]),
        _(POLARITY_WORDS[metric.polarity]), _(metric.standard), f"{table}: {_(grain_of(metric))}", view, tuple(dict.fromkeys(splits)), metric.min_n,
    )  # fmt: skip


def entries(lang: str = "en") -> tuple[Entry, ...]:
    """Return every metric of the registry, in its written order."""
    return tuple(entry(metric, area, lang) for area, metrics in AREAS.items() for metric in metrics)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def render() -> str:
    """Return the whole catalogue as Markdown; a pure function of the registry."""
    lines = [
        "# KPI catalogue", "", "Generated by `python -m dashboard.metrics.catalogue`. Do not edit: change the metric in `dashboard/metrics/`.", "",
        "Columns are explained in the [data dictionary](data-dictionary.md). Percentiles are exact. Null is no data, zero is zero.", "",
    ]  # fmt: skip
    found = entries()
    for area in dict.fromkeys(item.area for item in found):
        lines += [f"## {area}", ""]
        for item in (item for item in found if item.area == area):
            lines += [f"### {item.label}", "", item.about, "", "| | |", "|---|---|", f"| Code | `{item.code}` |", f"| Formula | {_cell(item.formula)} |"]
            lines += [f"| SQL | `{_cell(item.sql)}` |", f"| Unit | {item.unit}{', ' + item.direction if item.direction else ''} |"]
            if item.standard:
                lines.append(f"| Standard | {_cell(item.standard)} |")
            lines += [f"| Rows | {_cell(item.source)} |", f"| View | {item.view} |", f"| Split by | {', '.join(item.splits)} |"]
            if item.min_n:
                lines.append(f"| Greyed | under n = {item.min_n} |")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.metrics.catalogue", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if the committed file is stale; write nothing")
    parser.add_argument("--out", type=Path, default=PATH)
    options = parser.parse_args(arguments)
    return write(options.out, render(), options.check, "python -m dashboard.metrics.catalogue")


if __name__ == "__main__":
    sys.exit(main())
