"""Log lines of what is on paper: appointments, means open, the logbook."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from sample_data.simulator import port
from sample_data.simulator.draws import uniform
from sample_data.simulator.options import Options
from sample_data.simulator.plan import midnight_s
from sample_data.simulator.rows import DAY_FIRST, as_lines, doubt, local, pick, skipped_hour


def asked_slots(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one row an appointment of planned visits, or that nobody keeps: its last slot, when it was booked, and its second event (changed, cancelled, refused or none)."""
    held = visits.filter(pl.col("appointment") != "")
    ghosts = visits.filter(pl.Series(uniform(options.seed, 66, visits["visit"].to_numpy()) < 0.09)).with_columns(
        appointment=pl.concat_str(pl.lit("RX"), pl.col("visit").cast(pl.String).str.zfill(8)), is_ghost=pl.lit(True),
        container=pl.lit(""), slot=(pl.col("arrive") + 5400) // 3600 * 3600,
    )  # fmt: skip
    frame = pl.concat([held.with_columns(is_ghost=pl.lit(False)), ghosts.select(*held.columns, "is_ghost")])
    number = frame["visit"].to_numpy() * 2 + frame["is_ghost"].to_numpy()
    draws = [uniform(options.seed, 60 + stream, number) for stream in range(3)]
    begin = midnight_s(options.start)
    slot = frame["slot"].to_numpy()
    booked = np.maximum(slot - (6 * 3600 + draws[0] * 60 * 3600).astype(np.int64), begin + (draws[0] * 1800).astype(np.int64))
    later = booked + np.maximum((slot - booked) * (0.2 + 0.5 * draws[1]), 60).astype(np.int64)
    ghost_kind = np.where(draws[2] < 0.45, 0, np.where(draws[2] < 0.75, 1, 2))  # no-show, cancelled, refused
    second = np.where(frame["is_ghost"].to_numpy(), np.select([ghost_kind == 1, ghost_kind == 2], ["cancelled", "refused"], ""), np.where(draws[2] < 0.05, "changed", ""))
    return frame.with_columns(second=pl.Series(second), later=pl.Series(later), at=pl.Series(booked))


