"""The only reader of settings: where the data live and which port it is. Environment first, then the defaults."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_SITE = ROOT / "sample_data" / "sites" / "MACAS"


@dataclass(frozen=True)
class Settings:
    """Folders of one installation. Everything below `home` is ours to write; `site` is only read.

    home/settings   owner-only: the pseudonym key
    home/quarantine owner-only: raw files and rejected bytes, kept `quarantine_days`
    home/lake       staged rows
    home/build      published builds, what the dashboard reads
    home/pages      one page for phones a language, of the last build
    home/briefings  what briefings handed out, so that a later change is seen; figures are final `provisional_days` after their period
    home/alerts     owner-only: what alerts were raised, cleared and sent, and how every rule stands
    """

    home: Path
    site: Path
    quarantine_days: int = 400
    replaced_build_hours: int = 24
    small_cell: int = 10
    provisional_days: int = 7

    @property
    def keys(self) -> Path:
        return self.home / "settings"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def build(self) -> Path:
        return self.home / "build"

    @property
    def pages(self) -> Path:
        return self.home / "pages"

    @property
    def briefings(self) -> Path:
        return self.home / "briefings"

    @property
    def alerts(self) -> Path:
        return self.home / "alerts"


@dataclass(frozen=True)
class Edge:
    """How the service meets the network: the names it is known by besides this machine's own, who may frame its pages ('none', or addresses of sites), and how many files a minute one reader may fetch."""

    hosts: tuple[str, ...] = ()
    frame_ancestors: str = "'none'"
    exports_a_minute: int = 30


def load_settings(home: str | Path | None = None, site: str | Path | Sequence[str] | None = None) -> Settings:
    """Return the settings of the first port: see `load_ports`."""
    return load_ports(home, site)[0]


def load_ports(home: str | Path | None = None, sites: str | Path | Sequence[str] | None = None) -> tuple[Settings, ...]:
    """Return the settings of every port of the installation, all of one home: from arguments, else SMARTPORT_HOME and SMARTPORT_SITE, else ./smartport_home and the sample port.

    Several site folders are given one after the other, or in one text as search paths are (`:` between them; `;` on Windows).
    """
    given = [sites] if isinstance(sites, str | Path) else sites
    given = given or [os.environ.get("SMARTPORT_SITE") or SAMPLE_SITE]
    folders = [folder for text in given for folder in str(text).split(os.pathsep) if folder]
    return tuple(_settings(home, folder) for folder in dict.fromkeys(folders))


def _settings(home: str | Path | None, site: str) -> Settings:
    return Settings(
        home=Path(home or os.environ.get("SMARTPORT_HOME") or "smartport_home").resolve(),
        site=Path(site).resolve(),
        quarantine_days=int(os.environ.get("SMARTPORT_QUARANTINE_DAYS", "400")),
        small_cell=int(os.environ.get("SMARTPORT_SMALL_CELL", "10")),
        provisional_days=int(os.environ.get("SMARTPORT_PROVISIONAL_DAYS", "7")),
    )


def load_edge() -> Edge:
    """Return SMARTPORT_HOSTS (names, comma-separated), SMARTPORT_FRAME_ANCESTORS and SMARTPORT_EXPORTS_A_MINUTE, or the defaults."""
    return Edge(
        hosts=tuple(name.strip() for name in os.environ.get("SMARTPORT_HOSTS", "").split(",") if name.strip()),
        frame_ancestors=os.environ.get("SMARTPORT_FRAME_ANCESTORS") or "'none'",
        exports_a_minute=int(os.environ.get("SMARTPORT_EXPORTS_A_MINUTE", "30")),
    )


def trial_data() -> Path | None:
    """Return the folder of third-party logs to try against (SMARTPORT_TRIAL_DATA, default ../shared/data), or None."""
    folder = Path(os.environ.get("SMARTPORT_TRIAL_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None
