"""Briefing: the same figures as the pages, on paper, slides and one page for phones. Preset in the address, period and filters from the bar; nothing is made before someone asks to see or take it."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from dashboard import format as words
from dashboard.briefing import command, compose, kept, paper, slides, web
from dashboard.briefing.deck import Deck
from dashboard.briefing.presets import PRESETS
from dashboard.briefing.route import ADDRESS
from dashboard.i18n import N_
from dashboard.widgets import address, download, panel, parts
from dashboard.widgets.frame import Frame, current

FORMS: dict[str, tuple[str, Callable[[Deck], bytes]]] = {
    "pdf": (N_("Download the briefing (PDF)"), paper.of_deck), "pptx": (N_("Slides (PowerPoint)"), slides.of_deck), "html": (N_("One page for phones (HTML)"), web.of_deck),
}  # fmt: skip
PARTS: dict[str, str] = {code: preset.label for code, preset in PRESETS.items()}


def show(page: Frame) -> None:
    say = page.say
    panel.head(page, say("Briefing"), say("The same figures as the pages, for the period and filters above, set on A4. The choice is in the address; it changes no figure."))
    preset = parts.choose(page, PARTS, "briefing_part")
    if compose.is_empty(page.store, page.selection):
        build = page.store.build()
        st.button(say("Last whole week"), key="briefing_week", type="tertiary", on_click=_last_week, args=(page,), help=say("From Monday to Sunday, the last that is over."))
        panel.quiet(f"{say('No visit in this selection.')} {say('Data up to {at} ({zone}).', at=words.moment(build.now_local_at, page.lang), zone=build.zone_name)}")
        return
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        seen = st.button(say("Show the pages"), key="briefing_show")
        st.button(say("Last whole week"), key="briefing_week", type="tertiary", on_click=_last_week, args=(page,), help=say("From Monday to Sunday, the last that is over."))
        st.link_button(say("Show as slides"), f"{ADDRESS.lstrip('/')}?{urlencode({**page.selection.to_query(), 'part': preset, 'lang': page.lang})}", type="tertiary")
    stem = f"smartport_briefing_{preset}_{page.selection.first_day}_{page.selection.last_day}_{page.lang}"
    with st.container(horizontal=True, gap="medium"):
        for form, (label, draw) in FORMS.items():
            download.paper(page, say(label), stem, partial(_handed_out, page, preset, draw), key="briefing", form=form)
    asked = (preset, page.lang, page.selection, page.store.build().build_id)
    if seen:
        st.session_state["briefing_shown"] = asked
    if st.session_state.get("briefing_shown") == asked:  # another period or preset is another paper: asked for anew
        _pages(page, preset)
    else:
        panel.quiet(say("Nothing is made before you ask: choose the period above, then look at the pages or download the PDF."))


def _handed_out(page: Frame, preset: str, draw: Callable[[Deck], bytes]) -> bytes:
    """One form of the briefing; what it says is kept, so that a later change is seen."""
    deck = compose.deck(page.store, page.selection, preset=preset, lang=page.lang)
    kept.publish(page.store, deck)
    return draw(deck)


def _last_week(page: Frame) -> None:
    """Callback: put the last whole week into the address."""
    first, end = command.span("last-week", page.store.build().now_local_at)
    address.write(replace(page.selection, first_day=first, end_day=end, period="custom"))


def _pages(page: Frame, preset: str) -> None:
    """The pages as pictures; what each finds is their alternative text."""
    say = page.say
    with st.spinner(say("Setting the pages …")):
        deck = compose.deck(page.store, page.selection, preset=preset, lang=page.lang)
        made = paper.pictures(page.store, page.selection, preset=preset, lang=page.lang)
    shown = []
    for number, (picture, rows) in enumerate(zip(made.pictures, deck.pages, strict=True), start=1):
        name = say("Page {n} of {all}", n=number, all=len(made.pictures))
        alt = f"{name}. " + " ".join(f"{section.title}: {section.finding.replace('**', '')}" for row in rows for section in row)
        shown.append(f'<figure style="margin:0"><img style="inline-size:100%;border:var(--hair)" src="data:image/png;base64,{base64.b64encode(picture).decode()}" alt="{html.escape(alt, quote=True)}" loading="lazy"><figcaption class="quiet">{html.escape(name)}</figcaption></figure>')
    st.html(f'<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:1.6rem" data-testid="sheets">{"".join(shown)}</div>')


if __name__ == "__main__":
    show(current())
