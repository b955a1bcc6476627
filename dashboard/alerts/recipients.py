"""Who is told, and by which server: home/settings/delivery.toml, which its owner alone may read (it holds passwords). Reads and refuses; sends nothing.

    found = recipients.read(settings)        # None where there is no file: alerts are then kept and shown, and sent to nobody
    found.base_url, found.mail, found.to["operations"].mail
"""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dashboard.i18n import LANGUAGES
from etl.errors import SettingsError
from etl.settings import Settings

FILE = "delivery.toml"
SECURITY = ("starttls", "tls", "none")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# One address and nothing else: no blank, control, comma or bracket could begin a second one or another header line.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Mail:
    """The SMTP server. `ca_file` names the authority of a house's own certificate."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_s: float = 15.0


@dataclass(frozen=True)
class Webhook:
    """An address JSON is posted to, signed with a secret both sides know."""

    url: str
    secret: str = field(repr=False)
    ca_file: str | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True)
class Recipient:
    """A name rules use in `to`: mail addresses, a webhook, or both, in one language."""

    name: str
    lang: str
    mail: tuple[str, ...] = ()
    webhook: Webhook | None = None

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """(mail or webhook, address) of each message to send."""
        return (*(("mail", address) for address in self.mail), *((("webhook", self.webhook.url),) if self.webhook else ()))


@dataclass(frozen=True)
class Delivery:
    """Everything delivery needs. `base_url` is where readers open the dashboard."""

    path: Path
    base_url: str
    mail: Mail | None
    to: Mapping[str, Recipient]


def path_of(settings: Settings) -> Path | None:
    """The file, None where there is none."""
    path = settings.keys / FILE
    return path if path.is_file() else None


def read(settings: Settings) -> Delivery | None:
    """Return who is told, None without a file. Raises SettingsError for a file others may read, and for the first thing in it that is wrong."""
    path = path_of(settings)
    if path is None:
        return None
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(str(path), f"its mode {stat.S_IMODE(path.stat().st_mode):o} lets others read the passwords in it", "", f"Run: chmod 600 {path}")
    return parse(path.read_text("utf-8"), path)


def parse(text: str, path: Path) -> Delivery:
    """Return who is told of a file's text. Raises SettingsError for the first thing that is wrong."""
    where = str(path)
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(where, f"it is no TOML: {error}", "", "docs/alerts.md shows a whole file") from error
    _known(where, told, ("base_url", "mail", "to"))
    base_url = _url(where, "base_url", told.get("base_url")).rstrip("/")
    mail = _mail(f"{where} [mail]", told["mail"]) if "mail" in told else None
    to = {}
    for name, raw in _table(where, "to", told.get("to", {})).items():
        to[name] = _recipient(f"{where} [to.{name[:60]}]", name, _table(where, f"to.{name[:60]}", raw))
        if to[name].mail and mail is None:
            raise SettingsError(where, f"{name[:60]!r} has mail addresses but there is no mail server", "", "Add a table [mail] with host, port, security and from")
    return Delivery(path, base_url, mail, to)


def _mail(where: str, raw: Any) -> Mail:
    raw = _table(where, "mail", raw)
    _known(where, raw, ("host", "port", "security", "from", "user", "password", "ca_file", "timeout_s"))
    host, security = _text(where, "host", raw.get("host")), raw.get("security", "starttls")
    if security not in SECURITY:
        raise SettingsError(where, f"security {security!r} is not known", ", ".join(SECURITY))
    user, password = str(raw.get("user", "")), str(raw.get("password", ""))
    if bool(user) != bool(password):
        raise SettingsError(where, "user and password go together", "", "Give both or neither")
    if security == "none" and user and host not in _LOOPBACK:
        raise SettingsError(where, f'security = "none" would send the password to {host} in the clear', ", ".join(SECURITY[:2]), 'Use security = "starttls"')
    port = raw.get("port", {"starttls": 587, "tls": 465, "none": 25}[security])
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise SettingsError(where, f"port = {port!r} is none")
    return Mail(host, port, security, _address(where, "from", raw.get("from")), user, password, _file(where, raw), _seconds(where, raw, 15.0))


