"""How far one log line reaches: the days whose facts it may change, and the days that must be read to recompute them.

A visit ends at the next gate event of its truck or 72 h after gate-in, so a line changes visits that began up to 72 h
before it, and lines of other logs (inspections, stays, logbook) that lie up to 72 h after it. Repeat reads add minutes,
which may cross midnight: hence a day more on both sides. A recomputed day needs the same margin around it again.
"""

from __future__ import annotations

import datetime as dt

LONGEST_VISIT = dt.timedelta(hours=72)
REPEAT_READ = dt.timedelta(minutes=10)
SLACK = dt.timedelta(minutes=2)  # two logs of one port agree to about a minute; 2 keeps a truck's next visit out of reach
LINK_CUSTOMS = dt.timedelta(days=30)  # a container number is used again after weeks; a declaration older than this is another voyage's
LINK_APPOINTMENT = dt.timedelta(hours=24)

DAYS_BACK = 4
DAYS_AHEAD = 4
MARGIN_DAYS = 4


def touched_days(event_days: set[dt.date]) -> frozenset[dt.date]:
    """Return the local days whose facts may change when lines of these local days are added (customs links aside)."""
    return frozenset(day + dt.timedelta(days=step) for day in event_days for step in range(-DAYS_BACK, DAYS_AHEAD + 1))
