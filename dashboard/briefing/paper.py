"""Deck in, paper out: PDF (tagged, PDF/UA-1) and page pictures, by Typst. Fonts are ours, nothing is fetched, and the same Deck gives the same bytes.

    paper.of_deck(deck)                                                              # PDF bytes
    paper.pictures(store.of(), selection, preset="delegation", lang="fr")            # its pages as PNG, for the preview
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import typst

from dashboard.briefing import compose
from dashboard.briefing.deck import Deck, Section
from dashboard.selection import Selection
from dashboard.store import Store

FOLDER = Path(__file__).parent
STANDARDS = ["ua-1"]
PREVIEW_PPI = 96.0
# direction -> fonts, the first that has a letter draws it
FONTS: dict[str, tuple[str, ...]] = {"ltr": ("IBM Plex Sans", "IBM Plex Sans Arabic"), "rtl": ("IBM Plex Sans Arabic", "IBM Plex Sans")}
_LEFT_OUT = frozenset({"results", "selection", "definitions", "made_at"})


@dataclass(frozen=True)
class Paper:
    """A finished file, and how many bytes the store keeps for it."""

    pdf: bytes = b""
    pictures: tuple[bytes, ...] = ()

    @property
    def nbytes(self) -> int:
        return len(self.pdf) + sum(len(each) for each in self.pictures)


def pictures(store: Store, selection: Selection, *, preset: str, lang: str) -> Paper:
    """Return the pages of a selection as PNG, made once per build and question. Raises as compose.deck does."""
    return store.made(("briefing pictures", preset, lang, selection), lambda _opened: Paper(pictures=pages_of(compose.deck(store, selection, preset=preset, lang=lang))))


def of_deck(deck: Deck) -> bytes:
    return compiled("briefing.typ", {"deck": _json(deck)}, deck.made_at)


def pages_of(deck: Deck, ppi: float = PREVIEW_PPI) -> tuple[bytes, ...]:
    made = typst.compile(**_how("briefing.typ", {"deck": _json(deck)}, deck.made_at), format="png", ppi=ppi)
    return tuple(made) if isinstance(made, list) else (made,)


def compiled(template: str, inputs: Mapping[str, str], made_at: dt.datetime) -> bytes:
    """Return one of the templates as tagged PDF that passes PDF/UA-1. `made_at` (UTC) is the only date in it."""
    return typst.compile(**_how(template, inputs, made_at), format="pdf", pdf_standards=STANDARDS)


def _how(template: str, inputs: Mapping[str, str], made_at: dt.datetime) -> dict[str, Any]:
    return {
        "input": str(FOLDER / "typst" / template), "root": str(FOLDER / "typst"), "font_paths": [str(FOLDER / "fonts")], "ignore_system_fonts": True,
        "sys_inputs": dict(inputs), "timestamp": int(made_at.replace(tzinfo=dt.UTC).timestamp()),
    }  # fmt: skip


def _json(deck: Deck) -> str:
    return json.dumps({**plain(deck), "fonts": FONTS[deck.direction]}, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Return the Deck as plain values; a figure says its kind, a section the line under it. What no paper prints is left out."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if not is_dataclass(value):
        return value
    made = {field.name: plain(getattr(value, field.name)) for field in fields(value) if field.name not in _LEFT_OUT}
    return made | {"kind": type(value).__name__} | ({"under": value.under} if isinstance(value, Section) else {})
