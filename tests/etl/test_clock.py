"""The clock's truth table, and that local time made here is zoneinfo's over the pinned tzdata."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import clock
from etl.errors import SettingsError

CASABLANCA = "Africa/Casablanca"


def _series(*instants: dt.datetime) -> pl.Series:
    return pl.Series("at", list(instants), dtype=pl.Datetime("us"))


@pytest.mark.parametrize(
    ("utc", "hours"),
    [
        (dt.datetime(2026, 2, 15, 1, 59), 1),
        (dt.datetime(2026, 2, 15, 2, 0), 0),
        (dt.datetime(2026, 3, 22, 1, 59), 0),
        (dt.datetime(2026, 3, 22, 2, 0), 1),
        (dt.datetime(2026, 9, 19, 12), 1),
        (dt.datetime(2026, 9, 20, 0, 30), 1),
        (dt.datetime(2026, 9, 20, 1, 30), 0),
        (dt.datetime(2026, 10, 1, 12), 0),
        (dt.datetime(2027, 2, 20, 12), 0),
        (dt.datetime(2027, 6, 1, 12), 0),
    ],
)
def test_moroccos_offsets(utc: dt.datetime, hours: int) -> None:
    assert clock.offset_min(_series(utc), CASABLANCA).to_list() == [hours * 60]


@pytest.mark.parametrize(
    ("local", "utc", "flag"),
    [
        (dt.datetime(2026, 2, 15, 1, 59, 59), dt.datetime(2026, 2, 15, 0, 59, 59), "ok"),
        (dt.datetime(2026, 2, 15, 2, 0), dt.datetime(2026, 2, 15, 1, 0), "ambiguous"),
        (dt.datetime(2026, 2, 15, 2, 59, 59), dt.datetime(2026, 2, 15, 1, 59, 59), "ambiguous"),
        (dt.datetime(2026, 2, 15, 3, 0), dt.datetime(2026, 2, 15, 3, 0), "ok"),
        (dt.datetime(2026, 3, 22, 1, 59, 59), dt.datetime(2026, 3, 22, 1, 59, 59), "ok"),
        (dt.datetime(2026, 3, 22, 2, 30), dt.datetime(2026, 3, 22, 2, 30), "nonexistent"),
        (dt.datetime(2026, 3, 22, 3, 0), dt.datetime(2026, 3, 22, 2, 0), "ok"),
        (dt.datetime(2026, 9, 20, 0, 59, 59), dt.datetime(2026, 9, 19, 23, 59, 59), "ok"),
        (dt.datetime(2026, 9, 20, 1, 30), dt.datetime(2026, 9, 20, 0, 30), "ambiguous"),
        (dt.datetime(2026, 9, 20, 2, 0), dt.datetime(2026, 9, 20, 2, 0), "ok"),
    ],
)
def test_naive_local_times_around_the_seams(local: dt.datetime, utc: dt.datetime, flag: str) -> None:
    instants, flags = clock.to_utc(_series(local), CASABLANCA)
    assert (instants[0], flags[0]) == (utc, flag)


@pytest.mark.parametrize("zone", [CASABLANCA, "Europe/Berlin", "America/New_York", "Asia/Seoul", "UTC", "Australia/Lord_Howe"])
@given(utc=st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2049, 1, 1)))
def test_local_time_is_zoneinfos(zone: str, utc: dt.datetime) -> None:
    expected = utc.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    local = clock.to_local(_series(utc), zone)
    assert local.to_list() == [expected]
    back, flag = clock.to_utc(local, zone)
    assert flag[0] != "nonexistent", "a wall time that was shown did exist"
    if flag[0] == "ok":
        assert back.to_list() == [utc]


def test_null_and_empty_stay_what_they_are() -> None:
    empty = _series()
    assert clock.to_local(empty, CASABLANCA).len() == 0
    assert clock.to_utc(empty, CASABLANCA)[0].len() == 0
    assert clock.to_local(pl.Series([None], dtype=pl.Datetime("us")), CASABLANCA).to_list() == [None]
    assert clock.to_utc(pl.Series([None], dtype=pl.Datetime("us")), CASABLANCA)[0].to_list() == [None]


def test_iso_carries_the_offset_of_that_day() -> None:
    assert clock.iso_with_offset(dt.datetime(2026, 9, 19, 12), CASABLANCA) == "2026-09-19T13:00:00+01:00"
    assert clock.iso_with_offset(dt.datetime(2026, 9, 21, 12), CASABLANCA) == "2026-09-21T12:00:00+00:00"


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(SettingsError, match="Africa/Casablanka"):
        clock.transitions("Africa/Casablanka")


@pytest.mark.parametrize("day", [dt.datetime(2026, 6, 1), dt.datetime(2026, 2, 15), dt.datetime(2026, 3, 22), dt.datetime(2026, 9, 20), dt.datetime(1999, 12, 31, 22)])
def test_a_few_instants_read_as_they_do_among_many(day: dt.datetime) -> None:
    """Where one offset holds over a whole log it is added at once: the answers must be those of the search instant by instant."""
    zone, far = "Africa/Casablanca", [dt.datetime(2010, 1, 1), dt.datetime(2040, 1, 1)]
    for hours in (range(1), range(3), range(-2, 6), range(24)):
        near = pl.Series("at", [day + dt.timedelta(hours=hour / 2) for hour in hours] + [None], dtype=pl.Datetime("us"))
        many = pl.concat([near, pl.Series("at", far, dtype=pl.Datetime("us"))])
        assert clock.to_local(near, zone).equals(clock.to_local(many, zone).head(len(near)), null_equal=True)
        assert clock.offset_min(near, zone).equals(clock.offset_min(many, zone).head(len(near)), null_equal=True)
        for mine, theirs in zip(clock.to_utc(near, zone), clock.to_utc(many, zone), strict=True):
            assert mine.equals(theirs.head(len(near)), null_equal=True)
