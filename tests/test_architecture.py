"""Imports point one way. The table below is the architecture; a new arrow is a decision, written here first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# room -> the rooms it may import (itself always). The longest matching prefix names a module's room.
ALLOWED: dict[str, set[str]] = {
    "etl.errors": set(),
    "etl.settings": {"etl.errors"},
    "etl.checksums": {"etl.errors"},
    "etl.clock": {"etl.errors"},
    "etl.contracts": {"etl.errors", "etl.clock"},
    "etl.identities": {"etl.errors", "etl.settings", "etl.contracts"},
    "etl.sources": {"etl.errors", "etl.contracts", "etl.clock"},
    "etl.quarantine": {"etl.errors", "etl.settings", "etl.contracts", "etl.sources"},
    "etl.validate": {"etl.errors", "etl.contracts", "etl.clock", "etl.sources", "etl.identities", "etl.quarantine", "etl.settings"},
    "etl.transform": {"etl.errors", "etl.contracts", "etl.clock"},
    "etl.lake": {"etl.errors", "etl.checksums", "etl.contracts", "etl.clock"},
    "etl.warehouse": {"etl.errors", "etl.checksums", "etl.contracts", "etl.clock", "etl.settings"},
    "etl.truth": {"etl.errors", "etl.contracts", "etl.clock", "etl.settings", "etl.identities", "etl.warehouse", "etl.lake", "etl.transform"},
    "etl.loading": {"etl"},
    "etl.engine": {"etl.errors", "etl.contracts", "etl.clock", "etl.settings", "etl.identities", "etl.sources", "etl.lake", "etl.transform", "etl.loading"},
    "etl.operation": {"etl"},
    "etl.pipeline": {"etl"},
    "etl.ports": {"etl"},
    "etl.integrity": {"etl"},
    "etl.cli": {"etl"},
    "etl": set(),
    "sample_data": {"etl.errors", "etl.clock", "etl.contracts", "etl.settings"},
    "dashboard.i18n": {"etl.errors", "etl.contracts"},
    "dashboard.selection": {"dashboard.i18n", "etl.errors", "etl.clock", "etl.contracts"},
    "dashboard.format": {"dashboard.i18n", "etl.clock"},
    "dashboard.metrics": {"dashboard.selection", "dashboard.i18n", "etl.errors", "etl.contracts"},
    "dashboard.details": {"dashboard.selection", "dashboard.metrics", "dashboard.i18n", "etl.errors", "etl.contracts"},
    "dashboard.access": {"dashboard.selection", "dashboard.metrics", "dashboard.i18n", "etl.errors", "etl.contracts", "etl.settings", "etl.identities"},  # identities: to key what is searched for
    "dashboard.builds": {"etl.errors", "etl.settings", "etl.warehouse"},
    "dashboard.answers": {"dashboard.builds", "dashboard.selection", "dashboard.metrics", "etl.clock"},
    "dashboard.store": {"dashboard.access", "dashboard.answers", "dashboard.builds", "dashboard.selection", "dashboard.metrics", "dashboard.details", "etl.errors", "etl.contracts", "etl.warehouse", "etl.settings"},
    "dashboard.forecast": set(),
    "dashboard.exports": {"dashboard.access", "dashboard.selection", "dashboard.metrics", "dashboard.details", "dashboard.builds", "dashboard.store", "dashboard.format", "dashboard.i18n", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.evidence": {"dashboard.access", "dashboard.store", "dashboard.metrics", "dashboard.selection", "etl.errors", "etl.contracts"},
    "dashboard.views": {"dashboard.metrics", "dashboard.selection", "dashboard.format", "dashboard.i18n", "dashboard.evidence", "etl.contracts"},
    "dashboard.briefing": {"dashboard.edge", "dashboard.access", "dashboard.store", "dashboard.builds", "dashboard.metrics", "dashboard.selection", "dashboard.details", "dashboard.format", "dashboard.i18n", "dashboard.evidence", "dashboard.views", "dashboard.exports", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.edge": {"etl.errors", "etl.settings"},
    "dashboard.alerts": {"dashboard.access", "dashboard.store", "dashboard.metrics", "dashboard.selection", "dashboard.format", "dashboard.i18n", "dashboard.briefing", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.checks": {"dashboard.access", "dashboard.alerts", "etl.errors", "etl.contracts", "etl.settings", "etl.operation"},
    "dashboard.widgets": {"dashboard", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.screens": {"dashboard", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.app": {"dashboard", "etl.errors", "etl.contracts", "etl.clock", "etl.settings"},
    "dashboard.server": {"dashboard", "etl.errors", "etl.settings"},
    "dashboard.__main__": {"dashboard", "etl", "sample_data"},
    "dashboard": set(),
}  # fmt: skip
STREAMLIT_ROOMS = {"dashboard.app", "dashboard.server", "dashboard.widgets", "dashboard.screens", "dashboard.__main__"}


def _room(module: str) -> str:
    return max((room for room in ALLOWED if module == room or module.startswith(room + ".")), key=len)


def _modules() -> list[tuple[str, Path]]:
    found = []
    for top in ("etl", "dashboard", "sample_data"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _resolve(name: str, modules: set[str]) -> str | None:
    """The longest prefix of `name` that is one of our modules."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        if ".".join(parts[:size]) in modules:
            return ".".join(parts[:size])
    return None


MODULES = _modules()
NAMES = {name for name, _ in MODULES}


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_follow_the_table(module: str, path: Path) -> None:
    room = _room(module)
    allowed = ALLOWED[room] | {room}
    imported = _imports(path)
    # `from etl import clock` names both etl and etl.clock; the package itself counts only when nothing longer resolves.
    targets = {_resolve(name, NAMES) for name in imported} - {None}
    for target in targets:
        if target in {"etl", "dashboard"} and any(other.startswith(target + ".") for other in targets):
            continue
        assert any(_room(target) == ok or target == ok or target.startswith(ok + ".") for ok in allowed), (
            f"{module} (room {room}) imports {target}; allowed: {sorted(allowed)}"
        )
    if room not in STREAMLIT_ROOMS:
        assert not any(name.split(".")[0] == "streamlit" for name in imported), f"{module}: Streamlit belongs to {sorted(STREAMLIT_ROOMS)}"
    assert not any(name.split(".")[0] == "pandas" for name in imported), f"{module}: no pandas in our code"


def test_no_module_beside_app_shadows_the_standard_library() -> None:
    """`streamlit run dashboard/app.py` puts dashboard/ first on sys.path."""
    import sys

    names = {path.stem for path in (ROOT / "dashboard").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not names & set(sys.stdlib_module_names), names & set(sys.stdlib_module_names)


def test_tests_have_no_packages() -> None:
    """An __init__.py under tests/ would shadow etl."""
    assert not list((ROOT / "tests").rglob("__init__.py"))
