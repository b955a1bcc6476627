"""Customs events -> declarations and their stages, and their links to the containers of visits."""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.contracts.codes import CUSTOMS_EVENT, STAGE_HOLDER
from etl.transform.digests import with_digest
from etl.transform.links import PLATE_AND_CONTAINER, PLATE_ONLY
from etl.transform.local import minutes, with_day, with_local
from etl.transform.reach import LINK_CUSTOMS, SLACK

LANDED_AFTER = dt.timedelta(days=7)  # a declaration may be lodged so long before its ship is discharged
LODGED_AFTER = dt.timedelta(days=3)  # an export box may pass the gate before its declaration is lodged
DECLARED = pl.col("event_code") != "arrived"  # goods that arrived and were not declared yet are no declaration
_LODGED_DAY = pl.coalesce(pl.when(pl.col("event_code") == "lodged").then("event_on").min(), pl.when(DECLARED).then("event_on").min())
_HEAVIEST = ("physical", "documents", "conform")
_EVENTS = tuple(CUSTOMS_EVENT.codes)
_LAST = "inspection_ended"  # of a repeated event the first counts; of inspections the end of the last
# (fault, what must come first, what must come after it). The first that fails names the fault.
_ORDER: tuple[tuple[str, str, str], ...] = (
    ("release_before_lodged", "lodged", "released"), ("channel_before_lodged", "lodged", "channel_assigned"), ("payment_before_lodged", "lodged", "paid"),
    ("order_before_lodged", "lodged", "inspection_ordered"), ("release_before_channel", "channel_assigned", "released"),
    ("start_before_order", "inspection_ordered", "inspection_started"), ("end_before_start", "inspection_started", "inspection_ended"),
    ("release_before_inspection", "inspection_ended", "released"), ("answer_before_request", "agency_asked", "agency_answered"),
)  # fmt: skip
# Event that ends a stage -> the stage, in the order of events of one instant.
_STAGE_OF: dict[str, str] = {
    "lodged": "to_lodged", "channel_assigned": "to_channel", "agency_asked": "to_agency_request", "agency_answered": "agency", "paid": "to_payment",
    "inspection_ordered": "to_inspection_order", "inspection_started": "to_inspection", "inspection_ended": "inspection", "released": "to_release", "gate_out": "to_gate_out",
}  # fmt: skip


def declarations(customs: pl.DataFrame, port_code: str, zone: str) -> pl.DataFrame:
    """Return one row a declaration: its instants, channel and result. Of a repeated event the first counts, of inspection ends the last.

    Instants of an uncertain clock are kept as facts but give no duration: they are null under the same name with `_sure`.
    A declaration whose events stand in an impossible order has an `order_fault_code` and gives no duration at all.
    """
    # In the order of time; codes and files as ordered numbers, for texts cost eight times as much to sort.
    numbered = customs.with_columns(pl.col("event_code").cast(pl.Enum(sorted(_EVENTS))), pl.col("file_id").cast(pl.Enum(customs["file_id"].unique().sort())))
    events = numbered.sort("event_on", "event_at", "event_code", "file_id", "source_line", nulls_last=True).with_columns(
        sure=pl.when(pl.col("clock_flag") == "ok").then("event_at"), declared_kg=pl.when(pl.col("declared_kg") > 0).then("declared_kg")
    )  # fmt: skip

    def chosen(code: str, value: str) -> pl.Expr:
        of_code = pl.when(pl.col("event_code") == code).then(value)  # a mask over all rows; a filter in each group costs three times as much
        return of_code.max() if code == _LAST else of_code.min()

    found = events.group_by("declaration_key").agg(
        _LODGED_DAY.alias("lodged_day"),
        *(chosen(code, value).alias(f"{code}_{end}") for code in _EVENTS for value, end in (("event_at", "at"), ("sure", "sure"), ("event_on", "on"))),
        pl.col("channel_code", "office_code", "regime_code", "hs_code", "container_key", "inspection_result_code", "declared_kg").last(ignore_nulls=True),
    )  # fmt: skip
    found = found.drop_nulls("lodged_day").with_columns(
        anchor_at=pl.coalesce("lodged_at", pl.col("lodged_day").cast(pl.Datetime("us"))),
        order_fault_code=pl.coalesce(pl.when(_is_reversed(first, then)).then(pl.lit(fault)) for fault, first, then in _ORDER),
    )
    found = with_day(found, zone, "_lodged_on", "lodged_at", "lodged_hour").drop("_lodged_on", *(f"{code}_on" for code in _EVENTS))
    return with_digest(found, "declaration_id", port_code, "declaration_key").sort("declaration_id")


