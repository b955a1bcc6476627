"""The Time Release Study as one table, made when it is downloaded: every segment of every group, with mean, standard deviation and HS chapters. Asks and words only."""

from __future__ import annotations

import polars as pl

from dashboard.metrics import DIMENSIONS
from dashboard.metrics.clearance import within
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import coded
from etl.contracts.codes import DECLARATION_STAGE, HOLDER, STAGE_HOLDER

SPLITS: tuple[str, ...] = ("channel", "office", "regime", "peak", "hs_chapter")
_SPANS = ("clearance", "release", "gate_out")  # metric codes <span>_p50, _p90, _mean, _sd
_FIGURES = ("p50", "p90", "mean", "sd")


def metrics(limit_h: int) -> tuple[str, ...]:
    """Return the codes of the metrics behind the table."""
    return (*(f"{span}_{figure}" for span in (*_SPANS, "stage") for figure in _FIGURES), within(limit_h))


def shares(page: Frame, limit_h: int) -> tuple[str, ...]:
    """Return the names of the columns that hold 0 to 1."""
    return (page.say("Share within {n} h", n=limit_h),)


def made(page: Frame, limit_h: int) -> pl.DataFrame:
    """Return one row a group and segment: minutes as numbers, the share within `limit_h` hours (of arrival to release only) as 0 to 1; hidden and absent figures null."""
    say, rows = page.say, []
    names = {"clearance": say("Arrival to release"), "release": say("Lodging to release"), "gate_out": say("Release to gate-out")}
    for split in (None, *SPLITS):
        by = [split] if split else []
        spans = page.ask([*(f"{span}_{figure}" for span in _SPANS for figure in _FIGURES), within(limit_h)], by=by)
        stages = page.ask([f"stage_{figure}" for figure in _FIGURES], by=[*by, "stage"])
        parts = stages.rows.partition_by(by, as_dict=True) if by else {(): stages.rows}
        for row in spans.rows.iter_rows(named=True):
            group = named(page, split, row[split]) if split else say("All")
            about = {say("Split by"): say(DIMENSIONS[split].label) if split else say("All"), say("Group"): group}
            rows += [_row(page, about, names[span], "", row, span, row[within(limit_h)] if span == "clearance" else None, limit_h) for span in _SPANS]
            mine = parts.get((row[split],) if split else ())
            found = {each["stage"]: each for each in mine.iter_rows(named=True)} if mine is not None else {}
            rows += [
                _row(page, about, say(label), say(HOLDER.codes[STAGE_HOLDER[stage]]), found[stage], "stage", None, limit_h)
                for stage, label in DECLARATION_STAGE.codes.items() if stage in found
            ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(page: Frame, about: dict[str, str], segment: str, holder: str, row: dict, code: str, share: float | None, limit_h: int) -> dict[str, object]:
    say = page.say
    figures = {"p50": say("Median, min"), "p90": say("90th percentile, min"), "mean": say("Mean, min"), "sd": say("Standard deviation, min")}
    return {
        **about, say("Segment"): segment, say("Held by"): holder, "n": row[f"{code}_p50__n"], **{words: row[f"{code}_{figure}"] for figure, words in figures.items()},
        shares(page, limit_h)[0]: share,
    }  # fmt: skip


def named(page: Frame, split: str | None, value: object) -> str:
    """A group as its reader says it: a code of a list in words, a regime by code and name, an office by its code."""
    if value is None:
        return page.say("unknown")
    codes = DIMENSIONS[split].codes
    name = page.name(split, value)
    return coded(page.say, codes, str(value)) if codes else str(value) if name == str(value) else f"{value} – {name}"
