"""The figures of a Deck as HTML and inline SVG. Every picture says its finding as alternative text; colours follow light, dark and paper."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from dashboard.briefing.deck import THIN, Bar, Bars, Cards, Curve, Deck, Heat, Shade, Strip, Table, Terms, Zones

_WIDE, _TALL = 720.0, 300.0  # of a curve, in its own units
_LEFT, _RIGHT, _TOP, _FOOT = 44.0, 120.0, 26.0, 26.0
_LABELS = 8  # at most, along the time axis
_MAP = 1000.0  # width of the map, in its own units


def escaped(text: str) -> str:
    return html.escape(text)


def rich(text: str) -> str:
    """Escape a text; `**bold**` is the only markup it holds."""
    return "".join(f"<b>{html.escape(part)}</b>" if number % 2 else html.escape(part) for number, part in enumerate(text.split("**")))


@singledispatch
def draw(figure: Any, deck: Deck) -> str:
    """Return a figure as HTML."""
    raise TypeError(f"{type(figure).__name__} has no form on a page")


@draw.register
def _cards(figure: Cards, deck: Deck) -> str:
    return '<div class="cards">' + "".join(
        f'<div class="card"><h3>{escaped(card.name)}</h3><p class="value">{escaped(card.text)} <small>{escaped(card.unit)}</small></p><p>{escaped(card.say)}</p>{"".join(f"<p class=quiet>{escaped(note)}</p>" for note in card.notes)}</div>'
        for card in figure.cards
    ) + "</div>"  # fmt: skip


@draw.register
def _bars(figure: Bars, deck: Deck) -> str:
    return _ranges(figure) if figure.is_range else _from_zero(figure)


def _from_zero(figure: Bars) -> str:
    most = max((bar.value or 0.0 for bar in figure.bars), default=0.0) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{escaped(bar.name)}</th><td class="track">{_bar(bar, most)}</td><td class="figure">{rich(bar.text)}</td></tr>' for bar in figure.bars
    )  # fmt: skip
    return f'<table class="bars" aria-label="{escaped(figure.alt)}">{rows}</table>'


def _bar(bar: Bar, most: float) -> str:
    return "" if bar.value is None else f'<i class="{"thin" if bar.is_thin else ""}" style="inline-size:{100 * bar.value / most:.1f}%"></i>'


def _ranges(figure: Bars) -> str:
    """Changes: a point within its limits, and a line where nothing changes. Left is less, in every language."""
    ends = [value for bar in figure.bars if bar.value is not None for value in (bar.low, bar.value, bar.high) if value is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    air = (high - low) * 0.06 or 1.0

    def at(value: float) -> str:
        return f"{100 * (value - low + air) / (high - low + 2 * air):.1f}%"

    rows = []
    for bar in figure.bars:
        drawn = f'<b class="zero" style="left:{at(0)}"></b>'
        if bar.value is not None and bar.low is not None and bar.high is not None:
            drawn += f'<i style="left:{at(bar.low)};right:calc(100% - {at(bar.high)})"></i>'
        if bar.value is not None:
            drawn += f'<u style="left:{at(bar.value)}"></u>'
        rows.append(f'<tr class="{"thin" if bar.is_thin else ""}"><th scope="row">{escaped(bar.name)}</th><td class="range" dir="ltr"><div>{drawn}</div></td><td class="figure">{rich(bar.text)}</td></tr>')
    return f'<table class="bars ranges" aria-label="{escaped(figure.alt)}">{"".join(rows)}</table>'


@draw.register
def _strip(figure: Strip, deck: Deck) -> str:
    whole = "".join(f'<i class="band{min(number, 3)}" style="flex-grow:{part.value:.4f}"></i>' for number, part in enumerate(figure.parts) if part.value)
    words = "".join(f'<li><i class="band{min(number, 3)}"></i><b>{escaped(part.text)}</b> {escaped(part.name)}</li>' for number, part in enumerate(figure.parts))
    return f'<div class="strip" role="img" aria-label="{escaped(figure.alt)}">{whole}</div><ul class="key">{words}</ul>'


@draw.register
def _curve(figure: Curve, deck: Deck) -> str:
    most = max((value for line in figure.lines for value in line.values if value is not None), default=1.0)
    ticks, last = _ticks(most), max(len(figure.labels) - 1, 1)

    def x(number: int) -> float:
        return _LEFT + (_WIDE - _LEFT - _RIGHT) * number / last

    def y(value: float) -> float:
        return _TOP + (_TALL - _TOP - _FOOT) * (1 - value / ticks[-1])

    drawn = [f'<text x="{_LEFT - 8}" y="{_TOP - 12}" text-anchor="end">{escaped(figure.unit)}</text>']
    for tick in ticks:
        drawn.append(f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{_WIDE - _RIGHT}"/><text x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    step = max(1, math.ceil((last + 1) / _LABELS))
    drawn += [f'<text x="{x(number):.1f}" y="{_TALL - 6}" text-anchor="middle">{escaped(label)}</text>' for number, label in enumerate(figure.labels) if number % step == 0]
    for number, mark in enumerate(figure.marks, start=1):
        drawn.append(f'<path class="mark" d="M{x(mark.index):.1f} {_TOP}V{_TALL - _FOOT}"/><text x="{x(mark.index):.1f}" y="{_TOP - 6}" text-anchor="middle" class="strong">{number}</text>')
    for number, line in enumerate(figure.lines):
        path, is_drawing = [], False
        for at, value in enumerate(line.values):
            if value is not None:
                path.append(f"{'L' if is_drawing else 'M'}{x(at):.1f} {y(value):.1f}")
            is_drawing = value is not None
        drawn.append(f'<path class="line{min(number, 1)}" d="{"".join(path)}"/>')
        if ends := [(at, value) for at, value in enumerate(line.values) if value is not None]:
            at, value = ends[-1]
            drawn.append(f'<text class="end{min(number, 1)}" x="{x(at) + 8:.1f}" y="{y(value) + 4:.1f}">{escaped(line.name)}</text>')
    marks = "".join(f"<li><b>{number}</b> {escaped(mark.words)}</li>" for number, mark in enumerate(figure.marks, start=1))
    return f'<svg class="curve" viewBox="0 0 {_WIDE:g} {_TALL:g}" role="img" aria-label="{escaped(figure.alt)}" direction="ltr">{"".join(drawn)}</svg>' + (f'<ul class="key">{marks}</ul>' if marks else "")


def _ticks(most: float) -> list[float]:
    """Round steps from zero to the first above `most`, four or five of them."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9) / 4))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if most / (each * power) <= 4.5)
    return [number * step for number in range(math.ceil(most / step) + 1)]


