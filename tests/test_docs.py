"""What the papers promise exists: links lead somewhere, make targets are real, generated documents are current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "sample_data").rglob("*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", paper.read_text("utf-8")):
        if "://" not in target:
            assert (paper.parent / target).exists(), f"{paper.name} links to {target}, which is not there"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_named_exist(paper: Path) -> None:
    named = set(re.findall(r"`make ([a-z-]+)", paper.read_text("utf-8")))
    assert named <= TARGETS, f"{paper.name} names {named - TARGETS}"


@pytest.mark.parametrize("module", ["etl.contracts.dictionary", "dashboard.metrics.catalogue"])
def test_generated_documents_are_current(module: str) -> None:
    ran = subprocess.run([sys.executable, "-m", module, "--check"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_command_of_the_readme_is_a_command() -> None:
    ran = subprocess.run([sys.executable, "-m", "dashboard", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for command in set(re.findall(r"`smartport ([a-z]+)", (ROOT / "README.md").read_text("utf-8"))):
        assert re.search(rf"\b{command}\b", ran.stdout), f"README names `smartport {command}`; known: {ran.stdout}"


@pytest.mark.slow
def test_every_benchmark_can_be_read() -> None:
    """Nobody runs them all on every change; what they take from other rooms must still be there."""
    names = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("*.py"))
    read = f"import importlib, sys; sys.path[:0] = ['tests/benchmarks', 'tests']; [importlib.import_module('tests.benchmarks.' + name) for name in {names}]"
    ran = subprocess.run([sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
