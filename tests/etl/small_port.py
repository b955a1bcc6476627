"""A few trucks in a few log files, in the formats of the sample site: small enough to load hundreds of times. No test lives here."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from etl.settings import SAMPLE_SITE

HEADERS = {
    "gate_port": "Horodatage fichier;Sens;Porte;Voie;Date heure présentation;Date heure passage;Immatriculation;Badge;Transporteur;Conteneur 1;Conteneur 2;Opération;Nature;Rendez-vous",
    "gate_terminal": "event,gate,presented,completed,plate,container,container_2,move,cargo,appointment",
    "pesage": "Pont;Nature pesée;Arrivée;Début;Fin;Immatriculation;Conteneur;Masse brute (t);Bon électronique",
    "controles": "Controle;Lieu;Autorite;Arrivee;Debut;Fin;Decision;Resultat;Immatriculation;Conteneur",
    "douane": "DUM;Evenement;Horodatage;Bureau;Regime;SH;Circuit;Resultat;Declarant;Conteneur;Masse brute (kg)",
    "rendezvous": "reference,event,event_time,slot_start,slot_end,terminal,direction,plate,carrier,container",
    "main_courante": "Numéro;Nature;Début;Fin;Lieu;Immatriculation;Texte",
    "mouvements": "terminal,move,container,time,cargo",
    "manifestes_us": "Conteneur;Terminal;Depot;Chargement;Niveau;Motif ciblage;Renvoi;Reponse;Scanner;Visite;Resultat;Levee",
    "messages": "reference,type,partner,sent,received,answer,reason,due",
    "creneaux": "terminal,slot_start,slot_end,places,published",
    "moyens": "means,kind,place,open_from,open_to,capacity_per_hour",
    "tracking_a": "",
}
ENDINGS = dict.fromkeys(HEADERS, "csv") | {"tracking_a": "jsonl", "douane": "csv.gz"}
CRITERION = "ROUTAGE INHABITUEL"  # why a box was targeted: never mapped, never to be found again
LOCAL = "%d/%m/%Y %H:%M:%S"
ISO = "%Y-%m-%d %H:%M:%S"


@dataclass
class SmallPort:
    """Lines by (kind, date). `raw` collects every identity written, so that a test can search for them."""

    lines: dict[tuple[str, dt.date], list[str]] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)

    def add(self, kind: str, on: dt.date, line: str) -> None:
        self.lines.setdefault((kind, on), []).append(line)

    def write(self, folder: Path, split: int = 1) -> list[Path]:
        """Write one file a kind and day, or `split` of them with the lines dealt out."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for (kind, on), lines in self.lines.items():
            for part in range(split):
                mine = lines[part::split]
                if not mine:
                    continue
                header = [HEADERS[kind]] if HEADERS[kind] else []
                data = "".join(f"{line}\n" for line in (*header, *mine)).encode("cp1252" if kind == "pesage" else "utf-8")
                name = f"{kind}_{on}{f'_{part}' if split > 1 else ''}.{ENDINGS[kind]}"
                (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
                paths.append(folder / name)
        return paths


def small_port(days: int = 4, trucks: int = 6, seed: int = 1, first: dt.date = dt.date(2026, 6, 1), faults: bool = True) -> SmallPort:
    """Simulate in the plainest way. Local time is UTC+1 in June; clock changes have their own tests."""
    draw, port = random.Random(seed), SmallPort()
    for number in range(days):
        on = first + dt.timedelta(days=number)
        for truck in range(trucks):
            _visit(port, draw, on, number * trucks + truck, faults)
        start = dt.datetime.combine(on, dt.time(0))
        port.add("moyens", on, f"lane-6A,lane,6A,{start.isoformat()}Z,{(start + dt.timedelta(hours=20)).isoformat()}Z,60")
        for days_before, places in ((3, number % 3), (1 - number % 2 * 2, 4)):  # said again the day before, or after the slot
            said = start + dt.timedelta(hours=9) - dt.timedelta(days=days_before)
            port.add("creneaux", said.date(), f"TC3,{start.isoformat()}Z,{(start + dt.timedelta(hours=1)).isoformat()}Z,{places},{said.isoformat()}Z")
        if draw.random() < 0.5:
            begin = start + dt.timedelta(hours=draw.randrange(6, 20))
            port.add("main_courante", on, f"MC{number:04d};FERMETURE;{begin:{LOCAL}};{begin + dt.timedelta(hours=draw.choice([1, 30])):{LOCAL}};WB1;;fermeture")
        if faults:
            port.add("gate_port", on, "only;three;fields")
    return port


def _visit(port: SmallPort, draw: random.Random, on: dt.date, number: int, faults: bool) -> None:
    hour = dt.timedelta(hours=1)
    plate, box, badge = f"{draw.randrange(10000, 10012)}-A-{draw.randrange(1, 4)}", f"MSCU{draw.randrange(1000000, 1000040)}", f"BDG{draw.randrange(70000, 70020)}"
    carrier, dum, declarant, ref = f"TRANSPORT{draw.randrange(100, 105)}", f"DUM2026{number:06d}", f"DECLARANT{draw.randrange(300, 304)}", f"RDV{number:06d}"
    port.raw |= {plate, box, badge, carrier, dum, declarant}
    at = dt.datetime.combine(on, dt.time(draw.randrange(0, 24), draw.randrange(60)))
    end = at + dt.timedelta(minutes=draw.choice([25, 60, 90, 200, 1500, 4000]))

    def gate(code: str, when: dt.datetime, lane: str) -> None:
        line = f"x;{code};P6;{lane};{when - dt.timedelta(minutes=3):{LOCAL}};{when:{LOCAL}};{plate};{badge};{carrier};{box};;IMP;SEC;{ref}"
        port.add("gate_port", when.date(), line)
        if faults and draw.random() < 0.15:
            port.add("gate_port", when.date() if draw.random() < 0.5 else on, line)

    gate("E", at, draw.choice(["6A", "6D"]))
    if draw.random() < 0.85:
        gate("S", end, draw.choice(["6A", "6D"]))
    step = (end - at) / 10
    port.add("pesage", on, f"WB1;VIDE;{at + step:{LOCAL}};{at + 1.2 * step:{LOCAL}};{at + 1.4 * step:{LOCAL}};{plate};{box};15,20;OUI")
    for place, name in ((3, "GATE_IN"), (5, "GATE_OUT")):
        port.add("gate_terminal", on, f"{name},TC3-G,{(at + place * step).isoformat()}+01:00,{(at + (place + 0.3) * step).isoformat()}+01:00,{plate},{box},,IMPORT,GP,{ref}")
    if draw.random() < 0.5:
        port.add("controles", on, f"SCANNER;SCAN;DOUANE;{at + 6 * step:{ISO}};{at + 6.2 * step:{ISO}};{at + 6.5 * step:{ISO}};{at + 7 * step:{ISO}};CONFORME;{plate};{box}")
    lodged = at - draw.choice([2, 30, 200]) * hour
    released = lodged + draw.choice([5, 100]) * hour
    if faults and number % 7 == 3:  # released the evening before it was lodged: in another file, perhaps in another load
        released = lodged - 14 * hour
    for name, when in (("ENREGISTREMENT", lodged), ("SELECTION", lodged + hour), ("MAINLEVEE", released)):
        port.add("douane", when.date(), f"{dum};{name};{when:{ISO}};300;010;8471;{draw.choice(['ADMIS_CONFORME', 'DOCUMENTS', 'VISITE'])};;{declarant};{box};{12_000 if name == 'ENREGISTREMENT' else ''}")
    slot = (at - dt.timedelta(hours=1) + draw.choice([-2, 0, 1, 20]) * hour).replace(minute=0, second=0)
    booked = slot - draw.choice([3, 50]) * hour
    port.add("rendezvous", booked.date(), f"{ref},booked,{booked.isoformat()}Z,{slot.isoformat()}Z,{(slot + hour).isoformat()}Z,TC3,import,{plate},{carrier},{box}")
    _boxes(port, random.Random(f"{number} {plate}"), at, end, box, dum)
    if draw.random() < 0.2:
        moved = slot + draw.choice([-5, 5, 48]) * hour
        port.add("rendezvous", on, f"{ref},changed,{(booked + hour).isoformat()}Z,{moved.isoformat()}Z,{(moved + hour).isoformat()}Z,TC3,import,{plate},{carrier},{box}")
    if draw.random() < 0.5:
        for fix in range(20):
            when = at - hour + fix * step / 2
            port.add("tracking_a", when.date(), json.dumps({"plate": plate, "t": when.isoformat() + "Z", "lon": -7.6 - fix * 0.0007, "lat": 33.6 + fix * 0.0005, "v": 10.0}))


def _boxes(port: SmallPort, draw: random.Random, at: dt.datetime, end: dt.datetime, box: str, dum: str) -> None:
    """What else is said of the visit's box: moves on days of their own, a filing now and then, a message."""
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    came, left = at - draw.choice([0.5, 2, 9]) * day, end + draw.choice([0, 1, 4]) * day
    for name, when in (("DISCHARGE", came), ("GATE_OUT", left)) if draw.random() < 0.5 else (("GATE_IN", came), ("LOAD", left)):
        port.add("mouvements", when.date(), f"TC3,{name},{box},{when.isoformat()}Z,GP")
    if draw.random() < 0.6:
        filed = at + draw.choice([-100, -30, 5, 60]) * hour
        port.add("manifestes_us", filed.date(), f"{box};TC3;{filed.isoformat()}Z;{(filed + 40 * hour).isoformat()}Z;3;{CRITERION};{(filed + hour).isoformat()}Z;ACCEPTE;O;N;CONFORME;{(filed + 9 * hour).isoformat()}Z")
        port.raw.add(CRITERION)
    sent = at - draw.choice([2, 30]) * hour
    port.raw.add(f"REF{dum}")
    port.add("messages", sent.date(), f"REF{dum},CUSDEC,FRFOS,{sent.isoformat()}Z,{(sent + hour / 20).isoformat()}Z,ACCEPTE,,{at.isoformat()}Z")

def real_site(folder: Path) -> Path:
    """Return a copy of the sample site without the demonstration's key: an installation makes its own."""
    shutil.copytree(SAMPLE_SITE, folder)
    (folder / "demo.key").unlink()
    return folder
