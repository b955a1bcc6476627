"""Pilot: an Effect as pieces of a page: its verdict with a mark, the dates of the verdicts, cards with ranges, changes on an axis. Nothing is estimated here.

Marks are shapes with a word beside them, never a colour alone: three dots that fill as the evidence grows, dashed ones where nothing can be measured yet.
"""

from __future__ import annotations

import datetime as dt
import html
import math
import re
from dataclasses import replace

import polars as pl

from dashboard.evidence import words
from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.study import Share
from dashboard.evidence.verdict import LOOKS, Reason
from dashboard.format import in_order, plain, plural_of, turned
from dashboard.i18n import N_
from dashboard.selection import Selection
from dashboard.widgets import kpi_card
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

FILLED: dict[str, int] = {"strong": 3, "moderate": 2, "weak": 1, "none": 0, "not_yet": 0}
NAMES: dict[str, str] = {
    "strong": N_("Evidence: strong"), "moderate": N_("Evidence: moderate"), "weak": N_("Evidence: weak"), "none": N_("No detectable change"), "not_yet": N_("Not yet measurable"),
}  # fmt: skip
# What a check says: its mark and its word.
STATES: dict[str, tuple[str, str]] = {"holds": ("✓", N_("holds")), "caution": ("!", N_("caution")), "unknown": ("–", N_("cannot be said")), "fact": ("·", "")}


# kind of unit -> one, several, those of the pilot, those of the comparison. In sentences they follow a plural article or none: French words differ in gender.
UNITS: dict[str, tuple[str, str, str, str]] = {
    "lane": (N_("lane"), N_("lanes"), N_("pilot lanes"), N_("comparison lanes")), "gate": (N_("gate"), N_("gates"), N_("pilot gates"), N_("comparison gates")),
    "terminal": (N_("terminal"), N_("terminals"), N_("pilot terminals"), N_("comparison terminals")),
    "carrier": (N_("transporter"), N_("transporters"), N_("pilot transporters"), N_("comparison transporters")), "unit": (N_("unit"), N_("units"), N_("pilot units"), N_("comparison units")),
}  # fmt: skip


NB = "\u00a0"  # a range is not torn apart at the end of a line; after a dash it takes a word joiner as well
DASH = f"{NB}–\u2060{NB}"


def units(page: Frame) -> dict[str, str]:
    """The words for the pilot's units by name: unit, units, pilots, comparisons. Units of several kinds, which nothing is measured of, are just units."""
    kinds = page.store.table("dim_pilot_arms")["unit_kind_code"].unique().to_list()
    kind = kinds[0] if len(kinds) == 1 and kinds[0] in UNITS else "unit"
    return dict(zip(("unit", "units", "pilots", "comparisons"), (page.say(text) for text in UNITS[kind]), strict=True))


def arms_in_words(page: Frame) -> dict[str, str]:
    """Both arms as headings: 'Pilot gates', 'Comparison gates'."""
    said = units(page)
    return {"pilot": headed(said["pilots"]), "comparison": headed(said["comparisons"])}


def headed(text: str) -> str:
    """A text with a capital at the front."""
    return text[:1].upper() + text[1:]


def unit_name(page: Frame, unit: str) -> str:
    """One unit by the site's name for it; a transporter by the first digits of its pseudonym."""
    kinds = page.store.table("dim_pilot_arms").filter(pl.col("unit_code") == unit)["unit_kind_code"]
    kind = kinds[0] if len(kinds) else ""
    return page.say("Transporter {mark}", mark=unit[:6]) if kind == "carrier" else page.name(kind, unit)


def dots(code: str) -> str:
    """The mark of a verdict, as HTML; the word beside it says the same."""
    kind = "waiting" if code == "not_yet" else ""
    return f'<span class="dots {kind}" aria-hidden="true">{"".join(f"""<i class="{"on" if number < FILLED[code] else ""}"></i>""" for number in range(3))}</span>'


