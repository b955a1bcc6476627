"""What briefings have handed out, kept: a figure that has changed since is shown with its old value, its new one and the reason.

    kept.publish(store, deck)           # remember the figures of a deck that leaves the house
    kept.revisions(store, sections, selection)
    kept.is_final(store, selection)     # else its figures may still change until kept.final_from

A publication is one file, home/briefings/PORT/QUESTION/BUILD.json: figures by metric and group, the rules and the files of the period behind them.
Figures stay provisional for `provisional_days` after the last day of their period; after that a change is a revision of something final, and says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dashboard.briefing import told
from dashboard.briefing.deck import Deck, Section
from dashboard.metrics import METRICS
from dashboard.selection import Selection
from dashboard.store import Store

FORMAT = 1


@dataclass(frozen=True)
class Revision:
    """One figure that differs from the last time it was handed out. `group` is a code of `dimension`, both empty for a whole; `because` is rules, late, replay or reference, `names` the files meant."""

    metric: str
    dimension: str
    group: str
    then: float | None
    now: float | None
    published_on: dt.date
    was_final: bool
    because: str
    names: tuple[str, ...] = ()


def final_from(store: Store, selection: Selection) -> dt.date:
    """The first local day on which the figures of a selection are final."""
    return selection.end_day + dt.timedelta(days=store.settings.provisional_days)


def is_final(store: Store, selection: Selection) -> bool:
    """Whether the period ended so long before the newest event that its figures are final."""
    return store.build().now_day >= final_from(store, selection)


def publish(store: Store, deck: Deck, today: dt.date | None = None) -> Path:
    """Write down what a deck says; a second paper of the same build and question adds its figures. `today` (UTC) is the day it is handed out."""
    folder = _folder(store, deck.selection)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{deck.build_id}.json"
    known = _read(path) if path.is_file() else {"figures": {}, "published_on": str(today or dt.datetime.now(dt.UTC).date()), "was_final": is_final(store, deck.selection)}
    about = store.table("meta_builds").row(0, named=True)
    kept = known | {
        "format": FORMAT, "build_id": deck.build_id, "now_at": deck.made_at.isoformat(), "rules": about["rules_version"], "selection": deck.selection.to_query(),
        "files": _files(store, deck.selection), "figures": known["figures"] | _figures(deck.sections),
    }  # fmt: skip
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True), "utf-8")
    part.replace(path)
    told.remember(store, (result for section in deck.sections for result in section.results), dt.date.fromisoformat(kept["published_on"]))
    return path


def revisions(store: Store, sections: Iterable[Section], selection: Selection) -> tuple[Revision, ...]:
    """Return every figure of the sections that differs, as it is shown, from its last publication by another build; the newest first."""
    build, figures = store.build().build_id, _figures(sections)
    others = sorted((each for path in _folder(store, selection).glob("*.json") if (each := _read(path))["build_id"] != build), key=lambda each: (each["published_on"], each["now_at"]), reverse=True)
    if not others:
        return ()
    rules, files, found = store.table("meta_builds").row(0, named=True)["rules_version"], _files(store, selection), []
    for name, now in figures.items():
        last = next((each for each in others if name in each["figures"]), None)
        metric, dimension, group = name.split("|")
        if last is None or _shown(metric, last["figures"][name]) == _shown(metric, now):
            continue
        because, names = _reason(last, rules, files)
        found.append(Revision(metric, dimension, group, last["figures"][name], now, dt.date.fromisoformat(last["published_on"]), last["was_final"], because, names))
    return tuple(found)


def _shown(metric: str, value: float | None) -> float | None:
    """A figure as precisely as it is shown: shares in percent."""
    if value is None:
        return None
    shown = METRICS[metric]
    return round(value * 100 if shown.unit == "share" else value, shown.decimals)


def _reason(last: dict, rules: str, files: dict[str, list]) -> tuple[str, tuple[str, ...]]:
    """Why figures of one question differ between two builds: other rules, else files that came later, else lines taken again, else the reference tables."""
    if last["rules"] != rules:
        return "rules", (str(last["rules"]), str(rules))
    if late := [name for code, (name, _good) in files.items() if code not in last["files"]]:
        return "late", tuple(sorted(late))
    if again := [name for code, (name, good) in files.items() if good != last["files"][code][1]]:
        return "replay", tuple(sorted(again))
    return "reference", ()


def _figures(sections: Iterable[Section]) -> dict[str, float | None]:
    """metric|dimension|group -> value of every whole or single split behind the sections; curves over time are left out, their sums are in it."""
    found: dict[str, float | None] = {}
    for result in (result for section in sections for result in section.results):
        if result.grain or len(result.by) > 1:
            continue
        dimension = result.by[0].code if result.by else ""
        for row in result.rows.iter_rows(named=True):
            for metric in result.metrics:
                group = "" if not dimension or row[dimension] is None else str(row[dimension])
                found[f"{metric.code}|{dimension}|{group}"] = row[metric.code]
    return found


def _files(store: Store, selection: Selection) -> dict[str, list]:
    """file id -> [name, good rows of it] of the files with rows in the period."""
    days = store.table("dq_file_days").filter(pl.col("day").is_between(selection.first_day, selection.last_day)).group_by("file_id").agg(pl.col("good_n").sum())
    named = days.join(store.table("dq_files").select("file_id", "file_name"), on="file_id", how="left").sort("file_id")
    return {row["file_id"]: [row["file_name"] or row["file_id"], row["good_n"]] for row in named.iter_rows(named=True)}


def _folder(store: Store, selection: Selection) -> Path:
    """The publications of one question: the period by its dates, however it was chosen, filters, view and whose terminals it was answered of by a digest."""
    asked = {name: value for name, value in selection.to_query().items() if name not in {"v", "d", "from", "to", "vs"}}
    if (own := store.viewer().terminals) is not None:
        asked["seen"] = ",".join(own)
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]
    return store.settings.briefings / store.port_code / f"{selection.first_day}_{selection.last_day}_{digest}"


def _read(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))
