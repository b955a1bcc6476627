"""Tomorrow, a part of the congestion page: trucks expected by hour against the flow seen with the same means open, overloaded hours by name, and how right that was.

What is told, and that nothing later than the evening before is read for it, is dashboard/forecast; here it is asked, worded and drawn.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

import polars as pl
import streamlit as st

from dashboard import forecast
from dashboard import format as words
from dashboard.forecast import Errors, Middle, Past, Score
from dashboard.format import listed, worded
from dashboard.i18n import N_
from dashboard.selection import Selection
from dashboard.views import tomorrow as drawn
from dashboard.widgets import download, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words
from etl.contracts import codes

_ROWS = ("seen_by_hour", "hours_from_slot", "booked_before", "means_each_hour")
_WAYS: dict[str, str] = {"method": N_("From bookings"), "week_ago": N_("As a week ago")}
LISTED = 8  # overloaded hours that fit a sentence


@dataclass(frozen=True)
class Told:
    """What the part shows: the day told and its hours (none where nothing can be said), the past days told again, their score."""

    day: dt.date
    booked_n: int
    hours: pl.DataFrame
    came: pl.DataFrame
    score: Score | None

    @property
    def nbytes(self) -> int:
        return int(self.hours.estimated_size() + self.came.estimated_size())


def asked(page: Frame) -> Told:
    """Tell the day after the last whole one, and the last 28 days again; made once a build. Filters and period play no part."""
    return page.store.made(("tomorrow",), lambda opened: _told(page, opened.about.now_local_at))


def _told(page: Frame, now_local_at: dt.datetime) -> Told:
    evening = forecast.last_whole_day(now_local_at)
    day = evening + dt.timedelta(days=1)
    first, end = day - dt.timedelta(days=forecast.BACK_DAYS), day + dt.timedelta(days=1)
    questions = [partial(page.store.rows, name, _days(page, first, end)) for name in _ROWS]
    page.store.ahead(*questions)  # side by side
    past = Past.of(first, end, *(question() for question in questions))
    came = forecast.told(past, forecast.scored_days(evening))
    return Told(day, int(past.booked[-1].sum()), forecast.of_day(past, day), came, forecast.score(came))


def _days(page: Frame, first: dt.date, end: dt.date) -> Selection:
    return Selection(page.selection.port, first, end, period="custom", comparison="none")


def answer(page: Frame) -> str:
    """The day in one sentence; one that begins with a French weekday needs its capital."""
    said = _answer(page)
    return said[:1].upper() + said[1:]


def _answer(page: Frame) -> str:
    _, w, told = page.say, Words(page), asked(page)
    spelled = words.day(told.day, page.lang, "full")
    if page.store.opened().first("fct_bookings", "slot_day") is None:
        return _("No data: this port has sent no log of appointments, so nothing can be said of tomorrow.")
    if not told.booked_n:
        return _("No bookings known for {day}: none was made before that day began.", day=spelled)
    if told.hours.is_empty():
        return _("{n} bookings are known for {day}, but fewer than {least} days were logged before it: no forecast yet.", n=w.number(told.booked_n), day=spelled, least=forecast.FEWEST_DAYS)
    expected = _("{day}: about {n} trucks expected from {booked} bookings and those that come without.", day=spelled, n=w.number(told.hours["expected_n"].sum()), booked=w.number(told.booked_n))
    over = told.hours.filter(pl.col("is_over"))
    if told.hours["limit_n"].null_count() == forecast.HOURS:
        return expected + " " + _("Too few hours with the same means open were seen to say which hours are too many.")
    if over.is_empty():
        return expected + " " + _("No hour goes beyond what was let in with the same means open.")
    if over.height > LISTED:
        return expected + " " + _("{n} hours are overloaded, from {first} h to {last} h.", n=over.height, first=over["hour"][0], last=over["hour"][-1])
    return expected + " " + _("Overloaded hours: {hours}.", hours=listed((worded(f"{hour}\u00a0{_('h')}", page.lang) for hour in over["hour"]), page.lang))


def show(page: Frame) -> None:
    told = asked(page)
    if not told.hours.is_empty():
        _hours(page, told)
    if told.score is None:
        if not told.hours.is_empty():
            panel.quiet(page.say("No past day can be scored yet: that needs {n} days of logs and bookings before it.", n=forecast.FEWEST_DAYS))
        return
    _score(page, told, told.score)
    _look_back(page, told)


def _means(page: Frame, text: str) -> str:
    """The means open, in words: "lane:9 weighbridge:4" becomes "Gate lane 9, Weighbridge 4"."""
    pairs = (part.split(":") for part in text.split())
    return listed((f"{page.say(codes.MEANS.codes[kind])} {n}" for kind, n in pairs), page.lang) or page.say("not logged")


def _hours(page: Frame, told: Told) -> None:
    _, w = page.say, Words(page)
    hours = told.hours
    panel.section(
        _("Expected trucks by hour"),
        _("Bookings known at midnight, spread around their slots as trucks came, times the turn-up of the last {days} days; plus trucks without appointment (mean of the same weekday, last {weeks} weeks). The limit is the 90th percentile of trucks let in an hour in the last {limit} days with as many means open: about one hour in ten lies beyond it, and the queue below tells whether that hurts. Whole port: the filters do not apply.",
          days=forecast.SHARE_DAYS, weeks=forecast.LIKE_WEEKS, limit=forecast.LIMIT_DAYS),
    )  # fmt: skip
    frame = hours.select("hour", "is_over", value="expected_n", limit="limit_n")
    words = drawn.Words(_("Expected"), _("Expected, above the limit"), _("Limit: let in with the same means open"))
    hover = [
        _("{hour} h: {expected} expected, limit {limit} (n = {n} hours)", hour=row["hour"], expected=w.number(row["expected_n"], 1), limit=w.number(row["limit_n"], 1), n=w.number(row["limit_hours_n"]))
        for row in hours.to_dicts()
    ]
    top = hours.sort("expected_n", descending=True).row(0, named=True)
    finding = _("Most are expected at {hour} h: {n} trucks, {share} of them without appointment.", hour=top["hour"], n=w.number(top["expected_n"], 1), share=w.percent(top["unbooked_n"] / top["expected_n"]))
    finding += " " + (_("The limit then is {limit}.", limit=w.number(top["limit_n"], 1)) if top["limit_n"] is not None else _("There is no limit for that hour: too few like hours were seen."))
    table = hours.select(
        pl.col("hour").alias(_("Hour")), pl.col("booked_n").alias(_("Bookings known")), pl.col("turn_up").round(3).alias(_("Turn-up per booking")), pl.col("unbooked_n").round(2).alias(_("Without appointment")),
        (pl.when(pl.col("expected_n") > 0).then(pl.col("unbooked_n") / pl.col("expected_n")) * 100).round(1).alias(_("Without appointment, %")), pl.col("expected_n").round(2).alias(_("Expected")),
        pl.col("limit_n").round(2).alias(_("Limit")), pl.col("limit_hours_n").alias(_("Hours behind the limit")), _worded(page, "is_over").alias(_("Overloaded")), pl.col("week_ago_n").alias(_("A week ago")),
        pl.Series(_("Means expected open"), [_means(page, text) for text in hours["means"]]),
    )  # fmt: skip
    if page.store.build().now_day >= told.day:
        panel.quiet(_("This day has begun. The day after it is forecast once it is over, from the bookings known by then."))
    panel.show(
        page, drawn.day_hours(frame, words, hover=hover, hour_word=_("h")), key="tomorrow", finding=finding, table=table, selection=_days(page, told.day, told.day + dt.timedelta(days=1)),
        n_words=_("n = {n} bookings", n=w.number(told.booked_n)),
    )  # fmt: skip


def _worded(page: Frame, flag: str) -> pl.Expr:
    """A column of yes, no, or a dash where it is not known."""
    yes, no = page.say("yes"), page.say("no")
    return pl.when(pl.col(flag).is_null()).then(pl.lit("–")).when(pl.col(flag)).then(pl.lit(yes)).otherwise(pl.lit(no))


def _score(page: Frame, told: Told, score: Score) -> None:
    _, w = page.say, Words(page)
    first, last = told.came["day"].min(), told.came["day"].max()
    panel.section(
        _("How right it was"),
        _("Each past day forecast again with what was known on its evening, beside what came; and beside the plainest guess, the same hour a week before. Mean error is in trucks an hour, without sign; bias has its sign, positive when too many were forecast."),
    )  # fmt: skip
    by_day = told.came.drop_nulls("week_ago_n").group_by("day").agg(
        off=(pl.col("expected_n") - pl.col("entries_n")).abs().mean(), off_week_ago=(pl.col("week_ago_n") - pl.col("entries_n")).abs().mean()
    ).sort("day")  # fmt: skip
    hover = [_("{day}: {off} trucks an hour off, {week_ago} as a week ago", day=w.date(row["day"]), off=w.number(row["off"], 1), week_ago=w.number(row["off_week_ago"], 1)) for row in by_day.to_dicts()]
    period = _days(page, first, last + dt.timedelta(days=1))
    finding = _verdict(page, score)
    n_words = _("n = {n} hours of {days} days", n=w.number(score.hours_n), days=score.days_n)
    panel.show(page, drawn.errors_by_day(by_day, _(_WAYS["method"]), _(_WAYS["week_ago"]), hover=hover), key="tomorrow_errors", finding=finding, table=_every_hour(page, told.came), selection=period, n_words=n_words, name="tomorrow_scored")
    table = pl.DataFrame([_errors(page, way, errors) for way, errors in (("method", score.method), ("week_ago", score.week_ago))])
    panel.grid(table, key="tomorrow_score")
    panel.quiet(_queues(page, score))
    download.worded(page, table, finding, key="tomorrow_both_ways", selection=period)


def _verdict(page: Frame, score: Score) -> str:
    _, w = page.say, Words(page)
    method, naive = score.method, score.week_ago
    figures = {"off": w.number(method.mean_abs, 1), "naive": w.number(naive.mean_abs, 1), "closer": score.closer_days, "days": score.days_n}
    if method.mean_abs < naive.mean_abs:
        first = _("The forecast from bookings was {off} trucks an hour off on average, “as a week ago” {naive}. It was closer on {closer} of {days} days.", **figures)
    else:
        first = _("Not better than the plainest guess: the forecast from bookings was {off} trucks an hour off on average, “as a week ago” {naive}. It was closer on {closer} of {days} days; do not plan by it.", **figures)
    met = method.hits + method.misses
    if not score.judged_n:
        return first
    if not met:
        return first + " " + _("No hour was overloaded; false warnings: {n}.", n=w.number(method.false_alarms))
    return first + " " + _("Of {met} overloaded hours it named {hits}; false warnings: {alarms}.", met=w.number(met), hits=w.number(method.hits), alarms=w.number(method.false_alarms))


def _errors(page: Frame, way: str, errors: Errors) -> dict[str, object]:
    _, w = page.say, Words(page)
    named, met = errors.hits + errors.false_alarms, errors.hits + errors.misses
    return {
        _("Forecast"): _(_WAYS[way]), _("Mean error"): w.number(errors.mean_abs, 2), _("Bias"): w.number(errors.bias, 2), _("Overloaded and named"): w.number(errors.hits),
        _("Overloaded, not named"): w.number(errors.misses), _("False warnings"): w.number(errors.false_alarms), _("Share named"): w.percent(errors.hits / met if met else None),
        _("Warnings that were right"): w.percent(errors.hits / named if named else None),
    }  # fmt: skip


def _queues(page: Frame, score: Score) -> str:
    """Whether overloaded hours were hours of longer queues; said only where the limits of the two medians lie apart."""
    _, w = page.say, Words(page)
    over, other = score.queue_over, score.queue_other
    if over is None or other is None or over.low is None or other.high is None:
        return _("Too few queues were observed in overloaded hours: whether they hurt is not known.")

    def median(middle: Middle) -> str:
        return f"{w.number(middle.value)} {page.say('min')} ({w.span(middle.low, middle.high)}; n = {w.number(middle.n)})"

    figures = {"over": median(over), "other": median(other)}
    if over.low > other.high:
        return _("Queues say that the limit means something: their median was {over} in overloaded hours and {other} in the others, with 95 % limits and hours. Tracked trucks only.", **figures)
    return _("Queues do not confirm the limit: their median was {over} in overloaded hours and {other} in the others, with 95 % limits and hours. Tracked trucks only.", **figures)


def _every_hour(page: Frame, came: pl.DataFrame) -> pl.DataFrame:
    _ = page.say
    return came.select(
        pl.col("day").alias(_("Day")), pl.col("hour").alias(_("Hour")), pl.col("booked_n").alias(_("Bookings known")), pl.col("expected_n").round(2).alias(_("Expected")), pl.col("week_ago_n").alias(_("A week ago")),
        pl.col("entries_n").alias(_("Came")), pl.col("limit_n").round(2).alias(_("Limit")), pl.col("limit_hours_n").alias(_("Hours behind the limit")), _worded(page, "is_over").alias(_("Named overloaded")),
        _worded(page, "was_over").alias(_("Was overloaded")), pl.col("queue_p50").round(1).alias(_("Median queue, min")), pl.col("queue_n").alias(_("Queues observed")),
    )  # fmt: skip


@st.fragment
def _look_back(page: Frame, told: Told) -> None:
    _, w = page.say, Words(page)
    panel.section(_("One past day: forecast and what came"))
    days = sorted(set(told.came["day"]), reverse=True)
    day = st.selectbox(_("Day"), days, key="tomorrow_day", format_func=w.date, width=260)
    hours = told.came.filter(pl.col("day") == day)
    frame = hours.select("hour", value=pl.col("entries_n").cast(pl.Float64), limit="limit_n", is_over="was_over", told="expected_n")
    words = drawn.Words(_("Came"), _("Came, above the limit"), _("Limit: let in with the same means open"), _("Forecast the evening before"))
    hover = [
        _("{hour} h: {came} came, {told} forecast; median queue {queue} min (n = {n})", hour=row["hour"], came=w.number(row["entries_n"]), told=w.number(row["expected_n"], 1), queue=w.number(row["queue_p50"]), n=w.number(row["queue_n"]))
        for row in hours.to_dicts()
    ]
    met, named = hours["was_over"].sum() or 0, (hours["was_over"] & hours["is_over"]).sum() or 0
    finding = _("{day}: {came} trucks came, {told} had been forecast.", day=w.date(day), came=w.number(hours["entries_n"].sum()), told=w.number(hours["expected_n"].sum()))
    finding += " " + (_("Overloaded hours: {met}; named in advance: {named}.", met=met, named=named) if met else _("No hour was overloaded."))
    finding = finding[:1].upper() + finding[1:]
    panel.show(page, drawn.day_hours(frame, words, hover=hover, hour_word=_("h")), key="tomorrow_past", finding=finding, table=_every_hour(page, hours), selection=_days(page, day, day + dt.timedelta(days=1)), n_words=_("n = {n} trucks", n=w.number(hours["entries_n"].sum())))
