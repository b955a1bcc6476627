"""home/settings/access.toml: the one file that switches sign-in on. The provider, and which group or person has which roles, terminals and ports.

    [login]
    metadata_url = "https://login.example.org/realms/port/.well-known/openid-configuration"
    client_id = "smartport"
    client_secret = "..."
    redirect = "https://smartport.example.org/oauth2callback"
    contact = "the port's service desk, 05 22 00 00 00"
    groups_claim = "groups"            # also dotted: realm_access.roles
    session_minutes = 480              # else until the provider's token ends

    [groups."smartport-tce"]
    roles = ["viewer"]
    terminals = ["TCE"]
    ports = ["MACAS"]                  # else all ports of the installation

    [people."f3a1c9"]                  # by the provider's number (sub); stands before all groups
    roles = ["admin"]

Read again whenever the file has changed, so that a role taken away is gone at the next question. A file that is gone or broken lets nobody in.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dashboard.access import audit
from dashboard.access.viewer import ACTS, ROLES, AccessError, Grant, Person, Viewer
from etl.errors import SettingsError
from etl.settings import Settings

FILE = "access.toml"
_LOGIN = {"metadata_url": str, "client_id": str, "client_secret": str, "redirect": str, "contact": str, "groups_claim": str, "session_minutes": int, "scope": str, "prompt": str, "issuer": str, "finders": list}
_NEEDED = ("metadata_url", "client_id", "client_secret", "redirect", "contact")
_CALLBACK = "/oauth2callback"  # Streamlit's own
_CODE = re.compile(r"[\w.-]{1,40}")  # of a terminal or a port
_LEEWAY_S = 60  # clocks of two machines


@dataclass(frozen=True)
class Rules:
    """The file, checked. `secret` never shows in a text of it."""

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect: str
    contact: str
    groups_claim: str = "groups"
    session_minutes: int | None = None
    scope: str = "openid profile"
    prompt: str = "select_account"
    issuer: str = ""
    finders: frozenset[str] = ACTS["find"]
    groups: Mapping[str, Grant] = field(default_factory=dict)
    people: Mapping[str, Grant] = field(default_factory=dict)

    def viewer(self, person: Person | None, now: float | None = None) -> Viewer:
        """Return what a person may do now. Raises AccessError for nobody, another program's token, one that has ended, and a person without a role.

        A person's own line stands before his groups; see Viewer.of for several groups.
        """
        now, told = time.time() if now is None else now, {"contact": self.contact}
        if person is None or not person.subject:
            raise AccessError("signed_out", **told)
        if self.client_id not in person.audience or (self.issuer and person.issuer != self.issuer):
            raise AccessError("audience", **told)
        if not person.issued_at - _LEEWAY_S <= now < self.ends_at(person):
            raise AccessError("expired", **told)
        held = [self.people[person.subject]] if person.subject in self.people else [self.groups[group] for group in person.groups if group in self.groups]
        if not any(grant.roles for grant in held):
            raise AccessError("no_role", subject=person.subject, **told)
        return Viewer.of(person.subject, held, self.contact, self.finders)

    def ends_at(self, person: Person) -> float:
        """When a sign-in ends, in seconds since 1970: with the token, or so long after it was issued as the file says."""
        return person.issued_at + 60 * self.session_minutes if self.session_minutes else person.expires_at

    def for_streamlit(self, cookie_secret: str) -> dict[str, dict[str, object]]:
        """What Streamlit's own sign-in reads, for st.App(secrets=...): handed over in memory, so that no second file is written."""
        return {
            "auth": {
                "redirect_uri": self.redirect, "cookie_secret": cookie_secret, "client_id": self.client_id, "client_secret": self.client_secret,
                "server_metadata_url": self.metadata_url, "client_kwargs": {"scope": self.scope, "prompt": self.prompt},
            }
        }  # fmt: skip


def path_of(settings: Settings) -> Path:
    return settings.keys / FILE


def load(settings: Settings) -> Rules | None:
    """Return the rules, None where there is no file: nobody signs in then. Raises SettingsError for a file that says something wrong, or that others may read."""
    path = path_of(settings)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            told = tomllib.load(file)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), f"it is no TOML: {error}", "", "See docs/access.md") from None
    if mode & 0o077:
        raise SettingsError(str(path), "others than its owner may read it, and it holds the client's secret", "", f"Run `chmod 600 {path}`")
    return _rules(told, str(path))


