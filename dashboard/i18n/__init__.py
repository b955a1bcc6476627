"""Words in the reader's language: gettext catalogues read from .po at first use. The English text is the key; no Streamlit here.

    _ = translator("fr")
    _("Gate")                                        # "Porte"
    _("{n} rows", n=3)                               # placeholders are filled after translation
    _.plural("{n} visit", "{n} visits", 3)           # plural forms by the language's own rule
    LABEL = N_("Gate")                               # marks a text for extraction without translating it

Never `gettext.install`: sessions are threads and each has its own language. A text that is missing falls back to English.
"""

from __future__ import annotations

import ast
import gettext
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """One language of the screens; `locale` is what Babel spells numbers and dates by (24-hour clock, day before month).

    `short` names it in the masthead; `day` is Babel's length or pattern of a date with its year.
    """

    code: str
    name: str
    direction: str
    locale: str
    short: str
    day: str = "medium"


# Arabic as Morocco writes it: Latin digits, decimal comma, its own names of the months. Babel's medium date is all figures and slashes, which turn round in Arabic text.
LANGUAGES: tuple[Language, ...] = (
    Language("en", "English", "ltr", "en_GB", "EN"), Language("fr", "Français", "ltr", "fr_FR", "FR"), Language("ar", "العربية", "rtl", "ar_MA", "العربية", "d MMMM y"),
)  # fmt: skip
DEFAULT_LANGUAGE = "en"
_LATIN = re.compile("[A-Za-z]")
MARKS = frozenset({"_", "say", "N_", "plural"})


class Translator:
    """Callable that translates an English text; placeholders are named, so that a language may reorder them."""

    def __init__(self, language: Language, catalogue: gettext.NullTranslations) -> None:
        self.language, self._catalogue = language, catalogue

    @property
    def lang(self) -> str:
        return self.language.code

    @property
    def direction(self) -> str:
        return self.language.direction

    def __call__(self, text: str, /, **values: object) -> str:
        found = self._catalogue.gettext(text) if text else ""
        return found.format(**self._turned(values)) if values else found

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        return self._catalogue.ngettext(one, many, n).format(**self._turned({"n": n} | values))

    def _turned(self, values: dict[str, object]) -> dict[str, object]:
        """In right-to-left text a value with Latin letters takes its own direction, or it would pull its neighbours along."""
        return {name: isolated(value) if isinstance(value, str) else value for name, value in values.items()} if self.direction == "rtl" else values


def ordinal(date: str, lang: str) -> str:
    """Return a date spelled by Babel with the first of a month as French has it: 1er avr."""
    return re.sub(r"(?<![\d.,])1 (?=[^\W\d])", "1er ", date, count=1) if lang == "fr" else date


def isolated(text: str) -> str:
    """Wrap text with Latin letters in an isolate that takes the direction of its first letter; other text, and what is wrapped already, stays."""
    return f"\u2068{text}\u2069" if _LATIN.search(text) and text[0] not in "\u2066\u2067\u2068" else text


def N_(text: str) -> str:
    """Mark an English text for extraction; it is translated where it is shown."""
    return text


def language(code: str | None) -> Language:
    """Return a language of LANGUAGES, or English when the code is none of them."""
    return next((each for each in LANGUAGES if each.code == code), LANGUAGES[0])


def locale(lang: str) -> str:
    """Return the Babel locale of a language code."""
    return language(lang).locale


@lru_cache(maxsize=16)
def translator(lang: str) -> Translator:
    """Return the translator of a language code (unknown codes fall back to English)."""
    chosen = language(lang)
    path = FOLDER / f"{chosen.code}.po"
    return Translator(chosen, read_catalogue(path) if path.is_file() else gettext.NullTranslations())


def read_catalogue(path: Path) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    if language(path.stem).direction == "rtl":
        for message in catalogue:
            message.string = _held(message.string) if isinstance(message.string, str) else tuple(_held(each) for each in message.string)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _held(text: str) -> str:
    """Hold a percent sign behind its number: in right-to-left text it would change sides."""
    return re.sub(r"(?<=[\d}])%", "\u200e%\u200e\u200f", text)


def marked(source: str) -> set[str]:
    """Return the texts a Python source marks: the literal first argument of _(), say(), N_() and plural() (whose second is the same text's plural).

    Babel's own extractor also takes literals inside a computed argument (`say(row["port"])`), which are no texts.
    """
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args)
    named = ((getattr(call.func, "id", getattr(call.func, "attr", "")), call.args[0]) for call in calls)
    return {first.value for name, first in named if name in MARKS and isinstance(first, ast.Constant) and isinstance(first.value, str)}
