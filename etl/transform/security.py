"""Manifest filings -> US-bound boxes on their way to the ship: what was filed, referred, answered, inspected and resolved. They name no box."""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.local import minutes, with_day

LINK_MANIFEST = dt.timedelta(days=3)  # a box passes the gate at most so long before or after its filing; further off it is another voyage's


def filings(manifests: pl.DataFrame, containers: pl.DataFrame, visits: pl.DataFrame, port_code: str, zone: str) -> pl.DataFrame:
    """Return FCT_MANIFESTS without the port: one row a filing. Minutes are null where the clock is uncertain.

    `containers` are links.visit_containers. `visit_id` is the last visit that brought the box within 3 days of the filing
    and not after the loading; null where none did.
    """
    found = with_digest(manifests, "filing_id", port_code, "container_key", "filed_at")
    found = with_day(found, zone, "filed_day", "filed_at", "filed_hour")
    sure = pl.col("clock_flag") == "ok"
    found = found.with_columns(
        lead_min=pl.when(sure).then(minutes("loading_at", "filed_at")), hold_min=pl.when(sure).then(minutes("resolved_at", "referred_at")),
    )  # fmt: skip
    brought = containers.filter("at_entry").join(visits.select("visit_no", "visit_id", "entry_at"), on="visit_no").select("container_key", "visit_id", "entry_at")
    near = found.select("filing_id", "container_key", "filed_at", "loading_at").join(brought, on="container_key").filter(
        (pl.col("entry_at") - pl.col("filed_at")).abs() <= LINK_MANIFEST, (pl.col("entry_at") <= pl.col("loading_at")).fill_null(True)
    )  # fmt: skip
    last = near.sort("entry_at", "visit_id").group_by("filing_id", maintain_order=True).agg(pl.col("visit_id").last())
    return found.join(last, on="filing_id", how="left", maintain_order="left")
