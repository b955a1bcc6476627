"""Queues and congestion: where trucks lose time, on the map and by hour of the week, how full the port is, and which means were open.

Drilling is by selectors, not by a click in the heatmap: a Plotly heatmap cell gives no selection event, and selectors also work by keyboard and
on a phone. Medians, percentiles and counts only; no row of a truck reaches this page.
"""

from __future__ import annotations

import datetime as dt
import html
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import streamlit as st

from dashboard.i18n import N_
from dashboard.metrics import Result
from dashboard.metrics.dimensions import WEEKDAYS
from dashboard.selection import Selection
from dashboard.views import heatmap, hours, ranking
from dashboard.views import map as port_map
from dashboard.views.palette import BLUES
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts import codes

_MAP, _DRAWING, _TABLE = N_("Map"), N_("Drawing"), N_("Table")
_HOURS = tuple((hour, f"{hour:02d}") for hour in range(0, 24, 3))


def show(page: Frame) -> None:
    _ = page.say
    fine = "hour" if st.session_state.get("congestion_fine", "day" if panel.is_phone() else "week") == "day" else "hour_of_week"
    page.ahead(_lost, _stays, partial(_stays, by=fine), _inside_by_hour, partial(_stays, by="hour"), _means_by_hour, _queue_by_hour)
    lost, zones = _lost(page), _stays(page)
    panel.head(page, _("Queues and congestion"), _answer(page, lost, zones))
    _lost_hours(page, lost)
    _map(page)
    _hour_of_week(page)
    left, right = st.columns(2, gap="medium")
    with left:
        _inside(page)
    with right:
        _queue(page)
    _means(page)


def _lost(page: Frame) -> Result:
    return page.ask(("lost_hours",), by=("place",))


def _stays(page: Frame, by: str = "", selection: Selection | None = None) -> Result:
    """Congestion of the zones, by an hour of the day or week or over all of them."""
    return page.ask(("congestion_index", "stays", "stay_p50"), by=("zone", by) if by else ("zone",), selection=selection)


def _inside_by_hour(page: Frame) -> pl.DataFrame:
    return page.store.rows("inside", page.selection)


def _queue_by_hour(page: Frame) -> pl.DataFrame:
    return page.store.rows("queue_by_hour", page.selection)


def _means_by_hour(page: Frame, selection: Selection | None = None) -> pl.DataFrame:
    return page.store.rows("means_by_hour", selection or page.selection)


def _zones(page: Frame) -> pl.DataFrame:
    return page.store.table("dim_zones")


def _answer(page: Frame, lost, zones) -> str:
    """The page in one sentence: hours lost, where most, and the slowest zone."""
    _, w = page.say, Words(page)
    rows = lost.rows.filter(pl.col("lost_hours").is_not_null()).sort("lost_hours", descending=True)
    if rows.is_empty():
        return _("No data for this selection.")
    total = rows["lost_hours"].sum()
    worst = w.place(rows["place"][0])
    text = _(
        "{hours} truck-hours were lost at service points, {share} of them at {place}.",
        hours=w.number(total), share=w.percent(rows["lost_hours"][0] / total if total else None), place=worst,
    )  # fmt: skip
    # A road's short hops and its stays that bridge a weighing are two kinds of stay: their 15th percentile is no free flow to judge by.
    roads = _zones(page).filter(pl.col("zone_kind_code") == "road")["zone_code"]
    known = zones.rows.filter(
        (pl.col("stays") >= port_map.MIN_N) & pl.col("congestion_index").is_not_null() & ~pl.col("zone").is_in(roads.implode())
    ).sort("congestion_index", descending=True)
    if not known.is_empty():
        text += " " + _("Stays are longest against free flow in {zone}: {index} times.", zone=w.zone(known["zone"][0]), index=w.number(known["congestion_index"][0], 1))
    return text


