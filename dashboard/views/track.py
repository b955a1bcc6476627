"""The way of one truck as map layers: a line, its first and last positions. Dicts in, pydeck layers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pydeck as pdk

_WAY, _START, _END = [196, 98, 26, 230], [11, 90, 125, 255], [196, 98, 26, 255]


def track_layers(fixes: Sequence[Mapping[str, float]]) -> list[pdk.Layer]:
    """`fixes`: longitude_deg, latitude_deg in order of time."""
    path = [[fix["longitude_deg"], fix["latitude_deg"]] for fix in fixes]
    ends = [{"position": path[0], "colour": _START}, {"position": path[-1], "colour": _END}]
    return [
        pdk.Layer("PathLayer", [{"path": path}], id="way", get_path="path", get_color=_WAY, width_min_pixels=3, cap_rounded=True, joint_rounded=True),
        pdk.Layer("ScatterplotLayer", ends, id="ends", get_position="position", get_fill_color="colour", get_radius=14, radius_min_pixels=6, stroked=True, get_line_color=[255, 255, 255], line_width_min_pixels=2),
    ]
