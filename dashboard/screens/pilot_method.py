"""Pilot, part "Method": the whole method on one screen, for a reader who has a minute. Text only."""

from __future__ import annotations

import html

import streamlit as st

from dashboard.evidence.verdict import LOOKS
from dashboard.format import listed
from dashboard.i18n import N_
from dashboard.screens.pilot_words import units
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame

DOCS = "docs/pilot-evidence.md"
# (what is asked, how it is answered): each pair one line of the screen
LINES: tuple[tuple[str, str], ...] = (
    (N_("The question"), N_("How many minutes less (or more) did trucks of the {pilots} take than they would have taken without the pilot?")),
    (N_("Why not before and after?"), N_("Because traffic, ships, Ramadan and the clock change too. Tried where nothing had happened, a plain before/after announced a change in 95 cases of 100 (fake pilots among real airports) and in 67 to 73 of 100 (simulated pilots); the method used here in 2 to 7.")),
    (N_("Against what?"), N_("Against {units} of the same port without the pilot, watched on the same days. If both groups fall by 10 %, the pilot is credited with nothing.")),
    (N_("Like with like"), N_("Visits before the start are weighted to the hours and cargo seen since, {unit} by {unit}. Long visits stay in.")),
    (N_("A range, never one figure"), N_("The range is wide enough to stand noise that lasts for weeks. In simulated pilots that share no service point, the truth lay inside it in 96 to 98 cases of 100.")),
    (N_("Five words"), N_("Strong, moderate, weak, no detectable change, not yet measurable. They are given on days {days} after the start and on no other, so that nobody stops counting when the figure suits.")),
    (N_("A shared weighbridge, scanner or yard"), N_("Relief on one side is felt on the other. Such a pilot is never called strong, and wider bounds stand beside the range.")),
    (N_("What nobody can see here"), N_("Another change at the same {units} on the same day, and trucks that went elsewhere or came at another hour.")),
)  # fmt: skip


def show(page: Frame) -> None:
    _, said = page.say, units(page)
    panel.section(_("How the answer is found"))
    days = f" {_('and')} ".join([listed((str(day) for day, _alpha in LOOKS[:-1]), page.lang), str(LOOKS[-1][0])])
    rows = "".join(f"<li><b>{html.escape(_(name))}</b><div>{html.escape(_(text, **said, days=days))}</div></li>" for name, text in LINES)
    st.html(f'<ol class="method" data-testid="method">{rows}</ol>')
    panel.quiet(_("Formulae, sources, measured error rates and limits, for analysts: {file} in the program's folder.", file=DOCS))
