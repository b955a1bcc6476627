"""What a UN/EDIFACT message may hold, and how a mapping names a place in it. Declared knowledge only; nothing is read here.

A place is `TAG[qualifier]#n/element.component`: `BGM/1` is the first component of the first element after the tag, `DTM[7]/1.2`
the second component of it in the first DTM whose first component is 7, `EQD#2/2` the container of the second EQD. UNB is the
interchange's own header and may be named in every message type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.errors import DeclarationError


def _tags(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Segments of each message type over the directories D.95B to D.21A; UNH and UNT frame every message. Source: UN/CEFACT UNTDID, part 1.
_EQUIPMENT = "BGM DTM FTX RFF TDT LOC NAD CTA COM EQD MEA DIM TMP RNG SEL EQA DGS DAM COD PIA HAN TMD CNT"
MESSAGES: dict[str, frozenset[str]] = {
    "CODECO": _tags(f"{_EQUIPMENT} TSR GID SGP PCI MOA PCD GIR GDS"),
    "COARRI": _tags(f"{_EQUIPMENT} TSR PCD ETS GDS"),
    "VERMAS": _tags("BGM DTM RFF NAD CTA COM EQD LOC SEL MEA TDT DOC FTX CNT"),
    "CUSRES": _tags("BGM FTX LOC GIS GEI DTM DOC RFF TDT NAD CTA COM ERP ERC TAX MOA CUX PAT MEA EQD SEL PAC PCI CST TOD QTY UNS CNT AUT QVR CNI TPL"),
}
CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3",
    "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
FRAME = ("UNH", "UNT")
_PLACE = re.compile(r"([A-Z]{3})(?:\[([^\]]+)\])?(?:#([1-9]))?/([1-9]\d?)(?:\.([1-9]))?")


@dataclass(frozen=True)
class Place:
    """One component of one element of the n-th segment of a tag, of those with the qualifier where one is given."""

    tag: str
    qualifier: str | None
    occurrence: int
    is_numbered: bool
    element: int
    component: int

    def value(self, segments: list[list]) -> str | None:
        """Return the text there; None where the message lacks it. Segments are lists: tag, then elements, texts or lists of components."""
        seen = 0
        for segment in segments:
            if segment[0] == self.tag and (self.qualifier is None or _component(segment, 1, 1) == self.qualifier):
                seen += 1
                if seen == self.occurrence:
                    return _component(segment, self.element, self.component)
        return None


def _component(segment: list, element: int, component: int) -> str | None:
    if len(segment) <= element:
        return None
    parts = segment[element] if isinstance(segment[element], list) else [segment[element]]
    return (parts[component - 1] or None) if len(parts) >= component else None


def place(text: str, message: str, where: str) -> Place:
    """Parse a place of a message type. Raises DeclarationError when it is none."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise DeclarationError(where, f"'{text}' is no place in a message", "TAG/element, TAG/element.component, TAG[qualifier]/..., TAG#2/...", "Write BGM/1 or DTM[7]/1.2")
    tag, qualifier, occurrence, element, component = found.groups()
    known = MESSAGES[message] | {"UNB", *FRAME}
    if tag not in known:
        raise DeclarationError(where, f"a {message} message has no segment {tag}", ", ".join(sorted(known)))
    return Place(tag, qualifier, int(occurrence or 1), occurrence is not None, int(element), int(component or 1))
