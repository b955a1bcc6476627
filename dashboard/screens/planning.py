"""Plan a pilot: how many days, lanes or blocks it takes to see a change, from the port's own noise; and a drawn calendar for alternating blocks.

No effect is estimated here, and the filters play no part: noise is read from all visits of at most a year. What can be planned is dashboard/evidence/design.
"""

from __future__ import annotations

import datetime as dt
import html

import numpy as np
import polars as pl
import streamlit as st

from dashboard.evidence import design, switchback
from dashboard.evidence.history import Past, past_of
from dashboard.evidence.verdict import LEAST_DAYS_BEFORE
from dashboard.screens import planning_calendar
from dashboard.screens.planning_options import (
    BLOCKS,
    Option,
    against,
    best_verdict,
    cell,
    chosen,
    days_in_words,
    in_words,
    log_size,
    not_before,
    options_of,
    seen,
    shared_by,
)
from dashboard.selection import Selection
from dashboard.views import planning as drawn
from dashboard.widgets import download, panel
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words

SIZES = tuple(each / 2 for each in range(6, 51))  # 3 to 25 %
_SHOWN_SIZES = (3, 5, 8, 10, 12, 15, 20, 25)
_STARTS_IN = 14  # days from the last day measured to the start first proposed: time to lock the plan and tell the staff


def show(page: Frame) -> None:
    _ = page.say
    past = past_of(page.store)
    st.title(_("Plan a pilot"), anchor=False)
    if past.days < LEAST_DAYS_BEFORE or not np.isfinite(past.port).any():
        _too_few(page, past)
        return
    answer = st.container()
    size, start, lanes, block_days = _choices(page, past)
    options = options_of(page, past, start, lanes, block_days)
    with answer:
        st.html(f'<p class="lead" data-testid="answer">{html.escape(_answer(page, past, options, size))}</p>')
    _chart(page, past, options, size)
    _table(page, past, options, size, start)
    _what(page, options, block_days)
    if "lane" in past.kinds:
        _lanes(page, past, start, size)
    planning_calendar.calendar(page, options, size, start, block_days)
    planning_calendar.announce(page, options, size, start)
    _rest(page, past)


def _too_few(page: Frame, past: Past) -> None:
    _, w = page.say, Words(page)
    days = int(np.isfinite(past.port).sum())
    ready = page.store.build().now_day + dt.timedelta(days=max(1, LEAST_DAYS_BEFORE - days))
    st.html(f'<p class="lead" data-testid="answer">{html.escape(_("A pilot cannot be planned yet: {n} days were measured and {least} are needed to know the noise. If every day is measured: from {day} on.", n=days, least=LEAST_DAYS_BEFORE, day=w.day(ready)))}</p>')


