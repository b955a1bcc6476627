"""Electronic messages as they were exchanged: how long they travelled, how far ahead they came, whether they were accepted."""

from __future__ import annotations

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.local import minutes, with_day


def exchanged(messages: pl.DataFrame, port_code: str, zone: str) -> pl.DataFrame:
    """Return FCT_MESSAGES without the port: one row a message. Minutes are null where the clock is uncertain; the lead is negative when it came too late."""
    found = with_digest(messages, "message_id", port_code, "message_key", "partner_code", "sent_at")
    sure = pl.col("clock_flag") == "ok"
    return with_day(found, zone, "sent_day", "sent_at", "sent_hour").with_columns(
        latency_min=pl.when(sure).then(minutes("received_at", "sent_at")), lead_min=pl.when(sure).then(minutes("needed_at", pl.coalesce("received_at", "sent_at"))),
    )  # fmt: skip
