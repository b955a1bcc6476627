"""What is planted in the files on purpose: which lines, on which days, of which kind. Every one is listed in truth/faults.parquet.

A rejected line is a damaged *copy* put after a good line, so that no visit is lost by it; misreads, misses and clock faults change the lines themselves.
"""

from __future__ import annotations

import datetime as dt

from sample_data.simulator.draws import digest
from sample_data.simulator.options import Options

BAD_BYTE = "\x1a"  # stands for a byte that is not in the file's encoding; files.py puts the byte in


def _stranger(plate: str) -> str:
    """Return a plate no truck of the sample bears (their numbers have at most six digits and end under 100)."""
    return f"7{plate.split('-')[0].replace('O', '0').zfill(6)}-W-99"


# Kind of reject -> column numbers it damages and how, by source. Column numbers count from 0.
_GATE_PORT = {
    "malformed_line": lambda c, s: s.join(c[:5]), "bad_encoding": lambda c, s: s.join([*c[:8], c[8] + BAD_BYTE, *c[9:]]), "stray_quote": lambda c, s: s.join([*c[:8], '"' + c[8], *c[9:]]),
    "nul_byte": lambda c, s: s.join([*c[:7], c[7] + "\0", *c[8:]]), "missing_value": lambda c, s: s.join([*c[:6], "", *c[7:]]), "bad_type": lambda c, s: s.join([*c[:5], "31/02/2026 25:61:00", *c[6:]]),
    "unknown_code": lambda c, s: s.join([c[0], "Z", *c[2:]]), "unknown_reference": lambda c, s: s.join([*c[:2], "P9", *c[3:]]), "not_valid_then": lambda c, s: s.join([*c[:2], "P3", "3A", *c[4:]]),
    "rule": lambda c, s: s.join([*c[:4], c[5][:11] + "23:59:59", c[5][:11] + "00:00:01", *c[6:]]),
}  # fmt: skip
DAMAGE = {
    "gate_port": _GATE_PORT,
    "gate_terminal": {
        "malformed_line": lambda c, s: s.join([*c, "x", "y"]), "unknown_reference": lambda c, s: s.join([*c[:2], "TC9-G", *c[3:]]), "bad_type": lambda c, s: s.join([*c[:5], "yesterday", *c[6:]]),
        "unmatched_terminal": lambda c, s: s.join([*c[:6], _stranger(c[6]), "", "", *c[9:10], c[10], ""]),
    },
    "weighbridge": {
        "malformed_line": lambda c, s: s.join(c[:4]), "bad_encoding": lambda c, s: s.join([*c[:6], c[6] + BAD_BYTE, *c[7:]]), "unknown_reference": lambda c, s: s.join([c[0], "WB99", *c[2:]]),
        "bad_type": lambda c, s: s.join([*c[:8], "lourd", *c[9:]]), "rule": lambda c, s: s.join([*c[:8], "99,90", *c[9:]]),
        "unmatched_weighing": lambda c, s: s.join([*c[:6], _stranger(c[6]), "", *c[8:]]),
    },
    "customs": {"unknown_code": lambda c, s: s.join([c[0], "INCONNU", *c[2:]]), "missing_value": lambda c, s: s.join(["", *c[1:]]), "stray_quote": lambda c, s: s.join([*c[:8], '"' + c[8], *c[9:]])},
    "appointments": {
        "unknown_code": lambda c, s: s.join([c[0], "lost", *c[2:]]), "malformed_line": lambda c, s: s.join(c[:3]), "stray_quote": lambda c, s: s.join([*c[:8], '"' + c[8], *c[9:]]),
    },
    "slots": {
        "rule": lambda c, s: s.join([*c[:3], "-4", c[4]]), "unknown_reference": lambda c, s: s.join(["TC9", *c[1:]]), "bad_type": lambda c, s: s.join([*c[:3], "all", c[4]]),
    },
    "logbook": {"unknown_code": lambda c, s: s.join([c[0], "DIVERS", *c[2:]]), "stray_quote": lambda c, s: s.join([*c[:6], c[6][:-1]])},
    "services": {"rule": lambda c, s: s.join([*c[:4], c[5], c[4], *c[6:]]), "unknown_code": lambda c, s: s.join(["CAFE", *c[1:]]), "missing_value": lambda c, s: s.join([*c[:5], "", *c[6:]]), "unmatched_service": lambda c, s: s.join([*c[:8], _stranger(c[8]), ""])},
    "moves": {"unknown_code": lambda c, s: s.join([c[0], "SHIFTED", *c[2:]]), "missing_value": lambda c, s: s.join([*c[:2], "", *c[3:]]), "bad_type": lambda c, s: s.join([*c[:3], "later", *c[4:]])},
    "codeco": {
        "truncated_message": lambda c, s: s.join([*c[:-2], ""]), "wrong_count": lambda c, s: s.join([*c[:-2], c[-2].replace("UNT+", "UNT+9"), ""]),
        "unknown_segment": lambda c, s: s.join([*c[:3], "ZZZ+1", *c[4:]]), "bad_encoding": lambda c, s: s.join([*c[:3], c[3] + BAD_BYTE, *c[4:]]),
        "malformed_message": lambda c, s: s.join([c[0].replace("CODECO", "APERAK"), *c[1:]]),
    },
    # A filing resolved before it was made; a criterion in the tier's place; no container.
    "manifests": {
        "rule": lambda c, s: s.join([*c[:11], "2025-12-01T00:00:00Z"]), "unknown_code": lambda c, s: s.join([*c[:4], "SUSPECT", *c[5:]]), "missing_value": lambda c, s: s.join(["", *c[1:]]),
    },
    "messages": {
        "unknown_code": lambda c, s: s.join([c[0], "PAPIER", *c[2:]]), "unknown_reference": lambda c, s: s.join([*c[:2], "INCONNU", *c[3:]]),
        "rule": lambda c, s: s.join([*c[:4], "2025-12-01T00:00:00Z", *c[5:]]), "malformed_line": lambda c, s: s.join(c[:4]),
    },
    "tracking_a": {
        "malformed_line": lambda c, s: s.join(c)[:-9], "bad_type": lambda c, s: '{"plate":"12345-A-6","t":"noon","lon":-7.6,"lat":33.6,"v":0.0}',
        "rule": lambda c, s: '{"plate":"12345-A-6","t":"2026-09-20T12:00:00Z","lon":0.0,"lat":0.0,"v":0.0}',
    },
}  # fmt: skip
_EVERY = 4  # each kind comes back every so many days, so that a few days hold all of them


