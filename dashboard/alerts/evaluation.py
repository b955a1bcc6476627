"""One evaluation, from the rules to what was sent: judge every rule, write down what changed, tell whom it concerns, leave the board. Reads top to bottom.

    done = evaluate(settings)                     # after a load, or by a timer; safe to run at any time and twice
    done.opened, done.cleared, done.sent_n, done.failed_n, done.wrong

A rule that cannot be judged is named in `wrong` and stops no other. What is not delivered is tried again by the next evaluation that is due.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dashboard import store
from dashboard.access import audit
from dashboard.alerts import board, history, judge, readings, recipients, rules, telling
from dashboard.alerts.readings import Reading, Window
from dashboard.alerts.rules import Rule
from dashboard.store import Build
from etl.errors import SmartportError
from etl.settings import Settings

UPDATE_EVERY = dt.timedelta(hours=1)  # an open alert's figure is written down at most so often


@dataclass
class Evaluation:
    """What one evaluation found and did. `wrong`: rule code (empty: all of delivery) -> why it was not judged or told."""

    build_id: str = ""
    rules_n: int = 0
    judged_n: int = 0
    opened: list[history.Alert] = field(default_factory=list)
    cleared: list[history.Alert] = field(default_factory=list)
    open: list[history.Alert] = field(default_factory=list)
    sent_n: int = 0
    failed_n: int = 0
    held_n: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """One sentence for the command line; empty where nothing is watched."""
        if not self.rules_n:
            return ""
        told = f"{self.sent_n} messages sent, {self.held_n} held, {self.failed_n} not delivered"
        wrong = "".join(f" {f'Rule {code}: ' if code else ''}{why}" for code, why in self.wrong.items())
        return f"{self.judged_n} of {self.rules_n} alert rules judged: {len(self.opened)} raised, {len(self.cleared)} cleared, {len(self.open)} open; {told}.{wrong}"


def evaluate(settings: Settings, now: dt.datetime | None = None, *, seconds: float = telling.SECONDS, sleep: Callable[[float], None] = time.sleep) -> Evaluation:
    """Judge the rules of an installation against its published build. `now` is the wall clock (UTC, for ages, quiet hours and waits).

    Raises SettingsError for wrong rules, BuildError without a build, BusyError where another evaluation does not end, OSError where home cannot be written.
    """
    found = rules.read(settings)
    if found.path is None:
        return Evaluation()
    digest = hashlib.sha256(found.path.read_bytes()).hexdigest()[:12]
    now = now or dt.datetime.now(dt.UTC)
    store.use(settings)
    port = store.own()
    build = port.build()
    done = Evaluation(build.build_id, len(found.rules))
    with history.held(settings) as kept:
        known = {alert.key: alert for alert in history.fold(kept.lines, port.port_code) if alert.is_open}
        shown: list[dict[str, Any]] = []
        for rule in found.rules:
            if not rule.is_on:
                continue
            try:
                seen = readings.of(rule, port, now.replace(tzinfo=None))
            except SmartportError as error:
                done.wrong[rule.code] = str(error)
                continue
            for reading in seen:
                if reading.last is not None:
                    shown.append(line_of(rule, reading, reading.last, build))
                _step(rule, reading, known.get((rule.code, reading.group)), build, now, kept, done)
            done.judged_n += 1
            gone = [alert for key, alert in known.items() if key[0] == rule.code and key[1] not in {each.group for each in seen}]
            if seen or rule.watch == "rejects":  # a log that holds nothing at all clears nothing; files grow older than the rule looks at
                _close(kept, gone, "gone", build, now, done)
        watched = {rule.code for rule in found.rules if rule.is_on}
        _close(kept, [alert for alert in known.values() if alert.rule not in watched], "rule", build, now, done)
        alerts = history.fold(kept.lines, port.port_code)
        try:
            delivery = recipients.read(settings)
        except SmartportError as error:
            delivery = None
            done.wrong[""] = str(error)
        if delivery is not None:
            telling.tell(kept, alerts, found, delivery, port, now, done, seconds=seconds, sleep=sleep)
        done.open = [alert for alert in alerts if alert.is_open]
        if (before := board.read(settings, port.port_code).rules) not in ("", digest):
            audit.record("settings", None, settings=settings, port=port.port_code, what=rules.FILE, before=before, now=digest)  # a file says not who changed it
        board.write(settings, port.port_code, {
            "at": now.isoformat(timespec="seconds"), "build": build.build_id, "rules": digest, "readings": shown, "open": [{"alert": alert.id, "since": alert.opened["at"], **alert.last} for alert in done.open], "wrong": done.wrong,
        })  # fmt: skip
    return done


def _step(rule: Rule, reading: Reading, alert: history.Alert | None, build: Build, now: dt.datetime, kept: history.Kept, done: Evaluation) -> None:
    """Raise, update, clear or leave one group's alert."""
    window = reading.last
    if window is None:
        return
    is_open = judge.next_open(alert is not None, [each.state for each in reading.windows], *((rule.times, rule.clear_times) if rule.metric else (1, 1)))
    told = line_of(rule, reading, window, build)
    if alert is None and is_open:
        number = history.number(build.port_code, rule.code, reading.group, now.isoformat())
        line = kept.add("opened", now, alert=number, **told, worst=window.value)
        done.opened.append(history.Alert(number, rule.code, reading.group, line))
    elif alert is not None:
        told["worst"] = _worse(alert.last.get("worst"), window)
        if not is_open:
            alert.cleared = kept.add("cleared", now, alert=alert.id, **told)
            done.cleared.append(alert)
        elif window.value is not None and (window.value, told["from"]) != (alert.last["figure"], alert.last["from"]) and now - dt.datetime.fromisoformat(alert.last["at"]) >= UPDATE_EVERY:
            kept.add("updated", now, alert=alert.id, **told)


