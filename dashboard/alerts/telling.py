"""Who is still to be told of what, and the telling: once each, held in quiet hours, tried again until taken or too old. Writes every outcome into the history.

A message stands for (alert, about, way, address). It is sent where the history has no `sent` of it, so a restart sends nothing twice; a process killed
between a server's yes and that line sends it again with the same Message-ID, or delivery number, which makes it one to the receiver.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboard.alerts import message, recipients, sending
from dashboard.alerts.history import Alert, Kept
from dashboard.alerts.recipients import Delivery, Recipient
from dashboard.alerts.rules import Rules
from dashboard.alerts.wording import Told, local, names_of
from dashboard.i18n import translator
from dashboard.store import Store

if TYPE_CHECKING:
    from dashboard.alerts.evaluation import Evaluation

SECONDS = 60.0  # one evaluation spends at most this on sending; the rest waits for the next
KEPT_FOR = dt.timedelta(days=3)  # older news is no alert any more
_WAITS = tuple(dt.timedelta(minutes=minutes) for minutes in (0, 2, 5, 15, 60))  # after so many failed evaluations


@dataclass(frozen=True)
class Due:
    """One message to one address. `line` is the history line it is about."""

    alert: Alert
    about: str
    line: Mapping[str, Any]
    to: Recipient
    way: str
    address: str

    @property
    def number(self) -> str:
        """The same for every try, another for every other message."""
        return f"{self.alert.id}.{self.about}.{recipients.digest(self.address)}"

    def mine(self) -> list[Mapping[str, Any]]:
        """What the history says of this message so far, or of the same alert's other message to this address."""
        return [line for line in self.alert.messages if line["way"] == self.way and line["address"] == recipients.digest(self.address)]


def tell(kept: Kept, alerts: list[Alert], rules: Rules, delivery: Delivery, port: Store, now: dt.datetime, done: Evaluation, *, seconds: float = SECONDS, sleep: Callable[[float], None] = time.sleep) -> None:
    """Send what is due. Failures are counted in `done` and written down; nothing is raised for them."""
    build, until = port.build(), time.monotonic() + seconds
    clock_now = local(now, build.zone_name).time()
    for name in sorted({name for rule in rules.rules if rule.is_on for name in rule.to if name not in delivery.to}):
        done.wrong.setdefault("", f"{delivery.path}: no recipient is called '{name}'. Known: {', '.join(delivery.to) or 'none'}. Add a table [to.{name}], or correct `to` in the rules.")
    for due in _due(alerts, rules, delivery, now):
        said = {"port": port.port_code, "alert": due.alert.id, "about": due.about, "to": due.to.name, "way": due.way, "address": recipients.digest(due.address)}
        earlier = [line for line in due.mine() if line["about"] == due.about]
        failed = [line for line in earlier if line["event"] == "failed"]
        if failed and now - dt.datetime.fromisoformat(failed[-1]["at"]) < _WAITS[min(len(failed), len(_WAITS) - 1)]:
            done.failed_n += 1
            continue
        if now - dt.datetime.fromisoformat(due.line["at"]) > KEPT_FOR:
            due.alert.messages.append(kept.add("dropped", now, **said, why=failed[-1]["why"] if failed else "too old"))
            continue
        if _is_quiet(due, rules, clock_now):
            if not any(line["event"] == "held" for line in earlier):
                due.alert.messages.append(kept.add("held", now, **said))
            done.held_n += 1
            continue
        if time.monotonic() > until:
            done.failed_n += 1
            due.alert.messages.append(kept.add("failed", now, **said, why=f"the {seconds:g} s of one evaluation were over"))
            continue
        told = Told(due.line, names_of(port, due.to.lang), translator(due.to.lang), build.zone_name)
        made = message.of(due.alert, due.about, told, build, delivery.base_url)
        try:
            sending.tried(_sender(due, made, delivery), lambda: time.monotonic() > until, sleep)
        except sending.DeliveryError as error:
            done.failed_n += 1
            due.alert.messages.append(kept.add("failed", now, **said, why=str(error)))
        else:
            done.sent_n += 1
            due.alert.messages.append(kept.add("sent", now, **said))


def _due(alerts: list[Alert], rules: Rules, delivery: Delivery, now: dt.datetime) -> Iterator[Due]:
    """The messages that are not sent yet, oldest first. Of an alert that has been cleared its raising is no news any more: the clearing tells both."""
    for alert in alerts:
        about, line = ("opened", alert.opened) if alert.is_open else ("cleared", alert.cleared)
        rule = rules.get(alert.rule)
        names = rule.to if rule is not None and alert.is_open else tuple(line["to"])
        for recipient in (delivery.to[name] for name in dict.fromkeys(names) if name in delivery.to):
            for way, address in recipient.ways:
                due = Due(alert, about, line, recipient, way, address)
                past = due.mine()
                if any(each["about"] == about and each["event"] in ("sent", "dropped") for each in past):
                    continue
                if about == "cleared" and (not past or (rule is not None and not rule.tell_cleared and any(each["event"] == "sent" for each in past))):
                    continue  # whoever was not told of it before, nor was to be, needs no end of it
                yield due


def _is_quiet(due: Due, rules: Rules, at: dt.time) -> bool:
    rule = rules.get(due.alert.rule)
    if rule is None or rule.quiet is None or due.line["severity"] == "critical":
        return False
    first, last = rule.quiet
    return first <= at < last if first < last else at >= first or at < last


def _sender(due: Due, made: message.Message, delivery: Delivery) -> Callable[[], None]:
    if due.way == "webhook":
        return lambda: sending.by_webhook(due.to.webhook, made.document, due.number)
    mail = sending.message(delivery.mail, due.address, made.subject, made.text, made.html, due.number)
    return lambda: sending.by_mail(delivery.mail, mail)
