"""Log lines of what moves: gates, weighbridges, checks. One function a source: records in, lines out.

A line frame has `at` (UTC second of the source's own event, the order within a file), `visit` (-1 for none), `place`, `line` (text as the
source writes it, no line end) and `fault` (planted fault codes joined by '|', or null).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from etl import clock
from sample_data.simulator import port
from sample_data.simulator.draws import uniform
from sample_data.simulator.names import LETTERS
from sample_data.simulator.options import Options
from sample_data.simulator.plan import TERMINAL_GATE_S, ZONE

LINES = {"at": pl.Int64, "visit": pl.Int64, "place": pl.String, "line": pl.String, "fault": pl.String}
DAY_FIRST, ISO = "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"
_TERMINAL_GATES = tuple(f"{terminal}-G" for terminal in port.TERMINALS)


def pick(index: pl.Expr | str, words: tuple[str, ...]) -> pl.Expr:
    """Return the word each whole number stands for; a negative number gives ''."""
    expr = pl.col(index) if isinstance(index, str) else index
    return expr.replace_strict(dict(enumerate(words)), default="", return_dtype=pl.String)


def local(seconds: pl.Series, frozen: tuple[int, int] | None = None) -> tuple[pl.Series, pl.Series]:
    """Return (local wall time, clock flag) of UTC seconds as a source on local time writes it.

    `frozen` = (from, to) UTC seconds in which the source had not yet heard of the clock going forward and writes the skipped hour.
    """
    utc = pl.from_epoch(seconds, time_unit="s").cast(pl.Datetime("us"))
    offset = clock.offset_min(utc, ZONE).cast(pl.Int64)
    if frozen:
        offset = offset - ((seconds >= frozen[0]) & (seconds < frozen[1])).cast(pl.Int64) * 60
    wall = pl.from_epoch(seconds + offset * 60, time_unit="s").cast(pl.Datetime("us"))
    return wall, clock.to_utc(wall, ZONE)[1]


def skipped_hour() -> tuple[int, int]:
    """Return the half hour of 2026-03-22 (UTC seconds) in which the port's systems still write the hour that was skipped."""
    for instant, _ in clock.transitions(ZONE):
        if (instant.year, instant.month, instant.day) == (2026, 3, 22):
            at = int((instant - instant.replace(year=1970, month=1, day=1, hour=0, minute=0)).total_seconds())
            return at, at + 1800
    return 0, 0


def doubt(*flags: pl.Series) -> pl.Series:
    """Return the planted-fault code of the worst clock flag of a line, or null."""
    frame = pl.DataFrame([flag.alias(str(number)) for number, flag in enumerate(flags)])
    doubtful = [pl.any_horizontal(pl.all() == name) for name in ("nonexistent", "ambiguous")]
    return frame.select(pl.when(doubtful[0]).then(pl.lit("nonexistent_time")).when(doubtful[1]).then(pl.lit("ambiguous_time"))).to_series()


def _misread(frame: pl.DataFrame, options: Options, stream: int, share: float) -> pl.DataFrame:
    """Write `plate` as a camera misread it in a share of lines: O for 0, or the series letter in Arabic. Adds `misread`."""
    if not options.has_faults or frame.is_empty():
        return frame.with_columns(misread=pl.lit(None, dtype=pl.String))
    draw = pl.Series("draw", uniform(options.seed, stream, frame["visit"].to_numpy(), frame["at"].to_numpy()))
    arabic = pl.col("plate").str.replace_many(list(LETTERS), list(LETTERS.values()))
    zero = pl.col("plate").str.replace("0", "O", literal=True)
    has_zero = pl.col("plate").str.contains("0", literal=True)
    wrong = pl.when((pl.col("draw") < share / 2) & has_zero).then(zero).when(pl.col("draw") < share).then(arabic)
    frame = frame.with_columns(draw).with_columns(seen=wrong)
    return frame.with_columns(
        plate=pl.coalesce("seen", "plate"), misread=pl.when(pl.col("seen").is_not_null()).then(pl.lit("misread_plate"))
    ).drop("draw", "seen")  # fmt: skip


def as_lines(frame: pl.DataFrame, separator: str, *columns: pl.Expr | str) -> pl.DataFrame:
    faults = [name for name in ("misread", "clock_doubt") if name in frame.columns]
    fault = pl.concat_str(faults, separator="|", ignore_nulls=True) if faults else pl.lit("")
    return frame.select("at", "visit", "place", line=pl.concat_str(columns, separator=separator), fault=pl.when(fault != "").then(fault))


