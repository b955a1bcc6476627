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
from etl.loading.report import AfterStep, BuildReport, FileReport
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


@pytest.fixture
def quick(scene, monkeypatch):
    """A scene whose loader only takes the lock and says of each file that it was loaded, or refused where its name has no mapping: what is tested is the watcher."""

    def load(settings, paths, **_):
        with lock.one_writer(settings.home):
            files = [FileReport(path.name, f"{number:016x}", "loaded" if path.suffix == ".csv" else "refused", read_n=1, message="no mapping fits") for number, path in enumerate(paths or ())]
        return BuildReport(PORT, "0" * 16, bool(files), tuple(files), 0, None, None, None, "4", "2026.3", 0.0)

    monkeypatch.setattr(pipeline, "load", load)
    return scene


def drop(scene: Scene, *names: str) -> list[Path]:
    for name in names:
        (scene.inbox / name).write_text("x\n")
    return [scene.inbox / name for name in names]


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


def test_with_markers_only_marked_files_are_whole(quick):
    drop(quick, "a.csv", "b.csv", "b.csv.done")
    assert quick.once(needs_marker=True) == 0
    assert sorted(path.name for path in quick.loaded.iterdir()) == ["b.csv", "b.csv.done"] and quick.in_inbox() == ["a.csv"]


def test_an_inbox_is_loaded_and_left_clean(scene, tmp_path):
    files = few(tmp_path / "files")
    for path in files:
        shutil.copy(path, scene.inbox)
    (scene.inbox / "notes.txt").write_text("not a log")
    (scene.inbox / "half.csv.part").write_text("half")
    odd, link = "gate_\n\u202evsc.2026-06-01", scene.inbox / "gate_port_2026-06-07.csv"
    (scene.inbox / odd).write_text("no log either")
    (tmp_path / "secret").write_text("of this machine")
    link.symlink_to(tmp_path / "secret")
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
    assert (scene.refused / odd).is_file() and "\\u202e" in (scene.refused / f"{odd}.reason.txt").read_text("utf-8")
    assert (scene.refused / link.name).is_symlink() and "symbolic link" in (scene.refused / f"{link.name}.reason.txt").read_text("utf-8")
    assert (tmp_path / "secret").read_text() == "of this machine" and "of this machine" not in scene.log.getvalue()
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


def test_left_files_are_not_loaded_twice(quick):
    drop(quick, "a.csv", "b.csv")
    assert quick.once(loaded=None) == 0
    assert len(quick.said("loaded")) == 1 and quick.in_inbox() == ["a.csv", "b.csv"]


def test_a_second_loader_waits_and_says_so(quick):
    drop(quick, "a.csv")
    with lock.one_writer(quick.settings.home):
        assert quick.once() == GAVE_UP
    assert len(quick.said("busy")) == 3 and "another load is running" in quick.said("busy")[0]["text"] and quick.said("gave_up")
    assert quick.once() == 0 and quick.in_inbox() == []
    with lock.one_watcher(quick.settings.home, PORT), pytest.raises(BusyError, match="watched already"):
        quick.once()


