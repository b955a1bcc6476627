"""Who asks, and what each role may do: values only. How a person becomes a viewer is in rules.py, who is asking now in asking.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.i18n import N_
from etl.errors import SmartportError

# Roles add up; each of them may look at every page that is not named here. An admin may do everything.
ROLES: dict[str, str] = {
    "viewer": N_("Viewer: pages, figures and briefings"),
    "analyst": N_("Analyst: also exports of rows, and the search for a truck"),
    "quality": N_("Quality officer: also the rejected lines"),
    "admin": N_("Administrator: also who has which role, and the audit log"),
}
# What is asked for -> the roles that may, besides an admin.
ACTS: dict[str, frozenset[str]] = {"rows": frozenset({"analyst"}), "find": frozenset({"analyst"}), "rejects": frozenset({"quality"}), "admin": frozenset()}
# Why somebody is refused, as a sentence that says what to do.
REASONS: dict[str, str] = {
    "signed_out": N_("Sign in to see this."),
    "expired": N_("Your sign-in has ended. Sign in again."),
    "not_accepted": N_("The provider's answer was not accepted: it was too old, refused, or meant for another program. Try again; if that does not help, ask {contact}."),
    "audience": N_("This sign-in was made for another program and is not accepted here. Sign in again; if that does not help, ask {contact}."),
    "no_role": N_("You are signed in, but no role has been given to you here. Ask {contact} for one, and say that your number is {subject}."),
    "settings": N_("The settings of this installation's sign-in cannot be read, so nothing is shown. Tell {contact}."),
    "terminal": N_("Terminal {terminal} is not open to you: you see {own} and the totals of the port. If you need more, ask {contact}."),
    "scope_list": N_("This list is of the whole port and is not open to you: you see {own} and the totals of the port. If you need more, ask {contact}."),
    "scope_split": N_("This split is not open to you, because the figures of one other terminal could be worked out of it. You see {own} and the totals of the port."),
    "rows": N_("Rows are exported by analysts only. Ask {contact} for the role “analyst”."),
    "find": N_("Trucks are searched for by analysts only. Ask {contact} for the role “analyst”."),
    "find_open": N_("Nobody signs in here, so nobody could be named in the audit log: the search for a truck is open on demonstration data only."),
    "rejects": N_("Rejected lines are open to quality officers only. Ask {contact} for the role “quality”."),
    "admin": N_("This page is open to administrators only. Ask {contact}."),
    "port": N_("Port {port} is not open to you. If you need it, ask {contact}."),
    "page": N_("This page is of the whole port and is not open to you: you see {own} and the totals of the port. If you need more, ask {contact}."),
    "other_person": N_("This link was made for somebody else. Reload the page and try again."),
}


class AccessError(SmartportError):
    """Somebody asks for what is not open to him. `reason` is one of REASONS, for the reader's language; the text is the English one."""

    exit_code = 6

    def __init__(self, reason: str, **values: str) -> None:
        self.reason, self.values = reason, {"contact": N_("the administrator"), **values}
        super().__init__("access", REASONS[reason].format(**self.values).removesuffix("."))


@dataclass(frozen=True)
class Grant:
    """What a group or a person has. `terminals` None: the whole port; `ports` None: every port of the installation."""

    roles: frozenset[str]
    terminals: tuple[str, ...] | None = None
    ports: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Viewer:
    """One who may look. `subject` is the provider's number of the person, never a name; `terminals` are the only ones seen, None means the whole port.

    `contact` is whom to ask for more, `finders` the roles that may search for a truck. Where `grants` stand he has not the same at every port: roles and terminals are
    those of the port he was narrowed to by `at`, and before that what he has everywhere. The store narrows at every question; `port` is the one, empty for any.
    """

    subject: str
    roles: frozenset[str]
    terminals: tuple[str, ...] | None = None
    contact: str = ""
    finders: frozenset[str] = ACTS["find"]
    grants: tuple[Grant, ...] = ()
    port: str = ""

    @classmethod
    def of(cls, subject: str, grants: Sequence[Grant], contact: str = "", finders: frozenset[str] = ACTS["find"]) -> Viewer:
        """Roles of several grants add up; as soon as one of them names terminals, only the named ones are seen. Each holds at its ports only."""
        everywhere = [grant for grant in grants if grant.ports is None]
        return cls(subject, *_added(everywhere), contact, finders, () if len(everywhere) == len(grants) else tuple(grants))

    def sees(self, port_code: str) -> bool:
        """Whether anything of a port is open to this viewer."""
        if not self.grants:
            return self.port in ("", port_code)
        return any(grant.roles for grant in self._held(port_code))

    def at(self, port_code: str) -> Viewer:
        """This viewer at one port. Raises AccessError for a port that is not open to him."""
        if not self.sees(port_code):
            raise AccessError("port", port=port_code, **self.said())
        if not self.grants:
            return self
        roles, terminals = _added(self._held(port_code))
        return replace(self, roles=roles, terminals=terminals, grants=(), port=port_code)

    def administers(self, *ports: str) -> bool:
        """Whether this viewer, not narrowed, administers every port, or one of these."""
        return (self.may("admin") and not self.port) or any(self.sees(code) and self.at(code).may("admin") for code in ports if code)

    def _held(self, port_code: str) -> list[Grant]:
        return [grant for grant in self.grants if grant.ports is None or port_code in grant.ports]

    def may(self, act: str) -> bool:
        """Whether one of ACTS is open to this viewer."""
        return "admin" in self.roles or bool(self.roles & (self.finders if act == "find" else ACTS[act]))

    def must(self, act: str) -> None:
        """Raise AccessError where an act is not open."""
        if not self.may(act):
            raise AccessError(act, **self.said())

    def said(self) -> dict[str, str]:
        """What the sentences of REASONS say about this viewer."""
        return {"own": ", ".join(self.terminals or ()), "subject": self.subject} | ({"contact": self.contact} if self.contact else {})


def _added(grants: Sequence[Grant]) -> tuple[frozenset[str], tuple[str, ...] | None]:
    """The roles of several grants, and the terminals they name, None where none does."""
    named = [grant.terminals for grant in grants if grant.terminals is not None]
    return frozenset().union(*(grant.roles for grant in grants)), tuple(sorted({code for codes in named for code in codes})) if named else None


# Who asks where nobody signs in: the demonstration, the command line, and the server's own work.
HOUSE = Viewer("", frozenset(ROLES))


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in, as the provider's token says; what he may do is decided anew at every question (rules.py).

    issued_at, expires_at   seconds since 1970, of the token
    """

    subject: str
    groups: tuple[str, ...]
    audience: tuple[str, ...]
    issuer: str
    issued_at: float
    expires_at: float

    @classmethod
    def of(cls, claims: Mapping[str, object], groups_claim: str) -> Person:
        """Read the claims of an ID token; what is missing is empty, and nothing is open to it."""
        return cls(
            str(claims.get("sub") or ""), _texts(_within(claims, groups_claim)), _texts(claims.get("aud")), str(claims.get("iss") or ""),
            _seconds(claims.get("iat")), _seconds(claims.get("exp")),
        )  # fmt: skip


def _within(claims: Mapping[str, object], path: str) -> object:
    """A claim by its name, else by the steps of a dotted path ('realm_access.roles')."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else ()


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
