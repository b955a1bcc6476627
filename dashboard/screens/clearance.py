"""Clearance: a Time Release Study at any time. How long goods wait for their release, at which stage and who holds the clock; inspections; what was not in order."""

from __future__ import annotations

import datetime as dt
import html
from functools import partial

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.i18n import N_
from dashboard.metrics import DIMENSIONS, Result
from dashboard.metrics.clearance import LIMITS_H, within
from dashboard.screens import clearance_order, clearance_table, moved
from dashboard.screens.border import RIPE_DAYS
from dashboard.views import clock, groups, theme
from dashboard.widgets import chart, download, kpi_card, no_data, panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts.codes import DECLARATION_STAGE, HOLDER, STAGE_HOLDER

PARTS: dict[str, str] = {"times": N_("Release times"), "inspections": N_("Inspections and hit rate"), "order": N_("What was not in order")}
SPLITS: tuple[str, ...] = ("channel", "office", "regime", "peak")
MIN_N = 30
DEFAULT_LIMIT_H = 48
SHOWN_OFFICES = 12


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Clearance"), anchor=False)
    part = parts.asked(page, PARTS)
    page.ahead(*{"times": (_headline, _curve, moved.logged, _stages, partial(_groups, split=st.session_state.get("clearance_split") or SPLITS[0])), "inspections": (_hits, _hits_by_month, _hits_over_time)}.get(part, (clearance_order.asked,)))
    whole = _headline(page) if part == "times" else None
    if whole is not None and not whole.cell("declarations").value:
        no_data.show(page, say("No declaration was lodged in this period."))
        return
    if page.selection.view != "all" or set(page.selection.filters) - {"channel"}:
        panel.quiet(say("Declarations know no gate, lane or truck: of the filters only the customs channel applies here."))
    if whole is not None:
        st.html(f'<p class="lead" data-testid="answer">{html.escape(_answer(page, whole))}</p>')
    part = parts.choose(page, PARTS, "clearance_part")
    {"times": partial(_times, whole=whole), "inspections": _inspections, "order": clearance_order.show}[part](page)


def limit_h() -> int:
    return int(st.session_state.get("clearance_limit") or DEFAULT_LIMIT_H)


# ---------------------------------------------------------------------- questions
def _headline(page: Frame) -> Result:
    limit = within(limit_h())
    return page.ask(["declarations", "clearance_p50", "clearance_p90", limit, "clearance_known_share", "prelodged_share", "release_p50", "gate_out_p50"], compare=True)


def _curve(page: Frame) -> Result:
    asked = moved.period(page)
    return page.ask(["clearance_p50", "clearance_p90"], grain=moved.grain(asked.days), selection=asked)


def _stages(page: Frame) -> Result:
    return page.ask(["clock_hours", "stage_p50", "stage_p90"], by=["stage"])


def _groups(page: Frame, split: str) -> Result:
    return page.ask(["clearance_p50", "clearance_p90", within(limit_h())], by=[split], intervals=True)


def _hits(page: Frame) -> Result:
    return page.ask(["declaration_hit_share", "physical_share", "declarations"], by=["office"], totals=True)


def _hits_over_time(page: Frame) -> Result:
    return page.ask(["declaration_hit_share"], grain="month")


def _hits_by_month(page: Frame) -> Result:
    return page.ask(["declaration_hit_share"], by=["office"], grain="month")


# ---------------------------------------------------------------------- release times
def _answer(page: Frame, whole: Result) -> str:
    say, lang = page.say, page.lang
    median, p90, share = (whole.cell(code) for code in ("clearance_p50", "clearance_p90", within(limit_h())))
    if median.value is None:
        return say("No time from arrival to release can be given: no data on when the goods of these {n} declarations arrived or were released.", n=words.number(whole.cell("declarations").value, lang))
    return say(
        "Half of the goods are released within {median} of their arrival; 1 in 10 waits more than {p90}. Within {limit} h: {share}.",
        median=words.duration(median.value, lang), p90=words.duration(p90.value, lang), limit=limit_h(), share=words.value(share.value, "share", lang, 1),
    )  # fmt: skip


