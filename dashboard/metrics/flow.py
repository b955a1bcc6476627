"""Metrics of the way through the port: weighings, and the places where documents are shown."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

# How far a weighed mass may lie from the declared one: what authorities allow on a verified gross mass (SOLAS VI/2; 5 % in France and the United Kingdom).
MASS_TOLERANCE = 0.05
_SOLAS = "SOLAS VI/2 (VGM), 5 % as commonly allowed"
_MASSES = "weighed_net_kg IS NOT NULL AND declared_kg > 0"

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
    # ---- weighed against declared mass
    Metric("declared_mass_within_share", "Weighed mass as declared", f"Share of the visits whose boxes, weighed full less empty, lie within {MASS_TOLERANCE:.0%} of the mass declared for them.", "share", "visits", "higher", where=_MASSES, share=f"abs(weighed_net_kg - declared_kg) <= {MASS_TOLERANCE} * declared_kg", decimals=1, standard=_SOLAS),
    Metric("under_declared_share", "Heavier than declared", f"Share of the visits whose boxes weighed over {MASS_TOLERANCE:.0%} more than the mass declared for them.", "share", "visits", "lower", where=_MASSES, share=f"weighed_net_kg - declared_kg > {MASS_TOLERANCE} * declared_kg", decimals=2, standard=_SOLAS),
    Metric("declared_mass_known_share", "Visits with both masses", "Share of the closed visits for which the mass of the boxes was both weighed, full and empty, and declared.", "share", "visits", where="status_code = 'closed'", share=_MASSES, decimals=1),
    # ---- document checks
    Metric("document_checks", "Document checks", "Times a driver had to show documents, of the visits for which checks are recorded.", "count", "checks", count=True),
)  # fmt: skip
