"""An alert in words and as a link: from a line of the history or the board alone, so that page and message say the same, also of a rule that is gone.

    told = Told(line, port_names, say)
    told.name, told.sentence(), told.value, told.period, told.usual, told.link(base_url)
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import polars as pl

from dashboard import format as words
from dashboard.alerts.rules import AGAINST, SIDES, WINDOWS, Rule
from dashboard.i18n import N_, Translator
from dashboard.metrics import DIMENSIONS, METRICS, Metric
from dashboard.selection import Selection
from dashboard.store import Store
from etl import clock
from etl.contracts.codes import SOURCE

# The page (its address) a figure is read on.
PAGE_OF: dict[str, str] = {
    "visits": "turnaround", "exits": "turnaround", "steps": "flow", "stays": "congestion", "declarations": "clearance", "stages": "clearance", "weighings": "flow", "checks": "flow",
    "documents": "exchange", "inspections": "security", "appointments": "exchange", "bookings": "exchange", "slots": "exchange", "manifests": "security", "messages": "exchange", "moves": "exchange",
    "logbook": "congestion", "files": "quality", "rejects": "quality", "findings": "quality", "source_days": "quality",
}  # fmt: skip
_REJECTED = "rejected_ratio"
_BREAKS = re.compile(r"[\t\r\n]+")


def names_of(port: Store, lang: str) -> dict[str, dict[str, str]]:
    """dimension -> code -> name of what the site names, as pages name it."""
    return {code: {value: words.closed(words.name(name), lang) for value, name in port.names(code, lang).items()} for code, dimension in DIMENSIONS.items() if dimension.reference}


@dataclass(frozen=True)
class Told:
    """One line about an alert, ready to be said. `names` gives words for site codes (names_of); `zone` is the port's, for instants."""

    line: Mapping[str, Any]
    names: Mapping[str, Mapping[str, str]]
    say: Translator
    zone: str

    @property
    def lang(self) -> str:
        return self.say.lang

    @property
    def name(self) -> str:
        """What is watched, with its group: the rule's own title, else made of the metric."""
        title = self.line["title"].get(self.lang) or self.line["title"].get("en")
        found = _flat(words.harmless(title)) if title else self._name()
        return found if not self.group or (self.line["watch"] in ("freshness", "rejects") and not title) else self.say("{what}: {where}", what=found, where=self.group)

    @property
    def group(self) -> str:
        """The group in the reader's words, empty where the rule has none."""
        group, dimension = self.line["group"], self.line.get("each", "")
        if not group:
            return ""
        if self.line["watch"] in ("freshness", "rejects"):
            return self.say(SOURCE.codes[group]) if group in SOURCE.codes else shown(group)
        codes = DIMENSIONS[dimension].codes if dimension in DIMENSIONS else None
        return self.say(codes.codes[group]) if codes and group in codes.codes else self.names.get(dimension, {}).get(group) or shown(group)

    @property
    def metric(self) -> Metric | None:
        """None for files and ages, and for a metric of an older program that is no longer known."""
        return METRICS.get(self.line["metric"])

    @property
    def _label(self) -> str:
        return self.say(self.metric.label) if self.metric else shown(self.line["metric"])

    def _name(self) -> str:
        say, watch = self.say, self.line["watch"]
        if watch == "freshness":
            return say("{source}: data are late", source=self.group or say("All sources"))
        if watch == "rejects":
            return say("{source}: many rejected lines", source=self.group or say("All sources"))
        if watch == "usual":
            return say("{what}: {how}", what=self._label, how=say(SIDES[self.line["side"]]))
        return say("{what} above {limit}", what=self._label, limit=self._figure(self.line["high"])) if self.line["high"] is not None else say("{what} below {limit}", what=self._label, limit=self._figure(self.line["low"]))

    # ------------------------------------------------------------------ figures
    def _figure(self, value: float | None) -> str:
        if self.line["watch"] == "freshness":
            return words.duration(None if value is None else value * 60, self.lang)
        return words.value(value, self._unit[0], self.lang, self._unit[1])

    @property
    def _unit(self) -> tuple[str, int]:
        """Unit and decimals the figure is shown with."""
        if self.line["watch"] == "rejects" or self.line["metric"] == _REJECTED:
            return "share", 1
        return (self.metric.unit, self.metric.decimals) if self.metric else ("ratio", 2)

    @property
    def value(self) -> str:
        return self._figure(self.line["figure"])

    @property
    def worst(self) -> str:
        return self._figure(self.line.get("worst"))

    @property
    def figure_name(self) -> str:
        """What the figure is a figure of."""
        watch = self.line["watch"]
        return self.say("Age of the newest line") if watch == "freshness" else self.say("Rejected lines of the file") if watch == "rejects" else self._label

    @property
    def n(self) -> str:
        return self.say("n = {n}", n=words.number(self.line["n"], self.lang))

    @property
    def usual(self) -> str:
        """The limits the figure was held against, in words."""
        low, high = self.line["low"], self.line["high"]
        if self.line["watch"] == "usual":
            limits = words.interval(low, high, self._unit[0], self.lang, self._unit[1])
            return self.say.plural("usually {limits} (the same time of {n} week before)", "usually {limits} (the same time of {n} weeks before)", self.line["weeks_n"], limits=limits) if limits else self.say("too few weeks to say what is usual")
        return self.say("limit: at most {limit}", limit=self._figure(high)) if high is not None else self.say("limit: at least {limit}", limit=self._figure(low))

    @property
    def period(self) -> str:
        """The window in local words: an hour, a day, days."""
        first, end = (dt.datetime.fromisoformat(self.line[name]) for name in ("from", "until"))
        if self.line["watch"] == "freshness":
            return self.say("newest line {at}", at=words.moment(first, self.lang))
        if end - first < dt.timedelta(days=1):
            return self.say("{day}, {first} to {last}", day=words.day(first.date(), self.lang), first=words.clock(first, self.lang), last=words.clock(end, self.lang))
        last = end.date() - dt.timedelta(days=1)
        return words.day(first.date(), self.lang, "full") if last <= first.date() else self.say("{first} to {last}", first=words.day(first.date(), self.lang), last=words.day(last, self.lang))

    @property
    def calendar(self) -> str:
        """What the site's calendar names on the window's days; empty for most."""
        return words.listed((shown(each.get(self.lang) or each.get("en", "")) for each in self.line.get("named", ())), self.lang)

    @property
    def state(self) -> str:
        """Where the figure lies, and why it was not judged where it was not."""
        state = self.line["state"]
        return self.say("not judged: {names}", names=self.calendar) if state == "unknown" and self.line["watch"] == "usual" and self.calendar else self.say(STATE_WORDS[state])

    @property
    def reach(self) -> str:
        return words.moment(dt.datetime.fromisoformat(self.line["reach"]), self.lang) if self.line.get("reach") else self.say("no data")

    def at(self, instant: str) -> str:
        """A UTC instant of the history, local to the port."""
        return words.moment(local(dt.datetime.fromisoformat(instant), self.zone), self.lang)

    def sentence(self) -> str:
        """The figure, its n, its period and what it is held against, as one line to quote. The file meant, where it is about one."""
        what = [shown(self.line["what"])] if self.line.get("what") else []
        parts = [self.say("{what}: {value}", what=self.figure_name, value=self.value), *what, *([] if self.line["watch"] == "freshness" else [self.n]), self.period, self.usual, *([self.say("calendar: {names}", names=self.calendar)] if self.calendar else [])]
        return words.clauses(parts, self.lang)

    # ------------------------------------------------------------------ the page behind
    @property
    def page(self) -> str:
        return PAGE_OF[self.metric.fact] if self.metric else "quality"

    def query(self) -> dict[str, str]:
        """The address parameters of the page behind: the window's days and the rule's filters, the group among them where it is one."""
        first, end = (dt.datetime.fromisoformat(self.line[name]) for name in ("from", "until"))
        filters = {name: tuple(values) for name, values in self.line.get("filter", {}).items()}
        if self.line.get("each") in ("gate", "lane", "terminal", "direction", "cargo", "appointment", "channel"):
            filters[self.line["each"]] = (self.line["group"],)
        last = max(first.date(), end.date() - dt.timedelta(days=1) if end.time() == dt.time() else end.date())
        return Selection(self.line["port"], first.date(), last + dt.timedelta(days=1), view=self.line.get("view", "all"), **filters).to_query()

    def link(self, base_url: str) -> str:
        return f"{base_url}/{self.page}?{urlencode(self.query() | {'lang': self.lang, 'port': self.line['port']})}"


