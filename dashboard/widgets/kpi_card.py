"""A card: one figure, what it says in words, its little curve, n, the mark of another port, and usual or unusual.

    st.html(kpi_card.grid([kpi_card.card(name="Median turnaround", value="69", unit="min", say="...", note="n = 7 412", points=[...])]))

Pure HTML text: no figure is computed here, every text comes formatted and translated.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence


def card(
    name: str, value: str, unit: str = "", say: str = "", notes: Sequence[str] = (), points: Sequence[float | None] = (), points_say: str = "",
    word: str = "", is_unusual: bool = False, word_why: str = "", code: str = "",
) -> str:
    """Return one card as HTML.

    `say` is the sentence under the figure; `notes` the quiet lines (n, period, repère); `points` the curve, oldest first, None where
    there is no data; `points_say` its alternative text; `word` usual or unusual with `word_why` on hover and for screen readers.
    """
    quiet = "".join(f'<div class="note">{html.escape(note)}</div>' for note in notes if note)
    usual = ""
    if word or word_why:
        usual = f'<div class="note">{f"""<span class="word{" unusual" if is_unusual else ""}">{html.escape(word)}</span> """ if word else ""}{html.escape(word_why)}</div>'
    return (
        f'<section class="card" data-testid="card-{html.escape(code)}" aria-label="{html.escape(name)}"><div class="name">{html.escape(name)}</div>'
        f'<div class="value">{html.escape(value)}{f" <small>{html.escape(unit)}</small>" if unit else ""}</div>'
        f'{f"""<div class="say">{html.escape(say)}</div>""" if say else ""}{sparkline(points, points_say)}{usual}{quiet}</section>'
    )


def grid(cards: Sequence[str]) -> str:
    return f'<div class="cards">{"".join(cards)}</div>'


def sparkline(points: Sequence[float | None], say: str = "") -> str:
    """Return a small curve as HTML, its last point marked; gaps stay gaps. Fewer than two points draw nothing."""
    seen = [point for point in points if point is not None and math.isfinite(point)]
    if len(seen) < 2:
        return ""
    low, high = min(seen), max(seen)
    span = (high - low) or 1.0
    width, height, edge = 240.0, 40.0, 4.0
    step = (width - 2 * edge) / max(len(points) - 1, 1)
    place = [None if point is None or not math.isfinite(point) else (edge + index * step, height - edge - (point - low) / span * (height - 2 * edge)) for index, point in enumerate(points)]
    path, pen = [], False
    for spot in place:
        if spot is None:
            pen = False
            continue
        path.append(f"{'L' if pen else 'M'}{spot[0]:.1f} {spot[1]:.1f}")
        pen = True
    last = next(spot for spot in reversed(place) if spot is not None)
    # Streamlit takes SVG out of HTML; the same drawing as a mask keeps the colour of the text, light or dark.
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" preserveAspectRatio="none">'
        f'<path d="{"".join(path)}" fill="none" stroke="#000" stroke-width="1.6" stroke-linejoin="round" vector-effect="non-scaling-stroke"/></svg>'
    )
    image = f"url('data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}')"
    dot = f"left:{last[0] / width * 100:.2f}%;top:{last[1] / height * 100:.1f}%"
    return (
        f'<div class="spark" role="img" dir="ltr" aria-label="{html.escape(say)}"><div class="spark-line" style="-webkit-mask-image:{image};mask-image:{image}"></div>'
        f'<div class="spark-dot" style="{dot}"></div></div>'
    )
