"""What the Explore page asks: figures, splits, step of time and the split that runs across, read from the address and written back to it. No Streamlit, no drawing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboard.metrics import DIMENSIONS, FACTS, METRICS, cargo
from dashboard.metrics.compiler import GRAINS
from dashboard.selection import Note

MOST_FIGURES, MOST_SPLITS = 8, 3
PERIOD = "period"  # the step of time, as a key of the table
NAMES = ("m", "by", "grain", "across", "draw")  # of the address


@dataclass(frozen=True)
class Asked:
    """Metric codes, dimension codes, a grain or none, the key that runs across or none, and the metric drawn."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str = ""
    across: str = ""
    draw: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the table: the step of time, then the splits."""
        return (*((PERIOD,) if self.grain else ()), *self.by)

    @property
    def drawn(self) -> str:
        return self.draw if self.draw in self.metrics else self.metrics[0]

    def to_query(self) -> dict[str, str]:
        """Return this page's parameters of the address; all are empty for what the page opens with."""
        if self == OPENING:
            return dict.fromkeys(NAMES, "")
        draw = self.draw if self.draw in self.metrics[1:] else ""
        return {"m": ",".join(self.metrics), "by": ",".join(self.by), "grain": self.grain, "across": self.across if self.across in self.keys else "", "draw": draw}


OPENING = Asked(("turnaround_p50", "turnaround_p90", "visits"), ("terminal",))


@dataclass(frozen=True)
class Unfit:
    """A split (or step of time) of an address that was left out: these figures cannot be split by it. `hour` is the name of both."""

    split: str
    metrics: tuple[str, ...]
    is_grain: bool = False


def read(query: Mapping[str, str]) -> tuple[Asked, tuple[Note | Unfit, ...]]:
    """Return what the address asks and what of it was not taken. Whatever is unknown, twice there, too much or does not go together is left out and named."""
    if not any(query.get(name) for name in NAMES):
        return OPENING, ()
    notes: list[Note | Unfit] = []
    metrics = _listed(query, "m", METRICS, MOST_FIGURES, notes) or OPENING.metrics
    # Figures about cargo are of whole months and of the whole port: they stand by themselves.
    notes += [Note("m", code) for code in metrics if not goes_with(code, metrics)]
    metrics = tuple(code for code in metrics if goes_with(code, metrics))
    by = _listed(query, "by", DIMENSIONS, MOST_SPLITS, notes)
    grain = _one(query, "grain", GRAINS, notes)
    for split in by:
        if against := not_split(metrics, split) or (metrics if split in by[1:] and _is_cargo(metrics[0]) else ()):
            notes.append(Unfit(split, against))
            by = tuple(each for each in by if each != split)
    if grain and (against := not_stepped(metrics, grain)):
        notes.append(Unfit(grain, against, is_grain=True))
        grain = ""
    asked = Asked(metrics, by, grain)
    return Asked(metrics, by, grain, _one(query, "across", asked.keys, notes), _one(query, "draw", metrics, notes)), tuple(notes)


def _listed(query: Mapping[str, str], name: str, known: Iterable[str], most: int, notes: list[Note | Unfit]) -> tuple[str, ...]:
    asked = list(dict.fromkeys(each for each in query.get(name, "").split(",") if each))
    taken = [each for each in asked if each in known][:most]
    notes += [Note(name, each) for each in asked if each not in taken]
    return tuple(taken)


def _one(query: Mapping[str, str], name: str, known: Iterable[str], notes: list[Note | Unfit]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        notes.append(Note(name, value))
        return ""
    return value


# ---------------------------------------------------------------------- what goes together
def not_split(metrics: Iterable[str], split: str) -> tuple[str, ...]:
    """The metrics whose rows cannot be split by a dimension: they do not know it."""
    return tuple(code for code in metrics if METRICS[code].fact not in DIMENSIONS[split].sql)


def not_stepped(metrics: Iterable[str], grain: str) -> tuple[str, ...]:
    """The metrics that cannot be shown by a step of time: their rows have no hour, or too few boxes would be left."""
    return tuple(code for code in metrics if (grain == "hour" and FACTS[METRICS[code].fact].hour is None) or (_is_cargo(code) and grain not in cargo.grains(METRICS[code])))


def goes_with(code: str, metrics: Sequence[str]) -> bool:
    """Whether a figure can be asked together with these: one about cargo only with others about it."""
    return not metrics or _is_cargo(code) == _is_cargo(metrics[0])


def _is_cargo(code: str) -> bool:
    return cargo.is_about([METRICS[code]])


def splits_for(metrics: Iterable[str]) -> list[str]:
    """The dimensions all of these metrics can be split by, in their own order."""
    metrics = tuple(metrics)
    return [code for code in DIMENSIONS if not not_split(metrics, code)]


def figures_for(by: Sequence[str], grain: str = "", beside: Sequence[str] = ()) -> list[str]:
    """The metrics that can be split by all of these, and asked beside those."""
    return [code for code in METRICS if goes_with(code, beside) and not (_is_cargo(code) and len(by) > 1) and not _missing(code, by, grain)]


def without(by: Sequence[str], grain: str = "") -> list[tuple[tuple[str, ...], list[str]]]:
    """Why other metrics are not offered: (the splits they cannot have, PERIOD for the step of time; the metrics), one line a set of splits."""
    found: dict[tuple[str, ...], list[str]] = {}
    for code in METRICS:
        if missing := _missing(code, by, grain):
            found.setdefault(missing, []).append(code)
    return list(found.items())


def _missing(code: str, by: Sequence[str], grain: str) -> tuple[str, ...]:
    return (*(split for split in by if not_split((code,), split)), *((PERIOD,) if grain and not_stepped((code,), grain) else ()))


# ---------------------------------------------------------------------- SQL that runs as it stands
def inlined(sql: str, params: Mapping[str, object]) -> str:
    """Return the SQL with its parameters written in, so that it runs as it is copied."""
    return re.sub(r"\$([a-z][a-z0-9_]*)", lambda found: literal(params[found.group(1)]), sql)


def literal(value: object) -> str:
    """A value as DuckDB writes it. Raises TypeError for a type no parameter has."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, dt.date):
        return f"DATE '{value}'"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal(each) for each in value)}]"
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f"no literal for {type(value).__name__}")