def test_a_full_disk_passes(quick, monkeypatch):
    drop(quick, "a.csv")
    whole, left = pipeline.load, [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error")]

    def load(*arguments, **named):
        if left:
            raise left.pop(0)
        return whole(*arguments, **named)

    monkeypatch.setattr(pipeline, "load", load)
    assert quick.once() == 0
    assert [line["text"].split(" Trying")[0] for line in quick.said("failed")] == ["No space left on device.", "Input/output error."]
    assert quick.in_inbox() == [] and not quick.refused.exists()


def test_one_file_that_nobody_foresaw_does_not_hold_up_the_others(quick, monkeypatch):
    drop(quick, "a.csv", "b.csv", "q.csv", "z.csv")
    (quick.inbox / "poison_2026-06-01.csv").write_text("12345-A-6")
    whole = pipeline.load

    def load(settings, paths, **named):
        if any(path.name.startswith("poison") for path in paths or ()):
            raise ValueError("could not parse '12345-A-6'")
        return whole(settings, paths, **named)

    monkeypatch.setattr(pipeline, "load", load)
    assert quick.once() == 3
    assert quick.in_inbox() == [] and (quick.refused / "poison_2026-06-01.csv").is_file()
    said = quick.log.getvalue() + (quick.refused / "poison_2026-06-01.csv.reason.txt").read_text()
    assert "ValueError" in said and "12345-A-6" not in said


def test_a_file_that_cannot_be_read_is_set_aside(quick, monkeypatch):
    drop(quick, "a.csv", "z.csv")
    shut = quick.inbox / "gate_port_2026-06-03.csv"
    shut.touch()
    opened, loads = Path.open, pipeline.load

    def refuse(path, *arguments, **named):
        if path == shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything: a mode alone would not do
    monkeypatch.setattr(pipeline, "load", lambda settings, paths, **named: refuse(shut) if shut in paths else loads(settings, paths, **named))
    assert quick.once() == 3
    assert quick.in_inbox() == [] and "Permission denied" in (quick.refused / f"{shut.name}.reason.txt").read_text()


def test_a_file_that_grows_while_it_is_read_is_read_again(quick, monkeypatch):
    growing, _ = drop(quick, "a.csv", "b.csv")
    rest, whole = b"x\ny\n", pipeline.load

    def load(settings, paths, **named):
        report = whole(settings, paths, **named)
        if growing.stat().st_size < len(rest):
            growing.write_bytes(rest)
        return report

    monkeypatch.setattr(pipeline, "load", load)
    assert quick.once() == 0
    assert quick.said("changed") and quick.in_inbox() == []
    assert (quick.loaded / growing.name).read_bytes() == rest


def test_a_step_that_fails_does_not_end_the_watch(quick):
    drop(quick, "a.csv")

    def after(*_):
        raise RuntimeError("of plate 12345-A-6")

    assert quick.once(after) == 0
    assert "RuntimeError" in quick.said("after_failed")[0]["text"] and "12345" not in quick.log.getvalue()


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


WATCH_ONLY = """
import argparse, sys
from etl.cli import run
from etl.operation import command
parser = argparse.ArgumentParser()
command.add_commands(parser.add_subparsers())
sys.exit(run(parser.parse_args()))
"""


def test_asked_to_stop_it_finishes_the_file_and_ends(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    arguments = ["watch", str(inbox), "--home", str(tmp_path / "home"), "--poll", "0.1", "--quiet-time", "0.2", "--json"]
    process = subprocess.Popen([sys.executable, "-c", WATCH_ONLY, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True)
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


@pytest.mark.slow
def test_killed_at_any_moment_it_loads_every_file_once(tmp_path):
    """Twelve kills between the first look and the last move: in the end the build is that of one load, and every file lies in exactly one place."""
    draw = random.Random(7)
    files = small_port(days=3, trucks=3).write(tmp_path / "files")
    inbox = shutil.copytree(tmp_path / "files", tmp_path / "inbox")
    (inbox / "notes.txt").write_text("not a log")
    arguments = ["watch", str(inbox), "--home", str(tmp_path / "home"), "--poll", "0.05", "--quiet-time", "0.1", "--json"]
    kills = 0
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", WATCH_ONLY, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        with contextlib.closing(process.stderr):
            assert json.loads(process.stderr.readline())["event"] == "started"
            time.sleep(draw.uniform(0.1, 4.0))
            process.kill()
        kills += process.wait(30) == -signal.SIGKILL
        for path in [path for path in (tmp_path / "inbox-loaded").glob("*") if draw.random() < 0.3]:
            shutil.copy(path, inbox)  # and some come once more
    scene = Scene.__new__(Scene)
    scene.settings, scene.inbox, scene.log, scene.stop = installation(tmp_path / "home"), inbox, io.StringIO(), threading.Event()
    scene.refused, scene.loaded = default_folders(inbox)
    assert scene.once(quiet_s=0.1) in (0, 3) and kills == 12
    assert scene.in_inbox() == []
    assert {path.name for path in scene.loaded.iterdir()} >= {path.name for path in files}
    assert (scene.refused / "notes.txt").is_file() and (scene.refused / "notes.txt.reason.txt").is_file()
    plain = installation(tmp_path / "plain")
    pipeline.load(plain, tmp_path / "files")
    assert {name for name in differences(content(plain), content(scene.settings)) if name not in ("dq_files", "meta_builds")} == set()
