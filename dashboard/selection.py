"""What the reader asks about: port, period, comparison, filters and view. Frozen; says itself in the URL, in SQL parameters and in words.

No SQL text, no Streamlit, no clock: "now" is the build's now and is handed in.

    sel = Selection.preset("MACAS", "28d", now_day)           # the last 28 local days, the day of now included
    sel = replace(sel, view="core", lane=("6A", "6B"))
    sel.to_query()                                             # {"v": "1", "d": "28d", "lane": "6A,6B", "view": "core"}
    sel, notes = Selection.from_query(st.query_params, "MACAS", now_day, known)   # illegal values fall back; notes say which
    sel.previous()                                             # the like-for-like period before, weekdays aligned
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace

from babel.dates import format_date

from dashboard.i18n import N_, language, ordinal, translator
from etl.contracts import codes
from etl.errors import DeclarationError

# preset -> (days back from the day of now, words); "month" is this calendar month, "custom" has its own dates.
PRESETS: dict[str, tuple[int | None, str]] = {
    "7d": (7, N_("Last 7 days")),
    "28d": (28, N_("Last 28 days")),
    "90d": (90, N_("Last 90 days")),
    "month": (None, N_("This month")),
    "custom": (None, N_("Chosen dates")),
}
COMPARISONS: dict[str, str] = {"previous": N_("Previous like-for-like period"), "none": N_("No comparison")}
VIEWS: dict[str, str] = {"all": N_("All included"), "core": N_("Without inspections, incidents and closures")}
# filter name in Selection and URL -> (words, code list or None where the site's reference names the values)
FILTERS: dict[str, tuple[str, codes.CodeList | None]] = {
    "gate": (N_("Gate"), None),
    "lane": (N_("Lane"), None),
    "terminal": (N_("Terminal"), None),
    "direction": (N_("Direction"), codes.DIRECTION),
    "cargo": (N_("Cargo class"), codes.CARGO_CLASS),
    "appointment": (N_("Appointment"), codes.VISIT_APPOINTMENT),
    "channel": (N_("Customs channel"), codes.CHANNEL),
}
DEFAULT_PRESET = "28d"
MAX_DAYS = 3660
URL_VERSION = "1"
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Note:
    """One value of a URL that was not taken, to be shown to the reader."""

    name: str
    value: str

    def in_words(self, lang: str) -> str:
        return translator(lang)("'{value}' is no legal value of '{name}' in this address and was left out.", value=self.value[:40], name=self.name)


@dataclass(frozen=True)
class Selection:
    """Port, half-open period of local dates [first_day, end_day), comparison, filters (empty tuple = all), view.

    Values of one filter are alternatives, filters narrow each other. Raises DeclarationError when made contradictory.
    """

    port: str
    first_day: dt.date
    end_day: dt.date
    period: str = "custom"
    comparison: str = "previous"
    view: str = "all"
    gate: tuple[str, ...] = ()
    lane: tuple[str, ...] = ()
    terminal: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    cargo: tuple[str, ...] = ()
    appointment: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.first_day < self.end_day:
            raise DeclarationError("selection", f"the period {self.first_day} to {self.end_day} is empty")
        for name, legal in (("period", PRESETS), ("comparison", COMPARISONS), ("view", VIEWS)):
            if getattr(self, name) not in legal:
                raise DeclarationError("selection", f"{name} '{getattr(self, name)}' is not known", ", ".join(legal))
        for name in FILTERS:
            values = getattr(self, name)
            object.__setattr__(self, name, tuple(sorted(set(values))))

    # ------------------------------------------------------------------ making
    @classmethod
    def preset(cls, port: str, period: str, now_day: dt.date, **rest: object) -> Selection:
        """Return the selection of a preset, counted back from the build's local day of now, that day included."""
        if period not in PRESETS or period == "custom":
            raise DeclarationError("selection", f"'{period}' is no preset", ", ".join(name for name in PRESETS if name != "custom"))
        days = PRESETS[period][0]
        first = now_day.replace(day=1) if days is None else now_day - dt.timedelta(days=days - 1)
        return cls(port, first, now_day + _ONE_DAY, period, **rest)  # type: ignore[arg-type]

    @classmethod
    def from_query(cls, query: Mapping[str, object], port: str, now_day: dt.date, known: Mapping[str, Collection[str]] | None = None) -> tuple[Selection, tuple[Note, ...]]:
        """Read a URL's parameters. Whatever is unknown or illegal falls back to the default and is named in the notes.

        `known` gives the legal values of filters that are no code list (gate, lane, terminal); a filter it lacks takes any plain word.
        Parameters that are not ours are not touched and not noted.
        """
        known, notes = known or {}, []
        given = {name: _text(value) for name, value in query.items()}
        if given.get("v", URL_VERSION) != URL_VERSION:
            return cls.preset(port, DEFAULT_PRESET, now_day), (Note("v", given["v"]),)
        chosen: dict[str, object] = {}
        for name, legal in (("vs", COMPARISONS), ("view", VIEWS)):
            if name in given:
                if given[name] in legal:
                    chosen["comparison" if name == "vs" else name] = given[name]
                else:
                    notes.append(Note(name, given[name]))
        for name, (_, code_list) in FILTERS.items():
            values = dict.fromkeys(value for value in given.get(name, "").split(",") if value)  # each once, however often the address says it
            legal = code_list.codes if code_list else known.get(name)
            good = [value for value in values if (value in legal if legal is not None else _is_plain(value))]
            notes += [Note(name, value) for value in values if value not in good]
            if good:
                chosen[name] = tuple(good)
        base = cls.preset(port, DEFAULT_PRESET, now_day)
        if "d" in given:
            if given["d"] in PRESETS and given["d"] != "custom":
                base = cls.preset(port, given["d"], now_day)
            else:
                notes.append(Note("d", given["d"]))
        elif "from" in given or "to" in given:
            first, last = _date(given.get("from")), _date(given.get("to"))
            if first and last and first <= last and (last - first).days < MAX_DAYS and last.year < 9000 and first.year > 1900:
                base = cls(port, first, last + _ONE_DAY)
            else:
                notes.append(Note("from-to", f"{given.get('from', '')} {given.get('to', '')}".strip()))
        return replace(base, **chosen), tuple(notes)  # type: ignore[arg-type]

    # ------------------------------------------------------------------ saying
    def to_query(self) -> dict[str, str]:
        """Return the URL parameters, defaults left out, dates inclusive. `from_query` of it is this selection again."""
        query = {"v": URL_VERSION}
        if self.period == "custom":
            query |= {"from": self.first_day.isoformat(), "to": self.last_day.isoformat()}
        elif self.period != DEFAULT_PRESET:
            query["d"] = self.period
        if self.comparison != "previous":
            query["vs"] = self.comparison
        if self.view != "all":
            query["view"] = self.view
        return query | {name: ",".join(values) for name, values in self.filters.items()}

    def to_sql(self) -> dict[str, object]:
        """Return the SQL parameters of the selection: port_code, first_day, end_day and one list `f_<filter>` per set filter."""
        return {"port_code": self.port, "first_day": self.first_day, "end_day": self.end_day} | {f"f_{name}": list(values) for name, values in self.filters.items()}

    def in_words(self, lang: str, names: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """Return the selection as one line a reader can quote. `names` gives words for site codes: filter -> code -> name."""
        _ = translator(lang)
        parts = [self.period_in_words(lang), _(VIEWS[self.view])]
        for name, values in self.filters.items():
            label, code_list = FILTERS[name]
            words = [(names or {}).get(name, {}).get(value) or (_(code_list.codes[value]) if code_list and value in code_list.codes else value) for value in values]
            parts.append(_("{label}: {values}", label=_(label), values=_(", ").join(words)))
        return " · ".join(parts)

    def period_in_words(self, lang: str) -> str:
        _ = translator(lang)
        spoken = language(lang)
        first, last = (ordinal(format_date(day, spoken.day, locale=spoken.locale), lang) for day in (self.first_day, self.last_day))
        return first if first == last else _("{first} to {last}", first=first, last=last)

    # ------------------------------------------------------------------ asking
    @property
    def last_day(self) -> dt.date:
        """The last local day, included."""
        return self.end_day - _ONE_DAY

    @property
    def days(self) -> int:
        return (self.end_day - self.first_day).days

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters that are set, in the order of FILTERS."""
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}

    @property
    def shift_days(self) -> int:
        """Days back to the comparison period: whole weeks, at least the period's own length, so that weekdays meet weekdays."""
        return -(-self.days // 7) * 7

    def previous(self, since: dt.date | None = None) -> Selection | None:
        """Return the comparison period; None when no comparison is asked, or where it begins before `since`, the first day with data.

        Where now cuts this period, the store cuts that one alike.
        """
        if self.comparison == "none":
            return None
        back = dt.timedelta(days=self.shift_days)
        first = self.first_day - back
        return None if since and first < since else replace(self, first_day=first, end_day=self.end_day - back, period="custom")

    def uncompared(self, since: dt.date, lang: str) -> str:
        """Return why a comparison that was asked for is not made: its period begins before the first day with data. Empty where it is made, or not asked."""
        if (before := self.previous()) is None or self.previous(since) is not None:
            return ""
        return not_reached(before, since, lang)


FIELDS = tuple(field.name for field in fields(Selection))


def not_reached(before: Selection, since: dt.date, lang: str) -> str:
    """Return in words that a comparison period begins before the first day with data: part of it would be days nobody recorded."""
    spoken = language(lang)
    day = ordinal(format_date(since, spoken.day, locale=spoken.locale), lang)
    return translator(lang)("no comparison: the period before ({period}) begins earlier than the first day with data, {day}", period=before.period_in_words(lang), day=day)


def _text(value: object) -> str:
    """One text of a query value; Starlette and urllib give lists where a name is repeated: the last one counts."""
    if isinstance(value, (list, tuple)):
        value = value[-1] if value else ""
    return str(value)


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None


def _is_plain(value: str) -> bool:
    return len(value) <= 40 and all(letter.isalnum() or letter in "_-. " for letter in value)
