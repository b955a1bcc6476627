"""What a viewer of some terminals sees: which rows there are for him, and which questions are answered of the whole port. Pure; the store applies it.

A terminal operator sees its own terminal and the port's totals:
- Rows. For him the build holds no other rows than those of ROWS: every row list, every file and every table is read through these conditions
  (builds.Part), whatever its SQL says. A table that is not named there is empty.
- Figures. A question without filters that is split by time at most is one of the port and answered of the whole port. Any other one - filtered, or split by
  anything else - is answered of his own terminals, and its Result says so in its selection. Another terminal's filter is refused.
- Subtraction. The port less one's own is the others together. Where that is one terminal only it would be this one's figures: at a port that names a single
  other one every question is answered of one's own terminals; at a port with more, a cell of a whole-port answer behind which only one of the others has
  rows is hidden, and so is a second one of the same answer, lest a total give the first one back.
- US-bound boxes. Their figures are of the whole port and hide few boxes by themselves (metrics/cargo.py); split by terminal only one's own lines are kept.

Not closed: two whole-port answers, whose periods differ by a span in which only one other terminal worked, may be set against each other.
A visit belongs to the first terminal it went to (`terminal_code`): of a truck that went to two only the first one's operator sees the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl

from dashboard.access.viewer import AccessError, Viewer
from dashboard.metrics import Dimension, Fact, Metric
from dashboard.selection import Selection

_TERMINAL, _VISIT = "terminal_code IN ({own})", "visit_id IN (SELECT visit_id FROM {all}.fct_visits)"
_DECLARATION = "declaration_id IN (SELECT declaration_id FROM {all}.fct_visit_containers)"
# Places of other terminals: their service points lie in a zone that bears the terminal's code.
_FOREIGN = "SELECT terminal_code FROM {main}.dim_terminals WHERE terminal_code NOT IN ({own})"
_PLACE = f"(place_code IS NULL OR place_code NOT IN (SELECT place_code FROM {{main}}.dim_service_points WHERE zone_code IN ({_FOREIGN}) UNION ALL {_FOREIGN}))"
# table -> its rows a viewer of some terminals sees. {own} are his terminals, {all} the schema of all months he sees, {main} the build itself.
ROWS: dict[str, str] = {
    "fct_visits": _TERMINAL, "fct_visit_steps": _TERMINAL, "fct_visit_events": _VISIT, "fct_visit_containers": _VISIT, "fct_visit_tracks": _VISIT, "fct_zone_stays": _VISIT,
    "fct_declarations": _DECLARATION, "fct_declaration_stages": _DECLARATION, "dq_set_apart": _DECLARATION, "fct_inspections": _VISIT, "fct_weighings": _VISIT,
    "fct_appointments": _TERMINAL, "fct_bookings": _TERMINAL, "fct_slots": _TERMINAL, "fct_container_moves": _TERMINAL, "fct_manifests": _TERMINAL,
    "fct_logbook": f"({_VISIT} OR (visit_id IS NULL AND {_PLACE}))", "fct_means": _PLACE, "dq_source_days": _PLACE, "dq_findings": _VISIT,
    "fct_messages": "true",  # between offices and the community system: no terminal has part in them
}  # fmt: skip
NOT_SEEN = "false"
# Row lists of the whole port that no condition could narrow to a terminal: the ledger of files, their faults, and sources by day.
CLOSED_LISTS = frozenset({"files", "file_days", "rejects", "source_days"})
_TIMES = frozenset({"hour", "step_hour", "weekday", "hour_of_week"})  # splits that are steps of time
_UNDIVIDED = frozenset({"messages"})  # facts no terminal has part in


def seen_rows(table: str, own: Sequence[str], all_months: str, main: str) -> str:
    """SQL condition of the rows of a table that a viewer of these terminals sees."""
    return ROWS.get(table, NOT_SEEN).format(own=", ".join("'" + code.replace("'", "''") + "'" for code in own), all=all_months, main=main)


def settled(viewer: Viewer, selection: Selection, terminals: Collection[str], by: Sequence[Dimension] = (), facts: Sequence[Fact] = ()) -> Selection:
    """Return what a question is answered of: itself where it is one of the whole port, else the viewer's own terminals.

    `terminals` are all the port names. Raises AccessError where another terminal is asked for.
    """
    own = viewer.terminals or ()
    if foreign := [code for code in selection.terminal if code not in own]:
        raise AccessError("terminal", terminal=foreign[0], **viewer.said())
    if facts and all(fact.code in _UNDIVIDED for fact in facts):
        return selection
    others = others_of(viewer, terminals)
    if not selection.filters and all(dimension.code in _TIMES for dimension in by) and len(others) != 1:
        return selection
    return replace(selection, terminal=selection.terminal or tuple(own))


def is_whole(selection: Selection) -> bool:
    """Whether a settled selection is of the whole port."""
    return not selection.terminal


def others_of(viewer: Viewer, terminals: Collection[str]) -> tuple[str, ...]:
    return tuple(code for code in terminals if code not in (viewer.terminals or ()))


def divided(facts: Sequence[Fact]) -> bool:
    """Whether any of these facts can be told by terminal, so that the port's less one's own tells of the others."""
    return any("terminal" in fact.filters or fact.via_visit for fact in facts)


def must_see(viewer: Viewer, terminal: object) -> None:
    """Raise AccessError where rows are narrowed to a terminal that is not the viewer's."""
    if viewer.terminals is not None and terminal not in viewer.terminals:
        raise AccessError("terminal", terminal=str(terminal), **viewer.said())