def _lost_hours(page: Frame, lost) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Lost truck-hours by service point"), _("Waiting above free flow, added up over all trucks; a terminal logs no wait of its own, so its whole turn above free flow counts. Free flow is the 15th percentile of the point over 12 weeks."))
    rows = lost.rows.filter(pl.col("lost_hours").is_not_null()).sort("lost_hours", descending=True)
    if rows.is_empty():
        panel.quiet(_("No data for this selection."))
        return
    total = rows["lost_hours"].sum() or 1.0
    shown = pl.DataFrame(
        [
            {
                "name": w.place(row["place"]), "value": row["lost_hours"], "is_quiet": row["lost_hours__n"] < port_map.MIN_N,
                "label": _("{hours} h · {share} · n = {n}", hours=w.number(row["lost_hours"], 1), share=w.percent(row["lost_hours"] / total), n=w.number(row["lost_hours__n"])),
            }
            for row in rows.to_dicts()
        ]
    )  # fmt: skip
    drawn = shown.filter(pl.col("value") >= 0.05) if shown["value"][0] >= 0.05 else shown
    alt = _("{place} loses most: {hours} truck-hours, {share} of the {total} lost.", place=shown["name"][0], hours=w.number(shown["value"][0], 1),
            share=w.percent(shown["value"][0] / total), total=w.number(total))  # fmt: skip
    table = rows.select(
        pl.Series(_("Service point"), shown["name"]), pl.col("lost_hours").round(1).alias(_("Lost truck-hours")), (pl.col("lost_hours") / total * 100).round(1).alias(_("Share, %")),
        pl.col("lost_hours__n").alias("n"),
    )  # fmt: skip
    panel.show(page, ranking.ranked_bars(drawn, label_room=1.9 if panel.is_phone() else 0.75), key="lost_hours", finding=alt, table=table, result=lost)


# ---------------------------------------------------------------------------------------------------------------------------- the map
def _zone_states(page: Frame, frame: pl.DataFrame, means: pl.DataFrame) -> dict[str, port_map.ZoneState]:
    """Make the zone states of one hour. `frame`: zone, congestion_index, stays, stay_p50. `means`: zone_code, kind, open_n, total_n of that hour."""
    _, w = page.say, Words(page)
    open_in: dict[str, list[str]] = {}
    for row in means.filter(pl.col("zone_code").is_not_null()).to_dicts():
        words = coded(_, codes.MEANS, row["means_kind_code"])
        open_in.setdefault(row["zone_code"], []).append(_("{means}: {open} of {total} open", means=words, open=_whole(w, row["open_n"]), total=row["total_n"]))
    states = {}
    found = {row["zone"]: row for row in frame.to_dicts()}
    for zone in _zones(page)["zone_code"]:
        row = found.get(zone)
        index, n = (row["congestion_index"], int(row["stays"] or 0)) if row else (None, 0)
        lines = [_("No stay seen") if not n else _("Index {index}, median stay {stay} min, n = {n}", index=w.number(index, 1), stay=w.number(row["stay_p50"], 1), n=w.number(n))]
        if 0 < n < port_map.MIN_N:
            lines.append(_("Fewer than 20 stays: no colour"))
        label = f"×{w.number(index, 1)}" if port_map.class_of(index, n) is not None else (f"n = {n}" if n else "")
        states[zone] = port_map.ZoneState(index, n, label, "<br/>".join(lines + open_in.get(zone, [])))
    return states


def _map(page: Frame) -> None:
    _ = page.say
    panel.section(_("The port, hour by hour"), _("Zones coloured by the congestion index of their own stays. Outlines are approximate, drawn by hand."))
    if _zones(page).is_empty():
        panel.quiet(_("This port has no zones yet: add reference/zones.geojson to its site folder."))
        return
    seen = _tracked_days(page)
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
        hour = st.slider(_("Hour"), 0, 23, 11, key="congestion_hour", format="%d h")
    with third:
        form = st.segmented_control(_("Shown as"), [_MAP, _DRAWING, _TABLE], default=_MAP, key="congestion_form", format_func=_, help=_("The map needs WebGL. Drawing and table work everywhere."))
    selection = page.selection if day is None else replace(page.selection, first_day=day, end_day=day + dt.timedelta(days=1), period="custom", comparison="none")
    frame = _stays(page, "hour", selection).rows.filter(pl.col("hour") == hour)
    means = _means_by_hour(page, selection).filter(pl.col("hour") == hour)
    states = _zone_states(page, frame, means)
    every = _incidents(page, selection, day)
    incidents = _open_at(every, day, hour)
    st.html(port_map.legend_html(_, lambda value: w.number(value, 2).rstrip("0").rstrip(",.") or "0"))
    _without_webgl(page)
    alt = _map_alt(page, states, hour)
    table = _state_table(page, states)
    if form == _DRAWING:
        panel.show(page, port_map.shape_figure(_zones(page), states, language=page.lang, width_px=360 if panel.is_phone() else 900), key="congestion_drawing", finding=alt, table=table)
    elif form == _TABLE:
        st.dataframe(table, hide_index=True, width="stretch")
    else:
        st.pydeck_chart(
            port_map.congestion_deck(_zones(page), states, language=page.lang, incidents=[{key: row[key] for key in ("position", "text", "name", "about")} for row in incidents if row["position"]], basemap=basemap(str(page.store.settings.site)), width_px=360 if panel.is_phone() else 900), height=460, key="congestion_map",
        )  # fmt: skip
        st.caption(alt)
        panel.data(page, table, key="zones", title=alt, selection=selection)
    _beside(page, means, incidents, every, day, hour)


