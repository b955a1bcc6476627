"""Deck in, one HTML file out: read on a phone without network, shown in a meeting room by keyboard. No request, no font, no script from elsewhere.

    web.briefing(store.of(), selection, preset="delegation", lang="fr")       # bytes, made once per build and question
    web.of_deck(deck)
    web.of_deck(deck, is_shown=True)                                          # opens as slides: arrows, Home, End; Esc leaves them

Figures are HTML and inline SVG, with the words of the Deck; nothing is asked and nothing formatted anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.briefing import compose
from dashboard.briefing.deck import Deck, Section
from dashboard.briefing.web import figures
from dashboard.briefing.web.figures import escaped, rich
from dashboard.edge.policy import hashed
from dashboard.i18n import translator
from dashboard.selection import Selection
from dashboard.store import Store

_ONE_LINE = 150  # letters
FOLDER = Path(__file__).parent
_SCRIPT = (FOLDER / "page.js").read_text("utf-8")
# The page may run its own script and style and ask nobody anything.
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src {hashed(_SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Web:
    """A finished page, and how many bytes the store keeps for it."""

    html: bytes

    @property
    def nbytes(self) -> int:
        return len(self.html)


def briefing(store: Store, selection: Selection, *, preset: str, lang: str, is_shown: bool = False) -> Web:
    """Return the briefing of a selection as one HTML file. Raises as compose.deck does."""
    return store.made(("web", preset, lang, selection, is_shown), lambda _opened: Web(of_deck(compose.deck(store, selection, preset=preset, lang=lang), is_shown=is_shown)))


def of_deck(deck: Deck, *, is_shown: bool = False) -> bytes:
    say = translator(deck.lang)
    sections = "".join(_section(deck, section, number) for number, section in enumerate(deck.sections, start=2))
    keys = say("Arrows turn the slides, Esc leaves them.")
    values: Mapping[str, str] = {
        "lang": deck.lang, "dir": deck.direction, "class": "shown" if is_shown else "", "title": escaped(deck.title), "build": escaped(deck.build_id), "policy": POLICY,
        "style": (FOLDER / "page.css").read_text("utf-8"), "script": _SCRIPT, "cover": _cover(deck), "sections": sections,
        "stamp": escaped(deck.stamp), "foot": escaped(deck.foot), "show": escaped(say("Show as slides")), "keys": escaped(keys),
    }  # fmt: skip
    # In one pass: a name of a place that looks like a mark of the template is text.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: values[mark[1]], (FOLDER / "page.html").read_text("utf-8")).encode()


def _cover(deck: Deck) -> str:
    facts = "".join(f"<div><dt>{escaped(what)}</dt><dd>{escaped(words)}</dd></div>" for what, words in deck.facts)
    return f'<section id="s1" class="cover"><p class="kicker">{escaped(deck.port)}</p><h1>{escaped(deck.title)}</h1><p class="period">{escaped(deck.period)}</p><dl class="facts">{facts}</dl></section>'


def _section(deck: Deck, section: Section, number: int) -> str:
    drawn = "".join(figures.draw(figure, deck) for figure in section.figures)
    text = "".join(f"<p>{rich(each)}</p>" for each in section.text)
    limits = f'<div class="limits"><h3>{escaped(deck.words["limits"])}</h3>{"".join(f"<p>{rich(each)}</p>" for each in section.limits)}</div>' if section.limits else ""
    under = f'<p class="under">{escaped(section.under)}</p>' if section.under else ""
    short = " short" if not limits and sum(map(len, section.text)) <= _ONE_LINE else ""
    aside = f'<div class="text{short}">{text}{limits}</div>' if text or limits else ""
    return f'<section id="s{number}" class="{escaped(section.code)}"><p class="kicker">{escaped(section.title)}</p><h2>{rich(section.said)}</h2><div class="body"><div class="figures">{drawn}</div>{aside}</div>{under}</section>'
