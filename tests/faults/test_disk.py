"""A full disk at every write, a folder that cannot be written: one sentence, the last build answers, and the next run finishes the work."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from etl import cli, pipeline
from etl.errors import DiskError
from etl.settings import Settings
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import content, differences, installation
from tests.faults.test_kills import left_over


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict, dict]:
    """A home with its first load, an inbox with more, the content of the build so far and the content there should be."""
    folder = tmp_path_factory.mktemp("begun")
    files = small_port(days=2, trucks=3, seed=4).write(folder / "files")
    for path in files[::2]:
        (folder / "first").mkdir(exist_ok=True)
        shutil.copy(path, folder / "first")
    pipeline.load(installation(folder / "home"), folder / "first")
    whole = installation(folder / "whole")
    shutil.copytree(folder / "home", whole.home)
    pipeline.load(whole, folder / "files")
    return folder / "home", folder / "files", content(installation(folder / "home")), content(whole)


class Refusing:
    """Stands in for one function of `os`: says 'no space' at the first call from each place in our code that it has not refused yet."""

    def __init__(self, real: object, refused: set[tuple[str, int]]) -> None:
        self.real, self.refused, self.at = real, refused, None

    def __call__(self, *args: object, **kwargs: object) -> object:
        frame = sys._getframe(1)
        lines = []
        while frame:
            if f"{os.sep}etl{os.sep}" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
                lines.append((Path(frame.f_code.co_filename).name, frame.f_lineno))
            frame = frame.f_back
        place = tuple(lines[:2])
        if self.at is None and place and place not in self.refused:
            self.at = place
            self.refused.add(place)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.real(*args, **kwargs)


@pytest.mark.slow
def test_a_full_disk_at_every_place_that_writes_durably(begun: tuple[Path, Path, dict, dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write of ours ends in an fsync or a rename: each place in the code that makes one is told once that there is no space."""
    home, inbox, before, whole = begun
    refused: set = set()
    for name in ("fsync", "replace"):
        for number in range(40):
            settings = installation(tmp_path / f"{name}-{number}")
            shutil.copytree(home, settings.home)
            stand_in = Refusing(getattr(os, name), refused)
            with monkeypatch.context() as patch:
                patch.setattr(os, name, stand_in)
                if stand_in_was_not_asked(settings, inbox, stand_in):
                    break
            assert content(settings) in (before, whole), stand_in.at
            pipeline.load(settings, inbox)
            assert differences(whole, content(settings)) == {}, stand_in.at
            left_over(settings)
            shutil.rmtree(settings.home)
    names = {place[0][0] for place in refused} | {place[1][0] for place in refused if len(place) > 1}
    assert {"quarantine.py", "lake.py", "segments.py", "publishing.py", "pointer.py"} <= names, names
    print(len(refused), sorted(refused))


def stand_in_was_not_asked(settings: Settings, inbox: Path, stand_in: Refusing) -> bool:
    """Load; return whether every place has been refused before. A refused load says so in one sentence."""
    try:
        pipeline.load(settings, inbox)
    except DiskError as error:
        assert "the disk is full" in str(error) and "run the same command again" in str(error)
    else:
        assert stand_in.at is None, f"a refusal at {stand_in.at} was passed over in silence"
    return stand_in.at is None


@pytest.fixture
def small_disk(tmp_path: Path):
    """A tmpfs of 200 MB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def full_at(free: int, small_disk: Path, begun: tuple[Path, Path, dict, dict]) -> str:
    """Load with so many bytes free. Return what happened; assert that the next load finishes once there is room."""
    home, inbox, before, whole = begun
    settings = installation(small_disk / "home")
    shutil.copytree(home, settings.home)
    room = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(room - free, 1))
    try:
        pipeline.load(settings, inbox)
        happened = "finished"
    except DiskError as error:
        assert "the disk is full" in str(error)
        happened = "refused"
    assert content(settings) in (before, whole)
    filler.unlink()
    pipeline.load(settings, inbox)
    assert differences(whole, content(settings)) == {}
    left_over(settings)
    shutil.rmtree(settings.home)
    return happened


def test_a_disk_that_fills_up(begun: tuple[Path, Path, dict, dict], small_disk: Path) -> None:
    assert full_at(40 << 10, small_disk, begun) == "refused"


@pytest.mark.slow
def test_a_disk_that_fills_up_ever_later(begun: tuple[Path, Path, dict, dict], small_disk: Path) -> None:
    """Forty amounts of room, from none to more than the load needs."""
    needed = weight(begun[1].parent / "whole") - weight(begun[0]) + (8 << 20)
    happened = [full_at(needed * number // 40, small_disk, begun) for number in range(41)]
    assert happened[0] == "refused" and happened[-1] == "finished" and happened.count("refused") > 10
    print({word: happened.count(word) for word in set(happened)})


def test_a_folder_that_cannot_be_written(begun: tuple[Path, Path, dict, dict], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Read-only to this user, or to everybody (root writes where the mode forbids it, so it is a mount where one may be made)."""
    home, inbox, before, _whole = begun
    settings = installation(tmp_path / "home")
    shutil.copytree(home, settings.home)
    done = subprocess.run(["mount", "--bind", settings.home, settings.home], capture_output=True, text=True)
    if done.returncode == 0:
        done = subprocess.run(["mount", "-o", "remount,ro,bind", settings.home], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no read-only mount can be made here: {done.stderr.strip()}")
    try:
        assert cli.main(["load", str(inbox), "--home", str(settings.home), "--quiet"]) == 6
        told = capsys.readouterr().err
        assert "cannot be written (read-only file system)" in told and "Traceback" not in told
        assert content(settings) == before, "what is published can be read"
        assert cli.main(["status", "--home", str(settings.home)]) == 0 and cli.main(["verify", "--home", str(settings.home)]) == 0
    finally:
        subprocess.run(["umount", "-l", settings.home], check=True)


