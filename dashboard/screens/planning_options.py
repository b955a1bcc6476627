"""What the planning page can offer: each design with its words, its days and the best verdict it may reach. Figures and words, nothing drawn."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from dashboard.evidence import design
from dashboard.evidence.history import Past, Units
from dashboard.evidence.verdict import LEAST_DAYS_BEFORE
from dashboard.i18n import N_
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

BLOCKS: dict[int, str] = {1: N_("1 day"), 7: N_("1 week"), 14: N_("2 weeks"), 28: N_("4 weeks")}
_AGAINST: dict[str, tuple[str, str]] = {
    "lane": (N_("{n} lane against the others"), "{n} lanes against the others"), "gate": (N_("{n} gate against the others"), "{n} gates against the others"),
    "terminal": (N_("{n} terminal against the others"), "{n} terminals against the others"),
}  # fmt: skip
_SHORT: dict[str, tuple[str, str]] = {"lane": (N_("{n} lane"), "{n} lanes"), "gate": (N_("{n} gate"), "{n} gates"), "terminal": (N_("{n} terminal"), "{n} terminals")}


@dataclass(frozen=True)
class Option:
    """One design as the page shows it. `not_before` is set where the days before the start are still too few."""

    kind: str
    label: str
    short: str
    design: design.Design
    not_before: dt.date | None = None


def options_of(page: Frame, past: Past, start: dt.date, lanes: int, block_days: int) -> list[Option]:
    _ = page.say
    made = []
    for kind, units in past.kinds.items():
        n = lanes if kind == "lane" else max(1, len(units.names) // 2)
        found = against(past, kind, units, n, start)
        if found is not None:
            made.append(Option(kind, _.plural(*_AGAINST[kind], n), _.plural(*_SHORT[kind], n), found, not_before(past, start)))
    blocks = design.switchback("switchback", past.port, block_days)
    if blocks is not None:
        made.append(Option("switchback", _("Whole port, blocks of {length}", length=_(BLOCKS[block_days])), _("whole port"), blocks))
    return made


def against(past: Past, kind: str, units: Units, n: int, start: dt.date) -> design.Design | None:
    noise = design.unit_noise(units.y, units.regimes)
    return None if noise is None else design.comparison(kind, noise, units.visits, chosen(units, n), (start - past.regime_from).days)


def chosen(units: Units, n: int) -> np.ndarray:
    """Which `n` units would take part: every other one by traffic, so that both sides are alike."""
    order = np.argsort(-units.visits, kind="stable")
    picked = [*order[::2], *order[1::2]][:n]
    return np.isin(np.arange(len(units.names)), picked)


def not_before(past: Past, start: dt.date) -> dt.date | None:
    ready = past.regime_from + dt.timedelta(days=LEAST_DAYS_BEFORE)
    return ready if start < ready else None


def log_size(percent: float) -> float:
    """A change of so many % less, in logs."""
    return -math.log1p(-percent / 100)


def days_in_words(page: Frame, days: int | None) -> str:
    """'84 days', or that two years would not do."""
    return page.say("more than two years") if days is None else page.say.plural("{n} day", "{n} days", days)


def cell(page: Frame, option: Option, size: float) -> str:
    """Days as a figure of a table; a dash where the start is too soon."""
    days = option.design.days(log_size(size))
    return "–" if option.not_before else Words(page).number(days) if days else page.say("> {n}", n=design.LONGEST_DAYS)


def seen(w: Words, option: Option, days: int) -> str:
    found = option.design.sees(days)
    return "–" if found is None else w.percent(1 - math.exp(-found), 0 if found > 0.1 else 1)


def in_words(page: Frame, options: list[Option], size: float) -> str:
    """Return every design with its days, as a list inside a sentence."""
    w = Words(page)
    said = [(each.label, days_in_words(page, each.design.days(log_size(size))) if each.not_before is None else page.say("not before {day}", day=w.day(each.not_before))) for each in options]
    return page.say(", ").join(f"{days} ({label[0].lower()}{label[1:]})" for label, days in said)


def shared_by(page: Frame, kind: str) -> list[str]:
    """Service points that both sides of such a design would use. A yard that lies in one terminal's own zone is not shared between terminals."""
    points = page.store.table("dim_service_points").filter(pl.col("is_shared").fill_null(False))
    if kind == "terminal":
        points = points.filter(~pl.col("zone_code").is_in(page.store.table("dim_terminals")["terminal_code"].implode()).fill_null(False))
    return points["place_code"].to_list()


def best_verdict(page: Frame, option: Option) -> str:
    if option.kind == "switchback":
        return page.say("a range, outside the five words")
    return page.say("moderate at most") if shared_by(page, option.kind) else page.say("up to strong")