def verdict(page: Frame, effect: Effect) -> str:
    """The verdict as a word, and since when it stands."""
    _, w = page.say, Words(page)
    since = ""
    if effect.verdict_on is not None and effect.verdict.code != "not_yet":
        since = _("verdict of {day}", day=w.day(effect.verdict_on))
        if isinstance(effect.last, dt.date) and effect.last > effect.verdict_on:
            since += " · " + _("figures up to {day}", day=w.day(effect.last))
    elif effect.verdict.code != "not_yet" and isinstance(effect.last, dt.date):
        since = _("with the data up to {day}", day=w.day(effect.last))
    return f'<p class="verdict" data-testid="verdict">{dots(effect.verdict.code)} <b>{html.escape(_(NAMES[effect.verdict.code]))}</b> <span>{html.escape(since)}</span></p>'


def looks(page: Frame, effect: Effect) -> str:
    """The days on which a verdict is given: past, next, later. Between them the last one stands."""
    _, w = page.say, Words(page)
    if not isinstance(effect.start, dt.date):
        return ""
    days = (effect.plan.end_day,) if effect.plan.end_day else tuple(day for day, _alpha in LOOKS)
    cells = []
    for day in days:
        on = effect.start + dt.timedelta(days=day)
        is_past, is_next = effect.last >= on - dt.timedelta(days=1), on == effect.next_verdict_on
        said = _("given") if is_past else _("next verdict") if is_next else _("later")
        cells.append(f'<li class="{"past" if is_past else "next" if is_next else ""}"><i aria-hidden="true"></i><b>{html.escape(w.day(on))}</b><span>{html.escape(_("day {n}", n=day))} · {html.escape(said)}</span></li>')
    note = _("Provisional: the figures below move until the next verdict.") if effect.is_provisional and effect.has_number else ""
    return f'<ol class="looks" data-testid="looks" aria-label="{html.escape(_("Verdict days"))}">{"".join(cells)}</ol>' + (f'<p class="quiet">{html.escape(note)}</p>' if note else "")


def paragraph(page: Frame, effect: Effect) -> str:
    """The sentence of the Effect: the answer large, the rest below it in running text."""
    first, *rest = (_bold(each) for each in words.sentences(_with_names(page, effect), page.lang))
    return f'<p class="lead answer" data-testid="answer">{first}</p>' + (f'<p class="because">{" ".join(rest)}</p>' if rest else "")


def _with_names(page: Frame, effect: Effect) -> Effect:
    """The Effect with its shared service points by name, for its sentence."""
    verdict = effect.verdict
    limits = tuple(Reason(each.code, {**each.values, "places": tuple(page.place(code) for code in each.values["places"])}) if "places" in each.values else each for each in verdict.limits)
    return replace(effect, verdict=replace(verdict, limits=limits))


def _bold(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(text))


def ends(page: Frame, given: Range, is_whole: bool = True) -> tuple[str, str]:
    """A range as (figure, its direction): ('9 – 14', 'less'), ('−3 … +2', ''). Ends are rounded outward."""
    return between(page, *words.outward(given, is_whole))


def between(page: Frame, low: float, high: float) -> tuple[str, str]:
    """Two rounded ends as (figure, its direction)."""
    first, last = (words.number(abs(end), page.lang) for end in (low, high))
    if high <= 0:
        return in_order(f"{last}{DASH}{first}", page.lang), page.say("less")
    if low >= 0:
        return in_order(f"{first}{DASH}{last}", page.lang), page.say("more")
    return in_order(f"−{first}{NB}…{NB}+{last}", page.lang), ""


