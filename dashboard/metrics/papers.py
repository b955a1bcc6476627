"""Metrics of declarations and appointments, and of the reliability of the logs themselves."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

_TRS = "WCO Time Release Study v3"
_HELD = "outcome_code IN ('on_time', 'early', 'late')"
_DUE = "outcome_code IN ('on_time', 'early', 'late', 'no_show')"
_GIVEN = "outcome_code NOT IN ('refused', 'cancelled')"
# As dashboard/details/booked_before.sql has it, which the forecast is made from.
_KNOWN_BEFORE = "booked_local_at < CAST(slot_day AS TIMESTAMP) AND (until_local_at IS NULL OR until_local_at >= CAST(slot_day AS TIMESTAMP))"

METRICS = (
    Metric("declarations", "Declarations", "Customs declarations by the day they were lodged.", "count", "declarations", count=True),
    Metric("release_p50", "Median time to release", "Declaration lodged to release, where both times are known.", "min", "declarations", "lower", quantile=("release_min", 0.5), standard=_TRS),
    Metric("release_p90", "90th percentile of time to release", "One declaration in ten takes longer than this from lodged to release.", "min", "declarations", "lower", quantile=("release_min", 0.9), standard=_TRS),
    Metric("release_mean", "Mean time to release", "Mean minutes from lodged to release.", "min", "declarations", "lower", aggregate="avg(release_min)", where="release_min IS NOT NULL", standard=_TRS),
    Metric("release_48h_share", "Released within 48 h", "Share of the declarations with known times that were released within 48 hours of being lodged.", "share", "declarations", "higher", where="release_min IS NOT NULL", share="release_min <= 2880", decimals=1, standard="India NTRS"),
    Metric("released_share", "Declarations with release times", "Share of the declarations for which both times, lodged and released, are known.", "share", "declarations", share="release_min IS NOT NULL", decimals=1),
    Metric("gate_out_p50", "Median release to gate-out", "Release to the container's gate-out.", "min", "declarations", "lower", quantile=("gate_out_min", 0.5), standard=_TRS),
    Metric("physical_share", "Physical inspections", "Share of the declarations with a known channel that were sent to physical inspection.", "share", "declarations", where="channel_code IS NOT NULL", share="channel_code = 'physical'", decimals=1, standard=_TRS),
    Metric("declaration_hit_share", "Hit rate of declarations", "Share of the declarations with a known result that showed an irregularity.", "share", "declarations", where="inspection_result_code IS NOT NULL", share="inspection_result_code = 'hit'", decimals=1),
    Metric("stage_p50", "Median time of the stage", "Minutes a declaration spends in the stage.", "min", "stages", "lower", quantile=("stage_min", 0.5), standard=_TRS),
    Metric("stage_p90", "90th percentile of the stage", "One declaration in ten spends longer than this in the stage.", "min", "stages", "lower", quantile=("stage_min", 0.9), standard=_TRS),
    # ---- appointments
    Metric("appointments", "Appointments", "Appointments by the day of their slot, in their last known state.", "count", "appointments", count=True),
    Metric("appointment_on_time_share", "Appointments kept on time", "Share of the appointments that were due and whose truck came within 30 minutes of the slot.", "share", "appointments", "higher", where=_DUE, share="outcome_code = 'on_time'", decimals=1, standard="PBLIS, Hamburg"),
    Metric("appointment_early_share", "Early arrivals", "Share of the appointments honoured whose truck came more than 30 minutes before the slot.", "share", "appointments", "lower", where=_HELD, share="outcome_code = 'early'", decimals=1, standard="PBLIS, Hamburg"),
    Metric("appointment_late_share", "Late arrivals", "Share of the appointments honoured whose truck came more than 30 minutes after the slot.", "share", "appointments", "lower", where=_HELD, share="outcome_code = 'late'", decimals=1, standard="PBLIS, Hamburg"),
    Metric("no_show_share", "No-shows", "Share of the appointments that were due and to which no truck came.", "share", "appointments", "lower", where=_DUE, share="outcome_code = 'no_show'", decimals=1, standard="PBLIS"),
    # ---- the terminals' side of appointments, and what is known the evening before
    Metric("slots_offered", "Slots offered", "Places for trucks that terminals offered in appointment slots, taken or not, by the day of the slot.", "count", "slots", aggregate="sum(offered_n)", standard="PBLIS"),
    Metric("slots_given", "Slots given", "Appointments asked for that were neither refused nor cancelled, by the day of the slot.", "count", "appointments", where=_GIVEN, count=True),
    Metric("slot_refused_share", "Slots refused", "Share of the appointments asked for that the terminal refused.", "share", "appointments", "lower", share="outcome_code = 'refused'", decimals=1),
    Metric("slot_cancelled_share", "Slots cancelled", "Share of the appointments asked for that were cancelled before their hour.", "share", "appointments", "lower", share="outcome_code = 'cancelled'", decimals=1, standard="PBLIS"),
    Metric("bookings_known_before", "Bookings known the evening before", "Appointments that stood at a slot at the midnight before its day: later bookings, moves and cancellations are not looked at.", "count", "bookings", where=_KNOWN_BEFORE, count=True),
    Metric("without_appointment_share", "Trucks without appointment", "Share of the trucks let in for which no appointment is found.", "share", "visits", share="appointment_code IS NULL OR appointment_code = 'none'", decimals=1),
    # ---- logbook
    Metric("logbook_entries", "Logbook entries", "Closures, incidents and tickets written into the logbook, by the day they began.", "count", "logbook", count=True),
    # ---- reliability
    Metric("good_rows", "Good rows", "Log lines that passed every rule and that no other record supersedes.", "count", "files", aggregate="sum(good_n)"),
    Metric("rejected_rows", "Rejected rows", "Log lines that broke a rule; they are kept, with every reason.", "count", "files", "lower", aggregate="sum(rejected_n)"),
    Metric("duplicate_rows", "Duplicates", "Log lines superseded by another record of the same key.", "count", "files", aggregate="sum(duplicate_n)"),
    Metric("read_rows", "Rows read", "Good, rejected and duplicate log lines together.", "count", "files", aggregate="sum(good_n + rejected_n + duplicate_n)"),
    Metric("rejected_ratio", "Rejected per row read", "Rejected log lines over log lines read.", "ratio", "files", "lower", ratio=("rejected_rows", "read_rows"), decimals=4),
    Metric("rejects", "Rejections by reason", "Rejected lines, counted once for each of their reasons.", "count", "rejects", "lower", count=True),
    Metric("findings", "Findings", "Oddities in good rows, counted and kept.", "count", "findings", count=True),
    Metric("source_rows", "Rows of the source", "Good rows by source and day.", "count", "source_days", aggregate="sum(rows_n)", where="place_code = ''"),
    Metric("unmatched_rows", "Unmatched rows", "Good rows that belong to no visit.", "count", "source_days", "lower", aggregate="sum(unmatched_n)", where="place_code = ''"),
    Metric("unmatched_ratio", "Unmatched per row", "Good rows that belong to no visit, over all good rows.", "ratio", "source_days", "lower", ratio=("unmatched_rows", "source_rows"), decimals=4),
    Metric("clock_fault_days", "Source-days with a clock fault", "Days on which a source's clock was an hour off; durations across it are not given that day.", "count", "source_days", "lower", count=True, where="is_clock_fault"),
)  # fmt: skip
