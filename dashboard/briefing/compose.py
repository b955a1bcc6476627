"""Compose a Deck: the sections of a preset, asked of the store in the reader's language, with what the cover says. Made once per build and question.

    deck = compose.deck(store.of(), selection, preset="delegation", lang="fr")
Raises DeclarationError for an unknown preset, InputError where no visit lies in the selection, BuildError without a build.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from dashboard import format as words
from dashboard.briefing.brief import Brief, names_of
from dashboard.briefing.deck import Deck, Section
from dashboard.briefing.presets import PRESETS, SECTIONS
from dashboard.briefing.revised import revised, status
from dashboard.i18n import translator
from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.store import Opened, Store
from etl.errors import DeclarationError, InputError


def deck(store: Store, selection: Selection, *, preset: str, lang: str) -> Deck:
    """Return the briefing of a selection. The same build, selection, preset and language give the same Deck."""
    if preset not in PRESETS:
        raise DeclarationError("briefing", f"preset '{preset}' is not known", ", ".join(PRESETS))
    if is_empty(store, selection):
        build = store.build()
        raise InputError("briefing", f"no visit lies in {words.plain(selection.in_words('en'))}", "", f"The data run from {build.first_day} to {build.now_day}: ask for days among them")
    return store.made(("deck", preset, lang, selection), lambda opened: _deck(store, opened, selection, preset, lang))


def is_empty(store: Store, selection: Selection) -> bool:
    """Whether no visit lies in a selection. Then there is no briefing: figures that are told by whole months would come from other days."""
    return not store.ask(selection, ["visits"]).cell("visits").value


def _deck(store: Store, opened: Opened, selection: Selection, code: str, lang: str) -> Deck:
    say, build, preset = translator(lang), opened.about, PRESETS[code]
    brief = Brief(store, selection, say, names_of(store, lang), preset.is_short)
    # Two at a time: most questions are too small for DuckDB to share between cores.
    codes = dict.fromkeys(code for page in preset.pages for row in page for code in row)
    store.ahead(*(partial(SECTIONS[code], brief) for code in codes))
    made = {code: SECTIONS[code](brief) for code in codes}
    told = store.table("meta_builds").row(0, named=True)
    port = words.closed(words.name(build.name(lang)), lang)
    reach, changed = words.moment(build.now_local_at, lang), revised(brief, made.values())
    facts = (
        (say("Port"), f"{port} ({build.port_code})"), (say("Period"), selection.in_words(lang, brief.names)),
        (say("Compared with"), before.period_in_words(lang) if (before := selection.previous(build.first_day)) else selection.uncompared(build.first_day, lang) or say("No comparison")),
        (say("Data up to"), f"{reach} ({build.zone_name})"), (say("Data build"), say("{build}, rules {rules}, files: {files}", build=build.build_id, rules=told["rules_version"], files=words.number(told["files_n"], lang))),
        (say("Figures"), status(brief)),
    )  # fmt: skip
    foot = " · ".join((port, selection.period_in_words(lang), say("Build {build}", build=build.build_id[:12]), say("data up to {at}", at=reach)))
    found = Deck(
        code, lang, say.direction, say(preset.title), port, selection.period_in_words(lang), say("Demonstration data - fictitious") if build.is_sample else "", facts, foot,
        {"page": say("page"), "of": say("of"), "limits": say("What this does not settle"), "index": say("Congestion index"), "hour": say("Local hour"), "decimal": words.number(1.5, lang, 1)[1]}, build.build_id, build.now_at, selection,
        _with_last(tuple(tuple(tuple(made[code] for code in row) for row in page) for page in preset.pages), changed),
    )  # fmt: skip
    return found if say.direction == "rtl" else _without_isolates(found)


def _with_last(pages: tuple[tuple[tuple[Section, ...], ...], ...], last: Section | None) -> tuple[tuple[tuple[Section, ...], ...], ...]:
    """Put a section, if there is one, at the end of the last page."""
    return pages if last is None else (*pages[:-1], (*pages[-1], (last,)))


def _without_isolates(value: Any) -> Any:
    """The same with the direction marks taken out of every text: they are needed in right-to-left languages only, and not every font or slide hides them."""
    if isinstance(value, str):
        return words.plain(value)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_without_isolates(each) for each in value)
    if isinstance(value, dict):
        return {name: _without_isolates(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, (Result, Selection)):
        return replace(value, **{field.name: _without_isolates(getattr(value, field.name)) for field in fields(value)})
    return value
