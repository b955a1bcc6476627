"""The engines say the same: what a Spark cluster publishes is what one machine publishes, row for row."""

from __future__ import annotations

import pytest

from etl import pipeline
from etl.engine import open_engine
from etl.settings import ROOT
from tests.etl.test_pipeline import content, differences, installation

SMALL = ROOT / "sample_data" / "small"


@pytest.fixture(scope="module")
def spark():
    """One application for all tests here: two cores of this machine."""
    with open_engine("spark", "local[2]") as engine:
        yield engine


@pytest.fixture(scope="module")
def homes(tmp_path_factory, spark):
    """The sample port loaded on one machine, and the same home loaded in the cluster."""
    folder = tmp_path_factory.mktemp("engines")
    made = {}
    for name, keywords in (("local", {}), ("spark", {"engine": spark})):
        made[name] = installation(folder / name)
        pipeline.load(made[name], SMALL / "inbox", **keywords)
    return made


def test_the_sample_port_comes_out_the_same(homes):
    one, other = content(homes["local"]), content(homes["spark"])
    assert one["fct_visits"] and one["fct_zone_stays"] and one["fct_declarations"]
    assert differences(one, other) == {}


def test_a_rebuild_in_the_cluster_changes_nothing(homes, spark):
    before = content(homes["local"])
    pipeline.rebuild(homes["spark"], engine=spark)
    assert differences(before, content(homes["spark"])) == {}
