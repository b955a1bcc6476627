"""The locked plan: what was fixed before the result could be known, and whether it still stands. Frames in, a Lock out; no date of today here.

    lock = lock_of(store.table("dim_pilot_arms"), store.table("dim_pilot_plan"))
    lock.state, lock.differences, lock.caps        # locked, locked_late, changed or not_locked; caps go into effect.Plan(caps=...)
    words(lock, "fr")
`smartport lock` writes the row. The fingerprint makes a change visible, it does not make one impossible: who can write the file can lock it anew,
and then the date says when. One port has one plan at a time; a second row is said as a change.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dashboard.evidence import arabic
from dashboard.evidence.figures import day
from dashboard.evidence.verdict import LOOKS, Reason
from etl.contracts.reference import DIM_PILOT_PLAN
from etl.errors import InputError

STATES = ("locked", "locked_late", "changed", "not_locked")
LAST_DAY_TO_LOCK = LOOKS[0][0]  # from the first verdict on, a plan could be fitted to the result
FILE = "pilot_plan.csv"
# What differs between the locked plan and the arms of today: (English, French); Arabic in arabic.py.
DIFFERENCES: dict[str, tuple[str, str]] = {
    "plan_altered": ("the locked row itself was altered: its fingerprint no longer fits", "la ligne figée a elle-même été modifiée : son empreinte ne correspond plus"),
    "several_plans": ("{n} plans are listed, and the first one locked counts", "{n} plans figurent dans la liste ; le premier figé fait foi"),
    "unit_gone": ("{unit} took part and no longer does", "{unit} participait et ne participe plus"),
    "unit_new": ("{unit} takes part and was not planned", "{unit} participe sans avoir été prévu"),
    "arm_moved": ("{unit} was planned as {was} and is now {now}", "{unit} était prévu comme {was} et est maintenant {now}"),
    "start_moved": ("{unit} was to start on {was} and now starts on {now}", "{unit} devait commencer le {was} et commence maintenant le {now}"),
}  # fmt: skip
_ARM_WORDS = {"en": {"pilot": "pilot", "comparison": "comparison"}, "fr": {"pilot": "pilote", "comparison": "comparaison"}}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was locked: a code of DIFFERENCES and what its sentence needs."""

    code: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Lock:
    """Whether the plan stands. `plan` is its row of dim_pilot_plan, `days_after` the days from the first start to the day it was locked (below 0: before)."""

    state: str
    plan: Mapping[str, object] | None = None
    days_after: int | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def caps(self) -> tuple[Reason, ...]:
        """What keeps the verdict at weak, for effect.Plan.caps: nothing when the plan was locked in time and still stands."""
        if self.state == "locked":
            return ()
        if self.state == "changed":
            return (Reason("plan_changed"),)
        if self.state == "locked_late":
            return (Reason("plan_locked_late", {"days": self.days_after, "least": LAST_DAY_TO_LOCK}),)
        return (Reason("plan_not_locked", {"least": LAST_DAY_TO_LOCK}),)


def lock_of(arms: pl.DataFrame, plans: pl.DataFrame) -> Lock:
    """Return the state of the plan against the arms of today (dim_pilot_arms, dim_pilot_plan)."""
    if plans.is_empty():
        return Lock("not_locked")
    plan = plans.sort("locked_on", "pilot_code").row(0, named=True)
    differs = [] if plans.height == 1 else [Difference("several_plans", {"n": plans.height})]
    if plan["fingerprint"] != fingerprint(plan):
        differs.append(Difference("plan_altered", {}))
    then, now = _read(plan["arms"]), _read(arms_text(arms))
    differs += [Difference("unit_gone", {"unit": unit}) for unit in then if unit not in now]
    differs += [Difference("unit_new", {"unit": unit}) for unit in now if unit not in then]
    for unit in (each for each in then if each in now):
        differs += [Difference(code, {"unit": unit, "was": was, "now": is_now}) for code, was, is_now in zip(("arm_moved", "start_moved"), then[unit], now[unit], strict=True) if was != is_now]
    starts = [start for arm, start in then.values() if arm == "pilot"]
    late = (plan["locked_on"] - min(starts)).days if starts else None
    state = "changed" if differs else "locked_late" if late is not None and late >= LAST_DAY_TO_LOCK else "locked"
    return Lock(state, plan, late, tuple(differs))


