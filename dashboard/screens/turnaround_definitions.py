"""By their definition: this port counted as Los Angeles and Long Beach, Vancouver, Port Botany or TIC4.0 count, beside what they published; and what follows from it.

Two ports are only published, never recomputed. Nothing is ranked: order is that of the written list (dashboard/metrics/their_words.py).
"""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import replace

import polars as pl
import streamlit as st
from babel.dates import format_skeleton

from dashboard import format as words
from dashboard.i18n import N_, locale
from dashboard.metrics import Result
from dashboard.metrics.intervals import of_mean
from dashboard.metrics.their_words import DEFINITIONS, PUBLISHED_ONLY, Definition, Figure
from dashboard.selection import Selection
from dashboard.views import abroad
from dashboard.widgets import chart, download, freshness, no_data, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

MIN_N = 30
_ONE_DAY = dt.timedelta(days=1)
_NATURES: dict[str, str] = {"below": N_("less than {value}"), "goal": N_("goal of {value}"), "design": N_("design maximum of {value}")}
_KINDS: dict[str, str] = {"measured": N_("Measured"), "below": N_("Published as less than"), "goal": N_("Goal"), "design": N_("Design maximum")}
_PARTS: tuple[tuple[str, str], ...] = (
    (N_("Part of the way"), "perimeter"), (N_("From when to when"), "clock"), (N_("Statistic"), "statistic"), (N_("Which trucks"), "population"), (N_("Left out there"), "excluded"),
    (N_("How it is applied here"), "here"), (N_("What could be checked"), "checked"),
)  # fmt: skip


def show(page: Frame) -> None:
    result, marks = figures(page), page.store.table("dim_benchmarks").to_dicts()
    if not any(result.cell(definition.head).value is not None for definition in DEFINITIONS):
        no_data.show(page, page.say("No visit with a certain time at a terminal in {period}.", period=result.selection.period_in_words(page.lang)))
        return
    _opening(page, result)
    for definition in DEFINITIONS:
        _one(page, definition, result, marks)
    _published_only(page, marks)
    _all(page, result, marks)


def figures(page: Frame) -> Result:
    """Every figure of every definition, in one answer."""
    codes = dict.fromkeys(code for definition in DEFINITIONS for code in definition.metrics)
    return page.ask(list(codes), selection=full_months(page.selection, page.store.build().first_day, page.store.build().now_day), intervals=True)


