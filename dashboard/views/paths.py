"""The ways trucks take through the service points, as a list of steps with a bar each: text that wraps, so that a phone shows the whole way. HTML text, no Streamlit, no SQL."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """One way: its steps in words (empty: all rarer ways together, then `name` says so), share of 0 to 1 and the figures beside it."""

    steps: tuple[str, ...]
    share: float
    label: str
    name: str = ""
    again: frozenset[str] = frozenset()


def listed(ways: Sequence[Way], arrow: str = "→") -> str:
    """Return the list, commonest first; a step made twice on the way is set in bold the second time. `arrow` points onward in the reader's direction."""
    top = max((way.share for way in ways), default=0) or 1
    rows = "".join(
        f'<li style="margin:0 0 .85rem 0"><div style="font-size:.95rem;line-height:1.45">{_steps(way, arrow)}</div>'
        f'<div style="display:flex;align-items:center;gap:.7rem;margin-top:.2rem"><div style="flex:0 1 45%;min-width:4rem"><div style="height:.7rem;width:{way.share / top * 100:.1f}%;'
        f'background:{"#808894" if not way.steps else "#1F6A93"}"></div></div><div style="font-size:.88rem">{way.label}</div></div></li>'
        for way in ways
    )
    return f'<ol data-testid="ways" style="padding-inline-start:1.4rem;margin:.4rem 0 .6rem 0;max-width:62rem">{rows}</ol>'


def _steps(way: Way, arrow: str) -> str:
    if not way.steps:
        return f"<i>{html.escape(way.name)}</i>"
    seen: set[str] = set()
    words = []
    for step in way.steps:
        text = html.escape(step)
        words.append(f"<b>{text}</b>" if step in seen and step in way.again else text)
        seen.add(step)
    return f" {arrow} ".join(words)


def passing(counts: Sequence[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    """Return step -> (visits that passed it, visits that passed it more than once), from (steps joined by '>', visits)."""
    found: dict[str, list[int]] = {}
    for path, visits_n in counts:
        steps = path.split(">")
        for step in dict.fromkeys(steps):
            seen = found.setdefault(step, [0, 0])
            seen[0] += visits_n
            seen[1] += visits_n if steps.count(step) > 1 else 0
    return {step: (once, again) for step, (once, again) in found.items()}
