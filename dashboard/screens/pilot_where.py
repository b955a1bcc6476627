"""Pilot, part "Where and for whom": by step, by unit, for which trucks, and the whole distribution with the same mix."""

from __future__ import annotations

import html
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard.evidence import parts, words
from dashboard.evidence.effect import Effect
from dashboard.evidence.study import Headline
from dashboard.format import clauses
from dashboard.i18n import N_
from dashboard.screens import pilot_raw
from dashboard.screens.pilot_words import (
    NAMES,
    NB,
    columns,
    ends,
    headed,
    n_visits,
    paragraph,
    signed,
    unit_name,
    units,
    verdict,
    window_of,
)
from dashboard.selection import Selection
from dashboard.views import evidence as shapes
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words
from etl.contracts import codes

DIMENSIONS: dict[str, str] = {"cargo": N_("Cargo"), "direction": N_("Direction"), "hour": N_("Hour of entry"), "carrier": N_("Transporter")}
STEPS: dict[str, str] = {"queue": N_("Queue before the gate"), **codes.STEP.codes, parts.WHOLE: N_("Whole visit")}


def show(page: Frame, found: Headline, arms: pl.DataFrame) -> None:
    effect, window = found.main, window_of(page, found.main)
    st.html(verdict(page, effect))
    if not effect.has_number:
        st.html(paragraph(page, effect))
        return
    page.ahead(lambda frame: parts.by_step(frame.store, frame.selection), lambda frame: parts.by_unit(frame.store, frame.selection))
    _steps(page, window)
    _units(page, effect, window)
    _groups(page, effect, window)
    pilot_raw.distribution(page, arms["start_on"].min())


def _dot(page: Frame, name: str, effect: Effect, *, in_minutes: bool) -> shapes.Dot:
    """One Effect as a row: its range in minutes or %, with its verdict in words."""
    given = effect.change if in_minutes else effect.percent
    figure, way = ends(page, given)
    unit = page.say("min") if in_minutes else "%"
    said = f"{figure} {unit} {way}".strip().replace("\u2060", "")  # a figure has no lines to break
    label = said if effect.verdict.code not in ("none",) else page.say("no detectable change")
    hover = f"{name}<br>{signed(page, given.low, 1)} … {signed(page, given.high, 1)} {unit}<br>{page.say(NAMES[effect.verdict.code])}"
    return shapes.Dot(name, given.low, given.best, given.high, label, hover, effect.verdict.code == "none")


def _row(page: Frame, head: str, name: str, effect: Effect) -> dict[str, object]:
    """One Effect as a row of a table to take away."""
    _ = page.say
    ranges = columns(page, _("Change, min"), effect.change, 2) | columns(page, _("Change, %"), effect.percent, 2)
    return {head: name, _("Level of evidence"): _(NAMES[effect.verdict.code]), **ranges, _("n visits"): round(sum(visits for *_rest, visits in effect.counts))}


def _steps(page: Frame, window: Selection) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Where in the visit?"), _("Change of each step, minutes a passage, against the {comparisons}. Steps do not add up to the visit: not every truck makes every step.", **units(page)))
    steps = parts.by_step(page.store, page.selection).steps
    measured = [step for step in steps if step.effect.has_number]
    if not measured:
        panel.quiet(_("No step has enough passages to be measured."))
        return
    own = [step for step in measured if step.code != parts.WHOLE]
    clear = [step for step in own if step.effect.verdict.code != "none"]
    largest = min(clear, key=lambda step: step.effect.change.best, default=None)
    finding = _("None of the {n} steps, alone, shows a detectable change.", n=len(own)) if largest is None else _("The largest change of a step is at {step}: {range}.", step=_(STEPS[largest.code]), range=words.span(largest.effect.change, " min", page.lang))
    rows = [_dot(page, _(STEPS[step.code]), step.effect, in_minutes=True) for step in measured]
    table = pl.DataFrame([_row(page, _("Step"), _(STEPS[step.code]), step.effect) | {_("n visits"): sum(step.passages)} for step in steps], infer_schema_length=None)
    n = _("n = {n} passages", n=w.number(sum(sum(step.passages) for step in own)))
    panel.show(page, shapes.dots(rows, suffix=f" {_('min')}", less=_("← less time"), more=_("more time →")), key="pilot_by_step", finding=finding, table=table, selection=window, n_words=n)
    _asks_more(page, [step.effect for step in own])
    _silent(page, [(_(STEPS[step.code]), step.effect) for step in steps if not step.effect.has_number])


