"""Tomorrow: exact answers on hand-drawn days, nothing read of the day told or later, and the rows it is told from as they were known the evening before."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import polars as pl
import pytest

from dashboard import forecast
from dashboard.details import DETAILS, compile_detail
from dashboard.forecast import Middle, Past
from dashboard.selection import Selection
from etl.contracts.facts import FACT_TABLES
from tests.etl.log_cases import facts, gate, rows

FIRST = dt.date(2026, 6, 1)
DAY = FIRST + dt.timedelta(days=56)  # a Monday, as FIRST is
SEEN = {"day": pl.Date, "hour": pl.Int64, "entries_n": pl.Int64, "unbooked_n": pl.Int64, "queue_p50": pl.Float64, "queue_n": pl.Int64}
BOOKED = {"day": pl.Date, "hour": pl.Int64, "booked_n": pl.Int64}
SLOT = {"day": pl.Date, "hours_from_slot": pl.Int64, "trucks_n": pl.Int64}
MEANS = {"day": pl.Date, "hour": pl.Int64, "means_kind_code": pl.String, "open_n": pl.Int64}


def drawn(days: int = 56, *, seen=(10, 4), booked=8, tomorrow=12, around=((0, 6),), lanes=2, changed: dict | None = None) -> Past:
    """A port with trucks at 10 h only, the same every day, and `tomorrow` bookings on the day after. `changed`: day number -> trucks that came."""
    dates = [FIRST + dt.timedelta(days=number) for number in range(days)]
    came = [(day, 10, (changed or {}).get(number, seen[0]), seen[1], 5.0, 3) for number, day in enumerate(dates) if (changed or {}).get(number) != 0]
    end = FIRST + dt.timedelta(days=days)
    return Past.of(
        FIRST, end + dt.timedelta(days=1), pl.DataFrame(came, SEEN, orient="row"), pl.DataFrame([(day, shift, n) for day in dates for shift, n in around], SLOT, orient="row"),
        pl.DataFrame([(day, 10, booked) for day in dates] + [(end, 10, tomorrow)], BOOKED, orient="row"),
        pl.DataFrame([(day, 10, "lane", lanes) for day in dates] if lanes else [], MEANS, orient="row"),
    )  # fmt: skip


def at_ten(past: Past, day: dt.date = DAY) -> dict:
    return forecast.of_day(past, day).row(10, named=True)


def test_bookings_times_turn_up_and_those_without():
    """8 known bookings bring 6 trucks (0.75 each), 4 come without: 12 bookings make 9 + 4 = 13. With these means 10 an hour were seen: overloaded."""
    row = at_ten(drawn())
    assert (row["booked_n"], row["turn_up"], row["unbooked_n"], row["expected_n"]) == (12, 0.75, 4.0, 13.0)
    assert (row["limit_n"], row["limit_hours_n"], row["means"], row["is_over"], row["week_ago_n"]) == (10.0, 56, "lane:2", True, 10)
    assert at_ten(drawn(tomorrow=8))["is_over"] is False  # as much as was seen is not more


def test_trucks_come_around_their_slot_as_they_did():
    """A third of them an hour late: of 12 bookings at 10 h, 8 count at 10 and 4 at 11. Turn-up at 11 h is 0: nobody ever came then."""
    told = forecast.of_day(drawn(around=((0, 4), (1, 2))), DAY)
    assert told["expected_n"][10] == pytest.approx(8 * 6 / (8 * 2 / 3) + 4) == pytest.approx(13)
    assert told["expected_n"][11] == 0 and told["expected_n"].sum() == pytest.approx(13)


def test_the_limit_is_the_ninth_tenth_of_hours_with_the_same_means():
    """Days 1 to 56 let 1 to 56 trucks in: numpy's linear 90th percentile is 50.5. With three lanes expected and never seen there is no limit."""
    past = drawn(changed={number: number + 1 for number in range(56)})
    assert at_ten(past)["limit_n"] == pytest.approx(50.5)
    assert at_ten(drawn(days=19 + 1, tomorrow=12), FIRST + dt.timedelta(days=20))["limit_hours_n"] == 20
    assert at_ten(drawn(days=19), FIRST + dt.timedelta(days=19))["limit_n"] is None  # 19 hours are too few


def test_where_no_means_are_logged_the_same_hour_stands_in():
    row = at_ten(drawn(lanes=0))
    assert (row["means"], row["limit_n"], row["limit_hours_n"]) == (forecast.UNKNOWN, 10.0, 56)


def test_a_day_without_any_line_is_no_empty_port():
    """The last Monday's log is missing: the mean of those without appointment rests on three Mondays, and a week ago is not known."""
    row = at_ten(drawn(changed={49: 0}))
    assert (row["expected_n"], row["week_ago_n"], row["limit_hours_n"]) == (13.0, None, 55)
    assert forecast.told(drawn(changed={49: 0}), [FIRST + dt.timedelta(days=49)]).is_empty()


