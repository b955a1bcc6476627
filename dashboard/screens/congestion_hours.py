"""Hours of the day and of the week, parts of the congestion page: zone by hour, trucks inside, trucks in the queue, means open."""

from __future__ import annotations

import datetime as dt

import polars as pl
import streamlit as st

from dashboard.metrics.dimensions import WEEKDAYS
from dashboard.screens import congestion_asked as asked
from dashboard.views import heatmap, hours
from dashboard.views import map as port_map
from dashboard.views.palette import BLUES
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words
from etl.contracts import codes

_HOURS = tuple((hour, f"{hour:02d}") for hour in range(0, 24, 3))


def by_zone(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Zone by hour of the week"), _("Median stay against free flow. Grey cells rest on fewer than 20 stays."))
    by_zone = asked.stays(page)
    zones = [row["zone"] for row in by_zone.rows.sort("stays", descending=True).to_dicts() if row["stays"]]
    if not zones:
        panel.quiet(_("No truck position was received in this period."))
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        every = _("All zones, by hour of the week")
        zone = st.selectbox(_("Look closer at one zone"), [None, *zones], key="congestion_zone", format_func=lambda code: every if code is None else w.zone(code))
    with right:
        fine = st.segmented_control(_("Hours"), ["week", "day"], default=asked.first_fine(), key="congestion_fine", disabled=zone is not None, format_func=lambda value: _("Hour of the week") if value == "week" else _("Hour of the day"))
    st.html(port_map.legend_html(_, lambda value: w.number(value, 2).rstrip("0").rstrip(",.") or "0"))
    if zone is not None:
        result = asked.stays(page, "hour_of_week")
        cells = result.rows.filter(pl.col("zone") == zone).with_columns(
            (pl.col("hour_of_week") // 24 + 1).cast(pl.String).alias("weekday"), (pl.col("hour_of_week") % 24).alias("column")
        ).with_columns(pl.col("weekday").replace_strict({code: _(name) for code, name in WEEKDAYS.items()}).alias("row"))  # fmt: skip
        rows, columns, ticks, bands = [_(name) for name in WEEKDAYS.values()], range(24), _HOURS, ()
    elif fine == "day":
        result = asked.stays(page, "hour")
        cells = result.rows.with_columns(pl.col("hour").alias("column"), pl.col("zone").replace({code: w.zone(code) for code in zones}).alias("row"))
        rows, columns, ticks, bands = [w.zone(code) for code in zones], range(24), _HOURS, ()
    else:
        result = asked.stays(page, "hour_of_week")
        cells = result.rows.with_columns(pl.col("hour_of_week").alias("column"), pl.col("zone").replace({code: w.zone(code) for code in zones}).alias("row"))
        rows, columns = [w.zone(code) for code in zones], range(168)
        ticks, bands = tuple((24 * day + 12, w.weekday(day + 1)) for day in range(7)), tuple(24 * day for day in range(1, 7))
    cells = cells.select("row", pl.col("column").cast(pl.Int64), pl.col("congestion_index").alias("index"), pl.col("stays").cast(pl.Int64).alias("n"), "stay_p50")

    weekdays = [f"{w.weekday(number)} " for number in range(1, 8)] if len(columns) > 24 else [""]

    def about(cell: dict) -> str:
        day, hour = divmod(cell["column"], 24)
        text = _("Index {index}, median stay {stay} min, n = {n}", index=w.number(cell["index"], 1), stay=w.number(cell["stay_p50"], 1), n=w.number(cell["n"]))
        return f"<b>{cell['row']}</b> · {weekdays[day]}{_('{h} h', h=f'{hour:02d}')}<br>{text}"

    known = cells.filter((pl.col("n") >= port_map.MIN_N) & pl.col("index").is_not_null()).sort("index", descending=True)
    thin = cells.filter(pl.col("n").is_between(1, port_map.MIN_N - 1)).height
    if known.is_empty():
        alt = _("No cell has 20 stays or more; all {thin} cells with data are grey.", thin=w.number(thin))
    else:
        top = known.row(0, named=True)
        when = f"{weekdays[top['column'] // 24]}{_('{h} h', h=top['column'] % 24)}"
        alt = _("Slowest cell: {row} at {when}, {index} times free flow (n = {n}). {thin} cells are grey for want of stays.", row=top["row"], when=when, index=w.number(top["index"], 1), n=w.number(top["n"]), thin=w.number(thin))
    table = cells.sort("index", descending=True, nulls_last=True).select(
        pl.col("row").alias(_("Weekday") if zone is not None else _("Zone")), pl.col("column").alias(_("Hour of the week") if len(columns) > 24 else _("Hour")),
        pl.when(pl.col("n") >= port_map.MIN_N).then(pl.col("index").round(2)).alias(_("Congestion index")), pl.col("stay_p50").round(1).alias(_("Median stay, min")), "n",
    )  # fmt: skip
    figure = heatmap.congestion_heatmap(cells, rows, list(columns), ticks, about=about, bands=bands)
    panel.show(page, figure, key="congestion_heatmap", finding=alt, table=table, result=result)


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
    ticks = tuple((hour, _("{h} h", h=hour)) for hour in range(0, 24, 4))
    hover = [
        _("{hour} h: {typical} on a typical day, {busy} on a busy one, over {days} days", hour=row["hour"], typical=w.number(row["typical"], decimals), busy=w.number(row["busy"], decimals), days=row["days"])
        for row in frame.to_dicts()
    ]
    table = frame.select(
        pl.col("hour").alias(_("Hour")), pl.col("typical").round(1).alias(_("Typical day")), pl.col("busy").round(1).alias(_("Busy day")), pl.col("most").alias(_("Most")), pl.col("days").alias(_("Days")),
    )  # fmt: skip
    panel.show(page, hours.day_curve(frame, words, limit=limit, ticks=ticks, hover=hover), key=key, finding=alt, table=table, detail=detail, n_words=_("{n} days", n=frame["days"].max()))


def fullest(page: Frame) -> str:
    """When the port is fullest on a typical day; empty without data."""
    frame = _by_hour(asked.inside_by_hour(page), "inside_n")
    if frame.is_empty() or not frame["most"].max():
        return ""
    w, top = Words(page), frame.sort("typical", descending=True).row(0, named=True)
    return page.say("On a typical day the port is fullest at {hour} h with {typical} trucks inside, {busy} on a busy day.", hour=top["hour"], typical=w.number(top["typical"]), busy=w.number(top["busy"]))


def inside(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Trucks inside the port"), _("Your trucks only, at the start of each hour; the filters do not apply.") if page.store.viewer().terminals is not None else _("Whole port, at the start of each hour. Trucks inside for more than 24 h or never seen leaving are left out; the filters do not apply."))
    frame = _by_hour(asked.inside_by_hour(page), "inside_n")
    if frame.is_empty() or not frame["most"].max():
        panel.quiet(_("No data for this selection."))
        return
    inner = asked.zones(page).filter(~pl.col("zone_kind_code").is_in(["queue", "road", "berth"]))
    capacity = inner["capacity_trucks"].sum()
    alt = fullest(page)
    if capacity:
        alt += " " + _("The zones hold about {capacity}.", capacity=w.number(capacity))
    words = hours.Words(_("Typical day (median)"), _("Busy day (90th percentile)"), _("trucks"), _("Room for about {n}", n=w.number(capacity)) if capacity else "")
    _curve(page, "inside", frame, words, alt, "inside", limit=capacity or None)


def queue(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Trucks in the queue"), _("At the start of each hour, tracked trucks only: the real queue is longer. The filters do not apply."))
    frame = _by_hour(asked.queue_by_hour(page), "queuing_n", asked.tracked_days(page))
    observed = asked.queue_observed(page).cell("queue_observed_share")
    if frame.is_empty() or not observed.value:
        panel.quiet(_("No queue was observed in this period."))
        return
    top = frame.sort("busy", descending=True).row(0, named=True)
    alt = _("The observed queue is longest at {hour} h: {typical} trucks on a typical day, {busy} on a busy one. Observed for {share} of visits (n = {n}).", hour=top["hour"],
            typical=w.number(top["typical"], 1), busy=w.number(top["busy"], 1), share=w.percent(observed.value), n=w.number(observed.n))  # fmt: skip
    _curve(page, "queue", frame, hours.Words(_("Typical day (median)"), _("Busy day (90th percentile)"), _("trucks")), alt, "queue_by_hour", decimals=1)


def means(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Means open, by hour"), _("How many lanes, weighbridges, scanners and desks were open on average, of those known."))
    raw = asked.means_by_hour(page)
    if raw.is_empty():
        panel.quiet(_("No data for this selection."))
        return
    frame = raw.group_by("means_kind_code", "hour", maintain_order=True).agg(pl.col("open_n").sum(), pl.col("total_n").sum(), pl.col("days").max())
    order = [code for code in codes.MEANS.codes if code in set(frame["means_kind_code"])]
    total = dict(frame.group_by("means_kind_code").agg(pl.col("total_n").max()).iter_rows())
    label = {code: f"{_(codes.MEANS.codes[code])} ({total[code]})" for code in order}
    cells = frame.with_columns(pl.col("means_kind_code").replace_strict(label).alias("row"), pl.col("hour").alias("column"), (pl.col("open_n") / pl.col("total_n")).alias("value"))
    figure = heatmap.count_heatmap(
        cells, [label[code] for code in order], list(range(24)), _HOURS, colours=BLUES, limits=(0.01, 0.34, 0.67, 0.95), show=lambda cell: asked.whole(w, cell["open_n"]),
        about=lambda cell: f"<b>{cell['row']}</b> · {cell['column']:02d} h<br>" + _("{open} of {total} open", open=asked.whole(w, cell["open_n"]), total=cell["total_n"]),
    )  # fmt: skip
    low = cells.filter(pl.col("column").is_between(8, 17)).sort("value")
    alt = _("Between 8 and 17 h the means least open are {what} at {hour} h: {open} of {total}.", what=low["row"][0], hour=low["column"][0], open=asked.whole(w, low["open_n"][0]), total=low["total_n"][0]) if low.height else ""
    if low.height and low["value"][0] > 0.995:
        alt = _("Between 8 and 17 h all {n} kinds of means were fully open.", n=len(order))
    table = cells.select(pl.col("row").alias(_("Means")), pl.col("column").alias(_("Hour")), pl.col("open_n").round(2).alias(_("Open on average")), pl.col("total_n").alias(_("Known")), pl.col("days").alias(_("Days")))
    panel.show(page, figure, key="means", finding=alt, table=table, detail="means_by_hour", n_words=_("{n} days", n=frame["days"].max()))
