"""Metrics of the way through the port: weighings, and the places where documents are shown."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

METRICS = (
    Metric("unweighed_exit_share", "Left without full weighing", "Share of the closed visits that left without their full weighing: their exit voucher, given subject to weighing, was never closed.", "share", "visits", "lower", where="status_code = 'closed' AND clock_flag = 'ok' AND has_weigh_full IS NOT NULL", share="NOT has_weigh_full", decimals=2),
    # ---- weighings
    Metric("weighings", "Weighings", "Weighings of trucks, those of no visit too.", "count", "weighings", count=True),
    Metric("e_slip_share", "Electronic weighing tickets", "Share of the weighings whose ticket was sent electronically, among those whose log says so or not.", "share", "weighings", "higher", where="is_e_slip IS NOT NULL", share="is_e_slip", decimals=1),
    Metric("re_weigh_share", "Re-weighings", "Share of the weighings of a visit that repeat one already made in it.", "share", "weighings", "lower", where="is_again IS NOT NULL", share="is_again", decimals=2),
    Metric("weighing_wait_p50", "Median wait for a weighing", "Joining the queue of a weighbridge to driving on.", "min", "weighings", "lower", quantile=("wait_min", 0.5), decimals=1),
    Metric("weighing_wait_p90", "90th percentile of the wait for a weighing", "One weighing in ten waits longer than this.", "min", "weighings", "lower", quantile=("wait_min", 0.9), decimals=1),
    Metric("weighing_p50", "Median minutes of a weighing", "Driving on to the ticket.", "min", "weighings", "lower", quantile=("service_min", 0.5), decimals=1),
    Metric("weighing_p90", "90th percentile of a weighing", "One weighing in ten takes longer than this, its wait aside.", "min", "weighings", "lower", quantile=("service_min", 0.9), decimals=1),
    # ---- document checks
    Metric("document_checks", "Document checks", "Times a driver had to show documents, of the visits for which checks are recorded.", "count", "checks", count=True),
)  # fmt: skip
