"""The new logs of the sample, loaded as a port would load them: facts equal the truth, and nothing published names a box or what made it a risk."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from etl import pipeline, warehouse
from etl.lake import Lake
from etl.settings import SAMPLE_SITE, Settings
from sample_data.simulator.boxes import CRITERIA


@pytest.fixture(scope="module")
def loaded(port: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("boxes"), site=SAMPLE_SITE)
    assert pipeline.load(settings, port / "inbox").refused == ()
    return settings


def _facts(settings: Settings, sql: str) -> pl.DataFrame:
    build = warehouse.open_build(settings.build, "MACAS")
    try:
        return build.connection.cursor().sql(sql).pl()
    finally:
        build.connection.close()


def _truth(port: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(port / "truth" / f"{name}.parquet")


def _same(found: pl.DataFrame, true: pl.DataFrame) -> None:
    columns = true.columns
    assert found.select(columns).cast(dict(true.schema)).sort(columns, nulls_last=True).equals(true.sort(columns, nulls_last=True), null_equal=True)


def test_filings_are_what_was_filed(port: Path, loaded: Settings):
    true = _truth(port, "filings").drop("visit_no").with_columns(
        lead_min=(pl.col("loading_at") - pl.col("filed_at")).dt.total_microseconds() / 6e7, hold_min=(pl.col("resolved_at") - pl.col("referred_at")).dt.total_microseconds() / 6e7
    )
    assert true.height > 30 and true["hold_min"].count() > 2
    _same(_facts(loaded, "SELECT * FROM fct_manifests"), true)


def test_filings_are_linked_to_the_visits_that_brought_the_boxes(port: Path, loaded: Settings):
    """Of the boxes whose gate-in was logged, each within 3 days of its filing: the visit is the true one, by its entry."""
    true = _truth(port, "filings").join(_truth(port, "visits").select("visit_no", "entry_at", "is_missed_entry"), on="visit_no").filter(~pl.col("is_missed_entry"))
    true = true.filter((pl.col("entry_at") - pl.col("filed_at")).abs() <= pl.duration(days=3)).select("filed_at", "loading_at", "entry_at")
    found = _facts(loaded, "SELECT m.filed_at, m.loading_at, v.entry_at FROM fct_manifests AS m JOIN fct_visits AS v USING (visit_id)")
    assert found.height >= 30
    _same(found, true)


def test_messages_are_what_was_exchanged_and_marseille_fos_is_a_partner(port: Path, loaded: Settings):
    true = _truth(port, "messages").drop("visit_no").with_columns(
        latency_min=(pl.col("received_at") - pl.col("sent_at")).dt.total_microseconds() / 6e7,
        lead_min=(pl.col("needed_at") - pl.coalesce("received_at", "sent_at")).dt.total_microseconds() / 6e7,
    ).drop("needed_at")  # fmt: skip
    _same(_facts(loaded, "SELECT * FROM fct_messages"), true)
    named = _facts(loaded, "SELECT name_en FROM dim_partners WHERE partner_code IN (SELECT partner_code FROM fct_messages)")["name_en"].to_list()
    assert "Port of Marseille Fos (Ci5)" in named and len(named) == 4


def test_dwell_is_the_time_between_the_true_moves(port: Path, loaded: Settings):
    """Moves come by CSV and by CODECO; of local times that are not certain there is no dwell, so those are left out on both sides."""
    moves = _truth(port, "moves")
    keys = ["visit_no", "part"]
    begun = moves.filter(pl.col("move_code").is_in(["discharge", "gate_in"])).select(*keys, begun_at="moved_at", begins="move_code")
    ended = moves.filter(pl.col("move_code").is_in(["gate_out", "load"])).join(begun, on=keys)
    fits = ((pl.col("begins") == "discharge") & (pl.col("move_code") == "gate_out")) | ((pl.col("begins") == "gate_in") & (pl.col("move_code") == "load"))
    true = ended.filter(fits).select("terminal_code", "move_code", since_at="begun_at", moved_at="moved_at", dwell_min=(pl.col("moved_at") - pl.col("begun_at")).dt.total_microseconds() / 6e7)
    found = _facts(loaded, "SELECT terminal_code, move_code, since_at, moved_at, dwell_min FROM fct_container_moves WHERE dwell_min IS NOT NULL")
    doubtful = _facts(loaded, "SELECT f.file_name, d.source_line FROM dq_findings AS d JOIN dq_files AS f USING (file_id) WHERE finding_code = 'ambiguous_time' AND d.source_code = 'moves'").height
    lost = true.join(found, on=true.columns, how="anti")
    assert true.height > 500 and found.join(true, on=true.columns, how="anti").is_empty()
    assert lost.height <= doubtful <= 4


def test_nothing_published_names_a_box_or_a_criterion(port: Path, loaded: Settings):
    """Every table of the build, the lake and the reports, as text and as bytes; the raw file itself holds them, so the search is not in vain."""
    raw = (port / "inbox" / "manifestes_us_2026-09-21.csv").read_text("utf-8")
    boxes = {line.split(";")[0] for line in raw.splitlines()[1:]} - {""}
    needles = boxes | {criterion for criterion in CRITERIA if criterion in raw} | {"SUSPECT"}
    assert len(boxes) > 30 and len(needles - boxes) > 1
    build = warehouse.open_build(loaded.build, "MACAS")
    texts = [repr(build.connection.cursor().execute(f"SELECT * FROM {table.name}").fetchall()).encode() for table in warehouse.BUILD_TABLES]
    build.connection.close()
    lake = Lake(loaded.lake, "MACAS")
    texts += [repr(lake.rows(name).to_dict(as_series=False)).encode() for name in ("stg_manifests", "stg_moves", "dq_rejects")]
    texts += [path.read_bytes() for room in (loaded.build, loaded.lake) for path in room.rglob("*") if path.is_file()]
    assert not [needle for needle in needles for text in texts if needle.encode() in text]
    assert "container_key" not in _facts(loaded, "SELECT * FROM fct_manifests").columns
