"""Maps and figures of congestion, pilot and data quality, drawn from few hand-made rows; no Streamlit."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise

import polars as pl
import pydeck as pdk
import pytest

from dashboard.views import heatmap, hours, ranking
from dashboard.views import map as port_map
from dashboard.views import pilot as curves
from etl.contracts.reference import load_site
from etl.settings import SAMPLE_SITE


@pytest.fixture(scope="module")
def zones() -> pl.DataFrame:
    return load_site(SAMPLE_SITE).tables["dim_zones"]


def test_classes_begin_at_their_lower_edge_and_thin_cells_have_none() -> None:
    assert [port_map.class_of(index, 20) for index in (0.2, 1.25, 1.4999, 1.5, 2.0, 3.0, 9.0)] == [0, 1, 1, 2, 3, 4, 4]
    assert port_map.class_of(2.0, 19) is None and port_map.class_of(None, 500) is None
    assert port_map.colour_of(2.0, 19) == port_map.NO_DATA


def test_classes_darken_step_by_step_so_that_they_survive_without_hue() -> None:
    def light(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    steps = [light(colour) for _, colour in port_map.CLASSES]
    assert all(lighter - darker > 20 for lighter, darker in pairwise(steps))


def test_middle_of_a_square_and_of_the_larger_of_two() -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
    assert port_map.middle(square) == pytest.approx((1, 1))
    two = {"type": "MultiPolygon", "coordinates": [[[[10, 10], [10.1, 10], [10.1, 10.1], [10, 10.1], [10, 10]]], square["coordinates"]]}
    assert port_map.middle(two) == pytest.approx((1, 1))


def test_base_style_is_a_data_uri_that_names_no_host(zones: pl.DataFrame) -> None:
    style = port_map.base_style(zones)
    kind, _, body = style.partition(",")
    assert kind == "data:application/json;base64"
    text = base64.b64decode(body).decode()
    assert "http" not in text and not {"glyphs", "sprite"} & set(json.loads(text))
    assert json.loads(text)["version"] == 8


def test_deck_is_offline_has_ids_and_real_rows(zones: pl.DataFrame) -> None:
    states = {code: port_map.ZoneState(2.5, 40, "×2.5", "why") for code in zones["zone_code"]}
    deck = port_map.congestion_deck(zones, states, language="fr", incidents=[{"position": [-7.6, 33.6], "text": "Panne", "name": "Panne", "about": ""}])
    spec = json.loads(deck.to_json())
    assert (spec["mapStyle"].startswith("data:") and "http" not in deck.to_json().replace("https://", "")) or "carto" not in spec["mapStyle"]
    assert all(layer["id"] for layer in spec["layers"])
    drawn = next(layer for layer in spec["layers"] if layer["id"] == "zones")
    assert len(drawn["data"]["features"]) == zones.height
    assert not re.search(r"https?://(?!deck\.gl)", json.dumps(spec["layers"]))


def test_a_layer_without_id_is_refused(zones: pl.DataFrame) -> None:
    layer = pdk.Layer("ScatterplotLayer", data=[])
    layer.id = None
    with pytest.raises(ValueError, match="id"):
        port_map.base_deck(zones, layers=[layer])


def test_labels_never_cover_each_other() -> None:
    view = pdk.ViewState(longitude=0, latitude=0, zoom=15)
    rows = [{"position": [0.0, 0.0], "text": f"Zone {number}"} for number in range(5)]
    kept = port_map.placed(rows, view)
    assert len({tuple(row["offset"]) for row in kept}) == len(kept) >= 3
    assert kept[0]["offset"] == [0, 0]


def test_drawing_without_webgl_shows_every_zone(zones: pl.DataFrame) -> None:
    figure = port_map.shape_figure(zones, {}, language="en")
    assert len(figure.data) >= zones.height and all(trace.fill == "toself" for trace in figure.data)


def test_heatmap_greys_thin_cells_and_leaves_unknown_ones_empty() -> None:
    cells = pl.DataFrame({"row": ["A", "A"], "column": [0, 1], "index": [2.5, 2.5], "n": [20, 19]})
    grey, known = heatmap.congestion_heatmap(cells, ["A"], [0, 1, 2], [], about=lambda cell: str(cell["n"])).data
    assert list(known.z[0]) == [3, None, None] and list(grey.z[0]) == [None, 1, None]


def test_a_capacity_far_above_is_said_not_drawn() -> None:
    frame = pl.DataFrame({"hour": [0, 1], "typical": [1.0, 2.0], "busy": [2.0, 3.0]})
    words = hours.Words("a", "b", "trucks", "Room for 300")
    assert not hours.day_curve(frame, words, limit=300).layout.shapes
    assert hours.day_curve(frame, words, limit=5).layout.shapes


def test_bars_are_longest_on_top_and_carry_their_figure() -> None:
    rows = pl.DataFrame({"name": ["X", "Y"], "value": [3.0, 1.0], "label": ["3 h", "1 h"], "is_quiet": [False, True]})
    figure = ranking.ranked_bars(rows)
    assert list(figure.data[0].y) == ["Y", "X"] and list(figure.data[0].x) == [1.0, 3.0]
    # Name and figures begin at the left edge, above the bar: beside it a phone would cut them.
    assert [(note.y, note.text, note.x, note.xanchor) for note in figure.layout.annotations] == [("Y", "Y · 1 h", 0, "left"), ("X", "X · 3 h", 0, "left")]


def test_quantile_curves_have_one_panel_an_arm() -> None:
    frame = pl.DataFrame({"arm_code": ["pilot", "pilot"], "period_code": ["before", "after"], "quantile": [0.5, 0.5], "value": [60.0, 50.0]})
    figure = curves.quantile_curves(frame, [("pilot", "Pilot")], before="b", after="a", x_words="x", y_words="y", hover="{share} {value}")
    assert [trace.y[0] for trace in figure.data] == [60.0, 50.0]
