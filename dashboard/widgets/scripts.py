"""The scripts our own pages run: each one text that never varies, so that the server allows it by its hash (dashboard/edge/policy.py). What differs stands in data attributes.

No name is declared: a second run in the same page would declare it twice and stop.
"""

from __future__ import annotations

import html

from dashboard.widgets import keyboard

# Tells the browser the page's language and direction; the style sheet does the rest. On paper the media query always says light, so the dark screen is remembered.
DIRECTION = '(data => { Object.assign(document.documentElement, {lang: data.lang, dir: data.dir}); document.documentElement.dataset.dark = matchMedia("(prefers-color-scheme: dark)").matches; })(document.currentScript.dataset)'
# Fetches a file without leaving the page.
FOLLOW = '(data => { const a = document.createElement("a"); a.href = data.href; a.download = ""; document.body.append(a); a.click(); a.remove(); })(document.currentScript.dataset)'
# Says that a map cannot be drawn, and chooses the drawing. On a busy machine the choice is drawn, or answers, later than this runs: asked again until the map is no longer chosen.
NO_WEBGL = (
    '(() => { const probe = document.createElement("canvas"); if (probe.getContext("webgl2") || probe.getContext("webgl")) return; document.getElementById("no-webgl").style.display = "block"; '
    'const choose = left => { const row = document.querySelectorAll(".st-key-congestion_form [role=radio]"); if (row.length > 1 && row[0].getAttribute("aria-checked") !== "true") return; '
    "if (row.length > 1) row[1].click(); if (left) setTimeout(choose, 700, left - 1); }; choose(20); })()"
)
ALL = (DIRECTION, FOLLOW, NO_WEBGL, keyboard.SCRIPT)


def tag(script: str, **data: str) -> str:
    """Return the element that runs the script with these data."""
    attributes = "".join(f' data-{name}="{html.escape(value, quote=True)}"' for name, value in data.items())
    return f"<script{attributes}>{script}</script>"