def full_months(selection: Selection, first_day: dt.date, now_day: dt.date) -> Selection:
    """Return the calendar months that lie whole in the period, else the last one before its end; the period itself where the data hold no whole month.

    Published figures are of whole months. The definitions leave out what they say and nothing else, so the view is 'all included'; filters stay.
    """
    selection = replace(selection, view="all", comparison="none")
    end = min(selection.end_day, now_day).replace(day=1)
    first = selection.first_day if selection.first_day.day == 1 else (selection.first_day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    if first >= end:
        first = (end - _ONE_DAY).replace(day=1)
    if first < first_day.replace(day=1) or (first < first_day and first_day >= end):
        return selection
    return replace(selection, first_day=first, end_day=end, period="custom")


def _opening(page: Frame, result: Result) -> None:
    say = page.say
    seen = result.cell("metris_seen_share")
    st.html(f'<p class="lead" data-testid="answer">{html.escape(say("This port counted as others count, beside the figure they published and the time it is of. A mark to see where one stands: no target and no ranking."))}</p>')
    about = [say("Published figures are of whole months, so whole months are taken here: {period}.", period=result.selection.period_in_words(page.lang))]
    if seen.value:
        about.append(say("Queues are seen for {share} of the visits to one terminal (n = {n} of {of}).", share=words.value(seen.value, "share", page.lang, 1), n=words.number(round(seen.value * seen.n), page.lang), of=words.number(seen.n, page.lang)))
    else:
        about.append(say("No queue was seen in these months, so definitions that begin in the queue have no figure here."))
    if page.selection.view != "all":
        about.append(say("Only PierPass is known to leave visits out, so all visits are taken here, whatever view was chosen above."))
    if page.selection.filters:
        about.append(say("Only the visits of the filters chosen above."))
    if page.store.build().is_sample:
        about.append(say("The visits are fictitious: this page shows the method and says nothing of the real port."))
    signs = say("● here, with its 95 % interval · ◇ published · △ published goal · ◁ published as less than · ○ whole visit from queue or port gate to port exit, same statistic")
    st.html(f'<p class="quiet">{html.escape(" ".join(about))}</p><p class="quiet">{html.escape(signs)}</p>')


def _one(page: Frame, definition: Definition, result: Result, marks: list[dict]) -> None:
    say = page.say
    panel.section(say(definition.name))
    st.html(f'<p class="lead">{html.escape(_finding(page, definition, result, marks))}</p>')
    by_unit: dict[str, list[Figure]] = {}
    for figure in definition.figures:
        by_unit.setdefault(result.metric(figure.metric).unit, []).append(figure)
    columns = st.columns(len(by_unit), gap="medium") if len(by_unit) > 1 else [st.container()]
    for column, (unit, mine) in zip(columns, by_unit.items(), strict=True):
        with column:
            drawn = [_row(page, definition, figure, result, marks) for figure in mine]
            how = {"key": f"abroad_{definition.code}_{unit}", "alt": " ".join(f"{_plain(row.text)}, {_plain(row.below)}." for row in drawn), "config": chart._config(page.lang), "width": "stretch"}
            st.plotly_chart(chart.spoken(abroad.rows(drawn, unit="%" if unit == "share" else say("min")), page.lang), **how)
    left, right = st.columns(2, gap="medium")
    for column, title, sentences in ((left, say("What can be concluded"), (_conclusion(page, definition, result, marks), say(definition.allows))), (right, say("What cannot"), tuple(map(say, definition.denies)))):
        column.html(f'<p data-testid="concluded" style="font-size:.94rem;line-height:1.5;max-inline-size:var(--measure);margin-block:.2rem .6rem"><b>{html.escape(title)}</b><br>{html.escape(" ".join(sentences))}</p>')
    with st.expander(say("Their definition, and what could be checked"), key=f"abroad_{definition.code}_words"):
        body = "".join(f'<tr><th scope="row" style="inline-size:9rem">{html.escape(say(title))}</th><td>{html.escape(say(getattr(definition, part)))}</td></tr>' for title, part in _PARTS)
        sources = "<br>".join(f"<bdi>{html.escape(source)}</bdi>" for source in definition.sources)
        st.html(f'<table class="rowlist">{body}<tr><th scope="row">{html.escape(say("Sources"))}</th><td>{sources}</td></tr></table>')


def _finding(page: Frame, definition: Definition, result: Result, marks: list[dict]) -> str:
    """The head figure and the first published one, in one sentence."""
    say, head = page.say, _head(definition)
    ours = result.cell(head.metric)
    if ours.value is None:
        return say("No figure here: not one visit of these months has all that this definition needs.")
    unit, decimals = ours.metric.unit, 1 if ours.metric.unit == "share" else 0
    shown = {"figure": say(head.label), "ours": words.value(ours.value, unit, page.lang, decimals)}
    found = _marks(definition, head, marks)
    if found:
        said = say("{figure}: {ours} here by their clock; {mark}.", mark=_mark_in_words(page, found[0]), **shown)
    else:
        said = say("{figure}: {ours} here; the site folder gives no published figure.", **shown) if head.marks else say("{figure}: {ours} here; the standard publishes no figure.", **shown)
    whole = result.cell(head.whole).value if head.whole else None
    # Said at once, or a short clock would pass for a fast port.
    return said if whole is None else said + " " + say("The whole visit here, with all that their clock leaves out: {whole}.", whole=words.value(whole, unit, page.lang, decimals))


def _conclusion(page: Frame, definition: Definition, result: Result, marks: list[dict]) -> str:
    """Where the first published figure lies to the interval of ours. Above and below are said, better and worse never."""
    say, head = page.say, _head(definition)
    ours, limits, found = result.cell(head.metric), _limits(head, result), _marks(definition, head, marks)
    if ours.value is None or limits is None:
        return say("Too few visits here to set beside anything.")
    unit = ours.metric.unit
    shown = {"low": words.value(limits[0], unit, page.lang, 1), "high": words.value(limits[1], unit, page.lang, 1), "n": words.number(ours.n, page.lang)}
    if not found:
        return say("By this clock the figure here lies between {low} and {high} (95 %, n = {n}).", **shown)
    theirs = found[0]["value"] / (100 if unit == "share" else 1)
    mark = {"mark": _mark_in_words(page, found[0])}
    if theirs > limits[1]:
        return say("By this clock the figure here lies between {low} and {high} (95 %, n = {n}); the published one lies above: {mark}.", **shown, **mark)
    if theirs < limits[0]:
        return say("By this clock the figure here lies between {low} and {high} (95 %, n = {n}); the published one lies below: {mark}.", **shown, **mark)
    return say("By this clock the figure here lies between {low} and {high} (95 %, n = {n}), and the published one within it: no difference can be told from {mark}.", **shown, **mark)


def _head(definition: Definition) -> Figure:
    return next(figure for figure in definition.figures if figure.metric == definition.head)


def _marks(definition: Definition, figure: Figure, marks: list[dict]) -> list[dict]:
    """The published figures of a figure: the definition's own port first, then those whose source was read again, then the oldest. Builds made before marks knew their definition have none."""
    found = [row for row in marks if row.get("definition_code") == definition.code and row["metric_code"] in figure.marks]
    return sorted(found, key=lambda row: (figure.marks.index(row["metric_code"]), row["port"] != definition.port, row["read_on"] is None, row["from_on"] or dt.date.min))


def _limits(figure: Figure, result: Result) -> tuple[float, float] | None:
    cell = result.cell(figure.metric)
    if figure.sd:
        return of_mean(cell.value, result.cell(figure.sd).value, cell.n)
    return None if cell.low is None or cell.high is None else (cell.low, cell.high)


def _row(page: Frame, definition: Definition, figure: Figure, result: Result, marks: list[dict]) -> abroad.Row:
    say, lang = page.say, page.lang
    cell, limits = result.cell(figure.metric), _limits(figure, result)
    unit = cell.metric.unit
    times = 100 if unit == "share" else 1
    whole = result.cell(figure.whole) if figure.whole else None
    text = f"{say(figure.label)} · <b>{words.value(cell.value, unit, lang, 1)}</b>"
    below = " · ".join(([say("95 % interval {limits}", limits=words.interval(*limits, unit, lang, 1))] if limits else []) + [say("n = {n}", n=words.number(cell.n, lang))])
    return abroad.Row(
        None if cell.value is None else cell.value * times, text, below, *([limit * times for limit in limits] if limits else (None, None)),
        None if whole is None or whole.value is None else whole.value * times, "" if whole is None else say("{value}, whole visit (n = {n})", value=words.value(whole.value, unit, lang, 1), n=words.number(whole.n, lang)),
        tuple(abroad.Mark(row["value"], _mark_in_words(page, row), row.get("nature_code") or "measured") for row in _marks(definition, figure, marks)), cell.n < MIN_N,
    )  # fmt: skip


def _mark_in_words(page: Frame, row: dict) -> str:
    """'58 %, Los Angeles and Long Beach, 2010', with what kind of figure it is, and a word where its source could not be read again."""
    doubt = "" if row["read_on"] else page.say("source not read again")
    return words.listed(filter(None, (_mark_value(page, row), page.say(row["port"]), when(page, row), doubt)), page.lang)


def published(page: Frame, row: dict) -> str:
    """A published value with its unit, in the digits it was published in."""
    value, unit = row["value"], row["unit"]
    decimals = 0 if value == int(value) else 1
    return words.value(value / 100, "share", page.lang, decimals) if unit == "%" else words.value(value, "min" if unit == "min" else "hours", page.lang, decimals)


def when(page: Frame, row: dict) -> str:
    """The month, the months or the year a published figure is of."""
    if row.get("from_on") and row.get("to_on"):
        said = list(dict.fromkeys(format_skeleton("yMMM", dt.datetime.combine(row[name], dt.time()), locale=locale(page.lang)) for name in ("from_on", "to_on")))
        return " – ".join(said)
    return str(row["year"] or "")


def _plain(text: str) -> str:
    return words.plain(text.replace("<b>", "").replace("</b>", ""))


# ---------------------------------------------------------------------- published only, and everything as a table
def _published_only(page: Frame, marks: list[dict]) -> None:
    say, found = page.say, [row for row in marks if row["port"].startswith(PUBLISHED_ONLY)]
    if not found:
        return
    panel.section(say("Published only: Tanger Med and Marseille Fos"), say("Shown as they were published and never recomputed: no file of theirs has been handed over. Tanger Med has its own port authority, and Marseille Fos is a partner of the exchange; neither is measured or ranked here."))
    panel.grid(pl.DataFrame([
        {say("Port"): say(row["port"]), say("Published"): words.plain(_mark_value(page, row)), say("Part of the visit"): say(row["perimeter"] or ""), say("When"): when(page, row), say("Source"): row["source"]}
        for row in found
    ]), key="abroad_published")  # fmt: skip


def _mark_value(page: Frame, row: dict) -> str:
    """The published value with what kind of figure it is."""
    kind, value = row.get("nature_code"), published(page, row)
    return page.say(_NATURES[kind], value=value) if kind in _NATURES else value


def _all(page: Frame, result: Result, marks: list[dict]) -> None:
    say, w = page.say, Words(page)
    panel.section(say("All figures side by side"))
    freshness.under(page, result, say("n beside each figure"))
    rows = table(page, result, marks)
    with st.expander(say("Data table and CSV"), key="abroad_data"):
        shown = rows.with_columns(pl.Series(name, [w.number(value, 1) for value in rows[name]]) for name, dtype in rows.schema.items() if dtype == pl.Float64)
        panel.grid(shown, key="abroad_table")
        download.made(page, lambda: table(page, result, marks), say("By their definition"), key="abroad", name="by_their_definition", metrics=tuple(metric.code for metric in result.metrics))
    st.html(f'<p class="quiet">{html.escape(say("Each figure is a metric of the handbook, with its SQL."))}</p>')


def table(page: Frame, result: Result, marks: list[dict]) -> pl.DataFrame:
    """Return one row a figure and published mark: minutes and percent in full precision, null where there is none; period, source and day of reading as text."""
    say, rows = page.say, []
    for definition in DEFINITIONS:
        for figure in definition.figures:
            cell, limits = result.cell(figure.metric), _limits(figure, result)
            whole = result.cell(figure.whole) if figure.whole else None
            times = 100 if cell.metric.unit == "share" else 1
            scaled = [None if value is None else float(value * times) for value in (cell.value, *(limits or (None, None)), whole.value if whole else None)]
            ours = dict(zip((say("Here"), say("Low (95 %)"), say("High (95 %)"), say("Whole visit")), scaled, strict=True))
            for row in _marks(definition, figure, marks) or [{}]:
                theirs = {
                    say("Published"): row.get("value"), say("Kind"): say(_KINDS[row.get("nature_code") or "measured"]) if row else "", say("Port"): say(row["port"]) if row else "", say("When"): when(page, row) if row else "",
                    say("Source"): row.get("source") or "", say("Source read on"): row["read_on"].isoformat() if row.get("read_on") else "",
                }  # fmt: skip
                rows.append({say("Definition"): say(definition.name), say("Figure"): say(figure.label), say("Unit"): "%" if times == 100 else say("min"), **ours, "n": cell.n, **theirs})
    return pl.DataFrame(rows, schema_overrides={say(name): pl.Float64 for name in ("Here", "Low (95 %)", "High (95 %)", "Whole visit", "Published")}, infer_schema_length=None)
