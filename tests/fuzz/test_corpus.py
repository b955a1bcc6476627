"""What fuzzing found is run again in every test run: no input of the kept corpus breaks its parser, hangs it or goes unaccounted for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fuzz.parsers import TARGETS

CORPUS = Path(__file__).with_name("corpus")
LONGEST_S = 5


@pytest.mark.parametrize("name", TARGETS)
def test_every_kept_input_is_answered_or_refused_in_words(name: str) -> None:
    paths = sorted((CORPUS / name).iterdir())
    assert paths
    for path in paths:
        start = time.process_time()
        TARGETS[name](path.read_bytes())
        assert time.process_time() - start < LONGEST_S, path.name


def test_the_corpus_stays_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 200_000
