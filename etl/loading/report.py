"""BuildReport: what a load did, as one value. Printed by the command line, for a person or as JSON for a scheduler."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field

from etl.settings import Settings


@dataclass(frozen=True)
class FileReport:
    """One file as it was offered. read_n = staged_n + rejected_n; duplicates are told apart from good rows in the build's dq_files."""

    file_name: str
    file_id: str
    status: str  # loaded, refused, known (its content was loaded before)
    source: str | None = None
    mapping: str | None = None
    read_n: int = 0
    staged_n: int = 0
    rejected_n: int = 0
    message: str = ""
    refused_for: str = ""  # of a known file: why its content was refused, if it was


@dataclass(frozen=True)
class BuildReport:
    """One load. `is_changed` is False when nothing new was offered: then build_id is the build there was."""

    port_code: str
    build_id: str | None
    is_changed: bool
    files: tuple[FileReport, ...]
    days_n: int
    first_day: dt.date | None
    last_day: dt.date | None
    now_at: dt.datetime | None
    rules_version: str
    tzdata_version: str
    seconds: float
    good_n: int = 0
    duplicate_n: int = 0
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def read_n(self) -> int:
        return sum(file.read_n for file in self.files)

    @property
    def rejected_n(self) -> int:
        return sum(file.rejected_n for file in self.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if file.status == "refused")

    def to_json(self) -> dict:
        """Return plain values for json.dumps: this report with its totals."""
        plain = asdict(self) | {"read_n": self.read_n, "rejected_n": self.rejected_n, "refused_n": len(self.refused)}
        return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in plain.items()}


@dataclass(frozen=True)
class AfterStep:
    """What one step after a load did, as a sentence; empty when there was nothing to do."""

    name: str
    said: str = ""
    is_failed: bool = False


# What follows a load: given by the composition root, because the ETL knows no pages and no alerts. It raises nothing that is the load's affair.
AfterLoad = Callable[[Settings, BuildReport], Iterable[AfterStep]]


def no_steps(settings: Settings, report: BuildReport) -> Iterable[AfterStep]:
    return ()
