"""A small build for every dashboard test, made once a run: `small` (settings) and `sel` (its last 28 days)."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from dashboard import store
from dashboard.selection import Selection
from etl.settings import SAMPLE_SITE

_spec = importlib.util.spec_from_file_location("small_build", Path(__file__).with_name("small_build.py"))
small_build = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("small_build", small_build)
_spec.loader.exec_module(small_build)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory):
    """Settings of a published small build: 120 days, 60 visits a day, the site of the sample port."""
    return small_build.make(tmp_path_factory.mktemp("home"), days=120, per_day=60, seed=7)


@pytest.fixture(scope="session")
def two_ports(tmp_path_factory: pytest.TempPathFactory):
    """Settings of two ports of one home: MACAS, and MATNG, whose site is a copy of it with fewer trucks."""
    folder = tmp_path_factory.mktemp("two_ports")
    other = folder / "sites" / "MATNG"
    shutil.copytree(SAMPLE_SITE, other)
    about = other / "site.toml"
    about.write_text(about.read_text("utf-8").replace('"MACAS"', '"MATNG"').replace("Casablanca (", "Tangier ("), "utf-8")
    return tuple(small_build.make(folder / "home", days=20, per_day=per_day, seed=per_day, folder=site) for site, per_day in ((SAMPLE_SITE, 40), (other, 30)))


@pytest.fixture
def small(small_home, monkeypatch: pytest.MonkeyPatch):
    """The small build, shown by this process's store and by any program started from here."""
    monkeypatch.setenv("SMARTPORT_HOME", str(small_home.home))
    monkeypatch.setenv("SMARTPORT_SITE", str(small_home.site))
    store.use(small_home)
    yield small_home
    store.use(None)


@pytest.fixture
def sel(small) -> Selection:
    """The last 28 days of the small build, with comparison."""
    return Selection.preset("MACAS", "28d", store.build().now_day)
