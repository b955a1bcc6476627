"""Customs declarations of the sample: what they say, when their events happen, their lines, and the truth of both."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data.simulator import port
from sample_data.simulator.draws import uniform
from sample_data.simulator.options import Options
from sample_data.simulator.plan import CHANNELS, midnight_s
from sample_data.simulator.rows import ISO, LINES, as_lines, doubt, local, local_days, pick, skipped_hour

_HEADINGS = ("0805", "8517", "6109", "1006", "8703", "3004", "0703", "9403", "1701", "8471")
_FOOD = (0, 3, 6, 8)  # headings whose import the food safety office (ONSSA) is asked about
# Regime -> share of the declarations up to and with it.
_IMPORT_REGIMES, _EXPORT_REGIMES = (("010", 0.80), ("022", 0.90), ("036", 0.97), ("035", 1.0)), (("060", 0.9), ("069", 1.0))
_EVENT = ("number", "visit", "box_part", "is_import", "event", "at", "office", "regime", "heading", "circuit", "is_hit", "declarant", "box", "declared_kg", "order_fault")
_CODES = {
    "ENREGISTREMENT": "lodged", "SELECTION": "channel_assigned", "ORDRE_VISITE": "inspection_ordered", "DEBUT_VISITE": "inspection_started", "FIN_VISITE": "inspection_ended",
    "LIQUIDATION": "paid", "MAINLEVEE": "released", "ARRIVEE": "arrived", "DEMANDE_AVIS": "agency_asked", "AVIS_RENDU": "agency_answered",
}  # fmt: skip
_UNSAID = ("ENREGISTREMENT", "ARRIVEE")  # the channel is not given yet
# What cannot be, by the code of the fault: minutes of each event from the lodging.
_IMPOSSIBLE = {
    "release_before_lodged": {"ENREGISTREMENT": 0, "MAINLEVEE": -45},
    "channel_before_lodged": {"ENREGISTREMENT": 0, "SELECTION": -20, "MAINLEVEE": 180},
    "payment_before_lodged": {"ENREGISTREMENT": 0, "SELECTION": 10, "LIQUIDATION": -30, "MAINLEVEE": 180},
    "order_before_lodged": {"ENREGISTREMENT": 0, "SELECTION": 10, "ORDRE_VISITE": -15, "DEBUT_VISITE": 60, "FIN_VISITE": 100, "MAINLEVEE": 180},
    "release_before_channel": {"ENREGISTREMENT": 0, "SELECTION": 90, "MAINLEVEE": 60},
    "start_before_order": {"ENREGISTREMENT": 0, "SELECTION": 10, "ORDRE_VISITE": 120, "DEBUT_VISITE": 60, "FIN_VISITE": 150, "MAINLEVEE": 180},
    "end_before_start": {"ENREGISTREMENT": 0, "SELECTION": 10, "ORDRE_VISITE": 20, "DEBUT_VISITE": 120, "FIN_VISITE": 90, "MAINLEVEE": 180},
    "release_before_inspection": {"ENREGISTREMENT": 0, "SELECTION": 10, "ORDRE_VISITE": 20, "DEBUT_VISITE": 60, "FIN_VISITE": 150, "MAINLEVEE": 120},
    "answer_before_request": {"ENREGISTREMENT": 0, "SELECTION": 10, "DEMANDE_AVIS": 120, "AVIS_RENDU": 60, "MAINLEVEE": 180},
}  # fmt: skip


def _declarations(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one row a container of `visits`: box, part, what the declaration says."""
    first = visits.with_columns(part=pl.lit(0), box=pl.col("container"), is_import=pl.col("direction") == 0)
    second = visits.filter("has_two").with_columns(part=pl.lit(1), box=pl.col("container_2"), is_import=pl.col("direction") != 1)
    both = pl.concat([first, second])
    # A dual visit's channel is that of the box it picks up; the delivered one is accepted as declared.
    circuit = pl.when((pl.col("direction") == 2) & (pl.col("part") == 0)).then(0).otherwise(pl.col("channel"))
    visit, part = both["visit"].to_numpy(), both["part"].to_numpy()
    declarant, heading = (uniform(options.seed, 59, visit) * 60).astype(np.int64) + 1, (uniform(options.seed, 58, visit, part) * len(_HEADINGS)).astype(np.int64)
    regime = uniform(options.seed, 150, visit, part)
    return both.with_columns(
        order_fault=pl.lit(""), box_part=pl.when(pl.col("direction") == 2).then(0).otherwise("part").cast(pl.Int32), number=pl.concat_str(pl.when("is_import").then(pl.lit("IM")).otherwise(pl.lit("EX")), pl.lit("309"), (pl.col("visit") * 2 + pl.col("part")).cast(pl.String).str.zfill(8)),
        declarant=pl.Series(declarant), heading=pl.Series(heading), office=pl.Series(np.where(declarant <= 42, "309", "312")), circuit=circuit,
        regime=pl.when("is_import").then(_by_share(regime, _IMPORT_REGIMES)).otherwise(_by_share(regime, _EXPORT_REGIMES)), declared_kg=_declared(_masses(both, options), both, options),
    )  # fmt: skip