def appointments(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines of bookings, changes, refusals and cancellations of the appointments of `asked_slots`."""
    frame = frame.with_columns(event=pl.lit("booked"))
    changed = frame.filter(pl.col("second") != "").with_columns(at=pl.col("later"), event=pl.col("second"))
    frame = frame.with_columns(slot=pl.when(pl.col("second") == "changed").then(pl.col("slot") - 7200).otherwise("slot"))
    frame = pl.concat([frame, changed]).with_columns(place=pl.lit(""))

    def utc(seconds: pl.Expr) -> pl.Expr:
        return pl.from_epoch(seconds, time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")

    return as_lines(
        frame, ",", "appointment", "event", utc(pl.col("at")), utc(pl.col("slot")), utc(pl.col("slot") + 3600),
        pick("terminal", port.TERMINALS), pick("direction", ("import", "export", "dual")), "plate", "carrier", "container",
    )  # fmt: skip


_MEANS = {
    port.P_WEIGH: ("WB", "weighbridge", None), port.P_SCAN: ("SCAN-", "scanner", "SCAN"), port.P_VERDICT: ("VERDICT-", "verdict_desk", "SCAN"),
    port.P_PHYSICAL: ("BAY-", "inspection_bay", "INSP"), port.P_PHYTO: ("ONSSA-", "inspection_bay", "ONSSA"), port.P_EXIT: ("DESK-", "exit_desk", "EXIT"),
    port.P_TCE: ("RTG-TCE-", "yard_equipment", "YARD-TCE"), port.P_TC3: ("RTG-TC3-", "yard_equipment", "YARD-TC3"), port.P_SOM: ("RTG-SOM-", "yard_equipment", "YARD-SOM"),
}  # fmt: skip


def means(day: dt.date, servers: dict[int, port.Servers], spans: list[port.Shut], seed: int) -> pl.DataFrame:
    """Lines of the means open on one local day, cut where the pool was shut."""
    begin, end = midnight_s(day), midnight_s(day + dt.timedelta(days=1))
    rows = []
    lane_rate = 3600 / servers[port.P_ENTRY].mean_s(port.P_ENTRY) * servers[port.P_ENTRY].count / len(port.LANES)
    out_rate = 3600 / servers[port.P_OUT].mean_s(port.P_OUT) * servers[port.P_OUT].count / len(port.EXIT_LANES)
    opened = [(lane, "lane", lane, begin, end, port.P_ENTRY, lane_rate) for lane in port.LANES]
    opened += [(lane, "lane", lane, begin, end, port.P_OUT, out_rate) for lane in port.EXIT_LANES]
    for pool, (prefix, kind, place) in _MEANS.items():
        about = servers[pool]
        for number in range(about.count):
            since, to = (begin, end) if number < about.night else tuple(begin // 86400 * 86400 + 86400 * (begin % 86400 > 43200) + at for at in port.DAY_SHIFT)
            opened.append((f"{prefix}{number + 1}", kind, place or f"{prefix}{number + 1}", since, to, pool, 3600 / about.mean_s(pool)))
    for name, kind, place, since, to, pool, rate in opened:
        edges = [since, *(edge for span in spans if pool in span.pools for edge in (span.from_s, span.to_s) if since < edge < to), to]
        rows.extend((name, kind, place, a, b, round(float(rate), 1)) for a, b in zip(edges[::2], edges[1::2], strict=False))
    frame = pl.DataFrame(rows, schema=["name", "kind", "where", "at", "to", "rate"], orient="row").with_columns(visit=pl.lit(-1, dtype=pl.Int64), place=pl.lit(""))
    utc = [pl.from_epoch(pl.col(name), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias(name + "_text") for name in ("at", "to")]
    return as_lines(frame.with_columns(utc), ",", "name", "kind", "where", "at_text", "to_text", pl.col("rate").cast(pl.String))


def logbook(records: pl.DataFrame, spans: list[port.Shut], options: Options) -> pl.DataFrame:
    """Lines of the logbook: closures and incidents of the days, and a ticket for each truck in trouble."""
    at_exit = (pl.col("role") == port.EXIT) & pl.col("trouble_at_exit")
    last_yard = pl.when(pl.col("direction") == 2).then(port.YARD_2).otherwise(port.YARD_1)
    tickets = records.filter(pl.col("has_trouble") & (at_exit | ((pl.col("role") == last_yard) & ~pl.col("trouble_at_exit")))).select(
        pl.col("visit"), code=pl.lit("TICKET"), where=pl.when(at_exit).then(pl.lit("EXIT")).otherwise(pick(pl.col("pool") - port.P_TCE, port.TERMINALS)),
        at=pl.col("ended"), to=pl.col("left"), plate=pl.col("plate"), number=pl.concat_str(pl.lit("TK"), pl.col("visit").cast(pl.String).str.zfill(8)),
    )  # fmt: skip
    entries = pl.DataFrame(
        [(-1, span.code, span.place_code, span.from_s, span.to_s, "", f"MC{span.from_s:011d}") for span in spans],
        schema={"visit": pl.Int64, "code": pl.String, "where": pl.String, "at": pl.Int64, "to": pl.Int64, "plate": pl.String, "number": pl.String}, orient="row",
    )  # fmt: skip
    frame = pl.concat([tickets.select(entries.columns), entries]).with_columns(place=pl.col("where"))
    frozen = skipped_hour() if options.has_faults else None
    (since, flag_1), (to, flag_2) = local(frame["at"], frozen), local(frame["to"], frozen)
    frame = frame.with_columns(since=since.dt.strftime(DAY_FIRST), until=to.dt.strftime(DAY_FIRST), clock_doubt=doubt(flag_1, flag_2))
    words = {"TICKET": "Camion en difficulté", "PANNE SYSTEME": "Système du terminal arrêté", "PANNE SCANNER": "Scanner arrêté", "METEO": "Vent fort", "FERMETURE": "Porte fermée", "INCIDENT": "Accrochage"}
    return as_lines(frame, ";", "number", "code", "since", "until", "where", "plate", pl.concat_str(pl.lit('"'), pl.col("code").replace_strict(words, return_dtype=pl.String), pl.lit('"')))
