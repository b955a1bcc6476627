"""Chapter on revisions: figures that have changed since a briefing handed them out, and why. Nothing where nothing has changed."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard import format as words
from dashboard.briefing import kept
from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import Section, Table
from dashboard.i18n import N_
from dashboard.metrics import METRICS

SHOWN, SHOWN_FILES = 12, 2
BECAUSE: dict[str, str] = {
    "rules": N_("rules of computation {names}"), "late": N_("late file: {names}"), "replay": N_("lines taken again: {names}"), "reference": N_("reference tables of the port"),
}  # fmt: skip


def status(b: Brief) -> str:
    """Whether the figures are final, in words."""
    day = words.day(kept.final_from(b.store, b.selection), b.lang)
    return b.say("Final since {day}", day=day) if kept.is_final(b.store, b.selection) else b.say("Provisional until {day}: late files may still change the figures", day=day)


def revised(b: Brief, sections: Iterable[Section]) -> Section | None:
    """The figures of the sections that changed since they were last handed out; None where none did."""
    say = b.say
    found = kept.revisions(b.store, sections, b.selection)
    if not found:
        return None
    rows = [
        (_name(b, each), words.value(each.then, METRICS[each.metric].unit, b.lang, METRICS[each.metric].decimals), words.value(each.now, METRICS[each.metric].unit, b.lang, METRICS[each.metric].decimals), words.day(each.published_on, b.lang), _why(b, each))
        for each in found[:SHOWN]
    ]  # fmt: skip
    finding = say.plural("{n} figure has changed since it was handed out.", "{n} figures have changed since they were handed out.", len(found))
    text = (say("Some of them had been handed out as final."),) if any(each.was_final for each in found) else (say("All of them had been handed out as provisional."),)
    if len(found) > SHOWN:
        text += (say("The first {n} are shown.", n=b.number(SHOWN)),)
    columns = (say("Figure"), say("Handed out"), say("Now"), say("On"), say("Because of"))
    return Section("revised", say("Revisions"), finding, (Table(columns, tuple(rows), finding, (1, 2)),), text, period=b.selection.period_in_words(b.lang))


def _name(b: Brief, each: kept.Revision) -> str:
    label = b.say(METRICS[each.metric].label)
    return f"{label}, {b.name(each.dimension, each.group)}" if each.dimension else label


def _why(b: Brief, each: kept.Revision) -> str:
    if each.because == "rules":
        return b.say(BECAUSE["rules"], names=" → ".join(each.names))
    more = len(each.names) - SHOWN_FILES
    names = words.listed(each.names[:SHOWN_FILES], b.lang) + (" " + b.say("and {n} more", n=b.number(more)) if more > 0 else "")
    return b.say(BECAUSE[each.because], names=names) if each.names else b.say(BECAUSE[each.because])
