"""Metrics of the parts of a visit: service points, waiting above free flow, zone stays, congestion index, inspections."""

from __future__ import annotations

from dashboard.metrics.definitions import LOSABLE_MIN, Metric

_SERVICE = "step_kind_code = 'service'"

METRICS = (
    Metric("step_visits", "Steps", "Service points and gaps of closed visits.", "count", "steps", count=True),
    Metric("step_wait_p50", "Median wait at the service point", "Arrival at a service point to the start of service.", "min", "steps", "lower", quantile=("wait_min", 0.5), decimals=1),
    Metric("step_wait_p90", "90th percentile of the wait", "One arrival in ten waits longer than this at the service point.", "min", "steps", "lower", quantile=("wait_min", 0.9), decimals=1),
    Metric("step_service_p50", "Median service time", "Start to end of service at a service point.", "min", "steps", "lower", quantile=("service_min", 0.5), decimals=1),
    Metric("step_p50", "Median time of the step", "Wait and service of a service point, or the whole gap.", "min", "steps", "lower", quantile=("step_min", 0.5), decimals=1),
    Metric("step_p90", "90th percentile of the step", "One passage in ten takes longer than this, wait and service together.", "min", "steps", "lower", quantile=("step_min", 0.9), decimals=1),
    Metric("step_wait_mean", "Mean wait at the service point", "Mean minutes of waiting per passage; means of parts add up, medians do not.", "min", "steps", "lower", aggregate="avg(wait_min)", where="wait_min IS NOT NULL", decimals=1),
    Metric("step_service_mean", "Mean service time", "Mean minutes of service per passage.", "min", "steps", "lower", aggregate="avg(service_min)", where="service_min IS NOT NULL", decimals=1),
    Metric("step_mean", "Mean time of the step", "Mean minutes of the whole step per passage.", "min", "steps", "lower", aggregate="avg(step_min)", where="step_min IS NOT NULL", decimals=1),
    Metric("step_min_sum", "Minutes in the step", "Total minutes of all visits in the step, wait and service together.", "min", "steps", "lower", aggregate="sum(step_min)", where="step_min IS NOT NULL"),
    Metric("wait_min_sum", "Minutes of waiting", "Total minutes all visits waited.", "min", "steps", "lower", aggregate="sum(wait_min)", where="wait_min IS NOT NULL"),
    Metric("service_min_sum", "Minutes of service", "Total minutes all visits were served.", "min", "steps", "lower", aggregate="sum(service_min)", where="service_min IS NOT NULL"),
    Metric("lost_hours", "Lost truck-hours", "Waiting at service points above free flow (the 15th percentile of the point's waits over 12 weeks), summed over all trucks; it adds up over points, hours and days. A terminal logs no wait of its own, so its whole turn above free flow counts.", "hours", "steps", "lower",
           aggregate=f"sum(greatest({LOSABLE_MIN} - free_wait_min, 0)) / 60", where=f"{_SERVICE} AND {LOSABLE_MIN} IS NOT NULL", needs="free_wait", decimals=1),
    # ---- zones, seen by tracking
    Metric("stays", "Zone stays", "Unbroken presences of tracked trucks in a zone.", "count", "stays", count=True, where="stay_min IS NOT NULL"),
    Metric("stay_p50", "Median stay", "Minutes a tracked truck spends in the zone without a break.", "min", "stays", "lower", quantile=("stay_min", 0.5), decimals=1, min_n=20),
    Metric("stay_p90", "90th percentile of the stay", "One tracked truck in ten stays longer than this in the zone.", "min", "stays", "lower", quantile=("stay_min", 0.9), decimals=1, min_n=20),
    Metric("congestion_index", "Congestion index", "Median stay against free flow, the 15th percentile of the zone's stays over 12 weeks: 1 is free flow, 2 is twice as long.", "index", "stays", "lower",
           quantile=("stay_min / nullif(free_stay_min, 0)", 0.5), needs="free_stay", decimals=2, min_n=20),
    Metric("tracked_trucks", "Tracked trucks", "Different trucks seen by tracking.", "count", "stays", aggregate="count(DISTINCT plate_key)", where="plate_key IS NOT NULL"),
    # ---- inspections
    Metric("inspections", "Inspections", "Scans and inspections of trucks.", "count", "inspections", count=True),
    Metric("hit_share", "Hit rate", "Share of the inspections with a known result that found an irregularity.", "share", "inspections", where="inspection_result_code IS NOT NULL", share="inspection_result_code = 'hit'", decimals=1),
    Metric("inspection_wait_p50", "Median wait for the inspection", "Arrival to the start of a scan or inspection.", "min", "inspections", "lower", quantile=("wait_min", 0.5), decimals=1),
    Metric("inspection_service_p50", "Median inspection time", "Start to end of a scan or inspection.", "min", "inspections", "lower", quantile=("service_min", 0.5), decimals=1),
    Metric("verdict_p50", "Median wait for the verdict", "End of a scan or inspection to its result.", "min", "inspections", "lower", quantile=("verdict_min", 0.5), decimals=1),
)  # fmt: skip
