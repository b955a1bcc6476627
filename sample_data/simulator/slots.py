"""Places the terminals offer in each hour's appointment slot: what they say first, and what they correct it to. Lines, and their truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from sample_data.simulator import port
from sample_data.simulator.draws import uniform
from sample_data.simulator.options import Options
from sample_data.simulator.plan import midnight_s
from sample_data.simulator.rows import as_lines, pick

HOUR_S, DAY_S = 3600, 86400
ASKED_SHARE, ROOM, CORRECTED = 0.82, 1.15, 0.06  # trucks that ask for a slot; places over what is usually asked; slots that are cut the day before


def offers(days: list[dt.date], given: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one row a word of a terminal on one slot of these local days: terminal, slot, places, at. `given` (terminal, slot) has a row a place taken in the end.

    A terminal offers what is usually asked at that hour and some room, and never less than it gave.
    """
    taken = {(terminal, slot): n for terminal, slot, n in given.group_by("terminal", "slot").len().iter_rows()}
    begin, rows = midnight_s(options.start), []
    for day in days:
        start, profile = midnight_s(day), port.hours(day)
        hours_n = (midnight_s(day + dt.timedelta(days=1)) - start) // HOUR_S
        for hour in range(hours_n):
            usual = options.trucks_per_day * port.volume(day) * profile[hour % 24] * ASKED_SHARE * ROOM
            for terminal, share in enumerate(port.TERMINAL_SHARE):
                slot = start + hour * HOUR_S
                places = max(int(np.ceil(usual * share)) + 1, taken.get((terminal, slot), 0))
                said = max(start - 3 * DAY_S + 9 * HOUR_S, begin + 600)
                corrected = max(start - 9 * HOUR_S, said + 1)
                is_cut = corrected < slot and uniform(options.seed, 67, np.array([slot]), np.array([terminal]))[0] < CORRECTED
                rows.append((terminal, slot, places + 2 if is_cut else places, said))
                if is_cut:
                    rows.append((terminal, slot, places, corrected))
    return pl.DataFrame(rows, schema={"terminal": pl.Int64, "slot": pl.Int64, "places": pl.Int64, "at": pl.Int64}, orient="row")


def lines(offered: pl.DataFrame) -> pl.DataFrame:
    def utc(seconds: pl.Expr) -> pl.Expr:
        return pl.from_epoch(seconds, time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")

    frame = offered.with_columns(visit=pl.lit(-1, dtype=pl.Int64), place=pl.lit(""))
    return as_lines(frame, ",", pick("terminal", port.TERMINALS), utc(pl.col("slot")), utc(pl.col("slot") + HOUR_S), pl.col("places").cast(pl.String), utc(pl.col("at")))


def true_offers(offered: pl.DataFrame) -> pl.DataFrame:
    """Every word said, in UTC seconds; a slot's newest counts."""
    return offered.select(terminal_code=pick("terminal", port.TERMINALS), slot_start_at="slot", offered_n="places", published_at="at")
