"""Zone stays and thinned tracks -> visits: which visit a stay belongs to, and since when its truck had queued."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from etl.transform.local import minutes
from etl.transform.ranks import ranks
from etl.transform.reach import SLACK

QUEUE_TO_GATE = dt.timedelta(minutes=15)  # from the edge of the gate zone to the barrier: the transaction itself, and a truck in front
LONGEST_QUEUE = dt.timedelta(hours=24)


def stay_visits(stays: pl.DataFrame, visits: pl.DataFrame, queue_zones: list[str]) -> pl.DataFrame:
    """Return (stay_id, visit_no): the truck's visit the stay overlaps (the later of two); a queue stay goes to the visit it led to.

    Overlap, not the middle: a truck stands in the gate's zone mostly before its gate-in clears.
    """
    queued = pl.col("zone_code").is_in(queue_zones)
    spans = visits.select("plate_key", "visit_no", "entry_at", "until_at").sort("entry_at", "visit_no")
    inside = stays.filter(~queued).with_columns(at=pl.col("left_at") + SLACK).sort("at", "stay_id")
    inside = inside.join_asof(spans, left_on="at", right_on="entry_at", by="plate_key", strategy="backward", check_sortedness=False)
    inside = inside.filter(pl.col("entered_at") <= pl.col("until_at"))
    before = stays.filter(queued).with_columns(at=pl.col("left_at") - SLACK).sort("at", "stay_id")
    before = before.join_asof(spans, left_on="at", right_on="entry_at", by="plate_key", strategy="forward", tolerance=LONGEST_QUEUE, check_sortedness=False)
    return pl.concat([inside.select("stay_id", "visit_no"), before.select("stay_id", "visit_no").drop_nulls("visit_no")])


def queued_since(passages: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no, queue_arrived_at): the passage from queue to gate zone (stays.queue_arrivals) that led to the gate-in.

    The truck stood in the gate zone at most 15 minutes before the barrier opened; the last such passage counts.
    """
    entries = visits.select("plate_key", "visit_no", at=pl.col("entry_at") + SLACK).sort("at", "visit_no")
    found = entries.join_asof(
        passages.sort("gate_entered_at", "queue_arrived_at"), left_on="at", right_on="gate_entered_at", by="plate_key", strategy="backward",
        tolerance=QUEUE_TO_GATE + SLACK, check_sortedness=False,
    )  # fmt: skip
    return found.select("visit_no", "queue_arrived_at").drop_nulls("queue_arrived_at")


def track_visits(tracks: pl.DataFrame, visits: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the fixes that lie between the arrival (in the queue, else at the gate) and the end of a `wanted` visit, with visit_no.

    `visits` are all there are: a fix belongs to the last of its truck that began before it. `tracks` holds one row a truck and
    instant. Sorted by the visits' entry_day and visit_id, then by time.
    """
    spans = visits.join(wanted, on="plate_key", how="semi").select("plate_key", "visit_no", "until_at", _from=pl.coalesce("queue_arrived_at", "entry_at"))
    spans = spans.drop_nulls("_from").with_columns(pl.col("until_at").fill_null(dt.datetime(1970, 1, 1))).sort("plate_key", "_from", "visit_no")
    place = wanted.sort("entry_day", "visit_id").select("visit_no", _place=pl.int_range(pl.len(), dtype=pl.Int64))
    spans = spans.join(place, on="visit_no", how="left", maintain_order="left").with_columns(pl.col("_place").fill_null(-1))
    columns = ("visit_no", "fix_at", "longitude_deg", "latitude_deg")
    if spans.is_empty() or tracks.is_empty():
        return tracks.clear().select(visits["visit_no"].clear(), *columns[1:])
    # One number says truck and instant, so that one search finds the visit.
    plates = spans["plate_key"].unique().sort()
    at, start, until = (values.cast(pl.Datetime("us")).to_physical().to_numpy() for values in (tracks["fix_at"], spans["_from"], spans["until_at"]))
    first = min(int(at.min()), int(start.min()))
    bits = (max(int(at.max()), int(start.max())) - first + 1).bit_length()
    truck, owners_truck = ranks(tracks["plate_key"], plates), ranks(spans["plate_key"], plates)
    owner = np.searchsorted((owners_truck << bits) | (start - first), (truck << bits) | (at - first), side="right") - 1
    in_place = spans["_place"].to_numpy()[owner]
    mine = np.flatnonzero((truck >= 0) & (owner >= 0) & (owners_truck[owner] == truck) & (at <= until[owner]) & (in_place >= 0))
    mine = mine[np.argsort((in_place[mine] << bits) | (at[mine] - first))]
    return tracks[mine].select(spans["visit_no"].gather(owner[mine]), *columns[1:])


def with_queue(visits: pl.DataFrame) -> pl.DataFrame:
    """Add Q and V: Q null where no queue was seen or the gate's clock is uncertain, V null where Q or P is."""
    queue = pl.when((pl.col("entry_flag") == "ok") & (pl.col("clock_flag") != "fault")).then(minutes("entry_at", "queue_arrived_at"))
    return visits.with_columns(queue_min=queue).with_columns(total_visit_min=pl.col("queue_min") + pl.col("turnaround_min"))