def _units(page: Frame, main: Effect, window: Selection) -> None:
    _, said = page.say, units(page)
    found = [(unit_name(page, unit), effect) for unit, effect in parts.by_unit(page.store, page.selection).units]
    measured = [each for each in found if each[1].has_number]
    if not measured:
        return
    panel.section(headed(_("{unit} by {unit}", **said)), _("Each {unit} of the pilot alone, against the {comparisons} together. Shaded: the range of the whole answer. Each alone has fewer visits, so its range is wider.", **said))
    lows, highs = min(measured, key=lambda each: each[1].percent.best), max(measured, key=lambda each: each[1].percent.best)
    overlap = lows[1].percent.high >= highs[1].percent.low
    finding = _("The ranges of the {n} {units} overlap: nothing says that they differ.", **said, n=len(measured)) if overlap else _("The {n} {units} differ: {a} changed most, {b} least.", **said, n=len(measured), a=lows[0], b=highs[0])
    if len(measured) == 1:
        finding = _("{name} alone: {range}.", name=measured[0][0], range=words.span(measured[0][1].percent, f"{NB}%", page.lang))
    table = pl.DataFrame([_row(page, headed(said["unit"]), name, effect) for name, effect in found], infer_schema_length=None)
    figure = shapes.dots([_dot(page, name, effect, in_minutes=False) for name, effect in measured], band=(main.percent.low, main.percent.high), less=_("← less time"), more=_("more time →"))
    panel.show(page, figure, key="pilot_by_unit", finding=finding, table=table, selection=window, n_words=n_visits(page, main))
    _asks_more(page, [effect for _name, effect in measured])
    _silent(page, [each for each in found if not each[1].has_number])


def _groups(page: Frame, main: Effect, window: Selection) -> None:
    """Only groups that stand out when all were looked at; how many were looked at stands beside."""
    _ = page.say
    panel.section(_("For whom?"), _("Looking at many groups always finds one that seems to gain. Only those that stand out among all tested are shown."))
    dimension = st.segmented_control(_("Groups by"), list(DIMENSIONS), key="pilot_group", default="cargo", required=True, format_func=lambda code: _(DIMENSIONS[code])) or "cargo"
    found = parts.by_group(page.store, page.selection, dimension)
    passed = [group for group in found.groups if group.stands_out]
    parts_of = [_.plural("{n} group tested", "{n} groups tested", len(found.groups))]
    if found.left_out:
        parts_of.append(_("{n} not measurable ({names})", n=len(found.left_out), names=_(", ").join(_group(page, dimension, code) for code, _reason in found.left_out[:6]) + (" …" if len(found.left_out) > 6 else "")))
    if found.too_small:
        parts_of.append(_("{n} with fewer than 300 visits on a side, not looked at", n=found.too_small))
    tested = clauses(parts_of, page.lang)
    if not passed:
        panel.quiet(f"{_('No group stands out.')} {tested}.")
        return
    finding = _.plural("{n} group of {of} stands out: {names}.", "{n} groups of {of} stand out: {names}.", len(passed), n=len(passed), of=len(found.groups), names=_(", ").join(_group(page, dimension, group.code) for group in passed))
    figure = shapes.dots([_dot(page, _group(page, dimension, group.code), group.effect, in_minutes=False) for group in passed], band=(main.percent.low, main.percent.high), less=_("← less time"), more=_("more time →"))
    table = pl.DataFrame([_row(page, _(DIMENSIONS[dimension]), _group(page, dimension, group.code), group.effect) for group in passed], infer_schema_length=None)
    panel.show(page, figure, key=f"pilot_by_{dimension}", finding=finding, table=table, selection=window, n_words=tested)


def _group(page: Frame, dimension: str, code: str) -> str:
    """A group in words; transporters keep their pseudonym."""
    _ = page.say
    if dimension == "hour":
        return _("{first} h to {last} h", first=int(code), last=int(code) + 4)
    if dimension == "carrier":
        return _("Transporter {mark}", mark=code[:6])
    known = codes.CARGO_CLASS if dimension == "cargo" else codes.DIRECTION
    return _(known.codes[code]) if code in known.codes else _("unknown")


def _asks_more(page: Frame, effects: Sequence[Effect]) -> None:
    """Why a range that leaves zero out is not called a change, where there is such a one."""
    if any(each.code == "below_this_look" for effect in effects for each in effect.verdict.reasons):
        panel.quiet(page.say("A range that leaves out zero may still be no detectable change: a look before the end asks for more."))


def _silent(page: Frame, effects: Sequence[tuple[str, Effect]]) -> None:
    """What cannot be measured, named with its reason, in one line."""
    if not effects:
        return
    said = clauses((f"{name} ({words.reason(effect.verdict.reasons[0], effect, page.lang)})" for name, effect in effects), page.lang)
    st.html(f'<p class="quiet">{html.escape(page.say("Not measurable: {listed}.", listed=said))}</p>')
