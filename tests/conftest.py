"""Settings of all tests. How long an example takes says how busy the machine is, not whether the code is right."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from etl import cli
from etl.settings import ROOT

settings.register_profile("smartport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("smartport")


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed sample, both inboxes loaded by the project's own command. Read only."""
    home = tmp_path_factory.mktemp("small_home") / "home"
    for inbox in ("inbox", "inbox_late"):
        assert cli.main(["load", str(ROOT / "sample_data" / "small" / inbox), "--home", str(home), "--quiet"]) == 0
    return home