def _close(kept: history.Kept, alerts: list[history.Alert], why: str, build: Build, now: dt.datetime, done: Evaluation) -> None:
    """Clear alerts nothing judges any more: their rule is gone, or the group, the source or the file is none of its own now."""
    for alert in alerts:
        told = {name: value for name, value in alert.last.items() if name not in ("at", "event")}
        alert.cleared = kept.add("cleared", now, **(told | {"why": why, "build": build.build_id}))
        done.cleared.append(alert)


def _worse(worst: float | None, window: Window) -> float | None:
    """The figure furthest beyond the limits so far."""
    values = [each for each in (worst, window.value) if each is not None]
    is_low = window.value is not None and window.low is not None and (window.high is None or (window.expected is not None and window.value < window.expected))
    return (min if is_low else max)(values, default=None)


def line_of(rule: Rule, reading: Reading, window: Window, build: Build) -> dict[str, Any]:
    """What the history keeps of one reading: enough to say it again when the rule is gone."""
    side = rule.side
    if rule.watch == "usual" and side == "both" and window.value is not None and window.expected is not None:
        side = "high" if window.value > window.expected else "low"
    return {
        "port": build.port_code, "rule": rule.code, "digest": rule.digest, "group": reading.group, "watch": rule.watch, "title": dict(rule.title), "severity": rule.severity, "to": list(rule.to),
        "metric": rule.metric, "each": rule.each, "filter": {name: list(values) for name, values in rule.filter.items()}, "view": rule.view, "side": side, "what": window.what,
        "figure": window.value, "n": window.n, "state": window.state, "expected": window.expected, "low": window.low, "high": window.high, "weeks_n": window.weeks_n, "named": [dict(each) for each in window.named], "from": window.first.isoformat(), "until": window.end.isoformat(),
        "reach": reading.reach.isoformat() if reading.reach else None, "build": build.build_id,
    }  # fmt: skip
