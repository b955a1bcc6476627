"""How often the shipped rules are wrong on a port where nothing happens: `python tests/benchmarks/bench_alerts.py [--small 6] [--large 2]`.

Small builds without a pilot effect (independent days and hours, seeded), 200 days each; every window of the last 19 weeks judged as if it were the newest
(dashboard/alerts/trial.py). What it prints stands in docs/alerts.md. Then what one evaluation costs on the last build.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from dashboard import alerts, store  # noqa: E402
from dashboard.alerts import rules, trial  # noqa: E402
from etl.settings import SAMPLE_SITE  # noqa: E402

DAYS, WEEKS = 200, 19
_spec = importlib.util.spec_from_file_location("small_build", ROOT / "tests" / "dashboard" / "small_build.py")
small_build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small_build)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=6, help="ports of 300 trucks a day")
    parser.add_argument("--large", type=int, default=2, help="ports of 2,000 trucks a day")
    given = parser.parse_args()
    shipped = rules.Rules(None, rules.parse((SAMPLE_SITE / rules.FILE).read_text("utf-8"), rules.FILE))
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for per_day, ports in ((300, given.small), (2000, given.large)):
        for seed in range(1, ports + 1):
            with tempfile.TemporaryDirectory() as folder:
                settings = small_build.make(Path(folder), days=DAYS, per_day=per_day, seed=seed, pilot_factor=1.0)
                store.use(settings)
                for each in trial.of(shipped, store.of(), WEEKS):
                    sums[each.rule] = [a + b for a, b in zip(sums[each.rule], (each.windows_n, each.judged_n, each.beyond_n, each.raised_n), strict=True)]
                started, cpu = time.perf_counter(), time.process_time()
                alerts.evaluate(settings)
                print(f"port of {per_day:,} a day, seed {seed}: one evaluation {time.perf_counter() - started:.2f} s, {time.process_time() - cpu:.2f} s of CPU", flush=True)
    print(f"\n{'rule':<16}{'windows':>9}{'judged':>9}{'beyond':>9}{'raised':>9}{'raised, of those judged':>26}")
    for rule, (windows, judged, beyond, raised) in sums.items():
        print(f"{rule:<16}{windows:>9,}{judged:>9,}{beyond:>9,}{raised:>9,}{raised / max(judged, 1):>26.3%}")


if __name__ == "__main__":
    main()
