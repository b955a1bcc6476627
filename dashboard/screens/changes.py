"""What changed most: groups whose median moved by more than chance, the most truck-minutes first. A part of the overview page."""

from __future__ import annotations

import html

import streamlit as st

from dashboard import format as words
from dashboard.metrics import DIMENSIONS, Cell, Result
from dashboard.widgets.frame import Frame

SPLITS = ("lane", "terminal", "direction", "channel")
MIN_N = 50
SHOWN = 4


def show(page: Frame, now: Result) -> None:
    """List the changes (`now`: the page's figures with their comparison), or say that none is larger than chance. The two 95 % intervals must not touch."""
    say = page.say
    if page.selection.previous() is None:
        st.markdown(say("No comparison is chosen; choose one under Filters."))
        return
    if why := page.selection.uncompared(page.store.build().first_day, page.lang):
        st.markdown(f"{why[:1].upper()}{why[1:]}.")
        return
    if now.cell("turnaround_p50").value is None:
        st.markdown(say("No visit with a certain turnaround in this selection."))
        return
    if not now.cell("visits").before:
        st.markdown(say("The comparison period has no data."))
        return
    found = moved(page)
    if not found:
        st.markdown(say("No group's median moved by more than chance against the comparison period."))
        return
    rows = "".join(
        f'<tr><td>{html.escape(say(DIMENSIONS[split].label))} <b>{html.escape(name)}</b></td><td class="n"><b>{html.escape(words.change(figure, page.lang))}</b></td>'
        f'<td class="n">{html.escape(words.value(figure.before, "min", page.lang))} {say("→")} {html.escape(words.value(figure.value, "min", page.lang))}</td>'
        f'<td class="n">{html.escape(words.number(figure.before_n, page.lang))} {say("→")} {html.escape(words.number(figure.n, page.lang))}</td></tr>'
        for split, name, figure in found[:SHOWN]
    )
    heads = "".join(f'<th class="{kind}">{html.escape(text)}</th>' for text, kind in ((say("Group"), ""), (say("Change of the median"), "n"), (say("Before → now"), "n"), ("n", "n")))
    st.html(f'<table class="rowlist" data-testid="changes"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')
    st.html(f'<p class="quiet">{html.escape(say("Only changes whose 95 % intervals do not touch; several groups are looked at, so one in some dozens may still be chance."))}</p>')


def medians(page: Frame) -> tuple[Result, ...]:
    """The median of every split's groups, now and before."""
    return page.store.ask_each(page.selection, ["turnaround_p50"], [[split] for split in SPLITS], compare=True, intervals=True)


def moved(page: Frame) -> list[tuple[str, str, Cell]]:
    """Return (split, group in words, figure) of every median that moved, the most truck-minutes first."""
    found = []
    for split, result in zip(SPLITS, medians(page), strict=True):
        codes = DIMENSIONS[split].codes
        for number, row in enumerate(result.frame.iter_rows(named=True)):
            figure = result.cell("turnaround_p50", number)
            if row[split] is None or figure.change is None or figure.n < MIN_N or (figure.before_n or 0) < MIN_N:
                continue
            low, high = row.get("turnaround_p50__before_low"), row.get("turnaround_p50__before_high")
            if None in (low, high, figure.low, figure.high) or (figure.low <= high and low <= figure.high):
                continue
            name = page.say(codes.codes[row[split]]) if codes else page.name(split, row[split])
            found.append((split, name, figure))
    return sorted(found, key=lambda each: -abs(each[2].change) * each[2].n)
