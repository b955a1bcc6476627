"""What a supplier, a script or somebody with access to the inbox may leave there: each is loaded whole, refused by name or rejected by line, and counted."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from etl import cli, pipeline, quarantine, warehouse
from etl.errors import InputError
from etl.loading import intake
from etl.operation import doctor
from etl.settings import ROOT, SAMPLE_SITE, Settings
from etl.sources import chunks, load_mappings
from etl.sources.reader import BOMB_BYTES, LONGEST_LINE
from etl.warehouse import pointer as pointers
from tests.etl.small_port import HEADERS, small_port
from tests.etl.test_pipeline import PORT, content, differences, installation
from tests.faults.test_kills import Loader

GATE = "gate_port_2026-06-01.csv"
# In a process of its own: how much memory a file takes to be read or refused.
_MEASURED = """
import resource, sys
from pathlib import Path
from etl.errors import InputError
from etl.settings import SAMPLE_SITE
from etl.sources import chunks, load_mappings, match
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = 0
try:
    for raw in chunks(path, match(path, load_mappings(SAMPLE_SITE / "mappings"))):
        rows += raw.read_n
except InputError as error:
    print(error)
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def gate_line(number: int) -> str:
    at = dt.datetime(2026, 6, 1) + dt.timedelta(seconds=number)
    return f"x;E;P6;6A;{at:%d/%m/%Y %H:%M:%S};{at:%d/%m/%Y %H:%M:%S};{10000 + number}-A-1;BDG1;T;MSCU1234567;;IMP;SEC;R"


def gate_file(path: Path, lines: int) -> Path:
    path.write_text("\n".join([HEADERS["gate_port"], *(gate_line(number) for number in range(lines)), ""]), "utf-8")
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return installation(tmp_path / "home")


def meta(settings: Settings, name: str) -> object:
    """Return one value of the build's own row."""
    build = warehouse.open_build(settings.build, PORT)
    found = build.connection.execute(f"SELECT {name} FROM meta_builds").fetchone()[0]
    build.connection.close()
    return found


def measured(path: Path) -> tuple[str, int, int]:
    """Read a file in a process of its own. Return (why it was refused, rows read, megabytes it took)."""
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=600, check=True)
    *told, last = done.stdout.strip().split("\n")
    rows, megabytes = map(int, last.split())
    return " ".join(told), rows, megabytes


def test_names_that_mislead_are_spelled_out(home: Settings, inbox: Path, capsys: pytest.CaptureFixture) -> None:
    """A line break, a terminal's escape, an override of direction, a byte that is no UTF-8, `..`, and a name as long as a name can be."""
    names = ["gate_port_2026-06-01\n.csv", "gate_port_2026-06-01\x1b[2J.csv", "gate_port_2026-06-01_\u202evsc.csv", "gate_port_2026-06-01_\udcff.csv", "gate_port_..2026-06-01.csv", f"gate_port_2026-06-01{'x' * 228}.csv"]
    for number, name in enumerate(names):
        (inbox / name).write_text("\n".join([HEADERS["gate_port"], gate_line(number), ""]), "utf-8")
    assert cli.main(["load", str(inbox), "--home", str(home.home), "--quiet", "--json"]) == 0
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and told.strip().isprintable()
    found = sorted(name for (name,) in warehouse.open_build(home.build, PORT).connection.execute("SELECT file_name FROM dq_files").fetchall())
    assert len(found) == 6 and all(name.isprintable() and len(name) <= 200 for name in found)
    assert {r"gate_port_2026-06-01\x0a.csv", r"gate_port_2026-06-01_\u202evsc.csv", r"gate_port_2026-06-01_\xff.csv", "gate_port_..2026-06-01.csv"} <= set(found)
    whole = content(home)
    pipeline.rebuild(home)
    assert differences(whole, content(home)) == {}, "and they are read again from the quarantine"


