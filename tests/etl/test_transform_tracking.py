"""Which visit a position belongs to, against the plainest way of asking: every position, every visit."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from etl.transform.ranks import ranks
from etl.transform.tracking import track_visits

AT = dt.datetime(2026, 9, 1, 6)
MINUTE = dt.timedelta(minutes=1)


def drawn(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Positions of eight trucks, two of which have no visit, and visits that touch, lie apart, never end or queued before."""
    draw = random.Random(seed)
    visits = []
    for plate in "abcdef":
        at = AT - draw.randrange(300) * MINUTE
        for _ in range(draw.randrange(1, 5)):
            end = at + draw.randrange(1, 200) * MINUTE
            queued = at - 20 * MINUTE if draw.random() < 0.5 else None
            visits.append((plate, len(visits), f"{draw.randrange(16**6):06x}", at.date(), at, None if draw.random() < 0.1 else end, queued))
            at = end + draw.choice([1, 30, 900]) * MINUTE
    schema = {"plate_key": pl.String, "visit_no": pl.Int64, "visit_id": pl.String, "entry_day": pl.Date, "entry_at": pl.Datetime("us"), "until_at": pl.Datetime("us"), "queue_arrived_at": pl.Datetime("us")}
    moments = {(plate, AT + draw.randrange(-400, 1200) * MINUTE) for plate in "abcdefgz" for _ in range(60)}
    tracks = pl.DataFrame([(plate, at, 1.0, 2.0) for plate, at in moments], schema={"plate_key": pl.String, "fix_at": pl.Datetime("us"), "longitude_deg": pl.Float64, "latitude_deg": pl.Float64}, orient="row")
    return pl.DataFrame(visits, schema=schema, orient="row"), tracks


@pytest.mark.parametrize("seed", range(20))
def test_a_position_belongs_to_the_last_visit_that_began_before_it_unless_that_has_ended(seed):
    visits, tracks = drawn(seed)
    wanted = visits.filter(pl.col("entry_day") == AT.date())
    expected = []
    for plate, at in tracks.select("plate_key", "fix_at").iter_rows():
        begun = [row for row in visits.iter_rows(named=True) if row["plate_key"] == plate and (row["queue_arrived_at"] or row["entry_at"]) <= at]
        last = max(begun, key=lambda row: (row["queue_arrived_at"] or row["entry_at"], row["visit_no"]), default=None)
        if last and last["until_at"] and at <= last["until_at"] and last["entry_day"] == AT.date():
            expected.append((last["entry_day"], last["visit_id"], at, last["visit_no"]))
    found = track_visits(tracks, visits, wanted)
    assert list(found.select("visit_no", "fix_at").iter_rows()) == [(number, at) for _, _, at, number in sorted(expected)]


def test_nothing_comes_of_nothing():
    visits, tracks = drawn(0)
    for found in (track_visits(tracks.clear(), visits, visits), track_visits(tracks, visits.clear(), visits.clear()), track_visits(tracks, visits, visits.clear())):
        assert found.is_empty() and found.columns == ["visit_no", "fix_at", "longitude_deg", "latitude_deg"] and found.schema["visit_no"] == pl.Int64


def test_ranks_are_those_of_a_sort_and_tell_what_is_unknown():
    texts = pl.Series(["b", "b", "a", None, "c", "b"])
    assert ranks(texts).tolist() == [1, 1, 0, -1, 2, 1]
    assert ranks(texts, pl.Series(["b", "x"])).tolist() == [0, 0, -1, -1, -1, 0]
