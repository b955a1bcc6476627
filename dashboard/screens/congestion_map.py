"""The port hour by hour, a part of the congestion page: zones on the map, means open and the incidents of a day."""

from __future__ import annotations

import datetime as dt
import html
import json
from pathlib import Path

import polars as pl
import streamlit as st

from dashboard.format import literal
from dashboard.i18n import N_
from dashboard.screens import congestion_asked as asked
from dashboard.views import map as port_map
from dashboard.widgets import panel, scripts
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words, coded
from etl.contracts import codes

_WINDOW_PX = 680  # of a narrow desktop window: the server is not told how wide it is, and a map cut at its sides is worse than one a tenth smaller
_MAP, _DRAWING, _TABLE = N_("Map"), N_("Drawing"), N_("Table")


def show(page: Frame) -> None:
    _ = page.say
    panel.section(_("The port, hour by hour"), _("Zones coloured by the congestion index of their own stays. Outlines are approximate, drawn by hand."))
    if asked.zones(page).is_empty():
        panel.quiet(_("This port has no zones yet: add reference/zones.geojson to its site folder."))
        return
    seen = asked.tracked_days(page)
    if not seen:
        panel.quiet(_("No truck position was received in this period, so zones have no colour. Choose dates with tracking."))
    _replay(page, seen)


@st.fragment
def _replay(page: Frame, seen: list[dt.date]) -> None:
    _, w = page.say, Words(page)
    first, second, third = st.columns([2, 3, 2], gap="medium", vertical_alignment="bottom")
    with first:
        options = [None, *reversed(seen)]
        day = st.selectbox(
            _("Day to replay"), options, key="congestion_day", format_func=lambda value: _("All days of the period ({n})", n=len(seen)) if value is None else w.date(value),
        )  # fmt: skip
    with second:
        hour = st.slider(_("Hour"), 0, 23, 11, key="congestion_hour", format=f"%d {_('h')}")
    with third:
        form = st.segmented_control(_("Shown as"), [_MAP, _DRAWING, _TABLE], default=_MAP, key="congestion_form", format_func=_, help=_("The map needs WebGL. Drawing and table work everywhere."))
    selection = asked.one_day(page, day)
    frame = asked.stays_of_day(page, day).rows.filter(pl.col("hour") == hour)
    means = asked.means_by_hour(page, day).filter(pl.col("hour") == hour)
    states = _zone_states(page, frame, means)
    every = _incidents(page, selection, day)
    incidents = _open_at(every, day, hour)
    st.html(port_map.legend_html(_, lambda value: w.number(value, 2).rstrip("0").rstrip(",.") or "0"))
    _without_webgl(page)
    alt = _map_alt(page, states, hour)
    table = _state_table(page, states)
    if form == _DRAWING:
        panel.show(page, port_map.shape_figure(asked.zones(page), states, language=page.lang, width_px=360 if panel.is_phone() else 900), key="congestion_drawing", finding=alt, table=table)
    elif form == _TABLE:
        panel.grid(table)
    else:
        st.pydeck_chart(
            port_map.congestion_deck(asked.zones(page), states, language=page.lang, incidents=[{key: row[key] for key in ("position", "text", "name", "about")} for row in incidents if row["position"]], basemap=basemap(str(page.store.settings.site)), width_px=360 if panel.is_phone() else _WINDOW_PX), height=460, key="congestion_map",
        )  # fmt: skip
        st.caption(alt)
        panel.data(page, table, key="zones", title=alt, selection=selection)
    _beside(page, means, incidents, every, day, hour)


def _zone_states(page: Frame, frame: pl.DataFrame, means: pl.DataFrame) -> dict[str, port_map.ZoneState]:
    """Make the zone states of one hour. `frame`: zone, congestion_index, stays, stay_p50. `means`: zone_code, kind, open_n, total_n of that hour."""
    _, w = page.say, Words(page)
    open_in: dict[str, list[str]] = {}
    for row in means.filter(pl.col("zone_code").is_not_null()).to_dicts():
        words = coded(_, codes.MEANS, row["means_kind_code"])
        open_in.setdefault(row["zone_code"], []).append(_("{means}: {open} of {total} open", means=words, open=asked.whole(w, row["open_n"]), total=row["total_n"]))
    states = {}
    found = {row["zone"]: row for row in frame.to_dicts()}
    for zone in asked.zones(page)["zone_code"]:
        row = found.get(zone)
        index, n = (row["congestion_index"], int(row["stays"] or 0)) if row else (None, 0)
        lines = [_("No stay seen") if not n else _("Index {index}, median stay {stay} min, n = {n}", index=w.number(index, 1), stay=w.number(row["stay_p50"], 1), n=w.number(n))]
        if 0 < n < port_map.MIN_N:
            lines.append(_("Fewer than 20 stays: no colour"))
        label = f"×{w.number(index, 1)}" if port_map.class_of(index, n) is not None else (f"n = {n}" if n else "")
        states[zone] = port_map.ZoneState(index, n, label, "<br/>".join(lines + open_in.get(zone, [])))
    return states


