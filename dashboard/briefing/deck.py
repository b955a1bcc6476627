"""Deck: one briefing as frozen sections, the seam between what is said and how it is shown. Paper, slides, screen and HTML draw these and ask nothing.

    deck = compose.deck(store, selection, preset="delegation", lang="fr")
    for section in deck.sections: section.title, section.finding, section.figures     # one idea each: a slide, a part of a page
    for page in deck.pages: for row in page: ...                                      # the same sections as the preset lays them out on paper

Every text is finished: translated, numbers spelled, small cells already hidden by the store. Numbers stand beside their words (`value`, `text`), so that
a native chart can be drawn and a label written without formatting anything again. `**bold**` marks are the only markup. In a right-to-left
language numbers are isolated (U+2066 ... U+2069); otherwise those marks are taken out. Colours are names of views.theme.LIGHT or plain "#rrggbb".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from dashboard.metrics import Result
from dashboard.selection import Selection


@dataclass(frozen=True)
class Card:
    """One headline figure. `value` None is "no data"; `text` and `unit` are its words, `say` a sentence, `notes` its n, interval and comparison."""

    code: str
    name: str
    value: float | None
    text: str
    unit: str
    say: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cards:
    cards: tuple[Card, ...]
    alt: str


@dataclass(frozen=True)
class Bar:
    """One named value with its limits, where it has them. `is_thin` rests on too few rows to lean on: grey."""

    name: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    is_thin: bool = False


@dataclass(frozen=True)
class Bars:
    """Values from zero, one a row; `unit` in words. With `is_range` they are changes: a point within its limits, on an axis that shows zero."""

    bars: tuple[Bar, ...]
    unit: str
    alt: str
    is_range: bool = False


@dataclass(frozen=True)
class Strip:
    """Shares of one whole (0 to 1), in their order."""

    parts: tuple[Bar, ...]
    alt: str


@dataclass(frozen=True)
class Line:
    """One line of a curve; None is a gap, never zero."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Mark:
    """A named event at a step of the curve."""

    index: int
    words: str


@dataclass(frozen=True)
class Curve:
    """Values over time: `labels` are the steps in words, oldest first, and `lines` have one value a step, below zero too where they are changes."""

    labels: tuple[str, ...]
    lines: tuple[Line, ...]
    unit: str
    alt: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Shade:
    """One class of a map or heatmap: its colour and its words. Class numbers count from 0, the lightest."""

    colour: str
    words: str


THIN = -1  # known, but resting on too few rows: grey


@dataclass(frozen=True)
class Heat:
    """Classes by row and column: a number into `shades`, THIN, or None for no data at all. `values` are the figures themselves, None where not shown."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    classes: tuple[tuple[int | None, ...], ...]
    values: tuple[tuple[float | None, ...], ...]
    shades: tuple[Shade, ...]
    thin: str
    alt: str


@dataclass(frozen=True)
class Zone:
    """One zone of the map: `mark` stands on it, `name` and `text` in the list beside. Rings are (x, y) with x from 0 to 1 eastwards and y southwards in the same scale."""

    code: str
    mark: str
    name: str
    text: str
    shade: int | None
    rings: tuple[tuple[tuple[float, float], ...], ...]
    middle: tuple[float, float]


@dataclass(frozen=True)
class Ground:
    """Sea, land, quay or road under the zones, in the same scale."""

    colour: str
    rings: tuple[tuple[tuple[float, float], ...], ...]
    is_line: bool = False


@dataclass(frozen=True)
class Zones:
    """The port drawn as outlines; `height` is its height where its width is 1."""

    zones: tuple[Zone, ...]
    ground: tuple[Ground, ...]
    height: float
    shades: tuple[Shade, ...]
    thin: str
    alt: str


@dataclass(frozen=True)
class Table:
    """Texts in rows; the first column names the row. `ends` are the numbers of the columns that hold figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    alt: str
    ends: tuple[int, ...] = ()


@dataclass(frozen=True)
class Terms:
    """Words and what they mean."""

    pairs: tuple[tuple[str, str], ...]


Figure = Cards | Bars | Strip | Curve | Heat | Zones | Table | Terms


@dataclass(frozen=True)
class Definition:
    """What a figure of a section means, for notes and the method page."""

    code: str
    name: str
    about: str
    standard: str


@dataclass(frozen=True)
class Section:
    """One idea: its finding in a sentence, its figures, and what must stand beside them (n, period, source).

    lead       a short word before the finding, e.g. the verdict of the pilot; empty for most
    text       sentences after the finding
    limits     what the section cannot settle; never left out where there is room for anything
    results    the answers of the store behind it, for tests and notes
    """

    code: str
    title: str
    finding: str
    figures: tuple[Figure, ...] = ()
    text: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    lead: str = ""
    n: str = ""
    period: str = ""
    source: str = ""
    definitions: tuple[Definition, ...] = ()
    results: tuple[Result, ...] = field(default=(), repr=False, compare=False)

    @property
    def said(self) -> str:
        """The finding with its lead before it, where it does not begin so already."""
        return self.finding if self.finding.startswith(self.lead) else f"{self.lead}. {self.finding}"

    @property
    def under(self) -> str:
        """The line under a figure: n, period, source."""
        return " · ".join(part for part in (self.n, self.period, self.source) if part)


@dataclass(frozen=True)
class Deck:
    """One briefing of one build, selection, preset and language.

    stamp       the words every page, slide and screen carries where the data are a sample; empty for a real port
    facts       what the cover says: (what, words) pairs; port, period, build and freshness among them
    foot        one line for the foot of every page
    words       the few words a renderer writes itself, by name: page, of, limits, index, hour, decimal
    made_at     the instant of the newest event (UTC): the date of every file, so that the same build gives the same bytes
    """

    preset: str
    lang: str
    direction: str
    title: str
    port: str
    period: str
    stamp: str
    facts: tuple[tuple[str, str], ...]
    foot: str
    words: dict[str, str]
    build_id: str
    made_at: dt.datetime
    selection: Selection
    pages: tuple[tuple[tuple[Section, ...], ...], ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """Every section in reading order."""
        return tuple(section for page in self.pages for row in page for section in row)

    @property
    def stem(self) -> str:
        """File name without ending."""
        return f"smartport_briefing_{self.preset}_{self.selection.first_day}_{self.selection.last_day}_{self.lang}"
