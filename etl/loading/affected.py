"""Which days a load touches: from the rows that came, the local days whose facts may differ now. Nothing is recomputed here.

Most lines reach as far as a visit lasts (transform.reach). Four reach by what they name instead of by their own time: a
customs event changes the visits of its container, an appointment event the days of its slots, a logbook entry the days it
lasts, a container move the later moves of its container. And time itself closes visits: between the old and the new "now" open ones become incomplete.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from etl import clock
from etl.contracts.staged import STAGED_TABLES
from etl.lake import Lake
from etl.transform.customs import LANDED_AFTER
from etl.transform.moves import LONGEST_DWELL
from etl.transform.reach import DAYS_BACK, LINK_CUSTOMS, LONGEST_VISIT, touched_days
from etl.transform.visits import SEAM

ONE_DAY = dt.timedelta(days=1)
SLOT_DAYS = 2  # a visit is held against a slot at most 24 h away, and the nearest of several may lie a day further
CUSTOMS_AHEAD = dt.timedelta(days=7)  # lodged at most 3 days after the visit's end, itself at most 3 days after its entry
LONGEST_ENTRY = dt.timedelta(days=35)  # a logbook entry is looked for this long after it began


@dataclass
class Affected:
    """What a publish must look at again. `days` are local; the others are days and keys of staged rows."""

    days: set[dt.date] = field(default_factory=set)
    fix_days: set[dt.date] = field(default_factory=set)
    declaration_keys: set[str] = field(default_factory=set)
    declared_days: set[dt.date] = field(default_factory=set)
    counted: dict[str, set[dt.date]] = field(default_factory=dict)


def of_new_rows(lake: Lake, after_n: int, zone: str) -> Affected:
    """Return what the rows of the loads after manifest `after_n` touch."""
    found = Affected()
    for table in STAGED_TABLES:
        if table.name == "stg_tracking":
            found.fix_days = {dt.date.fromisoformat(part.first_day) for part in lake.parts("stg_tracking", after_n=after_n)}
            found.counted["stg_tracking"] = set(found.fix_days)
            ends = [dt.datetime.combine(day, at) for day in found.fix_days for at in (dt.time.min, dt.time.max)]
            found.days |= touched_days(local_days(pl.Series(ends, dtype=pl.Datetime("us")), zone))  # a UTC day lies on one local day or on two
            continue
        if not lake.parts(table.name, after_n=after_n):
            continue
        rows = lake.rows(table.name, after_n=after_n, columns=list(dict.fromkeys((table.day, *_NAMED.get(table.name, ())))))
        found.counted[table.name] = set(rows[table.day].cast(pl.Date).unique())
        local = local_days(rows[table.day], zone)
        if table.name == "stg_customs":
            _customs(found, lake, rows, zone)
        elif table.name == "stg_appointments":
            _appointments(found, lake, rows, local, zone)
        elif table.name == "stg_logbook":
            found.days |= touched_days(local)
            for started, ended in rows.filter(pl.col("ended_at").is_not_null()).select("started_at", "ended_at").iter_rows():
                last = min(ended, started + LONGEST_ENTRY)
                found.days |= {started.date() + step * ONE_DAY for step in range(-1, (last.date() - started.date()).days + 2)}
        elif table.name == "stg_moves":
            _moves(found, lake, rows, local, zone)
        elif table.name == "stg_slots":
            found.days |= local | local_days(rows["slot_start_at"], zone)
        elif table.name in ("stg_means", "stg_manifests", "stg_messages"):
            found.days |= local
        else:
            found.days |= touched_days(local)
    return found


def everything(lake: Lake) -> Affected:
    """Return every UTC day the lake has rows of, for a build made from nothing."""
    found = Affected(fix_days={dt.date.fromisoformat(part.first_day) for part in lake.parts("stg_tracking")})
    for table in STAGED_TABLES:
        if table.name != "stg_tracking" and lake.parts(table.name):
            found.counted[table.name] = set(lake.rows(table.name, columns=[table.day])[table.day].cast(pl.Date).unique())
    return found


_NAMED = {
    "stg_customs": ("declaration_key", "container_key"), "stg_appointments": ("appointment_ref", "slot_start_at"), "stg_logbook": ("started_at", "ended_at"),
    "stg_moves": ("container_key",), "stg_slots": ("slot_start_at",),
}  # fmt: skip


def local_days(at: pl.Series, zone: str) -> set[dt.date]:
    return set((at if at.dtype == pl.Date else clock.to_local(at, zone).cast(pl.Date)).unique())


def _customs(found: Affected, lake: Lake, rows: pl.DataFrame, zone: str) -> None:
    """The visits whose channel may change: those of the containers these declarations name, in any of their events."""
    first, last = rows["event_on"].min(), rows["event_on"].max()
    found.declaration_keys |= set(rows["declaration_key"].unique())
    known = lake.rows(
        "stg_customs", first - LINK_CUSTOMS, last + LINK_CUSTOMS, columns=["declaration_key", "container_key", "event_on"],
        where=pl.col("declaration_key").is_in(rows["declaration_key"].unique().implode()),
    )  # fmt: skip
    found.declared_days |= set(known["event_on"].unique())
    found.days |= set(rows["event_on"].unique())
    boxes = known["container_key"].unique().drop_nulls()
    if boxes.is_empty():
        return
    named = pl.col("container_key").is_in(boxes.implode()) | pl.col("container_2_key").is_in(boxes.implode())
    gate = lake.rows("stg_gate", first - CUSTOMS_AHEAD, last + LINK_CUSTOMS + ONE_DAY, columns=["event_code", "cleared_at", "perimeter_code", "container_key", "container_2_key"], where=named)
    gate = gate.filter(pl.col("perimeter_code") == "port")
    found.days |= local_days(gate["cleared_at"], zone)
    out = local_days(gate.filter(pl.col("event_code") == "out")["cleared_at"], zone)
    found.days |= {day - step * ONE_DAY for day in out for step in range(1, DAYS_BACK)}


def _appointments(found: Affected, lake: Lake, rows: pl.DataFrame, local: set[dt.date], zone: str) -> None:
    """The days around every slot these appointments have or had."""
    refs = rows["appointment_ref"].unique()
    first, last = rows["event_at"].min().date(), rows["event_at"].max().date()
    known = lake.rows("stg_appointments", first - LONGEST_ENTRY, last + LONGEST_ENTRY, columns=["slot_start_at"], where=pl.col("appointment_ref").is_in(refs.implode()))
    slots = local_days(known["slot_start_at"], zone)
    found.days |= local | {day + step * ONE_DAY for day in slots for step in range(-SLOT_DAYS, SLOT_DAYS + 1)}


def _moves(found: Affected, lake: Lake, rows: pl.DataFrame, local: set[dt.date], zone: str) -> None:
    """The moves' own days, those on which their containers' stays may end, and the lodgings of their containers: a discharge is the arrival of the goods."""
    first, last = rows["moved_at"].min().date(), rows["moved_at"].max().date()
    boxes = pl.col("container_key").is_in(rows["container_key"].unique().implode())
    later = lake.rows("stg_moves", first, last + LONGEST_DWELL + ONE_DAY, columns=["moved_at"], where=boxes)
    found.days |= local | local_days(later["moved_at"], zone)
    near = first - LANDED_AFTER - ONE_DAY, last + LINK_CUSTOMS + ONE_DAY
    named = lake.rows("stg_customs", *near, columns=["declaration_key"], where=boxes)["declaration_key"].unique()
    if len(named):  # the line of the lodging need not name the container
        lodged = lake.rows("stg_customs", near[0] - LINK_CUSTOMS, near[1] + LINK_CUSTOMS, columns=["event_on"], where=pl.col("declaration_key").is_in(named.implode()))
        found.declared_days |= set(lodged["event_on"].unique())


def of_time(old_now: dt.datetime | None, new_now: dt.datetime | None, zone: str) -> set[dt.date]:
    """Return the local days in which a visit or appointment may have run out of time between two 'now's.

    A visit is closed as incomplete 72 h after its entry, read an hour late at most; an appointment 24 h after its slot is over.
    """
    if old_now == new_now or old_now is None or new_now is None:
        return set()
    oldest = pl.Series([min(old_now, new_now) - LONGEST_VISIT - SEAM], dtype=pl.Datetime("us"))
    first, last = min(local_days(oldest, zone)), max(old_now, new_now).date() + 2 * ONE_DAY
    last = min(last, first + LONGEST_ENTRY)  # further on, every day has new rows of its own
    return {first + step * ONE_DAY for step in range((last - first).days + 1)}
