"""Truck turnaround: how it is spread, how it moved, what to plan for, where the minutes go, for whom; and the visits behind any figure.

Its second part counts the same visits as other ports do (turnaround_definitions.py).
"""

from __future__ import annotations

import html
from functools import partial

import streamlit as st

from dashboard import format as words
from dashboard.i18n import N_
from dashboard.metrics import BANDS4, DIMENSIONS, Result
from dashboard.screens import behind, moved, turnaround_definitions
from dashboard.views import distribution, groups, minutes, theme
from dashboard.widgets import chart, no_data, parts
from dashboard.widgets.frame import Frame, current
from etl.contracts.codes import STEP

PARTS: dict[str, str] = {"durations": N_("Durations"), "definitions": N_("By their definition")}
SPLITS: tuple[str, ...] = ("lane", "gate", "terminal", "direction", "channel")
MIN_N = 30


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Truck turnaround"), anchor=False)
    if parts.asked(page, PARTS) == "definitions":
        page.ahead(turnaround_definitions.figures)
        parts.choose(page, PARTS, "turnaround_part")
        turnaround_definitions.show(page)
        return
    split = st.session_state.get("split") or SPLITS[0]
    page.ahead(_whole, _bins, _curve, moved.logged, _steps, partial(_groups, split=split))
    parts.choose(page, PARTS, "turnaround_part")
    whole = _whole(page)
    if whole.cell("turnaround_p50").value is None:
        no_data.show(page, say("No visit with a certain turnaround in this selection."))
        return
    _distribution(page, whole)
    _planning(page, whole)
    _over_time(page)
    _minutes(page, whole)
    _by_group(page)
    behind.show(page)


def _whole(page: Frame) -> Result:
    return page.ask(["turnaround_p50", "turnaround_p90", "turnaround_p95", "turnaround_mean", "total_visit_p95", *(f"band4_{band}" for band in BANDS4)], intervals=True)


def _bins(page: Frame) -> Result:
    return page.ask(["visits"], by=["turnaround_bin"])


def _curve(page: Frame) -> Result:
    asked = moved.period(page)
    return page.ask(["turnaround_p50", "turnaround_p90", "turnaround_p25", "turnaround_p75"], grain=moved.grain(asked.days), selection=asked)


def _steps(page: Frame) -> Result:
    return page.ask(["step_min_sum", "wait_min_sum", "service_min_sum", "step_visits"], by=["step"])


def _groups(page: Frame, split: str) -> Result:
    return page.ask(["turnaround_p50", "turnaround_p90", "over_120_share"], by=[split], intervals=True)


def _distribution(page: Frame, whole: Result) -> None:
    say, lang = page.say, page.lang
    bins = _bins(page)
    rows = [(int(row["turnaround_bin"]), int(row["visits"])) for row in bins.rows.sort("turnaround_bin").iter_rows(named=True) if row["turnaround_bin"] is not None]
    total = sum(n for _, n in rows) or 1
    median, p90, mean = (whole.cell(code) for code in ("turnaround_p50", "turnaround_p90", "turnaround_mean"))
    over = whole.cell("band4_m4")
    finding = say(
        "Half of the trucks take less than {median}; 1 in 10 takes more than {p90}, and {over} stay four hours or more. The mean, {mean}, hides those bad days.",
        median=words.cell(median, lang), p90=words.cell(p90, lang), over=words.value(over.value, "share", lang, 1), mean=words.value(mean.value, "min", lang),
    )  # fmt: skip
    figure = distribution.histogram(
        rows, ticks=[words.plain(words.duration(tick, lang)) for tick in distribution.TICKS_MIN],
        marks=[(median.value, say("median {value}", value=words.cell(median, lang))), (p90.value, say("1 in 10 over {value}", value=words.cell(p90, lang)))],
        hover=[
            say("{low} to {high}: {n} visits ({share})", low=words.duration(distribution.bin_start_min(index), lang), high=words.duration(distribution.bin_start_min(index + 1), lang),
                n=words.number(n, lang), share=words.share(n / total, lang, 1))
            for index, n in rows
        ],
    )  # fmt: skip
    strip = [(say(label), words.share(whole.cell(f"band4_{band}").value, lang)) for band, label in BANDS4.items()]
    picked = chart.show(page, figure, key="spread", title=say("How turnaround is spread"), finding=finding, result=whole, pick=partial(behind.title, page, "turnaround_bin"), above=_bands(strip))
    behind.open_when_picked(page, "spread", "turnaround_bin", picked)


