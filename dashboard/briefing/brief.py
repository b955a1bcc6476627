"""Brief: what every chapter is handed, the store and the question in a reader's language, and the few words all chapters say alike. No drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard import format as words
from dashboard.briefing.deck import Bar, Definition, Section
from dashboard.i18n import Translator
from dashboard.metrics import METRICS, Cell, Result
from dashboard.selection import Selection
from dashboard.store import Store, widened
from etl.contracts.codes import SOURCE, CodeList

NAMED = ("gate", "lane", "terminal", "place", "zone", "partner")
MIN_N = 30  # below it a group is grey and in no comparison, as on the pages
# fact -> the logs its rows are made of; a section that asks one not listed here fails
SOURCES: dict[str, tuple[str, ...]] = {
    "visits": ("gate",), "exits": ("gate",), "steps": ("gate", "weighbridge", "services"), "stays": ("tracking",), "declarations": ("customs",), "stages": ("customs",),
    "weighings": ("weighbridge",), "checks": ("services",), "inspections": ("services",), "appointments": ("appointments",), "manifests": ("manifests",), "messages": ("messages",),
    "moves": ("moves",), "logbook": ("logbook",), "files": (), "rejects": (), "findings": (), "source_days": (),
}  # fmt: skip


def names_of(store: Store, lang: str) -> dict[str, dict[str, str]]:
    """Words for site codes, kind -> code -> name: harmless, and closed off where the text runs the other way."""
    return {kind: {code: words.closed(words.name(name), lang) for code, name in store.names(kind, lang).items()} for kind in NAMED}


@dataclass(frozen=True)
class Brief:
    """The build, the question and the reader. `is_short` leaves second figures and definitions out: one page for a minister."""

    store: Store
    selection: Selection
    say: Translator
    names: Mapping[str, Mapping[str, str]]
    is_short: bool = False

    @property
    def lang(self) -> str:
        return self.say.lang

    def ask(self, metrics: Sequence[str], by: Sequence[str] = (), *, selection: Selection | None = None, **how: object) -> Result:
        """Ask the store about the brief's selection, or another one."""
        return self.store.ask(selection or self.selection, metrics, by, **how)

    def number(self, value: float | None, decimals: int = 0) -> str:
        return words.number(value, self.lang, decimals)

    def n(self, count: int | None) -> str:
        return self.say("n = {n}", n=self.number(count))

    def minutes(self, value: float | None) -> str:
        return words.duration(value, self.lang)

    def name(self, dimension: str, code: object) -> str:
        return self.say("unknown") if code is None else str(self.names.get(dimension, {}).get(str(code), code))

    def place(self, code: str | None) -> str:
        """Words for a place of any kind; empty for none."""
        return next((self.names[kind][code] for kind in ("place", "gate", "lane", "terminal", "zone") if code in self.names.get(kind, {})), code or "")

    def coded(self, code_list: CodeList, code: str | None) -> str:
        return "" if code is None else self.say(code_list.codes[code]) if code in code_list.codes else code

    def limits(self, cell: Cell) -> str:
        """'n = 12 · 95 % interval 3 to 5', the interval where there is one."""
        limits = words.interval(cell.low, cell.high, cell.metric.unit, self.lang, cell.metric.decimals)
        return f"{self.n(cell.n)} · {self.say('95 % interval {limits}', limits=limits)}" if limits else self.n(cell.n)

    def compared(self, cell: Cell) -> str:
        """The change against the comparison period; empty without one."""
        return words.compared(cell, self.lang)

    def section(self, code: str, title: str, finding: str, *results: Result, n: str = "", period: str | None = None, sources: Sequence[str] = (), **more: object) -> Section:
        """A section with the line under it and its definitions taken from the results behind it."""
        facts = [metric.fact for result in results for metric in result.metrics]
        logs = sources or dict.fromkeys(source for fact in facts for source in SOURCES[fact])
        source = self.say("Source: {logs}", logs=words.listed((self.say(SOURCE.codes[log]) for log in logs), self.lang)) if logs else ""
        asked = results[0].selection if results else self.selection
        shown = asked.period_in_words(self.lang) if period is None else period
        return Section(code, title, finding, n=n or (self.n(results[0].n) if results else ""), period=shown, source=source, definitions=self.definitions(results), results=results, **more)  # type: ignore[arg-type]

    def definitions(self, results: Iterable[Result]) -> tuple[Definition, ...]:
        found = dict.fromkeys(metric.code for result in results for metric in result.metrics)
        return tuple(Definition(code, self.say(METRICS[code].label), self.say(METRICS[code].about), self.say(METRICS[code].standard)) for code in found)

    def difference(self, bars: Sequence[Bar], unit: str = "min") -> str:
        """Whether the extremes differ by more than chance; never a ranking."""
        solid = [bar for bar in bars if not bar.is_thin and bar.value is not None]
        if len(solid) < 2:
            return self.say("One group only in this selection.")
        low, high = min(solid, key=lambda bar: bar.value), max(solid, key=lambda bar: bar.value)
        if low.high is None or high.low is None or low.high >= high.low:
            return self.say("No clear difference: the intervals of the medians overlap.")
        value = {"low": words.value(low.value, unit, self.lang), "high": words.value(high.value, unit, self.lang)}
        return self.say("Medians go from {low} ({first}) to {high} ({last}); the groups' traffic is not the same.", first=low.name, last=high.name, **value)

    def whole_port(self, keeps_view: bool = False) -> Selection:
        """The whole port in the period asked: what knows no filter, or must not be narrowed."""
        cleared = widened(self.selection, *self.selection.filters)
        return cleared if keeps_view else replace(cleared, view="all")

    def lacks(self, code: str, title: str, why: str) -> Section:
        """A section that says why there is nothing in it."""
        return Section(code, title, why, period=self.selection.period_in_words(self.lang))