def words(lock: Lock, lang: str) -> str:
    """Return one or two sentences about the state, and what differs."""
    if lang == "ar":
        return _in_arabic(lock)
    en = lang == "en"
    if lock.state == "not_locked":
        return "The plan is not locked." if en else "Le plan n’est pas figé."
    on, mark = day(lock.plan["locked_on"], lang), lock.plan["fingerprint"]
    if lock.state == "changed":
        said = "; ".join(_difference(each, lang) for each in lock.differences)
        return f"The plan locked on {on} was changed: {said}." if en else f"Le plan figé le {on} a été modifié : {said.replace('; ', ' ; ')}."
    days = abs(lock.days_after) if lock.days_after is not None else 0
    if lock.state == "locked_late":
        return (
            f"The plan was locked on {on}, {days} days after the start: too late (before day {LAST_DAY_TO_LOCK}) for more than a weak verdict."
            if en else f"Le plan a été figé le {on}, {days} jours après le début : trop tard (avant le jour {LAST_DAY_TO_LOCK}) pour mieux qu’un niveau de preuve faible."
        )  # fmt: skip
    when = ("before" if en else "avant") if (lock.days_after or 0) < 0 else ("after" if en else "après")
    s = "" if days == 1 else "s"
    return f"Plan locked on {on}, {days} day{s} {when} the start, unchanged since (fingerprint {mark})." if en else f"Plan figé le {on}, {days} jour{s} {when} le début, inchangé depuis (empreinte {mark})."


def fingerprint(plan: Mapping[str, object]) -> str:
    """Return 16 hex digits of every column but the fingerprint. Dates as ISO text; an empty text and null are the same."""
    told = [f"{name}={'' if plan.get(name) is None else plan[name]}" for name in DIM_PILOT_PLAN.columns if name != "fingerprint"]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def arms_text(arms: pl.DataFrame) -> str:
    """Return the arms in one canonical text: 'lane 6A pilot 2026-07-13; lane 6D comparison 2026-07-13'."""
    rows = arms.sort("unit_kind_code", "unit_code").select("unit_kind_code", "unit_code", "arm_code", "start_on").iter_rows()
    return "; ".join(f"{kind} {unit} {arm} {start}" for kind, unit, arm, start in rows)


def new_plan(
    arms: pl.DataFrame, on: dt.date, *, pilot_code: str = "pilot", main_measure: str = "turnaround_min", statistic: str = "mean", scale: str = "log",
    view_code: str = "all", exclusions: str | None = None, end_day: int | None = None,
) -> dict[str, object]:  # fmt: skip
    """Return the row of dim_pilot_plan that locks these arms on day `on`. Raises InputError without a pilot unit."""
    if not (arms["arm_code"] == "pilot").any():
        raise InputError("pilot_arms", "no unit is a pilot unit: there is nothing to lock", "", "List the arms in reference/pilot_arms.csv first")
    plan = {
        "pilot_code": pilot_code, "locked_on": on, "arms": arms_text(arms), "main_measure": main_measure, "statistic": statistic, "scale": scale,
        "view_code": view_code, "exclusions": exclusions or None, "end_day": end_day,
    }  # fmt: skip
    return {**plan, "fingerprint": fingerprint(plan)}


def write_plan(folder: Path, plan: Mapping[str, object]) -> Path:
    """Write the row into the site's reference folder. Raises InputError where a plan is locked already: a lock is written once."""
    path = folder / FILE
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(DIM_PILOT_PLAN.columns)
            writer.writerow("" if plan[name] is None else plan[name] for name in DIM_PILOT_PLAN.columns)
    except FileExistsError:
        raise InputError(str(path), "a plan is locked there already", "", "A lock is written once; move the file away only for another pilot") from None
    return path


def _read(text: str) -> dict[str, tuple[str, dt.date]]:
    """Return 'kind unit' -> (arm, start) of an arms text; a part that is none is left out (the fingerprint tells that it was altered)."""
    made = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        unit, arm, start = (["", "", *part.rsplit(" ", 2)])[-3:]
        try:
            made[unit] = (arm, dt.date.fromisoformat(start))
        except ValueError:
            continue
    return made


def _in_arabic(lock: Lock) -> str:
    if lock.state == "not_locked":
        return "الخطة غير مقفلة."
    on, days = day(lock.plan["locked_on"], "ar"), arabic.days(abs(lock.days_after or 0))
    if lock.state == "changed":
        return f"عُدّلت الخطة التي أُقفلت يوم {on}: {'؛ '.join(arabic.difference(each.code, dict(each.values)) for each in lock.differences)}."
    if lock.state == "locked_late":
        return f"أُقفلت الخطة يوم {on}، بعد البداية {days}: فات أوان ما يتجاوز مستوى أدلة ضعيفا (الحد قبل اليوم {LAST_DAY_TO_LOCK})."
    when = "يوم البداية نفسه" if not lock.days_after else f"{'قبل' if lock.days_after < 0 else 'بعد'} البداية {days}"
    return f"أُقفلت الخطة يوم {on}، {when}، ولم تتغير منذ ذلك (البصمة {lock.plan['fingerprint']})."


def _difference(each: Difference, lang: str) -> str:
    values = {name: day(value, lang) if isinstance(value, dt.date) else _ARM_WORDS[lang].get(value, value) if name in ("was", "now") else value for name, value in each.values.items()}
    return DIFFERENCES[each.code][0 if lang == "en" else 1].format(**values)
