"""`smartport verify`: every file of lake, build and quarantine held against its digest; what is damaged is named, with the way back. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl import checksums, quarantine, warehouse
from etl.contracts.reference import load_site
from etl.errors import BuildError
from etl.lake import COPY, DERIVED, Lake, Part
from etl.settings import Settings
from etl.sources import file_id

REBUILD = "Run `smartport rebuild`"
LOST = "Restore it from a backup; or run `smartport rebuild --from-quarantine --accept-loss` to go on without what has left the quarantine"


@dataclass(frozen=True)
class Damage:
    """One damaged file: where (below home), what it is, what is wrong with it and what to do."""

    path: str
    what: str
    fault: str
    do: str


@dataclass(frozen=True)
class Verified:
    """What was looked at. `unsealed_n` files were written by an older program and have no digest: only their being there could be checked."""

    files_n: int
    bytes_n: int
    unsealed_n: int
    damages: tuple[Damage, ...]


def verify(settings: Settings) -> Verified:
    """Read every file once. Takes no lock: a load meanwhile may replace a file under its eyes, which then counts as missing; ask again."""
    port = load_site(settings.site).port_code
    damages: list[Damage] = []
    sizes: list[tuple[int, bool]] = []

    def look(path: Path, what: str, seal: dict, do: str) -> None:
        sizes.append((path.stat().st_size if path.exists() else 0, bool(seal.get("digest"))))
        if fault := checksums.fault_of(path, seal.get("bytes_n"), seal.get("digest")):
            damages.append(_damage(settings, path, what, fault, do))

    raw = dict(_raw_files(settings, port))
    damaged_raw = {name_id for name_id, path in raw.items() if file_id(path) != name_id}
    sizes += [(path.stat().st_size, True) for path in raw.values()]
    damages += [_damage(settings, raw[name_id], "raw file", "its content is not what came", "Its rows are in the lake and a rebuild leaves them alone. Have the file sent again to keep it raw") for name_id in sorted(damaged_raw)]

    lake = _lake(settings, port, damages)
    for part in lake.manifest.parts if lake else ():
        back = REBUILD if _can_be_made_again(part, lake, set(raw) - damaged_raw) else LOST
        look(lake.folder / part.path, f"{part.rows_n:,} rows of {part.table}, {part.first_day} to {part.last_day}", {"bytes_n": part.bytes_n, "digest": part.digest}, back)
    for name, what, seal in _build_files(settings, port, lake, damages):
        look(settings.build / port / name, what, seal, REBUILD)
    return Verified(len(sizes), sum(size for size, _ in sizes), sum(not is_sealed for _, is_sealed in sizes), tuple(damages))


def _damage(settings: Settings, path: Path, what: str, fault: str, do: str) -> Damage:
    return Damage(path.relative_to(settings.home).as_posix(), what, fault, do)


def _raw_files(settings: Settings, port: str) -> Iterator[tuple[str, Path]]:
    for folder in sorted((settings.quarantine / port).glob("*")):
        if path := quarantine.raw_file(settings.quarantine, port, folder.name):
            yield folder.name, path


def _lake(settings: Settings, port: str, damages: list[Damage]) -> Lake | None:
    """Open the lake by its manifest, else by the copy; say which of them is damaged."""
    try:
        lake = Lake(settings.lake, port)
    except BuildError as error:
        try:
            lake = Lake(settings.lake, port, from_copy=True)
            damages.append(_damage(settings, Path(error.where), "list of the lake's files", error.found, f"{REBUILD}: a copy of it is whole"))
        except BuildError:
            damages.append(_damage(settings, Path(error.where), "list of the lake's files", f"{error.found}, and its copy too", f"{REBUILD} --from-quarantine"))
            return None
    copy = lake.folder / f"manifest-{port}-{lake.manifest.n}{COPY}"
    if copy.exists():
        try:
            checksums.opened(copy, "the copy", "")
        except BuildError as error:
            damages.append(_damage(settings, copy, "copy of the list of the lake's files", error.found, "The next load writes a new one"))
    return lake


def _can_be_made_again(part: Part, lake: Lake, raw: set[str]) -> bool:
    """Derived rows are made from staged ones; staged rows from raw files, as long as all of them are kept."""
    counted = {name_id for name_id in part.files if lake.manifest.superseded.get(name_id, 0) <= part.n}
    return part.table in DERIVED or counted <= raw


def _build_files(settings: Settings, port: str, lake: Lake | None, damages: list[Damage]) -> list[tuple[str, str, dict]]:
    try:
        pointer = warehouse.read_pointer(settings.build, port)
    except BuildError as error:
        damages.append(_damage(settings, Path(error.where), "pointer to the build", error.found, REBUILD))
        return []
    if pointer is None:
        return []
    if lake and pointer["manifest_n"] > lake.manifest.n:
        fault = f"the build was made from list {pointer['manifest_n']}, and the newest there is {lake.manifest.n}"
        damages.append(_damage(settings, lake.folder, "list of the lake's files", fault, f"{REBUILD} --from-quarantine, or restore the lake from a backup"))
    months = {segment["name"]: month for month, segment in pointer["segments"].items()}
    return [(name, f"month {months[name]} of the build" if name in months else "ledger of the build", seal) for name, seal in warehouse.sealed_files(pointer)]
