"""The one page for phones that lies beside every build: home/pages/PORT/LANGUAGE.html, the last 28 days, read without network."""

from __future__ import annotations

import os
from pathlib import Path

from dashboard import store
from dashboard.briefing import compose, told, web
from dashboard.i18n import LANGUAGES
from dashboard.selection import DEFAULT_PRESET, Selection
from etl.settings import Settings

PRESET = "delegation"


def leave(settings: Settings) -> list[Path]:
    """Write the pages of the published build where they are not there yet; return those written. Raises BuildError without a build, OSError where nothing can be written."""
    store.use(settings)
    port, made = store.own(), []
    build = port.build()
    selection = Selection.preset(port.port_code, DEFAULT_PRESET, build.now_day)
    for language in LANGUAGES:
        path = settings.pages / port.port_code / f"{language.code}.html"
        if path.is_file() and f'content="{build.build_id}"' in path.read_text("utf-8"):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        deck = compose.deck(port, selection, preset=PRESET, lang=language.code)
        part.write_bytes(web.of_deck(deck))
        part.replace(path)
        told.remember(port, (result for section in deck.sections for result in section.results), build.now_day)
        made.append(path)
    return made