def _by_share(draw: np.ndarray, shares: tuple[tuple[str, float], ...]) -> pl.Series:
    return pl.Series(np.select([draw < below for _, below in shares], [code for code, _ in shares], ""))


def _masses(both: pl.DataFrame, options: Options) -> np.ndarray:
    """Return what each box weighs, itself included: the visit's load, shared by two boxes of one direction; the one a dual visit drops has a mass of its own."""
    load, part, is_dual = both["cargo_kg"].to_numpy(), both["part"].to_numpy(), (both["direction"] == 2).to_numpy()
    draw = uniform(options.seed, 153, both["visit"].to_numpy())
    first = (load * (0.4 + 0.2 * draw)).astype(np.int64)
    shared = np.where(part == 0, first, load - first)
    return np.where(is_dual, np.where(part == 0, (4_000 + 24_000 * draw).astype(np.int64), load), np.where(both["has_two"].to_numpy(), shared, load))


def _declared(mass: np.ndarray, both: pl.DataFrame, options: Options) -> pl.Series:
    """What the declaration says of the mass: nine in ten within 1.5 %, 6 % off by 5 to 20 %, 4 % say nothing. Whole tens of kg."""
    keys = both["visit"].to_numpy(), both["part"].to_numpy()
    slip, size = uniform(options.seed, 151, *keys), uniform(options.seed, 152, *keys)
    error = np.where(slip < 0.90, 0.03 * (size - 0.5), np.where(size < 0.5, -0.05 - 0.3 * size, 0.05 + 0.3 * (size - 0.5)))
    stated = pl.Series("stated", np.rint(mass * (1 + error) / 10).astype(np.int64) * 10)
    return stated.set(pl.Series(slip >= 0.96), None)