def _without_webgl(page: Frame) -> None:
    """Where the browser cannot draw a deck.gl map (it would stay blank without a word), say so and choose the drawing."""
    words = html.escape(page.say("This browser cannot draw the map (no WebGL): the drawing stands in for it and shows the same."))
    st.html(
        f'<p id="no-webgl" class="quiet" style="display:none">{words}</p><script>(() => {{ const probe = document.createElement("canvas");'
        'if (probe.getContext("webgl2") || probe.getContext("webgl")) return; document.getElementById("no-webgl").style.display = "block";'
        # On a busy machine the choice is drawn, or answers, later than this runs: asked again until the map is no longer chosen.
        'const choose = (left) => { const row = document.querySelectorAll(".st-key-congestion_form [role=radio]");'
        'if (row.length > 1 && row[0].getAttribute("aria-checked") !== "true") return; if (row.length > 1) row[1].click();'
        "if (left) setTimeout(choose, 700, left - 1); }; choose(20); })();</script>",
        unsafe_allow_javascript=True,
    )  # fmt: skip


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
    outlines = dict(_zones(page).select("zone_code", "geometry").iter_rows())
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
    parts = [_("{means}: {open} of {total} open", means=coded(_, codes.MEANS, row["means_kind_code"]), open=_whole(w, row["open_n"]), total=row["total_n"]) for row in by_kind.to_dicts()]
    if parts:
        st.caption(_("Means at {hour} h", hour=hour) + " · " + " · ".join(parts))
    if day is None:
        st.caption(_("Choose one day to see its incidents on the map."))
    for incident in incidents:
        st.warning(_("{what} at {place}, {when}", what=incident["text"], place=incident["place"] or _("the whole port"), when=incident["about"]), icon=":material/report:")
    if day is not None and not incidents:
        st.caption(_("No incident in the logbook at that hour."))
    if every:
        st.caption(_("Logbook of the day") + " · " + " · ".join(_("{what} at {place}, {when}", what=row["text"], place=row["place"] or _("the whole port"), when=row["about"]) for row in every))


@st.cache_resource
def basemap(site: str) -> dict | None:
    """Return the sea, land and quays a site brings as reference/basemap.geojson, or None. Drawn by hand, approximate."""
    path = Path(site) / "reference" / "basemap.geojson"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