def own_lines(frame: pl.DataFrame, viewer: Viewer, by: Sequence[Dimension], foreign_places: Collection[str]) -> pl.DataFrame:
    """Return an answer without the lines of other terminals: of them, of their zones and of their service points."""
    gone = {"terminal": lambda: ~pl.col("terminal").is_in(list(viewer.terminals or ())).fill_null(False), "place": lambda: pl.col("place").is_in(list(foreign_places)), "zone": lambda: pl.col("zone").is_in(list(foreign_places))}
    for dimension in by:
        if dimension.code in gone:
            drop = gone[dimension.code]().fill_null(False)
            frame = frame.filter(~drop | pl.col("is_total")) if "is_total" in frame.columns else frame.filter(~drop)
    return frame


def hide(frame: pl.DataFrame, keys: Sequence[str], metrics: Sequence[Metric], others: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """Null the cells of a whole-port answer behind which exactly one other terminal has rows, and a second one beside a lone hidden one.

    `others` are the same question's answers of each other terminal. Returns the frame and how many cells were hidden.
    """
    names = [name for name in (*keys, "is_total") if name in frame.columns]
    rows, count, nulled = frame.with_row_index("_row"), 0, set()
    for metric in metrics:
        for side in ("n", "before_n"):
            n = f"{metric.code}__{side}"
            if n not in frame.columns:
                continue
            gone = {number for number, active in enumerate(_active(rows, names, n, others)) if active == 1}
            body = rows.filter(~pl.col("is_total").fill_null(False)) if "is_total" in frame.columns else rows
            shown = body.filter(~pl.col("_row").is_in(list(gone)) & (pl.col(n).fill_null(0) > 0)).sort(n, "_row")
            if len(gone) == 1 and body.height > 1 and not shown.is_empty():
                gone.add(shown["_row"][0])
            if gone:
                count += len(gone)
                nulled |= gone
                faces = [name for name in frame.columns if (name == metric.code or name.startswith(f"{metric.code}__")) and ("__before" in name) is (side == "before_n")]
                rows = rows.with_columns(pl.when(pl.col("_row").is_in(list(gone))).then(None).otherwise(pl.col(name)).alias(name) for name in faces)
    if not count:
        return frame, 0
    marked = pl.col("_row").is_in(list(nulled))
    return rows.with_columns((marked | pl.col("is_suppressed") if "is_suppressed" in frame.columns else marked).alias("is_suppressed")).drop("_row"), count


def _active(rows: pl.DataFrame, names: Sequence[str], n: str, others: Sequence[pl.DataFrame]) -> list[int]:
    """Of each row, how many of the other terminals have rows behind it."""
    found = rows.select("_row", *names).with_columns(pl.lit(0).alias("_active"))
    for each in others:
        if not names:
            there = int((each[n][0] if each.height else 0) or 0) > 0
            found = found.with_columns(pl.col("_active") + int(there))
            continue
        has = each.filter(pl.col(n).fill_null(0) > 0).select(*names).unique().with_columns(pl.lit(1).alias("_has"))
        found = found.join(has, on=list(names), how="left", nulls_equal=True, maintain_order="left").with_columns((pl.col("_active") + pl.col("_has").fill_null(0)).alias("_active")).drop("_has")
    return found["_active"].to_list()