def shown(name: str) -> str:
    """A name from logs or files as part of one line: no character in it begins another line, turns it round or marks it up."""
    return _flat(words.name(name))


def _flat(text: str) -> str:
    return _BREAKS.sub(" ", text)


def local(at: dt.datetime, zone: str) -> dt.datetime:
    """A UTC instant as the port's wall time."""
    bare = at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at
    return clock.to_local(pl.Series([bare], dtype=pl.Datetime("us")), zone)[0]


def rule_in_words(rule: Rule, told: Told, names: Mapping[str, Mapping[str, str]]) -> str:
    """A rule as sentences: what is compared with what, when it is raised and when it is cleared."""
    say, lang = told.say, told.lang
    if rule.watch == "freshness":
        return say("Raised when the newest line is more than {age} behind {what}; cleared at {clear} or less.", age=words.duration(rule.hours * 60, lang), clear=words.duration(rule.clear_hours * 60, lang), what=say(AGAINST[rule.against]))
    if rule.watch == "rejects":
        return say(
            "Raised when more than {above} of the lines of one file are rejected, cleared at {clear} or less; files of the last {days}, of {least} lines or more.",
            above=words.share(rule.above, lang, 1), clear=words.share(rule.clear, lang, 1), days=say.plural("{n} day", "{n} days", rule.days), least=words.number(rule.min_n, lang),
        )  # fmt: skip
    figure, how = told._figure, [say(WINDOWS[rule.window])]
    if rule.filter or rule.view != "all":
        day = dt.date(2000, 1, 1)
        how.append(Selection("", day, day + dt.timedelta(days=1), view=rule.view, **rule.filter).in_words(lang, names).partition(" · ")[2])
    if rule.watch == "usual" and rule.side != "both":
        how.append(say("upwards only") if rule.side == "high" else say("downwards only"))
    if rule.each:
        how.append(say("for each: {what}", what=say(DIMENSIONS[rule.each].label)))
    if rule.times > 1:
        how.append(say("raised after {n} in a row, cleared after {clear_n}", n=rule.times, clear_n=rule.clear_times))
    elif rule.clear_times > 1:
        how.append(say("cleared after {n} in a row", n=rule.clear_times))
    if rule.settle_hours:
        how.append(say("judged {hours} later", hours=words.duration(rule.settle_hours * 60, lang)))
    if rule.min_n:
        how.append(say("not judged under n = {n}", n=words.number(rule.min_n, lang)))
    if rule.watch == "usual":
        text = say.plural("Raised outside what the same time of the {n} week before lets expect, cleared well within it", "Raised outside what the same time of the {n} weeks before lets expect, cleared well within it", rule.weeks)
    elif rule.above is not None:
        text = say("Raised above {limit}, cleared at {clear} or below", limit=figure(rule.above), clear=figure(rule.clear))
    else:
        text = say("Raised below {limit}, cleared at {clear} or above", limit=figure(rule.below), clear=figure(rule.clear))
    return words.clauses([text, *how], lang) + "."


EVENT_WORDS: dict[str, str] = {"opened": N_("raised"), "updated": N_("updated"), "cleared": N_("cleared"), "held": N_("held until the quiet hours end"), "sent": N_("sent"), "failed": N_("not delivered"), "dropped": N_("given up")}
STATE_WORDS: dict[str, str] = {"inside": N_("within its limits"), "between": N_("near its limit"), "beyond": N_("beyond its limit"), "unknown": N_("not judged: too few rows or weeks")}