# ------------------------------------------------------------------------------------------------------------------- heatmap and hours
def _hour_of_week(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Zone by hour of the week"), _("Median stay against free flow. Grey cells rest on fewer than 20 stays."))
    by_zone = _stays(page)
    zones = [row["zone"] for row in by_zone.rows.sort("stays", descending=True).to_dicts() if row["stays"]]
    if not zones:
        panel.quiet(_("No truck position was received in this period."))
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        every = _("All zones, by hour of the week")
        zone = st.selectbox(_("Look closer at one zone"), [None, *zones], key="congestion_zone", format_func=lambda code: every if code is None else w.zone(code))
    with right:
        fine = st.segmented_control(_("Hours"), ["week", "day"], default="day" if panel.is_phone() else "week", key="congestion_fine", disabled=zone is not None, format_func=lambda value: _("Hour of the week") if value == "week" else _("Hour of the day"))
    st.html(port_map.legend_html(_, lambda value: w.number(value, 2).rstrip("0").rstrip(",.") or "0"))
    if zone is not None:
        result = _stays(page, "hour_of_week")
        cells = result.rows.filter(pl.col("zone") == zone).with_columns(
            (pl.col("hour_of_week") // 24 + 1).cast(pl.String).alias("weekday"), (pl.col("hour_of_week") % 24).alias("column")
        ).with_columns(pl.col("weekday").replace_strict({code: _(name) for code, name in WEEKDAYS.items()}).alias("row"))  # fmt: skip
        rows, columns, ticks, bands = [_(name) for name in WEEKDAYS.values()], range(24), _HOURS, ()
    elif fine == "day":
        result = _stays(page, "hour")
        cells = result.rows.with_columns(pl.col("hour").alias("column"), pl.col("zone").map_elements(w.zone, return_dtype=pl.String).alias("row"))
        rows, columns, ticks, bands = [w.zone(code) for code in zones], range(24), _HOURS, ()
    else:
        result = _stays(page, "hour_of_week")
        cells = result.rows.with_columns(pl.col("hour_of_week").alias("column"), pl.col("zone").map_elements(w.zone, return_dtype=pl.String).alias("row"))
        rows, columns = [w.zone(code) for code in zones], range(168)
        ticks, bands = tuple((24 * day + 12, w.weekday(day + 1)) for day in range(7)), tuple(24 * day for day in range(1, 7))
    cells = cells.select("row", pl.col("column").cast(pl.Int64), pl.col("congestion_index").alias("index"), pl.col("stays").cast(pl.Int64).alias("n"), "stay_p50")

    def about(cell: dict) -> str:
        hour = cell["column"] % 24
        when = f"{w.weekday(cell['column'] // 24 + 1)} {hour:02d} h" if len(columns) > 24 else f"{hour:02d} h"
        return f"<b>{cell['row']}</b> · {when}<br>" + _("Index {index}, median stay {stay} min, n = {n}", index=w.number(cell["index"], 1), stay=w.number(cell["stay_p50"], 1), n=w.number(cell["n"]))

    known = cells.filter((pl.col("n") >= port_map.MIN_N) & pl.col("index").is_not_null()).sort("index", descending=True)
    thin = cells.filter(pl.col("n").is_between(1, port_map.MIN_N - 1)).height
    if known.is_empty():
        alt = _("No cell has 20 stays or more; all {thin} cells with data are grey.", thin=w.number(thin))
    else:
        top = known.row(0, named=True)
        when = f"{w.weekday(top['column'] // 24 + 1)} {top['column'] % 24} h" if len(columns) > 24 else f"{top['column'] % 24} h"
        alt = _("Slowest cell: {row} at {when}, {index} times free flow (n = {n}). {thin} cells are grey for want of stays.", row=top["row"], when=when, index=w.number(top["index"], 1), n=w.number(top["n"]), thin=w.number(thin))
    table = cells.sort("index", descending=True, nulls_last=True).select(
        pl.col("row").alias(_("Weekday") if zone is not None else _("Zone")), pl.col("column").alias(_("Hour of the week") if len(columns) > 24 else _("Hour")),
        pl.when(pl.col("n") >= port_map.MIN_N).then(pl.col("index").round(2)).alias(_("Congestion index")), pl.col("stay_p50").round(1).alias(_("Median stay, min")), "n",
    )  # fmt: skip
    figure = heatmap.congestion_heatmap(cells, rows, list(columns), ticks, about=about, bands=bands)
    panel.show(page, figure, key="congestion_heatmap", finding=alt, table=table, result=result)


def _tracked_days(page: Frame) -> list[dt.date]:
    """The days of the period on which tracking saw any stay."""
    days = page.store.ask(replace(page.selection, comparison="none"), ("stays",), grain="day")
    return [] if days.is_empty else sorted(day for day, n in days.rows.select("period", "stays").iter_rows() if n)


def _by_hour(series: pl.DataFrame, column: str, days: list[dt.date] | None = None) -> pl.DataFrame:
    """Turn a series of local hours into one row an hour of the day: typical (median over days), busy (p90), most, days. `days` limits it to these."""
    if days is not None:
        series = series.filter(pl.col("hour_local_at").dt.date().is_in(days))
    return (
        series.group_by(pl.col("hour_local_at").dt.hour().cast(pl.Int64).alias("hour"))
        .agg(
            pl.col(column).median().cast(pl.Float64).alias("typical"), pl.col(column).quantile(0.9, "linear").cast(pl.Float64).alias("busy"),
            pl.col(column).max().alias("most"), pl.len().cast(pl.Int64).alias("days"),
        )
        .sort("hour")
    )  # fmt: skip


def _curve(page: Frame, key: str, frame: pl.DataFrame, words: hours.Words, alt: str, detail: str, limit: float | None = None, decimals: int = 0) -> None:
    _, w = page.say, Words(page)
    ticks = tuple((hour, f"{hour} h") for hour in range(0, 24, 4))
    hover = [
        _("{hour} h: {typical} on a typical day, {busy} on a busy one, over {days} days", hour=row["hour"], typical=w.number(row["typical"], decimals), busy=w.number(row["busy"], decimals), days=row["days"])
        for row in frame.to_dicts()
    ]
    table = frame.select(
        pl.col("hour").alias(_("Hour")), pl.col("typical").round(1).alias(_("Typical day")), pl.col("busy").round(1).alias(_("Busy day")), pl.col("most").alias(_("Most")), pl.col("days").alias(_("Days")),
    )  # fmt: skip
    panel.show(page, hours.day_curve(frame, words, limit=limit, ticks=ticks, hover=hover), key=key, finding=alt, table=table, detail=detail, n_words=_("{n} days", n=frame["days"].max()))


def _inside(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Trucks inside the port"), _("Whole port, at the start of each hour. Trucks inside for more than 24 h or never seen leaving are left out; the filters do not apply."))
    frame = _by_hour(_inside_by_hour(page), "inside_n")
    if frame.is_empty() or not frame["most"].max():
        panel.quiet(_("No data for this selection."))
        return
    inner = _zones(page).filter(~pl.col("zone_kind_code").is_in(["queue", "road", "berth"]))
    capacity = inner["capacity_trucks"].sum()
    top = frame.sort("typical", descending=True).row(0, named=True)
    alt = _("On a typical day the port is fullest at {hour} h with {typical} trucks inside, {busy} on a busy day.", hour=top["hour"], typical=w.number(top["typical"]), busy=w.number(top["busy"]))
    if capacity:
        alt += " " + _("The zones hold about {capacity}.", capacity=w.number(capacity))
    words = hours.Words(_("Typical day (median)"), _("Busy day (90th percentile)"), _("trucks"), _("Room for about {n}", n=w.number(capacity)) if capacity else "")
    _curve(page, "inside", frame, words, alt, "inside", limit=capacity or None)


def _queue(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Trucks in the queue"), _("At the start of each hour, tracked trucks only: the real queue is longer. The filters do not apply."))
    frame = _by_hour(_queue_by_hour(page), "queuing_n", _tracked_days(page))
    observed = page.ask(("queue_observed_share",)).cell("queue_observed_share")
    if frame.is_empty() or not observed.value:
        panel.quiet(_("No queue was observed in this period."))
        return
    top = frame.sort("busy", descending=True).row(0, named=True)
    alt = _("The observed queue is longest at {hour} h: {typical} trucks on a typical day, {busy} on a busy one. Observed for {share} of visits (n = {n}).", hour=top["hour"],
            typical=w.number(top["typical"], 1), busy=w.number(top["busy"], 1), share=w.percent(observed.value), n=w.number(observed.n))  # fmt: skip
    _curve(page, "queue", frame, hours.Words(_("Typical day (median)"), _("Busy day (90th percentile)"), _("trucks")), alt, "queue_by_hour", decimals=1)


def _whole(w: Words, value: float) -> str:
    """A mean number of means: without decimals where it is whole."""
    return w.number(value, 0 if abs(value - round(value)) < 0.05 else 1)


def _means(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Means open, by hour"), _("How many lanes, weighbridges, scanners and desks were open on average, of those known."))
    raw = _means_by_hour(page)
    if raw.is_empty():
        panel.quiet(_("No data for this selection."))
        return
    frame = raw.group_by("means_kind_code", "hour", maintain_order=True).agg(pl.col("open_n").sum(), pl.col("total_n").sum(), pl.col("days").max())
    order = [code for code in codes.MEANS.codes if code in set(frame["means_kind_code"])]
    total = dict(frame.group_by("means_kind_code").agg(pl.col("total_n").max()).iter_rows())
    label = {code: f"{_(codes.MEANS.codes[code])} ({total[code]})" for code in order}
    cells = frame.with_columns(pl.col("means_kind_code").replace_strict(label).alias("row"), pl.col("hour").alias("column"), (pl.col("open_n") / pl.col("total_n")).alias("value"))
    figure = heatmap.count_heatmap(
        cells, [label[code] for code in order], list(range(24)), _HOURS, colours=BLUES, limits=(0.01, 0.34, 0.67, 0.95), show=lambda cell: _whole(w, cell["open_n"]),
        about=lambda cell: f"<b>{cell['row']}</b> · {cell['column']:02d} h<br>" + _("{open} of {total} open", open=_whole(w, cell["open_n"]), total=cell["total_n"]),
    )  # fmt: skip
    low = cells.filter(pl.col("column").is_between(8, 17)).sort("value")
    alt = _("Between 8 and 17 h the means least open are {what} at {hour} h: {open} of {total}.", what=low["row"][0], hour=low["column"][0], open=_whole(w, low["open_n"][0]), total=low["total_n"][0]) if low.height else ""
    if low.height and low["value"][0] > 0.995:
        alt = _("Between 8 and 17 h all {n} kinds of means were fully open.", n=len(order))
    table = cells.select(pl.col("row").alias(_("Means")), pl.col("column").alias(_("Hour")), pl.col("open_n").round(2).alias(_("Open on average")), pl.col("total_n").alias(_("Known")), pl.col("days").alias(_("Days")))
    panel.show(page, figure, key="means", finding=alt, table=table, detail="means_by_hour", n_words=_("{n} days", n=frame["days"].max()))


if __name__ == "__main__":
    show(current())
