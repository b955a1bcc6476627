"""Raise, keep or clear: what a row of judged windows does to an alert. Pure; where flapping is prevented.

    judge.state(value, low=None, high=120, calm_low=None, calm_high=110)     # beyond, inside, between or unknown
    judge.next_open(False, ["inside", "beyond", "beyond"], times=2, clear_times=2)      # True

Two margins work together: of size (what is between the limit and the clearing limit changes nothing) and of time (so many windows one after the other).
An answer depends on the windows alone, so the same build judged again, once or a hundred times, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

STATES = ("beyond", "between", "inside", "unknown")


def state(value: float | None, *, low: float | None = None, high: float | None = None, calm_low: float | None = None, calm_high: float | None = None) -> str:
    """Where a figure lies: beyond a limit (strictly), inside all clearing limits (them included), or between. A limit that is None binds nothing."""
    if value is None:
        return "unknown"
    if (low is not None and value < low) or (high is not None and value > high):
        return "beyond"
    is_calm = (calm_low is None or value >= calm_low) and (calm_high is None or value <= calm_high)
    return "inside" if is_calm else "between"


def next_open(is_open: bool, states: Sequence[str], times: int, clear_times: int) -> bool:
    """Return whether the alert is open after these windows, oldest first.

    It is raised when the last `times` all lie beyond, without a gap; cleared when the newest and the `clear_times` last known ones all lie inside.
    """
    if not is_open:
        return len(states) >= times and all(each == "beyond" for each in states[-times:])
    known = [each for each in states if each != "unknown"]
    is_calm = bool(states) and states[-1] == "inside" and len(known) >= clear_times and all(each == "inside" for each in known[-clear_times:])
    return not is_calm


def walk(states: Sequence[str], times: int, clear_times: int) -> list[tuple[int, int | None]]:
    """Return (index raised, index cleared or None) of every alert the windows would have made, one judged after the other."""
    found: list[tuple[int, int | None]] = []
    is_open = False
    for index in range(len(states)):
        now = next_open(is_open, states[: index + 1], times, clear_times)
        if now and not is_open:
            found.append((index, None))
        elif is_open and not now:
            found[-1] = (found[-1][0], index)
        is_open = now
    return found