def _times(page: Frame, whole: Result) -> None:
    say = page.say
    if whole.cell("clearance_p50").value is None and whole.cell("release_p50").value is None:
        panel.quiet(say("No data: the log of these declarations gives dates without times, so no waiting time can be worked out. The inspections and hit rate can."))
        return
    st.selectbox(
        say("Time limit"), LIMITS_H, index=LIMITS_H.index(DEFAULT_LIMIT_H), key="clearance_limit", format_func=lambda hours: say("{n} hours", n=hours), width=220,
        help=say("The share released within this time of the arrival; 48 hours is the limit of India's national study."),
    )  # fmt: skip
    _cards(page, whole)
    _over_time(page)
    _holders(page)
    _by_group(page)
    panel.section(say("The study as a table"), say("Every segment by channel, office, regime, hour and HS chapter: n, median, 90th percentile, mean, standard deviation and the share within the limit. Small groups of an HS chapter are hidden."))
    download.made(page, partial(clearance_table.made, page, limit_h()), say("Time release study"), key="trs", name="time_release_study", metrics=clearance_table.metrics(limit_h()), shares=clearance_table.shares(page, limit_h()))


def _cards(page: Frame, whole: Result) -> None:
    say, lang = page.say, page.lang

    def card(code: str, name: str, about: str) -> str:
        figure = whole.cell(code)
        text = words.plain(words.duration(figure.value, lang) if figure.metric.unit == "min" else words.cell(figure, lang))
        before = figure.before
        was = say("before: {value}", value=words.plain(words.duration(before, lang) if figure.metric.unit == "min" else words.value(before, figure.metric.unit, lang, 1))) if before is not None else ""
        return kpi_card.card(name, text, say=about, notes=[say("n = {n}", n=words.number(figure.n, lang)), was], code=code)

    limit = within(limit_h())
    st.html(kpi_card.grid([
        card("clearance_p50", say("Arrival to release"), say("median; 1 in 10 over {p90}", p90=words.duration(whole.cell("clearance_p90").value, lang))),
        card(limit, say("Released within {n} h", n=limit_h()), say("of the arrival of the goods")),
        card("prelodged_share", say("Lodged before arrival"), say("the declaration waited for the goods")),
        card("release_p50", say("Lodging to release"), say("median, whatever came first")),
        card("gate_out_p50", say("Release to gate-out"), say("median; this part is the trader's")),
        card("clearance_known_share", say("Times known"), say("arrival, lodging and release")),
    ]))  # fmt: skip


def _over_time(page: Frame) -> None:
    """By the day of lodging. What was declared in the last days and waits long is not released yet: without those days the curve does not sink at its end."""
    say, lang, result = page.say, page.lang, _curve(page)
    until = page.store.build().now_day - dt.timedelta(days=RIPE_DAYS)
    known = [row for row in result.rows.iter_rows(named=True) if moved.is_ripe(row["period"], result.grain, until)]
    worst = max((row for row in known if row["clearance_p90__n"] >= MIN_N), key=lambda row: row["clearance_p90"], default=None)
    finding = say("Too few declarations to draw a curve.") if worst is None else say(
        {"day": N_("Goods declared on {day} waited longest: 1 in 10 more than {p90}."), "week": N_("Goods declared in the week from {day} waited longest: 1 in 10 more than {p90}."),
         "month": N_("Goods declared in the month from {day} waited longest: 1 in 10 more than {p90}.")}[result.grain],
        day=words.day(worst["period"], lang), p90=words.duration(worst["clearance_p90"], lang),
    )  # fmt: skip
    curves = (moved.Curve("clearance_p90", say("1 in 10 over"), theme.ACCENT), moved.Curve("clearance_p50", say("median"), theme.MAIN, 2.5))
    n = say("n = {n} declarations, by the day they were lodged; the last {days} days are left out, part of their goods is not released yet", n=words.number(sum(row["clearance_p90__n"] for row in known), lang), days=RIPE_DAYS)
    moved.show(page, result, curves, key="clearance_over_time", title=say("How it moved"), finding=finding, unit=say("h"), n_words=n, scale=1 / 60, said=lambda value: words.duration(value, lang), until=until)