def test_links_are_refused_and_what_is_no_file_is_passed_over(home: Settings, inbox: Path, tmp_path: Path) -> None:
    gate_file(inbox / GATE, 3)
    secret = gate_file(tmp_path / "secret.csv", 5)
    (inbox / "gate_port_2026-06-02.csv").symlink_to(secret)
    (inbox / "gate_port_2026-06-03.csv").symlink_to(tmp_path / "nothing")
    (inbox / "more").symlink_to("/etc")
    os.mkfifo(inbox / "gate_port_2026-06-04.csv")
    report = pipeline.load(home, inbox)
    assert (report.read_n, len(report.refused)) == (3, 3) and all("is a symbolic link" in file.message for file in report.refused)
    assert not any(secret.read_bytes() == path.read_bytes() for path in home.quarantine.rglob("*") if path.is_file())


def test_a_file_that_grows_while_it_is_read_counts_once_and_whole(home: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between being named and being copied a line is added: nothing of it is loaded, the next load has all of it. So has a copy made before."""
    path, copied = gate_file(inbox / GATE, 3), inbox / "gate_port_2026-06-04.csv"
    shutil.copy(path, copied)
    gate_file(inbox / "gate_port_2026-06-02.csv", 2)
    real, grown = intake.file_id, []

    def named(asked: Path) -> str:
        name_id = real(asked)
        if asked == path and not grown:
            grown.append(asked)
            with path.open("a", encoding="utf-8") as file:
                file.write(gate_line(7) + "\n")
        return name_id

    monkeypatch.setattr(intake, "file_id", named)
    report = pipeline.load(home, inbox)
    assert grown and [file.message for file in report.refused] == [f"{name}: it was still being written; nothing of it is loaded, the next load reads it" for name in (GATE, copied.name)]
    assert report.read_n == 2
    copied.unlink()
    assert pipeline.load(home, inbox).read_n == 4
    assert warehouse.open_build(home.build, PORT).connection.execute("SELECT count(*), sum(read_n) FROM dq_files").fetchone() == (2, 6)


@pytest.mark.slow
def test_a_writer_that_never_stops(home: Settings, inbox: Path) -> None:
    """Loads while a thread appends all the time: what is loaded is always the content that was named, line for line."""
    path, stop = gate_file(inbox / GATE, 200), threading.Event()

    def append() -> None:
        number = 200
        while not stop.is_set():
            with path.open("a", encoding="utf-8") as file:
                file.write(gate_line(number) + "\n")
            number += 1
            time.sleep(0.001)

    writer = threading.Thread(target=append)
    writer.start()
    try:
        for _ in range(3):
            pipeline.load(home, inbox)
    finally:
        stop.set()
        writer.join()
    pipeline.load(home, inbox)
    lines = len(path.read_text("utf-8").splitlines()) - 1
    about = warehouse.open_build(home.build, PORT).connection.execute("SELECT sum(good_n), max(read_n), sum(rejected_n), sum(read_n - good_n - rejected_n - duplicate_n) FROM dq_files WHERE status_code = 'loaded'").fetchone()
    assert about[0] + about[2] >= lines and about[1] == lines and about[3] == 0


def test_a_line_without_end_is_refused_in_bounded_memory(inbox: Path) -> None:
    """10 GB without a line end, as a sparse file: refused after one block."""
    path = gate_file(inbox / GATE, 3)
    os.truncate(path, 10 << 30)
    told, rows, megabytes = measured(path)
    assert f"a line has more than {LONGEST_LINE >> 20} MB" in told and rows <= 3 and megabytes < 400, megabytes


def test_a_segment_without_end_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    shutil.copytree(SAMPLE_SITE, tmp_path / "site", dirs_exist_ok=True)
    edifact = next(mapping for mapping in load_mappings(SAMPLE_SITE / "mappings") if mapping.format == "edifact") if any(mapping.format == "edifact" for mapping in load_mappings(SAMPLE_SITE / "mappings")) else None
    if edifact is None:
        pytest.skip("the sample site reads no UN/EDIFACT")
    path = tmp_path / "endless.edi"
    path.write_bytes(b"UNB+UNOA:3+A+B+260921:1230+R1'UNH+1+CODECO:D:00B:UN'BGM+34")
    os.truncate(path, 1 << 30)
    with pytest.raises(InputError, match="follow each other without the end of a message"):
        list(chunks(path, edifact))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["zeros", "blank lines"])
def test_a_gzip_bomb_is_refused_at_a_stated_limit(inbox: Path, what: str) -> None:
    """2 GB in 2 MB: refused before it is unpacked."""
    path = inbox / f"{GATE}.gz"
    piece = {"zeros": bytes(1 << 20), "blank lines": b"\n" * (1 << 20)}[what]
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(f"{HEADERS['gate_port']}\n{gate_line(1)}\n".encode())
        for _ in range(512):
            file.write(piece)
    told, rows, megabytes = measured(path)
    assert rows <= 1 and megabytes < 2500, megabytes
    assert "a line has more than" in told if what == "zeros" else f"unpacks to more than 200 times its size and {BOMB_BYTES >> 20} MB" in told


@pytest.mark.parametrize("encoding", ["utf-16", *(pytest.param(name, marks=pytest.mark.slow) for name in ("utf-8-sig", "cp1252", "cp037", "shift_jis"))])
def test_an_encoding_nobody_announced(home: Settings, inbox: Path, encoding: str) -> None:
    """What can be read as the mapping says is read; the rest is refused or rejected with the byte that cannot be."""
    text = "\n".join([HEADERS["gate_port"], gate_line(1), gate_line(2).replace(";T;", ";Société Générale;" if encoding != "shift_jis" else ";輸送;"), ""])
    (inbox / GATE).write_bytes(text.encode(encoding, "replace"))
    gate_file(inbox / "gate_port_2026-06-02.csv", 2)
    report = pipeline.load(home, inbox)
    one = next(file for file in report.files if file.file_name == GATE)
    if encoding == "utf-8-sig":
        assert (one.status, one.staged_n, one.rejected_n) == ("loaded", 2, 0)
    else:  # the header itself has letters that are no UTF-8
        assert one.status == "refused" and ("is not utf-8" in one.message or "UTF-16 mark" in one.message or "is missing" in one.message), one.message
    assert next(file for file in report.files if file.file_name != GATE).staged_n == 2


@pytest.mark.slow
def test_loaders_at_once_wait_for_nobody_and_lose_nothing(tmp_path: Path, inbox: Path, home: Settings) -> None:
    files = small_port(days=1, trucks=3, seed=8).write(inbox)
    loaders, statuses = [Loader() for _ in range(3)], []
    for loader in loaders:
        loader.process.stdin.write(f"{home.home}\t{inbox}\n")
    for loader in loaders:
        loader.process.stdout.readline()
        statuses.append(int(loader.process.stdout.readline()) >> 8)
        loader.close()
    assert 0 in statuses and set(statuses) <= {0, 1}  # 1: told who holds the lock
    whole = installation(tmp_path / "whole")
    pipeline.load(whole, inbox)
    assert differences(content(whole), content(home)) == {} and len(files) > 5


@pytest.mark.slow
def test_a_clock_that_jumps_back_removes_nothing_early(home: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced files live by the clock's hours. After a jump they may live longer, and the build on show never depends on it."""
    gate_file(inbox / GATE, 3)
    pipeline.load(home, inbox)
    first = warehouse.open_build(home.build, PORT)
    for shift in (dt.timedelta(days=2), -dt.timedelta(days=2), -dt.timedelta(days=3)):
        now = dt.datetime.now(dt.UTC) + shift
        clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda _, now=now: now, fromisoformat=dt.datetime.fromisoformat), timedelta=dt.timedelta, UTC=dt.UTC)
        monkeypatch.setattr(pointers, "dt", clock)
        gate_file(inbox / f"gate_port_2026-06-{10 - shift.days:02}.csv", 12 - shift.days)
        report = pipeline.load(home, inbox)
        pointer = warehouse.read_pointer(home.build, PORT)
        assert report.is_changed and pointer["build_id"] == report.build_id
        assert all((home.build / PORT / entry["name"]).exists() for entry in pointer["replaced"])
        assert first.connection.cursor().execute("SELECT count(*) FROM fct_visits").fetchone(), "an open page keeps its own build"


