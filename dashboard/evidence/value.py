"""What an effect is worth: truck-hours, money, diesel and CO2, each as a range of the interval and of the constants. Never from a weak verdict.

    value = value_of(effect, store.table("dim_constants"), a_day=visits_a_day(panel))     # None: why_no_value(effect) says why
    for line in value.lines: line.code, line.unit, line.measured.low, line.a_year.high, line.constants
Signs are those of the effect: below 0 is saved. Interval arithmetic: a line is hours x factor, hours in [low, high] of the cautious interval and the factor in
[product of the constants' lows, product of their highs], all of them 0 or more. So low = the smaller of hours.low x factor.low and hours.low x factor.high, high = the larger
of hours.high x factor.low and hours.high x factor.high: with time saved the largest saving takes the high constants and the smallest saving the low ones. It is wider than 95 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from dashboard.evidence import arabic
from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.panel import Panel
from dashboard.evidence.verdict import Reason

VALUED = ("strong", "moderate")
DAYS_A_YEAR = 365
_BURNT = ("engine_on_share", "idle_fuel_l_per_h")
# line -> (its unit, the constants an hour is multiplied by). The hour's cost is without fuel; a price of diesel (diesel_mad_per_l), where the site gives one, is added to it.
LINES: dict[str, tuple[str, tuple[str, ...]]] = {
    "truck_hours": ("h", ()), "money": ("MAD", ("truck_hour_mad",)), "diesel_l": ("L", _BURNT), "co2_kg": ("kg", (*_BURNT, "co2_kg_per_l_ttw")), "co2e_kg": ("kg", (*_BURNT, "co2e_kg_per_l_wtw")),
}  # fmt: skip
PRICE = "diesel_mad_per_l"
# Why there is no value: (English, French); Arabic in arabic.py.
NO_VALUE: dict[str, tuple[str, str]] = {
    "value_needs_verdict": ("No value is given: it takes a strong or moderate verdict.", "Aucune valeur n’est donnée : il faut pour cela un niveau de preuve fort ou moyen."),
    "value_needs_mean": ("No value is given: truck-hours follow from the mean minutes of a visit only.", "Aucune valeur n’est donnée : les heures-camion ne se déduisent que de la durée moyenne d’une visite."),
}  # fmt: skip


@dataclass(frozen=True)
class Constant:
    """One row of dim_constants with its range; an absent low or high is the value itself."""

    code: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    status: str

    @property
    def is_assumption(self) -> bool:
        return self.status == "assumption"


@dataclass(frozen=True)
class Line:
    """One thing saved (below 0) or lost: over the days measured, and a year of `Value.a_day` visits a day."""

    code: str
    unit: str
    measured: Range
    a_year: Range
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class Value:
    """Lines in the order of LINES. `left_out`: (line, constants the site lacks or gives no usable range for). Visits are those of the pilot units since the start."""

    lines: tuple[Line, ...]
    left_out: tuple[tuple[str, tuple[str, ...]], ...]
    days: int
    visits: float
    a_day: float

    def line(self, code: str) -> Line | None:
        return next((each for each in self.lines if each.code == code), None)


def no_value(why: Reason, lang: str) -> str:
    """Return a reason of why_no_value as one sentence."""
    return arabic.NO_VALUE[why.code] if lang == "ar" else NO_VALUE[why.code][0 if lang == "en" else 1]


def why_no_value(effect: Effect) -> Reason | None:
    """Return why an effect has no value (a code of NO_VALUE), None where it has one."""
    if effect.verdict.code not in VALUED:
        return Reason("value_needs_verdict", {"verdict": effect.verdict.code})
    return Reason("value_needs_mean") if effect.truck_hours is None else None


def value_of(effect: Effect, constants: pl.DataFrame, a_day: float | None = None) -> Value | None:
    """Return the value of an effect, None unless its verdict is strong or moderate and it is about mean minutes.

    constants   dim_constants
    a_day       visits a day of the pilot units that the year is reckoned with ("at today's traffic": visits_a_day); None is the mean since the start
    """
    if why_no_value(effect) is not None:
        return None
    known = _known(constants)
    visits = next(each for arm, period, _, each in effect.counts if (arm, period) == ("pilot", "after"))
    a_day = visits / effect.days_after if a_day is None else a_day
    hours, scale = effect.truck_hours, DAYS_A_YEAR * a_day / visits
    lines, left_out = [], []
    for code, (unit, names) in LINES.items():
        if lacking := tuple(name for name in names if name not in known):
            left_out.append((code, lacking))
            continue
        used = tuple(known[name] for name in names)
        factor = _product(used)
        if code == "money" and all(name in known for name in (*_BURNT, PRICE)):
            fuel = tuple(known[name] for name in (*_BURNT, PRICE))
            factor, used = tuple(rate + price for rate, price in zip(factor, _product(fuel), strict=True)), (*used, *fuel)
        measured = times(hours, *factor)
        lines.append(Line(code, unit, measured, Range(*(each * scale for each in (measured.low, measured.best, measured.high))), used))
    return Value(tuple(lines), tuple(left_out), effect.days_after, visits, a_day)


def visits_a_day(panel: Panel, days: int = 28) -> float:
    """Return the mean visits a day of the pilot units over the last `days` days of a panel of days."""
    return float(panel.weight[panel.treated][:, -days:].sum() / min(days, len(panel.periods)))


def times(hours: Range, low: float, best: float, high: float) -> Range:
    """Return hours x a factor of 0 or more with its own range, at the corners that reach furthest."""
    return Range(min(hours.low * low, hours.low * high), hours.best * best, max(hours.high * low, hours.high * high))


def _product(constants: tuple[Constant, ...]) -> tuple[float, float, float]:
    parts = np.array([[each.low, each.value, each.high] for each in constants]).reshape(-1, 3) * np.array([0.01 if each.unit == "%" else 1.0 for each in constants])[:, None]
    low, best, high = parts.prod(axis=0)
    return float(low), float(best), float(high)


def _known(constants: pl.DataFrame) -> dict[str, Constant]:
    """Return the constants that can be used: finite, none below 0, the value inside its range."""
    made = {}
    for row in constants.iter_rows(named=True):
        value = row["value"]
        low, high = (value if row[name] is None else row[name] for name in ("low", "high"))
        if all(math.isfinite(each) for each in (low, value, high)) and 0 <= low <= value <= high:
            made[row["constant_code"]] = Constant(row["constant_code"], value, low, high, row["unit"] or "", row["source"] or "", row["status"] or "")
    return made
