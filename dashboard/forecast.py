"""The next day hour by hour, from the bookings known the evening before, against the flow seen with the same means open; and how right that was. Frames in, frames out.

    past = forecast.Past.of(first_day, end_day, seen, from_slot, booked, means)     # hours of local days, from the rows of dashboard/details
    forecast.of_day(past, day)          # 24 rows: expected, limit, is_over ...; reads no hour of `day` or later but its bookings
    told = forecast.told(past, days)    # what would have been said of past days on their evenings, beside what came
    forecast.score(told)                # errors per hour and overloaded hours found, of this method and of "as a week ago"

Expected trucks of an hour = booked x turn-up + without appointment.
  booked    bookings known at the midnight before, each spread over the hours around its slot as trucks of the last 28 days came around theirs
  turn-up   trucks with an appointment that came in that hour over the bookings so spread, of the last 28 days: no-shows lower it, late bookings raise it
  without   trucks without appointment in that hour, mean of the same weekday of the last four weeks
The limit of an hour is the 90th percentile of trucks let in an hour over the last 56 days, of hours in which as many means of each kind were open; means
expected open are those most often open at that hour of the same weekday of the last four weeks. An hour is overloaded when more than the limit come.
Hours of the day are not told apart in the limit: with that, one hour in ten would be overloaded even in an empty port.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

SHARE_DAYS, LIKE_WEEKS, LIMIT_DAYS = 28, 4, 56
LIMIT_QUANTILE = 0.9
FEWEST_DAYS = 14  # days with data among the 28, or nothing is said
FEWEST_HOURS = 20  # hours with the same means open, or there is no limit
FEWEST_BOOKED = 20  # bookings behind a turn-up of one hour; below, the day's own
SCORED_DAYS = 28
BACK_DAYS = SCORED_DAYS + LIMIT_DAYS  # days before the day told that a score needs
SHIFTS = (-2, -1, 0, 1, 2)
HOURS = 24
UNKNOWN = ""  # means of an hour no log speaks of

TOLD = {
    "day": pl.Date, "hour": pl.Int64, "booked_n": pl.Int64, "turn_up": pl.Float64, "unbooked_n": pl.Float64, "expected_n": pl.Float64, "limit_n": pl.Float64, "limit_hours_n": pl.Int64,
    "means": pl.String, "is_over": pl.Boolean, "week_ago_n": pl.Int64,
}  # fmt: skip
CAME = {"entries_n": pl.Int64, "queue_p50": pl.Float64, "queue_n": pl.Int64, "was_over": pl.Boolean, "was_over_week_ago": pl.Boolean}


@dataclass(frozen=True)
class Past:
    """Hours of local days in a row from `first_day` on: arrays of (days, 24). Entries of a day without any truck are nan: a missing log is no empty port."""

    first_day: dt.date
    entries: np.ndarray
    unbooked: np.ndarray
    queue: np.ndarray
    queue_n: np.ndarray
    from_slot: np.ndarray  # (days, SHIFTS): trucks by hours between slot and entry
    booked: np.ndarray
    means: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, first_day: dt.date, end_day: dt.date, seen: pl.DataFrame, from_slot: pl.DataFrame, booked: pl.DataFrame, means: pl.DataFrame) -> Past:
        """Lay rows by day and hour out as arrays; days outside [first_day, end_day) are left out.

        seen       day, hour, entries_n, unbooked_n, queue_p50, queue_n
        from_slot  day, hours_from_slot, trucks_n
        booked     day, hour, booked_n: bookings of that day as known at the midnight before it
        means      day, hour, means_kind_code, open_n
        """
        days = (end_day - first_day).days

        def laid(frame: pl.DataFrame, column: str, across: str = "hour", width: int = HOURS, least: int = 0, empty: float = 0.0) -> np.ndarray:
            grid = np.full((days, width), empty)
            for day, at, value in frame.select("day", across, column).iter_rows():
                if first_day <= day < end_day and value is not None:
                    grid[(day - first_day).days, at - least] = value
            return grid

        entries, unbooked = laid(seen, "entries_n"), laid(seen, "unbooked_n")
        is_missing = entries.sum(axis=1) == 0
        entries[is_missing], unbooked[is_missing] = np.nan, np.nan
        open_n: dict[tuple[int, int], list[str]] = {}
        for day, hour, kind, n in means.select("day", "hour", "means_kind_code", "open_n").sort("day", "hour", "means_kind_code").iter_rows():
            if first_day <= day < end_day:
                open_n.setdefault(((day - first_day).days, hour), []).append(f"{kind}:{n}")
        named = tuple(tuple(" ".join(open_n.get((day, hour), ())) for hour in range(HOURS)) for day in range(days))
        return cls(
            first_day, entries, unbooked, laid(seen, "queue_p50", empty=np.nan), laid(seen, "queue_n"), laid(from_slot, "trucks_n", "hours_from_slot", len(SHIFTS), SHIFTS[0]), laid(booked, "booked_n"), named,
        )  # fmt: skip


def of_day(past: Past, day: dt.date) -> pl.DataFrame:
    """Return TOLD of one day, 24 rows; none when too few days before it are known, or nothing is booked. Of the day itself and later ones only its bookings are read."""
    return pl.DataFrame(_rows(past, (day - past.first_day).days), schema=TOLD, orient="row")


def _rows(past: Past, at: int) -> list[tuple]:
    """Return the rows of TOLD of the day at this place of the arrays; none of a day nothing can be said of."""
    recent = slice(max(0, at - SHARE_DAYS), at)
    entries, unbooked, booked = past.entries[recent], past.unbooked[recent], past.booked[recent]
    is_known = ~np.isnan(entries).any(axis=1)
    if is_known.sum() < FEWEST_DAYS or not past.booked[at].sum():
        return []
    around = _around(past.from_slot[recent])
    spread, basis = _spread(past.booked[at], around), _spread(booked[is_known], around).sum(axis=0)
    kept = (entries - unbooked)[is_known].sum(axis=0)
    turn_up = np.where(basis >= FEWEST_BOOKED, kept / np.maximum(basis, 1), kept.sum() / max(basis.sum(), 1))
    like = [index for index in (at - 7 * week for week in range(1, LIKE_WEEKS + 1)) if index >= 0]
    known_like = [index for index in like if not np.isnan(past.entries[index]).any()]
    without = past.unbooked[known_like].mean(axis=0) if known_like else unbooked[is_known].mean(axis=0)
    expected = spread * turn_up + without
    means = [_most_often([past.means[index][hour] for index in like]) for hour in range(HOURS)]
    limits = _limits(past, at, means)
    week_ago = past.entries[at - 7] if at >= 7 else np.full(HOURS, np.nan)
    day = past.first_day + dt.timedelta(days=at)
    return [
        (day, hour, int(past.booked[at][hour]), float(turn_up[hour]), float(without[hour]), float(expected[hour]), limits[hour][0], limits[hour][1], means[hour],
         None if limits[hour][0] is None else bool(expected[hour] > limits[hour][0]), None if np.isnan(week_ago[hour]) else int(week_ago[hour]))
        for hour in range(HOURS)
    ]  # fmt: skip


def told(past: Past, days: Iterable[dt.date]) -> pl.DataFrame:
    """Return TOLD and CAME of days that are over: what would have been said the evening before, and what came. Days without data are left out."""
    rows = []
    for at in ((day - past.first_day).days for day in days):
        if not np.isnan(past.entries[at]).any():
            rows += [(*said, int(past.entries[at][hour]), past.queue[at][hour], int(past.queue_n[at][hour])) for hour, said in enumerate(_rows(past, at))]
    found = pl.DataFrame(rows, schema=TOLD | dict(list(CAME.items())[:3]), orient="row").with_columns(pl.col("queue_p50").fill_nan(None))
    return found.with_columns(was_over=pl.col("entries_n") > pl.col("limit_n"), was_over_week_ago=pl.col("week_ago_n") > pl.col("limit_n")).select(list(TOLD | CAME))


@dataclass(frozen=True)
class Errors:
    """Of one way to tell: mean absolute error and bias in trucks an hour; overloaded hours named and met (hits), met but not named (misses), named but not met (false alarms)."""

    mean_abs: float
    bias: float
    hits: int
    misses: int
    false_alarms: int


@dataclass(frozen=True)
class Middle:
    """Median of n values with its 95 % limits by order statistics; no limits under six values."""

    value: float
    low: float | None
    high: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Middle | None:
        """None without values."""
        if not len(values):
            return None
        ordered, n = np.sort(np.asarray(values, dtype=float)), len(values)
        half = 1.96 * n**0.5 / 2
        low, high = int(np.floor(n / 2 - half)), int(np.ceil(n / 2 + half)) + 1  # ranks from 1
        return cls(float(np.median(ordered)), float(ordered[low - 1]), float(ordered[high - 1]), n) if low >= 1 and high <= n else cls(float(np.median(ordered)), None, None, n)


@dataclass(frozen=True)
class Score:
    """Both ways over the same hours. `closer_days` are those on which the method's mean absolute error was below that of "as a week ago"; `judged_n` hours with a limit.

    `queue_over` and `queue_other` are of the median queues, in minutes, of overloaded hours and of the others, where any was observed.
    """

    days_n: int
    hours_n: int
    judged_n: int
    method: Errors
    week_ago: Errors
    closer_days: int
    queue_over: Middle | None
    queue_other: Middle | None


def score(came: pl.DataFrame) -> Score | None:
    """Return the errors of both ways over the hours both can tell; None without any."""
    both = came.drop_nulls("week_ago_n").with_columns(off=pl.col("expected_n") - pl.col("entries_n"), off_week_ago=(pl.col("week_ago_n") - pl.col("entries_n")).cast(pl.Float64))
    if both.is_empty():
        return None
    judged = both.drop_nulls("limit_n")

    def errors(off: str, named: str) -> Errors:
        is_named, is_met = judged[named], judged["was_over"]
        return Errors(both[off].abs().mean(), both[off].mean(), int((is_named & is_met).sum()), int((~is_named & is_met).sum()), int((is_named & ~is_met).sum()))

    by_day = both.group_by("day").agg(pl.col("off", "off_week_ago").abs().mean())
    over, other = (judged.filter(pl.col("was_over") == is_over).drop_nulls("queue_p50")["queue_p50"] for is_over in (True, False))
    return Score(
        by_day.height, both.height, judged.height, errors("off", "is_over"), errors("off_week_ago", "was_over_week_ago"), int((by_day["off"] < by_day["off_week_ago"]).sum()),
        Middle.of(over), Middle.of(other),
    )  # fmt: skip


def scored_days(evening: dt.date) -> list[dt.date]:
    """Return the days a score is taken over: the last ones that are over on this evening."""
    return [evening - dt.timedelta(days=back) for back in range(SCORED_DAYS - 1, -1, -1)]


def last_whole_day(now_local_at: dt.datetime) -> dt.date:
    """Return the last local day that is over. Logs end with the last truck: a day counts as over from its last hour on."""
    return (now_local_at + dt.timedelta(hours=1)).date() - dt.timedelta(days=1)


def _around(from_slot: np.ndarray) -> np.ndarray:
    """Return the shares of trucks by hours between slot and entry; without any, all in the slot's own hour."""
    counts = from_slot.sum(axis=0)
    return counts / counts.sum() if counts.sum() else np.array([1.0 if shift == 0 else 0.0 for shift in SHIFTS])