def test_a_time_far_ahead_is_loaded_and_does_not_move_the_ports_now(tmp_path: Path, home: Settings, inbox: Path) -> None:
    """One line of 2048 closed every open visit, and pages opened on a year without data. A second source that tells of that time makes it count."""
    port = small_port(days=2, trucks=3, seed=8)
    pipeline.load(home, port.write(inbox))
    before, now = content(home), meta(home, "now_at")

    def line(at: str) -> str:
        return f"x;E;P6;6A;{at};{at};11111-A-1;BDG1;T;MSCU1234567;;IMP;SEC;R"

    newest = f"{now + dt.timedelta(hours=1, minutes=20):%d/%m/%Y %H:%M:%S}"  # local: twenty minutes after
    ahead = inbox / "gate_port_2026-06-09.csv"
    ahead.write_text("\n".join([HEADERS["gate_port"], line(newest), line("03/06/2048 08:00:00"), ""]), "utf-8")
    pipeline.load(home, inbox)
    assert meta(home, "now_at") == now + dt.timedelta(minutes=20), "the honest line of the same file counts"
    assert set(before["fct_visits"]) - set(content(home)["fct_visits"]) == set(), "no visit was closed by it"
    assert len(content(home)["fct_visits"]) == len(before["fct_visits"]) + 2, "and it is loaded"
    told = [one.found for one in doctor.examine(home, dt.datetime(2047, 1, 1)) if one.area == "clock" and one.level == "WARN"]
    assert told == ["gate tells of 2048-06-03 08:00 UTC, more than a month after everything else: it does not count as 'now'"], told
    at_once = installation(tmp_path / "at-once")
    pipeline.load(at_once, inbox)
    assert differences(content(at_once), content(home)) == {}, "whatever the order"
    (inbox / "mouvements_2048-06-03.csv").write_text(f"{HEADERS['mouvements']}\nTC3,GATE_IN,MSCU1234567,2048-06-03T09:00:00Z,GP\n", "utf-8")
    pipeline.load(home, inbox)
    assert meta(home, "now_at") == dt.datetime(2048, 6, 3, 9)


