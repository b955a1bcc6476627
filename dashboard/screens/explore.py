"""Explore: any figures by any splits that go together, as table and chart, with its SQL and every file form; the whole question stands in the address."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.details import DETAILS
from dashboard.i18n import N_
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, Result
from dashboard.metrics.compiler import GRAINS, unanswered
from dashboard.screens import explore_chart, explore_ports, explore_words
from dashboard.screens import explore_state as asking
from dashboard.screens.explore_state import MOST_FIGURES, MOST_SPLITS, PERIOD, Asked, Unfit
from dashboard.selection import FILTERS
from dashboard.widgets import address, chart, download, freshness, no_data, panel
from dashboard.widgets.frame import Frame, current

MOST_ROWS, FIRST_ROWS, MOST_ACROSS = 5000, 500, 40
GRAIN_WORDS: dict[str, str] = {"": N_("None"), "hour": N_("Hour"), "day": N_("Day"), "week": N_("Week"), "month": N_("Month")}
ROW_LISTS = ("visits", "steps", "stays", "declarations")
_KEYS = {"m": "explore_figures", "by": "explore_by", "grain": "explore_grain", "across": "explore_across", "draw": "explore_draw"}


def show(page: Frame) -> None:
    asked, notes = asking.read(page.own)
    page.ahead(*(lambda page, part=part: _ask(page, part) for part in _parts(asked)))
    panel.head(page, page.say("Explore"), page.say("Choose figures and what to split them by. What you see is what you download, and the address of this page brings it back."))
    _controls(page, asked)
    for note in notes:
        st.warning(words.literal(_unfit(page, note) if isinstance(note, Unfit) else note.in_words(page.lang)))
    result = _ask(page, asked)
    if result.is_empty:
        no_data.show(page, page.say("Nothing lies behind these figures in this selection."))
        return
    _chart(page, asked, result)
    _table(page, asked, result)
    explore_ports.show(page, asked.metrics)
    _sources(page, asked, result)
    _rows(page)


# ---------------------------------------------------------------------- the question
def _ask(page: Frame, asked: Asked) -> Result:
    """Totals are recomputed from the rows by the question itself; limits are asked where a chart shows them."""
    return page.ask(asked.metrics, asked.by, grain=asked.grain or None, totals=bool(asked.keys), intervals=len(asked.keys) < 2 and not asked.grain)


def _parts(asked: Asked) -> tuple[Asked, ...]:
    """The question, and those of the totals beside and below a table with a key across."""
    if not asked.across:
        return (asked,)
    by = tuple(each for each in asked.by if each != asked.across)
    beside = replace(asked, by=by, grain="" if asked.across == PERIOD else asked.grain, across="")
    below = replace(asked, by=() if asked.across == PERIOD else (asked.across,), grain=asked.grain if asked.across == PERIOD else "", across="")
    return asked, beside, below, replace(asked, by=(), grain="", across="")


def _controls(page: Frame, asked: Asked) -> None:
    say, state = page.say, st.session_state
    offered, splits = asking.figures_for(asked.by, asked.grain, asked.metrics), asking.splits_for(asked.metrics)
    grains = ["", *(grain for grain in GRAINS if set(asked.metrics) <= set(asking.figures_for((), grain)))]
    for name, value in (("m", list(asked.metrics)), ("by", list(asked.by)), ("grain", asked.grain), ("across", asked.across), ("draw", asked.drawn)):
        if state.get(_KEYS[name]) != value:
            state[_KEYS[name]] = value
    with st.container(key="explore_controls"):
        st.multiselect(say("Figures to show"), offered, key=_KEYS["m"], max_selections=MOST_FIGURES, format_func=lambda code: say(METRICS[code].label), on_change=_changed, placeholder=say("Choose figures"))
        st.multiselect(say("Split them by"), splits, key=_KEYS["by"], max_selections=MOST_SPLITS, format_func=lambda code: explore_words.label(page, code), on_change=_changed, placeholder=say("Nothing: one line for all"))
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            st.segmented_control(say("Step of time"), grains, key=_KEYS["grain"], required=True, format_func=lambda code: say(GRAIN_WORDS[code]), on_change=_changed)
            st.selectbox(say("Across"), ["", *asked.keys], key=_KEYS["across"], required=True, format_func=lambda code: explore_words.label(page, code) if code else say("None"), on_change=_changed, width=220, disabled=not asked.keys)
            if len(asked.metrics) > 1:
                st.selectbox(say("Figure drawn"), list(asked.metrics), key=_KEYS["draw"], required=True, format_func=lambda code: say(METRICS[code].label), on_change=_changed, width=320)
    _why_not(page, asked, offered, splits)


def _changed() -> None:
    """Callback of every control: the question they show goes into the address."""
    state = st.session_state
    metrics, by = tuple(state.get(_KEYS["m"]) or ()), tuple(state.get(_KEYS["by"]) or ())
    asked = Asked(metrics or asking.read({})[0].metrics, by, state.get(_KEYS["grain"]) or "", state.get(_KEYS["across"]) or "", state.get(_KEYS["draw"]) or "")
    address.set_own(**asked.to_query())


def _why_not(page: Frame, asked: Asked, offered: list[str], splits: list[str]) -> None:
    """Say how much is not offered, and why, for whoever looks for it."""
    say = page.say
    lost = [code for code in DIMENSIONS if code not in splits]
    said = say("{n} of {all} figures and {m} of {every} splits go with this choice.", n=len(offered), all=len(METRICS), m=len(splits), every=len(DIMENSIONS))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(f'<p class="quiet">{said}</p>', width="content")
        if len(offered) == len(METRICS) and not lost:
            return
        with st.popover(say("Why not the others?"), key="explore_why", type="tertiary"):
            for missing, codes in asking.without(asked.by, asked.grain):
                names = say(", ").join(say(GRAIN_WORDS[asked.grain]) if each == PERIOD else explore_words.label(page, each) for each in missing)
                some = say(", ").join(say(METRICS[code].label) for code in codes[:3]) + ("…" if len(codes) > 3 else "")
                st.markdown(say("{n} figures ({some}) cannot be split by: {names}. Their rows do not know it.", n=len(codes), some=some, names=names))
            if alone := [code for code in METRICS if not asking.goes_with(code, asked.metrics) or (len(asked.by) > 1 and code not in offered and not asking.goes_with(code, ("visits",)))]:
                st.markdown(say("Figures on US-bound cargo stand by themselves, over whole months and by one split at most: {n} figures are not offered for that.", n=len(alone)))
            if lost:
                st.markdown(say("Not every figure chosen can be split by: {names}.", names=say(", ").join(explore_words.label(page, code) for code in lost)))


def _unfit(page: Frame, note: Unfit) -> str:
    say = page.say
    split = say(GRAIN_WORDS[note.split]) if note.is_grain else explore_words.label(page, note.split)
    return say("'{split}' was left out: {figures} cannot be split by it.", split=split, figures=say(", ").join(say(METRICS[code].label) for code in note.metrics))


# ---------------------------------------------------------------------- the answer
def _chart(page: Frame, asked: Asked, result: Result) -> None:
    figure, finding = explore_chart.drawn(page, result, asked.drawn)
    st.html(f'<p class="lead" data-testid="explore-finding">{html.escape(finding)}</p>')
    if figure is not None:
        st.plotly_chart(figure, key="explore_chart", alt=finding, config=chart._config(page.lang), width="stretch")
    told = result.only(asked.drawn)
    freshness.under(page, told)


def _table(page: Frame, asked: Asked, result: Result) -> None:
    say, rows = page.say, result.rows.height
    panel.section(say("Table"))
    wide = result.rows[asked.across].n_unique() if asked.across else 0
    if asked.across and wide <= MOST_ACROSS and rows <= MOST_ROWS:
        _whole, beside, below, total = (_ask(page, part) for part in _parts(asked))
        _grid(explore_words.pivot(page, result, asked.across, beside, below, total), len(asked.keys) - 1 + (len(asked.metrics) > 1))
        panel.quiet(say("In brackets: the rows behind the figure. Totals are recomputed from the rows, never added up or averaged."))
    else:
        if asked.across:
            panel.quiet(say("{n} columns would be too wide to read, so the table runs downwards.", n=words.number(wide, page.lang)))
        _grid(explore_words.long(page, result, rows if rows <= MOST_ROWS else FIRST_ROWS), len(asked.keys))
        if rows > MOST_ROWS:
            panel.quiet(say("The first {n} of {all} rows are shown; the files hold all.", n=words.number(FIRST_ROWS, page.lang), all=words.number(rows, page.lang)))
        elif asked.keys:
            panel.quiet(say("The line 'Everything' is recomputed from the rows, never added up or averaged."))
    if explore_words.cut(page, result):
        panel.quiet(say("* Step of time that is not whole in the selection or in the data: a ring in the chart, and not in its range."))
    if result.suppressed_n:
        panel.quiet(say("Small groups of firms or persons are hidden, and so is what would give them back."))
    for code, missing in result.unanswered.items():
        panel.quiet(f"{say(METRICS[code].label)}: " + say("these filters do not apply to it: {names}", names=say(", ").join(say(FILTERS[name][0]) if name in FILTERS else say("View") for name in missing)))
    download.link(page, result, key="explore", name="explore")


def _grid(table: pl.DataFrame, names: int) -> None:
    """The table: its first columns are names, all others figures, whose digits meet digits."""
    panel.grid(table, key="explore_table", column_config={name: st.column_config.TextColumn(alignment="right") for name in table.columns[names:]})


def _sources(page: Frame, asked: Asked, result: Result) -> None:
    say = page.say
    with st.expander(say("Definitions"), key="explore_definitions"):
        panel.grid(pl.DataFrame([{say("Name"): say(metric.label), say("Definition"): say(metric.about), say("Code"): metric.code} for metric in result.metrics]), key="explore_meanings")
    with st.expander("SQL", key="explore_sql"):
        panel.quiet(say("Runs as it stands on the files of this build."))
        for sql, params in zip(result.sql, result.params, strict=True):
            st.code(asking.inlined(sql, params), language="sql")
    with st.expander(say("Link to this table"), key="explore_link"):
        st.code(_link(page, asked), language=None)
        panel.quiet(say("For a pipeline:"))
        st.code(_command(page, asked), language="bash")


def _rows(page: Frame) -> None:
    """Every row of the selection, whatever the figures above: the lists a reader may take home, streamed and never cut."""
    say = page.say
    with st.expander(say("All rows of this selection"), key="explore_rows"):
        detail = st.segmented_control(say("List"), list(ROW_LISTS), key="explore_list", required=True, default=ROW_LISTS[0], format_func=lambda code: say(DETAILS[code].label), label_visibility="collapsed")
        panel.quiet(say("All of them, without a limit; trucks by the first six signs of their pseudonym."))
        if missing := unanswered(FACTS[DETAILS[detail].fact], page.selection):
            panel.quiet(say("these filters do not apply to it: {names}", names=words.listed((say(FILTERS[name][0]) if name in FILTERS else say("View") for name in missing), page.lang)))
        download.rows(page, detail, key=f"explore_rows_{detail}")


def _link(page: Frame, asked: Asked) -> str:
    own = {name: value for name, value in asked.to_query().items() if value}
    return f"{(st.context.url or 'explore').partition('?')[0]}?{urlencode(page.selection.to_query() | {'lang': page.lang} | own, safe=',')}"


def _command(page: Frame, asked: Asked) -> str:
    """The same question for the command line."""
    selection = page.selection
    parts = ["smartport export", *asked.metrics, *(("--by", ",".join(asked.by)) if asked.by else ()), *(("--grain", asked.grain) if asked.grain else ())]
    parts += ["--from", str(selection.first_day), "--to", str(selection.last_day), *(("--view", selection.view) if selection.view != "all" else ())]
    parts += [word for name, values in selection.filters.items() for word in (f"--{name}", json.dumps(",".join(values)) if " " in ",".join(values) else ",".join(values))]
    return " ".join([*parts, *(("--totals",) if asked.keys else ())])


if __name__ == "__main__":
    show(current())