class Schedule:
    """Which file of which day carries which fault. A function of the options alone."""

    def __init__(self, options: Options) -> None:
        self.options = options
        days = [options.start + dt.timedelta(days=number) for number in range(options.days)]
        ordinary = [day for day in days if day not in (dt.date(2026, 2, 15), dt.date(2026, 3, 22), dt.date(2026, 9, 20))]
        on = options.has_faults and len(ordinary) >= 4
        step = max(len(ordinary) // 6, 4)
        # Local day -> seconds; far enough apart that no day has two.
        self.weighbridge_clock = {("", str(day)): 3600 for day in ordinary[1::step]} if on else {}
        self.terminal_clock = {(("TC3-G", "TCE-G", "SOM-G")[n % 3], str(day)): -3600 for n, day in enumerate(ordinary[2::step])} if on else {}
        self.late = {(("weighbridge", "gate_terminal", "services", "gate_port")[n % 4], day) for n, day in enumerate(ordinary[0::step])} if on else set()
        self.overlapping = set(ordinary[3::step]) if on else set()
        self.shuffled = {(("gate_port", "weighbridge", "services")[n % 3], day) for n, day in enumerate(ordinary[3::step])} if on else set()

    def damage(self, source: str, file_name: str, day: dt.date, lines: list[str], separator: str, every: int = _EVERY) -> list[tuple[int, str, str]]:
        """Return (index of the good line it follows, damaged copy, kind), highest index first, at most one after a line.

        Each kind comes back every `every` days.
        """
        if not self.options.has_faults or not lines:
            return []
        found: dict[int, tuple[int, str, str]] = {}
        salt = sum(file_name.encode())
        kinds = dict(DAMAGE.get(source, {})) | ({"duplicate_line": None} if source != "tracking_a" else {})
        for number, (kind, how) in enumerate(kinds.items()):
            if (day.toordinal() + number + salt % 3) % every:
                continue
            at = int(digest(self.options.seed, 70 + number, [day.toordinal()], [salt])[0]) % len(lines)
            if at in found:
                continue
            copy = lines[at] if how is None else how(lines[at].split(separator), separator)
            found[at] = (at, copy, kind)
        return sorted(found.values(), reverse=True)

    def miscounts(self, day: dt.date) -> bool:
        """Say whether the interchanges of a day claim one message more than they hold."""
        return self.options.has_faults and day.toordinal() % 2 == 1

    def order(self, day: dt.date, count: int) -> list[int]:
        """Return the order in which a shuffled file holds its lines."""
        keys = digest(self.options.seed, 88, [day.toordinal()] * count, range(count)).tolist()
        return sorted(range(count), key=keys.__getitem__)
