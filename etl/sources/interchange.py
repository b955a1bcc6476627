"""UN/EDIFACT interchanges: bytes -> messages, split and counted here because the parser believes every count and stops at the first bad message.

A segment ends at a terminator that no release character escapes; blanks between segments mean nothing. What is split off is a
Piece: a message (UNH to UNT), a run of segments outside any message, or an interchange or group whose own count does not fit.
Every byte of a file is in one piece, in a service segment (UNA, UNB, UNG, UNE, UNZ) or blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from etl.sources.masks import shown

LONGEST_MESSAGE = 1 << 20  # bytes; a gate message has some 400, and the parser reads about 1 MB a second
_DEFAULT = b":+.? '"  # component, element, decimal mark, release, reserved, terminator: what stands where no UNA says otherwise
_BOM = b"\xef\xbb\xbf"
_UNA_BYTES = 9


@dataclass
class Piece:
    """One unit of the ledger. `segments` are trimmed, without terminators; `faults` are (code, sentence) found while splitting."""

    offset: int
    marks: bytes
    syntax: str
    header: bytes
    is_message: bool
    raw: bytearray = field(default_factory=bytearray)
    segments: list[bytes] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def add(self, segment: bytes, whole: bytes) -> None:
        """Take one more segment; of a message too long to be read only the bytes are kept."""
        self.raw += whole
        if len(self.raw) <= LONGEST_MESSAGE:
            self.segments.append(segment)


@dataclass
class _Envelope:
    """An interchange (UNB to UNZ) or group (UNG to UNE) that is being read."""

    segment: bytes
    offset: int
    reference: str
    messages_n: int = 0
    groups_n: int = 0


@cache
def _rest_of_segment(marks: bytes) -> re.Pattern[bytes]:
    """Match as far as no unescaped terminator stands. A blank in the release character's place means there is none."""
    release, terminator = re.escape(marks[3:4]), re.escape(marks[5:6])
    text = rb"[^" + terminator + rb"]*+" if marks[3:4] == b" " else rb"(?:[^" + release + terminator + rb"]++|" + release + rb".)*+"
    return re.compile(text, re.DOTALL)


