"""Means and logbook entries as facts, and which visits an entry concerns: the truck it names, or the places it closed."""

from __future__ import annotations

import polars as pl

from etl.transform.reach import LONGEST_VISIT, SLACK

CLOSING = ("closure", "system_outage", "scanner_outage", "strike")  # what the view without closures leaves out


def entries_of(logbook: pl.DataFrame) -> pl.DataFrame:
    """Return one row an entry number: where an entry was written again with another start, the greater (file date, row digest) wins."""
    return logbook.sort("entry_ref", "file_on", "row_digest", "started_at").unique("entry_ref", keep="last", maintain_order=True)


def ticket_visits(logbook: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return (entry_ref, started_at, visit_no) of trouble tickets that name a truck, by plate and time like any other line."""
    tickets = logbook.filter((pl.col("logbook_code") == "trouble_ticket") & pl.col("plate_key").is_not_null()).sort("started_at", "entry_ref")
    spans = visits.select("plate_key", "visit_no", "until_at", _from=pl.col("entry_at") - SLACK).sort("_from", "visit_no")
    found = tickets.join_asof(spans, left_on="started_at", right_on="_from", by="plate_key", strategy="backward", check_sortedness=False)
    return found.filter(pl.col("started_at") <= pl.col("until_at") + SLACK).select("entry_ref", "started_at", "visit_no")


def closed_visits(logbook: pl.DataFrame, visits: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no) of visits that a closure, outage or strike overlaps, at the whole port or at a place they used.

    Places of a visit: its gates, lanes and terminal and every place its lines name. An entry without an end lasts 72 h
    here, so that a forgotten one does not close the port for good.
    """
    entries = logbook.filter(pl.col("logbook_code").is_in(CLOSING)).select(
        place=pl.col("place_code").fill_null(""), from_at="started_at", to_at=pl.coalesce("ended_at", pl.col("started_at") + LONGEST_VISIT)
    )
    if entries.is_empty():
        return visits.select("visit_no").clear()
    own = [visits.select("visit_no", place=column) for column in ("entry_gate_code", "entry_lane_code", "exit_gate_code", "exit_lane_code", "terminal_code")]
    everywhere = visits.select("visit_no", place=pl.lit(""))
    used = lines.drop_nulls("visit_no").select("visit_no", place="place_code")
    wanted = entries.select("place").unique()
    places = pl.concat([*own, everywhere, used]).join(wanted, on="place", how="semi").unique()
    # Days meet first, so that a year of visits is not crossed with a year of entries.
    spans = visits.select("visit_no", "entry_at", "until_at").join(places, on="visit_no").with_columns(_date=_dates("entry_at", "until_at")).explode("_date")
    hit = spans.join(entries.with_columns(_date=_dates("from_at", "to_at")).explode("_date"), on=["place", "_date"])
    return hit.filter((pl.col("from_at") < pl.col("until_at")) & (pl.col("to_at") > pl.col("entry_at"))).select("visit_no").unique()


def _dates(first: str, last: str) -> pl.Expr:
    return pl.date_ranges(pl.col(first).dt.date(), pl.col(last).dt.date())
