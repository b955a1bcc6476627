"""What one run of the sample port is asked to be. Values only: nothing is drawn or written here."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

SITE = Path(__file__).resolve().parents[1] / "sites" / "MACAS"
WORLDS = ("light", "tight")
PILOT_LANES = ("6A", "6B", "6C")


@dataclass(frozen=True)
class Options:
    """One run. `trucks_per_day` is the mean over a whole week; a working day has about 12 % more.

    `effect` is the share taken off every in-port service, travel and hold of pilot-lane trucks that enter from `pilot_start` on,
    `checks_removed` the document checks they are spared. `tracking_days` counts back from the last day.
    """

    out: Path
    start: dt.date = dt.date(2026, 1, 5)
    days: int = 28
    trucks_per_day: float = 2200.0
    seed: int = 20260105
    pilot_start: dt.date = dt.date(2026, 7, 13)
    effect: float = 0.12
    checks_removed: int = 2
    world: str = "tight"
    tracking_days: int = 28
    tracked_share: float = 0.35
    check_coverage: float = 0.70
    has_faults: bool = True

    def __post_init__(self) -> None:
        if self.world not in WORLDS:
            raise ValueError(f"world '{self.world}' is not known. Known: {', '.join(WORLDS)}")
        if self.days < 1 or self.trucks_per_day <= 0 or not 0 <= self.effect < 1 or not 0 <= self.checks_removed <= 3:
            raise ValueError("days >= 1, trucks_per_day > 0, 0 <= effect < 1 and 0 <= checks_removed <= 3 are needed")
        if self.seed < 0 or self.tracking_days < 0 or not 0 <= self.tracked_share <= 1 or not 0 <= self.check_coverage <= 1:
            raise ValueError("seed >= 0, tracking_days >= 0 and shares between 0 and 1 are needed")

    @property
    def end(self) -> dt.date:
        """The day after the last simulated one."""
        return self.start + dt.timedelta(days=self.days)

    @property
    def trucks_n(self) -> int:
        """Trucks that may call at all."""
        return int(self.trucks_per_day * 4) + 60

    def without_pilot(self) -> str:
        """What to know of a run that ends before its pilot can be judged; empty for one that does not."""
        seen = (self.end - self.pilot_start).days
        if seen >= 28:
            return ""
        said = f"the pilot begins on {self.pilot_start}, after the last day" if seen <= 0 else f"only {seen} days of the pilot are in it"
        return f"These {self.days} days end on {self.end - dt.timedelta(days=1)}: {said}, so the pilot page can show no effect. {(self.pilot_start - self.start).days + 84} days or more show one."

    @property
    def tracking_start(self) -> dt.date:
        return max(self.start, self.end - dt.timedelta(days=self.tracking_days))


def demo(out: Path, **changes: object) -> Options:
    """The demonstration port: all three clock changes of 2026, a pilot from 13 July, positions for the last four weeks."""
    base = Options(out, dt.date(2026, 1, 5), days=273, trucks_per_day=300.0, tracking_days=28)
    return dataclasses.replace(base, **changes)


def small(out: Path, **changes: object) -> Options:
    """The committed sample: five days around the clock change of 2026-09-20, 200 visits a day."""
    base = Options(out, dt.date(2026, 9, 17), days=5, trucks_per_day=200.0, tracking_days=2)
    return dataclasses.replace(base, **changes)
