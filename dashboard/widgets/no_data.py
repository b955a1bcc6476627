"""Empty states: said in words, with what to do. A figure without data is never drawn as zero.

    if result.is_empty:
        no_data.show(page)
        return
"""

from __future__ import annotations

import html

import streamlit as st

from dashboard.i18n import Translator
from dashboard.widgets import address
from dashboard.widgets.frame import Frame


def show(page: Frame, about: str = "") -> None:
    """Say that nothing lies behind the question, and offer the way out. `about` is translated text for a narrower reason."""
    say = page.say
    with st.container(key="no_data"):
        st.markdown(f"**{about or say('No visit in this selection.')}**")
        st.html(f'<p class="words">{html.escape(say("Asked for: {words}. Choose other dates or fewer filters.", words=page.selection.in_words(page.lang, page.names)))}</p>')
        st.button(say("Back to the last 28 days, without filters"), on_click=address.reset, key="no_data_reset")


def damaged(say: Translator, why: str) -> None:
    """The page of a build of which a file is damaged: a sentence instead of figures nobody could trust."""
    st.title(say("These figures cannot be shown"))
    st.markdown(say("A file behind this page is damaged, so nothing is shown from it. Whoever runs this dashboard can see what is damaged and make it anew with:"))
    st.code("smartport verify\nsmartport rebuild", language="bash")
    with st.expander(say("What was found")):
        st.code(why, language=None)


def no_build(say: Translator, why: str = "") -> None:
    """The page of a port whose first load has not been published yet."""
    st.title(say("Nothing has been loaded yet"))
    st.markdown(say("This dashboard shows what a load has published. Put a folder of logs in place and run:"))
    st.code("smartport load INBOX", language="bash")
    st.markdown(say("To look around without logs of your own, make the fictitious port:"))
    st.code("smartport demo", language="bash")
    st.html(f'<p class="words">{html.escape(say("The page fills itself as soon as a load has been published."))}</p>')
    if why:
        with st.expander(say("What was looked for")):
            st.code(why, language=None)
