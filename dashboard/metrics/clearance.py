"""Metrics of clearance: a WCO Time Release Study at any time. From the arrival of the goods to their release and their gate-out, and who holds the clock."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

_TRS = "WCO Time Release Study v3"
LIMITS_H = (4, 8, 24, 48, 72, 120)  # limits a reader may choose; 48 h is the one of India's national study
PEAK_HOURS = (9, 13)  # from, to (excluded), local: domain.md section 3

_KNOWN = "clearance_min IS NOT NULL"


def within(hours: int) -> str:
    """The code of the share released within so many hours of the arrival."""
    return f"clearance_{hours}h_share"


METRICS = (
    Metric("clearance_p50", "Median arrival to release", "From the arrival of the goods to their release, where both times are known; 0 when they were released before they came.", "min", "declarations", "lower", quantile=("clearance_min", 0.5), standard=_TRS),
    Metric("clearance_p90", "90th percentile of arrival to release", "One declaration in ten takes longer than this from the arrival of the goods to their release.", "min", "declarations", "lower", quantile=("clearance_min", 0.9), standard=_TRS),
    Metric("clearance_mean", "Mean arrival to release", "Mean minutes from the arrival of the goods to their release.", "min", "declarations", "lower", aggregate="avg(clearance_min)", where=_KNOWN, standard=_TRS),
    Metric("clearance_sd", "Standard deviation of arrival to release", "Sample standard deviation of the minutes from arrival to release.", "min", "declarations", "lower", aggregate="stddev_samp(clearance_min)", where=_KNOWN, standard=_TRS),
    *(
        Metric(within(hours), f"Released within {hours} h of arrival", "Share of the declarations with known times whose goods were released within this many hours of their arrival.", "share", "declarations", "higher", where=_KNOWN, share=f"clearance_min <= {hours * 60}", decimals=1, standard=_TRS)
        for hours in LIMITS_H
    ),
    Metric("clearance_known_share", "Declarations with arrival and release", "Share of the declarations for which lodging, arrival and release are all known.", "share", "declarations", share=_KNOWN, decimals=1),
    Metric("prelodged_share", "Lodged before arrival", "Share of the declarations with a known arrival that were lodged before the goods came.", "share", "declarations", "higher", where="is_prelodged IS NOT NULL", share="is_prelodged", decimals=1, standard=_TRS),
    Metric("gate_out_p90", "90th percentile of release to gate-out", "One container in ten stays longer than this in the port after its release.", "min", "declarations", "lower", quantile=("gate_out_min", 0.9), standard=_TRS),
    Metric("gate_out_mean", "Mean release to gate-out", "Mean minutes from the release to the container's gate-out.", "min", "declarations", "lower", aggregate="avg(gate_out_min)", where="gate_out_min IS NOT NULL", standard=_TRS),
    Metric("release_sd", "Standard deviation of time to release", "Sample standard deviation of the minutes from lodging to release.", "min", "declarations", "lower", aggregate="stddev_samp(release_min)", where="release_min IS NOT NULL", standard=_TRS),
    Metric("gate_out_sd", "Standard deviation of release to gate-out", "Sample standard deviation of the minutes from release to gate-out.", "min", "declarations", "lower", aggregate="stddev_samp(gate_out_min)", where="gate_out_min IS NOT NULL", standard=_TRS),
    # ---- breaches
    Metric("out_before_release_share", "Gate-out before release", "Share of the declarations with a certain gate-out and release whose container left more than 2 minutes before it was released.", "share", "declarations", "lower", where="is_out_before_release IS NOT NULL", share="is_out_before_release", decimals=2),
    Metric("out_without_release_share", "Gate-out, release not logged", "Share of the containers that left whose release no log line tells of; a lost line looks the same as a breach.", "share", "declarations", "lower", where="gate_out_at IS NOT NULL", share="released_at IS NULL", decimals=2),
    Metric("out_unweighed_share", "Released and gone without full weighing", "Share of the released containers that left on a truck that was not weighed full.", "share", "declarations", "lower", where="gate_out_at IS NOT NULL AND released_at IS NOT NULL AND is_out_weighed IS NOT NULL", share="NOT is_out_weighed", decimals=2),
    Metric("set_apart_share", "Impossible order of events", "Share of the declarations set apart because the order of their events is impossible; they give no minutes.", "share", "declarations", "lower", share="order_fault_code IS NOT NULL", decimals=2),
    # ---- stages
    Metric("stage_mean", "Mean time of the stage", "Mean minutes a declaration spends in the stage.", "min", "stages", "lower", aggregate="avg(stage_min)", where="stage_min IS NOT NULL", standard=_TRS),
    Metric("stage_sd", "Standard deviation of the stage", "Sample standard deviation of the minutes of the stage.", "min", "stages", "lower", aggregate="stddev_samp(stage_min)", where="stage_min IS NOT NULL", standard=_TRS),
    Metric("clock_hours", "Hours the clock ran", "Hours of all declarations in the stage after the goods arrived; they add up over stages and holders.", "hours", "stages", "lower", aggregate="sum(after_arrival_min) / 60", where="after_arrival_min IS NOT NULL", decimals=1, standard=_TRS),
)  # fmt: skip