def card(page: Frame, name: str, effect: Effect, unit: str, *, is_whole: bool = True, code: str = "") -> str:
    """One measure as a card: its range, its best estimate, its own verdict. Without a number it says why."""
    _ = page.say
    mark = _(NAMES[effect.verdict.code])
    if not effect.has_number:
        why = words.reason(effect.verdict.reasons[0], effect, page.lang)
        return kpi_card.card(name, "–", say=why[:1].upper() + why[1:] + ".", notes=[mark], code=code)
    figure, way = ends(page, effect.change, is_whole)
    share, share_way = ends(page, effect.percent)
    decimals = 0 if is_whole else 2
    best_unit = _.plural("check", "checks", plural_of(effect.change.best, page.lang, decimals)) if effect.plan.measure == "document_checks" else unit
    best = _("Best estimate {value} {unit}", value=signed(page, effect.change.best, decimals), unit=best_unit)
    return kpi_card.card(name, figure, f"{unit} {way}".strip(), say=f"{pc(page, share)} {share_way}".strip(), notes=[best, mark], code=code)


def share_card(page: Frame, share: Share, recorded: float | None) -> str:
    """A share over a limit: its change in points, and the share itself as recorded since the start (0 to 1), not the one read off the curve of percentiles."""
    _, w = page.say, Words(page)
    figure, way = ends(page, share.change, is_whole=False)
    now = _("{share} % of the trucks since the start", share=w.number(None if recorded is None else 100 * recorded, 1))
    return kpi_card.card(_("Trucks over {limit} min", limit=share.limit), figure, f"{_('points')} {way}".strip(), say=now, notes=[_("Best estimate {value} {unit}", value=signed(page, share.change.best, 1), unit=_.plural("point", "points", plural_of(share.change.best, page.lang, 1))), _(NAMES[share.verdict])])


def n_visits(page: Frame, effect: Effect) -> str:
    return page.say("n = {n} visits", n=Words(page).number(sum(visits for *_rest, visits in effect.counts)))


def columns(page: Frame, name: str, given: Range | None, digits: int) -> dict[str, float | None]:
    """A range as three columns of a table to take away: '<name>, low end' and so on."""
    _ = page.say
    return {f"{name}, {said}": None if given is None else round(getattr(given, end), digits) for end, said in (("low", _("low end")), ("best", _("best estimate")), ("high", _("high end")))}


def window_of(page: Frame, effect: Effect) -> Selection:
    """The days of an Effect as a selection, for the line under a figure and its CSV."""
    return replace(page.selection, first_day=effect.first, end_day=effect.last + dt.timedelta(days=1), period="custom", comparison="none")


def pc(page: Frame, figures: str) -> str:
    """Figures with the per cent sign that belongs to them all, in their order in every direction."""
    return in_order(f"{plain(figures)}{'' if page.say.direction == 'rtl' else NB}%", page.lang)  # as all shares of the language


def signed(page: Frame, value: float, decimals: int = 0) -> str:
    """A change with its sign; a zero has none."""
    text = Words(page).number(abs(value), decimals)
    return text if not any(letter in "123456789" for letter in text) else turned(f"{'−' if value < 0 else '+'}{text}", page.lang)


def percent_of(gap: float, scale: str, base: float | None = None) -> float:
    """A gap of the panel's scale as a change in %; a level needs the level it is a share of."""
    if scale == "log":
        return math.expm1(gap) * 100
    return gap / base * 100 if base else float("nan")


def axis(gap: float, effect: Effect) -> float:
    """A gap of an Effect's scale as it stands on an axis: % for logs, the measure's own unit for levels."""
    return percent_of(gap, "log") if effect.plan.scale == "log" else gap


def check(page: Frame, state: str, name: str, figure: str, said: str) -> str:
    """One line of the checks: mark and word, what was checked, its number, and what it means."""
    mark, word = STATES[state]
    word = page.say(word) if word else ""
    return (
        f'<li class="{state}"><span class="mark"><i aria-hidden="true">{mark}</i> {html.escape(word)}</span><b>{html.escape(name)}</b>'
        f'<span class="figure">{html.escape(figure)}</span><span class="said">{html.escape(said)}</span></li>'
    )  # fmt: skip
