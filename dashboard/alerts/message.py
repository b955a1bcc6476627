"""One alert as a message in one language: subject, text, HTML and the document of a webhook. Finished words in, no sending."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard import format as words
from dashboard.alerts.history import Alert
from dashboard.alerts.rules import SEVERITIES
from dashboard.alerts.wording import Told, shown
from dashboard.store import Build


@dataclass(frozen=True)
class Message:
    """A finished message. In a language written from the left the marks of direction are taken out; mail programs show some."""

    subject: str
    text: str
    html: str
    document: Mapping[str, Any]


def of(alert: Alert, about: str, told: Told, build: Build, base_url: str) -> Message:
    """Return the message that an alert was raised or cleared (`about`: opened, cleared). `told` says the line it is about."""
    say, lang, line = told.say, told.lang, told.line
    port = words.closed(words.name(build.name(lang)), lang)
    severity = say(SEVERITIES[line["severity"]])
    stamp = say("Demonstration data - fictitious") if build.is_sample else ""
    head = say("{severity}: {what}", severity=severity, what=told.name) if about == "opened" else say("Cleared: {what}", what=told.name)
    lead = told.sentence()
    rows = [(say("Figure"), told.value), *([] if line["watch"] == "freshness" else [(say("Rows"), told.n), (say("Period"), told.period)]), (say("Compared with"), told.usual)]
    if told.calendar:
        rows.append((say("Calendar"), told.calendar))
    if line.get("what"):
        rows.append((say("File"), shown(line["what"])))
    rows.append((say("Open since"), told.at(alert.opened["at"])))
    if about == "cleared":
        rows += [(say("Cleared on"), told.at(line["at"])), (say("Furthest figure while open"), told.worst)]
        lead = say("Back within its limits.") + " " + lead
        if line.get("why"):
            lead = say("The rule was changed or taken out, so the alert is closed.") if line["why"] == "rule" else say("Nothing of it is left to judge, so the alert is closed.")
    rows += [(say("Data up to"), f"{told.reach} ({build.zone_name})"), (say("Port"), f"{port} ({build.port_code})"), (say("Build"), line["build"]), (say("Rule"), f"{line['rule']} ({line['digest']})")]
    link = told.link(base_url)
    links = ((say("See the page behind"), link), (say("All alerts"), f"{base_url}/alerts?lang={lang}&port={build.port_code}"))
    subject = " · ".join(filter(None, (head, port, stamp)))
    text = "\n".join([*([f"*** {stamp} ***", ""] if stamp else []), head, "", lead, "", *(say("{what}: {value}", what=name, value=value) for name, value in rows), "", *(f"{name}\n{address}" for name, address in links), ""])
    if say.direction == "ltr":
        subject, text, head, lead, stamp = (words.plain(each) for each in (subject, text, head, lead, stamp))
        rows = [(name, words.plain(value)) for name, value in rows]
    return Message(words.unmarked(subject), text, _html(lang, say.direction, stamp, head, lead, rows, links), document(alert, about, told, build, link, words.unmarked(head), words.unmarked(lead)))


def _html(lang: str, direction: str, stamp: str, head: str, lead: str, rows: list[tuple[str, str]], links: tuple[tuple[str, str], ...]) -> str:
    """Plain HTML of mail programs: inline style, no picture, nothing fetched."""
    said = html.escape
    cells = "".join(f'<tr><th style="text-align:start;padding:4px 0;padding-inline-end:16px;font-weight:normal;color:#555">{said(name)}</th><td style="padding:4px 0">{said(value)}</td></tr>' for name, value in rows)
    mark = f'<p style="display:inline-block;border:1.5px solid #C4621A;color:#A34E12;padding:2px 8px;font-weight:bold">{said(stamp)}</p>' if stamp else ""
    onward = "".join(f'<p><a href="{said(address)}" style="color:#1F4E79">{said(name)}</a></p>' for name, address in links)
    return (
        f'<!DOCTYPE html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8"><title>{said(head)}</title></head>'
        f'<body dir="{direction}" style="font-family:Segoe UI,Arial,sans-serif;font-size:15px;line-height:1.45;color:#1B2430;background:#fff">{mark}'
        f'<h1 style="font-size:19px">{said(head)}</h1><p>{said(lead)}</p><table style="border-collapse:collapse">{cells}</table>{onward}</body></html>\n'
    )


def document(alert: Alert, about: str, told: Told, build: Build, link: str, head: str, lead: str) -> dict[str, Any]:
    """What a webhook gets: the figure as numbers, and as words in the recipient's language."""
    line = told.line
    return {
        "version": 1, "event": about, "alert": alert.id, "rule": line["rule"], "rule_digest": line["digest"], "severity": line["severity"], "port": build.port_code, "is_sample": build.is_sample,
        "stamp": told.say("Demonstration data - fictitious") if build.is_sample else None, "metric": line["metric"] or None, "watch": line["watch"], "group": {line["each"] or "source": line["group"]} if line["group"] else None,
        "file": shown(line["what"]) if line.get("what") else None, "figure": line["figure"], "n": line["n"], "expected": line["expected"], "low": line["low"], "high": line["high"], "worst": line.get("worst"),
        "from_local": line["from"], "to_local": line["until"], "data_up_to_local": line.get("reach"), "zone": build.zone_name, "build": line["build"], "opened_at": alert.opened["at"],
        "cleared_at": line["at"] if about == "cleared" else None, "lang": told.lang, "title": head, "text": lead, "link": link, "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
