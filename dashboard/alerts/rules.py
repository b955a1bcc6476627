"""What is watched: the rules of alerts.toml, typed and refused where they contradict the registry. Reads one file; asks no build, judges nothing.

    found = rules.read(settings)          # home/settings/alerts.toml, else the site folder's, else none
    found.rules[0].metric, found.path, found.digest

Every refusal is a SettingsError: which line, what was found, what is known, what to do. docs/alerts.md describes the file.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dashboard.i18n import LANGUAGES, N_
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, Dimension, Metric
from dashboard.metrics.compiler import unanswered
from dashboard.selection import FILTERS, VIEWS, Selection
from etl.contracts.codes import SOURCE
from etl.errors import SettingsError
from etl.settings import Settings

FILE = "alerts.toml"
WATCHES = ("threshold", "usual", "freshness", "rejects")
SEVERITIES: dict[str, str] = {"info": N_("Note"), "warning": N_("Warning"), "critical": N_("Critical")}
WINDOWS: dict[str, str] = {"hour": N_("by hour"), "day": N_("by day"), "week": N_("by week")}
SIDES: dict[str, str] = {"high": N_("unusually high"), "low": N_("unusually low"), "both": N_("unusual")}
AGAINST: dict[str, str] = {"clock": N_("the clock"), "newest": N_("the newest source")}
WEEKS = (6, 12)  # fewest and most weeks a band is made of (band.py)
# The log whose lines make a fact's rows: a figure is judged only where its own logs reach (readings.py).
SOURCES_OF: dict[str, tuple[str, ...]] = {
    "visits": ("gate",), "exits": ("gate",), "steps": ("gate",), "stays": ("tracking",), "declarations": ("customs",), "stages": ("customs",), "weighings": ("weighbridge",), "checks": ("services",),
    "documents": ("weighbridge", "services"), "inspections": ("services",), "appointments": ("gate",), "bookings": ("appointments",), "slots": ("slots",), "manifests": ("manifests",), "messages": ("messages",),
    "moves": ("moves",), "logbook": ("logbook",), "files": (), "rejects": (), "findings": (), "source_days": (),
}  # fmt: skip
RIPENING = frozenset({"declarations", "stages"})  # a day's figures go on changing for days
_COMMON = ("code", "watch", "title", "severity", "to", "quiet", "is_on", "tell_cleared")
_METRIC = ("metric", "filter", "view", "each", "only", "window", "times", "clear_times", "min_n", "settle_hours")
FIELDS: dict[str, tuple[str, ...]] = {
    "threshold": (*_COMMON, *_METRIC, "above", "below", "clear"), "usual": (*_COMMON, *_METRIC, "side", "weeks"),
    "freshness": (*_COMMON, "source", "hours", "clear_hours", "against"), "rejects": (*_COMMON, "source", "above", "clear", "days", "min_n"),
}  # fmt: skip
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Rule:
    """One thing watched. Only the fields of its `watch` (FIELDS) are ever set; the others keep their defaults.

    above, below   limit of a threshold, in the metric's unit (a share is 0 to 1), or of the rejected share of a file
    clear          the limit it must come back over before the alert is cleared: the margin that keeps it from flapping
    times          windows one after the other that must lie beyond the limit; `clear_times` as many that must lie within the clearing one
    min_n          rows below which a window is not judged; counts have none
    settle_hours   how long after a window's end it is judged: visits must end, declarations must be released
    each, only     a dimension, one alert per value of it; only these values
    source         the logs meant, each judged apart; empty is all of them
    quiet          (from, to) local times of day between which nothing below critical is sent
    """

    code: str
    watch: str
    line: int
    title: Mapping[str, str] = field(default_factory=dict)
    severity: str = "warning"
    to: tuple[str, ...] = ()
    quiet: tuple[dt.time, dt.time] | None = None
    is_on: bool = True
    tell_cleared: bool = True
    metric: str = ""
    filter: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    view: str = "all"
    each: str = ""
    only: tuple[str, ...] = ()
    window: str = "day"
    times: int = 1
    clear_times: int = 2
    min_n: int = 30
    settle_hours: float = 0.0
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    side: str = "high"
    weeks: int = 8
    source: tuple[str, ...] = ()
    hours: float = 0.0
    clear_hours: float = 0.0
    against: str = "clock"
    days: int = 3

    @property
    def digest(self) -> str:
        """12 hex digits of what it says, wherever it stands in the file."""
        said = {name: value for name, value in asdict(self).items() if name != "line"}
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def measure(self) -> Metric:
        return METRICS[self.metric]


@dataclass(frozen=True)
class Rules:
    """The rules of one installation and the file they stand in; None where there is no file, which watches nothing."""

    path: Path | None
    rules: tuple[Rule, ...]

    def get(self, code: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.code == code), None)


def path_of(settings: Settings) -> Path | None:
    """The installation's own rules, else those the site folder brings, else None."""
    return next((path for path in (settings.keys / FILE, settings.site / FILE) if path.is_file()), None)


