"""The extra minutes of selected visits in one sentence: page and paper say the same."""

from __future__ import annotations

from dashboard import format as words
from dashboard.evidence.selected import LEAST_DAYS, Extra
from dashboard.i18n import Translator


def sentence(extra: Extra, say: Translator, small_cell: int) -> str:
    """What is known of them, in the reader's language; `small_cell` is how many visits are too few to speak of."""
    if extra.minutes is None:
        return say("Whether selected trucks stay longer cannot be said: fewer than {n} visits brought a referred box while others of the same hour and terminal came too.", n=small_cell)
    if extra.low is None:
        return say("Whether selected trucks stay longer cannot be said: only {days} days have visits to compare, and at least {least} are needed.", days=extra.days_n, least=LEAST_DAYS)
    said = {
        "minutes": words.value(abs(extra.minutes), "min", say.lang, 1), "low": words.number(extra.low, say.lang, 1), "high": words.value(extra.high, "min", say.lang, 1),
        "n": words.number(extra.selected_n, say.lang), "others": words.number(extra.other_n, say.lang),
    }  # fmt: skip
    if extra.low > 0:
        return say("Trucks that brought a referred US-bound box stayed {minutes} longer than others of the same hour and terminal (95 % interval {low} to {high}; {n} visits against {others}).", **said)
    if extra.high < 0:
        return say("Trucks that brought a referred US-bound box stayed {minutes} less than others of the same hour and terminal (95 % interval {low} to {high}; {n} visits against {others}).", **said)
    return say("No clear difference between trucks that brought a referred US-bound box and others of the same hour and terminal: the 95 % interval of the extra stay goes from {low} to {high} ({n} visits against {others}).", **said)
