"""Metrics of whole visits: flow, turnaround, queue, bands, document checks, moves. Definitions of domain.md section 5."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric
from dashboard.metrics.dimensions import BAND_EDGES_MIN, BANDS, BANDS4

_P = "turnaround_min IS NOT NULL"
_METRIS = "METRIS gate-to-gate turn, at the port perimeter"


def _between(low: int | None, high: int | None) -> str:
    return " AND ".join(filter(None, [f"turnaround_min >= {low}" if low is not None else "", f"turnaround_min < {high}" if high is not None else ""]))


def _bands(words: dict[str, str], edges: tuple[int, ...], prefix: str) -> tuple[Metric, ...]:
    lows, highs = (None, *edges), (*edges, None)
    return tuple(
        Metric(f"{prefix}_{code}", label, "Share of the visits with a certain turnaround that fall into this band; the lower edge belongs to the band.", "share", "visits",
               where=_P, share=_between(low, high), decimals=1, standard="METRIS bands")
        for (code, label), low, high in zip(words.items(), lows, highs, strict=True)
    )  # fmt: skip


METRICS = (
    Metric("visits", "Visits", "Trucks that passed the port gate inwards, whether or not they have left.", "count", "visits", count=True),
    Metric("closed_visits", "Closed visits", "Visits whose gate-out was seen.", "count", "visits", count=True, where="status_code = 'closed'"),
    Metric("excluded_visits", "Visits set apart", "Visits with an inspection, a trouble ticket or a declared closure, which the view without them leaves out.", "count", "visits", count=True, where="is_excluded"),
    Metric("entries_per_hour", "Entries per hour", "Trucks passing the port gate inwards, per clock hour of the period.", "per_hour", "visits", count=True, per_hour=True, decimals=1),
    Metric("exits", "Exits", "Trucks that passed the port gate outwards.", "count", "exits", count=True),
    Metric("exits_per_hour", "Exits per hour", "Trucks passing the port gate outwards, per clock hour of the period.", "per_hour", "exits", count=True, per_hour=True, decimals=1),
    # ---- P, the headline
    Metric("turnaround_p50", "Median turnaround", "Port entry cleared to port exit cleared: half of the visits take longer.", "min", "visits", "lower", quantile=("turnaround_min", 0.5), standard=_METRIS),
    Metric("turnaround_p90", "90th percentile of turnaround", "One truck in ten takes longer than this from port entry to port exit.", "min", "visits", "lower", quantile=("turnaround_min", 0.9), standard=_METRIS),
    Metric("turnaround_p95", "95th percentile of turnaround", "One truck in twenty takes longer than this from port entry to port exit.", "min", "visits", "lower", quantile=("turnaround_min", 0.95), standard=_METRIS),
    Metric("turnaround_p25", "Lower quartile of turnaround", "A quarter of the visits take less than this from port entry to port exit.", "min", "visits", "lower", quantile=("turnaround_min", 0.25), standard=_METRIS),
    Metric("turnaround_p75", "Upper quartile of turnaround", "A quarter of the visits take longer than this from port entry to port exit.", "min", "visits", "lower", quantile=("turnaround_min", 0.75), standard=_METRIS),
    Metric("turnaround_mean", "Mean turnaround", "Arithmetic mean of the minutes from port entry to port exit; a few bad visits move it, so it never stands alone.", "min", "visits", "lower", aggregate="avg(turnaround_min)", where=_P, decimals=1),
    Metric("under_60_share", "Visits of 60 min or less", "Share of the visits with a certain turnaround that took at most 60 minutes.", "share", "visits", "higher", where=_P, share="turnaround_min <= 60", decimals=1, standard="METRIS, Vancouver goal"),
    Metric("over_120_share", "Visits over 120 min", "Share of the visits with a certain turnaround that took more than 120 minutes.", "share", "visits", "lower", where=_P, share="turnaround_min > 120", decimals=1, standard="METRIS"),
    *_bands(BANDS, BAND_EDGES_MIN, "band"),
    *_bands(BANDS4, (60, 120, 240), "band4"),
    # ---- Q and V, beside it, with the share of visits whose queue was observed
    Metric("queue_p50", "Median queue time", "Arrival in the queue to port entry cleared, of the visits whose queue was seen by tracking.", "min", "visits", "lower", quantile=("queue_min", 0.5), standard="METRIS Q"),
    Metric("queue_p90", "90th percentile of queue time", "One observed truck in ten queues longer than this before the gate.", "min", "visits", "lower", quantile=("queue_min", 0.9), standard="METRIS Q"),
    Metric("queue_observed_share", "Queue observed", "Share of the visits whose queue before the gate was seen by tracking.", "share", "visits", share="queue_min IS NOT NULL", decimals=1),
    Metric("total_visit_p50", "Median total visit", "Queue and turnaround together, of the visits whose queue was seen.", "min", "visits", "lower", quantile=("total_visit_min", 0.5), standard="METRIS, HTA"),
    Metric("total_visit_p95", "Planning time (queue observed)", "Allow this many minutes for queue and turnaround: 95 % of the visits whose queue was seen took less.", "min", "visits", "lower", quantile=("total_visit_min", 0.95), standard="Pier Trucker planning time"),
    Metric("planning_time", "Planning time", "Allow this many minutes: 95th percentile of the total visit over the visits whose queue was seen, or of the turnaround where none was.", "min", "visits", "lower",
           aggregate="coalesce(quantile_cont(total_visit_min, 0.95) FILTER (WHERE total_visit_min IS NOT NULL), quantile_cont(turnaround_min, 0.95) FILTER (WHERE turnaround_min IS NOT NULL))",
           where="total_visit_min IS NOT NULL", standard="Pier Trucker planning time"),
    # ---- inside the port
    Metric("terminal_turn_p50", "Median terminal turn", "Terminal gate-in to terminal gate-out, summed over the terminals of a visit.", "min", "visits", "lower", quantile=("terminal_turn_min", 0.5), standard="TIC4.0 Carriervisit Turnaround Time"),
    Metric("terminal_turn_p90", "90th percentile of terminal turn", "One truck in ten spends longer than this inside terminals.", "min", "visits", "lower", quantile=("terminal_turn_min", 0.9), standard="TIC4.0 Carriervisit Turnaround Time"),
    Metric("wait_mean", "Mean waiting inside the port", "Minutes a visit waits at service points, per closed visit; mean minutes of parts add up, medians do not.", "min", "visits", "lower", aggregate="avg(wait_min)", where="wait_min IS NOT NULL", decimals=1),
    Metric("service_mean", "Mean service inside the port", "Minutes a visit is being served, per closed visit.", "min", "visits", "lower", aggregate="avg(service_min)", where="service_min IS NOT NULL", decimals=1),
    Metric("travel_mean", "Mean travel inside the port", "Minutes a visit spends between service points, per closed visit.", "min", "visits", "lower", aggregate="avg(travel_min)", where="travel_min IS NOT NULL", decimals=1),
    Metric("stops_mean", "Stops per visit", "Service points a truck stops at, per closed visit.", "per_visit", "visits", "lower", aggregate="avg(stops_n)", where="stops_n IS NOT NULL", decimals=1),
    Metric("document_checks_mean", "Document checks per visit", "Places where the driver had to show documents, per visit for which checks were recorded.", "per_visit", "visits", "lower", aggregate="avg(document_checks_n)", where="document_checks_n IS NOT NULL", decimals=2, standard="The pilot's own aim"),
    Metric("document_checks_coverage", "Document checks recorded", "Share of the visits for which document checks were recorded at all.", "share", "visits", share="document_checks_n IS NOT NULL", decimals=1),
    # ---- work done
    Metric("moves", "Containers moved", "Containers delivered or picked up by the visits.", "count", "visits", aggregate="sum(moves_n)", where="moves_n IS NOT NULL"),
    Metric("visits_with_moves", "Visits with known moves", "Visits for which the containers are known.", "count", "visits", count=True, where="moves_n IS NOT NULL"),
    Metric("moves_per_visit", "Moves per visit", "Containers moved per visit for which the containers are known.", "per_visit", "visits", "higher", ratio=("moves", "visits_with_moves"), decimals=2, standard="PierPASS"),
    Metric("dual_share", "Dual transactions", "Share of the visits that both deliver and pick up.", "share", "visits", "higher", where="direction_code IS NOT NULL", share="direction_code = 'dual'", decimals=1, standard="PierPASS"),
    Metric("both_weighings_share", "Weighed empty and full", "Share of the closed visits weighed both empty and full.", "share", "visits", "higher", where="status_code = 'closed' AND clock_flag = 'ok' AND has_both_weighings IS NOT NULL", share="has_both_weighings", decimals=1),
    Metric("inspected_share", "Visits inspected", "Share of the visits that were scanned or inspected.", "share", "visits", where="has_inspection IS NOT NULL", share="has_inspection", decimals=1),
    Metric("trouble_share", "Visits with a trouble ticket", "Share of the visits that a trouble ticket names.", "share", "visits", "lower", where="has_trouble_ticket IS NOT NULL", share="has_trouble_ticket", decimals=1, standard="NCFRP drayage guide"),
    Metric("overnight_share", "Overnight stays", "Share of the closed visits that left more than 12 hours after entry, on a later day.", "share", "visits", "lower", where="is_overnight IS NOT NULL", share="is_overnight", decimals=1),
    Metric("tracked_share", "Visits tracked", "Share of the visits seen by tracking.", "share", "visits", where="is_tracked IS NOT NULL", share="is_tracked", decimals=1),
    Metric("missing_exit_share", "Missing exits", "Share of the visits whose gate-out was not seen within 72 hours, among those that are no longer open.", "share", "visits", "lower", where="status_code <> 'open'", share="status_code = 'incomplete'", decimals=2),
    Metric("clock_uncertain_share", "Uncertain clock", "Share of the visits one of whose gate times is uncertain, so that no turnaround is given.", "share", "visits", "lower", share="clock_flag <> 'ok'", decimals=2),
)  # fmt: skip
