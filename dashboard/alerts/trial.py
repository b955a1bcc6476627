"""What the rules would have said: every window of the last weeks judged as if each had been the newest. For setting limits before anyone is disturbed; writes nothing.

The figures are those known today: late files and visits that ended since are in them. Ages of sources have no past in a build and are left out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dashboard.alerts import judge, readings
from dashboard.alerts.rules import Rules
from dashboard.store import Store

_A_WEEK = {"hour": 168, "day": 7, "week": 1}


@dataclass(frozen=True)
class Trial:
    """One group of a rule over the windows of the last weeks, of which so many could be judged."""

    rule: str
    group: str
    windows_n: int
    judged_n: int
    beyond_n: int
    raised_n: int
    open_n: int

    @property
    def share_open(self) -> float:
        return self.open_n / self.windows_n if self.windows_n else 0.0


def of(rules: Rules, port: Store, weeks: int) -> list[Trial]:
    """Return how often each rule would have been raised over the last weeks."""
    found = []
    for rule in rules.rules:
        if not rule.metric or not rule.is_on:
            continue
        count = weeks * _A_WEEK[rule.window]
        for reading in readings.of(rule, port, dt.datetime(2000, 1, 1), back=count):
            states = [window.state for window in reading.windows[-count:]]
            raised = judge.walk(states, rule.times, rule.clear_times)
            open_n = sum((end if end is not None else len(states)) - begin for begin, end in raised)
            found.append(Trial(rule.code, reading.group, len(states), sum(state != "unknown" for state in states), states.count("beyond"), len(raised), open_n))
    return found