def _bands(bands: list[tuple[str, str]]) -> str:
    cells = "".join(f'<div class="band b{number}"><b>{html.escape(share)}</b><span>{html.escape(label)}</span></div>' for number, (label, share) in enumerate(bands, start=1))
    return f'<div class="bands" data-testid="bands">{cells}</div>'


def _planning(page: Frame, whole: Result) -> None:
    """The one figure a transporter plans with: p95 of the total visit where the queue was seen, else of the turnaround. Text, not a chart: P and V never share one."""
    say, lang = page.say, page.lang
    seen, inside = whole.cell("total_visit_p95"), whole.cell("turnaround_p95")
    st.header(say("What to plan for"), anchor=False)
    if seen.value is not None and seen.n >= MIN_N:
        text = say("Allow {minutes} from the queue to the exit: 19 trucks in 20 need less (n = {n} visits whose queue was seen).", minutes=words.duration(seen.value, lang), n=words.number(seen.n, lang))
    else:
        text = say("Allow {minutes} from the gate to the exit: 19 trucks in 20 need less (n = {n}; the queue before the gate was not observed).", minutes=words.duration(inside.value, lang), n=words.number(inside.n, lang))
    st.html(f'<p class="lead" data-testid="planning">{html.escape(text)}</p>')
    if seen.value is not None and inside.value is not None and inside.value > seen.value:
        # Queues are seen on tracked days only, which may have been the better ones: the port turn of all visits then says more.
        text = say("Over all visits of the period, from the gate to the exit alone, 19 trucks in 20 need less than {minutes} (n = {n}); allow the longer.", minutes=words.duration(inside.value, lang), n=words.number(inside.n, lang))
        st.html(f'<p class="quiet">{html.escape(text)}</p>')


def _over_time(page: Frame) -> None:
    say, lang = page.say, page.lang
    result = _curve(page)
    grain = result.grain
    high = [row for row in result.rows.to_dicts() if row["turnaround_p90"] is not None and row["turnaround_p90__n"] >= MIN_N]
    worst = max(high, key=lambda row: row["turnaround_p90"], default=None)
    finding = say("Too few visits to draw a curve.") if worst is None else say(
        {"day": N_("The worst day was {day}: 1 truck in 10 took more than {p90}."), "week": N_("The worst week began on {day}: 1 truck in 10 took more than {p90}."),
         "month": N_("The worst month began on {day}: 1 truck in 10 took more than {p90}.")}[grain],
        day=words.day(worst["period"], lang), p90=words.value(worst["turnaround_p90"], "min", lang),
    )  # fmt: skip
    curves = (moved.Curve("turnaround_p90", say("1 in 10 over"), theme.ACCENT), moved.Curve("turnaround_p50", say("median"), theme.MAIN, 2.5))
    n = say("n = {n} visits; shaded: the middle half of them", n=words.number(result.n, lang))
    picked = moved.show(page, result, curves, key="over_time", title=say("How it moved"), finding=finding, unit=say("min"), n_words=n, band=("turnaround_p25", "turnaround_p75"), pick=partial(behind.title, page, grain))
    behind.open_when_picked(page, "over_time", grain, picked)


