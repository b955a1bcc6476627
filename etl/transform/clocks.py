"""Clock faults: a place's log of one local day that runs an hour off the port gate's clock. Judged from that day alone.

One visit's 60 minutes may be a real wait; a whole day's is a clock. First, of three readings (as written, an hour fast,
an hour slow) the one under which the day's lines fall inside their trucks' visits. Then the offset under that reading: a
truck reaches a place after it has left the one before and leaves it before it reaches the next, so every line bounds the
offset from both sides, and the tightest bounds of the day (10th percentile of the gaps) leave room of a few minutes. The
offset is the whole hour if the room holds it, else the middle of the room; 60 +- 2 minutes either way is a fault.
Document checks are not asked: they happen anywhere, at the terminal gate or within another point.
"""

from __future__ import annotations

import polars as pl

from etl.transform.local import minutes

READINGS_MIN = (0, 60, -60)
TOLERANCE_MIN = 2.0  # domain.md section 4
FEWEST_LINES = 8  # fewer lines on a day cannot tell a clock from a coincidence
FITS = 0.9  # share of a day's lines that must fall inside visits under a reading
BETTER_BY = 0.15  # and by how much more than as written
GATE_SHARE = 0.8  # when this share of all lines agrees on one hour, it is the port gate that is wrong
EDGE_MIN = 0.5  # rounding between two logs
ONE_SYSTEM = ("weighbridge", "services")
_PLACE_DAY = ["source_code", "place_code", "day"]
_SOURCE_DAY = ["source_code", "day"]


def judge(lines: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return one row a place and day (clock_day of its lines): lines judged, offset_min, is_clock_fault, and shift_min to take off its times.

    `lines` are all but the port gate's. Logs that one system writes for all its places are judged as a whole too (place
    `''`), and a place with too few lines of its own takes that verdict. A fault of the port gate itself shows as every
    other log being off alike: it gets a row under its own gate code, and the other logs a shift without a fault.
    """
    closed = visits.filter(pl.col("status_code") == "closed").select("visit_no", "plate_key", "entry_at", "until_at", "exit_presented_at")
    spans = lines.filter(pl.col("event_code") != "document_check").select(
        "line_no", "plate_key", "event_code", "source_code", "place_code", day="clock_day",
        from_at=pl.coalesce("arrived_at", "started_at", "event_at"), to_at=pl.max_horizontal("event_at", "ended_at", "verdict_at"),
    )  # fmt: skip
    fitted = {shift: _fitted(spans, closed, shift) for shift in READINGS_MIN}
    judged = spans.with_columns(fitted[shift]["visit_no"].is_not_null().alias(f"fits_{shift}") for shift in READINGS_MIN)
    judged = judged.filter(pl.any_horizontal(f"fits_{shift}" for shift in READINGS_MIN))
    days, whole = _readings(judged, _PLACE_DAY), _readings(judged.filter(pl.col("source_code").is_in(ONE_SYSTEM)), _SOURCE_DAY)
    gate = _gate_readings(days)
    days, whole = _with_gate(days, gate), _with_gate(whole, gate)
    days = days.join(whole.select(*_SOURCE_DAY, whole_min="reading_min", whole_n="lines_n"), on=_SOURCE_DAY, how="left")
    few = (pl.col("lines_n") < FEWEST_LINES) & (pl.col("whole_n") >= FEWEST_LINES).fill_null(False)
    days = days.with_columns(reading_min=pl.when(few).then("whole_min").otherwise("reading_min"))
    gaps = _gaps(spans, fitted, days, closed)
    days, whole = _verdicts(days, gaps, _PLACE_DAY), _verdicts(whole, gaps, _SOURCE_DAY).with_columns(place_code=pl.lit(""))
    verdict = ["offset_min", "is_clock_fault", "shift_min"]
    days = days.join(whole.select(*_SOURCE_DAY, *(pl.col(name).alias(f"_{name}") for name in verdict)), on=_SOURCE_DAY, how="left")
    silent = (pl.col("lines_n") < FEWEST_LINES) & pl.col("_is_clock_fault").fill_null(False)
    days = days.with_columns(pl.when(silent).then(f"_{name}").otherwise(name).alias(name) for name in verdict)
    columns = [*_PLACE_DAY, "lines_n", *verdict]
    return pl.concat([days.select(columns), whole.select(columns), _gate_rows(days, visits).select(columns)]).sort(_PLACE_DAY)


def _readings(judged: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return, for each place or source and day, how many lines there are, the share that fits under each reading, and the reading chosen."""
    days = judged.group_by(keys).agg(pl.len().cast(pl.Int64).alias("lines_n"), *(pl.col(f"fits_{shift}").mean() for shift in READINGS_MIN))
    off = [(pl.col("lines_n") >= FEWEST_LINES) & (pl.col(f"fits_{shift}") >= FITS) & (pl.col(f"fits_{shift}") - pl.col("fits_0") >= BETTER_BY) for shift in READINGS_MIN[1:]]
    return days.with_columns(reading_min=pl.when(off[0]).then(60).when(off[1]).then(-60).otherwise(0).cast(pl.Int64))


