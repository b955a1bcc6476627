"""Numbers, days and rounded ranges as the sentences of an Effect say them, in every language. No sentence here.

    number(9.46, "fr"), percent(12.4, "ar"), day(date, "en"), outward(Range(-13.2, -11, -9.4), is_minutes=True)   # (-14.0, -9.0)
"""

from __future__ import annotations

import datetime as dt
import math

from babel.dates import format_date
from babel.numbers import format_decimal

from dashboard.evidence.effect import Effect, Range

NO_BREAK = "\u00a0"
# The locale of each language; of Arabic the Moroccan one: Latin digits, decimal comma, its own names of the months.
LOCALES = {"en": "en_GB", "fr": "fr_FR", "ar": "ar_MA"}
# French never lets the mark go to the next line alone; in Arabic marks of direction hold it behind its number.
PERCENT = {"en": " %", "fr": f"{NO_BREAK}%", "ar": "\u200e%\u200e\u200f"}
_TENTHS_BELOW_MIN = 2.0  # minutes: a change this small would round to nothing, or to twice itself


def number(value: object, lang: str) -> str:
    """Return a number as sentences say it: two digits below 10, whole above; no zeros at the end."""
    if isinstance(value, str):
        return value
    size = float(value)
    digits = 0 if abs(size) >= 10 or size == int(size) else max(1, 1 - math.floor(math.log10(abs(size))))
    return format_decimal(round(size, digits), format=f"#,##0.{'#' * digits}" if digits else "#,##0", locale=LOCALES[lang])


def percent(value: float, lang: str) -> str:
    """A share in percent; from 1 % on it has no decimals."""
    return f"{number(round(value) if value >= 1 else round(value, 1), lang)}{PERCENT[lang]}"


def drift(size: float, effect: Effect, lang: str) -> str:
    """A drift of the gap, on the scale of the Effect's plan."""
    return percent(abs(math.expm1(size)) * 100, lang) if effect.plan.scale == "log" else number(abs(size), lang)


def day(given: object, lang: str) -> str:
    if not isinstance(given, dt.date):
        return str(given)
    spelled = format_date(given, "d MMM y", locale=LOCALES[lang])
    return f"1er{spelled[1:]}" if lang == "fr" and given.day == 1 else spelled


def step(size: float, is_minutes: bool) -> float:
    """What a size is rounded to."""
    if is_minutes:
        return 1.0 if size >= _TENTHS_BELOW_MIN or size == 0 else 0.1
    return 1.0 if size >= 10 or size == 0 else 10.0 ** (math.floor(math.log10(size)) - 1)


def outward(given: Range, is_minutes: bool) -> tuple[float, float]:
    """Return the ends of a range rounded outward, as sentences say them; never one point.

    Minutes share one step. Of anything else each end has its own, so that a small end beside a large one is not said to be zero.
    """
    largest = max(abs(given.low), abs(given.high))
    below, above = (step(largest if is_minutes else abs(end), is_minutes) for end in (given.low, given.high))
    low, high = math.floor(given.low / below + 1e-9) * below, math.ceil(given.high / above - 1e-9) * above
    return (low, high) if low != high else (low - below, high + above)


def largest_unseen(effect: Effect) -> float:
    """The size, rounded up, that no change exceeds where none can be detected: what could be seen, and the ends of the range."""
    largest = max(abs(effect.change.low), abs(effect.change.high), effect.mde_change or 0, *(each.values.get("size", 0) for each in effect.verdict.reasons))
    by = step(largest, effect.plan.measure.endswith("_min"))
    return round(math.ceil(largest / by - 1e-9) * by, 6)