def _is_reversed(first: str, then: str) -> pl.Expr:
    """Whether `then` lies before `first`: by their instants where both are certain, else by their local dates."""
    by_instant = pl.col(f"{then}_sure") < pl.col(f"{first}_sure")
    return pl.coalesce(by_instant, pl.col(f"{then}_on") < pl.col(f"{first}_on")).fill_null(False)


def naming(customs: pl.DataFrame, boxes: pl.Series) -> pl.DataFrame:
    """Return the rows of the declarations that name one of these containers in any of their events."""
    wanted = customs.filter(pl.col("container_key").is_in(boxes.drop_nulls().unique().implode()))["declaration_key"].unique()
    return customs.filter(pl.col("declaration_key").is_in(wanted.implode()))


def set_apart(customs: pl.DataFrame, found: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return one row a line of the declarations (`declarations`) whose order is impossible, with the fault: what is in quarantine, and why. No line of it is rejected for itself."""
    faulty = found.filter(pl.col("order_fault_code").is_not_null()).select("declaration_key", "declaration_id", "lodged_day", "order_fault_code")
    lines = customs.join(faulty, on="declaration_key").sort("lodged_day", "declaration_id", "event_on", "event_at", "file_id", "source_line", nulls_last=True)
    return with_local(lines, zone, event_local_at="event_at")


def lodged_days(customs: pl.DataFrame, port_code: str) -> pl.DataFrame:
    """Return (declaration_id, lodged_day) of `declarations`, for less."""
    found = customs.group_by("declaration_key").agg(_LODGED_DAY.alias("lodged_day")).drop_nulls("lodged_day")
    return with_digest(found, "declaration_id", port_code, "declaration_key").select("declaration_id", "lodged_day")


def container_links(containers: pl.DataFrame, visits: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return `containers` (one a visit and container) with declaration_id, channel_code and match_score, null where none fits.

    The declaration of the container lodged last before the visit's end, at most 30 days before; else, for a box that
    entered, the first lodged within 3 days after. 1.0 when it was released by then, 0.9 when not (or not known).
    """
    ends = containers.join(visits.select("visit_no", "until_at", "entry_at"), on="visit_no", maintain_order="left")
    known = found.filter(pl.col("container_key").is_not_null()).select("container_key", "anchor_at", "declaration_id", "channel_code", "released_at")
    known = known.sort("anchor_at", "declaration_id")
    before = ends.sort("until_at", "visit_no", "container_key").join_asof(
        known, left_on="until_at", right_on="anchor_at", by="container_key", strategy="backward", tolerance=LINK_CUSTOMS, check_sortedness=False
    )
    later = pl.col("declaration_id").is_null() & (pl.col("direction_code") != "import").fill_null(True)
    after = before.filter(later).drop("declaration_id", "channel_code", "released_at", "anchor_at").sort("until_at", "visit_no", "container_key").join_asof(
        known, left_on="until_at", right_on="anchor_at", by="container_key", strategy="forward", tolerance=LODGED_AFTER, check_sortedness=False
    )  # fmt: skip
    linked = pl.concat([before.filter(~later), after.select(before.columns)])
    released = (pl.col("released_at") <= pl.col("until_at")).fill_null(False)
    score = pl.when(pl.col("declaration_id").is_not_null()).then(pl.when(released).then(PLATE_AND_CONTAINER).otherwise(PLATE_ONLY))
    return linked.with_columns(match_score=score).drop("released_at", "anchor_at").sort("visit_no", "container_key")


def channels(linked: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no, channel_code): the heaviest channel among a visit's declarations."""
    rank = pl.col("channel_code").replace_strict({code: number for number, code in enumerate(_HEAVIEST)}, default=None, return_dtype=pl.Int64)
    heaviest = linked.drop_nulls("channel_code").group_by("visit_no").agg(rank.min().alias("_rank"))
    return heaviest.select("visit_no", channel_code=pl.col("_rank").replace_strict(dict(enumerate(_HEAVIEST)), return_dtype=pl.String))


def landings(found: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Return (declaration_id, landed_at, landed_sure): the discharge of a declaration's container, by the terminals' moves (stg_moves).

    A box whose last move in the 30 days before the lodging was its discharge lay in port then; else its first discharge within 7 days after
    the lodging counts. A box that was moved on since its discharge has another story, as an export has.
    """
    known = found.filter(pl.col("container_key").is_not_null()).select("declaration_id", "container_key", "anchor_at").sort("anchor_at", "declaration_id")
    moved = moves.select("container_key", "moved_at", "move_code", "clock_flag").sort("moved_at", "container_key", "move_code", "clock_flag")
    here = known.join_asof(moved, left_on="anchor_at", right_on="moved_at", by="container_key", strategy="backward", tolerance=LINK_CUSTOMS, check_sortedness=False, coalesce=False)
    is_here = (pl.col("move_code") == "discharge").fill_null(False)
    to_come = here.filter(~is_here).select(known.columns).join_asof(
        moved.filter(pl.col("move_code") == "discharge"), left_on="anchor_at", right_on="moved_at", by="container_key", strategy="forward", tolerance=LANDED_AFTER, check_sortedness=False, coalesce=False
    )  # fmt: skip
    both = pl.concat([here.filter(is_here), to_come]).drop_nulls("moved_at")
    return both.select("declaration_id", landed_at="moved_at", landed_sure=pl.when(pl.col("clock_flag") == "ok").then("moved_at"))


def with_visits(found: pl.DataFrame, linked: pl.DataFrame, visits: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Add what visits and terminals know of a declaration (arrival, first gate-out of its container) and its spans.

    The goods arrived when the ship was discharged, by the terminals' moves; where they do not say, when customs logged it; else, for a box
    that entered by truck, at the gate-in of the first visit that brought it. A pick-up's gate-in is no arrival: the goods came by ship.
    Where nobody logged the discharge the arrival of an import is not known.
    """
    mine = linked.filter(pl.col("declaration_id").is_not_null()).join(visits.select("visit_no", "entry_at", "exit_at", "status_code", "clock_flag", "has_weigh_full"), on="visit_no")
    is_export = (pl.col("direction_code") == "export").fill_null(False)
    brought = mine.filter(is_export).sort("entry_at", "visit_no").group_by("declaration_id", maintain_order=True).agg(
        pl.col("entry_at").first().alias("_brought_at"), (pl.col("clock_flag").first() == "ok").alias("_brought_sure")
    )  # fmt: skip
    left = mine.filter(~is_export & (pl.col("status_code") == "closed")).sort("exit_at", "visit_no").group_by("declaration_id", maintain_order=True).agg(
        pl.col("exit_at").first().alias("gate_out_at"), (pl.col("clock_flag").first() == "ok").alias("_left_sure"), pl.col("has_weigh_full").first().alias("is_out_weighed")
    )  # fmt: skip
    for part in (brought, left, landings(found, moves)):
        found = found.join(part, on="declaration_id", how="left", maintain_order="left")
    in_order = pl.col("order_fault_code").is_null()
    by_truck = pl.when("_brought_sure").then("_brought_at")
    has_landed = pl.col("landed_at").is_not_null() & pl.col("_brought_at").is_null() & (pl.col("landed_at") <= pl.col("gate_out_at")).fill_null(True)
    found = found.with_columns(
        arrived_at=pl.when(has_landed).then("landed_at").otherwise(pl.coalesce("arrived_at", "_brought_at")),
        arrived_sure=pl.when(has_landed).then("landed_sure").when(pl.col("arrived_at").is_null()).then(by_truck).otherwise("arrived_sure"),
        gate_out_sure=pl.when("_left_sure").then("gate_out_at"),
    ).drop("_brought_at", "_brought_sure", "_left_sure", "landed_at", "landed_sure")  # fmt: skip
    early = pl.col("released_sure") < pl.col("arrived_sure")
    return found.with_columns(
        release_min=pl.when(in_order).then(_span("released_sure", "lodged_sure")), gate_out_min=pl.when(in_order).then(_span("gate_out_sure", "released_sure")),
        clearance_min=pl.when(in_order & pl.col("lodged_sure").is_not_null()).then(pl.when(early).then(0.0).otherwise(minutes("released_sure", "arrived_sure"))),
        is_prelodged=pl.when(in_order).then(pl.col("lodged_sure") < pl.col("arrived_sure")),
        is_out_before_release=pl.when(in_order).then(pl.col("gate_out_sure") < pl.col("released_sure") - SLACK),
    )


def _span(later: str, earlier: str) -> pl.Expr:
    """Minutes between, null when the order is impossible."""
    return pl.when(pl.col(later) >= pl.col(earlier)).then(minutes(later, earlier))


def stages(found: pl.DataFrame) -> pl.DataFrame:
    """Return one row a stage: the wait from one certain event of a declaration to its next, named after the event that ends it.

    Up to the release they sum to release_min (without `to_lodged`), and their parts after the arrival to clearance_min. A gate-out
    before the release is a breach and no stage; nothing before the lodging but the arrival, and nothing after the gate-out, is one either.
    """
    whole = found.filter(pl.col("order_fault_code").is_null()).with_columns(
        gate_out_sure=pl.when((pl.col("gate_out_sure") >= pl.col("released_sure")).fill_null(False)).then("gate_out_sure")
    )
    inside = (pl.col("at") <= pl.col("gate_out_sure")).fill_null(True) & ((pl.col("rank") < 0) | (pl.col("at") >= pl.col("lodged_sure")).fill_null(True))
    # The arrival begins the first stage where the declaration came later; lodged before, its stages begin with it.
    begins = whole.filter((pl.col("arrived_sure") < pl.col("lodged_sure")).fill_null(False)).select("declaration_id", "gate_out_sure", "lodged_sure", pl.lit(-1).alias("rank"), at="arrived_sure")
    parts = [begins, *(whole.select("declaration_id", "gate_out_sure", "lodged_sure", pl.lit(rank).alias("rank"), pl.col(f"{code}_sure").alias("at")) for rank, code in enumerate(_STAGE_OF))]
    chain = pl.concat(parts, how="vertical").drop_nulls("at").filter(inside).sort("declaration_id", "at", "rank")
    chain = chain.with_columns(started_at=pl.when(pl.col("declaration_id") == pl.col("declaration_id").shift(1)).then(pl.col("at").shift(1)))
    chain = chain.filter(pl.col("started_at").is_not_null() & (pl.col("rank") >= 0)).with_columns(
        stage_code=pl.col("rank").replace_strict(dict(enumerate(_STAGE_OF.values())), return_dtype=pl.String)
    )
    about = whole.select("declaration_id", "lodged_day", "lodged_hour", "office_code", "regime_code", "hs_code", "channel_code", "arrived_sure")
    after = minutes("ended_at", pl.max_horizontal("started_at", "arrived_sure"))
    return chain.select("declaration_id", "stage_code", "started_at", ended_at="at").join(about, on="declaration_id", maintain_order="left").with_columns(
        holder_code=pl.col("stage_code").replace_strict(STAGE_HOLDER, return_dtype=pl.String), stage_min=minutes("ended_at", "started_at"),
        after_arrival_min=pl.when(pl.col("arrived_sure").is_not_null()).then(pl.max_horizontal(after, pl.lit(0.0))),
    ).drop("arrived_sure").sort("declaration_id", "started_at", "stage_code")  # fmt: skip
