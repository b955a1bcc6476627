"""Masks for everything shown outside the quarantine: what may be a plate, a box, a badge or a name keeps its shape only."""

from __future__ import annotations

import re

_LONGEST_SHOWN = 60
_TOKEN = re.compile(r"[^\W_]+(?:[-/][^\W_]+)*")
_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]?[\d:.,+Z -]*)?|[\d:.,+-]+")
# Letters of alphabets the port's codes are not written in: such a text may be a plate or a name.
_FOREIGN = re.compile(r"[^\x00-\u024f\u1e00-\u20cf]")
_ALNUM = re.compile(r"[^\W_]")


def printable(text: str) -> str:
    """Return the text with `?` for control characters and other unprintable letters."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def spelled(name: str) -> str:
    """Return a file's name with what cannot be printed, or turns the direction of what is, written out: a line break becomes the four characters `\\x0a`."""
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else _escape(ord(letter)) for letter in name)


def _escape(number: int) -> str:
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a byte of a name that is not UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def mask(text: str) -> str:
    """Return the text with every letter and digit replaced by `*`; punctuation and length stay, so that the shape can be judged."""
    return _ALNUM.sub("*", text)


def shown(text: str, *, is_header: bool = False) -> str:
    """Return a value for a reason sentence: whole when it looks like a code, a number or a time; masked where it may be an identity in the wrong column.

    Codes are one word: a text of several words may be the name of a person or firm and is masked, unless it is a header.
    """
    text = printable(text[: _LONGEST_SHOWN + 1])
    if len(text) > _LONGEST_SHOWN:
        text = text[:_LONGEST_SHOWN] + "..."
    stripped = text.strip()
    if _TIME.fullmatch(stripped) and not re.fullmatch(r"\d{5,}(?:-\d+)*", stripped):
        return text
    if not is_header and len(stripped.split()) > 1 and any(letter.isalpha() for letter in stripped):
        return mask(text)
    return _TOKEN.sub(lambda token: mask(token[0]) if _may_be_identity(token[0]) else token[0], text)


def _may_be_identity(token: str) -> bool:
    digits = sum(letter.isdigit() for letter in token)
    return bool(_FOREIGN.search(token)) or digits >= 5 or (digits >= 3 and any(letter.isalpha() for letter in token))