def read(settings: Settings) -> Rules:
    """Return the rules. Raises SettingsError for the first that is wrong."""
    path = path_of(settings)
    return Rules(path, parse(path.read_text("utf-8"), str(path)) if path else ())


def parse(text: str, where: str) -> tuple[Rule, ...]:
    """Return the rules of a file's text, in their order. Raises SettingsError for the first that is wrong."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(where, f"it is no TOML: {error}", "", "docs/alerts.md shows a whole file") from error
    unknown = sorted(set(told) - {"rule"})
    if unknown or not isinstance(told.get("rule", []), list):
        raise SettingsError(where, f"'{unknown[0] if unknown else 'rule'}' is no table of rules", "[[rule]]", "Begin each rule with a line [[rule]]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    found: list[Rule] = []
    for number, (raw, line) in enumerate(zip(told.get("rule", []), lines, strict=False), 1):
        code = raw.get("code") if isinstance(raw.get("code"), str) else ""
        place = f"{where} line {line}, rule " + (repr(code[:60]) if code else str(number))
        rule = _Reader(place, raw).rule(line)
        if any(rule.code == other.code for other in found):
            raise SettingsError(place, "another rule has this code", "", "Give each rule a code of its own")
        found.append(rule)
    return tuple(found)


class _Reader:
    """One rule's table, field by field."""

    def __init__(self, where: str, raw: Mapping[str, Any]) -> None:
        self.where, self.raw = where, raw

    def fail(self, found: str, known: Collection[str] = (), do: str = "") -> SettingsError:
        return SettingsError(self.where, found, ", ".join(known), do)

    def rule(self, line: int) -> Rule:
        code = self.raw.get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise self.fail(f"its code {code!r} is none" if "code" in self.raw else "it has no code", (), "Give it code = \"name\": lower case letters, digits and underscores, at most 60")
        watch = self.raw.get("watch")
        if watch not in WATCHES:
            raise self.fail(f"watch {watch!r} is not known" if "watch" in self.raw else "it does not say what it watches", WATCHES, "Give it watch = one of these")
        for name in self.raw:
            if name not in FIELDS[watch]:
                near = difflib.get_close_matches(name, FIELDS[watch], 1)
                raise self.fail(f"{name[:60]!r} is no field of watch = \"{watch}\"", FIELDS[watch], f"Did you mean '{near[0]}'?" if near else "")
        given = {name: self._common(name) for name in _COMMON[2:] if name in self.raw}
        made = {"threshold": self._threshold, "usual": self._usual, "freshness": self._freshness, "rejects": self._rejects}[watch]()
        return Rule(code, watch, line, **(given | made))

    # ------------------------------------------------------------------ kinds
    def _threshold(self) -> dict[str, Any]:
        given = self._figures()
        sides = [name for name in ("above", "below") if name in self.raw]
        if len(sides) != 1:
            raise self.fail(f"it has {' and '.join(sides) or 'no limit'}", ("above", "below"), "Give one limit")
        limit, is_share = self._number(sides[0]), METRICS[given["metric"]].unit == "share"
        clear = self._number("clear", limit)
        self._margin(sides[0], limit, clear)
        if is_share and not (0 <= limit <= 1 and 0 <= clear <= 1):
            raise self.fail(f"'{given['metric']}' is a share and {max(limit, clear)} is none", (), "Write a share as 0 to 1: 0.25 is 25 %")
        return given | {sides[0]: limit, "clear": clear}

    def _usual(self) -> dict[str, Any]:
        given = self._figures()
        weeks = self._whole("weeks", 8, *WEEKS)
        return given | {"side": self._one("side", SIDES, "high"), "weeks": weeks}

    def _freshness(self) -> dict[str, Any]:
        hours = self._number("hours")
        clear = self._number("clear_hours", hours)
        if hours <= 0:
            raise self.fail(f"hours = {hours:g} is no age", (), "Give the hours after which the source is too old")
        self._margin("hours", hours, clear, "clear_hours")
        return {"source": self._sources(), "hours": hours, "clear_hours": clear, "against": self._one("against", AGAINST, "clock")}

    def _rejects(self) -> dict[str, Any]:
        above = self._number("above")
        clear = self._number("clear", above)
        if not (0 <= above < 1 and 0 <= clear <= above):
            raise self.fail(f"above = {above:g} and clear = {clear:g} are no shares in that order", (), "Write a share as 0 to 1, clear not above the other: above = 0.05, clear = 0.02")
        return {"source": self._sources(), "above": above, "clear": clear, "days": self._whole("days", 3, 1, 60), "min_n": self._whole("min_n", 100, 1)}

    def _figures(self) -> dict[str, Any]:
        """Metric, selection and window of a rule about a figure."""
        metric = METRICS[self._one("metric", METRICS)]
        if metric.privacy != "open":
            raise self.fail(f"'{metric.code}' is about {metric.privacy} and is told by whole months only", (), "Choose a figure of the whole port; alerts name no firm, person or cargo")
        fact = FACTS[metric.fact]
        if not SOURCES_OF[fact.code] and self.raw.get("window") == "hour":
            raise self.fail(f"'{metric.code}' has no hours", ("day", "week"), "Choose a longer window")
        window = self._one("window", WINDOWS, "day")
        if window == "hour" and fact.hour is None:
            raise self.fail(f"'{metric.code}' has no hours", ("day", "week"), "Choose a longer window")
        settle = self._number("settle_hours", None if fact.code in RIPENING or (window == "hour" and metric.unit in ("min", "hours", "index")) else 0.0,
                              "Say how many hours after its end a window is judged: a truck that has not left has no minutes yet (3 for visits by hour, 168 for declarations by day)")  # fmt: skip
        if not 0 <= settle <= 24 * 60:
            raise self.fail(f"settle_hours = {settle:g} is not between 0 and 1440")
        given = {"metric": metric.code, "window": window, "settle_hours": settle, "view": self._one("view", VIEWS, "all"), "filter": self._filter(metric)}
        given |= {"times": self._whole("times", 1, 1, 12), "clear_times": self._whole("clear_times", 2, 1, 12), "min_n": 0 if metric.kind == "count" else self._whole("min_n", 30, 1)}
        if metric.kind == "count" and "min_n" in self.raw:
            raise self.fail(f"'{metric.code}' is a count, which has no min_n", (), "Leave min_n out: no rows are a count of 0")
        return given | self._each(metric)

    def _each(self, metric: Metric) -> dict[str, Any]:
        if "each" not in self.raw:
            if "only" in self.raw:
                raise self.fail("'only' names values of no dimension", (), "Give each = a dimension, or leave only out")
            return {}
        splits = {code: dimension for code, dimension in DIMENSIONS.items() if metric.fact in dimension.sql and _is_open(dimension)}
        return {"each": self._one("each", splits), "only": self._names("only")}

    def _filter(self, metric: Metric) -> dict[str, tuple[str, ...]]:
        raw = self.raw.get("filter", {})
        if not isinstance(raw, dict):
            raise self.fail(f"filter {raw!r} is no table", (), 'Write filter = { terminal = ["TCE"] }')
        chosen = {}
        for name, values in raw.items():
            if name not in FILTERS:
                raise self.fail(f"filter {name[:60]!r} is not known", FILTERS)
            values = [values] if isinstance(values, str) else values
            if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
                raise self.fail(f"filter {name} = {values!r} holds no values", (), f'Write {name} = ["..."]')
            legal = FILTERS[name][1]
            if legal and (wrong := [value for value in values if value not in legal.codes]):
                raise self.fail(f"{wrong[0][:60]!r} is no value of filter '{name}'", legal.codes)
            chosen[name] = tuple(values)
        asked = Selection("", dt.date(2000, 1, 1), dt.date(2000, 1, 2), view=self.raw.get("view", "all"), **chosen)
        if missing := unanswered(FACTS[metric.fact], asked):
            raise self.fail(f"the rows of '{metric.code}' know nothing of '{missing[0]}'", FACTS[metric.fact].filters, "Leave that filter (or view) out")
        return chosen

    def _sources(self) -> tuple[str, ...]:
        """The sources named; "any", and none for rejected lines, is all of them."""
        names = self._names("source")
        if not names and self.raw["watch"] == "freshness":
            raise self.fail("it has no source", ("any", *SOURCE.codes))
        if names == ("any",):
            return ()
        if unknown := [name for name in names if name not in SOURCE.codes]:
            raise self.fail(f"source {unknown[0][:60]!r} is not known", ("any", *SOURCE.codes))
        return names

    # ------------------------------------------------------------------ fields
    def _common(self, name: str) -> Any:
        raw = self.raw[name]
        if name == "title":
            spoken = {language.code for language in LANGUAGES}
            if not isinstance(raw, dict) or set(raw) - spoken or not all(isinstance(text, str) and text.strip() for text in raw.values()):
                raise self.fail("its title is no table of texts by language", sorted(spoken), 'Write title = { en = "...", fr = "..." }')
            return dict(raw)
        if name == "severity":
            return self._one("severity", SEVERITIES)
        if name == "to":
            return self._names("to")
        if name == "quiet":
            found = _QUIET.fullmatch(raw) if isinstance(raw, str) else None
            if not found or raw[:5] == raw[6:]:
                raise self.fail(f"quiet {raw!r} are no hours", (), 'Write quiet = "22:00-06:00", local to the port')
            hours = [int(part) for part in found.groups()]
            return dt.time(*hours[:2]), dt.time(*hours[2:])
        if not isinstance(raw, bool):
            raise self.fail(f"{name} = {raw!r} is neither true nor false")
        return raw

    def _one(self, name: str, legal: Mapping[str, Any], default: str | None = None) -> str:
        found = self.raw.get(name, default)
        if not isinstance(found, str) or found not in legal:
            near = difflib.get_close_matches(str(found), legal, 3)
            raise self.fail(f"{name} {found!r} is not known" if found is not None else f"it has no {name}", near or legal, "Did you mean one of these? `smartport export --list` names every metric" if name == "metric" and near else "")
        return found

    def _names(self, name: str) -> tuple[str, ...]:
        found = self.raw.get(name, [])
        found = [found] if isinstance(found, str) else found
        if not isinstance(found, list) or not all(isinstance(each, str) and each.strip() for each in found):
            raise self.fail(f"{name} {found!r} is no list of names", (), f'Write {name} = ["..."]')
        return tuple(found)

    def _number(self, name: str, default: float | None = None, do: str = "Give it a number") -> float:
        found = self.raw.get(name, default)
        if found is None:
            raise self.fail(f"it has no {name}", (), do)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not abs(found) < 1e12:
            raise self.fail(f"{name} = {found!r} is no number")
        return float(found)

    def _whole(self, name: str, default: int, least: int, most: int = 10**9) -> int:
        found = self.raw.get(name, default)
        if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
            raise self.fail(f"{name} = {found!r} is no whole number from {least}{f' to {most}' if most < 10**9 else ''}")
        return found

    def _margin(self, side: str, limit: float, clear: float, name: str = "clear") -> None:
        is_wrong: Callable[[float, float], bool] = (lambda a, b: b < a) if side == "below" else (lambda a, b: b > a)
        if is_wrong(limit, clear):
            raise self.fail(f"{name} = {clear:g} lies beyond {side} = {limit:g}, so the alert would open and clear at once", (), f"Give {name} on the good side of the limit")


def _is_open(dimension: Dimension) -> bool:
    """Dimensions alerts may be split by: they name no firm and no person, and their values are few and lasting."""
    return dimension.privacy == "open" and not dimension.is_time and dimension.code not in ("file", "path")
