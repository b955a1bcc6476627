"""The pilot's change in parts: by step of the visit, by pilot unit, by group of visits. Same visits, plan and rules as study.headline; no words.

    parts.by_step(store, selection).steps          # queue, each service point, the way between, the whole visit
    parts.by_unit(store, selection).units          # each pilot unit alone against all comparison units
    parts.by_group(store, selection, "cargo")      # or direction, hour, carrier: with Holm's rule over the groups that can be measured
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.evidence import study
from dashboard.evidence.arms import UNIT_COLUMNS
from dashboard.evidence.daily import HOURS_A_BLOCK, VIEWS, Rows, Visits, numbered, read_rows
from dashboard.evidence.effect import Effect, assess
from dashboard.evidence.estimate import holm
from dashboard.evidence.steps import STEPS, read_passages
from dashboard.evidence.verdict import LEAST_VISITS, Reason, Verdict
from dashboard.selection import Selection
from etl.contracts import codes
from etl.errors import DeclarationError

if TYPE_CHECKING:
    from dashboard.store import Opened, Store

WHOLE = "turnaround"  # the whole visit, port entry to port exit, last in the list of steps
DIMENSIONS = ("cargo", "direction", "hour", "carrier")


@dataclass(frozen=True)
class Step:
    """One step: its Effect in minutes a passage; passages and raw means of pilot before and after, comparison before and after."""

    code: str
    effect: Effect
    passages: tuple[int, ...]
    raw_means: tuple[float | None, ...]


@dataclass(frozen=True)
class Steps:
    refused: Reason | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Units:
    """(unit, its Effect against all comparison units) of each pilot unit."""

    refused: Reason | None
    units: tuple[tuple[str, Effect], ...] = ()


@dataclass(frozen=True)
class Group:
    """One group of visits. Where it does not stand out among all groups tested, its verdict is none, whatever it shows alone."""

    code: str
    effect: Effect
    stands_out: bool


@dataclass(frozen=True)
class Groups:
    """`groups` could be measured and were tested together; `left_out` could not, and why; `too_small` more have under 300 visits on a side and are not named."""

    refused: Reason | None
    dimension: str
    groups: tuple[Group, ...] = ()
    left_out: tuple[tuple[str, Reason], ...] = ()
    too_small: int = 0


def by_step(store: Store, selection: Selection) -> Steps:
    """Return the change of each step of the visit. Steps do not add up to the visit: each is a change in % of its own minutes, of the visits that made it."""
    selection = store.within(selection, is_split=True)
    return store.made(("steps", *study.key_of(selection), selection.view), lambda opened: _by_step(store, opened, selection))


def by_unit(store: Store, selection: Selection) -> Units:
    """Return each pilot unit alone against all comparison units."""
    selection = store.within(selection, is_split=True)
    return store.made(("units", *study.key_of(selection), selection.view), lambda opened: _by_unit(store, opened, selection))


def by_group(store: Store, selection: Selection, dimension: str) -> Groups:
    """Return the change in each group of a dimension (DIMENSIONS). Raises DeclarationError for another one.

    Groups are cargo classes, directions, blocks of four hours by their first hour, or transporters' pseudonyms.
    """
    if dimension not in DIMENSIONS:
        raise DeclarationError("dimension", f"'{dimension}' is not known", ", ".join(DIMENSIONS))
    selection = store.within(selection, is_split=True)
    return store.made(("groups", dimension, *study.key_of(selection), selection.view), lambda opened: _by_group(store, opened, selection, dimension))


def _divisible(rows: Rows | Reason) -> Rows | Reason:
    """Return the visits, or why they are not taken apart: transporters as units are too many and too small for that."""
    return Reason("carriers_whole") if isinstance(rows, Rows) and "place" in rows.beside else rows


def _by_step(store: Store, opened: Opened, selection: Selection) -> Steps:
    rows = _divisible(study.rows_of(store, opened, selection))
    if isinstance(rows, Reason):
        return Steps(rows)
    whole = study.of_view(rows, selection.view)
    plan = study.plan_of(opened, selection, missing_exits=whole.missing_exits)
    cursor = opened.connection.cursor()
    try:
        found = read_passages(cursor, rows, plan.unit_kind, *study.conditions(selection), selection.view)
    finally:
        cursor.close()
    made = []
    for code in STEPS:
        if code in found:
            made.append(Step(code, assess(found[code].suited().panel().positive(), replace(plan, measure=f"{code}_min")), *found[code].counted()))
    head = study.headline(store, selection)
    return Steps(None, (*made, Step(WHOLE, head.main, tuple(each.visits for each in head.sides), tuple(each.mean for each in head.sides))))


def _by_unit(store: Store, opened: Opened, selection: Selection) -> Units:
    rows = _divisible(study.rows_of(store, opened, selection))
    if isinstance(rows, Reason):
        return Units(rows)
    raw = study.of_view(rows, selection.view)
    visits, _ = study.suited(raw)
    panel, plan = visits.panel().positive(), study.plan_of(opened, selection, missing_exits=raw.missing_exits)
    alone = [panel.only(~panel.treated | (np.arange(len(panel.units)) == index)) for index in np.flatnonzero(panel.treated)]
    return Units(None, tuple((panel.units[index], assess(each, plan)) for index, each in zip(np.flatnonzero(panel.treated), alone, strict=True)))


def _by_group(store: Store, opened: Opened, selection: Selection, dimension: str) -> Groups:
    rows = study.rows_of(store, opened, selection)
    rows = _divisible(rows) if dimension == "carrier" else rows
    if isinstance(rows, Reason):
        return Groups(rows, dimension)
    if dimension == "carrier":
        rows, names, of, too_small = _firms(opened, rows, selection)
    elif dimension == "direction":
        names, of = tuple(codes.DIRECTION.codes), rows.beside["direction"]
    elif dimension == "cargo":
        names, of = tuple(name or "" for name in rows.classes), rows.cargo
    else:
        names, of = tuple(f"{hour:02d}" for hour in range(0, 24, HOURS_A_BLOCK)), rows.hour_block
    core, too_small = selection.view == "core", too_small if dimension == "carrier" else 0
    in_view = ~rows.beside["is_excluded"] if core else np.ones(len(rows.packed), bool)
    plan = study.plan_of(opened, selection)
    tested, left_out = [], []
    for number, name in enumerate(names):
        chosen = in_view & (of == number)
        if not chosen.any():
            continue
        visits: Visits = rows.visits(chosen, core=core)
        effect = assess(study.suited(visits)[0].panel().positive(), replace(plan, exclusions=(*plan.exclusions, f"{dimension}={name}")))
        if effect.has_number:
            tested.append((name, effect))
        else:
            left_out.append((name, effect.verdict.reasons[0]))
    if not tested:
        return Groups(None, dimension, (), tuple(left_out), too_small)
    stands = holm(np.array([float(effect.found.p()) for _, effect in tested]), tested[0][1].verdict.alpha)
    return Groups(None, dimension, tuple(_held(name, effect, bool(out), len(tested)) for (name, effect), out in zip(tested, stands, strict=True)), tuple(left_out), too_small)


def _held(code: str, effect: Effect, passes: bool, of: int) -> Group:
    """Return the group, without a claim where it does not stand out among all groups."""
    if effect.verdict.code == "none":
        return Group(code, effect, False)
    if passes:
        return Group(code, effect, True)
    return Group(code, replace(effect, verdict=Verdict("none", (Reason("not_among_groups", {"groups": of}),), (), effect.verdict.alpha), truck_hours=None), False)


def _firms(opened: Opened, rows: Rows, selection: Selection) -> tuple[Rows, tuple[str, ...], np.ndarray, int]:
    """Return visits of the transporters that have enough of them on every side, those firms, the number of each visit's firm, and how many firms are too small."""
    where, params = study.conditions(selection)
    (first, last), arms, unit = study.days_of(opened), opened.frame("SELECT * FROM dim_pilot_arms"), UNIT_COLUMNS[study.kind_of(opened)]
    enough = " AND ".join(
        f"count(*) FILTER (WHERE $is_pilot[u.unit + 1] = {arm} AND (v.entry_day - $first_day::DATE >= $starts[u.unit + 1]) = {after}) >= {LEAST_VISITS}" for arm in ("true", "false") for after in ("true", "false")
    )  # fmt: skip
    sides = f"""SELECT v.carrier_key AS firm, {enough} AS is_enough FROM fct_visits AS v JOIN evidence_unit AS u ON u.unit_code = v.{unit}
        WHERE v.entry_day BETWEEN $first_day AND $last_day AND v.turnaround_min IS NOT NULL AND v.carrier_key IS NOT NULL{VIEWS[selection.view]} AND ({where})
        GROUP BY firm ORDER BY firm"""
    cursor = opened.connection.cursor()
    try:
        values = {"first_day": first, "last_day": last, "starts": rows.starts.tolist(), "is_pilot": rows.is_pilot.tolist(), **params}
        with numbered(cursor, "unit", rows.units):
            found = cursor.execute(sides, values).fetchall()
        names = tuple(firm for firm, is_enough in found if is_enough)
        with numbered(cursor, "firm", names):
            chosen = read_rows(
                cursor, arms, first, last, where=f"{where} AND v.carrier_key IN (SELECT firm_code FROM evidence_firm)", params=params,
                beside={"is_excluded": "coalesce(v.is_excluded, false)", "firm": "(SELECT firm FROM evidence_firm WHERE firm_code = v.carrier_key)"},
            )  # fmt: skip
    finally:
        cursor.close()
    return chosen, names, chosen.beside["firm"], len(found) - len(names)