def test_a_clock_that_jumps_ahead_for_a_day_expires_no_raw_file(home: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [quarantine.keep_file(home.quarantine, PORT, "one", gate_file(inbox / GATE, 3))]
    quarantine.expire_daily(home.quarantine, 400)
    real = time.time
    for days_ahead, is_kept in ((3650, True), (0, True), (3650, True), (3652, False)):  # ten years for a day, set right; then for good
        monkeypatch.setattr(quarantine.time, "time", lambda ahead=days_ahead: real() + ahead * 86_400)
        quarantine.expire_daily(home.quarantine, 400)
        os.utime(home.quarantine / ".expired", (quarantine.time.time(),) * 2)  # as this clock would have written it
        assert kept[0].exists() == is_kept, days_ahead


@pytest.mark.slow
def test_a_hundred_thousand_tiny_files(home: Settings, inbox: Path) -> None:
    """A line a file, as some systems drop them. docs/faults.md has the figures."""
    files_n = int(os.environ.get("SMARTPORT_TINY_FILES", "100000"))
    for number in range(files_n):
        folder = inbox / f"{number // 1000:04}"
        folder.mkdir(exist_ok=True)
        (folder / f"gate_port_2026-06-01_{number:07}.csv").write_text(f"{HEADERS['gate_port']}\n{gate_line(number)}\n", "utf-8")
    start, cpu = time.perf_counter(), time.process_time()
    report = pipeline.load(home, inbox)
    print(f"{files_n:,} files in {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} s of CPU, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10:,} MB")
    assert (report.read_n, report.rejected_n, report.refused, len(report.files)) == (files_n, 0, (), files_n)
    start = time.perf_counter()
    assert not pipeline.load(home, inbox).is_changed
    print(f"again, nothing new: {time.perf_counter() - start:.0f} s")