def _without_webgl(page: Frame) -> None:
    """Where the browser cannot draw a deck.gl map (it would stay blank without a word), say so and choose the drawing."""
    words = html.escape(page.say("This browser cannot draw the map (no WebGL): the drawing stands in for it and shows the same."))
    st.html(f'<p id="no-webgl" class="quiet" style="display:none">{words}</p>{scripts.tag(scripts.NO_WEBGL)}', unsafe_allow_javascript=True)


def _map_alt(page: Frame, states: dict[str, port_map.ZoneState], hour: int) -> str:
    _, w = page.say, Words(page)
    known = sorted(((state.index, zone) for zone, state in states.items() if port_map.class_of(state.index, state.n) is not None), reverse=True)
    if not known:
        return _("At {hour} h no zone has 20 stays or more, so none is coloured.", hour=hour)
    return _("At {hour} h the slowest zone is {zone}: stays last {index} times those of free flow.", hour=hour, zone=w.zone(known[0][1]), index=w.number(known[0][0], 1))


def _state_table(page: Frame, states: dict[str, port_map.ZoneState]) -> pl.DataFrame:
    _, w = page.say, Words(page)
    rows = [{"zone": w.zone(zone), "index": state.index if state.n >= port_map.MIN_N else None, "n": state.n} for zone, state in states.items()]
    return pl.DataFrame(rows, schema={"zone": pl.String, "index": pl.Float64, "n": pl.Int64}).sort("index", descending=True, nulls_last=True).select(
        pl.col("zone").alias(_("Zone")), pl.col("index").round(2).alias(_("Congestion index")), "n"
    )  # fmt: skip


def _incidents(page: Frame, selection, day: dt.date | None) -> list[dict]:
    """The logbook entries of a chosen day, with the middle of their zone where they have one. Over a whole period there are none."""
    if day is None:
        return []
    _, w, found = page.say, Words(page), []
    outlines = dict(asked.zones(page).select("zone_code", "geometry").iter_rows())
    for row in page.store.rows("incidents", selection).to_dicts():
        since, until = row["started_local_at"], row["ended_local_at"]
        outline = outlines.get(row["zone_code"])
        about = _("{since} to {until}", since=w.time(since) if since.date() == day else w.moment(since), until=_("still open") if until is None else w.time(until) if until.date() == day else w.moment(until))
        words = coded(_, codes.LOGBOOK, row["logbook_code"])
        found.append({"position": list(port_map.middle(outline)) if outline else None, "text": words, "name": words, "about": about, "place": w.place(row["place_code"]), "since": since, "until": until})
    return found


def _open_at(incidents: list[dict], day: dt.date | None, hour: int) -> list[dict]:
    """Those open at any moment of the hour."""
    if day is None:
        return []
    begin = dt.datetime.combine(day, dt.time(hour))
    return [row for row in incidents if row["since"] < begin + dt.timedelta(hours=1) and (row["until"] is None or row["until"] > begin)]


def _beside(page: Frame, means: pl.DataFrame, incidents: list[dict], every: list[dict], day: dt.date | None, hour: int) -> None:
    """Say in words what the map cannot place: means open at that hour and every incident, placed or not."""
    _, w = page.say, Words(page)
    by_kind = means.group_by("means_kind_code", maintain_order=True).agg(pl.col("open_n").sum(), pl.col("total_n").sum())
    parts = [_("{means}: {open} of {total} open", means=coded(_, codes.MEANS, row["means_kind_code"]), open=asked.whole(w, row["open_n"]), total=row["total_n"]) for row in by_kind.to_dicts()]
    if parts:
        st.caption(_("Means at {hour} h", hour=hour) + " · " + " · ".join(parts))
    if day is None:
        st.caption(_("Choose one day to see its incidents on the map."))
    for incident in incidents:
        st.warning(literal(_("{what} at {place}, {when}", what=incident["text"], place=incident["place"] or _("the whole port"), when=incident["about"])), icon=":material/report:")
    if day is not None and not incidents:
        st.caption(_("No incident in the logbook at that hour."))
    if every:
        st.caption(_("Logbook of the day") + " · " + " · ".join(literal(_("{what} at {place}, {when}", what=row["text"], place=row["place"] or _("the whole port"), when=row["about"])) for row in every))


@st.cache_resource
def basemap(site: str) -> dict | None:
    """Return the sea, land and quays a site brings as reference/basemap.geojson, or None. Drawn by hand, approximate."""
    path = Path(site) / "reference" / "basemap.geojson"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