def _holders(page: Frame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    result = _stages(page)
    rows = {row["stage"]: row for row in result.rows.iter_rows(named=True)}
    total = sum(row["clock_hours"] or 0 for row in rows.values())
    panel.section(say("Who holds the clock"), say("A stage is the wait for the act that ends it, and belongs to the party that has to act. Hours after the goods arrived, all declarations together; medians do not add up."))
    if not total:
        panel.quiet(say("No data: the arrival of these goods is not known."))
        return
    held = {party: sum(rows[stage]["clock_hours"] or 0 for stage, holder in STAGE_HOLDER.items() if holder == party and stage in rows) / total for party in HOLDER.codes}
    after = (rows["to_gate_out"]["clock_hours"] or 0) / total if "to_gate_out" in rows else 0.0
    most = max(held, key=held.get)
    finding = say(
        "{party} holds the clock longest: {share} of the hours from arrival to gate-out. After the release the trader takes {after}; customs in all {customs}.",
        party=coded(say, HOLDER, most), share=w.percent(held[most], 1), after=w.percent(after, 1), customs=w.percent(held["customs"], 1),
    )  # fmt: skip
    drawn, table = [], []
    for stage in DECLARATION_STAGE.codes:
        row = rows.get(stage)
        if not row:
            continue
        party, share = STAGE_HOLDER[stage], (row["clock_hours"] or 0) / total
        median, p90 = words.duration(row["stage_p50"], lang), words.duration(row["stage_p90"], lang)
        name = coded(say, DECLARATION_STAGE, stage)
        drawn.append(clock.Share(name, share, f"<b>{coded(say, HOLDER, party)}</b> · {w.percent(share, 1)}", f"{name}<br>{coded(say, HOLDER, party)}: {w.percent(share, 1)}<br>{say('median')} {median}<br>n = {w.number(row['stage_p50__n'])}", party))
        table.append({
            say("Stage"): name, say("Held by"): coded(say, HOLDER, party), "n": w.number(row["stage_p50__n"]), say("Median"): words.plain(median), say("1 in 10 over"): words.plain(p90),
            say("Share of the clock"): w.percent(share, 1), say("Hours"): w.number(row["clock_hours"]),
        })  # fmt: skip
    parties = [{say("Held by"): coded(say, HOLDER, party), say("Share of the clock"): w.percent(share, 1) if share or _is_seen(party, rows) else say("no data")} for party, share in held.items()]
    panel.show(page, clock.bars(drawn), key="holders", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} declarations' stages", n=w.number(sum(row["stage_p50__n"] for row in rows.values()))))
    panel.grid(pl.DataFrame(parties), key="parties")


def _is_seen(party: str, rows: dict) -> bool:
    return any(STAGE_HOLDER[stage] == party for stage in rows)


@st.fragment
def _by_group(page: Frame) -> None:
    say, lang = page.say, page.lang
    panel.section(say("For whom"))
    split = st.segmented_control(say("Split by"), SPLITS, key="clearance_split", required=True, default=SPLITS[0], format_func=lambda code: say(DIMENSIONS[code].label), label_visibility="collapsed") or SPLITS[0]
    result = _groups(page, split)
    limit, drawn = within(limit_h()), []
    for row in result.rows.filter(pl.col("clearance_p50__n") > 0).iter_rows(named=True):
        name = clearance_table.named(page, split, row[split])
        median, p90 = words.duration(row["clearance_p50"], lang), words.duration(row["clearance_p90"], lang)
        n, share = words.number(row["clearance_p50__n"], lang), words.value(row[limit], "share", lang, 1)
        label = f"<b>{median}</b> · {p90} · {share} · n = {n}"
        hover = f"{name}<br>{say('median')} {median}<br>{say('1 in 10 over')} {p90}<br>{say('within {n} h', n=limit_h())} {share}<br>n = {n}"
        hours = [None if row[column] is None else row[column] / 60 for column in ("clearance_p50", "clearance_p50__low", "clearance_p50__high", "clearance_p90")]
        drawn.append(groups.Group(name, "" if row[split] is None else str(row[split]), *hours, label, hover, row["clearance_p50__n"] < MIN_N))
    if not drawn:
        panel.quiet(say("No data: the arrival of these goods is not known."))
        return
    solid = [group for group in drawn if not group.is_thin and group.median is not None]
    figure = groups.dots(drawn, median=say("median"), p90=say("1 in 10 over"), unit=say("h"))
    n_words = say("n = {n} declarations; bars are 95 % intervals of the median; grey under n = {thin}; third figure: within {limit} h", n=words.number(result.n, lang), thin=MIN_N, limit=limit_h())
    chart.show(page, figure, key=f"clearance_by_{split}", finding=_difference(page, solid), result=result, n_words=n_words)


def _difference(page: Frame, solid: list[groups.Group]) -> str:
    """Say whether the extremes differ by more than chance; never a ranking."""
    if len(solid) < 2:
        return page.say("One group only in this selection.")
    low, high = min(solid, key=lambda group: group.median), max(solid, key=lambda group: group.median)
    if low.high is None or high.low is None or low.high >= high.low:
        return page.say("No clear difference: the intervals of the medians overlap.")
    value = {"low": words.duration(low.median * 60, page.lang), "high": words.duration(high.median * 60, page.lang)}
    return page.say("Medians go from {low} ({first}) to {high} ({last}); their goods are not the same.", first=low.name, last=high.name, **value)


# ---------------------------------------------------------------------- inspections
def _inspections(page: Frame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    result = _hits(page)
    whole = result.cell("declaration_hit_share")
    if not result.cell("declarations").value:
        no_data.show(page, say("No declaration was lodged in this period."))
        return
    if whole.value is None:
        panel.quiet(say("No data: the log gives no result of inspections."))
        return
    drawn = []
    for row in result.rows.filter(pl.col("declaration_hit_share__n") > 0).sort("declaration_hit_share__n", descending=True).head(SHOWN_OFFICES).iter_rows(named=True):
        low, high, name = row["declaration_hit_share__low"], row["declaration_hit_share__high"], say("Office {code}", code=clearance_table.named(page, "office", row["office"]))
        text = f"<b>{w.percent(row['declaration_hit_share'], 1)}</b> · {say('{low} to {high}', low=w.percent(low, 1), high=w.percent(high, 1))} · n = {w.number(row['declaration_hit_share__n'])}"
        drawn.append(clock.Share(name, row["declaration_hit_share"], text, f"{name}<br>{text}", low=low, high=high, is_thin=row["declaration_hit_share__n"] < MIN_N))
    finding = say(
        "Of {n} declarations whose result is known, {share} showed an irregularity (95 % interval {low} to {high}).",
        n=w.number(whole.n), share=w.percent(whole.value, 1), low=w.percent(whole.low, 1), high=w.percent(whole.high, 1),
    )  # fmt: skip
    physical = result.cell("physical_share")
    finding += " " + (say("The log gives no control channel.") if physical.value is None else say("Sent to physical inspection: {share} of those with a known channel.", share=w.percent(physical.value, 1)))
    panel.section(say("Hit rate by office"), say("The {n} offices with the most results; lines are 95 % Wilson intervals.", n=min(SHOWN_OFFICES, len(drawn))))
    by_month = _hits_by_month(page)
    table = pl.DataFrame([
        {
            say("Month"): _month(page, row["period"]), say("Office"): clearance_table.named(page, "office", row["office"]), say("Hit rate"): w.percent(row["declaration_hit_share"], 1),
            say("95 % interval"): words.interval(row["declaration_hit_share__low"], row["declaration_hit_share__high"], "share", lang, 1), "n": w.number(row["declaration_hit_share__n"]),
        }
        for row in by_month.rows.filter(pl.col("declaration_hit_share__n") > 0).sort("period", "office").iter_rows(named=True)
    ])  # fmt: skip
    panel.show(page, clock.rates(drawn), key="hits", finding=finding, table=table, result=by_month, n_words=say("n = {n} declarations with a result", n=w.number(whole.n)), name="hit_rate_by_office_and_month")
    _months(page)
    panel.quiet(say("An office or a month is not better for a higher rate: who is inspected is chosen by risk."))


def _month(page: Frame, first_day: dt.date) -> str:
    return words.day(first_day, page.lang, "MMM y")


def _months(page: Frame) -> None:
    """The hit rate month by month, all offices together, where there is more than one month."""
    say, w = page.say, Words(page)
    result = _hits_over_time(page)
    rows = [row for row in result.rows.sort("period").iter_rows(named=True) if row["declaration_hit_share__n"]]
    if len(rows) < 2:
        return
    drawn, table = [], []
    for row in rows:
        value, low, high, n = (row[f"declaration_hit_share{end}"] for end in ("", "__low", "__high", "__n"))
        name, text = _month(page, row["period"]), f"<b>{w.percent(value, 1)}</b> {w.span(low * 100, high * 100, 1)} · n = {w.number(n)}"
        drawn.append(clock.Share(name, value, text, f"{name}<br>{text}", low=low, high=high, is_thin=n < MIN_N))
        table.append({say("Month"): name, say("Hit rate"): w.percent(value, 1), say("95 % interval"): words.interval(low, high, "share", page.lang, 1), "n": w.number(n)})
    low, high = min(rows, key=lambda row: row["declaration_hit_share"]), max(rows, key=lambda row: row["declaration_hit_share"])
    apart = low["declaration_hit_share__high"] < high["declaration_hit_share__low"]
    finding = say(
        "By month the hit rate goes from {low} ({first}) to {high} ({last}).", low=w.percent(low["declaration_hit_share"], 1), first=_month(page, low["period"]),
        high=w.percent(high["declaration_hit_share"], 1), last=_month(page, high["period"]),
    ) if apart else say("No clear difference between months: their intervals overlap.")  # fmt: skip
    panel.section(say("Hit rate by month"), say("All offices together, by the month the declarations were lodged; lines are 95 % Wilson intervals."))
    panel.show(page, clock.rates(drawn), key="hits_by_month", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} declarations with a result", n=w.number(sum(row["declaration_hit_share__n"] for row in rows))))


if __name__ == "__main__":
    show(current())
