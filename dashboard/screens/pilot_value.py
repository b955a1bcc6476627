"""Pilot, part "What it is worth": truck-hours, money, diesel and CO2 as ranges, or why none is given."""

from __future__ import annotations

import html
import math
from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboard.evidence import study
from dashboard.evidence import value as worth
from dashboard.evidence.effect import Range
from dashboard.evidence.study import Headline
from dashboard.i18n import N_
from dashboard.screens.pilot_words import between, columns, units, verdict, window_of
from dashboard.widgets import kpi_card, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

# line -> (its name, the unit of its card, how many of the line's own unit that is)
NAMES: dict[str, tuple[str, str, float]] = {
    "truck_hours": (N_("Truck-hours"), N_("h"), 1), "money": (N_("Money"), N_("thousand MAD"), 1000), "diesel_l": (N_("Diesel"), N_("litres"), 1),
    "co2_kg": (N_("CO2 from the exhaust"), N_("tonnes"), 1000), "co2e_kg": (N_("CO2 with fuel production"), N_("tonnes"), 1000),
}  # fmt: skip


def show(page: Frame, found: Headline, arms: pl.DataFrame) -> None:
    _, w = page.say, Words(page)
    effect = found.main
    st.html(verdict(page, effect))
    why = worth.why_no_value(effect)
    if why is not None:
        st.html(f'<p class="lead" data-testid="no-value">{html.escape(worth.no_value(why, page.lang))}</p>')
        panel.quiet(_("Minutes that may be chance would become hours and dirhams that may be chance."))
        return
    given = worth.value_of(effect, page.store.table("dim_constants"), worth.visits_a_day(study.main_panel(page.store, page.selection)) if found.period_days == 1 else None)
    panel.section(_("Since the start"), _("{days} days, {n} visits at the {pilots}. The range holds that of the answer and the low and high ends of every constant.", **units(page), days=w.number(given.days), n=w.number(given.visits)))
    st.html(kpi_card.grid([_card(page, line, line.measured) for line in given.lines]))
    panel.section(_("In a year of {n} visits a day", n=w.number(given.a_day)), _("The same per visit, at today's traffic at the {pilots}. Not a forecast: other {units}, other years and a larger pilot may differ.", **units(page)))
    st.html(kpi_card.grid([_card(page, line, line.a_year) for line in given.lines]))
    _table(page, given, found)


def _card(page: Frame, line: worth.Line, given: Range) -> str:
    _ = page.say
    name, unit, scale = NAMES[line.code]
    figure, way = between(page, *ends_of(given, scale))
    return kpi_card.card(_(name), figure, f"{_(unit)} {way}".strip(), code=f"value-{line.code}")


def ends_of(given: Range, scale: float) -> tuple[float, float]:
    """The ends of a range in units of `scale`, each rounded outward to two digits: constants known to a factor of two make no more."""
    return _outward(given.low / scale, math.floor), _outward(given.high / scale, math.ceil)


def _outward(value: float, towards: Callable[[float], int]) -> float:
    if not value:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return towards(value / step) * step


def _table(page: Frame, given: worth.Value, found: Headline) -> None:
    """Ranges and constants with their sources, to take away."""
    _ = page.say
    window = window_of(page, found.main)
    rows = [
        {_("Line"): _(NAMES[line.code][0]), _("Unit"): line.unit, **columns(page, _("Since the start"), line.measured, 1), **columns(page, _("A year"), line.a_year, 1)} for line in given.lines
    ]
    panel.data(page, pl.DataFrame(rows), key="pilot_value", title=_("What the pilot is worth, with ranges"), selection=window)
    used = {each.code: each for line in given.lines for each in line.constants}
    panel.section(_("Constants behind it"), _("Replace them by your own in reference/constants.csv of the site folder."))
    w = Words(page)
    names = {row["constant_code"]: row[f"name_{page.lang}"] or row["constant_code"] for row in page.store.table("dim_constants").to_dicts()}
    constants = pl.DataFrame(
        [
            {_("Constant"): names.get(each.code, each.code), _("Value"): w.number(each.value, 2), _("Low"): w.number(each.low, 2), _("High"): w.number(each.high, 2), _("Unit"): page.say(each.unit), _("Source"): page.say(each.source), _("Kind"): _("assumption") if each.is_assumption else _("published")}
            for each in used.values()
        ]
    )  # fmt: skip
    panel.grid(constants, key="pilot_constants")
    for code, lacking in given.left_out:
        panel.quiet(_("{line} is not given: the site has no usable {names}.", line=_(NAMES[code][0]), names=_(", ").join(lacking)))