class Splitter:
    """Takes a file in blocks of any size and gives its pieces in order: the same pieces whatever the blocks."""

    def __init__(self) -> None:
        self.service_bytes = self.blank_bytes = 0
        self.has_envelope = False  # whether a UNB or a UNH was seen: a file without is no interchange
        self._rest, self._offset = b"", 0  # what no segment has ended in yet, and where in the file it begins
        self._searched = 0  # bytes of `_rest` in which no segment ends
        self._marks, self._syntax = _DEFAULT, "UNOA"
        self._interchange: _Envelope | None = None
        self._group: _Envelope | None = None
        self._piece: Piece | None = None
        self._was_cut = False  # the piece before was cut short: an envelope that is not closed is part of the same damage
        self._found: list[Piece] = []

    @property
    def held_n(self) -> int:
        """Bytes held back because the segment or message they belong to has not ended yet."""
        return len(self._rest) + (len(self._piece.raw) if self._piece else 0)

    def feed(self, data: bytes, *, is_last: bool) -> list[Piece]:
        """Return the pieces that end in what has been fed so far; with `is_last` also what is left."""
        data, at, searched = self._rest + data, 0, self._searched
        base = self._offset
        while True:
            begin = self._past_blanks(data, at, base + at)
            if not is_last and len(data) - begin < _UNA_BYTES:
                break
            if data.startswith(b"UNA", begin) and _are_marks(data[begin + 3 : begin + _UNA_BYTES]):
                self._close_interchange(base + begin)
                self._marks = data[begin + 3 : begin + _UNA_BYTES]
                self.blank_bytes += begin - at
                self.service_bytes += _UNA_BYTES
                at, searched = begin + _UNA_BYTES, 0
                continue
            end = _rest_of_segment(self._marks).match(data, max(begin, at + searched)).end()
            if data[end : end + 1] != self._marks[5:6]:
                searched = end - at
                break
            self._take(data[begin:end], data[at : end + 1], base + begin, begin - at)
            at, searched = end + 1, 0
        self._rest, self._offset, self._searched = data[at:], base + at, searched
        if is_last:
            self._finish()
        found, self._found = self._found, []
        return found

    def _past_blanks(self, data: bytes, at: int, offset: int) -> int:
        if offset == 0 and data.startswith(_BOM):
            at += len(_BOM)
        terminator = self._marks[5]
        while at < len(data) and data[at] in b" \t\r\n" and data[at] != terminator:
            at += 1
        return at

    def _take(self, segment: bytes, whole: bytes, offset: int, blank_n: int) -> None:
        """Put one segment where it belongs; `whole` are its bytes with the blanks before it and its terminator."""
        tag = segment[:3] if len(segment) == 3 or segment[3:4] == self._marks[1:2] else b""
        if tag in (b"UNB", b"UNG", b"UNE", b"UNZ"):
            self._service(tag, segment, whole, offset, blank_n)
            return
        if tag == b"UNH":
            self._end_piece("the next message begins")
            self.has_envelope = True
            self._piece = self._new(offset, is_message=True)
            self._count_message()
        elif self._piece is None:
            self._piece = self._new(offset, is_message=False)
        self._piece.add(segment, whole)
        if tag == b"UNT":
            self._end_message(segment)

    def _service(self, tag: bytes, segment: bytes, whole: bytes, offset: int, blank_n: int) -> None:
        self._end_piece(f"{tag.decode()} stands there")
        words = self._words(segment)
        is_counted = False
        if tag == b"UNB":
            self._close_interchange(offset)
            self.has_envelope = True
            self._syntax = words[1].split(chr(self._marks[0]))[0] if len(words) > 1 else ""
            self._interchange = _Envelope(segment, offset, words[5] if len(words) > 5 else "")
        elif tag == b"UNG":
            self._group = _Envelope(segment, offset, words[5] if len(words) > 5 else "")
            if self._interchange:
                self._interchange.groups_n += 1
        elif tag == b"UNE":
            is_counted = self._check("UNE", "UNG", self._group, self._group.messages_n if self._group else 0, words, whole, offset)
            self._group = None
        else:
            about = self._interchange
            is_counted = self._check("UNZ", "UNB", about, (about.groups_n or about.messages_n) if about else 0, words, whole, offset)
            self._interchange = self._group = None
        self._was_cut = False
        if not is_counted:
            self.blank_bytes += blank_n
            self.service_bytes += len(whole) - blank_n

    def _check(self, tag: str, opener: str, about: _Envelope | None, found_n: int, words: list[str], whole: bytes, offset: int) -> bool:
        """Judge the count and reference at the end of an interchange or group; a wrong one is a piece of its own. Return whether it is."""
        said, reference = [*words[1:3], "", ""][:2]
        if about is None:
            fault = f"{tag} ends what no {opener} began"
        elif not said.isdecimal() or int(said[:9]) != found_n:
            fault = f"{tag} says {shown(said) or 'nothing'}, {found_n} were found. Ask for the interchange again if a message is missing"
        elif reference != about.reference:
            fault = f"the reference in {tag} is not the one in {opener}"
        else:
            return False
        piece = self._new(offset, is_message=False)
        piece.add(bytes(whole.strip()), whole)
        piece.faults.append(("wrong_count", fault))
        self._found.append(piece)
        return True

    def _count_message(self) -> None:
        for about in (self._interchange, self._group):
            if about:
                about.messages_n += 1

    def _new(self, offset: int, *, is_message: bool) -> Piece:
        return Piece(offset, self._marks, self._syntax, self._interchange.segment if self._interchange else b"", is_message)

    def _words(self, segment: bytes) -> list[str]:
        return [part.decode("ascii", "replace") for part in segment.split(self._marks[1:2])]

    def _end_message(self, segment: bytes) -> None:
        """A UNT ends what is open: a message, whose count and reference it must bear, or segments whose UNH is lost."""
        piece, words = self._piece, self._words(segment)
        said, reference = [*words[1:3], "", ""][:2]
        if not piece.is_message:
            self._count_message()
            piece.faults.append(("truncated_message", "the message has no UNH: its beginning is missing or damaged"))
        elif len(piece.raw) <= LONGEST_MESSAGE:
            begun = (self._words(piece.segments[0])[1:2] or [""])[0]
            if not said.isdecimal() or int(said[:9]) != len(piece.segments):
                piece.faults.append(("wrong_count", f"UNT says {shown(said) or 'nothing'} segments, {len(piece.segments)} were found"))
            if reference != begun or not begun:
                piece.faults.append(("wrong_count", "the reference in UNT is not the one in UNH"))
        self._was_cut = False
        self._found.append(piece)
        self._piece = None

    def _end_piece(self, why: str) -> None:
        """End what is open without its UNT."""
        if self._piece is None:
            return
        if self._piece.is_message:
            self._piece.faults.append(("truncated_message", f"the message has no UNT: {why} first"))
            self._was_cut = True
        else:
            self._piece.faults.append(("malformed_message", "these segments belong to no message"))
        self._found.append(self._piece)
        self._piece = None

    def _close_interchange(self, offset: int) -> None:
        """End an interchange that has no UNZ; that is a piece of its own unless the damage before it is known already."""
        self._end_piece("the next interchange begins")
        if self._interchange and not self._was_cut:
            piece = self._new(offset, is_message=False)
            piece.faults.append(("truncated_message", f"the interchange of byte {self._interchange.offset:,} has no UNZ: messages may be missing"))
            self._found.append(piece)
        self._interchange = self._group = None
        self._was_cut = False

    def _finish(self) -> None:
        """Give what the end of the file leaves open: a tail counts as one piece, whatever is missing after it."""
        begin = self._past_blanks(self._rest, 0, self._offset)
        left = self._rest[begin:]
        if left:
            if self._piece is None:
                self._piece = self._new(self._offset + begin, is_message=False)
            self._piece.add(left, self._rest)
            self._piece.faults.append(("truncated_message", "the file ends in the middle of a segment"))
            self._found.append(self._piece)
            self._piece, self._was_cut = None, True
        else:
            self.blank_bytes += begin
            self._end_piece("the file ends")
        self._rest = b""
        self._close_interchange(self._offset)


def _are_marks(marks: bytes) -> bool:
    """Say whether six bytes can be service characters: none a letter or digit, and those that separate all different."""
    parts = (marks[0:1], marks[1:2], marks[5:6]) + ((marks[3:4],) if marks[3:4] != b" " else ())
    return len(marks) == 6 and not any(part.isalnum() or part >= b"\x80" for part in parts) and len(set(parts)) == len(parts)
