"""The evidence is there before a reader asks: the pages find what the server's thread made, in both views."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from dashboard import store
from dashboard.evidence import beforehand, history, parts, study
from dashboard.selection import VIEWS, Selection


def test_pages_find_the_evidence_made(sel: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    own = store.Store(store.of().settings, "MACAS")
    beforehand.make(own)
    for room, name in ((study, "_headline"), (study, "_panel"), (study, "_rows"), (parts, "_by_step"), (parts, "_by_unit"), (parts, "_by_group"), (history, "_read")):
        monkeypatch.setattr(room, name, lambda *_, made=name: pytest.fail(f"{made} was made again"))
    for view in VIEWS:
        asked = replace(sel, view=view, first_day=sel.first_day.replace(day=1), period="custom")  # the filter period plays no part
        assert study.headline(own, asked).refused is None
        for answer in (study.panel_of(own, asked), parts.by_step(own, asked), parts.by_unit(own, asked), parts.by_group(own, asked, "cargo"), history.past_of(own)):
            assert answer is not None
    with pytest.raises(pytest.fail.Exception):
        study.headline(own, replace(sel, terminal=("TCE",)))  # filters are a question of their own


def test_a_build_is_looked_at_once_and_an_error_ends_nothing(small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    tried = []
    monkeypatch.setattr(beforehand, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(beforehand, "make", lambda found: (tried.append(found), 1 / 0))
    watch, until = beforehand.Watch(store.of), time.monotonic() + 10
    while "could not be made beforehand" not in caplog.text and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    assert tried == [store.of()] and watch.thread.is_alive() and "ZeroDivisionError" in caplog.text
    watch.stop()
    assert not watch.thread.is_alive()
