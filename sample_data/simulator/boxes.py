"""Log lines of what happens to boxes beside the trucks: container moves, filings of US-bound boxes, electronic messages. And the truth of each.

Frames come first, lines are made of them, so that the truth is what was drawn and not what was written.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data.simulator import declarations, port
from sample_data.simulator.draws import uniform
from sample_data.simulator.options import Options
from sample_data.simulator.plan import midnight_s
from sample_data.simulator.rows import LINES, as_lines, doubt, local, pick, skipped_hour

DAY_S, HOUR_S = 86400, 3600
CODECO_TERMINAL = 2  # Somaport reports its gate by CODECO from the first day of positions on, by CSV before
CARGO_WORDS = ("GP", "RF", "DG", "MT")
# What a targeter writes beside a tier. Invented; never mapped, and searched for in everything published.
CRITERIA = ("PREMIER ENVOI EXPEDITEUR NOUVEAU", "ROUTAGE INHABITUEL", "DECLARATION VAGUE", "POIDS INCOHERENT")
PARTNERS = ("BADR", "FRFOS", "LIGNES", "TERMINAUX")
# Share of messages rejected, seconds they travel (median) and its log spread, by partner.
_EXCHANGE = {"BADR": (0.03, 45, 0.8), "FRFOS": (0.07, 420, 0.9), "LIGNES": (0.06, 240, 1.0), "TERMINAUX": (0.04, 90, 0.7)}
_REASONS = ("SYNTAXE", "DONNEE_MANQUANTE", "REFERENCE_INCONNUE", "CONTRADICTION", "HORS_DELAI")
MOVE_WORDS = {"discharge": "DISCHARGE", "gate_in": "GATE_IN", "gate_out": "GATE_OUT", "load": "LOAD"}


def _normal(draw: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return standard normal numbers of two uniform ones (Box-Muller)."""
    return np.sqrt(-2 * np.log(1 - draw)) * np.cos(2 * np.pi * other)


def _spread(seed: int, stream: int, median: float, sigma: float, *keys: np.ndarray) -> np.ndarray:
    return median * np.exp(sigma * _normal(uniform(seed, stream, *keys), uniform(seed, stream + 1, *keys)))


# ---- container moves


