"""The filter bar: period, view, and the rest behind one button. It owns the session keys of its widgets (widgets/address.py).

    filter_bar.show(selection, notes, options, say, names)     # once a run, by app.py, after st.navigation()
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from dashboard import format as words
from dashboard.i18n import N_, Translator
from dashboard.selection import COMPARISONS, FILTERS, PRESETS, VIEWS, Note, Selection
from dashboard.widgets import address

# Short words for the period buttons; the full ones stand in the sentence below.
NOTES = 3  # of an address that is wrong in many places
SHORT: dict[str, str] = {"7d": N_("7 days"), "28d": N_("28 days"), "90d": N_("90 days"), "month": N_("This month"), "custom": N_("Dates…")}


def show(
    selection: Selection, notes: Sequence[Note], options: Mapping[str, Sequence[str]], say: Translator, names: Mapping[str, Mapping[str, str]],
    first_day: date, now_day: date, left_out: int | None,
) -> None:
    """Draw the bar. `options` gives the values of the filters that are no code list; `first_day`, `now_day` bound the calendar.

    `left_out` is how many visits the chosen view removes, None if it removes none by definition.
    """
    with st.container(key="filters", horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.segmented_control(
            say("Period"), list(PRESETS), key=address.PERIOD, required=True, on_change=address.touched,
            format_func=lambda code: say(SHORT[code]), label_visibility="collapsed",
        )  # fmt: skip
        if selection.period == "custom":
            st.date_input(
                say("Dates"), key=address.DATES, min_value=min(first_day, selection.first_day), max_value=max(now_day, selection.last_day),
                on_change=address.touched, format="DD/MM/YYYY", label_visibility="collapsed", width=230,
            )  # fmt: skip
        st.selectbox(
            say("View"), list(VIEWS), key=address.VIEW, on_change=address.touched, format_func=lambda code: say(VIEWS[code]), required=True,
            label_visibility="collapsed", width=330,
        )  # fmt: skip
        n = len(selection.filters)
        with st.popover(say("Filters ({n})", n=n) if n else say("Filters"), key="filters_more"):
            _more(options, say, names)
        if selection.filters or selection.view != "all" or selection.comparison != "previous" or selection.period != "28d":
            st.button(say("Reset"), key="filters_reset", type="tertiary", on_click=address.reset)
    st.html(f'<p class="words" data-testid="selection-words">{_sentence(selection, say, names, left_out, first_day)}</p>')
    for note in notes[:NOTES]:
        st.warning(words.literal(note.in_words(say.lang)))


def _more(options: Mapping[str, Sequence[str]], say: Translator, names: Mapping[str, Mapping[str, str]]) -> None:
    st.selectbox(
        say("Compared with"), list(COMPARISONS), key=address.COMPARISON, on_change=address.touched, required=True,
        format_func=lambda code: say(COMPARISONS[code]),
    )  # fmt: skip
    for name, (label, code_list) in FILTERS.items():
        values = list(code_list.codes) if code_list else list(options.get(name, ()))
        values += [value for value in st.session_state.get(f"f_{name}", ()) if value not in values]
        words = {value: say(code_list.codes[value]) if code_list else names.get(name, {}).get(value, value) for value in values}
        # Choosing all is choosing none, and Streamlit offers it in English.
        st.multiselect(say(label), values, key=f"f_{name}", on_change=address.touched, format_func=lambda value, words=words: words[value], placeholder=say("All"), select_all=False)


def _sentence(selection: Selection, say: Translator, names: Mapping[str, Mapping[str, str]], left_out: int | None, first_day: date) -> str:
    parts = [selection.in_words(say.lang, names)]
    if left_out is not None:
        parts.append(say.plural("{number} visit left out", "{number} visits left out", left_out, number=words.number(left_out, say.lang)))
    if (before := selection.previous(first_day)) is not None:
        parts.append(say("compared with {period}", period=before.period_in_words(say.lang)))
    elif why := selection.uncompared(first_day, say.lang):
        parts.append(why)
    return html.escape(" · ".join(parts))