def _choices(page: Frame, past: Past) -> tuple[int, dt.date, int, int]:
    """Return (size in %, start, pilot lanes, days of a block)."""
    _ = page.say
    soon = past.last_day + dt.timedelta(days=_STARTS_IN)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="planning_choices"):
        size = st.number_input(_("Change to be seen, %"), 3, 25, 10, key="planning_size", width=190)
        start = st.date_input(_("Start of the pilot"), soon + dt.timedelta(days=-soon.weekday() % 7), min_value=past.last_day + dt.timedelta(days=1), key="planning_start", format="DD/MM/YYYY", width=170)
        lanes = 0
        if "lane" in past.kinds:
            n = len(past.kinds["lane"].names)
            lanes = st.number_input(_("Pilot lanes, of {n}", n=n), 1, n - 1, n // 2, key="planning_lanes", width=170)
        block = st.segmented_control(_("Length of an alternating block"), list(BLOCKS), default=7, key="planning_block", required=True, format_func=lambda days: _(BLOCKS[days]))
    return int(size), start, int(lanes), int(block)


def _answer(page: Frame, past: Past, options: list[Option], size: int) -> str:
    _, w = page.say, Words(page)
    change = w.percent(size / 100) + (" " + _("(about {m} min of {level})", m=w.number(past.level_min * size / 100), level=w.number(past.level_min)) if past.level_min else "")
    return _("To see a change of {change} in four cases of five: {designs}.", change=change, designs=in_words(page, options, size))


# ------------------------------------------------------------------------------------------------------------------------------- panels
def _measured(page: Frame, past: Past) -> Selection:
    """The days the noise was read from: what is shown and downloaded here is about them, not about the filters' period."""
    return Selection(page.selection.port, past.first_day, past.last_day + dt.timedelta(days=1), period="custom", comparison="none")


def _chart(page: Frame, past: Past, options: list[Option], size: int) -> None:
    _, w = page.say, Words(page)
    panel.section(_("How many days, for how small a change"), _("Days after the start until a change of this size is seen in four cases of five, at one end announced before. Days count on a log scale; none under 28."))
    curves = [
        drawn.Curve(
            f"{each.short} · {days_in_words(page, each.design.days(log_size(size)))}", [each.design.days(log_size(x)) for x in SIZES], each.design.days(log_size(size)),
            [f"{each.label}<br>{w.percent(x / 100, 0 if x == int(x) else 1)} · {days_in_words(page, each.design.days(log_size(x)))}" for x in SIZES],
        )
        for each in options if each.not_before is None
    ]  # fmt: skip
    if not curves:
        panel.quiet(_("Nothing to draw for this start."))
        return
    figure = drawn.days_by_size(SIZES, curves, size, x_words=_("change to be seen"), y_words=_("days needed"), suffix=" %")
    table = pl.DataFrame(
        [{_("Change"): w.percent(x / 100), **{each.label: cell(page, each, x) for each in options}} for x in _SHOWN_SIZES]
    )
    finding = _("To see a change of half that size, {size}: {designs}.", size=w.percent(size / 200, 1 if size % 2 else 0), designs=in_words(page, options, size / 2))
    panel.show(page, figure, key="planning_days", finding=finding, table=table, selection=_measured(page, past))


def _table(page: Frame, past: Past, options: list[Option], size: int, start: dt.date) -> None:
    _, w = page.say, Words(page)
    panel.section(_("The designs side by side"), _("The smallest change is the one seen in four cases of five if that day were the one announced end. A dash: too few blocks, or too few days before the start."))
    rows = []
    for each in options:
        days = each.design.days(log_size(size))
        rows.append(
            {
                _("Design"): each.label, _("Days for {size}", size=w.percent(size / 100)): cell(page, each, size),
                _("Ends on"): "–" if days is None or each.not_before else w.day(start + dt.timedelta(days=days - 1)),
                **{_("Smallest after {n} days", n=look): seen(w, each, look) for look in design.LOOK_DAYS}, _("Best verdict"): best_verdict(page, each),
            }
        )  # fmt: skip
    table = pl.DataFrame(rows)
    panel.grid(table, key="planning_designs")
    download.worded(page, table, _("Designs of a pilot"), key="planning_designs", selection=_measured(page, past))
    if any(each.kind != "switchback" and shared_by(page, each.kind) for each in options):
        st.warning(_("Units set against one another share service points at this port: what is relieved at one is felt at the others. Their verdict never goes beyond moderate, and the difference found is smaller than what the pilot does. Alternating blocks of the whole port do not have this fault."), icon=":material/warning:")


def _what(page: Frame, options: list[Option], block_days: int) -> None:
    _ = page.say
    panel.section(_("What each design can tell, and what it cannot"))
    blocks = []
    for each in options:
        if each.kind == "switchback":
            can = [_("What the whole port gains, relief that spreads included: nothing in the port is compared with anything else."), _("It needs no quiet time before: the order of the blocks is drawn, so that drift and season fall on both sides alike.")]
            cannot = [
                _("What a pilot does that takes longer than a block to work, or to fade."),
                _("Staff and drivers must be able to switch: signs, gates and software go on and off at each change of block."),
                _("The first day of each block is left out, so that queues of the block before do not count.") if switchback.washout_of(block_days) else _("A single day is not left out after each change: with blocks of one day the day before spills over."),
            ]  # fmt: skip
        else:
            shared = shared_by(page, each.kind)
            can = [_("The change at the pilot's units against the others, over the same days: ships, weather and season fall on both.")]
            cannot = [_("What happens to trucks that choose another unit because of the pilot.")]
            if shared:
                cannot.insert(0, _("Both sides share {n} service points ({places}): relief at one is felt at the other, the difference comes out too small, and the verdict never goes beyond moderate.", n=len(shared), places=_listed(page, shared)))
            if each.kind == "terminal":
                can.append(_("Yards and handling are each terminal's own: what the pilot relieves there stays on its side."))
            if each.not_before is not None:
                cannot.insert(0, _("It cannot start before {day}: {n} days must be measured first as things are now.", day=Words(page).day(each.not_before), n=LEAST_DAYS_BEFORE))
        blocks.append(_block(_, each.label, can, cannot))
    st.html(f'<div class="cards" style="align-items:start">{"".join(blocks)}</div>')


def _block(_, title: str, can: list[str], cannot: list[str]) -> str:
    def lines(texts: list[str]) -> str:
        return "".join(f"<li>{html.escape(text)}</li>" for text in texts)

    body = f'<h3 style="margin-block:0 .3rem">{html.escape(title)}</h3>'
    for head, texts in ((_("It tells"), can), (_("It does not tell"), cannot)):
        body += f'<p class="quiet" style="margin-block:.5rem 0">{html.escape(head)}</p><ul style="margin-block:.1rem;padding-inline-start:1.1rem">{lines(texts)}</ul>'
    return f"<section>{body}</section>"


def _listed(page: Frame, codes: list[str], most: int = 4) -> str:
    w = Words(page)
    return page.say(", ").join(w.place(code) for code in codes[:most]) + (f" … (+{len(codes) - most})" if len(codes) > most else "")


def _lanes(page: Frame, past: Past, start: dt.date, size: int) -> None:
    _, w = page.say, Words(page)
    units = past.kinds["lane"]
    rows = []
    for n in range(1, len(units.names) // 2 + 1):
        found = against(past, "lane", units, n, start)
        if found is None:
            return
        option = Option("lane", "", "", found, not_before(past, start))
        which = [w.lane(name) for name, is_in in zip(units.names, chosen(units, n), strict=True) if is_in]
        rows.append(
            {
                _("Pilot lanes"): str(n), _("For example"): _(", ").join(which), _("Days for {size}", size=w.percent(size / 100)): cell(page, option, size),
                _("Smallest after {n} days", n=84): seen(w, option, 84),
            }
        )  # fmt: skip
    panel.section(_("How many lanes"), _("More pilot lanes than half help no more than the same number of comparison lanes. The example takes lanes of like traffic on both sides."))
    panel.grid(pl.DataFrame(rows), key="planning_lane_table")


def _rest(page: Frame, past: Past) -> None:
    _, w = page.say, Words(page)
    panel.section(_("What these figures rest on"))
    lines = [_("Noise as measured from {first} to {last}, all visits, mean minutes in the port; lanes, gates and terminals like for like. A calmer or rougher time needs fewer or more days.", first=w.day(past.first_day), last=w.day(past.last_day))]
    if past.starts:
        lines.append(_("The change at the start of the running pilot ({days}) is taken out. Only days since then count as days before of the next one.", days=_(", ").join(w.day(day) for day in past.starts)))
    thin = [name for units in past.kinds.values() for name in units.thin]
    if thin:
        lines.append(_("Left out for too few visits: {names}.", names=_(", ").join(w.place(name) for name in thin)))
    lines.append(_("On simulated ports, pilots of the planned length saw the planned change in 76 to 82 of 100 cases; drawn blocks claimed a change where there was none in 4 to 6 of 100. Formulae: docs/pilot-evidence.md, Planning a pilot."))
    st.markdown("\n".join(f"- {line}" for line in lines))


if __name__ == "__main__":
    show(current())
