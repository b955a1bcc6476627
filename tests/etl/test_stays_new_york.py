"""Real positions of vessels in New York harbour, through the two mapping files: zones, stays, zone x hour in UTC and in New York.

The counts were found twice: by these transforms and by brute-force point-in-polygon and the plain rules beside this file.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from etl import sources
from etl.contracts.reference import Site, load_site
from etl.settings import ROOT, trial_data
from etl.transform import stays
from etl.transform.zones import ZoneGrid
from tests.etl import plain_stays

DATA = trial_data() and trial_data() / "tracking_ny_harbor"
needs_data = pytest.mark.skipif(not (DATA and DATA.is_dir()), reason="SMARTPORT_TRIAL_DATA has no tracking_ny_harbor: the real positions are not part of the project")
USNYC = ROOT / "sample_data" / "sites" / "USNYC"
POINTS, HOUR = "ny_harbor_2020_12_08_points.csv", "NYHarbor_2020_06_30_first_hour.csv"


def test_both_mappings_parse_and_say_utc_and_the_site_its_gap():
    mappings = sources.load_mappings(USNYC / "mappings")
    assert [(mapping.name, mapping.source.name, mapping.clock.kind) for mapping in mappings] == [("tracking_ais", "tracking", "utc"), ("tracking_points", "tracking", "utc")]
    assert sources.match(Path(POINTS), mappings).name == "tracking_points" and sources.match(Path(HOUR), mappings).name == "tracking_ais"
    assert load_site(USNYC).stay_gap_s == 600


@pytest.fixture
def harbour(tmp_path: Path) -> Site:
    """The site folder as the tutorial makes it: a copy, with the zones of the trial data laid into reference/."""
    shutil.copytree(USNYC, tmp_path / "USNYC")
    (tmp_path / "USNYC" / "reference").mkdir(exist_ok=True)
    shutil.copy(DATA / "zones.geojson", tmp_path / "USNYC" / "reference")
    return load_site(tmp_path / "USNYC")


def fixes_of(name: str, site: Site) -> pl.DataFrame:
    mapping = sources.match(Path(name), sources.load_mappings(site.mappings))
    raw = sources.read(DATA / name, mapping).frame
    return raw.select(
        plate_key="plate", fix_at=pl.col("fix_at").str.to_datetime(mapping.time_formats[0], time_unit="us"),
        longitude_deg=pl.col("longitude_deg").cast(pl.Float64), latitude_deg=pl.col("latitude_deg").cast(pl.Float64),
    ).unique(["plate_key", "fix_at"], keep="first", maintain_order=True)  # fmt: skip


EXPECTED = {
    # file: fixes without duplicates, fixes by zone, stays by zone
    POINTS: (
        9091, {"HUDSON_MANHATTAN": 931, "KILL_VAN_KULL": 497, "NEWARK_ELIZABETH": 917, "RED_HOOK": 107, "UPPER_BAY_ANCHORAGE": 654, None: 5985},
        {"HUDSON_MANHATTAN": 23, "KILL_VAN_KULL": 18, "NEWARK_ELIZABETH": 14, "RED_HOOK": 16, "UPPER_BAY_ANCHORAGE": 37},
    ),
    HOUR: (
        8687, {"HUDSON_MANHATTAN": 166, "KILL_VAN_KULL": 1237, "NEWARK_ELIZABETH": 552, "RED_HOOK": 533, "UPPER_BAY_ANCHORAGE": 436, None: 5763},
        {"HUDSON_MANHATTAN": 7, "KILL_VAN_KULL": 39, "NEWARK_ELIZABETH": 20, "RED_HOOK": 32, "UPPER_BAY_ANCHORAGE": 35},
    ),
}  # fmt: skip


@needs_data
@pytest.mark.parametrize("name", [POINTS, HOUR])
def test_zones_and_stays_have_the_counts_found_by_brute_force(name, harbour):
    fixes, grid = fixes_of(name, harbour), ZoneGrid.from_site(harbour)
    fixes_n, by_zone, stays_by_zone = EXPECTED[name]
    assert len(fixes) == fixes_n
    shapes = {code: json.loads(text) for code, text in harbour.tables["dim_zones"].select("zone_code", "geometry").iter_rows()}
    found = grid.names(grid.locate(fixes["longitude_deg"].to_numpy(), fixes["latitude_deg"].to_numpy())).to_list()
    assert found == [plain_stays.label(shapes, grid.codes, x, y) for x, y in fixes.select("longitude_deg", "latitude_deg").iter_rows()]
    assert Counter(found) == by_zone

    made = stays.stitch(stays.pieces(fixes, grid), harbour, grid)
    assert Counter(made["zone_code"]) == stays_by_zone
    plain = plain_stays.stays(fixes, shapes, grid)
    assert made.select("plate_key", "zone_code", "fixes_n").rows() == [(plate, zone, n) for plate, zone, _, _, n in plain]
    assert max(abs((a - b[2]).total_seconds()) for a, b in zip(made["entered_at"], plain, strict=True)) < 0.01
    assert max(abs((a - b[3]).total_seconds()) for a, b in zip(made["left_at"], plain, strict=True)) < 0.01


@needs_data
def test_zone_by_hour_in_utc_and_in_new_york_time(harbour):
    """December is UTC-5 there, June UTC-4: the first hour of 30 June UTC is 20 h of 29 June in New York."""
    grid = ZoneGrid.from_site(harbour)
    winter = stays.stitch(stays.pieces(fixes_of(POINTS, harbour), grid), harbour, grid)
    newark = winter.filter(pl.col("zone_code") == "NEWARK_ELIZABETH")
    assert Counter(newark["entered_at"].dt.hour()) == {10: 1, 11: 4, 12: 1, 14: 2, 15: 1, 16: 1, 17: 1, 18: 2, 19: 1}
    assert Counter(newark["entered_hour"]) == {5: 1, 6: 4, 7: 1, 9: 2, 10: 1, 11: 1, 12: 1, 13: 2, 14: 1}
    # Entered at 02 h UTC on the 8th, so at 21 h on the 7th in New York: the one stay of that local day.
    assert winter.filter(pl.col("entered_day") == dt.date(2020, 12, 7)).select("zone_code", "entered_hour").rows() == [("KILL_VAN_KULL", 21)]
    summer = stays.stitch(stays.pieces(fixes_of(HOUR, harbour), grid), harbour, grid)
    assert Counter(summer["entered_hour"]) == {20: 133} and summer["entered_day"].unique().to_list() == [dt.date(2020, 6, 29)]
