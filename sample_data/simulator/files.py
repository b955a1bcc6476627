"""Lines into files: names, headers, encodings, line ends, the faults of a file. The only place that writes logs."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sample_data.simulator.faults import BAD_BYTE, Schedule
from sample_data.simulator.rows import local_days

FAULTS = {
    "fault_code": pl.String, "source_code": pl.String, "folder": pl.String, "file_name": pl.String, "source_line": pl.Int64, "visit_no": pl.Int64,
    "place_code": pl.String, "day": pl.Date, "detail": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Log:
    """How one kind of log is dropped: the file name holds {day} and, where there is one file a place, {place}."""

    source_code: str
    name: str
    header: str
    separator: str = ";"
    encoding: str = "utf-8"
    bad_byte: bytes = b"\xff"
    line_end: str = "\n"
    is_gzip: bool = False
    is_weekly: bool = False
    is_interchange: bool = False  # UN/EDIFACT: a "line" is a message, its number the ordinal in the file

    @property
    def first_line(self) -> int:
        return 1 if self.is_interchange else 2


LOGS: dict[str, Log] = {
    "gate_port": Log(
        "gate", "gate_port_{day}.csv",
        "N° passage;Sens;Porte;Voie;Date heure présentation;Date heure passage;Immatriculation;Badge;Transporteur;Conteneur 1;Conteneur 2;Opération;Nature;Rendez-vous",
        encoding="utf-8-sig",
    ),
    "gate_terminal": Log("gate", "gate_terminal_{place}_{day}.csv", "transaction_id,terminal,gate,event,presented,completed,plate,container,container_2,move,cargo,appointment", ","),
    "weighbridge": Log(
        "weighbridge", "pesage_{day}.csv", "Ticket;Pont;Nature pesée;Arrivée;Début;Fin;Immatriculation;Conteneur;Masse brute (t);Bon électronique",
        encoding="cp1252", bad_byte=b"\x81", line_end="\r\n",
    ),
    "customs": Log("customs", "douane_{day}.csv.gz", "DUM;Evenement;Horodatage;Bureau;Regime;SH;Circuit;Resultat;Declarant;Conteneur;Masse brute (kg)", is_gzip=True),
    "appointments": Log("appointments", "rendezvous_{day}.csv", "reference,event,event_time,slot_start,slot_end,terminal,direction,plate,carrier,container", ",", is_weekly=True),
    "slots": Log("slots", "creneaux_{day}.csv", "terminal,slot_start,slot_end,places,published", ",", is_weekly=True),
    "means": Log("means", "moyens_{day}.csv", "means,kind,place,open_from,open_to,capacity_per_hour", ",", is_weekly=True),
    "logbook": Log("logbook", "main_courante_{day}.csv", "Numéro;Nature;Début;Fin;Lieu;Immatriculation;Libellé", is_weekly=True),
    "services": Log("services", "controles_{day}.csv", "Controle;Lieu;Autorite;Arrivee;Debut;Fin;Decision;Resultat;Immatriculation;Conteneur"),
    "moves": Log("moves", "mouvements_{day}.csv", "terminal,move,container,time,cargo", ",", is_weekly=True),
    "codeco": Log("moves", "codeco_{place}_{day}.edi", "", "'", encoding="ascii", bad_byte=b"\xe9", is_interchange=True),
    "manifests": Log(
        "manifests", "manifestes_us_{day}.csv", "Conteneur;Terminal;Depot;Chargement;Niveau;Motif ciblage;Renvoi;Reponse;Scanner;Visite;Resultat;Levee", is_weekly=True,
    ),
    "messages": Log("messages", "messages_{day}.csv", "reference,type,partner,sent,received,answer,reason,due", ",", is_weekly=True),
}  # fmt: skip


class Desk:
    """Takes the lines of all logs, keeps those of days to come, writes the files of days that are over, and notes every fault."""

    def __init__(self, out: Path, schedule: Schedule) -> None:
        self.out, self.schedule = out, schedule
        self.kept: dict[str, list[pl.DataFrame]] = {name: [] for name in LOGS}
        self.faults: list[tuple] = []
        self.lines_n = self.files_n = self.bytes_n = 0
        for folder in ("inbox", "inbox_late"):
            (out / folder).mkdir(parents=True, exist_ok=True)

    def take(self, log: str, lines: pl.DataFrame) -> None:
        if len(lines):
            self.kept[log].append(lines)

    def write(self, first: dt.date, last: dt.date) -> None:
        """Write the files of local days `first` to `last`; lines before `first` go into its file, later ones wait."""
        for name, log in LOGS.items():
            if not self.kept[name]:
                continue
            frame = pl.concat(self.kept[name])
            frame = frame.with_columns(day=local_days(frame["at"]).clip(first)).sort("day", "at", "visit", "line")
            self.kept[name] = [frame.filter(pl.col("day") > last).drop("day")]
            frame = frame.filter(pl.col("day") <= last)
            if log.is_weekly:
                frame = frame.with_columns(day=pl.lit(last))
            by = ["day", "place"] if "{place}" in log.name else ["day"]
            for key, part in frame.partition_by(by, as_dict=True, include_key=True, maintain_order=True).items():
                place = key[1] if len(key) > 1 else ""
                self._file(name, log, key[0], place, part)

    def _file(self, name: str, log: Log, day: dt.date, place: str, part: pl.DataFrame) -> None:
        file_name = log.name.format(day=day, place=place.removesuffix("-G"))
        lines, faults, visits = part["line"].to_list(), part["fault"].to_list(), part["visit"].to_list()
        schedule = self.schedule
        clean = [line for line, fault in zip(lines, faults, strict=False) if fault is None]
        for index, copy, kind in schedule.damage(name, file_name, day, lines, log.separator, **({"every": 1} if log.is_weekly else {"every": 2} if log.is_interchange else {})):
            lines.insert(index + 1, copy)
            faults.insert(index + 1, kind)
            visits.insert(index + 1, visits[index] if kind == "duplicate_line" else -1)
        is_late = (name, day) in schedule.late
        folder = "inbox_late" if is_late else "inbox"
        if (name, day) in schedule.shuffled:
            order = schedule.order(day, len(lines))
            lines, faults, visits = ([values[index] for index in order] for values in (lines, faults, visits))
            self.note("out_of_order_file", log, folder, file_name, None, None, "", day, "all lines shuffled")
        for number, fault in enumerate(faults):
            if fault is not None:
                for code in fault.split("|"):
                    self.note(code, log, folder, file_name, number + log.first_line, visits[number] if visits[number] >= 0 else None, place, day, "")
        if is_late:
            self.note("late_file", log, folder, file_name, None, None, place, day, "lies in inbox_late, to be loaded after inbox")
        for (where, faulty), seconds in (schedule.weighbridge_clock if name == "weighbridge" else schedule.terminal_clock if name == "gate_terminal" else {}).items():
            if faulty == str(day) and where in ("", place):
                self.note("clock_fault", log, folder, file_name, None, None, where, day, f"{seconds // 60:+d} min")
        if log.is_interchange and schedule.miscounts(day):
            self.note("wrong_count", log, folder, file_name, len(lines) + 1, None, place, day, "UNZ says one message more than there are")
        self._put(folder, file_name, log, lines, says=len(lines) + schedule.miscounts(day))
        if name == "gate_port" and day in schedule.overlapping:
            again = f"gate_port_{day}_reprise.csv"
            tail = clean[len(clean) * 3 // 5 :]
            self._put("inbox", again, log, tail)
            self.note("overlapping_file", log, "inbox", again, None, None, "", day, f"{len(tail)} lines that {file_name} holds too")

    def note(self, *row: object) -> None:
        """List one planted fault: code, log or source code, then the columns of FAULTS from `folder` on."""
        code, log, *rest = row
        self.faults.append((code, log if isinstance(log, str) else log.source_code, *rest))

    def _put(self, folder: str, file_name: str, log: Log, lines: list[str], says: int = 0) -> None:
        header, tail = log.header, ""
        if log.is_interchange:
            reference = "".join(letter for letter in file_name if letter.isalnum())[6:17]
            header, tail = f"UNA:+.? 'UNB+UNOA:3+{file_name[7:10]}+ANP+{reference[5:]}:0000+{reference}'", f"UNZ+{says}+{reference}'{log.line_end}"
        data = (log.line_end.join([header, *lines]) + log.line_end + tail).encode(log.encoding).replace(BAD_BYTE.encode(), log.bad_byte)
        if log.is_gzip:
            buffer = io.BytesIO()
            with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=5) as packed:
                packed.write(data)
            data = buffer.getvalue()
        (self.out / folder / file_name).write_bytes(data)
        self.lines_n, self.files_n, self.bytes_n = self.lines_n + len(lines), self.files_n + 1, self.bytes_n + len(data)

    def fault_frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.faults, schema=FAULTS, orient="row").sort("day", "folder", "file_name", "source_line", "fault_code", nulls_last=True)
