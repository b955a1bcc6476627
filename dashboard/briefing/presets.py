"""PRESETS: which sections a briefing holds and how its pages lay them out. One written list; a preset chooses and never computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.briefing import border, pilot, places, reading, visits
from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import Section
from dashboard.i18n import N_
from etl.errors import DeclarationError

SECTIONS: dict[str, Callable[[Brief], Section]] = {
    "headline": visits.headline, "spread": visits.spread, "curve": visits.curve, "terminals": visits.terminals, "planning": visits.planning, "appointments": visits.appointments, "minutes": visits.minutes,
    "lost": places.lost, "hours": places.hours, "plan": places.plan, "incidents": places.incidents, "pilot": pilot.pilot, "clearance": border.clearance, "security": border.security,
    "method": reading.method, "definitions": reading.definitions, "freshness": reading.freshness, "glossary": reading.glossary,
}  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """One kind of briefing: pages of rows of section codes; two in a row stand side by side. `is_short` asks the short form of every section."""

    code: str
    label: str
    title: str
    pages: tuple[tuple[tuple[str, ...], ...], ...]
    is_short: bool = False

    def __post_init__(self) -> None:
        for code in (code for page in self.pages for row in page for code in row):
            if code not in SECTIONS:
                raise DeclarationError(f"preset {self.code}", f"section '{code}' is not known", ", ".join(SECTIONS))


_PRESETS = (
    Preset("minister", N_("For the minister, one page"), N_("Trucks at the port: the essentials"), ((("headline",), ("spread", "lost"), ("pilot",), ("clearance", "security")),), is_short=True),
    Preset(
        "delegation", N_("For a delegation, four pages"), N_("Trucks at the port: briefing for the delegation"),
        (
            (("headline",), ("spread",), ("curve",)),
            (("plan",), ("lost", "minutes"), ("hours",)),
            (("pilot",), ("clearance",), ("security",)),
            (("method",), ("definitions", "glossary"), ("freshness",)),
        ),
    ),
    Preset(
        "weekly", N_("Weekly meeting with operators, two pages"), N_("Trucks at the port: weekly meeting with the operators"),
        ((("headline",), ("curve",), ("terminals",), ("planning",)), (("lost", "minutes"), ("hours",), ("appointments",), ("incidents",))),
    ),
)  # fmt: skip
PRESETS: dict[str, Preset] = {preset.code: preset for preset in _PRESETS}
