"""Deck in, PowerPoint out: one idea a slide, native charts and tables that stay editable, notes that hold definition, n and source.

    slides.of_deck(deck)     # .pptx bytes

The finding is the title of its slide. Nothing is asked and nothing formatted anew but the figures within a heatmap's cells.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pptx import Presentation
from pptx.util import Inches

from dashboard.briefing.deck import Deck, Section, Table, Terms
from dashboard.briefing.slides import figures
from dashboard.briefing.slides.text import ACCENT, INK, QUIET, Box, fill, turn, write

WIDTH, HEIGHT, EDGE = 13.333, 7.5, 0.6  # inches: 16 to 9
_LONG, _VERY_LONG = 110, 190  # letters of a finding
_ROWS = 9  # of a glossary or table on one slide
_ONE_LINE = 150  # letters
_ASIDE = 3.9  # inches for the sentences beside a figure
_NARROW, _BELOW = 4, 1.3  # a table of more columns has the whole width, and inches for the sentences below it


def of_deck(deck: Deck) -> bytes:
    made = Presentation()
    made.slide_width, made.slide_height = Inches(WIDTH), Inches(HEIGHT)
    told = made.core_properties
    told.title, told.author, told.subject, told.language = deck.title, deck.port, deck.period, deck.lang
    told.created = told.modified = deck.made_at.replace(tzinfo=None)
    _cover(made, deck)
    shown = [part for section in deck.sections for part in _parts(section)]
    for number, section in enumerate(shown, start=2):
        _slide(made, deck, section, f"{number} / {len(shown) + 1}")
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _parts(section: Section) -> list[Section]:
    """A section whose only figure is too long for one slide, in several."""
    if len(section.figures) == 1:
        figure = section.figures[0]
        if isinstance(figure, Terms) and len(figure.pairs) > _ROWS:
            return [replace(section, figures=(Terms(figure.pairs[at : at + _ROWS]),)) for at in range(0, len(figure.pairs), _ROWS)]
        if isinstance(figure, Table) and len(figure.rows) > _ROWS + 3:
            return [replace(section, figures=(replace(figure, rows=figure.rows[at : at + _ROWS + 3]),)) for at in range(0, len(figure.rows), _ROWS + 3)]
    return [section]


def _cover(made: Any, deck: Deck) -> None:
    slide = _blank(made)
    write(slide, deck, Box(EDGE, 1.3, WIDTH - 2 * EDGE, 0.5), [deck.port], 18, colour=QUIET)
    _title(slide, deck, Box(EDGE, 1.8, WIDTH - 2 * EDGE, 1.5), deck.title, 40)
    write(slide, deck, Box(EDGE, 3.3, WIDTH - 2 * EDGE, 0.6), [deck.period], 22)
    write(slide, deck, Box(EDGE, 4.4, WIDTH - 2 * EDGE, 2.2), [f"**{what}** {words}" for what, words in deck.facts], 14, colour=QUIET)
    _foot(slide, deck, "", "1")


def _slide(made: Any, deck: Deck, section: Section, number: str) -> None:
    slide = _blank(made)
    write(slide, deck, Box(EDGE, 0.35, WIDTH - 2 * EDGE, 0.4), [section.title], 14, colour=ACCENT)
    beside = [*section.text, *(f"**{deck.words['limits']}**" for _ in section.limits[:1]), *section.limits]
    if section.figures or beside:
        _title(slide, deck, Box(EDGE, 0.72, WIDTH - 2 * EDGE, 1.15), section.said, 18 if len(section.said) > _VERY_LONG else 22 if len(section.said) > _LONG else 28)
    else:
        _title(slide, deck, Box(EDGE, 2.2, WIDTH - 2 * EDGE, 3), section.said, 36)
    room = Box(EDGE, 2.0, WIDTH - 2 * EDGE, 4.6)
    if section.figures and sum(map(len, beside)) <= _ONE_LINE:
        write(slide, deck, replace(room, top=room.top + room.height - 0.3, height=0.3), beside, 12, colour=QUIET)
        room = replace(room, height=room.height - (0.35 if beside else 0))
    elif len(section.figures) == 1 and isinstance(section.figures[0], Table) and len(section.figures[0].columns) > _NARROW:
        below = replace(room, top=room.top + room.height - _BELOW, height=_BELOW)
        room = replace(room, height=room.height - _BELOW - 0.1)
        write(slide, deck, below, beside, _size(beside, below), colour=QUIET)
    elif section.figures:
        aside = replace(room, left=room.left + room.width - _ASIDE, width=_ASIDE)
        room = replace(room, width=room.width - _ASIDE - 0.3)
        if deck.direction == "rtl":
            aside, room = replace(aside, left=EDGE), replace(room, left=EDGE + _ASIDE + 0.3)
        write(slide, deck, aside, beside, _size(beside, aside), colour=QUIET)
    else:
        write(slide, deck, room, beside, 16)
    for box, figure in figures.shared(room, section.figures):
        figures.draw(figure, slide, deck, box)
    _foot(slide, deck, section.under, number)
    _notes(slide, deck, section)


def _size(texts: Sequence[str], box: Box) -> int:
    """The largest size at which the sentences fit: a letter is about half as wide as high, a line 1.25 as high."""
    for size in (14, 13, 12, 11, 10):
        across = box.width * 72 / (size * 0.5)
        lines = sum(len(text) // across + 1.4 for text in texts)
        if lines * size * 1.25 <= box.height * 72:
            return size
    return 9


def _notes(slide: Any, deck: Deck, section: Section) -> None:
    """What a speaker is asked: the sentences, what n, period and source are, and how each figure is defined."""
    lines = [section.finding, *section.text, *(f"{deck.words['limits']}: {each}" for each in section.limits), section.under]
    lines += [f"{each.name}: {each.about} ({each.standard})" if each.standard else f"{each.name}: {each.about}" for each in section.definitions]
    if deck.stamp:
        lines.append(deck.stamp)
    slide.notes_slide.notes_text_frame.text = "\n".join(line.replace("**", "") for line in lines if line)
    for paragraph in slide.notes_slide.notes_text_frame.paragraphs:
        turn(paragraph, deck)


def _foot(slide: Any, deck: Deck, under: str, number: str) -> None:
    write(slide, deck, Box(EDGE, 6.7, WIDTH - 2 * EDGE, 0.3), [under], 11, colour=QUIET)
    write(slide, deck, Box(EDGE, 7.0, WIDTH - 2 * EDGE, 0.3), [" · ".join(part for part in (f"**{deck.stamp}**" if deck.stamp else "", deck.foot, number) if part)], 9, colour=QUIET)


def _blank(made: Any) -> Any:
    """A slide that has a title of its own (for outlines and screen readers) and nothing else of the layout."""
    return made.slides.add_slide(made.slide_layouts[5])


def _title(slide: Any, deck: Deck, box: Box, text: str, size: int) -> None:
    fill(slide.shapes.title, deck, box, [text], size, INK, is_bold=True)