@pytest.mark.parametrize("past", [drawn(tomorrow=0), drawn(days=13)], ids=["nothing booked", "thirteen days known"])
def test_nothing_is_said_without_bookings_or_days(past: Past):
    assert forecast.of_day(past, past.first_day + dt.timedelta(days=len(past.booked) - 1)).is_empty()


def test_errors_against_a_week_ago():
    """Told 10 on each of the last two days; 12 and 10 came (and 4 the week before the first): errors 2 and 0 at 10 h, against 8 and 0. 23 other hours have none."""
    past = drawn(changed={54: 12, 47: 4})
    days = [FIRST + dt.timedelta(days=number) for number in (54, 55)]
    told = forecast.told(past, days)
    ten = told.filter(pl.col("hour") == 10)
    expected = ten["expected_n"].to_list()
    assert expected == pytest.approx([8 * (28 * 6 - 6) / (28 * 8) + 4, 8 * (28 * 6 - 6 + 2) / (28 * 8) + 4])  # day 47 is among the 28 of both, day 54 of the second
    found = forecast.score(told)
    assert (found.days_n, found.hours_n, found.judged_n) == (2, 48, 48)
    assert found.method.mean_abs == pytest.approx((12 - expected[0] + 10 - expected[1]) / 48) and found.week_ago.mean_abs == pytest.approx(8 / 48)
    assert found.method.bias == pytest.approx(-found.method.mean_abs) and found.closer_days == 1
    assert (found.method.hits, found.method.misses, found.method.false_alarms) == (0, 1, 0)
    assert forecast.score(told.clear()) is None


def test_an_hour_named_and_met_is_a_hit():
    """13 told against a limit of 10: 14 came."""
    past = drawn(days=57, changed={56: 14})
    past.booked[56] = np.where(np.arange(24) == 10, 12, 0)
    found = forecast.score(forecast.told(past, [DAY]))
    assert (found.method.hits, found.method.misses, found.method.false_alarms) == (1, 0, 0)
    assert (found.week_ago.hits, found.week_ago.misses, found.queue_over, found.queue_other) == (0, 1, Middle(5.0, None, None, 1), None)


def test_a_median_has_its_limits_by_ranks():
    """Of 100 values ranks 40 and 61 (50 -+ 9.8, outwards); nine values have 1.56 to 8.44 outwards: ranks 1 and 9; five have none."""
    assert Middle.of(range(1, 101)) == Middle(50.5, 40.0, 61.0, 100)
    assert Middle.of(range(9, 0, -1)) == Middle(5.0, 1.0, 9.0, 9)
    assert Middle.of([1, 2, 3, 4, 5]) == Middle(3.0, None, None, 5) and Middle.of([]) is None


@pytest.mark.parametrize("seed", range(5))
def test_nothing_of_the_day_or_later_is_read_but_its_bookings(seed: int):
    """What is told of a day is the same when every row after its eve is gone, or is something else."""
    rng = np.random.default_rng(seed)
    days, at = 90, 70
    dates, day = [FIRST + dt.timedelta(days=number) for number in range(days)], FIRST + dt.timedelta(days=at)
    seen = pl.DataFrame([(d, h, int(n), int(rng.integers(0, n + 1)), float(rng.random()), 2) for d in dates for h in range(24) if (n := rng.poisson(9)) and rng.random() > 0.02], SEEN, orient="row")
    slot = pl.DataFrame([(d, shift, int(rng.integers(0, 40))) for d in dates for shift in forecast.SHIFTS], SLOT, orient="row")
    booked = pl.DataFrame([(d, h, int(rng.poisson(7))) for d in dates for h in range(24)], BOOKED, orient="row")
    means = pl.DataFrame([(d, h, kind, int(rng.integers(1, 3))) for d in dates for h in range(24) for kind in ("lane", "weighbridge")], MEANS, orient="row")
    end = dates[-1] + dt.timedelta(days=1)
    whole = Past.of(FIRST, end, seen, slot, booked, means)
    told = forecast.of_day(whole, day)
    assert told.height == 24
    before = pl.col("day") < day
    cut = Past.of(FIRST, day + dt.timedelta(days=1), seen.filter(before), slot.filter(before), booked.filter(pl.col("day") <= day), means.filter(before))
    assert forecast.of_day(cut, day).equals(told)
    other = Past.of(FIRST, end, seen, slot, booked, means)
    for grid in (other.entries, other.unbooked, other.queue, other.from_slot):
        grid[at:] = 999
    other.booked[at + 1 :] = 999
    assert forecast.of_day(other, day).equals(told)
    assert forecast.told(whole, [day]).select(list(forecast.TOLD)).equals(told)


def test_a_day_is_over_from_its_last_hour_on():
    assert forecast.last_whole_day(dt.datetime(2026, 10, 4, 22, 59)) == dt.date(2026, 10, 3)
    assert forecast.last_whole_day(dt.datetime(2026, 10, 4, 23, 0)) == dt.date(2026, 10, 4)
    assert forecast.last_whole_day(dt.datetime(2026, 10, 5, 9, 0)) == dt.date(2026, 10, 4)
    assert forecast.scored_days(dt.date(2026, 10, 4))[0] == dt.date(2026, 9, 7) and len(forecast.scored_days(dt.date(2026, 10, 4))) == 28


