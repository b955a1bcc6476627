"""Fuzz one parser by coverage: `python tests/fuzz/run.py csv WORK 600` (seconds). By hand: atheris is in no lock file (pip install atheris).

WORK/<parser> collects what reaches new code, beginning with the corpus kept here; a finding is left there as crash-* or timeout-*.
`python tests/fuzz/run.py csv WORK keep` then writes the smallest set with the same coverage to WORK/csv-small; what is worth replaying goes to tests/fuzz/corpus/csv.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import atheris

CORPUS = Path(__file__).with_name("corpus")
LONGEST_INPUT, LONGEST_S = 4096, 5
_INSTRUMENTED = ["etl.sources", "etl.validate", "etl.contracts.reference", "etl.transform.zones", "dashboard.selection", "pydifact"]

with atheris.instrument_imports(include=_INSTRUMENTED):
    from tests.fuzz.parsers import TARGETS


def main() -> None:
    name, work, what = sys.argv[1], Path(sys.argv[2]) / sys.argv[1], sys.argv[3]
    kept = CORPUS / name
    work.mkdir(parents=True, exist_ok=True)
    if what != "merging":
        for path in kept.glob("*"):
            shutil.copy(path, work)
    options = [sys.argv[0], f"-max_len={LONGEST_INPUT}", f"-timeout={20 * LONGEST_S}", "-rss_limit_mb=3000", "-print_final_stats=1", f"-artifact_prefix={work}-"]
    if what == "keep":
        small = work.with_name(f"{name}-small")
        shutil.rmtree(small, ignore_errors=True)
        small.mkdir()
        # The merging runs this file again, by way of a shell.
        options = [f"{sys.executable} {__file__} {name} {sys.argv[2]} merging", *options[1:], "-merge=1", str(small), str(work)]
    elif what == "merging":
        options = [sys.argv[0], *sys.argv[4:]]
    else:
        options += [f"-max_total_time={what}", str(work)]

    def timed(data: bytes) -> None:
        start = time.process_time()
        TARGETS[name](data)
        assert time.process_time() - start < LONGEST_S, "a hang"  # of the parser: on a busy machine the clock on the wall says nothing

    atheris.Setup(options, timed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
