"""Metrics of electronic exchange and of dwell: messages with partners, and how long boxes stay in the terminals."""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

_TIC = "TIC4.0 Dwell"
_IMPORT, _EXPORT = "move_code = 'gate_out'", "move_code = 'load'"

METRICS = (
    Metric("messages", "Electronic messages", "Messages exchanged with the partners, by the day they were sent.", "count", "messages", count=True),
    Metric("message_accepted_share", "Messages accepted", "Share of the answered messages that were accepted.", "share", "messages", "higher", where="message_answer_code IS NOT NULL", share="message_answer_code = 'accepted'", decimals=1),
    Metric("message_lost_share", "Messages never received", "Share of the messages sent of which no reception is known.", "share", "messages", "lower", share="received_at IS NULL", decimals=2),
    Metric("message_latency_p50", "Median message latency", "From sending to reception.", "min", "messages", "lower", quantile=("latency_min", 0.5), decimals=1),
    Metric("message_latency_p90", "90th percentile of message latency", "One message in ten takes longer than this from sending to reception.", "min", "messages", "lower", quantile=("latency_min", 0.9), decimals=1),
    Metric("message_ahead_share", "Messages ahead of the arrival", "Share of the messages with a known arrival that came before it.", "share", "messages", "higher", where="lead_min IS NOT NULL", share="lead_min > 0", decimals=1),
    Metric("message_lead_p50", "Median message lead time", "From the reception of the message to the arrival it announces; negative when it came later.", "hours", "messages", "higher", quantile=("lead_min / 60", 0.5), decimals=1),
    # ---- paperless: of what the logs tell the form of. Not by visit or declaration: a visit without a recorded check may have had one all the same.
    Metric("paperless_share", "Paperless share", "Share of the documents handed over that were electronic, of the visits whose checks are recorded and among the documents whose form the logs tell: weighing tickets, and what a driver shows at a check, which is paper.", "share", "documents", "higher", share="is_electronic", decimals=1, standard="UN Global Survey on Trade Facilitation, paperless trade"),
    # ---- dwell of cargo
    Metric("container_moves", "Container moves", "Discharges, gate moves and loadings of the terminals.", "count", "moves", count=True),
    Metric("dwell_import_p50", "Median dwell of imports", "From the discharge of a box to its delivery at the terminal's gate.", "hours", "moves", "lower", where=_IMPORT, quantile=("dwell_min / 60", 0.5), decimals=1, standard=_TIC),
    Metric("dwell_import_p90", "90th percentile of dwell of imports", "One import box in ten stays longer than this.", "hours", "moves", "lower", where=_IMPORT, quantile=("dwell_min / 60", 0.9), decimals=1, standard=_TIC),
    Metric("dwell_export_p50", "Median dwell of exports", "From the reception of a box at the terminal's gate to its loading.", "hours", "moves", "lower", where=_EXPORT, quantile=("dwell_min / 60", 0.5), decimals=1, standard=_TIC),
    Metric("dwell_export_p90", "90th percentile of dwell of exports", "One export box in ten stays longer than this.", "hours", "moves", "lower", where=_EXPORT, quantile=("dwell_min / 60", 0.9), decimals=1, standard=_TIC),
)  # fmt: skip