def _with_gate(days: pl.DataFrame, gate: pl.DataFrame) -> pl.DataFrame:
    """Once the gate is known to be wrong, a log that fits its hour as well as it fits as written is not a second fault."""
    days = days.join(gate, on="day", how="left").with_columns(pl.col("gate_min").fill_null(0))
    fits_gate = pl.when(pl.col("gate_min") > 0).then("fits_60").otherwise("fits_-60") >= FITS
    return days.with_columns(reading_min=pl.when((pl.col("gate_min") != 0) & fits_gate).then("gate_min").otherwise("reading_min"))


def _verdicts(days: pl.DataFrame, gaps: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Add offset_min, is_clock_fault and shift_min from the reading and the room the neighbouring places leave."""
    room = gaps.group_by(keys).agg(pl.col("before_min").quantile(0.1, "linear").alias("up"), pl.col("after_min").quantile(0.1, "linear").alias("down"))
    up, down = pl.col("up").fill_null(0.0) + EDGE_MIN, pl.col("down").fill_null(0.0) + EDGE_MIN
    off = pl.col("reading_min") - pl.col("gate_min") + pl.when((up >= 0) & (down >= 0)).then(0.0).otherwise((up - down) / 2)
    days = days.join(room, on=keys, how="left").with_columns(offset_min=pl.when(pl.col("lines_n") >= FEWEST_LINES).then(off.round(2)))
    days = days.with_columns(is_clock_fault=((pl.col("offset_min").abs() - 60).abs() <= TOLERANCE_MIN).fill_null(False))
    return days.with_columns(shift_min=pl.when(pl.col("is_clock_fault")).then("reading_min").otherwise("gate_min"))


def _fitted(spans: pl.DataFrame, closed: pl.DataFrame, shift_min: int) -> pl.DataFrame:
    """Return, row by row of `spans`, the span once `shift_min` is taken off it, and the visit that holds all of it (else null)."""
    shifted = spans.select("plate_key", pl.col("from_at", "to_at") - pl.duration(minutes=shift_min)).with_row_index("_row").sort("from_at")
    held = shifted.join_asof(closed.sort("entry_at", "visit_no"), left_on="from_at", right_on="entry_at", by="plate_key", strategy="backward", check_sortedness=False)
    fits = (pl.col("to_at") <= pl.col("until_at")).fill_null(False)
    return held.select("_row", "from_at", "to_at", visit_no=pl.when(fits).then("visit_no")).sort("_row").drop("_row")


def _gate_readings(days: pl.DataFrame) -> pl.DataFrame:
    """Return (day, gate_min): the hour by which at least two sources are all off alike; then the port gate is the one that is wrong."""
    heard = days.filter(pl.col("lines_n") >= FEWEST_LINES)
    shares = heard.group_by("day").agg(
        pl.col("source_code").n_unique().alias("sources_n"),
        *((pl.col("lines_n").filter(pl.col("reading_min") == shift).sum() / pl.col("lines_n").sum()).alias(f"share_{shift}") for shift in READINGS_MIN[1:]),
        *(pl.col("source_code").filter(pl.col("reading_min") == shift).n_unique().alias(f"sources_{shift}") for shift in READINGS_MIN[1:]),
    )
    agree = [(pl.col(f"share_{shift}") >= GATE_SHARE) & (pl.col(f"sources_{shift}") >= 2) for shift in READINGS_MIN[1:]]
    return shares.select("day", gate_min=pl.when(agree[0]).then(60).when(agree[1]).then(-60).otherwise(0).cast(pl.Int64)).filter(pl.col("gate_min") != 0)


def _gaps(spans: pl.DataFrame, fitted: dict[int, pl.DataFrame], days: pl.DataFrame, closed: pl.DataFrame) -> pl.DataFrame:
    """Return (source, place, day, before_min, after_min) a line: the minutes to its truck's neighbouring places under the chosen reading.

    Only gaps to places whose clock is not itself in doubt count; the port gate's never is.
    """
    known = spans.select("line_no", "event_code", *_PLACE_DAY).with_row_index("_row").join(days.select(*_PLACE_DAY, "reading_min", "gate_min"), on=_PLACE_DAY)
    parts = [pl.concat([known.filter(pl.col("reading_min") == shift), fitted[shift][known.filter(pl.col("reading_min") == shift)["_row"]]], how="horizontal") for shift in READINGS_MIN]
    body = pl.concat(parts).drop_nulls("visit_no").select(
        "visit_no", "from_at", "to_at", pl.lit(1, pl.Int8).alias("rank"), (pl.col("reading_min") == pl.col("gate_min")).alias("is_sure"), "event_code", "line_no", *_PLACE_DAY
    )
    # A terminal holds its truck from gate-in to gate-out: what lies between touches it.
    at_terminal = pl.col("event_code").is_in(["terminal_in", "terminal_out"])
    calls = body.filter(at_terminal).sort("visit_no", "place_code", "from_at", "to_at", "line_no")
    same = (pl.col("visit_no").shift(-1) == pl.col("visit_no")) & (pl.col("place_code").shift(-1) == pl.col("place_code")) & (pl.col("event_code").shift(-1) == "terminal_out")
    calls = calls.with_columns(to_at=pl.when(same & (pl.col("event_code") == "terminal_in")).then(pl.col("to_at").shift(-1)).otherwise("to_at"))
    held = closed.join(body.select("visit_no").unique(), on="visit_no", how="semi")
    ends = [
        held.select("visit_no", from_at=begin, to_at=end, rank=pl.lit(rank, pl.Int8), is_sure=pl.lit(True))
        for rank, begin, end in ((0, "entry_at", "entry_at"), (2, pl.coalesce("exit_presented_at", "until_at"), "until_at"))
    ]
    chain = pl.concat([body.filter(~at_terminal), calls, *ends], how="diagonal").sort("visit_no", "rank", "from_at", "to_at", "line_no", nulls_last=True)

    def gap(step: int, value: pl.Expr) -> pl.Expr:
        # Every visit begins and ends with its own gate row, so a line's neighbours are of its own visit.
        other = (pl.col("place_code").shift(step) != pl.col("place_code")).fill_null(True) | (pl.col("source_code").shift(step) != pl.col("source_code")).fill_null(True)
        return pl.when(other & pl.col("is_sure").shift(step)).then(value)

    chain = chain.with_columns(
        before_min=gap(1, minutes(pl.col("from_at"), pl.col("to_at").shift(1))), after_min=gap(-1, minutes(pl.col("from_at").shift(-1), pl.col("to_at")))
    )
    return chain.filter(pl.col("rank") == 1).select(*_PLACE_DAY, "before_min", "after_min")


def _gate_rows(days: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return the port gate's own faulty days, one row a gate."""
    wrong = days.filter(pl.col("gate_min") != 0).group_by("day").agg(pl.col("gate_min").first(), pl.col("lines_n").sum())
    gates = visits.select(day="entry_day", place_code="entry_gate_code").unique()
    return wrong.join(gates, on="day").select(
        pl.lit("gate").alias("source_code"), "place_code", "day", "lines_n", offset_min=-pl.col("gate_min").cast(pl.Float64), is_clock_fault=pl.lit(True),
        shift_min=pl.lit(0, pl.Int64),
    )  # fmt: skip


def corrected(lines: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Add link_at (the event's instant less its place's shift), shift_min, is_corrected, and is_fault (its own clock was off).

    A place without a verdict of its own takes that of its whole source.
    """
    own = days.filter(pl.col("place_code") != "").select(*_PLACE_DAY, "shift_min", is_fault="is_clock_fault")
    whole = days.filter(pl.col("place_code") == "").select("source_code", "day", _shift="shift_min", _fault="is_clock_fault")
    own, whole = own.rename({"day": "clock_day"}), whole.rename({"day": "clock_day"})
    known = lines.join(own, on=["source_code", "place_code", "clock_day"], how="left", maintain_order="left")
    known = known.join(whole, on=["source_code", "clock_day"], how="left", maintain_order="left")
    known = known.with_columns(shift_min=pl.coalesce("shift_min", "_shift", pl.lit(0)), is_fault=pl.coalesce("is_fault", "_fault", pl.lit(False)))
    return known.drop("_shift", "_fault").with_columns(link_at=pl.col("event_at") - pl.duration(minutes=pl.col("shift_min")), is_corrected=pl.col("shift_min") != 0)


def flagged(visits: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Set clock_flag `fault` on visits whose own gate was off by an hour at entry or exit, and `same_clock`: at both, or at neither."""
    wrong = days.filter((pl.col("source_code") == "gate") & pl.col("is_clock_fault")).select("place_code", "day", off=pl.lit(True))
    known = visits.join(wrong.rename({"off": "_in"}), left_on=["entry_gate_code", "entry_day"], right_on=["place_code", "day"], how="left", maintain_order="left")
    known = known.join(wrong.rename({"off": "_out"}), left_on=["exit_gate_code", "exit_day"], right_on=["place_code", "day"], how="left", maintain_order="left")
    off_in, off_out = pl.col("_in").fill_null(False), pl.col("_out").fill_null(False)
    return known.with_columns(
        clock_flag=pl.when((pl.col("clock_flag") == "ok") & (off_in | off_out)).then(pl.lit("fault")).otherwise("clock_flag"), same_clock=off_in == off_out
    ).drop("_in", "_out")
