"""A briefing by mail: the PDF attached, its headline as one sentence, the link to the page behind. Once a question and address, whatever the scheduler does.

    for each in weekly.send(settings, delivery, ["management"], preset="weekly", period="last-week"):
        each.to, each.said, each.is_failed
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from dashboard import format as words
from dashboard import store
from dashboard.alerts import recipients, sending
from dashboard.alerts.recipients import Delivery
from dashboard.briefing import compose, kept, paper
from dashboard.briefing.command import span
from dashboard.briefing.deck import Deck
from dashboard.i18n import translator
from dashboard.selection import DEFAULT_PRESET, PRESETS, Selection
from etl.settings import Settings


@dataclass(frozen=True)
class Mailed:
    """What became of one address: `said` in one sentence."""

    to: str
    said: str
    is_failed: bool = False


def send(settings: Settings, delivery: Delivery, names: Sequence[str], *, preset: str, period: str, view: str = "all", is_again: bool = False) -> list[Mailed]:
    """Send a briefing to recipients that have mail addresses. What was sent is kept by question and address, so that a timer that runs twice sends once.

    Raises InputError where no visit lies in the period, BuildError without a build, OSError where home cannot be written.
    """
    store.use(settings)
    port = store.own()
    build = port.build()
    first, end = span(period, build.now_local_at)
    selection = replace(Selection.preset(port.port_code, DEFAULT_PRESET, build.now_day, view=view), first_day=first, end_day=end, period=period if period in PRESETS else "custom")
    folder = settings.alerts / "mailed"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = []
    for name in dict.fromkeys(names):
        recipient = delivery.to[name]
        deck = compose.deck(port, selection, preset=preset, lang=recipient.lang)
        pdf = sending.Attachment(f"{deck.stem}.pdf", "application/pdf", paper.of_deck(deck))
        for number, address in enumerate(recipient.mail, 1):
            to = f"{name} ({number} of {len(recipient.mail)})"
            mark = folder / f"{port.port_code}_{deck.stem}_{view}_{recipients.digest(address)}"
            if mark.is_file() and not is_again:
                done.append(Mailed(to, f"sent before, on {mark.read_text('utf-8').strip()}"))
                continue
            subject, text, page = _written(deck, delivery.base_url)
            made = sending.message(delivery.mail, address, subject, text, page, mark.name if not is_again else f"{mark.name}.{os.getpid()}", [pdf])
            try:
                sending.tried(lambda made=made: sending.by_mail(delivery.mail, made), lambda: False)
            except sending.DeliveryError as error:
                done.append(Mailed(to, f"not delivered: {error}", is_failed=True))
                continue
            with open(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{made['Date']}\n")
            done.append(Mailed(to, f"sent: {deck.stem}.pdf"))
        kept.publish(port, deck)
    return done


def _written(deck: Deck, base_url: str) -> tuple[str, str, str]:
    """Subject, text and HTML: the headline's finding in one sentence, and where it stands."""
    say = translator(deck.lang)
    headline = next(section for section in deck.sections if section.code == "headline")
    sentence = headline.said.replace("**", "")
    link = f"{base_url}/?{urlencode(deck.selection.to_query() | {'lang': deck.lang, 'port': deck.selection.port})}"
    subject = words.unmarked(" · ".join(filter(None, (deck.title, deck.port, deck.period, deck.stamp))))
    under = " · ".join(filter(None, (headline.n, deck.foot)))
    text = "\n".join([*([f"*** {deck.stamp} ***", ""] if deck.stamp else []), sentence, "", under, "", f"{say('See the page behind')}: {link}", ""])
    said = html.escape
    stamp = f'<p style="display:inline-block;border:1.5px solid #C4621A;color:#A34E12;padding:2px 8px;font-weight:bold">{said(deck.stamp)}</p>' if deck.stamp else ""
    page = (
        f'<!DOCTYPE html><html lang="{deck.lang}" dir="{deck.direction}"><head><meta charset="utf-8"><title>{said(deck.title)}</title></head>'
        f'<body dir="{deck.direction}" style="font-family:Segoe UI,Arial,sans-serif;font-size:15px;line-height:1.45;color:#1B2430;background:#fff">{stamp}<h1 style="font-size:19px">{said(deck.title)}</h1>'
        f'<p>{said(sentence)}</p><p style="color:#555">{said(under)}</p><p><a href="{said(link)}" style="color:#1F4E79">{said(say("See the page behind"))}</a></p></body></html>\n'
    )
    return subject, text, page