def _spread(booked: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Spread bookings by hour over the hours around; what falls past midnight stays in the day's first or last hour."""
    spread = np.zeros_like(booked, dtype=float)
    for shift, share in zip(SHIFTS, around, strict=True):
        for hour in range(HOURS):
            spread[..., min(max(hour + shift, 0), HOURS - 1)] += booked[..., hour] * share
    return spread


def _most_often(named: Sequence[str]) -> str:
    """Return what occurs most often; of a tie, the first."""
    return Counter(named).most_common(1)[0][0] if named else UNKNOWN


def _limits(past: Past, at: int, means: Sequence[str]) -> list[tuple[float | None, int]]:
    """Return (limit, hours it was read from) of each hour; None from too few. Where no means are logged, the same hour of the day stands in for the same means."""
    days = [index for index in range(max(0, at - LIMIT_DAYS), at) if not np.isnan(past.entries[index]).any()]
    flows, seen = past.entries[days], [past.means[index] for index in days]
    found: dict[object, tuple[float | None, int]] = {}
    for hour, open_then in enumerate(means):
        if (key := open_then or hour) not in found:
            same = flows[:, hour] if open_then == UNKNOWN else flows[np.array([[each == open_then for each in day] for day in seen], dtype=bool).reshape(flows.shape)]
            found[key] = (float(np.quantile(same, LIMIT_QUANTILE)) if len(same) >= FEWEST_HOURS else None, len(same))
    return [found[open_then or hour] for hour, open_then in enumerate(means)]