def discharges(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the discharge of each box that planned visits will pick up: visit, part, box, terminal, cargo, at. What was there before the first day has none."""
    frame = declarations.discharged(visits, options).filter(pl.col("at") > midnight_s(options.start))
    is_dual = pl.col("direction") == 2
    return frame.select("visit", part=pl.when(is_dual).then(0).otherwise("part").cast(pl.Int32), box="box", where=pl.when(is_dual).then("terminal_2").otherwise("terminal"), cargo="cargo", at="at", code=pl.lit("discharge"))


def gate_moves(records: pl.DataFrame) -> pl.DataFrame:
    """Return the boxes that pass a terminal's gate with these yard records: received when the truck drives in, delivered when it drives out."""
    yard = records.filter(pl.col("role").is_in([port.YARD_1, port.YARD_2])).with_columns(where=pl.col("pool") - port.P_TCE)
    is_first, direction = pl.col("role") == port.YARD_1, pl.col("direction")
    received = yard.filter((direction > 0) & is_first).with_columns(code=pl.lit("gate_in"), at=pl.col("arrived"), box=pl.col("container"), part=pl.lit(0))
    delivered = yard.filter((direction == 0) | ((direction == 2) & ~is_first)).with_columns(
        code=pl.lit("gate_out"), at=pl.col("left"), box=pl.when(direction == 0).then("container").otherwise("container_2"), part=pl.lit(0)
    )
    both = pl.concat([received, delivered])
    second = both.filter(pl.col("has_two") & (direction < 2)).with_columns(box=pl.col("container_2"), part=pl.lit(1))
    return pl.concat([both, second])


def loadings(gate: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the loading of each box received (`gate_moves`), with `since`, when it was. US-bound boxes stay under four days."""
    frame = gate.filter(pl.col("code") == "gate_in")
    keys = frame["visit"].to_numpy(), frame["part"].to_numpy()
    is_us = uniform(options.seed, 112, *keys) < 0.12
    stay = np.clip(_spread(options.seed, 113, 2.0 * DAY_S, 0.5, *keys), 14 * HOUR_S, np.where(is_us, 3.8 * DAY_S, 9 * DAY_S)).astype(np.int64)
    return frame.with_columns(code=pl.lit("load"), since=pl.col("at"), is_us=pl.Series(is_us, dtype=pl.Boolean)).with_columns(at=pl.col("at") + pl.Series(stay))


def by_codeco(frame: pl.DataFrame, options: Options) -> pl.Series:
    """Say which gate moves come as CODECO messages instead of CSV lines."""
    return frame.select((pl.col("where") == CODECO_TERMINAL) & (pl.col("at") >= midnight_s(options.tracking_start)) & pl.col("code").is_in(["gate_in", "gate_out"])).to_series()


def move_lines(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(place=pick("where", port.TERMINALS))
    return as_lines(frame, ",", "place", pl.col("code").replace_strict(MOVE_WORDS, return_dtype=pl.String), "box", _utc("at"), pick("cargo", CARGO_WORDS))


def codeco_messages(frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one CODECO message a gate move, as one line: UNH to UNT, in the terminal's wall time. Import boxes leave full or empty as they are."""
    if frame.is_empty():
        return pl.DataFrame(schema=LINES)
    wall, flag = local(frame["at"], skipped_hour() if options.has_faults else None)
    is_in = pl.col("code") == "gate_in"
    number = (pl.col("visit") * 4 + pl.col("part") * 2 + is_in.cast(pl.Int64)).cast(pl.String)
    frame = frame.with_columns(
        place=pick("where", port.TERMINALS), number=number, when=wall.dt.strftime("%Y%m%d%H%M%S"), clock_doubt=doubt(flag), what=pl.when(is_in).then(pl.lit("34")).otherwise(pl.lit("36")),
        status=pl.when(is_in).then(pl.lit("2")).otherwise(pl.lit("3")), fill=pl.when(pl.col("cargo") == 3).then(pl.lit("4")).otherwise(pl.lit("5")),
    )  # fmt: skip
    segments = (
        ("UNH+", "number", "+CODECO:D:00B:UN:SMDG21"), ("BGM+", "what", "+", "place", "number", "+9"), ("TDT+1++3++:172+++", "plate", ":146"), ("NAD+MS+", "place", ":160:ZZZ"),
        ("EQD+CN+", "box", "+22G1:102:5++", "status", "+", "fill"), ("FTX+AAA+++", "kind"), ("DTM+7:", "when", ":204"), ("LOC+165+MACAS:139:6+", "place", ":TER:ZZZ"), ("CNT+16:1",), ("UNT+10+", "number"),
    )  # fmt: skip
    frame = frame.with_columns(kind=pick("cargo", CARGO_WORDS))
    parts = [pl.col(part) if part in frame.columns else pl.lit(part) for segment in segments for part in (*segment, "'")]
    return as_lines(frame, "", *parts)


# ---- filings of US-bound boxes


def filings(loaded: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return one filing a US-bound box: filed, loading, tier, referred, answer, inspections, result, resolved. Null seconds mean it did not happen."""
    frame = loaded.filter("is_us")
    keys = frame["visit"].to_numpy(), frame["part"].to_numpy()
    draw = [uniform(options.seed, 120 + stream, *keys) for stream in range(10)]
    loading = frame["at"].to_numpy()
    lead = np.where(draw[0] < 0.05, 3 + 20 * draw[1], 24.2 + 40 * draw[1]) * HOUR_S
    filed = np.maximum(loading - lead.astype(np.int64), midnight_s(options.start) + (draw[1] * HOUR_S).astype(np.int64))
    inspected = (frame["is_scanned"] | frame["is_physical"]).to_numpy()
    high = (inspected & (draw[2] < 0.8)) | (draw[3] < 0.02)
    tier = np.where(high, 2, np.where(draw[2] < 0.25, 1, 0))
    is_referred = (high & (draw[4] < 0.92)) | ((tier == 1) & (draw[4] < 0.06))
    referred = filed + ((0.5 + 5 * draw[5]) * HOUR_S).astype(np.int64)
    is_accepted = is_referred & (inspected | (draw[6] < 0.2))
    is_scanned = is_accepted & (frame["is_scanned"].to_numpy() | ~inspected)
    is_opened = is_accepted & frame["is_physical"].to_numpy()
    is_hit = (is_opened & frame["is_hit"].to_numpy()) | (is_scanned & frame["is_scan_hit"].to_numpy())
    known = np.maximum(referred, np.where(is_accepted, frame["since"].to_numpy(), 0))  # an inspection waits for the box
    resolved = known + np.where(is_accepted, (1 + 14 * draw[7]) * HOUR_S, (0.5 + 4 * draw[7]) * HOUR_S).astype(np.int64)
    is_resolved = is_referred & (draw[8] >= 0.03)

    def only(condition: np.ndarray, seconds: np.ndarray) -> pl.Expr:
        return pl.when(pl.Series(condition)).then(pl.Series(seconds))

    return frame.with_columns(
        filed=pl.Series(filed), tier=pl.Series(tier), referred=only(is_referred, referred), resolved=only(is_resolved, resolved), has_nii=pl.Series(is_scanned), has_physical=pl.Series(is_opened),
        answer=pl.Series(np.where(is_accepted, 1, np.where(is_referred, 2, 0))), result=pl.Series(np.where(is_hit, 2, np.where((is_scanned | is_opened) & is_resolved, 1, 0))),
        criterion=pl.Series(np.where(high, (draw[9] * len(CRITERIA)).astype(np.int64), -1)),
    )  # fmt: skip


def filing_lines(frame: pl.DataFrame) -> pl.DataFrame:
    def yes(name: str) -> pl.Expr:
        return pl.when(name).then(pl.lit("O")).otherwise(pl.lit("N"))

    return as_lines(
        frame.with_columns(place=pl.lit("")), ";", "box", pick("where", port.TERMINALS), _utc("filed"), _utc("at"), pick("tier", ("1", "2", "3")), pick("criterion", CRITERIA), _utc("referred"),
        pick("answer", ("", "ACCEPTE", "DISPENSE")), yes("has_nii"), yes("has_physical"), pick("result", ("", "CONFORME", "INFRACTION")), _utc("resolved"),
    )  # fmt: skip


# ---- electronic messages


def messages(visits: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return the messages about planned visits: type, partner, sent, received, answer, reason, due (the planned arrival). Nothing is sent before the first day."""
    seed, visit = options.seed, visits["visit"].to_numpy()
    exports, imports = (visits["direction"] != 0).to_numpy(), (visits["direction"] != 1).to_numpy()
    kinds = (
        ("CUSDEC", "BADR", uniform(seed, 130, visit) < 0.5), ("VERMAS", "TERMINAUX", exports & (uniform(seed, 131, visit) < 0.5)), ("COPARN", "LIGNES", exports & (uniform(seed, 132, visit) < 0.25)),
        ("CUSCAR", "FRFOS", imports & (uniform(seed, 133, visit) < 0.12)), ("COARRI", "FRFOS", exports & (uniform(seed, 134, visit) < 0.08)),
    )  # fmt: skip
    frame = pl.concat([visits.filter(pl.Series(wanted)).with_columns(part=pl.lit(number), kind=pl.lit(kind), partner=pl.lit(partner)) for number, (kind, partner, wanted) in enumerate(kinds)])
    keys = frame["visit"].to_numpy(), frame["part"].to_numpy()
    begin, arrive, partner = midnight_s(options.start), frame["arrive"].to_numpy(), frame["partner"].to_list()
    ahead = np.where(uniform(seed, 135, *keys) < 0.06, -uniform(seed, 136, *keys) * 3 * HOUR_S, np.clip(_spread(seed, 137, 18 * HOUR_S, 0.8, *keys), HOUR_S / 2, 6 * DAY_S))
    sent = np.maximum(arrive - ahead.astype(np.int64), begin + (uniform(seed, 136, *keys) * np.clip(arrive - begin, 0, HOUR_S)).astype(np.int64))
    share, median, sigma = (np.array([_EXCHANGE[name][number] for name in partner]) for number in range(3))
    travel = np.clip(median * np.exp(sigma * _normal(uniform(seed, 139, *keys), uniform(seed, 140, *keys))), 1, 6 * HOUR_S).astype(np.int64)
    is_lost, is_rejected = uniform(seed, 141, *keys) < 0.008, uniform(seed, 142, *keys) < share
    reason = (uniform(seed, 143, *keys) * len(_REASONS)).astype(np.int64)
    return frame.with_columns(
        at=pl.Series(sent), received=pl.when(~pl.Series(is_lost)).then(pl.Series(sent + travel)), due=pl.col("arrive"), answer=pl.Series(np.where(is_lost, 0, np.where(is_rejected, 2, 1))),
        reason=pl.Series(np.where(is_rejected & ~is_lost, reason, -1)), number=pl.concat_str(pl.lit("MSG"), (pl.col("visit") * 8 + pl.col("part")).cast(pl.String).str.zfill(9)),
    ).select("visit", "part", "number", "kind", "partner", "at", "received", "answer", "reason", "due")  # fmt: skip


def message_lines(frame: pl.DataFrame) -> pl.DataFrame:
    return as_lines(
        frame.with_columns(place=pl.lit("")), ",", "number", "kind", "partner", _utc("at"), _utc("received"), pick("answer", ("", "ACCEPTE", "REJETE")), pick("reason", _REASONS), _utc("due")
    )


def _utc(name: str) -> pl.Expr:
    return pl.from_epoch(pl.col(name), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ").fill_null("")


# ---- truth


def true_filings(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a filing that was loaded; seconds become instants in truth.instants."""
    return frame.select(
        visit_no="visit", terminal_code=pick("where", port.TERMINALS), filed_at="filed", loading_at="at", risk_tier_code=pick("tier", ("low", "medium", "high")), referred_at="referred",
        host_answer_code=_or_null(pick("answer", ("", "accepted", "waived"))), has_nii="has_nii", has_physical="has_physical",
        inspection_result_code=_or_null(pick("result", ("", "clear", "hit"))), resolved_at="resolved",
    )  # fmt: skip


def true_messages(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        visit_no="visit", message_type_code=pl.col("kind").str.to_lowercase(), partner_code="partner", sent_at="at", received_at="received",
        message_answer_code=_or_null(pick("answer", ("", "accepted", "rejected"))),
        message_reason_code=_or_null(pick("reason", ("syntax", "missing_data", "unknown_reference", "contradiction", "late"))), needed_at="due",
    )  # fmt: skip


def true_moves(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(visit_no="visit", part="part", terminal_code=pick("where", port.TERMINALS), move_code="code", moved_at="at")


def _or_null(expr: pl.Expr) -> pl.Expr:
    return pl.when(expr != "").then(expr)
