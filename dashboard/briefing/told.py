"""What papers said of US-bound boxes stays said: a month's or quarter's figure is repeated on later papers as it was first handed out.

A late line changes such a figure by a box or two, and whoever holds both papers could subtract them (dashboard/metrics/privacy.py). Pages and files show
what the build says. One file a period, home/briefings/PORT/cargo/FIRST_LAST.json; who takes it away lets the next paper speak anew.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from dashboard.evidence.selected import Extra, extra_of
from dashboard.metrics import Result, cargo
from dashboard.selection import Selection
from dashboard.store import Store

_EXTRA = "extra_minutes"  # beside the codes of metrics
_TOLD = ("minutes", "low", "high", "selected_n", "other_n", "days_n")


def as_told(store: Store, result: Result) -> Result:
    """The answer with every figure that a paper of another build told of the same period as that paper told it, hidden ones hidden; its comparison then falls away."""
    told = _read(store, result.selection)
    cells = {} if not told or told["build_id"] == result.build_id else {metric.code: told["cells"][metric.code] for metric in result.metrics if metric.code in told["cells"]}
    columns = {}
    for code, cell in cells.items():
        for name in (each for each in result.frame.columns if each.partition("__")[0] == code):
            columns[name] = pl.Series(name, [cell.get(name)], dtype=result.frame.schema[name])
    return replace(result, frame=pl.DataFrame([columns.get(each.name, each) for each in result.frame.get_columns()])) if columns else result


def extra_as_told(store: Store, extra: Extra) -> Extra:
    """The extra minutes of selected visits as a paper of another build told them of the same quarters."""
    told = _read(store, extra.selection) if extra.selection else None
    return extra if not told or told["build_id"] == store.build().build_id or _EXTRA not in told["cells"] else Extra(**told["cells"][_EXTRA], selection=extra.selection)


def first_on(store: Store, period: Selection) -> dt.date | None:
    """The day a paper of another build first told figures of this period; None when none did."""
    told = _read(store, period)
    return None if not told or told["build_id"] == store.build().build_id else dt.date.fromisoformat(told["published_on"])


def remember(store: Store, results: Iterable[Result], today: dt.date) -> None:
    """Keep what a paper tells of US-bound boxes and no paper has told of the same period before."""
    for result in results:
        if result.by or result.grain or not cargo.is_about(result.metrics) or result.frame.height != 1:
            continue
        told = _read(store, result.selection) or {"build_id": result.build_id, "published_on": str(today), "cells": {}}
        row = result.frame.row(0, named=True)
        new = {metric.code: {name: value for name, value in row.items() if name.partition("__")[0] == metric.code and "__before" not in name} for metric in result.metrics}
        if any(metric.is_rare for metric in result.metrics):
            extra = extra_of(store, result.selection, store.settings.small_cell)
            if extra.selection and _path(store, extra.selection) == _path(store, result.selection):
                new[_EXTRA] = {name: value for name, value in asdict(replace(extra, selection=None)).items() if name in _TOLD}
        path = _path(store, result.selection)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(told | {"cells": new | told["cells"]}, indent=1, sort_keys=True), "utf-8")
        part.replace(path)


def _path(store: Store, period: Selection) -> Path:
    return store.settings.briefings / store.port_code / "cargo" / f"{period.first_day}_{period.last_day}.json"


def _read(store: Store, period: Selection) -> dict | None:
    path = _path(store, period)
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
