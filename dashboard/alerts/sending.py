"""Mail by SMTP and JSON by webhook, from the standard library. Finished texts in; a DeliveryError says in one sentence why one was not taken."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, compat32
from email.utils import formatdate
from typing import Any
from urllib.parse import urljoin, urlsplit

from dashboard.alerts.recipients import Mail, Webhook

_WAITS = (1.0, 3.0)  # seconds between the three tries of one evaluation
_REDIRECTS = 2
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
SIGNATURE = "X-Smartport-Signature"
# The newer policies lose or double a blank where a long header changes between plain and encoded words (seen with Python 3.11); this one encodes it whole.
_WIRE = compat32.clone(linesep="\r\n")


class DeliveryError(Exception):
    """A message was not taken. `is_lasting` where trying again at once is of no use."""

    def __init__(self, why: str, is_lasting: bool = False) -> None:
        super().__init__(line(why)[:300])
        self.is_lasting = is_lasting


@dataclass(frozen=True)
class Attachment:
    name: str
    kind: str  # its media type
    body: bytes


def line(text: str) -> str:
    """Text as one line for a header: whatever ends, hides or breaks lines becomes a blank, so that no name can begin a header of its own."""
    return re.sub(" +", " ", "".join(letter if letter.isprintable() or letter in "\u00a0\u202f" else " " for letter in text)).strip()


def message(mail: Mail, to: str, subject: str, text: str, html: str, number: str, attachments: Sequence[Attachment] = ()) -> EmailMessage:
    """Return the mail. `number` makes its Message-ID: the same message sent twice is one to a mail program."""
    made = EmailMessage(policy=SMTP)
    made["Subject"], made["From"], made["To"] = line(subject)[:200], mail.sender, to
    made["Date"], made["Message-ID"] = formatdate(), f"<{number}@{mail.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    for each in attachments:
        main, _, sub = each.kind.partition("/")
        made.add_attachment(each.body, maintype=main, subtype=sub, filename=line(each.name))
    return made


def by_mail(mail: Mail, made: EmailMessage) -> None:
    """Hand one mail to the server. Raises DeliveryError."""
    try:
        context = ssl.create_default_context(cafile=mail.ca_file)
        if mail.security == "tls":
            server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout_s, context=context)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout_s)
        with server:
            if mail.security == "starttls":
                server.starttls(context=context)
            if mail.user:
                server.login(mail.user, mail.password)
            server.sendmail(mail.sender, [str(made["To"])], made.as_bytes(policy=_WIRE))
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise DeliveryError(f"{mail.host} refused the address: {code} {_said(said)}", code >= 500) from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(f"{mail.host}: {error.smtp_code} {_said(error.smtp_error)}", error.smtp_code >= 500) from error
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(f"{mail.host}: its certificate is not trusted: {error.verify_message}", True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{mail.host}:{mail.port}: {error}") from error


def by_webhook(hook: Webhook, told: Mapping[str, Any], number: str, now: float | None = None) -> None:
    """Post one JSON document, signed. Raises DeliveryError; a redirect is followed on the same host only.

    The header X-Smartport-Signature is `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of "<seconds>.<body>" under the secret. X-Smartport-Delivery is the same
    for every try of one message.
    """
    body, at = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), int(time.time() if now is None else now)
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Smartport", "X-Smartport-Delivery": number, SIGNATURE: f"t={at},v1={signature(hook.secret, at, body)}"}
    url = hook.url
    for _ in range(_REDIRECTS + 1):
        status, onward = _post(hook, url, body, headers)
        if 200 <= status < 300:
            return
        if status not in (307, 308) or not onward:
            raise DeliveryError(f"{urlsplit(url).hostname} answered {status}", status not in _AGAIN)
        there, here = urlsplit(urljoin(url, onward)), urlsplit(url)
        if (there.scheme, there.hostname, there.port) != (here.scheme, here.hostname, here.port):
            raise DeliveryError(f"{here.hostname} redirects to {there.hostname}, which is not the address of the settings", True)
        url = there.geturl()
    raise DeliveryError(f"{urlsplit(url).hostname} redirects more than {_REDIRECTS} times", True)


def signature(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def _post(hook: Webhook, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str | None]:
    there = urlsplit(url)
    try:
        if there.scheme == "https":
            server = http.client.HTTPSConnection(there.hostname, there.port, timeout=hook.timeout_s, context=ssl.create_default_context(cafile=hook.ca_file))
        else:
            server = http.client.HTTPConnection(there.hostname, there.port, timeout=hook.timeout_s)
        with closing(server):
            server.request("POST", (there.path or "/") + (f"?{there.query}" if there.query else ""), body, dict(headers))
            answer = server.getresponse()
            return answer.status, answer.getheader("Location")
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(f"{there.hostname}: its certificate is not trusted: {error.verify_message}", True) from error
    except (http.client.HTTPException, OSError) as error:
        raise DeliveryError(f"{there.hostname}: {error or type(error).__name__}") from error


def tried(send: Callable[[], None], is_over: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
    """Send, again after 1 and 3 seconds where it may help and there is time. Raises the last DeliveryError."""
    for wait in (*_WAITS, None):
        try:
            send()
        except DeliveryError as error:
            if error.is_lasting or wait is None or is_over():
                raise
            sleep(wait)
        else:
            return


def _said(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
