"""Watching an inbox: only whole files are loaded, refused ones lie aside with their reason, and what fails for a while is tried again."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import pytest

from etl import pipeline, warehouse
from etl.errors import BusyError
from etl.loading import lock
from etl.loading.report import AfterStep
from etl.operation import doctor, moving
from etl.operation.arrivals import Arrivals
from etl.operation.journal import Journal
from etl.operation.watch import GAVE_UP, LONGEST_WAIT_S, Watch, default_folders, waits, watch
from etl.settings import ROOT
from tests.etl.small_port import HEADERS, small_port
from tests.etl.test_pipeline import PORT, content, differences, installation


class Scene:
    """An inbox, its folders and what the watcher said."""

    def __init__(self, folder: Path) -> None:
        self.settings = installation(folder / "home")
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.refused, self.loaded = default_folders(self.inbox)
        self.log = io.StringIO()
        self.stop = threading.Event()

    def once(self, after_load=lambda *_: (), **about) -> int:
        about = {"quiet_s": 0.0, "attempts": 3, "is_once": True, "refused": self.refused, "loaded": self.loaded, **about}
        return watch(self.settings, Watch(self.inbox, **about), Journal(as_json=True, stream=self.log), self.stop, after_load)

    def said(self, event: str) -> list[dict]:
        return [line for line in map(json.loads, self.log.getvalue().splitlines()) if line["event"] == event]

    def in_inbox(self) -> list[str]:
        return sorted(path.name for path in self.inbox.rglob("*") if path.is_file())


def few(folder: Path) -> list[Path]:
    """Two small files of one day: enough to be loaded."""
    files = small_port(days=1, trucks=3).write(folder)
    for path in files:
        if not path.name.startswith(("gate_port_2026-06-01", "pesage_2026-06-01")):
            path.unlink()
    return sorted(folder.iterdir())


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setattr("etl.operation.watch.FIRST_WAIT_S", 0.01)
    return Scene(tmp_path)


def test_only_whole_files_are_loaded(scene):
    now = 0.0
    arrivals = Arrivals(scene.inbox, 10, clock=lambda: now)
    for name in ("a.csv", ".hidden.csv", "b.csv.part", "c.tmp", "d.csv.crdownload", "sub/e.csv", "f.csv.done"):
        (scene.inbox / name).parent.mkdir(exist_ok=True)
        (scene.inbox / name).write_text("x")
    os.utime(scene.inbox / "a.csv", (0, 0))  # an old time says nothing: copying sets it
    assert arrivals.look() == [] and arrivals.waiting_n == 2
    now = 9.0
    assert arrivals.look() == []
    with (scene.inbox / "sub" / "e.csv").open("a") as file:
        file.write("y")
    now = 10.0
    assert [arrival.path.name for arrival in arrivals.look()] == ["a.csv"]
    now = 21.0
    assert [arrival.path.name for arrival in arrivals.look()] == ["a.csv", "e.csv"]
    (scene.inbox / "b.csv.part").rename(scene.inbox / "b.csv")
    assert [arrival.path.name for arrival in arrivals.look()] == ["a.csv", "e.csv"], "renamed just now"


def test_with_markers_only_marked_files_are_whole(scene):
    files = few(scene.inbox)
    marked = next(path for path in files if path.name.startswith("pesage"))
    marked.with_name(f"{marked.name}.done").touch()
    assert scene.once(needs_marker=True) == 0
    assert sorted(path.name for path in scene.loaded.iterdir()) == [marked.name, f"{marked.name}.done"]
    assert len(scene.in_inbox()) == len(files) - 1


def test_an_inbox_is_loaded_and_left_clean(scene, tmp_path):
    files = few(tmp_path / "files")
    for path in files:
        shutil.copy(path, scene.inbox)
    (scene.inbox / "notes.txt").write_text("not a log")
    (scene.inbox / "half.csv.part").write_text("half")
    steps = []

    def after(settings, report):
        steps.append(report.build_id)
        yield AfterStep("pages", "pages were written")

    assert scene.once(after) == 3
    assert scene.in_inbox() == ["half.csv.part"]
    assert sorted(path.name for path in scene.loaded.iterdir()) == sorted(path.name for path in files)
    reason = (scene.refused / "notes.txt.reason.txt").read_text("utf-8")
    assert "no mapping fits" in reason and (scene.refused / "notes.txt").read_text() == "not a log"
    assert scene.refused.stat().st_mode & 0o777 == scene.loaded.stat().st_mode & 0o777 == 0o700
    assert steps == [warehouse.current_build_id(scene.settings.build, PORT)] and scene.said("after_pages")
    plain = installation(tmp_path / "plain")
    pipeline.load(plain, tmp_path / "files")
    mine, theirs = content(scene.settings), content(plain)
    assert {name: rows for name, rows in differences(theirs, mine).items() if name not in ("dq_files", "meta_builds")} == {}
    # The same again, and once more what was refused: known, moved, nothing overwritten.
    shutil.copy(files[0], scene.inbox)
    (scene.inbox / "notes.txt").write_text("not a log")
    assert scene.once() == 3
    assert (scene.loaded / f"{files[0].name}.2").is_file() and (scene.refused / "notes.txt.2").is_file() and (scene.refused / "notes.txt.2.reason.txt").is_file()


def test_left_files_are_not_loaded_twice(scene):
    files = few(scene.inbox)
    assert scene.once(loaded=None) == 0
    assert len(scene.said("loaded")) == 1 and len(scene.in_inbox()) == len(files)


def test_a_second_loader_waits_and_says_so(scene):
    few(scene.inbox)
    with lock.one_writer(scene.settings.home):
        assert scene.once() == GAVE_UP
    assert len(scene.said("busy")) == 3 and "another load is running" in scene.said("busy")[0]["text"] and scene.said("gave_up")
    assert scene.once() == 0 and scene.in_inbox() == []
    with lock.one_watcher(scene.settings.home, PORT), pytest.raises(BusyError, match="watched already"):
        scene.once()


def test_a_full_disk_passes(scene, monkeypatch):
    few(scene.inbox)
    whole, left = pipeline.load, [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error")]

    def load(*arguments, **named):
        if left:
            raise left.pop(0)
        return whole(*arguments, **named)

    monkeypatch.setattr(pipeline, "load", load)
    assert scene.once() == 0
    assert [line["text"].split(" Trying")[0] for line in scene.said("failed")] == ["No space left on device.", "Input/output error."]
    assert scene.in_inbox() == [] and not scene.refused.exists()


def test_one_file_that_nobody_foresaw_does_not_hold_up_the_others(scene, monkeypatch):
    few(scene.inbox)
    (scene.inbox / "poison_2026-06-01.csv").write_text("12345-A-6")
    whole = pipeline.load

    def load(settings, paths, **named):
        if any(path.name.startswith("poison") for path in paths or ()):
            raise ValueError("could not parse '12345-A-6'")
        return whole(settings, paths, **named)

    monkeypatch.setattr(pipeline, "load", load)
    assert scene.once() == 3
    assert scene.in_inbox() == [] and (scene.refused / "poison_2026-06-01.csv").is_file()
    said = scene.log.getvalue() + (scene.refused / "poison_2026-06-01.csv.reason.txt").read_text()
    assert "ValueError" in said and "12345-A-6" not in said


def test_a_file_that_cannot_be_read_is_set_aside(scene, monkeypatch):
    few(scene.inbox)
    shut = scene.inbox / "gate_port_2026-06-03.csv"
    shut.touch()
    opened, loads = Path.open, pipeline.load

    def refuse(path, *arguments, **named):
        if path == shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything: a mode alone would not do
    monkeypatch.setattr(pipeline, "load", lambda settings, paths, **named: refuse(shut) if shut in paths else loads(settings, paths, **named))
    assert scene.once() == 3
    assert scene.in_inbox() == [] and "Permission denied" in (scene.refused / f"{shut.name}.reason.txt").read_text()


def test_a_file_that_grows_while_it_is_read_is_read_again(scene, monkeypatch):
    files = few(scene.inbox)
    growing = next(path for path in files if path.name.startswith("pesage"))
    rest, whole = growing.read_bytes(), pipeline.load
    growing.write_bytes(rest[: rest.index(b"\n", len(rest) // 2) + 1])

    def load(settings, paths, **named):
        report = whole(settings, paths, **named)
        if growing.stat().st_size < len(rest):
            growing.write_bytes(rest)
        return report

    monkeypatch.setattr(pipeline, "load", load)
    assert scene.once() == 0
    assert scene.said("changed") and scene.in_inbox() == []
    assert (scene.loaded / growing.name).read_bytes() == rest


def test_a_step_that_fails_does_not_end_the_watch(scene):
    few(scene.inbox)

    def after(*_):
        raise RuntimeError("of plate 12345-A-6")

    assert scene.once(after) == 0
    assert "RuntimeError" in scene.said("after_failed")[0]["text"] and "12345" not in scene.log.getvalue()


def test_nothing_raw_is_in_logs_or_reasons(scene):
    """Plates, boxes, badges, firms and declarations stand in every file, rejected lines and refused files among them; none may be told."""
    port = small_port(days=1, trucks=3)
    port.write(scene.inbox)
    bad = "12345-A-6;MSCU1234567;BDG70001;TRANSPORT100;DUM2026000001;DECLARANT300"
    port.raw |= set(bad.split(";"))
    for name, text in {"gate_port_2026-06-09.csv": f"{bad}\n{bad}\n", "inconnu.csv": f"a;b\n{bad}\n", "pesage_sans_date.csv": bad, "tracking_a_2026-06-09.jsonl": f'{{"plaque": "{bad}"\n'}.items():
        (scene.inbox / name).write_text(text)
    (scene.inbox / "gate_port_2026-06-08.csv").write_text("\n".join((HEADERS["gate_port"], f"x;E;P6;12345-A-6;{bad}", "x;BDG70001;P6;6A;;;12345-A-6;;;MSCU1234567;;IMP;SEC;")))
    assert scene.once() == 3
    reasons = [path.read_text("utf-8") for path in scene.refused.glob("*.reason.txt")]
    told = "\n".join([scene.log.getvalue(), *reasons, repr(doctor.examine(scene.settings))])
    assert len(reasons) >= 3 and "gate_port_2026-06-08.csv" in told
    needles = {form for value in port.raw for form in (value, value.replace("-", ""), value.replace("-", " "))}
    assert not [needle for needle in needles if needle in told]


def test_waits_grow_to_five_minutes_and_differ():
    one, other = (list(islice(waits(random.Random(seed)), 20)) for seed in (1, 2))
    assert one != other
    for number, wait in enumerate(one):
        whole = min(2.0**number, LONGEST_WAIT_S)
        assert whole / 2 <= wait <= whole


def test_a_file_moves_between_disks_whole(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x")
    real = os.rename

    def rename(source, target):
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    target = moving.move_into(tmp_path / "loaded", tmp_path / "a.csv")
    assert target.read_text() == "x" and not (tmp_path / "a.csv").exists() and [path.name for path in target.parent.iterdir()] == ["a.csv"]


def test_a_line_is_a_line_whatever_a_file_is_called():
    for as_json in (True, False):
        stream = io.StringIO()
        Journal(as_json=as_json, stream=stream).say("file", "of a\nb\x1b[31m\u202egpj.csv", file="a\nb\u202e")
        assert stream.getvalue().count("\n") == 1 and "\x1b" not in stream.getvalue() and "\u202e" not in stream.getvalue()


def test_asked_to_stop_it_finishes_the_file_and_ends(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    command = [sys.executable, "-m", "dashboard", "watch", str(inbox), "--home", str(tmp_path / "home"), "--poll", "0.1", "--quiet-time", "0.2", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    lines = []
    with contextlib.closing(process.stderr):
        lines.append(json.loads(process.stderr.readline()))
        files = few(tmp_path / "files")
        for path in files:
            shutil.copy(path, inbox)
        while sum(line["event"] == "file_loaded" for line in lines) < len(files):
            lines.append(json.loads(process.stderr.readline()))
        process.send_signal(signal.SIGTERM)
        lines += map(json.loads, process.stderr)
    assert process.wait(30) == 0 and lines[-1]["event"] == "stopped"
    assert not list(inbox.iterdir()) and len(list((tmp_path / "inbox-loaded").iterdir())) == len(files)
    assert all(line["at"] and line["level"] and line["text"] for line in lines)
    assert time.time() - (tmp_path / "home" / "loading.lock").stat().st_mtime < 60
