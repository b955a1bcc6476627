"""Every text of the dashboard has its French and Arabic; placeholders survive translation; catalogues are read, never installed."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from babel.messages.pofile import read_po

from dashboard.i18n import FOLDER, LANGUAGES, language, marked, translator
from dashboard.metrics.words import keys

OTHERS = [each.code for each in LANGUAGES if each.code != "en"]
_keys = lru_cache(keys)  # every source is read
_PLACE = re.compile(r"\{[a-z_]+")


def _catalogue(lang: str):
    with (FOLDER / f"{lang}.po").open("rb") as file:
        return read_po(file, locale=lang)


@pytest.mark.parametrize("lang", OTHERS)
def test_no_text_is_missing(lang: str) -> None:
    found = {message.id[0] if isinstance(message.id, tuple) else message.id for message in _catalogue(lang) if message.id and message.string and not message.fuzzy}
    missing = sorted(_keys() - found)
    assert not missing, f"{len(missing)} texts lack their {lang}; add them to dashboard/i18n/{lang}.po: {missing[:20]}"


def test_no_catalogue_has_a_text_the_others_lack() -> None:
    """Words of site files are translated where a catalogue has them; the code does not list them."""
    held = {lang: {message.id[0] if isinstance(message.id, tuple) else message.id for message in _catalogue(lang)} for lang in OTHERS}
    for lang, texts in held.items():
        assert not set().union(*held.values()) - texts, f"{lang} lacks {sorted(set().union(*held.values()) - texts)[:20]}"


@pytest.mark.parametrize("lang", OTHERS)
def test_placeholders_are_the_same_in_every_language(lang: str) -> None:
    for message in _catalogue(lang):
        if not message.id:
            continue
        ids, strings = ((each,) if isinstance(each, str) else tuple(each) for each in (message.id, message.string))
        wanted = set(_PLACE.findall(ids[-1]))
        for text in strings:
            assert set(_PLACE.findall(text)) <= wanted, f"{lang}: {ids[0]!r} -> {text!r}"
            assert wanted <= set(_PLACE.findall(text)) | ({"{n"} if len(ids) > 1 else set()), f"{lang}: {ids[0]!r} -> {text!r}"


def test_texts_are_found_where_they_are_marked() -> None:
    source = 'a = _("One")\nb = page.say("Two {x}", x=row["no"])\nc = N_("Three")\nd = say.plural("{n} is", "{n} are", 2)\ne = say(row["port"])\nf = other("no")'
    assert marked(source) == {"One", "Two {x}", "Three", "{n} is"}


def test_plurals_follow_the_language() -> None:
    en, fr = translator("en"), translator("fr")
    assert en.plural("{n} cat", "{n} cats", 1) == "1 cat" and en.plural("{n} cat", "{n} cats", 0) == "0 cats"
    assert fr("no text of ours at all") == "no text of ours at all"
    assert fr.lang == "fr" and fr.direction == "ltr"


@pytest.mark.parametrize(("n", "expected"), [(0, "لا يوم"), (1, "يوم واحد"), (2, "يومان"), (3, "3 أيام"), (10, "10 أيام"), (11, "11 يوما"), (99, "99 يوما"), (100, "100 يوم"), (103, "103 أيام")])
def test_arabic_has_six_plural_forms(n: int, expected: str) -> None:
    assert translator("ar").plural("{n} day", "{n} days", n) == expected and translator("ar").direction == "rtl"


def test_every_arabic_plural_has_its_six_forms_and_latin_digits() -> None:
    for message in _catalogue("ar"):
        if message.id:
            strings = (message.string,) if isinstance(message.string, str) else message.string
            assert len(strings) == (1 if isinstance(message.id, str) else 6) and all(strings), message.id
            assert not re.search(r"[\u0660-\u0669\u06f0-\u06f9]", "".join(strings)), f"Morocco writes Latin digits: {message.id}"


def test_values_with_latin_letters_keep_their_direction_inside_arabic() -> None:
    """Or 'TCE: 1.248,7' would be read as one piece from the left. Figures alone need none, and a per cent sign stays behind its number."""
    say = translator("ar")
    assert say("Rejected lines of {file}: {n}", file="gate.csv", n="3").count("\u2068gate.csv\u2069") == 1 and "\u20683" not in say("Rejected lines of {file}: {n}", file="gate.csv", n="3")
    assert "95\u200e%\u200e\u200f" in say("95 % interval") and "\u2068" not in translator("fr")("Rejected lines of {file}: {n}", file="gate.csv", n="3")


def test_an_unknown_language_is_english() -> None:
    assert language("xx").code == "en" and translator("xx")("Gate") == "Gate" and language(None).code == "en"


def test_the_translator_of_a_language_is_one_for_all_threads() -> None:
    assert translator("fr") is translator("fr")
    assert translator("fr")("Median turnaround") != "Median turnaround"