def _recipient(where: str, name: str, raw: Mapping[str, Any]) -> Recipient:
    _known(where, raw, ("lang", "mail", "webhook"))
    spoken = [language.code for language in LANGUAGES]
    lang = raw.get("lang", spoken[0])
    if lang not in spoken:
        raise SettingsError(where, f"lang {lang!r} is not known", ", ".join(spoken))
    addresses = raw.get("mail", [])
    addresses = [addresses] if isinstance(addresses, str) else addresses
    if not isinstance(addresses, list):
        raise SettingsError(where, f"mail {addresses!r} is no list of addresses")
    webhook = None
    if "webhook" in raw:
        table = _table(where, "webhook", raw["webhook"])
        _known(f"{where} webhook", table, ("url", "secret", "ca_file", "timeout_s"))
        secret = _text(f"{where} webhook", "secret", table.get("secret"))
        if len(secret) < 16:
            raise SettingsError(f"{where} webhook", f"its secret has {len(secret)} letters", "", "Give at least 16: python -c 'import secrets; print(secrets.token_urlsafe(32))'")
        webhook = Webhook(_url(f"{where} webhook", "url", table.get("url")), secret, _file(where, table), _seconds(where, table, 10.0))
    if not addresses and webhook is None:
        raise SettingsError(where, "it has neither mail addresses nor a webhook", "lang, mail, webhook", "Give it one, or take the name out")
    return Recipient(name, lang, tuple(dict.fromkeys(_address(where, "mail", each) for each in addresses)), webhook)


def _address(where: str, name: str, found: object) -> str:
    if not isinstance(found, str) or not _ADDRESS.fullmatch(found):
        raise SettingsError(where, f"{name} {str(found)[:80]!r} is no mail address", "", "Write it like alerts@port.example, without a name")
    return found


def _url(where: str, name: str, found: object) -> str:
    """An address of the web: https, or http on this machine. Its host is all that is ever spoken to (webhook.py)."""
    split = urlsplit(found) if isinstance(found, str) and not re.search(r"[\s\x00-\x20\x7f]", found) else None
    if split is None or split.scheme not in ("https", "http") or not split.hostname or split.username or split.password:
        raise SettingsError(where, f"{name} {str(found)[:120]!r} is no web address", "", f'Write {name} = "https://..."')
    if name == "url" and split.scheme == "http" and split.hostname not in _LOOPBACK:
        raise SettingsError(where, f"{name} {str(found)[:120]!r} would send figures in the clear", "", "Use https")
    return str(found)


def _file(where: str, raw: Mapping[str, Any]) -> str | None:
    found = raw.get("ca_file")
    if found is not None and not (isinstance(found, str) and Path(found).is_file()):
        raise SettingsError(where, f"ca_file {found!r} is no file", "", "Name the certificate of the authority, as PEM, or leave ca_file out")
    return found


def _seconds(where: str, raw: Mapping[str, Any], default: float) -> float:
    found = raw.get("timeout_s", default)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found <= 60:
        raise SettingsError(where, f"timeout_s = {found!r} is not between 0 and 60")
    return float(found)


def _text(where: str, name: str, found: object) -> str:
    if not isinstance(found, str) or not found.strip() or re.search(r"[\x00-\x1f\x7f]", found):
        raise SettingsError(where, f"{name} {found!r} is no text" if found is not None else f"it has no {name}")
    return found


def _table(where: str, name: str, found: object) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise SettingsError(where, f"{name} is no table", "", f"Begin it with a line [{name}]")
    return found


def _known(where: str, raw: Mapping[str, Any], names: Collection[str]) -> None:
    if unknown := sorted(set(raw) - set(names)):
        raise SettingsError(where, f"{unknown[0][:60]!r} is not known here", ", ".join(names))


def digest(address: str) -> str:
    """What the history says instead of an address: enough to know whether it was told, and no personal data."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:12]
