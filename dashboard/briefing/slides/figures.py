"""The figures of a Deck as native PowerPoint shapes: charts with their numbers behind them, tables, outlines. Every one says its finding as alternative text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION
from pptx.enum.text import MSO_ANCHOR
from pptx.util import Inches, Pt

from dashboard import format as words
from dashboard.briefing.deck import THIN, Bars, Cards, Curve, Deck, Figure, Heat, Shade, Strip, Table, Terms, Zones
from dashboard.briefing.slides.text import ACCENT, INK, QUIET, Box, paragraphs, styled, write
from dashboard.views import theme

MAIN, GREY, HAIR, SEA, WHITE = theme.LIGHT[theme.MAIN], "#B4BAC3", "#DEDAD0", "#DCE8EE", "#FFFFFF"
BANDS = tuple(theme.LIGHT[colour] for colour in theme.RAMP)
THIN_FILL = "#D9DCE1"
_DARK = 140  # of 255: on a ground darker than this letters are white
_ROOM_FOR_LABEL = 0.05  # of the strip; the legend says every share
_POINT = 9  # pt, the marker of a change


def shared(room: Box, figures: Sequence[Figure]) -> list[tuple[Box, Figure]]:
    """Share the room between figures from top to bottom, by how much each has to show."""
    weights = [_weight(figure) for figure in figures]
    found, top = [], room.top
    for figure, weight in zip(figures, weights, strict=True):
        height = room.height * weight / sum(weights)
        found.append((replace(room, top=top, height=height - (0.15 if len(figures) > 1 else 0)), figure))
        top += height
    return found


def _weight(figure: Figure) -> float:
    if isinstance(figure, Bars):
        return 1 + len(figure.bars)
    if isinstance(figure, Table):
        return 1 + len(figure.rows)
    return 3.0 if isinstance(figure, Strip) else 8.0


@singledispatch
def draw(figure: Any, slide: Any, deck: Deck, box: Box) -> None:
    """Put a figure on a slide."""
    raise TypeError(f"{type(figure).__name__} has no shape on a slide")


@draw.register
def _cards(figure: Cards, slide: Any, deck: Deck, box: Box) -> None:
    across = min(3, len(figure.cards))
    down = -(-len(figure.cards) // across)
    width, height = box.width / across, box.height / down
    for number, card in enumerate(figure.cards):
        column = number % across
        left = box.left + width * (across - 1 - column if deck.direction == "rtl" else column)
        at = Box(left, box.top + height * (number // across), width - 0.3, height - 0.1)
        write(slide, deck, replace(at, height=0.28), [card.name], 13, is_bold=True)
        write(slide, deck, replace(at, top=at.top + 0.28, height=0.55), [f"**{card.text}** {card.unit}"], 28, colour=MAIN)
        write(slide, deck, replace(at, top=at.top + 0.82, height=at.height - 0.82), [card.say, *card.notes], 11, colour=QUIET)


@draw.register
def _bars(figure: Bars, slide: Any, deck: Deck, box: Box) -> None:
    if figure.is_range:
        _ranges(figure, slide, deck, box)
        return
    data = CategoryChartData()
    data.categories = [_turned(deck, bar.name) for bar in figure.bars]
    data.add_series(_turned(deck, figure.unit), [bar.value for bar in figure.bars])
    chart = _chart(slide, deck, XL_CHART_TYPE.BAR_CLUSTERED, box, data, figure.alt)
    chart.has_legend = False
    chart.category_axis.reverse_order = True  # the first on top
    chart.category_axis.format.line.color.rgb = _rgb(HAIR)
    chart.value_axis.visible, chart.value_axis.has_major_gridlines = False, False
    chart.value_axis.minimum_scale = 0
    chart.plots[0].gap_width = 45
    for number, bar in enumerate(figure.bars):
        point = chart.plots[0].series[0].points[number]
        _colour(point, GREY if bar.is_thin else MAIN)
        _label(point, _turned(deck, bar.text), XL_LABEL_POSITION.OUTSIDE_END)


def _ranges(figure: Bars, slide: Any, deck: Deck, box: Box) -> None:
    """Changes as points within their limits: one series a row, so that each stays editable; names and words stand in a table beside."""
    known = [(number, bar) for number, bar in enumerate(figure.bars) if bar.value is not None]
    rows = tuple((bar.name, bar.text) for bar in figure.bars)
    half = box.width * 0.5
    is_rtl = deck.direction == "rtl"
    table_box, chart_box = replace(box, left=box.left + (box.width - half if is_rtl else 0), width=half), replace(box, left=box.left + (0 if is_rtl else half), width=box.width - half)
    _grid(slide, deck, table_box, rows, figure.alt, ends=(1,), has_header=False)
    if not known:
        return
    data = XyChartData()
    for number, bar in known:
        series = data.add_series(_turned(deck, bar.name))
        for value in (bar.low, bar.value, bar.high):
            if value is not None:
                series.add_data_point(value, len(figure.bars) - number - 0.5)
    chart = _chart(slide, deck, XL_CHART_TYPE.XY_SCATTER_LINES, chart_box, data, figure.alt)
    chart.has_legend = False
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, len(figure.bars)
    chart.value_axis.visible, chart.value_axis.has_major_gridlines = False, False
    chart.category_axis.has_major_gridlines = False
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.has_title = True
    chart.category_axis.axis_title.text_frame.text = _turned(deck, figure.unit)
    styled(chart.category_axis.axis_title.text_frame.paragraphs[0].runs[0].font, 11, QUIET)
    for (_number, bar), series in zip(known, chart.plots[0].series, strict=True):
        colour = _rgb(GREY if bar.is_thin else MAIN)
        series.format.line.color.rgb, series.format.line.width, series.smooth = colour, Pt(2.5), False
        series.marker.style = XL_MARKER_STYLE.NONE
        middle = series.points[0 if bar.low is None else 1].marker
        middle.style, middle.size = XL_MARKER_STYLE.CIRCLE, _POINT
        middle.format.fill.solid()
        middle.format.fill.fore_color.rgb = colour


@draw.register
def _strip(figure: Strip, slide: Any, deck: Deck, box: Box) -> None:
    data = CategoryChartData()
    data.categories = [""]
    for part in figure.parts:
        data.add_series(_turned(deck, f"{part.name}: {part.text}"), [part.value])
    chart = _chart(slide, deck, XL_CHART_TYPE.BAR_STACKED_100, box, data, figure.alt)
    chart.has_legend, chart.legend.include_in_layout, chart.legend.position = True, False, XL_LEGEND_POSITION.BOTTOM
    styled(chart.legend.font, 14, INK)
    chart.value_axis.visible, chart.value_axis.has_major_gridlines, chart.category_axis.visible = False, False, False
    chart.plots[0].gap_width, chart.plots[0].overlap = 30, 100
    for number, (part, series) in enumerate(zip(figure.parts, chart.plots[0].series, strict=True)):
        ground = BANDS[min(number, len(BANDS) - 1)]
        _colour(series, ground)
        if part.value and part.value >= _ROOM_FOR_LABEL:
            _label(series.points[0], _turned(deck, part.text), XL_LABEL_POSITION.CENTER, size=16, colour=_on(ground))


@draw.register
def _curve(figure: Curve, slide: Any, deck: Deck, box: Box) -> None:
    marks = "   ".join(f"{figure.labels[mark.index]}: {mark.words}" for mark in figure.marks)
    if marks:
        write(slide, deck, replace(box, top=box.top + box.height - 0.3, height=0.3), [marks], 11, colour=QUIET)
        box = replace(box, height=box.height - 0.35)
    data = CategoryChartData()
    data.categories = [_turned(deck, label) for label in figure.labels]
    for line in figure.lines:
        data.add_series(_turned(deck, line.name), line.values)
    chart = _chart(slide, deck, XL_CHART_TYPE.LINE, box, data, figure.alt)
    chart.has_legend, chart.legend.include_in_layout, chart.legend.position = True, False, XL_LEGEND_POSITION.TOP
    styled(chart.legend.font, 12, INK)
    if all(value is None or value >= 0 for line in figure.lines for value in line.values):
        chart.value_axis.minimum_scale = 0
    else:  # a gap goes below zero; the days stay at the foot
        chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.value_axis.major_gridlines.format.line.color.rgb = _rgb(HAIR)
    chart.value_axis.format.line.fill.background()
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = _turned(deck, figure.unit)
    styled(chart.value_axis.axis_title.text_frame.paragraphs[0].runs[0].font, 11, QUIET)
    for colour, series in zip((MAIN, ACCENT, GREY), chart.plots[0].series, strict=False):
        series.format.line.color.rgb, series.format.line.width, series.smooth = _rgb(colour), Pt(2.25), False
        series.marker.style = XL_MARKER_STYLE.NONE


@draw.register
def _heat(figure: Heat, slide: Any, deck: Deck, box: Box) -> None:
    table = _table(slide, deck, replace(box, height=box.height - 0.5), len(figure.rows) + 1, len(figure.columns) + 1, figure.alt)
    first = 2.1
    table.columns[0].width = Inches(first)
    for number, label in enumerate(figure.columns, start=1):
        table.columns[number].width = Inches((box.width - first) / len(figure.columns))
        _cell(table.cell(0, number), deck, label, 9, QUIET)
    _cell(table.cell(0, 0), deck, deck.words["hour"], 10, QUIET)
    for row, name in enumerate(figure.rows, start=1):
        _cell(table.cell(row, 0), deck, name, 11, INK)
        for column, (given, value) in enumerate(zip(figure.classes[row - 1], figure.values[row - 1], strict=True), start=1):
            ground = WHITE if given is None else THIN_FILL if given == THIN else figure.shades[given].colour
            text = "" if value is None or given in (None, THIN) else words.plain(words.number(value, deck.lang, 1))
            _cell(table.cell(row, column), deck, text, 8, _on(ground), ground=ground)
    _key(slide, deck, replace(box, top=box.top + box.height - 0.35, height=0.3), figure.shades, figure.thin, deck.words["index"])


@draw.register
def _zones(figure: Zones, slide: Any, deck: Deck, box: Box) -> None:
    room = replace(box, height=box.height - 0.45)
    wide = min(room.width * 0.6, room.height / figure.height)
    left = room.left + (room.width - wide if deck.direction == "rtl" else 0)

    def outline(ring: Sequence[tuple[float, float]], *, closed: bool) -> Any:
        points = [(Inches(left + x * wide), Inches(room.top + y * wide)) for x, y in ring]
        builder = slide.shapes.build_freeform(*points[0])
        builder.add_line_segments(points[1:], close=closed)
        return builder.convert_to_shape()

    sea = slide.shapes.add_shape(1, Inches(left), Inches(room.top), Inches(wide), Inches(wide * figure.height))
    _area(sea, SEA)
    _alt(sea, figure.alt)
    for ground in figure.ground:
        for ring in filter(None, (_within(ring, figure.height, closed=not ground.is_line) for ring in ground.rings)):
            shape = outline(ring, closed=not ground.is_line)
            if ground.is_line:
                shape.fill.background()
                shape.line.color.rgb, shape.line.width = _rgb(ground.colour), Pt(1.5)
            else:
                _area(shape, ground.colour)
    for zone in figure.zones:
        for ring in zone.rings:
            _area(shape := outline(ring, closed=True), THIN_FILL if zone.shade is None else figure.shades[zone.shade].colour, line=INK)
            shape.name = zone.name
    for zone in figure.zones:
        x, y = zone.middle
        mark = slide.shapes.add_shape(9, Inches(left + x * wide - 0.13), Inches(room.top + y * wide - 0.13), Inches(0.26), Inches(0.26))
        _area(mark, WHITE, line=INK)
        mark.text_frame.margin_left = mark.text_frame.margin_right = mark.text_frame.margin_top = mark.text_frame.margin_bottom = 0
        mark.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        paragraphs(mark.text_frame, deck, [zone.mark], 10, INK)
        mark.text_frame.paragraphs[0].alignment = 2
    beside = replace(room, left=room.left if deck.direction == "rtl" else left + wide + 0.3, width=room.width - wide - 0.3)
    _grid(slide, deck, beside, tuple((zone.mark, zone.name, zone.text) for zone in figure.zones), figure.alt, ends=(2,), has_header=False, widths=(0.4, 2.4, 2.2))
    _key(slide, deck, replace(box, top=box.top + box.height - 0.35, height=0.3), figure.shades, figure.thin, deck.words["index"])


def _within(ring: Sequence[tuple[float, float]], height: float, *, closed: bool) -> list[tuple[float, float]]:
    """The part of an outline or line inside the picture (0 to 1, 0 to height), cut side by side as Sutherland and Hodgman do; empty where less than a line is left."""
    points = list(ring)
    for axis, limit, keeps in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, height, -1)):
        found: list[tuple[float, float]] = []
        for number, here in enumerate(points):
            last = points[number - 1]
            if (number or closed) and ((here[axis] - limit) * keeps < 0) != ((last[axis] - limit) * keeps < 0):
                part = (limit - last[axis]) / (here[axis] - last[axis])
                found.append((last[0] + part * (here[0] - last[0]), last[1] + part * (here[1] - last[1])))
            if (here[axis] - limit) * keeps >= 0:
                found.append(here)
        points = found
    return points if len(points) > 1 else []


@draw.register
def _written(figure: Table, slide: Any, deck: Deck, box: Box) -> None:
    _grid(slide, deck, box, (figure.columns, *figure.rows), figure.alt, ends=figure.ends, has_header=True)


@draw.register
def _terms(figure: Terms, slide: Any, deck: Deck, box: Box) -> None:
    _grid(slide, deck, box, figure.pairs, ", ".join(term for term, _about in figure.pairs), ends=(), has_header=False, widths=(2.6, 9.5))


def _grid(slide: Any, deck: Deck, box: Box, rows: Sequence[Sequence[str]], alt: str, *, ends: Sequence[int], has_header: bool, widths: Sequence[float] = ()) -> None:
    """A native table of texts, as large as its words let it be; a column is as wide as its longest text, within reason."""
    across = list(widths) or [_letters(rows, number, number in ends, has_header) for number in range(len(rows[0]))]
    table = _table(slide, deck, box, len(rows), len(across), alt)
    table.first_row = has_header
    for number, width in enumerate(across):
        table.columns[number].width = Inches(box.width * width / sum(across))
    size = next((size for size in (18, 16, 14, 13, 12, 11, 10, 9) if _height(rows, across, box.width, size) <= box.height), 8)
    for at, row in enumerate(rows):
        for number, text in enumerate(row):
            is_head = has_header and at == 0
            _cell(table.cell(at, number), deck, text, size, QUIET if is_head else INK, is_bold=is_head, is_end=number in ends)


def _letters(rows: Sequence[Sequence[str]], number: int, is_figure: bool, has_header: bool) -> float:
    """How wide a column must be: its longest figure or header word; a column of words what it holds, within reason."""
    head = max(map(len, rows[0][number].split()), default=1) if has_header else 1
    cells = max((len(row[number]) for row in rows[has_header:]), default=1)
    return max(cells if is_figure else min(cells, 46), head, 3) + 2.5


def _height(rows: Sequence[Sequence[str]], across: Sequence[float], width: float, size: float) -> float:
    """Inches a table needs at a size: a letter is about half as wide as high, a line 1.25 as high."""
    letters = [width * part / sum(across) * 72 / (size * 0.52) for part in across]
    return sum(max(len(text) // room + 1 for text, room in zip(row, letters, strict=True)) * size * 1.25 + 6 for row in rows) / 72


def _table(slide: Any, deck: Deck, box: Box, rows: int, columns: int, alt: str) -> Any:
    frame = slide.shapes.add_table(rows, columns, *replace(box, height=min(box.height, 0.3 * rows)).emu)
    _alt(frame, alt)
    table = frame.table
    table.first_row, table.horz_banding = True, False
    properties = table._tbl.tblPr
    properties.find("{http://schemas.openxmlformats.org/drawingml/2006/main}tableStyleId").text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # "No Style, No Grid"
    if deck.direction == "rtl":
        properties.set("rtl", "1")
    return table


def _cell(cell: Any, deck: Deck, text: str, size: float, colour: str, *, ground: str = "", is_bold: bool = False, is_end: bool = False) -> None:
    cell.margin_left = cell.margin_right = Inches(0.05 if size > 9 else 0.01)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    paragraphs(cell.text_frame, deck, [text], size, colour, is_bold=is_bold, is_end=is_end)
    if not text:
        cell.text_frame.paragraphs[0].font.size = Pt(size)
    if ground:
        cell.fill.solid()
        cell.fill.fore_color.rgb = _rgb(ground)


def _key(slide: Any, deck: Deck, box: Box, shades: Sequence[Shade], thin: str, what: str) -> None:
    """The classes in their colours, as a row of a table: swatch and words."""
    pairs = [*((shade.colour, shade.words) for shade in shades), (THIN_FILL, thin)]
    table = _table(slide, deck, box, 1, 1 + 2 * len(pairs), what)
    table.first_row = False
    lengths = [len(what), *(len(text) for _colour_, text in pairs)]
    room = box.width - 0.25 * len(pairs)
    table.columns[0].width = Inches(room * lengths[0] / sum(lengths))
    _cell(table.cell(0, 0), deck, what, 10, QUIET, is_bold=True)
    for number, (colour, text) in enumerate(pairs):
        table.columns[1 + 2 * number].width = Inches(0.25)
        table.columns[2 + 2 * number].width = Inches(room * lengths[number + 1] / sum(lengths))
        _cell(table.cell(0, 1 + 2 * number), deck, "", 10, INK, ground=colour)
        _cell(table.cell(0, 2 + 2 * number), deck, text, 10, QUIET)


def _chart(slide: Any, deck: Deck, kind: Any, box: Box, data: Any, alt: str) -> Any:
    frame = slide.shapes.add_chart(kind, *box.emu, data)
    _alt(frame, alt)
    frame.chart.has_title = False
    styled(frame.chart.font, 12, INK)
    return frame.chart


def _label(point: Any, text: str, where: Any, *, size: float = 12, colour: str = INK) -> None:
    label = point.data_label
    label.position = where
    label.text_frame.text = text
    styled(label.text_frame.paragraphs[0].runs[0].font, size, colour)


def _turned(deck: Deck, text: str) -> str:
    """A text of a chart from the right where the language is: charts have no direction of their own, and would read a legend's words and figures from the left."""
    return f"{words.ISOLATE_RTL}{text}{words.POP}" if deck.direction == "rtl" and text else text


def _colour(drawn: Any, colour: str) -> None:
    drawn.format.fill.solid()
    drawn.format.fill.fore_color.rgb = _rgb(colour)


def _area(shape: Any, colour: str, *, line: str = "") -> None:
    shape.shadow.inherit = False
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(colour)
    if line:
        shape.line.color.rgb, shape.line.width = _rgb(line), Pt(0.75)
    else:
        shape.line.fill.background()


def _alt(shape: Any, text: str) -> None:
    """Say a shape to those who do not see it."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", text.replace("**", ""))


def _on(ground: str) -> str:
    """The colour of letters on a ground."""
    red, green, blue = _rgb(ground)
    return WHITE if 0.299 * red + 0.587 * green + 0.114 * blue < _DARK else INK


def _rgb(colour: str) -> RGBColor:
    return RGBColor.from_string(colour.lstrip("#"))