def cookie_secret(settings: Settings) -> str:
    """Return what sign-in cookies are signed with: home/settings/cookie_secret, made at first use (mode 600), so that a restart signs nobody out and several servers share it."""
    path = settings.keys / "cookie_secret"
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.is_file():
        part = path.with_name(f"cookie_secret.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)  # whichever of two starts was first stands; neither is ever seen half
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text("ascii").strip()


class Watched:
    """The rules as they are now: read again when the file's time or size changes. One a process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._path, self._lock, self._mark, self._rules = path_of(settings), threading.Lock(), None, None

    def rules(self) -> Rules:
        """Raises AccessError where the file is gone or broken: nobody is let in on a guess."""
        try:
            told = os.stat(self._path)
        except OSError:
            raise AccessError("settings") from None
        mark = (told.st_mtime_ns, told.st_size, told.st_ino, told.st_mode)
        with self._lock:
            if mark != self._mark:
                try:
                    self._rules = load(self.settings)
                except (SettingsError, OSError):
                    self._rules = None
                if self._mark is not None:  # noticed by whichever server is asked first after it
                    audit.record("settings", None, settings=self.settings, what=FILE, reason="read again" if self._rules else "cannot be read: nobody is let in")
                self._mark = mark
            if self._rules is None:
                raise AccessError("settings")
            return self._rules


def _rules(told: Mapping[str, object], where: str) -> Rules:
    login = told.get("login")
    if not isinstance(login, dict):
        raise SettingsError(where, "it has no [login]", ", ".join(_LOGIN), "See docs/access.md")
    if unknown := [*(name for name in told if name not in ("login", "groups", "people")), *(f"login.{name}" for name in login if name not in _LOGIN)]:
        raise SettingsError(where, f"'{unknown[0]}' is not known", f"[login] {', '.join(_LOGIN)}; [groups.NAME] and [people.NUMBER] with roles, terminals, ports")
    if missing := [name for name in _NEEDED if not login.get(name)]:
        raise SettingsError(where, f"[login] lacks {', '.join(missing)}", ", ".join(_NEEDED), "See docs/access.md")
    if wrong := [name for name, value in login.items() if not isinstance(value, _LOGIN[name]) or isinstance(value, bool)]:
        raise SettingsError(where, f"login.{wrong[0]} is no {_LOGIN[wrong[0]].__name__}")
    for name in ("metadata_url", "redirect"):
        there = urlsplit(login[name])
        if there.scheme != "https" and not (there.scheme == "http" and there.hostname in ("127.0.0.1", "localhost")):
            raise SettingsError(where, f"login.{name} '{login[name]}' is no https address", "", "http is taken on this machine only (127.0.0.1, localhost)")
    if not login["redirect"].endswith(_CALLBACK):
        raise SettingsError(where, f"login.redirect '{login['redirect']}' does not end with {_CALLBACK}")
    if login.get("session_minutes", 1) <= 0:
        raise SettingsError(where, f"login.session_minutes is {login['session_minutes']}", "minutes, 1 and more")
    finders = _roles(login.get("finders", sorted(ACTS["find"])), f"{where} login.finders")
    grants = {kind: {name: _grant(grant, f"{where} [{kind}.{name}]") for name, grant in _table(told.get(kind, {}), f"{where} [{kind}]").items()} for kind in ("groups", "people")}
    if not any(grants.values()):
        raise SettingsError(where, "it gives nobody a role", "[groups.NAME] or [people.NUMBER] with roles", "See docs/access.md")
    return Rules(**{name: value for name, value in login.items() if name != "finders"}, finders=finders, **grants)


def _grant(told: object, where: str) -> Grant:
    if not isinstance(told, dict) or set(told) - {"roles", "terminals", "ports"} or "roles" not in told:
        raise SettingsError(where, "it is not roles = [...] and, if not of the whole port, terminals = [...], if not of every port, ports = [...]")
    for name, whole in (("terminals", "the whole port"), ("ports", "every port")):
        codes = told.get(name)
        if codes is not None and (not isinstance(codes, list) or not codes or not all(isinstance(code, str) and _CODE.fullmatch(code) for code in codes)):
            raise SettingsError(where, f"{name} is no list of codes", "", f"Leave it out for {whole}")
    return Grant(_roles(told["roles"], where), *(None if told.get(name) is None else tuple(told[name]) for name in ("terminals", "ports")))


def _roles(told: object, where: str) -> frozenset[str]:
    if not isinstance(told, list) or (unknown := [role for role in told if role not in ROLES]):
        raise SettingsError(where, f"role '{unknown[0]}' is not known" if isinstance(told, list) else "roles is no list", ", ".join(ROLES))
    return frozenset(told)


def _table(told: object, where: str) -> dict:
    if not isinstance(told, dict):
        raise SettingsError(where, "it is no table")
    return told