@draw.register
def _heat(figure: Heat, deck: Deck) -> str:
    head = "".join(f'<th scope="col">{escaped(label) if number % 3 == 0 else f"<span>{escaped(label)}</span>"}</th>' for number, label in enumerate(figure.columns))
    rows = []
    for name, classes in zip(figure.rows, figure.classes, strict=True):
        cells = "".join(_cell(given, figure) for given in classes)
        rows.append(f'<tr><th scope="row">{escaped(name)}</th>{cells}</tr>')
    return (
        f'<div class="wide"><table class="heat" aria-label="{escaped(figure.alt)}"><tr><th>{escaped(deck.words["hour"])}</th>{head}</tr>{"".join(rows)}</table></div>'
        + _key(figure.shades, figure.thin, deck.words["index"])
    )


def _cell(given: int | None, figure: Heat) -> str:
    if given is None:
        return "<td></td>"
    words, fill = (figure.thin, "thin") if given == THIN else (figure.shades[given].words, "")
    return f'<td class="{fill}" title="{escaped(words)}"{"" if fill else f" style=background:{figure.shades[given].colour}"}><span>{escaped(words)}</span></td>'


@draw.register
def _zones(figure: Zones, deck: Deck) -> str:
    drawn = []
    for ground in figure.ground:
        for ring in ground.rings:
            drawn.append(f'<path d="{_path(ring, not ground.is_line)}" {"class=road style" if ground.is_line else "style"}="{"stroke" if ground.is_line else "fill"}:{ground.colour}"/>')
    for zone in figure.zones:
        fill = "" if zone.shade is None else f' style="fill:{figure.shades[zone.shade].colour}"'
        drawn += [f'<path class="zone" d="{_path(ring, True)}"{fill}/>' for ring in zone.rings]
    for zone in figure.zones:
        x, y = (part * _MAP for part in zone.middle)
        drawn.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="19"/><text x="{x:.0f}" y="{y + 8:.0f}" text-anchor="middle">{escaped(zone.mark)}</text>')
    names = "".join(f'<tr><td>{escaped(zone.mark)}</td><th scope="row">{escaped(zone.name)}</th><td class="figure">{escaped(zone.text)}</td></tr>' for zone in figure.zones)
    return (
        f'<div class="map"><svg viewBox="0 0 {_MAP:g} {figure.height * _MAP:.0f}" role="img" aria-label="{escaped(figure.alt)}" direction="ltr">{"".join(drawn)}</svg>'
        f'<table class="list">{names}</table></div>' + _key(figure.shades, figure.thin, deck.words["index"])
    )


def _path(ring: Sequence[tuple[float, float]], is_closed: bool) -> str:
    return "M" + "L".join(f"{x * _MAP:.0f} {y * _MAP:.0f}" for x, y in ring) + ("Z" if is_closed else "")


def _key(shades: Sequence[Shade], thin: str, what: str) -> str:
    items = "".join(f'<li><i style="background:{shade.colour}"></i>{escaped(shade.words)}</li>' for shade in shades)
    return f'<ul class="key"><li><b>{escaped(what)}</b></li>{items}<li><i class="thin"></i>{escaped(thin)}</li></ul>'


@draw.register
def _table(figure: Table, deck: Deck) -> str:
    def cell(number: int, text: str) -> str:
        kind = ' class="figure"' if number in figure.ends else ""
        return f'<th scope="row">{rich(text)}</th>' if number == 0 else f"<td{kind}>{rich(text)}</td>"

    head = "".join(f'<th scope="col"{" class=figure" if number in figure.ends else ""}>{escaped(name)}</th>' for number, name in enumerate(figure.columns))
    rows = "".join(f"<tr>{''.join(cell(number, text) for number, text in enumerate(row))}</tr>" for row in figure.rows)
    return f'<div class="wide"><table class="list" aria-label="{escaped(figure.alt)}"><tr>{head}</tr>{rows}</table></div>'


@draw.register
def _terms(figure: Terms, deck: Deck) -> str:
    return '<dl class="terms">' + "".join(f"<dt>{escaped(term)}</dt><dd>{escaped(about)}</dd>" for term, about in figure.pairs) + "</dl>"
