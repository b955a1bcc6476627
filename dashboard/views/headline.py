"""The headline figures in words: page and paper show the same number, unit and sentence."""

from __future__ import annotations

import datetime as dt

from dashboard import format as words
from dashboard.i18n import Translator
from dashboard.metrics import Cell, Result


def apart(figure: Cell, lang: str) -> tuple[str, str]:
    """The figure and its unit apart, so that the figure alone is large."""
    if figure.value is None:
        return "–", ""
    text = words.plain(words.cell(figure, lang))
    if figure.metric.unit in ("min", "hours"):
        number, _, unit = text.rpartition(" ")
        return number, unit
    return (words.number(figure.value, lang, figure.metric.decimals), "") if figure.metric.unit == "per_visit" else (text, "")


def sentence(now: Result, code: str, say: Translator) -> str:
    """What a headline metric of `now` says; it needs queue_observed_share and document_checks_coverage beside their metrics."""
    figure, lang = now.cell(code), say.lang
    if figure.value is None:
        return say("No data in this period.")
    if code == "turnaround_p50":
        return say("Half of the trucks take longer, from port entry to port exit.")
    if code == "turnaround_p90":
        return say("1 truck in 10 takes more than {p90}.", p90=words.cell(figure, lang))
    if code == "queue_p50":
        return say("Before the gate; seen for {share} of the visits.", share=words.value(now.cell("queue_observed_share").value, "share", lang))
    if code == "document_checks_mean":
        return say("Places where papers had to be shown; recorded for {share} of the visits.", share=words.value(now.cell("document_checks_coverage").value, "share", lang))
    if code == "over_120_share":
        return say("Trucks that stay more than two hours.")
    return say("{n} trucks a day on average.", n=words.number(figure.value / max(_days(now), 1), lang))


def _days(now: Result) -> float:
    """Days of the period that the data have reached, the last one in part."""
    start, end = (dt.datetime.combine(day, dt.time()) for day in (now.selection.first_day, now.selection.end_day))
    return max((min(end, now.now_local_at) - start).total_seconds() / 86400, 0.0)
