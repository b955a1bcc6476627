"""What readers without a pointer, and readers from the right, need and Streamlit lacks: one script, listening on the whole page, and the word of the skip link.

- The skip link leads past the menu, to the filters or the title; Streamlit's own leads to a region that begins with the menu.
- An open popover stands at the end of the document: Tab goes into it from its button and out of it behind that button.
- A table's grid takes Tab for its next cell, thousands of them: here Tab leaves the grid, arrows walk in it, Enter or Space choose a row that can be chosen.
- A dialog that closes gives the focus back.
- In right-to-left text a table wider than the page opens at its right end, where its first column stands.
"""

from __future__ import annotations

import html

import streamlit as st

from dashboard.i18n import Translator

SCRIPT = """(data => {
  const skip = document.querySelector('[data-testid="stSkipToContent"]');
  if (skip) skip.setAttribute("aria-label", data.skip);
  if (document.documentElement.dataset.keys) return;
  document.documentElement.dataset.keys = "on";
  const stops = box => [...box.querySelectorAll("a[href], button, input, summary, textarea, [tabindex]")].filter(each => each.tabIndex >= 0 && !each.disabled && each.getClientRects().length);
  const go = (event, there) => { event.preventDefault(); event.stopImmediatePropagation(); there.focus(); };
  const said = new WeakSet();
  let left = null;
  addEventListener("focusin", event => { if (event.target.closest('[data-testid="stMainBlockContainer"]')) left = event.target; });
  addEventListener("click", event => {
    if (!event.target.closest?.('[data-testid="stSkipToContent"]')) return;
    const main = document.querySelector('[data-testid="stMainBlockContainer"]');
    const there = main?.querySelector('.st-key-filters') ?? main?.querySelector("h1");
    if (there) { there.tabIndex = -1; go(event, there); }
  }, true);
  addEventListener("keydown", event => {
    if (said.has(event)) return;
    const at = document.activeElement, turned = event.shiftKey;
    const grid = at.closest('[data-testid="stDataFrame"]');
    if (grid && event.key === "Tab") return event.stopImmediatePropagation();
    if (grid && !turned && (event.key === "Enter" || event.key === " ") && at.matches("td") && at.closest("tr").querySelector("td").id.startsWith("glide-cell-1-")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const chosen = new KeyboardEvent("keydown", {key: " ", code: "Space", keyCode: 32, shiftKey: true, bubbles: true, cancelable: true});
      said.add(chosen);
      at.dispatchEvent(chosen);
      return;
    }
    const button = document.querySelector('[data-testid="stPopoverButton"][aria-expanded="true"]');
    const body = document.querySelector('[data-testid="stPopoverBody"]');
    if (event.key === "Tab" && button && body && (at === button || body.contains(at))) {
      const inside = stops(body);
      if (!inside.length) return;
      if (at === button) return turned ? undefined : go(event, inside[0]);
      if (turned && at === inside[0]) return go(event, button);
      if (!turned && at === inside.at(-1)) {
        const all = stops(document.body).filter(each => !body.contains(each));
        go(event, all[all.indexOf(button) + 1] ?? button);
      }
    }
    const dialog = at.closest('[role="dialog"]');
    if (dialog && !body && event.key === "Escape" && left) {
      const there = left, key = [...(there.closest('[class*="st-key-"]')?.classList ?? [])].find(each => each.startsWith("st-key-"));
      const back = tries => {  // when the dialog has gone: to where it was opened from, or to what stands there now
        if (dialog.isConnected) return tries ? setTimeout(back, 150, tries - 1) : undefined;
        if (document.activeElement !== document.body) return;
        (there.isConnected ? there : document.querySelector(`.${key} :is(input, button, summary, a)`))?.focus();
      };
      setTimeout(back, 150, 60);
    }
  }, true);
  new MutationObserver(() => {
    if (document.documentElement.dir !== "rtl") return;
    for (const grid of document.querySelectorAll('[data-testid="stDataFrame"] .dvn-scroller:not([data-begun])')) {
      if (grid.scrollWidth > grid.clientWidth) { grid.dataset.begun = ""; grid.scrollLeft = grid.scrollWidth; }
    }
  }).observe(document.body, {childList: true, subtree: true});
})(document.currentScript.dataset)"""


def show(say: Translator) -> None:
    """Let the page listen to keys, from its first run on, and name its skip link in the reader's language."""
    st.html(f'<script data-skip="{html.escape(say("Skip to the content"), quote=True)}">{SCRIPT}</script>', unsafe_allow_javascript=True)
