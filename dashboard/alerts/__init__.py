"""Alerts: rules as data, judged after each load and by a timer, told by mail and webhook, kept in a history. No Streamlit here.

    done = alerts.evaluate(settings)             # judge every rule, write down what changed, tell whom it concerns
    rules.read(settings)                         # the rules; SettingsError says where a wrong one stands
    board.read(settings, port_code)              # how every rule stands, from a file: no query

From a rule (rules.py) to its readings (readings.py, band.py), the judgement (judge.py), the history (history.py), the message (wording.py, message.py)
and its sending (recipients.py, telling.py, sending.py); evaluation.py is the whole story on one screen. docs/alerts.md says it for those who set it up.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from etl.settings import Settings

if TYPE_CHECKING:
    from dashboard.alerts.evaluation import Evaluation


def evaluate(settings: Settings, now: dt.datetime | None = None) -> Evaluation:
    """See evaluation.evaluate; imported when it is called, because the command line names this room before it needs it."""
    from dashboard.alerts import evaluation

    return evaluation.evaluate(settings, now)
