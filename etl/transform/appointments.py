"""Appointment events -> appointments in their last state, and the visits that honoured them: on time, early, late, no-show.

And what was known when: the stretches in which bookings stood, and the places terminals offered.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.transform.local import minutes
from etl.transform.reach import LINK_APPOINTMENT

ON_TIME_MIN = 30.0  # slot +- 30 minutes, edges included: Hamburg (HHLA), domain.md section 5
LINK_BY_PLATE_MIN = 360.0  # without a number shown at the gate, a truck's visit within 6 h of its slot is taken as the one


def last_states(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row an appointment: its newest event's slot and state; what that event leaves empty is taken from the ones before."""
    ordered = events.sort("appointment_ref", "event_at", "event_code", "file_on", "row_digest", nulls_last=True)
    carried = ("terminal_code", "direction_code", "plate_key", "carrier_key", "container_key")
    return ordered.group_by("appointment_ref", maintain_order=True).agg(
        pl.col("event_code", "slot_start_at", "slot_end_at").last(), *(pl.col(column).drop_nulls().last().alias(column) for column in carried)
    )


def standing(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row a stretch in which an appointment stood at one slot: slot, `booked_at`, and `until_at` when the next event took it away before the slot was over.

    Terminal and direction are what this event or one before it said, so that a row holds nothing that was not known at `booked_at` but its end.
    """
    ordered = events.sort("appointment_ref", "event_at", "event_code", "file_on", "row_digest", nulls_last=True)
    then = pl.col("event_at").shift(-1).over("appointment_ref")
    known = ordered.with_columns(pl.col("terminal_code", "direction_code").forward_fill().over("appointment_ref"), booked_at="event_at", until_at=then)
    stood = known.filter(pl.col("event_code").is_in(["booked", "changed"]) & (pl.col("until_at") > pl.col("booked_at")).fill_null(True))
    return stood.with_columns(until_at=pl.when(pl.col("until_at") < pl.col("slot_end_at")).then("until_at"))


def offered(slots: pl.DataFrame) -> pl.DataFrame:
    """Return one row a slot of a terminal: the places it offered by its newest word."""
    ordered = slots.sort("terminal_code", "slot_start_at", "published_at", "file_on", "row_digest")
    return ordered.unique(["terminal_code", "slot_start_at"], keep="last", maintain_order=True)


def honour(states: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return (appointment_ref, visit_no, offset_min): at most one visit an appointment and one appointment a visit.

    By the number shown at the gate, within 24 h of the slot; else by plate within 6 h of it. The visit nearest its slot
    wins. The offset is the arrival (presented at the gate, else cleared) against the nearer edge; 0 inside the slot.
    """
    live = states.filter(~pl.col("event_code").is_in(["cancelled", "refused"]))
    arrivals = visits.select("visit_no", "plate_key", "appointment_ref", "visit_id", arrived_at=pl.coalesce("presented_at", "entry_at"))
    columns = ["appointment_ref", "visit_no", "visit_id", "arrived_at", "slot_start_at", "slot_end_at"]
    shown = live.join(arrivals.drop("plate_key"), on="appointment_ref").select(columns).with_columns(by_plate=pl.lit(False))
    unshown = arrivals.filter(pl.col("appointment_ref").is_null()).drop("appointment_ref")
    near = live.drop_nulls("plate_key").join(unshown, on="plate_key").select(columns).with_columns(by_plate=pl.lit(True))
    pairs = pl.concat([shown, near]).with_columns(
        offset_min=pl.when(pl.col("arrived_at") < pl.col("slot_start_at")).then(minutes("arrived_at", "slot_start_at"))
        .when(pl.col("arrived_at") > pl.col("slot_end_at")).then(minutes("arrived_at", "slot_end_at"))
        .otherwise(0.0)
    )  # fmt: skip
    furthest = pl.when("by_plate").then(LINK_BY_PLATE_MIN).otherwise(LINK_APPOINTMENT.total_seconds() / 60)
    pairs = pairs.filter(pl.col("offset_min").abs() <= furthest).sort("by_plate", pl.col("offset_min").abs(), "visit_id", "appointment_ref")
    pairs = pairs.unique("appointment_ref", keep="first", maintain_order=True).unique("visit_no", keep="first", maintain_order=True)
    return pairs.select("appointment_ref", "visit_no", "visit_id", "slot_start_at", "offset_min")


def timing(offset: pl.Expr) -> pl.Expr:
    """Return on_time, early or late for an offset; null stays null."""
    return pl.when(offset < -ON_TIME_MIN).then(pl.lit("early")).when(offset > ON_TIME_MIN).then(pl.lit("late")).when(offset.is_not_null()).then(pl.lit("on_time"))


def outcomes(states: pl.DataFrame, pairs: pl.DataFrame, now_at: dt.datetime) -> pl.DataFrame:
    """Return the appointments with outcome_code, visit_id and offset_min. A no-show is one only 24 h after its slot; before, it is pending."""
    over = pl.lit(now_at).cast(pl.Datetime("us")) >= pl.col("slot_end_at") + LINK_APPOINTMENT
    return states.join(pairs.drop("slot_start_at"), on="appointment_ref", how="left", maintain_order="left").with_columns(
        outcome_code=pl.when(pl.col("event_code").is_in(["cancelled", "refused"])).then("event_code")
        .when(pl.col("visit_no").is_not_null()).then(timing(pl.col("offset_min")))
        .when(over).then(pl.lit("no_show")).otherwise(pl.lit("pending"))
    )  # fmt: skip
