"""The only maker of local time. Storage is UTC; local time is derived here from the pinned tzdata, never from the system's.

Morocco left its Ramadan clock changes for plain UTC on 2026-09-20 (decree 2.26.530, IANA 2026c). An older system
database is one hour wrong after that date, so `zoneinfo` is told to read the `tzdata` package only.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise

import polars as pl

from etl.errors import SettingsError

zoneinfo.reset_tzpath(to=[])

TZDATA_VERSION = version("tzdata")
# The first tzdata that knows a zone's rules of today: 2026.3 is IANA 2026c, the decree above.
NEEDED = {"Africa/Casablanca": "2026.3", "Africa/El_Aaiun": "2026.3"}
_FIRST, _LAST = dt.datetime(2000, 1, 1), dt.datetime(2050, 1, 1)


def refuse_old(zone: str, published_with: str = "") -> None:
    """Raise SettingsError when this tzdata is older than the zone's rules need, or than the one the current build was made with."""
    for needed, why in ((NEEDED.get(zone, ""), f"the clock of {zone} needs"), (published_with, "the current build was made with")):
        if _release(TZDATA_VERSION) < _release(needed):
            raise SettingsError("time zone data", f"tzdata is of {TZDATA_VERSION}, but {why} {needed}", "", "Install the packages of requirements.lock again; hours would be an hour wrong")


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(step) for step in text.split(".") if step.isdigit())


@lru_cache(maxsize=32)
def transitions(zone: str) -> tuple[tuple[dt.datetime, int], ...]:
    """Return (instant_utc, offset_min from that instant on), oldest first, covering 2000 to 2049.

    Found by asking zoneinfo once a day and bisecting the days that disagree, so no rule of tzdata is copied here.
    Raises SettingsError for a zone tzdata does not know.
    """
    try:
        info = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError("time zone", f"'{zone}' is not a zone of tzdata {TZDATA_VERSION}", "", "Use an IANA name such as Africa/Casablanca") from error

    def offset(instant: dt.datetime) -> int:
        return int(instant.replace(tzinfo=dt.UTC).astimezone(info).utcoffset().total_seconds() // 60)

    found = [(_FIRST, offset(_FIRST))]
    day = _FIRST
    while day < _LAST:
        after = day + dt.timedelta(days=1)
        if offset(after) != found[-1][1]:
            low, high = day, after
            while high - low > dt.timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle = middle.replace(second=0, microsecond=0)
                low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
            found.append((high, offset(high)))
        day = after
    return tuple(found)


@lru_cache(maxsize=32)
def _offset_frame(zone: str) -> pl.DataFrame:
    rows = transitions(zone)
    return pl.DataFrame({"_from": [row[0] for row in rows], "_offset": [row[1] for row in rows]}, schema={"_from": pl.Datetime("us"), "_offset": pl.Int32})


def offset_min(utc: pl.Series, zone: str) -> pl.Series:
    """Minutes to add to each UTC instant (naive Datetime[us]) to get the local time of `zone`. Null stays null."""
    table = _offset_frame(zone)
    only = _only_offset(utc, zone)
    if only is not None:
        return pl.Series(utc.name, [only], dtype=pl.Int32).new_from_index(0, len(utc)).set(utc.is_null(), None)
    at = table["_from"].search_sorted(utc.cast(pl.Datetime("us")).fill_null(_FIRST), side="right").cast(pl.Int64) - 1
    return table["_offset"].gather(at.clip(0)).set(utc.is_null(), None).rename(utc.name)


def _only_offset(utc: pl.Series, zone: str) -> int | None:
    """Return the one offset that holds over all these instants; None where the clock changes among them, or there are none. A log spans a few days, a year has few seams."""
    first, last = utc.min(), utc.max()
    if first is None:
        return None
    table = _offset_frame(zone)
    low, high = table["_from"].search_sorted(pl.Series([first, last]).cast(pl.Datetime("us")), side="right")
    return table["_offset"][max(low - 1, 0)] if low == high else None


def to_local(utc: pl.Series, zone: str) -> pl.Series:
    """Return the local wall time (naive Datetime[us]) of naive UTC instants."""
    only = _only_offset(utc, zone)
    if only is not None:
        return (utc.cast(pl.Datetime("us")).cast(pl.Int64) + only * 60_000_000).cast(pl.Datetime("us")).rename(utc.name)
    return _shift(utc, offset_min(utc, zone), +1)


def _shift(at: pl.Series, minutes: pl.Series, sign: int) -> pl.Series:
    return (at.cast(pl.Datetime("us")).cast(pl.Int64) + sign * minutes.cast(pl.Int64) * 60_000_000).cast(pl.Datetime("us")).rename(at.name)


def to_utc(local: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Return (naive UTC instants, clock_flag) of naive local wall times.

    clock_flag is `ok`, `ambiguous` (the hour happened twice: the earlier instant is returned) or `nonexistent` (the hour
    was skipped: read with the offset before the change). Flagged rows are kept and never used for a duration.
    """
    rows = transitions(zone)
    local = local.cast(pl.Datetime("us"))
    # The local wall time at which each offset starts to hold, by the larger (earlier instant) reading of the seam.
    starts = [instant + dt.timedelta(minutes=max(offset, previous)) for (_, previous), (instant, offset) in pairwise(rows)]
    edges = pl.Series(starts, dtype=pl.Datetime("us"))
    first, last = local.min(), local.max()
    flag = pl.Series("clock_flag", ["ok"], dtype=pl.String).new_from_index(0, len(local))
    low, high = edges.search_sorted(pl.Series([first, last], dtype=pl.Datetime("us")).fill_null(_FIRST), side="right")
    if low == high:  # no seam begins among them; one that began before may still last
        utc = (local.cast(pl.Int64) - rows[low][1] * 60_000_000).cast(pl.Datetime("us")).rename(local.name)
    else:
        offsets = pl.Series([offset for _, offset in rows], dtype=pl.Int32)
        index = edges.search_sorted(local.fill_null(_FIRST), side="right").cast(pl.Int64)
        utc = _shift(local, offsets.gather(index), -1).set(local.is_null(), None)
    for (_, previous), (instant, offset) in pairwise(rows):
        low, high = instant + dt.timedelta(minutes=min(offset, previous)), instant + dt.timedelta(minutes=max(offset, previous))
        if first is None or high <= first or low > last:
            continue  # a log spans a few days; most seams of fifty years need no look at its rows
        inside = (local >= low) & (local < high)
        if inside.any():
            flag = flag.set(inside.fill_null(False), "ambiguous" if offset < previous else "nonexistent")
    return utc, flag


@lru_cache(maxsize=32)
def seams(zone: str) -> tuple[tuple[dt.datetime, float], ...]:
    """Return (local hour, hours it lasts more or less than one) at each change of the zone's offset: +1 where it happens twice, -1 where it is skipped."""
    changes = pairwise(transitions(zone))
    return tuple((instant + dt.timedelta(minutes=min(offset, previous)), (previous - offset) / 60) for (_, previous), (instant, offset) in changes)


def iso_with_offset(utc: dt.datetime, zone: str) -> str:
    """Return one naive UTC instant as ISO 8601 local time with its offset, for exports and pages."""
    minutes = int(offset_min(pl.Series([utc], dtype=pl.Datetime("us")), zone)[0])
    return (utc + dt.timedelta(minutes=minutes)).replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes))).isoformat()
