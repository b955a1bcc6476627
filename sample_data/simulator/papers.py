"""Log lines of what is on paper: declarations, appointments, means open, the logbook."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from sample_data.simulator import port
from sample_data.simulator.draws import uniform
from sample_data.simulator.options import Options
from sample_data.simulator.plan import midnight_s
from sample_data.simulator.rows import DAY_FIRST, ISO, LINES, as_lines, doubt, local, pick, skipped_hour

_HEADINGS = ("0805", "8517", "6109", "1006", "8703", "3004", "0703", "9403", "1701", "8471")
_FOOD = (0, 3, 6, 8)  # headings whose import the food safety office (ONSSA) is asked about


def _declarations(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one row a container of `visits`: box, part, what the declaration says."""
    first = visits.with_columns(part=pl.lit(0), box=pl.col("container"), is_import=pl.col("direction") == 0)
    second = visits.filter("has_two").with_columns(part=pl.lit(1), box=pl.col("container_2"), is_import=pl.col("direction") != 1)
    both = pl.concat([first, second])
    # A dual visit's channel is that of the box it picks up; the delivered one is accepted as declared.
    circuit = pl.when((pl.col("direction") == 2) & (pl.col("part") == 0)).then(0).otherwise(pl.col("channel"))
    visit, part = both["visit"].to_numpy(), both["part"].to_numpy()
    declarant, heading = (uniform(options.seed, 59, visit) * 60).astype(np.int64) + 1, (uniform(options.seed, 58, visit, part) * len(_HEADINGS)).astype(np.int64)
    return both.with_columns(
        number=pl.concat_str(pl.when("is_import").then(pl.lit("IM")).otherwise(pl.lit("EX")), pl.lit("309"), (pl.col("visit") * 2 + pl.col("part")).cast(pl.String).str.zfill(8)),
        declarant=pl.Series(declarant), heading=pl.Series(heading), office=pl.Series(np.where(declarant <= 42, "309", "312")), circuit=circuit, regime=pl.when("is_import").then(pl.lit("010")).otherwise(pl.lit("060")),
    )  # fmt: skip


def customs_plans(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Lines of what happens to declarations before the truck comes. Visits are the plan's; nothing is lodged before the first day."""
    frame = _declarations(visits, options)
    keys = frame["visit"].to_numpy(), frame["part"].to_numpy()
    draws = [uniform(options.seed, 50 + stream, *keys) for stream in range(6)]
    arrive = frame["arrive"].to_numpy()
    begin = midnight_s(options.start)
    lead = np.minimum(np.exp(np.log(28 * 3600) + 0.8 * np.sqrt(2) * (draws[0] + draws[1] + draws[5] - 1.5) * 1.7), 6 * 86400).astype(np.int64)
    lodged = np.maximum(arrive - np.maximum(lead, 2 * 3600), begin + (draws[0] * np.clip(arrive - begin, 0, 7200) / 2).astype(np.int64))
    room = np.maximum(arrive - lodged, 60)
    selected = lodged + np.minimum(60 + draws[2] * 1500, room * 0.2).astype(np.int64)
    paid = selected + np.minimum(900 + draws[3] * 4 * 3600, room * 0.3).astype(np.int64)
    slow = np.where(frame["circuit"].to_numpy() == 1, 4 * 3600 + draws[4] * 10 * 3600, 300 + draws[4] * 2400)
    released = paid + np.minimum(slow, room * 0.35).astype(np.int64)
    ordered = paid + np.minimum(300 + draws[4] * 3600, room * 0.2).astype(np.int64)
    # The ship of one import in three comes after the declaration; of the others it came up to three days before. Exports come by truck.
    early = uniform(options.seed, 56, *keys)
    discharged = np.where(early < 0.35, lodged + (early / 0.35 * (paid - lodged)).astype(np.int64), np.maximum(lodged - ((3 + 69 * ((early - 0.35) / 0.65) ** 2) * 3600).astype(np.int64), begin))
    physical = pl.col("circuit") == 2
    asked = selected + (0.2 * (paid - selected)).astype(np.int64)
    answered = paid + (0.6 * (np.where(frame["circuit"].to_numpy() == 2, ordered, released) - paid)).astype(np.int64)
    times = {
        "ENREGISTREMENT": lodged, "SELECTION": selected, "LIQUIDATION": paid, "MAINLEVEE": released, "ORDRE_VISITE": ordered, "ARRIVEE": discharged,
        "DEMANDE_AVIS": asked, "AVIS_RENDU": answered,
    }  # fmt: skip
    food = pl.col("is_import") & pl.col("heading").is_in(_FOOD)
    wanted = {"LIQUIDATION": pl.col("is_import"), "MAINLEVEE": ~physical, "ORDRE_VISITE": physical, "ARRIVEE": pl.col("is_import"), "DEMANDE_AVIS": food, "AVIS_RENDU": food}
    parts = [frame.with_columns(event=pl.lit(event), at=pl.Series(at)).filter(wanted.get(event, pl.lit(True))) for event, at in times.items()]
    return _customs_lines(pl.concat(parts), options)


def customs_visits(records: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Lines of physical inspections and the release that follows them, from the inspection bay's records."""
    inspected = records.filter(pl.col("role") == port.PHYSICAL)
    if inspected.is_empty():
        return pl.DataFrame(schema=LINES)
    frame = _declarations(inspected, options).filter(pl.col("circuit") == 2)
    after = (120 + 240 * uniform(options.seed, 57, frame["visit"].to_numpy())).astype(np.int64)
    parts = [
        frame.with_columns(event=pl.lit("DEBUT_VISITE"), at=pl.col("started")), frame.with_columns(event=pl.lit("FIN_VISITE"), at=pl.col("ended")),
        frame.with_columns(event=pl.lit("MAINLEVEE"), at=pl.col("ended") + pl.Series(after)),
    ]  # fmt: skip
    return _customs_lines(pl.concat(parts), options)


def _customs_lines(frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    wall, flag = local(frame["at"], skipped_hour() if options.has_faults else None)
    frame = frame.with_columns(
        place=pl.lit(""), wall=wall.dt.strftime(ISO), clock_doubt=doubt(flag),
        result=pl.when(pl.col("event") != "FIN_VISITE").then(pl.lit("")).when("is_hit").then(pl.lit("INFRACTION")).otherwise(pl.lit("CONFORME")),
    )  # fmt: skip
    circuit = pl.when(pl.col("event").is_in(["ENREGISTREMENT", "ARRIVEE"])).then(pl.lit("")).otherwise(pick("circuit", ("ADMIS_CONFORME", "DOCUMENTS", "VISITE")))
    return as_lines(
        frame, ";", "number", "event", "wall", "office", "regime", pick("heading", _HEADINGS), circuit, "result",
        pl.concat_str(pl.lit("TRANSIT "), pl.col("declarant").cast(pl.String).str.zfill(2)), "box",
    )  # fmt: skip


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
