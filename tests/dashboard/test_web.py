"""The one-page HTML: small, asks nobody anything, holds every finding and figure, in every language."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from dashboard import store
from dashboard.briefing import compose, leaflet, web
from dashboard.briefing.deck import Bars, Cards, Table
from dashboard.briefing.presets import PRESETS
from dashboard.i18n import LANGUAGES
from etl.settings import Settings


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_it_is_small_says_everything_and_asks_nobody(sel, lang) -> None:
    deck = compose.deck(store.of(), sel, preset="delegation", lang=lang)
    page = web.of_deck(deck).decode()
    assert len(page.encode()) <= 300_000
    assert not re.search(r"""(src|href|action|srcset)\s*=|url\(|@import|fetch\(|XMLHttpRequest|WebSocket""", page), "the page could ask another address"
    assert deck.stamp in html.unescape(page) and f'dir="{deck.direction}"' in page and "{{" not in page
    words = html.unescape(re.sub(r"</?b>", "", page))
    for section in deck.sections:
        assert section.finding.replace("**", "") in words and section.under in words
        for figure in section.figures:
            if isinstance(figure, Bars):
                assert all(bar.text.replace("**", "") in words for bar in figure.bars)
            elif isinstance(figure, Cards):
                assert all(card.text in words and card.say in words for card in figure.cards)
            elif isinstance(figure, Table):
                assert all(text.replace("**", "") in words for row in figure.rows for text in row)


def test_every_preset_opens_as_slides_and_a_hostile_name_is_text(sel) -> None:
    for preset in PRESETS:
        deck = compose.deck(store.of(), sel, preset=preset, lang="en")
        assert 'class="shown"' in web.of_deck(deck, is_shown=True).decode()
    page = web.of_deck(replace(deck, title="<script>alert(1)</script>{{script}}", port='"><img src=x>')).decode()
    assert "<script>alert" not in page and "<img" not in page and page.count("addEventListener") == web.of_deck(deck).decode().count("addEventListener")


def test_a_page_lies_beside_every_build_and_is_written_once(small, tmp_path) -> None:
    settings = Settings(tmp_path, small.site)
    (tmp_path / "build").symlink_to(small.build)
    assert sorted(path.name for path in leaflet.leave(settings)) == sorted(f"{language.code}.html" for language in LANGUAGES)
    assert leaflet.leave(settings) == []
    store.use(small)
