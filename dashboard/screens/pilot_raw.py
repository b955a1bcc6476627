"""Pilot, part "Before and since": what was recorded at the pilot units and at those of the comparison, labelled raw. No effect, no margin, no verdict.

The windows are the pilot's own, not the filter period: whole weeks on both sides of the start. The page's filters and view apply. Like-for-like
figures weight the visits before to the mix of lanes, four-hour blocks and cargo seen since. Differences are not computed here.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import streamlit as st

from dashboard.evidence import recorded
from dashboard.format import in_order, unmarked
from dashboard.i18n import N_
from dashboard.screens.pilot_words import arms_in_words, headed, units
from dashboard.selection import Selection
from dashboard.views import pilot as curves
from dashboard.views import ranking
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words, named
from etl.contracts import codes

_EQUAL, _ALL = N_("Same length on both sides"), N_("Everything available")
ARMS, PERIODS = ("pilot", "comparison"), ("before", "after")
_PERIOD = {"before": N_("Before"), "after": N_("Since")}  # of both groups: the comparison has no pilot to be in
SIDES = tuple((arm, period) for arm in ARMS for period in PERIODS)
_QUANTILES = (5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 95)
_MEASURES = (("mean_min", N_("Mean")), ("q50", N_("Median")), ("q90", N_("90th percentile")))
_THIN = 20


def show(page: Frame, arms: pl.DataFrame) -> None:
    """What was measured on both sides, in the order: how many, raw, like for like, step by step, document checks."""
    _, start = page.say, arms["start_on"].min()
    window = _window(page, start)
    if window is None:
        panel.quiet(_("The pilot starts on {day}; there is nothing to set side by side yet.", day=Words(page).day(start)))
        return
    arm = st.session_state.get("pilot_step_arm") or "pilot"
    page.ahead(lambda page: recorded.passages(page.store, window, arms, arm), lambda page: recorded.like_for_like(page.store, window), lambda page: recorded.sides(page.store, window))
    spread = recorded.like_for_like(page.store, window)
    if spread.is_empty():
        panel.quiet(_("No data for this selection."))
        return
    _counts(page, window)
    _raw(page, window)
    _like_for_like(page, window, spread)
    _steps(page, window, arms)
    _checks(page, window)


def distribution(page: Frame, start: dt.date) -> None:
    """The whole distribution with the same mix, over as many whole weeks before as since: shown beside the question for whom."""
    build = page.store.build()
    window = recorded.window(page.selection, start, build.first_day, build.last_day, equal=True)
    spread = recorded.like_for_like(page.store, window) if window is not None else pl.DataFrame()
    if spread.is_empty():
        panel.section(page.say("The whole distribution"), page.say("No data for this selection."))
        return
    _distribution(page, window, spread)


def _window(page: Frame, start: dt.date) -> Selection | None:
    _, w, build = page.say, Words(page), page.store.build()
    choice = st.segmented_control(_("Days set side by side"), [_EQUAL, _ALL], default=_EQUAL, key="pilot_window", format_func=_, help=_("The pilot's own dates are used, not the period of the filters. The other filters apply."))
    window = recorded.window(page.selection, start, build.first_day, build.last_day, choice != _ALL)
    if window is not None:
        panel.quiet(_("Before: {first} to {last} · Since: {start} to {end}", first=w.day(window.first_day), last=w.day(start - dt.timedelta(days=1)), start=w.day(start), end=w.day(window.last_day)))
    return window


def _counts(page: Frame, window: Selection) -> None:
    _, w = page.say, Words(page)
    panel.section(_("How many visits stand on each side"))
    result = recorded.sides(page.store, window).only(*recorded.COUNTED)
    rows = _ordered(result.rows)
    table = pl.DataFrame(
        [
            {
                headed(units(page)["units"]): arms_in_words(page)[row["arm"]], _("Period"): _(_PERIOD[row["pilot_period"]]), _("Visits"): w.number(row["visits"]),
                _("Closed"): w.number(row["closed_visits"]), _("Missing exits"): w.percent(row["missing_exit_share"], 1), _("Document checks recorded"): w.percent(row["document_checks_coverage"]),
            }
            for row in rows
        ]
    )  # fmt: skip
    panel.grid(table, key="pilot_counts")
    few = [row for row in rows if row["visits"] < 300]
    if few or len(rows) < 4:
        st.warning(_("One side has fewer than 300 visits: too few to set side by side with any confidence."), icon=":material/info:")


def _ordered(frame: pl.DataFrame) -> list[dict]:
    """Rows of arm x period in reading order; rows outside any arm are left out."""
    rows = {(row["arm"], row["pilot_period"]): row for row in frame.to_dicts()}
    return [rows[arm, period] for arm in ARMS for period in PERIODS if (arm, period) in rows]


def _raw(page: Frame, window: Selection) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Raw, before and since"), _("As recorded, nothing adjusted. Who comes, when and with what changes too: these figures do not say what the pilot did."))
    result = recorded.sides(page.store, window).only(*recorded.RAW)
    rows = _ordered(result.rows)

    def with_limits(row: dict, code: str, share: bool = False) -> str:
        text = (w.percent if share else w.number)(row[code], 1)
        low, high = row.get(f"{code}__low"), row.get(f"{code}__high")
        if low is None or high is None:
            return text
        return f"{text} ({in_order(unmarked(f'{(w.percent if share else w.number)(low, 1)} – {(w.percent if share else w.number)(high, 1)}'), page.lang)})"

    table = pl.DataFrame(
        [
            {
                headed(units(page)["units"]): arms_in_words(page)[row["arm"]], _("Period"): _(_PERIOD[row["pilot_period"]]), _("Median, min"): with_limits(row, "turnaround_p50"),
                _("90th percentile, min"): with_limits(row, "turnaround_p90"), _("Mean, min"): w.number(row["turnaround_mean"], 1), _("60 min or less"): with_limits(row, "under_60_share", True),
                _("Over 120 min"): with_limits(row, "over_120_share", True), "n": w.number(row["turnaround_p50__n"]),
            }
            for row in rows
        ]
    )  # fmt: skip
    panel.grid(table, key="pilot_raw")
    panel.quiet(_("In brackets: 95 % limits of each figure on its own, taking visits as independent, which they are not quite. They are no margin of a difference."))
    panel.data(page, table, key="pilot_raw_file", result=result)


def _pairs(spread: pl.DataFrame, way: str, column: str, arm: str) -> tuple[float | None, float | None]:
    found = {row["period_code"]: row[column] for row in spread.iter_rows(named=True) if row["way"] == way and row["arm_code"] == arm}
    return found.get("before"), found.get("after")


def _like_for_like(page: Frame, window: Selection, spread: pl.DataFrame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Like-for-like"), _("The same mix on both sides: visits before are weighted to the lanes, four-hour blocks and cargo classes seen since. Minutes from port entry to port exit."))
    rows, hover = [], []
    for arm in ARMS:
        n = _pairs(spread, "like_for_like", "n", arm)
        for column, words in _MEASURES:
            before, after = _pairs(spread, "like_for_like", column, arm)
            if before is None and after is None:
                continue
            rows.append({"name": f"{arms_in_words(page)[arm]} · {_(words)}", "before": before, "after": after, "n_before": n[0], "n_after": n[1], "arm": arm, "column": column})
            hover.append((_("Before: {value} min, n = {n}", value=w.number(before, 1), n=w.number(n[0])), _("Since: {value} min, n = {n}", value=w.number(after, 1), n=w.number(n[1]))))
    frame = pl.DataFrame(rows)
    median = {arm: _pairs(spread, "like_for_like", "q50", arm) for arm in ARMS}
    finding = _("Medians with the same mix. At the {pilots}: {a} min before, {b} since. At the {comparisons}: {c} before, {d} since.", **units(page), a=w.number(median["pilot"][0], 1), b=w.number(median["pilot"][1], 1),
                c=w.number(median["comparison"][0], 1), d=w.number(median["comparison"][1], 1))  # fmt: skip
    covered = spread.filter(pl.col("way") == "like_for_like")["covered"].min()
    table = pl.DataFrame(
        [
            {
                headed(units(page)["units"]): arms_in_words(page)[row["arm"]], _("Measure"): named(_, dict(_MEASURES), row["column"]), _("Before, raw"): _round(_pairs(spread, "raw", row["column"], row["arm"])[0]),
                _("Before, like-for-like"): _round(row["before"]), _("Since"): _round(row["after"]), _("n before"): row["n_before"], _("n since"): row["n_after"],
            }
            for row in rows
        ]
    )  # fmt: skip
    panel.show(
        page, ranking.dumbbells(frame, before=_("Before, same mix"), after=_("Since"), suffix=f" {_('min')}", hover=hover), key="pilot_like", finding=finding, table=table, selection=window,
        n_words=_("every visit has its like on the other side") if covered is not None and covered > 0.9995 else _("at least {share} of visits have their like on the other side", share=w.percent(covered, 0 if covered is None or covered > 0.9995 else 1)),
    )  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _distribution(page: Frame, window: Selection, spread: pl.DataFrame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("The whole distribution"), _("How long the quickest, the middle and the slowest trucks took, with the same mix on both sides."))
    rows = [
        {"arm_code": row["arm_code"], "period_code": row["period_code"], "quantile": q / 100, "value": row[f"q{q:02d}"], "n": row["n"]}
        for row in spread.filter(pl.col("way") == "like_for_like").to_dicts() for q in _QUANTILES
    ]  # fmt: skip
    frame = pl.DataFrame(rows)
    tail = {arm: _pairs(spread, "like_for_like", "q90", arm) for arm in ARMS}
    finding = _("One truck in ten took longer than {a} min before and {b} since at the {pilots}, {c} and {d} at the {comparisons}.", **units(page), a=w.number(tail["pilot"][0]), b=w.number(tail["pilot"][1]),
                c=w.number(tail["comparison"][0]), d=w.number(tail["comparison"][1]))  # fmt: skip
    n = {row["arm_code"] + row["period_code"]: row["n"] for row in spread.filter(pl.col("way") == "raw").to_dicts()}
    panels = [(arm, arms_in_words(page)[arm]) for arm in ARMS if (frame["arm_code"] == arm).any()]
    figure = curves.quantile_curves(
        frame, panels, before=_("Before, same mix"), after=_("Since"), x_words=_("share of trucks"), y_words=_("minutes at most"), hover=_("{share} of trucks took {value} min or less"),
    )  # fmt: skip
    table = pl.DataFrame(
        [
            {_("Share of trucks"): f"{q} %", **{f"{arms_in_words(page)[arm]} · {_(_PERIOD[period])}": _round(_value(frame, arm, period, q)) for arm in ARMS for period in PERIODS}}
            for q in _QUANTILES
        ]
    )  # fmt: skip
    panel.show(page, figure, key="pilot_distribution", finding=finding, table=table, selection=window, n_words=_("n = {a} before and {b} since at the {pilots}, {c} and {d} at the {comparisons}", **units(page), **{name: w.number(n.get(arm + period, 0)) for name, (arm, period) in zip("abcd", SIDES, strict=True)}))


def _value(frame: pl.DataFrame, arm: str, period: str, q: int) -> float | None:
    found = frame.filter((pl.col("arm_code") == arm) & (pl.col("period_code") == period) & (pl.col("quantile") == q / 100))["value"]
    return found[0] if len(found) else None


def _steps(page: Frame, window: Selection, arms: pl.DataFrame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Step by step"), _("Median minutes of one passage, wait and service together, raw. Medians of parts do not add up to the visit."))
    arm = st.segmented_control(headed(units(page)["units"]), list(ARMS), default="pilot", key="pilot_step_arm", required=True, format_func=lambda code: arms_in_words(page)[code]) or "pilot"
    result = recorded.passages(page.store, window, arms, arm)
    found = {(row["step"], row["arm"], row["pilot_period"]): row for row in result.rows.to_dicts()}
    rows, hover = [], []
    for step in codes.STEP.codes:
        pair = [found.get((step, arm, period)) for period in PERIODS]
        if all(pair) and min(row["step_p50__n"] for row in pair) >= _THIN:
            before, after = pair
            rows.append({"name": _(codes.STEP.codes[step]), "before": before["step_p50"], "after": after["step_p50"]})
            hover.append((_("Before: {value} min, n = {n}", value=w.number(before["step_p50"], 1), n=w.number(before["step_p50__n"])), _("Since: {value} min, n = {n}", value=w.number(after["step_p50"], 1), n=w.number(after["step_p50__n"]))))
    if not rows:
        panel.quiet(_("No step has 20 passages on both sides."))
        return
    frame = pl.DataFrame(rows)
    longest = frame.sort("after", descending=True).row(0, named=True)
    finding = _("{arm}: the longest step is {step}, median {before} min before and {after} min since.", arm=arms_in_words(page)[arm], step=longest["name"], before=w.number(longest["before"], 1), after=w.number(longest["after"], 1))
    table = pl.DataFrame(
        [
            {_("Step"): _(codes.STEP.codes[step]), headed(units(page)["units"]): arms_in_words(page)[a], _("Period"): _(_PERIOD[period]), _("Median, min"): _round(row["step_p50"]), "n": row["step_p50__n"]}
            for (step, a, period), row in sorted(found.items(), key=str) if a == arm and period
        ]
    )  # fmt: skip
    panel.show(page, ranking.dumbbells(frame, before=_("Before, raw"), after=_("Since"), suffix=f" {_('min')}", hover=hover), key="pilot_steps", finding=finding, table=table, result=result, n_words=_("n = {n} passages, both sides", n=w.number(sum(row["step_p50__n"] for (_step, a, period), row in found.items() if a == arm and period in PERIODS))))


def _checks(page: Frame, window: Selection) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Document checks per visit"), _("The pilot's own aim: fewer places where the driver must show papers. Raw mean over the visits whose checks were recorded."))
    result = recorded.sides(page.store, window).only(*recorded.CHECKED)
    rows = _ordered(result.rows)
    known = {(row["arm"], row["pilot_period"]): row for row in rows if row["document_checks_mean"] is not None}
    if not known:
        panel.quiet(_("No document check was recorded in these windows."))
        return

    def side(arm: str, period: str) -> tuple[float | None, int]:
        row = known.get((arm, period))
        return (row["document_checks_mean"], row["document_checks_mean__n"]) if row else (None, 0)

    frame = pl.DataFrame([{"name": arms_in_words(page)[arm], "before": side(arm, "before")[0], "after": side(arm, "after")[0]} for arm in ARMS])
    hover = [tuple(_("{value} checks per visit, n = {n}", value=w.number(side(arm, period)[0], 2), n=w.number(side(arm, period)[1])) for period in PERIODS) for arm in ARMS]
    finding = _("Checks per visit. At the {pilots}: {a} before, {b} since. At the {comparisons}: {c} before, {d} since.", **units(page), **{name: w.number(side(arm, period)[0], 1) for name, (arm, period) in zip("abcd", SIDES, strict=True)})
    table = pl.DataFrame(
        [
            {headed(units(page)["units"]): arms_in_words(page)[row["arm"]], _("Period"): _(_PERIOD[row["pilot_period"]]), _("Checks per visit"): round(row["document_checks_mean"], 2), "n": row["document_checks_mean__n"], _("Recorded for, %"): _round((row["document_checks_coverage"] or 0) * 100)}
            for row in known.values()
        ]
    )  # fmt: skip
    panel.show(page, ranking.dumbbells(frame, before=_("Before, raw"), after=_("Since"), hover=hover), key="pilot_checks", finding=finding, table=table, result=result, n_words=_("n = {n} visits whose checks were recorded", n=w.number(sum(row["document_checks_mean__n"] for row in known.values()))))
