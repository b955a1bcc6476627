"""Words on slides: a place, a font, a direction. `**bold**` is the only markup a Deck holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from dashboard.briefing.deck import Deck
from dashboard.views import theme

INK, ACCENT, QUIET = theme.LIGHT[theme.INK], theme.LIGHT[theme.ACCENT], "#5B636E"
# Drawn by what every office has; Arabic letters take the second.
LATIN, ARABIC = "Calibri", "Arial"


@dataclass(frozen=True)
class Box:
    """A place on the slide, in inches."""

    left: float
    top: float
    width: float
    height: float

    @property
    def emu(self) -> tuple[Emu, Emu, Emu, Emu]:
        return Inches(self.left), Inches(self.top), Inches(self.width), Inches(self.height)


def write(slide: Any, deck: Deck, box: Box, texts: Sequence[str], size: float, *, colour: str = INK, is_bold: bool = False) -> None:
    """A text box of one paragraph a text; none where nothing is to be said."""
    if any(texts):
        fill(slide.shapes.add_textbox(*box.emu), deck, box, texts, size, colour, is_bold=is_bold)


def fill(shape: Any, deck: Deck, box: Box, texts: Sequence[str], size: float, colour: str, *, is_bold: bool = False) -> None:
    """Put a shape in its place and write in it."""
    shape.left, shape.top, shape.width, shape.height = box.emu
    frame = shape.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    paragraphs(frame, deck, texts, size, colour, is_bold=is_bold)


def paragraphs(frame: Any, deck: Deck, texts: Sequence[str], size: float, colour: str, *, is_bold: bool = False, is_end: bool = False) -> None:
    """Write the texts of a frame; `is_end` puts them where a line ends (figures of a table)."""
    for number, text in enumerate(texts):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size * 0.45 if len(texts) > 1 else 0)
        for place, piece in enumerate(text.split("**")):
            if piece:
                run = paragraph.add_run()
                run.text = piece
                styled(run.font, size, colour, is_bold=is_bold or place % 2 == 1)
        turn(paragraph, deck, is_end=is_end)


def styled(font: Any, size: float, colour: str, *, is_bold: bool = False) -> None:
    """Set a font: ours by name, for Arabic letters too."""
    font.size, font.bold, font.name = Pt(size), is_bold, LATIN
    font.color.rgb = RGBColor.from_string(colour.lstrip("#"))
    complex_script = font._rPr.find(qn("a:cs"))
    if complex_script is None:
        complex_script = font._rPr.makeelement(qn("a:cs"), {})
        font._rPr.append(complex_script)
    complex_script.set("typeface", ARABIC)


def turn(paragraph: Any, deck: Deck, *, is_end: bool = False) -> None:
    """Set the direction of a paragraph; in a right-to-left language it begins at the right."""
    is_rtl = deck.direction == "rtl"
    if is_rtl:
        paragraph._p.get_or_add_pPr().set("rtl", "1")
    paragraph.alignment = PP_ALIGN.RIGHT if is_rtl != is_end else PP_ALIGN.LEFT
