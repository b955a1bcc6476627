"""Whatever file is damaged: it is named, nothing wrong is ever shown or loaded from it, and one command brings back what can be brought back."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from dashboard.builds import Builds
from etl import cli, integrity, pipeline, warehouse
from etl.errors import BuildError, SmartportError
from etl.lake import Lake
from etl.settings import Settings
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import PORT, content, differences, installation

QUESTION = "SELECT count(*), sum(hash(v)::HUGEINT) FROM fct_visits AS v"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict]:
    """A small port loaded in two loads, and its whole content."""
    folder = tmp_path_factory.mktemp("sound")
    files = small_port(days=2, trucks=3, seed=3).write(folder / "files")
    settings = installation(folder / "home")
    for number, part in enumerate((files[::2], files[1::2])):
        inbox = folder / f"inbox-{number}"
        inbox.mkdir()
        for path in part:
            shutil.copy(path, inbox)
        pipeline.load(settings, inbox)
    return settings, content(settings)


@pytest.fixture
def own(sound: tuple[Settings, dict], tmp_path: Path) -> Settings:
    shutil.copytree(sound[0].home, tmp_path / "home")
    return installation(tmp_path / "home")


def flip(path: Path, at: float = 0.5) -> None:
    """Change one bit of a file, which keeps its size."""
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * at)] ^= 4
    path.write_bytes(data)


def segment(settings: Settings) -> Path:
    return settings.build / PORT / next(iter(warehouse.read_pointer(settings.build, PORT)["segments"].values()))["name"]


def part(settings: Settings, table: str) -> Path:
    lake = Lake(settings.lake, PORT)
    return lake.folder / lake.parts(table)[0].path


def manifest(settings: Settings) -> Path:
    return settings.lake / "v1" / f"manifest-{PORT}-{Lake(settings.lake, PORT).manifest.n}.json"


PLACES = {
    "a month of the build": (segment, "month "), "the ledger": (lambda settings: settings.build / PORT / warehouse.read_pointer(settings.build, PORT)["ledger"], "ledger of the build"),
    "the pointer": (lambda settings: settings.build / PORT / "current.json", "pointer to the build"), "the manifest": (manifest, "list of the lake's files"),
    "staged rows": (lambda settings: part(settings, "stg_gate"), "rows of stg_gate"), "rows about files": (lambda settings: part(settings, "int_files"), "rows of int_files"),
    "rejects": (lambda settings: part(settings, "dq_rejects"), "rows of dq_rejects"), "derived rows": (lambda settings: part(settings, "int_zone_pieces"), "rows of int_zone_pieces"),
}  # fmt: skip


USUAL = (("the manifest", "a bit"), ("staged rows", "half of it"))  # of every run; the others are slow
CASES = [(place, how) for place in PLACES for how in ("a bit", "half of it", "all of it") if (place, how) != ("the manifest", "all of it")]


@pytest.mark.parametrize(("place", "how"), [pytest.param(*case, marks=[] if case in USUAL else pytest.mark.slow) for case in CASES])
def test_damage_is_named_and_one_command_repairs_it(sound: tuple[Settings, dict], own: Settings, place: str, how: str, capsys: pytest.CaptureFixture) -> None:
    assert integrity.verify(own).damages == ()
    find, what = PLACES[place]
    path = find(own)
    if how == "a bit":
        flip(path)
    elif how == "half of it":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif place == "the pointer":
        path.write_bytes(b"")  # without a pointer there is no build: nothing is damaged
    else:
        path.unlink()
    assert cli.main(["verify", "--home", str(own.home), "--json"]) == 4
    (damage,) = json.loads(capsys.readouterr().out)["damages"]
    assert own.home / damage["path"] == path and what in damage["what"] and "`smartport rebuild`" in damage["do"]
    assert cli.main(["rebuild", "--home", str(own.home), "--quiet"]) == 0
    assert integrity.verify(own).damages == ()
    assert differences(sound[1], content(own)) == {}


@pytest.mark.parametrize("at", [0.001, 0.6])
def test_the_dashboard_shows_the_sound_answer_or_a_sentence(sound: tuple[Settings, dict], own: Settings, at: float) -> None:
    """A changed bit anywhere in a month: DuckDB holds every block it reads against its checksum, and the store says so in words."""
    flip(segment(own), at)
    right = Builds(sound[0], PORT).opened().frame(QUESTION).row(0)
    try:
        assert Builds(own, PORT).opened().frame(QUESTION).row(0) == right
    except BuildError as error:
        assert "smartport verify" in str(error)


@pytest.mark.slow
def test_no_bit_of_a_month_can_lie(sound: tuple[Settings, dict], own: Settings) -> None:
    draw, path, told = random.Random(2), segment(own), {"right": 0, "refused": 0}
    whole, right = path.read_bytes(), Builds(sound[0], PORT).opened().frame(QUESTION).row(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            assert Builds(own, PORT).opened().frame(QUESTION).row(0) == right
            told["right"] += 1  # the bit lies in a block of another table
        except BuildError:
            told["refused"] += 1
    assert told["refused"] > 0
    print(told)


def test_a_load_refuses_a_damaged_part_instead_of_reading_it(own: Settings, tmp_path: Path) -> None:
    flip(part(own, "stg_gate"))
    before = warehouse.read_pointer(own.build, PORT)
    small_port(days=3, trucks=3, seed=3).write(tmp_path / "inbox")
    with pytest.raises(BuildError, match=r"a file of the lake is damaged \(\d+ rows of stg_gate.*its content is not what was written.*smartport verify"):
        pipeline.load(own, tmp_path / "inbox")
    assert warehouse.read_pointer(own.build, PORT) == before


@pytest.mark.slow
def test_a_damaged_month_is_not_copied_into_a_sound_one(own: Settings, tmp_path: Path) -> None:
    """A small load patches a copy of the month. Damage in a block it does not read would be sealed anew with the copy."""
    whole = segment(own).read_bytes()
    small_port(days=3, trucks=3, seed=3).write(tmp_path / "inbox")
    for at in (0.3, 0.5, 0.7):
        flip(segment(own), at)
        with pytest.raises((SmartportError, duckdb.Error)):
            pipeline.load(own, tmp_path / "inbox")
        segment(own).write_bytes(whole)


def test_what_cannot_be_made_again_is_refused_by_name(sound: tuple[Settings, dict], own: Settings, capsys: pytest.CaptureFixture) -> None:
    shutil.rmtree(own.quarantine)
    flip(part(own, "stg_gate"))
    (damage,) = integrity.verify(own).damages
    assert "Restore it from a backup" in damage.do
    assert cli.main(["rebuild", "--home", str(own.home), "--quiet"]) == 4
    assert "rows of stg_gate" in capsys.readouterr().err
    assert differences(sound[1], content(own)) == {}, "the last build stands"
    assert cli.main(["rebuild", "--from-quarantine", "--home", str(own.home), "--quiet"]) == 4
    assert "loaded files are no longer in it" in capsys.readouterr().err


def test_a_lake_without_any_list_is_read_anew_from_the_quarantine(sound: tuple[Settings, dict], own: Settings, capsys: pytest.CaptureFixture) -> None:
    path = manifest(own)
    flip(path)
    flip(path.with_suffix(".copy"))
    assert integrity.verify(own).damages[0].do.endswith("--from-quarantine")
    assert cli.main(["rebuild", "--home", str(own.home), "--quiet"]) == 4
    assert "--from-quarantine" in capsys.readouterr().err
    assert cli.main(["rebuild", "--from-quarantine", "--home", str(own.home), "--quiet"]) == 0
    assert integrity.verify(own).damages == () and differences(sound[1], content(own)) == {}


@pytest.mark.slow
def test_a_lost_list_is_noticed(sound: tuple[Settings, dict], own: Settings) -> None:
    """Without its newest manifest the lake is an older whole; the build knows better."""
    manifest(own).unlink()
    (damage,) = integrity.verify(own).damages
    assert "the build was made from list" in damage.fault
    assert cli.main(["rebuild", "--from-quarantine", "--home", str(own.home), "--quiet"]) == 0
    assert integrity.verify(own).damages == () and differences(sound[1], content(own)) == {}


@pytest.mark.slow
def test_a_damaged_raw_file_is_named_and_never_read_in_place_of_its_rows(sound: tuple[Settings, dict], own: Settings) -> None:
    path = next(iter(sorted(own.quarantine.glob(f"{PORT}/*/raw/gate_port*"))))
    flip(path)
    (damage,) = integrity.verify(own).damages
    assert damage.what == "raw file"
    pipeline.rebuild(own)
    assert differences(sound[1], content(own)) == {}


def test_what_an_older_program_wrote_opens_without_digests(sound: tuple[Settings, dict], own: Settings) -> None:
    for path in (own.build / PORT / "current.json", manifest(own)):
        told = json.loads(path.read_bytes())
        told.pop("sha256")
        told.pop("ledger_seal", None)
        for each in (*told.get("segments", {}).values(), *told.get("parts", ())):
            each.pop("digest"), each.pop("bytes_n")
        path.write_text(json.dumps(told))
    found = integrity.verify(own)
    assert found.damages == () and found.unsealed_n == found.files_n - len(list(own.quarantine.glob(f"{PORT}/*/raw/*")))
    assert differences(sound[1], content(own)) == {}