def planned(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the events of declarations before the truck comes, one row each: `event`, `at` and what the declaration says. Visits are the plan's; nothing is lodged before the first day.

    Customs log the arrival of five imports in six, 5 to 40 minutes after the discharge.
    """
    frame = _declarations(visits, options)
    keys = frame["visit"].to_numpy(), frame["part"].to_numpy()
    times = _times(frame, options)
    times["ARRIVEE"] = times["ARRIVEE"] + (300 + 2100 * uniform(options.seed, 156, *keys)).astype(np.int64)
    physical, is_noted = pl.col("circuit") == 2, pl.Series(uniform(options.seed, 157, *keys) < 5 / 6)
    food = pl.col("is_import") & pl.col("heading").is_in(_FOOD)
    wanted = {"LIQUIDATION": pl.col("is_import"), "MAINLEVEE": ~physical, "ORDRE_VISITE": physical, "ARRIVEE": pl.col("is_import") & is_noted, "DEMANDE_AVIS": food, "AVIS_RENDU": food}
    parts = [frame.with_columns(event=pl.lit(event), at=pl.Series(at)).filter(wanted.get(event, pl.lit(True))) for event, at in times.items()]
    return pl.concat([*(part.select(_EVENT) for part in parts), *_impossible(frame, options)])


def discharged(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the boxes that planned visits will pick up: visit, part, box, direction, terminals, cargo, and `at`, when the ship was discharged."""
    frame = _declarations(visits, options)
    return frame.with_columns(at=pl.Series(_times(frame, options)["ARRIVEE"])).filter("is_import").select("visit", "part", "box", "direction", "terminal", "terminal_2", "cargo", "at")


def _times(frame: pl.DataFrame, options: Options) -> dict[str, np.ndarray]:
    """Return the UTC second of each event of the declarations (`_declarations`), whether it is to happen or not."""
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
    asked = selected + (0.2 * (paid - selected)).astype(np.int64)
    answered = paid + (0.6 * (np.where(frame["circuit"].to_numpy() == 2, ordered, released) - paid)).astype(np.int64)
    return {
        "ENREGISTREMENT": lodged, "SELECTION": selected, "LIQUIDATION": paid, "MAINLEVEE": released, "ORDRE_VISITE": ordered, "ARRIVEE": discharged,
        "DEMANDE_AVIS": asked, "AVIS_RENDU": answered,
    }  # fmt: skip


def inspected(records: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the events of physical inspections and the release that follows them, from the inspection bay's records; as `planned`."""
    done = records.filter(pl.col("role") == port.PHYSICAL)
    frame = _declarations(done, options).filter(pl.col("circuit") == 2)
    after = (120 + 240 * uniform(options.seed, 57, frame["visit"].to_numpy())).astype(np.int64)
    parts = [
        frame.with_columns(event=pl.lit("DEBUT_VISITE"), at=pl.col("started")), frame.with_columns(event=pl.lit("FIN_VISITE"), at=pl.col("ended")),
        frame.with_columns(event=pl.lit("MAINLEVEE"), at=pl.col("ended") + pl.Series(after)),
    ]  # fmt: skip
    return pl.concat([part.select(_EVENT) for part in parts])


def _impossible(frame: pl.DataFrame, options: Options) -> list[pl.DataFrame]:
    """Return the events of declarations no order can explain, two a local day and each kind in turn. They name no box, so no visit has one of them."""
    days = local_days(frame["arrive"])
    draw = pl.Series(uniform(options.seed, 160, frame["visit"].to_numpy(), frame["part"].to_numpy()))
    models = frame.with_columns(day=days, draw=draw).filter("is_import").sort("draw", "visit").group_by("day", maintain_order=True).head(2)
    if not options.has_faults or models.is_empty():
        return []
    nth = models.select(pl.int_range(pl.len()).over("day")).to_series()
    models = models.with_columns(
        fault=(models["day"].dt.epoch("d") * 2 + nth) % len(_IMPOSSIBLE), box=pl.lit(""), declared_kg=pl.lit(None, pl.Int64), is_hit=pl.lit(False), base=pl.Series([midnight_s(day) + 9 * 3600 for day in models["day"]], dtype=pl.Int64),
        number=pl.concat_str(pl.lit("IM309"), (90_000_000 + pl.col("visit") * 2 + pl.col("part")).cast(pl.String)),
    )  # fmt: skip
    return [
        models.filter(pl.col("fault") == number).with_columns(event=pl.lit(event), at=pl.col("base") + 60 * minutes, order_fault=pl.lit(kind), visit=pl.lit(-1, pl.Int64)).select(_EVENT)
        for number, (kind, events) in enumerate(_IMPOSSIBLE.items())
        for event, minutes in events.items()
    ]


def lines(frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Lines of events, as `planned` and `inspected` give them."""
    if frame.is_empty():
        return pl.DataFrame(schema=LINES)
    wall, flag = local(frame["at"], skipped_hour() if options.has_faults else None)
    frame = frame.with_columns(
        place=pl.lit(""), wall=wall.dt.strftime(ISO), clock_doubt=doubt(flag),
        result=pl.when(pl.col("event") != "FIN_VISITE").then(pl.lit("")).when("is_hit").then(pl.lit("INFRACTION")).otherwise(pl.lit("CONFORME")),
        misread=pl.when(pl.col("order_fault") != "").then(pl.lit("impossible_order")),
        mass=pl.when(pl.col("event") == "ENREGISTREMENT").then(pl.col("declared_kg").cast(pl.String)).fill_null(""),
    )  # fmt: skip
    circuit = pl.when(pl.col("event").is_in(_UNSAID)).then(pl.lit("")).otherwise(pick("circuit", ("ADMIS_CONFORME", "DOCUMENTS", "VISITE")))
    return as_lines(
        frame, ";", "number", "event", "wall", "office", "regime", pick("heading", _HEADINGS), circuit, "result",
        pl.concat_str(pl.lit("TRANSIT "), pl.col("declarant").cast(pl.String).str.zfill(2)), "box", "mass",
    )  # fmt: skip


def true_events(frame: pl.DataFrame) -> pl.DataFrame:
    """One row an event of a declaration, as it was said: the channel from the selection on, the mass at the lodging; `part` as in the moves. Seconds become instants in truth.instants."""
    is_end = pl.col("event") == "FIN_VISITE"
    return frame.select(
        declaration_no="number", visit_no=pl.when(pl.col("visit") >= 0).then("visit"), part="box_part", direction_code=pl.when("is_import").then(pl.lit("import")).otherwise(pl.lit("export")),
        event_code=pl.col("event").replace_strict(_CODES, return_dtype=pl.String), event_at="at", office_code="office", regime_code="regime", hs_code=pick("heading", _HEADINGS),
        channel_code=pl.when(~pl.col("event").is_in(_UNSAID)).then(pick("circuit", CHANNELS)),
        inspection_result_code=pl.when(is_end & pl.col("is_hit")).then(pl.lit("hit")).when(is_end).then(pl.lit("clear")),
        declared_kg=pl.when(pl.col("event") == "ENREGISTREMENT").then("declared_kg"), order_fault_code=pl.when(pl.col("order_fault") != "").then("order_fault"),
    )  # fmt: skip
