"""What the tests of the Spark engine share: a JVM that starts fast, the New York site with its zones, two ports in one inbox. No test lives here."""

from __future__ import annotations

import shutil
from pathlib import Path

from etl.settings import ROOT, SAMPLE_SITE, Settings, trial_data
from tests.etl.small_port import small_port

SMALL = ROOT / "sample_data" / "small"
HARBOUR = trial_data() and trial_data() / "tracking_ny_harbor"
HARBOUR_FILES = ("ny_harbor_2020_12_08_points.csv", "NYHarbor_2020_06_30_first_hour.csv")
# A JVM that lives for seconds: compiling less costs less than it saves, and one core has no use for a parallel collector.
QUICK = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", "spark.driver.memory": "1g",
    "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}  # fmt: skip


def two_ports(folder: Path) -> tuple[Path, tuple[Settings, Settings]]:
    """Return an inbox with a folder for each of two ports, and their settings for one home."""
    site = folder / "sites" / "USNYC"
    shutil.copytree(ROOT / "sample_data" / "sites" / "USNYC", site)
    (site / "reference").mkdir()
    shutil.copy(HARBOUR / "zones.geojson", site / "reference")
    (site / "demo.key").write_text("a fixed key, so that two homes say the same")
    inbox = folder / "inbox"
    (inbox / "USNYC").mkdir(parents=True)
    for name in HARBOUR_FILES:
        shutil.copy(HARBOUR / name, inbox / "USNYC")
    small_port(days=2).write(inbox / "MACAS")
    return inbox, (Settings(folder / "home", SAMPLE_SITE), Settings(folder / "home", site))