# ---------------------------------------------------------------------- the rows it is told from
def asked(detail: str, made: dict[str, pl.DataFrame], first: dt.date, end: dt.date, now: str = "2026-06-09 12:00") -> list[tuple]:
    """Rows of a detail over hand-drawn facts, in a database of their own."""
    con = duckdb.connect()
    for table in FACT_TABLES:
        frame = table.conform(made[table.name]) if table.name in made else table.empty()
        con.register(f"given_{table.name}", frame.to_arrow())
        con.execute(f"CREATE TABLE {table.name} AS SELECT * FROM given_{table.name}")
    con.execute("CREATE TABLE meta_builds AS SELECT CAST(? AS TIMESTAMP) AS now_at, CAST(? AS TIMESTAMP) AS now_local_at", [now, now])
    sql, params = compile_detail(DETAILS[detail], Selection("TEST", first, end, period="custom", comparison="none"), "TEST")
    return con.execute(sql, params).fetchall()


def event(ref: str, code: str, when: str, start: str, end: str) -> dict:
    return {"appointment_ref": ref, "event_code": code, "event_at": when, "slot_start_at": start, "slot_end_at": end}


EVENTS = (
    event("known", "booked", "08:00", "1 09:00", "1 10:00"), event("late", "booked", "1 00:30", "1 09:00", "1 10:00"),
    event("gone", "booked", "08:00", "1 09:00", "1 10:00"), event("gone", "cancelled", "20:00", "1 09:00", "1 10:00"),
    event("goes", "booked", "08:00", "1 09:00", "1 10:00"), event("goes", "cancelled", "1 05:00", "1 09:00", "1 10:00"),
    event("away", "booked", "08:00", "1 09:00", "1 10:00"), event("away", "changed", "22:00", "1 13:00", "1 14:00"),
    event("moves", "booked", "08:00", "1 09:00", "1 10:00"), event("moves", "changed", "23:30", "2 09:00", "2 10:00"),
)  # fmt: skip


def booked_on(events: tuple[dict, ...]) -> list[tuple]:
    made = facts({"stg_appointments": rows("stg_appointments", *events), "stg_gate": rows("stg_gate", gate("t", "in", "10:00"))}, now="8 00:00")
    return asked("booked_before", made, dt.date(2026, 6, 2), dt.date(2026, 6, 3))


def test_bookings_are_those_that_stood_at_midnight():
    """UTC+1: the midnight before 2 June is 23:00 UTC. Slots at 9 UTC are hour 10: known, goes and (moved half an hour after midnight) moves; away is at 13 UTC."""
    assert booked_on(EVENTS) == [(dt.date(2026, 6, 2), 10, 3), (dt.date(2026, 6, 2), 14, 1)]


def test_what_is_logged_after_midnight_changes_no_booking_known_before():
    """Read with all events, or with those before 23:00 UTC only: the same rows."""
    eve = tuple(each for each in EVENTS if not each["event_at"].startswith("1 ") and each["event_at"] < "23:00")
    assert len(eve) == len(EVENTS) - 3 and booked_on(eve) == booked_on(EVENTS)


def test_means_open_at_half_past():
    def means(name: str, since: str, to: str | None) -> dict:
        return {"means_code": name, "means_kind_code": "lane", "open_from_at": since, "open_to_at": to}

    drawn_means = rows("stg_means", means("A", "07:00", "09:20"), means("B", "07:31", "09:00"), means("C", "08:10", None), means("D", "07:00", "07:20"))
    made = facts({"stg_means": drawn_means, "stg_gate": rows("stg_gate", gate("t", "in", "10:00"))}, now="8 00:00")
    found = asked("means_each_hour", made, dt.date(2026, 6, 1), dt.date(2026, 6, 2), now="2026-06-01 11:45")
    assert [(hour, n) for _, hour, _, n in found if n] == [(8, 1), (9, 3), (10, 1), (11, 1)] and len(found) == 12


def test_trucks_by_hours_from_their_slot_and_those_without():
    """UTC+1. In the slot's first hour; 61 minutes after its start; a minute before; three hours late (counted as 2); one without appointment."""
    events = [event(ref, "booked", "-1 08:00", "10:00", "11:00") | {"plate_key": ref} for ref in "abcd"]
    arrivals = [gate(plate, "in", cleared, appointment_ref=plate) for plate, cleared in zip("abcd", ("10:00", "11:01", "09:59", "13:30"), strict=True)]
    made = facts({"stg_appointments": rows("stg_appointments", *events), "stg_gate": rows("stg_gate", *arrivals, gate("e", "in", "11:30"))}, now="8 00:00")
    first, end = dt.date(2026, 6, 1), dt.date(2026, 6, 2)
    assert asked("hours_from_slot", made, first, end) == [(first, -1, 1), (first, 0, 1), (first, 1, 1), (first, 2, 1)]
    assert [row[1:4] for row in asked("seen_by_hour", made, first, end)] == [(10, 1, 0), (11, 1, 0), (12, 2, 1), (14, 1, 0)]
