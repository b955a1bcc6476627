"""Figures about US-bound boxes: which periods and splits may be asked, and which of their cells are hidden, whoever asks and whatever else. Pure.

The figures of one whole month, each with its total, are the smallest that are published, and of what is rare (`Metric.is_rare`, from the referral on)
those of one whole quarter. In each of these tables a cell is hidden if it speaks of too few boxes, and so is the next smallest until what the hidden ones
hold together is no small cell either. A quarter of monthly figures has a table of its own; it is shown whole where it speaks of no few, nor would less the
months that are shown, else by its months. Every other answer is made of these tables and shown only where all its parts are: nothing can be worked out of
several answers that the published tables do not say already.

"Speaks of" counts, of a share, the boxes it is true of and the others, and by how many its rows fall short of the rows they are among
(`Metric.within`), whether that other figure is asked or not. None is no few: that a cell is empty is seen by its absence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from dashboard.metrics import ranks
from dashboard.metrics.definitions import Dimension, Metric
from dashboard.selection import Selection
from etl.errors import DeclarationError

QUARTER_FROM_DAYS = 84  # a period of 12 weeks or more is answered by whole quarters, so that its rarer figures can be shown
GRAINS = ("month",)
LOG = ("fct_manifests", "filed_day")  # the table of these figures and its day
_Cell = tuple[object, object]  # (period or None, value of the dimension)
_TOTAL = object()


def is_about(metrics: Sequence[Metric]) -> bool:
    return any(metric.privacy == "cargo" for metric in metrics)


def grains(metric: Metric) -> tuple[str, ...]:
    """The steps of time a figure about cargo is told by: none of what is rare."""
    return () if metric.is_rare else GRAINS


def refuse(metrics: Sequence[Metric], splits: Sequence[Sequence[Dimension]], grain: str | None) -> None:
    """Raise DeclarationError for what is not answered about cargo: other figures beside it, two dimensions at once, weeks, days and hours."""
    code = next(metric.code for metric in metrics if metric.privacy == "cargo")
    if other := next((metric.code for metric in metrics if metric.privacy != "cargo"), None):
        raise DeclarationError(f"metric {code}", f"it is about cargo and cannot be asked together with '{other}'", "", "Ask them apart: figures about cargo are of whole months and of the whole port")
    if any(len(by) > 1 for by in splits):
        raise DeclarationError(f"metric {code}", "it is about cargo and can be split by one dimension at a time")
    if grain is not None and (against := next((metric for metric in metrics if grain not in grains(metric)), None)):
        raise DeclarationError(f"metric {against.code}", f"it is about cargo and is not given by {grain}", ", ".join(grains(against)))


def settled(selection: Selection, now_day: dt.date, begins: dt.date | None, *, is_rare: bool = False, by_month: bool = False) -> Selection:
    """Return the whole months (what is rare, or from 12 weeks on what is not asked by month: quarters) a selection touches and that are over, else the last
    one before; without filters and view.

    `begins` is the first day of the log: before it lies no quarter, so a young log is answered by months where it may be.
    """
    step = 3 if is_rare or (selection.days >= QUARTER_FROM_DAYS and not by_month) else 1
    end = min(_later(_start(selection.last_day, step), step), _start(now_day, step))
    if step > 1 and not is_rare and begins is not None and end <= begins < selection.end_day:
        step, end = 1, min(_later(_start(selection.last_day, 1), 1), _start(now_day, 1))
    first = min(_start(selection.first_day, step), _later(end, -step))
    return replace(selection, first_day=first, end_day=end, period="custom", view="all", **dict.fromkeys(selection.filters, ()))


def earlier(selection: Selection) -> Selection | None:
    """Return as many whole months right before, to compare with; None when no comparison is asked."""
    months = len(months_of(selection))
    return None if selection.comparison == "none" else replace(selection, first_day=_later(selection.first_day, -months), end_day=selection.first_day)


def judged(metrics: Sequence[Metric], registry: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """Return the metrics with those whose rows hold theirs; these stand first."""
    found: dict[str, Metric] = {}

    def take(metric: Metric) -> None:
        for base in filter(None, (metric.within, metric.true_within, metric.told_with)):
            if base not in found:
                take(registry[base])
        found.setdefault(metric.code, metric)

    for metric in metrics:
        take(metric)
    return tuple(found.values())


def counted(metric: Metric) -> Metric:
    """Return what a metric is judged by: itself, a percentile as the number of its values."""
    if not metric.quantile:
        return metric
    known = f"({metric.quantile[0]}) IS NOT NULL"
    return replace(metric, quantile=None, count=True, unit="count", where=known if metric.where == "true" else f"{metric.where} AND {known}")


def hide(
    frame: pl.DataFrame, metrics: Sequence[Metric], key: str | None, counts: Sequence[pl.DataFrame], periods: Sequence[Selection], base: Sequence[Metric], small_cell: int,
) -> tuple[pl.DataFrame, int]:  # fmt: skip
    """Null the hidden figures of an answer; return it with `is_suppressed`, and how many rows of it and of its comparison have hidden figures.

    `key` is the dimension of the split; `counts` are the `base` metrics (of `judged`, each `counted`) by month and key over each of `periods`: this one
    and, if there is one, its comparison. A percentile tells no n by itself: where only its n would tell of too few, only n goes.
    """
    nulled, every = {}, {}
    cells = _cells(frame, key)
    for side, count, period in zip(("", "before_"), counts, periods, strict=False):
        tables = _Tables(count, base, key, months_of(period), small_cell)
        every[side] = set()
        for metric in metrics:
            value, n = (tables.hidden((metric.code, face), cells) for face in ("value", "n"))
            every[side] |= n
            for name in frame.columns:
                if (name == metric.code or name.startswith(f"{metric.code}__")) and ("__before" in name) is bool(side) and (gone := n if name.endswith("_n") else value):
                    nulled[name] = pl.Series(name, [None if number in gone else value for number, value in enumerate(frame[name].to_list())], dtype=frame.schema[name])
    rows = set().union(*every.values())
    out = pl.DataFrame([*(nulled.get(each.name, each) for each in frame.get_columns()), pl.Series("is_suppressed", [number in rows for number in range(frame.height)], dtype=pl.Boolean)])
    return out, sum(len(gone) for gone in every.values())


def hidden_over(by_month: Mapping[dt.date, int], period: Selection, small_cell: int) -> bool:
    """Whether a rare count over whole quarters is hidden: for answers that are no query of the compiler."""
    counts = pl.DataFrame({"period": list(by_month), "boxes": list(by_month.values()), "boxes__n": list(by_month.values())}, schema={"period": pl.Date, "boxes": pl.Int64, "boxes__n": pl.Int64})
    boxes = Metric("boxes", "Boxes", "Boxes.", "count", "manifests", count=True, privacy="cargo", is_rare=True)
    return bool(_Tables(counts, (boxes,), None, months_of(period), small_cell).hidden(("boxes", "value"), [(None, _TOTAL)]))


def months_of(selection: Selection) -> list[dt.date]:
    """The first days of the months of a settled selection."""
    first, end = selection.first_day, selection.end_day
    return [_later(first, step) for step in range((end.year - first.year) * 12 + end.month - first.month)]


def _start(day: dt.date, step: int) -> dt.date:
    """The first day of the month (of the quarter, by 3) a day lies in."""
    return day.replace(month=(day.month - 1) // step * step + 1, day=1)


def _later(month: dt.date, months: int) -> dt.date:
    number = month.year * 12 + month.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def _cells(frame: pl.DataFrame, key: str | None) -> list[_Cell]:
    periods = frame["period"] if "period" in frame.columns else [None] * frame.height
    totals = frame["is_total"] if "is_total" in frame.columns else [key is None] * frame.height
    values = frame[key] if key else [None] * frame.height
    return [(None if is_total and key else period, _TOTAL if is_total or key is None else value) for period, value, is_total in zip(periods, values, totals, strict=True)]


class _Tables:
    """The published tables of a period: what is hidden in each of its months, and in each of its whole quarters. A face is (metric code, "value" or "n")."""

    def __init__(self, counts: pl.DataFrame, base: Sequence[Metric], key: str | None, months: Sequence[dt.date], small_cell: int) -> None:
        self.small = small_cell
        self.months = {month: number for number, month in enumerate(months)}
        self.values = {value: number for number, value in enumerate(dict.fromkeys(counts[key].to_list()))} if key else {}
        self.bases, self.parts = {}, _parts(self._arrays(counts, base, key), base)
        self.rare = {metric.code for metric in base if metric.is_rare}
        for metric in base:
            held = [(name, "value") for name in (metric.within, metric.true_within) if name]
            self.bases[metric.code, "value"] = held
            self.bases[metric.code, "n"] = [(metric.code, "value"), *held, *([(metric.told_with, "value")] if metric.told_with else [])]
        self.by_month = [self._month(at) for at in range(len(months))]
        self.by_quarter = {months[at]: self._quarter(at) for at in range(len(months) - 2) if months[at].month % 3 == 1}

    def hidden(self, face: tuple[str, str], cells: Sequence[_Cell]) -> set[int]:
        """Return the numbers of the answer's cells that are hidden: a month's by its own table, a period's by those of all its quarters and other months."""
        gone = {None: self._whole(face), **{month: self.by_month[number][face] for month, number in self.months.items()}}
        found = set()
        for number, (period, value) in enumerate(cells):
            at = len(self.values) if value is _TOTAL else self.values.get(value)
            if at is not None and period in gone and gone[period][at]:
                found.add(number)
        return found

    def _whole(self, face: tuple[str, str]) -> np.ndarray:
        in_quarter = {_later(quarter, step) for quarter in self.by_quarter for step in range(3)}
        parts = [tables[face] for tables in self.by_quarter.values()] + [self.by_month[number][face] for month, number in self.months.items() if month not in in_quarter]
        return np.any(parts, axis=0) if parts else np.zeros(len(self.values) + 1, dtype=bool)

    def _arrays(self, counts: pl.DataFrame, base: Sequence[Metric], key: str | None) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
        """Of each metric its rows, and of a share those it is true of: months x values, the total last."""
        months, values = (counts[name].to_list() if name else [None] * counts.height for name in ("period", key))
        where = (np.array([self.months[month] for month in months], dtype=int), np.array([self.values.get(value, 0) for value in values], dtype=int))
        made = {}
        for metric in base:
            value, n = ranks.numbers(counts[metric.code]), ranks.numbers(counts[f"{metric.code}__n"])
            made[metric.code] = (self._spread(where, n), self._spread(where, np.rint(value * n)) if metric.share else None)
        return made

    def _spread(self, where: tuple[np.ndarray, np.ndarray], numbers: np.ndarray) -> np.ndarray:
        table = np.zeros((len(self.months), max(len(self.values), 1)))
        np.add.at(table, where, numbers)
        total = table.sum(axis=1, keepdims=True)
        return np.hstack([table, total]) if self.values else total

    def _month(self, at: int) -> dict[tuple[str, str], np.ndarray]:
        """One month: too few boxes, hidden where what holds their rows is hidden, and what would give these back. Of what is rare nothing is shown."""
        found: dict[tuple[str, str], np.ndarray] = {}
        for face, parts in self.parts.items():
            part = parts[:, at]
            found[face] = part[0] > 0 if face[0] in self.rare else self._covered((self._is_few(part) | self._held(found, face)) & (part[0] > 0), part)
        return found

    def _quarter(self, at: int) -> dict[tuple[str, str], np.ndarray]:
        """The three months from `at` on: all of a table, if none of it is of few boxes, nor would be less the months that are shown; else by its months.

        All or none, for a quarter's cell hidden alone could be had by adding its months up. Of what is rare there are no months: it is covered like one.
        """
        found: dict[tuple[str, str], np.ndarray] = {}
        for face, parts in self.parts.items():
            gone = np.array([self.by_month[at + step][face] for step in range(3)])
            part, rest = parts[:, at : at + 3].sum(axis=1), (parts[:, at : at + 3] * gone).sum(axis=1)
            few = self._is_few(part) | self._held(found, face)
            if face[0] in self.rare:
                found[face] = self._covered(few & (part[0] > 0), part)
                continue
            few = few | (gone.any(axis=0) & ((gone.sum(axis=0) < 2) | self._is_few(rest))) | self._laid_open(gone, part, parts[:, at : at + 3])
            hidden = gone.any(axis=0)
            hidden[-1] &= few[-1]
            found[face] = hidden & ((few[:-1] & (part[0, :-1] > 0)).any() | hidden[-1])
        return found

    def _laid_open(self, gone: np.ndarray, part: np.ndarray, by_month: np.ndarray) -> np.ndarray:
        """Where a quarter would give a hidden month's cell of few boxes away: what is none in a quarter is none in its months, so the one cell that is left
        holds all of what the month's total tells of that kind, and its other boxes are the rest of its rows.
        """
        found = np.zeros(part.shape[1], dtype=bool)
        for hidden, month in zip(gone, by_month.swapaxes(0, 1), strict=True):
            left = hidden[:-1] & (part[:, :-1] > 0) & ~hidden[-1]
            alone = left & (left.sum(axis=1, keepdims=True) == 1)
            found[:-1] |= alone.any(axis=0) & self._is_few(month)[:-1]
        return found

    def _held(self, found: Mapping[tuple[str, str], np.ndarray], face: tuple[str, str]) -> np.ndarray:
        """Where the figure is hidden whose rows hold this one's."""
        return np.any([found[base] for base in self.bases[face]], axis=0) if self.bases[face] else np.zeros(self.parts[face].shape[-1], dtype=bool)

    def _is_few(self, part: np.ndarray) -> np.ndarray:
        return ((part > 0) & (part < self.small)).any(axis=0)

    def _covered(self, gone: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Hide the next smallest cells until the hidden ones are two and hold together no few boxes of any kind."""
        cells, gone = slice(0, len(self.values)), gone.copy()
        while gone[cells].any():
            sums = part[:, cells][:, gone[cells]].sum(axis=1)
            shown = np.flatnonzero(~gone[cells] & (part[0, cells] > 0))
            if (gone[cells].sum() > 1 and not self._is_few(sums)) or not shown.size:
                break
            least = np.where(part > 0, part, np.inf).min(axis=0)
            gone[shown[np.argmin(least[shown])]] = True
        return gone


def _parts(arrays: Mapping[str, tuple[np.ndarray, np.ndarray | None]], base: Sequence[Metric]) -> dict[tuple[str, str], np.ndarray]:
    """What each face would tell: its rows, of a share the true and the others, and by how many it falls short of whatever holds it. Parts x months x cells."""
    above: dict[str, list[np.ndarray]] = {}  # the counts that hold a metric's own rows, the nearest first
    found = {}

    def holders(code: str) -> list[np.ndarray]:
        return [rows for rows in (*reversed(arrays[code]), *above[code]) if rows is not None] if code else []

    for metric in base:
        n, true = arrays[metric.code]
        above[metric.code] = holders(metric.within)
        short = [np.abs(holder - n) for holder in above[metric.code]] + ([np.abs(holder - true) for holder in holders(metric.true_within)] if true is not None else [])
        own = [n] if true is None else [n, true, n - true]
        found[metric.code, "value"] = np.array(own if metric.quantile else own + short)
        found[metric.code, "n"] = np.array(own + short)
    return found