def gate_port(records: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Lines of the port gate: entries from the entry record, exits from the exit record. Missed ones are dropped here, repeats added."""
    frame = records.filter(pl.col("role").is_in([port.ENTRY, port.OUT])).with_columns(at=pl.col("ended"), place=pl.lit("P6"))
    frame = frame.with_columns(is_in=pl.col("role") == port.ENTRY)
    if frame.is_empty():
        return pl.DataFrame(schema=LINES)
    frame = frame.with_columns(
        lane_name=pl.when("is_in").then(pick("lane", port.LANES)).otherwise(pick(pl.col("server") % 3, port.EXIT_LANES)),
        delivered=pl.when(pl.col("direction") > 0).then("container").otherwise(pl.lit("")),
        delivered_2=pl.when((pl.col("direction") == 1) & pl.col("has_two")).then("container_2").otherwise(pl.lit("")),
        taken=pl.when(pl.col("direction") == 0).then("container").when(pl.col("direction") == 2).then("container_2").otherwise(pl.lit("")),
        taken_2=pl.when((pl.col("direction") == 0) & pl.col("has_two")).then("container_2").otherwise(pl.lit("")),
    )
    frame = _misread(frame, options, 20, 0.006)
    repeats = frame.clear()
    if options.has_faults:
        twice = uniform(options.seed, 22, frame["visit"].to_numpy(), frame["role"].to_numpy())
        again = 4 + (uniform(options.seed, 23, frame["visit"].to_numpy(), frame["role"].to_numpy()) * 35).astype(np.int64)
        frame = frame.with_columns(again=pl.Series(again))
        repeats = frame.filter(pl.Series(twice < 0.004) & ~pl.col("is_missed_exit")).with_columns(
            at=pl.col("at") + pl.col("again"), ended=pl.col("ended") + pl.col("again"), misread=pl.concat_str(pl.lit("repeat_read"), "misread", separator="|", ignore_nulls=True)
        )
        frame = pl.concat([frame, repeats]).filter(~((pl.col("is_missed_exit") & ~pl.col("is_in")) | (pl.col("is_missed_entry") & pl.col("is_in"))))
    frozen = skipped_hour() if options.has_faults else None
    presented, flag_1 = local(frame["started"], frozen)
    cleared, flag_2 = local(frame["ended"], frozen)
    frame = frame.with_columns(presented=presented.dt.strftime(DAY_FIRST), cleared=cleared.dt.strftime(DAY_FIRST), clock_doubt=doubt(flag_1, flag_2))
    return as_lines(
        frame, ";",
        pl.concat_str(pl.lit("T"), (pl.col("visit") * 2 + (~pl.col("is_in")).cast(pl.Int64)).cast(pl.String)),
        pl.when("is_in").then(pl.lit("E")).otherwise(pl.lit("S")), pl.lit("P6"), "lane_name", "presented", "cleared", "plate", "badge", "carrier",
        pl.when("is_in").then("delivered").otherwise("taken"), pl.when("is_in").then("delivered_2").otherwise("taken_2"),
        pick("direction", ("IMP", "EXP", "MIXTE")), pick("cargo", ("SEC", "FRIGO", "DANGEREUX", "VIDE")), "appointment",
    )  # fmt: skip


def gate_terminal(records: pl.DataFrame, options: Options, faulty: dict[tuple[str, str], int]) -> pl.DataFrame:
    """Lines of the terminal gates, two a yard call. `faulty` maps (place, local day) to the seconds that clock is off."""
    yard = records.filter(pl.col("role").is_in([port.YARD_1, port.YARD_2])).with_columns(place=pick(pl.col("pool") - port.P_TCE, _TERMINAL_GATES))
    if yard.is_empty():
        return pl.DataFrame(schema=LINES)
    is_first = pl.col("role") == port.YARD_1
    delivers = ((pl.col("direction") == 1) | (pl.col("direction") == 2)) & is_first
    takes = (pl.col("direction") == 0) | ((pl.col("direction") == 2) & ~is_first)
    two = pl.col("has_two") & (pl.col("direction") < 2)
    entry = yard.with_columns(
        event=pl.lit("GATE_IN"), presented=pl.col("arrived") - TERMINAL_GATE_S, at=pl.col("arrived"),
        box=pl.when(delivers).then("container").otherwise(pl.lit("")), box_2=pl.when(delivers & two).then("container_2").otherwise(pl.lit("")),
    )  # fmt: skip
    leave = yard.with_columns(
        event=pl.lit("GATE_OUT"), presented=pl.col("left") - 20, at=pl.col("left"),
        box=pl.when(takes & (pl.col("direction") == 2)).then("container_2").when(takes).then("container").otherwise(pl.lit("")),
        box_2=pl.when(takes & two).then("container_2").otherwise(pl.lit("")),
    )  # fmt: skip
    frame = _misread(pl.concat([entry, leave]), options, 24, 0.002)
    move = pl.when(pl.col("direction") < 2).then(pick("direction", ("IMPORT", "EXPORT"))).when(is_first).then(pl.lit("EXPORT")).otherwise(pl.lit("IMPORT"))
    shift = _shift(frame, faulty)
    frame = frame.with_columns(_iso_offset(frame["presented"] + shift).alias("t1"), _iso_offset(frame["at"] + shift).alias("t2"))
    return as_lines(
        frame, ",", pl.concat_str("place", (pl.col("visit") * 8 + pl.col("role")).cast(pl.String), pl.col("event").str.slice(5, 1), separator="-"),
        pl.col("place").str.slice(0, 3), "place", "event", "t1", "t2", "plate", "box", "box_2", move, pick("cargo", ("GP", "RF", "DG", "MT")), "appointment",
    )  # fmt: skip


def _iso_offset(seconds: pl.Series) -> pl.Series:
    wall, _ = local(seconds)
    hour = ((wall.dt.epoch("s") - seconds) // 3600).cast(pl.String)
    return wall.dt.strftime("%Y-%m-%dT%H:%M:%S") + "+0" + hour + ":00"


def local_days(seconds: pl.Series) -> pl.Series:
    return local(seconds)[0].dt.date()


def _shift(frame: pl.DataFrame, faulty: dict[tuple[str, str], int]) -> pl.Series:
    """Return the seconds each line's clock is off, by place ('' for all places of the source) and local day."""
    if not faulty:
        return pl.Series(np.zeros(len(frame), dtype=np.int64))
    days = local_days(frame["at"]).cast(pl.String)
    total = pl.Series(np.zeros(len(frame), dtype=np.int64))
    for (place, day), seconds in faulty.items():
        hit = (days == day) & (frame["place"] == place) if place else days == day
        total = total + hit.cast(pl.Int64) * seconds
    return total


def weighings(records: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one row a weighing: `place`, `box`, `is_full`, `kilos`, `is_again`, arrived, started and ended.

    Two full weighings in a hundred are made again at once, within the time the truck stood on the bridge: the first ticket was 6 to 12 % too low.
    """
    frame = records.filter(pl.col("role").is_in([port.WEIGH_1, port.WEIGH_2]))
    is_full = (pl.col("role") == port.WEIGH_1) == (pl.col("direction") == 1)
    box = pl.when(~is_full).then(pl.lit("")).when(pl.col("direction") == 2).then("container_2").otherwise("container")
    draw = uniform(options.seed, 27, frame["visit"].to_numpy(), frame["role"].to_numpy())
    kilos = pl.col("tare_kg") + pl.when(is_full).then("cargo_kg").otherwise(0) + pl.Series((draw * 120).astype(np.int64))
    frame = frame.with_columns(
        place=pl.concat_str(pl.lit("WB"), (pl.col("server") + 1).cast(pl.String)), box=box, is_full=is_full, e_slip=pl.Series(draw < 0.82), kilos=kilos // 20 * 20, is_again=pl.lit(False),
    )  # fmt: skip
    wrong = pl.Series(uniform(options.seed, 155, frame["visit"].to_numpy()), dtype=pl.Float64)
    is_twice = (wrong < 0.02) & frame["is_full"] & (frame["ended"] - frame["started"] >= 20)
    twice, between = frame.filter(is_twice), pl.col("started") + (pl.col("ended") - pl.col("started")) * 9 // 20
    first = twice.with_columns(ended=between, kilos=(pl.col("kilos") * (0.88 + 3 * wrong.filter(is_twice))).cast(pl.Int64) // 20 * 20)
    again = twice.with_columns(arrived=between, started=between + 4, is_again=pl.lit(True))
    return pl.concat([frame.filter(~is_twice), first, again]).sort("visit", "started").with_columns(at=pl.col("ended"))


def true_weighings(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        visit_no="visit", weighing_code=pl.when("is_full").then(pl.lit("full")).otherwise(pl.lit("empty")), place_code="place", arrived_at="arrived", started_at="started", ended_at="ended",
        gross_mass_kg="kilos", is_e_slip="e_slip", is_again="is_again",
    )  # fmt: skip


def weighbridge(frame: pl.DataFrame, options: Options, faulty: dict[tuple[str, str], int]) -> pl.DataFrame:
    """Lines of `weighings`. `faulty` as in gate_terminal."""
    if frame.is_empty():
        return pl.DataFrame(schema=LINES)
    frame = frame.with_columns(mass=pl.concat_str((pl.col("kilos") // 1000).cast(pl.String), pl.lit(","), (pl.col("kilos") % 1000 // 10).cast(pl.String).str.zfill(2)))
    frame = _misread(frame, options, 26, 0.0)  # Windows-1252 has no Arabic letters: see README
    if options.has_faults:
        wrong = pl.Series(uniform(options.seed, 28, frame["visit"].to_numpy(), frame["role"].to_numpy()) < 0.004) & frame["plate"].str.contains("0", literal=True)
        frame = frame.with_columns(
            plate=pl.when(wrong).then(pl.col("plate").str.replace("0", "O", literal=True)).otherwise("plate"), misread=pl.when(wrong).then(pl.lit("misread_plate"))
        )  # fmt: skip
    shift, frozen = _shift(frame, faulty), skipped_hour() if options.has_faults else None
    times = [local(frame[name] + shift, frozen) for name in ("arrived", "started", "ended")]
    frame = frame.with_columns(*(wall.dt.strftime(DAY_FIRST).alias(f"t{n}") for n, (wall, _) in enumerate(times)), clock_doubt=doubt(*(flag for _, flag in times)))
    return as_lines(
        frame, ";", pl.concat_str(pl.lit("B"), (pl.col("visit") * 2 + pl.col("role") - port.WEIGH_1).cast(pl.String), pl.when("is_again").then(pl.lit("R")).otherwise(pl.lit(""))), "place",
        pl.when("is_full").then(pl.lit("PLEIN")).otherwise(pl.lit("VIDE")), "t0", "t1", "t2", "plate", "box", "mass",
        pl.when("e_slip").then(pl.lit("OUI")).otherwise(pl.lit("NON")),
    )  # fmt: skip


def checks(records: pl.DataFrame, scans: pl.DataFrame, options: Options, served: pl.DataFrame) -> pl.DataFrame:
    """Lines of checks and inspections. `scans` are scan records joined to their verdict; `served` lists every document check made."""
    box = pl.when(pl.col("direction") == 2).then("container_2").otherwise("container")
    simple = records.filter(pl.col("role").is_in([port.PHYSICAL, port.PHYTO, port.EXIT])).with_columns(
        place=pl.when(pl.col("role") == port.PHYSICAL).then(pl.lit("INSP")).when(pl.col("role") == port.PHYTO).then(pl.lit("ONSSA")).otherwise(pl.lit("EXIT")),
        what=pl.when(pl.col("role") == port.PHYSICAL).then(pl.lit("VISITE")).when(pl.col("role") == port.PHYTO).then(pl.lit("ONSSA")).otherwise(pl.lit("SORTIE")),
        who=pl.when(pl.col("role") == port.PHYTO).then(pl.lit("ONSSA")).otherwise(pl.lit("DOUANE")),
        result=pl.when(pl.col("role") == port.EXIT).then(pl.lit("")).when((pl.col("role") == port.PHYSICAL) & pl.col("is_hit")).then(pl.lit("INFRACTION")).otherwise(pl.lit("CONFORME")),
        verdict=pl.when(pl.col("role") != port.EXIT).then("ended"), box=box, at=pl.col("ended"),
    )  # fmt: skip
    scan = scans.with_columns(
        place=pl.lit("SCAN"), what=pl.lit("SCANNER"), who=pl.lit("DOUANE"), box=box, at=pl.col("ended"),
        result=pl.when("is_scan_hit").then(pl.lit("INFRACTION")).otherwise(pl.lit("CONFORME")),
    )  # fmt: skip
    papers = served.with_columns(what=pl.lit("DOCUMENTS"), result=pl.lit(""), verdict=pl.lit(None, dtype=pl.Int64), box=pl.lit(""), at=pl.col("ended"))
    columns = ["at", "visit", "place", "what", "who", "arrived", "started", "ended", "verdict", "result", "plate", "box"]
    frame = _misread(pl.concat([part.select(columns) for part in (simple, scan, papers)]), options, 30, 0.002)
    texts = [
        pl.from_epoch(pl.col(name) + 3600, time_unit="s").dt.strftime(ISO).fill_null("").alias(name) for name in ("arrived", "started", "ended", "verdict")
    ]
    return as_lines(frame, ";", "what", "place", "who", *texts, "result", "plate", "box")


def true_inspections(records: pl.DataFrame, scans: pl.DataFrame) -> pl.DataFrame:
    """One row a scan or inspection. `scans` as in checks; seconds become instants in truth.instants."""
    found = records.filter(pl.col("role").is_in([port.PHYSICAL, port.PHYTO])).with_columns(verdict=pl.col("ended"), hit=(pl.col("role") == port.PHYSICAL) & pl.col("is_hit"))
    both = pl.concat([part.select("visit", "role", "arrived", "started", "ended", "verdict", "hit") for part in (found, scans.with_columns(hit="is_scan_hit"))])
    kinds = {port.SCAN: "scan", port.PHYSICAL: "physical_inspection", port.PHYTO: "phytosanitary_inspection"}
    return both.select(
        visit_no="visit", service_code=pl.col("role").replace_strict(kinds, return_dtype=pl.String), arrived_at="arrived", started_at="started", ended_at="ended", verdict_at="verdict",
        inspection_result_code=pl.when("hit").then(pl.lit("hit")).otherwise(pl.lit("clear")),
    )  # fmt: skip


def document_checks(records: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return every document check of the records, recorded or not: visit, place, who asked, seconds, `is_made`.

    Pilot visits are spared the first `checks_removed` of the list; those rows have `is_made` false.
    """
    yards = records.filter(pl.col("role").is_in([port.YARD_1, port.YARD_2])).with_columns(place=pick(pl.col("pool") - port.P_TCE, _TERMINAL_GATES))
    by_role = {role: records.filter(pl.col("role") == role) for role in (port.OUT, port.WEIGH_1, port.WEIGH_2, port.EXIT)}
    weigh = pl.concat_str(pl.lit("WB"), (pl.col("server") + 1).cast(pl.String))
    within = pl.min_horizontal(pl.col("ended") - 1, pl.col("started") + 25)
    parts = [
        (by_role[port.OUT].with_columns(place=pl.lit("P6"), who=pl.lit("POLICE"), ended=within), 1.0, 1),
        (by_role[port.WEIGH_1].with_columns(place=weigh, who=pl.lit("ANP"), ended=within), 1.0, 2),
        (by_role[port.WEIGH_2].with_columns(place=weigh, who=pl.lit("ANP"), ended=within), 0.85, 3),
        (by_role[port.EXIT].with_columns(place=pl.lit("EXIT"), who=pl.lit("DOUANE"), ended=within), 1.0, 9),
        (yards.with_columns(who=pl.lit("TERMINAL"), started=pl.col("arrived") - 30, ended=pl.col("arrived") - 4, arrived=pl.col("arrived") - 30), 0.95, 9),
        (yards.with_columns(who=pl.lit("DOUANE"), started=pl.col("left") - 16, ended=pl.col("left") - 3, arrived=pl.col("left") - 16), 0.70, 9),
    ]
    kept = []
    for number, (part, share, rank) in enumerate(parts):
        asked = pl.Series(uniform(options.seed, 40 + number, part["visit"].to_numpy(), part["role"].to_numpy()) < share, dtype=pl.Boolean)
        is_made = ~pl.col("in_pilot") if rank <= options.checks_removed else pl.lit(True)
        columns = ("visit", "role", "place", "who", pl.min_horizontal("arrived", "started").alias("arrived"), "started", "ended", "plate", "is_covered")
        kept.append(part.filter(asked).select(*columns, is_made=is_made))
    return pl.concat(kept)