def _minutes(page: Frame, whole: Result) -> None:
    say, lang = page.say, page.lang
    result = _steps(page)
    n = whole.cell("turnaround_mean").n
    rows = {row["step"]: row for row in result.rows.iter_rows(named=True)}
    total = sum(row["step_min_sum"] or 0 for row in rows.values())
    if not n or not total:
        return
    parts, waiting = [], 0.0
    for code, label in STEP.codes.items():
        row = rows.get(code)
        if not row or not row["step_min_sum"]:
            continue
        wait = row["wait_min_sum"] or 0.0
        waiting += wait
        mean = row["step_min_sum"] / n
        share = words.share(row["step_min_sum"] / total, lang)
        hover = say("{step}: {mean} a visit on average, {wait} of it waiting; {passes} passages", step=say(label), mean=words.value(mean, "min", lang, 1),
                    wait=words.value(wait / n, "min", lang, 1), passes=words.number(row["step_visits"], lang))  # fmt: skip
        label_text = f"{words.value(mean, 'min', lang, 1)} · {share}"
        parts.append(minutes.Part(say(label), wait / n, (row["step_min_sum"] - wait) / n, label_text, hover, code, code == "travel"))
    finding = say(
        "Of the {mean} an average visit takes, {wait} ({share}) are spent waiting at service points. Means are shown here because parts of a mean add up; medians do not.",
        mean=words.value(total / n, "min", lang, 1), wait=words.value(waiting / n, "min", lang, 1), share=words.share(waiting / total, lang),
    )  # fmt: skip
    figure = minutes.waterfall(parts, wait=say("waiting"), service=say("service"), travel=say("between points"))
    count = say("n = {n} visits with a certain turnaround; mean minutes per visit", n=words.number(n, lang))
    picked = chart.show(page, figure, key="minutes", title=say("Where the minutes go"), finding=finding, result=result, n_words=count, pick=partial(behind.title, page, "step"))
    behind.open_when_picked(page, "minutes", "step", picked)


@st.fragment
def _by_group(page: Frame) -> None:
    say, lang = page.say, page.lang
    st.header(say("For whom"), anchor=False)
    split = st.segmented_control(say("Split by"), SPLITS, key="split", required=True, default=SPLITS[0], format_func=lambda code: say(DIMENSIONS[code].label), label_visibility="collapsed")
    result = _groups(page, split or SPLITS[0])
    drawn = [_group(page, result, split, number, row) for number, row in enumerate(result.frame.iter_rows(named=True)) if row["turnaround_p50__n"]]
    solid = [group for group in drawn if not group.is_thin and group.median is not None]
    if not drawn:
        no_data.show(page)
        return
    finding = _difference(page, solid)
    figure = groups.dots(drawn, median=say("median"), p90=say("1 in 10 over"), unit=say("min"))
    n = say("n = {n} visits; bars are 95 % intervals of the median; grey under n = {thin}", n=words.number(result.n, lang), thin=MIN_N)
    picked = chart.show(page, figure, key=f"by_{split}", finding=finding, result=result, n_words=n, pick=partial(behind.title, page, split))
    behind.open_when_picked(page, f"by_{split}", split, picked)


def _group(page: Frame, result: Result, split: str, number: int, row: dict) -> groups.Group:
    say, lang = page.say, page.lang
    median, p90 = (result.cell(code, number) for code in ("turnaround_p50", "turnaround_p90"))
    codes = DIMENSIONS[split].codes
    name = say("unknown") if row[split] is None else say(codes.codes[row[split]]) if codes else page.name(split, row[split])
    label = f"<b>{words.cell(median, lang)}</b> · {words.cell(p90, lang)} · n = {words.number(median.n, lang)}"
    hover = f"{name}<br>{say('median')} {words.cell(median, lang)} ({words.interval(median.low, median.high, 'min', lang)})<br>{say('1 in 10 over')} {words.cell(p90, lang)}<br>n = {words.number(median.n, lang)}"
    return groups.Group(name, "" if row[split] is None else str(row[split]), median.value, median.low, median.high, p90.value, label, hover, median.n < MIN_N)


def _difference(page: Frame, solid: list[groups.Group]) -> str:
    """Say whether the extremes differ by more than chance; never a ranking."""
    if len(solid) < 2:
        return page.say("One group only in this selection.")
    low, high = min(solid, key=lambda group: group.median), max(solid, key=lambda group: group.median)
    if low.high is None or high.low is None or low.high >= high.low:
        return page.say("No clear difference: the intervals of the medians overlap.")
    value = {"low": words.value(low.median, "min", page.lang), "high": words.value(high.median, "min", page.lang)}
    return page.say("Medians go from {low} ({first}) to {high} ({last}); the groups' traffic is not the same.", first=low.name, last=high.name, **value)


if __name__ == "__main__":
    show(current())
