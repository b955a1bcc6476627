"""Small runs of the simulator, made once a session."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sample_data.simulator import Options, simulate, small


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed sample, made again."""
    out = tmp_path_factory.mktemp("small")
    simulate(small(out))
    return out


@pytest.fixture(scope="session")
def march(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days around the hour that was skipped, 2026-03-22."""
    out = tmp_path_factory.mktemp("march")
    simulate(Options(out, dt.date(2026, 3, 19), days=5, trucks_per_day=120, tracking_days=0))
    return out


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three weeks of a full-size port under the pilot, lightly loaded and tight."""
    found = {}
    for world in ("light", "tight"):
        found[world] = tmp_path_factory.mktemp(world)
        simulate(Options(found[world], dt.date(2026, 7, 13), days=12, trucks_per_day=700, tracking_days=0, world=world, has_faults=False))
    return found
