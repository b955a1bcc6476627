"""UN/EDIFACT: a block of bytes -> text columns by place. The record is a message; its number stands where a text file has its line number.

The splitting and counting are ours (interchange.py), the reading of a sound message is pydifact's. A message that is damaged, of
another type or too long is rejected with every reason, and where in the file it stands; the others are read as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import polars as pl
from pydifact import Characters, Parser, Tokenizer
from pydifact.exceptions import EDISyntaxError

from etl.errors import InputError
from etl.sources.interchange import LONGEST_MESSAGE, Piece, Splitter
from etl.sources.mapping import Mapping
from etl.sources.masks import shown
from etl.sources.raw import REASON_SCHEMA, RawRows, no_reasons
from etl.sources.segments import CHARSETS, FRAME, MESSAGES, Place, place

LONGEST_HELD = 64 << 20  # bytes of one message or segment that has no end: a message has some 400
_UNB_SAYS = "ascii"  # the mapping's default: the interchange names its own character set


def stretches(file: BinaryIO, mapping: Mapping, block_bytes: int, where: str) -> Iterator[RawRows]:
    """Yield a file in stretches of whole messages, in order; at least one. Raises InputError when it holds no interchange at all."""
    places = {text: place(text, mapping.message, where) for text in mapping.raw_columns}
    splitter, number, is_first = Splitter(), 1, True
    data = file.read(block_bytes)
    while data:
        ahead = file.read(block_bytes)
        pieces = splitter.feed(data, is_last=not ahead)
        if splitter.held_n > LONGEST_HELD:
            raise InputError(where, f"{splitter.held_n >> 20:,} MB follow each other without the end of a message", "", "This is no interchange, or its segment ends are lost: have it written again")
        if not ahead and not splitter.has_envelope:
            raise InputError(where, "the file holds neither a UNB nor a UNH segment: it is no UN/EDIFACT interchange", "", f"Correct `files` or `format` in {mapping.path.name}")
        if pieces or (is_first and not ahead):
            yield _rows(pieces, number, places, mapping)
            number, is_first = number + len(pieces), False
        data = ahead


def _rows(pieces: list[Piece], first: int, places: dict[str, Place], mapping: Mapping) -> RawRows:
    numbers, values, reasons = [], [], []
    for number, piece in enumerate(pieces, start=first):
        row, faults = _read(piece, places, mapping)
        if faults:
            reasons += [(number, code, f"{sentence} (message at byte {piece.offset:,})") for code, sentence in faults]
        else:
            numbers.append(number)
            values.append(row)
    frame = pl.DataFrame(values, schema=dict.fromkeys(places, pl.String()), orient="row").with_columns(pl.Series("source_line", numbers, dtype=pl.Int64))
    malformed = pl.DataFrame(reasons, schema=REASON_SCHEMA, orient="row") if reasons else no_reasons()
    by_raw = {_bytes(pieces[number - first]): row for number, row in zip(numbers, values, strict=True)}
    return RawRows(
        frame, malformed, len(pieces), 0, 0, 0, len(pieces), lambda wanted: [_bytes(pieces[number - first]) for number in wanted], partial(_fields, tuple(places), by_raw)
    )


def _bytes(piece: Piece) -> bytes:
    """Return the message as it stands in the file, without the line end before it."""
    return bytes(piece.raw).lstrip(b" \t\r\n")


def _fields(names: tuple[str, ...], by_raw: dict[bytes, list[str | None]], record: bytes) -> list[tuple[str, str]] | None:
    row = by_raw.get(record)
    return None if row is None else [(name, value or "") for name, value in zip(names, row, strict=True)]


def _read(piece: Piece, places: dict[str, Place], mapping: Mapping) -> tuple[list[str | None], list[tuple[str, str]]]:
    """Return the texts at the mapped places and every reason against the message; the texts mean something only without reasons."""
    faults = list(piece.faults)
    if not piece.is_message:
        return [], faults or [("malformed_message", "these segments belong to no message")]
    if len(piece.raw) > LONGEST_MESSAGE:
        return [], [*faults, ("malformed_message", f"the message has {len(piece.raw):,} bytes, more than {LONGEST_MESSAGE:,}")]
    charset = CHARSETS.get(piece.syntax) if mapping.encoding == _UNB_SAYS else mapping.encoding
    texts = _texts(piece, charset, faults)
    _check_tags(piece, mapping.message, faults)
    if faults:
        return [], faults
    segments = _parse(texts, piece.marks)
    if segments is None or len(segments) != len(texts):
        return [], [("malformed_message", "the message cannot be parsed: look for a release character that escapes the wrong mark")]
    if piece.header and any(each.tag == "UNB" for each in places.values()):
        segments = [*(_parse([piece.header.decode(charset, "replace")], piece.marks) or ()), *segments]
    faults = _unread(segments, places)
    return [each.value(segments) for each in places.values()], faults


def _texts(piece: Piece, charset: str | None, faults: list[tuple[str, str]]) -> list[str]:
    """Decode the segments; add a fault for each that is not text in the character set."""
    if charset is None:
        faults.append(("bad_encoding", f"UNB names the character set '{shown(piece.syntax)}'. Known: {', '.join(CHARSETS)}. Set `encoding` in the mapping"))
        return []
    found = []
    for number, segment in enumerate(piece.segments, start=1):
        try:
            found.append(segment.decode(charset))
        except UnicodeDecodeError as error:
            faults.append(("bad_encoding", f"segment {number}: byte 0x{segment[error.start]:02X} at position {error.start + 1} is not {charset}, which UNB ({piece.syntax}) or the mapping names"))
        if b"\0" in segment:
            faults.append(("nul_byte", f"segment {number} holds a NUL byte"))
    return found


def _check_tags(piece: Piece, message: str, faults: list[tuple[str, str]]) -> None:
    """Add a fault for a message of another type, and for each segment the type does not have."""
    component, element = piece.marks[0:1], piece.marks[1:2]
    words = piece.segments[0].split(element)
    kind = words[2].split(component)[0].decode("ascii", "replace") if len(words) > 2 else ""
    if kind != message:
        faults.append(("malformed_message", f"the message is {shown(kind) or 'nameless'}; the mapping reads {message}"))
        return
    for number, segment in enumerate(piece.segments, start=1):
        tag = segment.split(element, 1)[0].split(component, 1)[0].decode("ascii", "replace")
        if tag not in MESSAGES[message] and (tag not in FRAME or number not in (1, len(piece.segments))):
            faults.append(("unknown_segment", f"segment {number} is '{shown(tag)}', which {message} does not have"))


def _parse(texts: list[str], marks: bytes) -> list[list] | None:
    """Let pydifact take sound segments apart: a list a segment, its tag and elements. None where it cannot."""
    characters = Characters.from_str(marks.decode("ascii", "replace"))
    terminator = characters.segment_terminator
    text = "".join(part + terminator for part in texts)
    try:
        return list(Parser.convert_tokens_to_raw_segments(None, Tokenizer().get_tokens(text, characters)))
    except EDISyntaxError:
        return None


def _unread(segments: list[list], places: dict[str, Place]) -> list[tuple[str, str]]:
    """Refuse a message that repeats a segment more often than the mapping numbers: what is not read must not be lost in silence."""
    most: dict[str, int] = {}
    for each in places.values():
        if each.is_numbered:
            most[each.tag] = max(most.get(each.tag, 0), each.occurrence)
    counted = {tag: sum(segment[0] == tag for segment in segments) for tag in most}
    return [("malformed_message", f"{tag} stands {counted[tag]} times; the mapping reads {number}") for tag, number in most.items() if counted[tag] > number]
