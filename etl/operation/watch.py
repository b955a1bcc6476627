"""`smartport watch`: load what arrives, file by file as it comes whole, and keep the inbox clean. It reads no file itself: every load is the pipeline's.

What is loaded, or was loaded before, moves to one folder; what is refused for good to another, with the reason beside it. Nothing is ever
deleted. What fails for a passing reason (another load, a full disk, a share that is away) stays in the inbox and is tried again, later and
later. A file that alone makes the loader fail, time after time, is set aside like a refused one, so that the others go on.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from etl import pipeline
from etl.contracts.reference import load_site
from etl.errors import BusyError, SmartportError
from etl.loading import lock
from etl.loading.report import AfterLoad, BuildReport, FileReport, no_steps
from etl.operation.arrivals import Arrival, Arrivals
from etl.operation.journal import Journal
from etl.operation.moving import move_into
from etl.settings import Settings
from etl.sources.masks import spelled

BATCH_FILES, BATCH_BYTES = 500, 256 << 20  # loaded at once: what a request to stop waits for
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
GAVE_UP = 6  # exit code of --once when the passing reason did not pass


@dataclass(frozen=True)
class Watch:
    """What to watch and how. `loaded` None leaves loaded files where they are; they are known by their content and not read twice."""

    inbox: Path
    refused: Path
    loaded: Path | None
    quiet_s: float = 10.0
    poll_s: float = 2.0
    beat_s: float = 900.0  # so often what follows a load is done without one: an alert that nothing came must go out when nothing comes
    attempts: int = 5
    needs_marker: bool = False
    is_once: bool = False


def default_folders(inbox: Path) -> tuple[Path, Path]:
    """Return where refused and loaded files go unless said otherwise: beside the inbox, so that moving is one step of the file system."""
    return inbox.with_name(f"{inbox.name}-refused"), inbox.with_name(f"{inbox.name}-loaded")


def waits(draw: random.Random) -> Iterator[float]:
    """Yield how long to wait before each further attempt: doubling from 1 s to 5 min, less up to half of it by chance, so that two that failed together do not come back together."""
    wait = FIRST_WAIT_S
    while True:
        yield wait * draw.uniform(0.5, 1.0)
        wait = min(2 * wait, LONGEST_WAIT_S)


def watch(settings: Settings, about: Watch, journal: Journal, stop: threading.Event, after_load: AfterLoad = no_steps, turn: contextlib.AbstractContextManager[object] | None = None) -> int:
    """Watch until `stop` is set, or with `is_once` until the inbox holds nothing that has come whole. Return the exit code.

    `turn` is held while loading and while what follows a load is done: watchers of one process take turns by it.

    Raises BusyError when this home and port are watched already, SettingsError when the site is wrong, InputError with `is_once` when there is no inbox.
    """
    with lock.one_watcher(settings.home, load_site(settings.site).port_code):
        return _Watcher(settings, about, journal, stop, after_load, turn or contextlib.nullcontext()).run()


@dataclass
class _Watcher:
    settings: Settings
    about: Watch
    journal: Journal
    stop: threading.Event
    after_load: AfterLoad
    turn: contextlib.AbstractContextManager[object]
    arrivals: Arrivals = field(init=False)
    refused_n: int = 0
    failures: int = 0  # loads in a row that failed for a reason that may pass
    _left: dict[Path, Arrival] = field(default_factory=dict)  # loaded and not moved
    _most: int = BATCH_FILES  # files loaded at once: halved after a failure nobody foresaw, until the file that makes it is alone
    _failed: dict[Path, int] = field(default_factory=dict)  # how often a file has failed alone

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.about.inbox, self.about.quiet_s, needs_marker=self.about.needs_marker)
        self._waits = waits(random.Random())

    def run(self) -> int:
        self.journal.say("started", f"Watching {self.about.inbox}.", inbox=self.about.inbox, home=self.settings.home)
        code = self._once() if self.about.is_once else self._always()
        self.journal.say("stopped", "Stopped; nothing is half loaded.", exit_code=code)
        return code

    def _always(self) -> int:
        beaten = time.monotonic()
        while not self.stop.is_set():
            ready = self._look()
            if ready and self._round(ready):
                beaten = time.monotonic()
                continue
            if time.monotonic() - beaten >= self.about.beat_s:
                self._load([])
                beaten = time.monotonic()
            self.stop.wait(max(self.about.poll_s, 5 * self.arrivals.took_s))  # an inbox of a million files is not looked at all day
        return 0

    def _once(self) -> int:
        """Look twice, a quiet time apart, and load what had come whole until nothing is left of it; a failure is tried `attempts` times."""
        self.arrivals.look()
        self.stop.wait(0 if self.about.needs_marker else self.about.quiet_s)
        while not self.stop.is_set() and ((ready := self._look()) or self.failures):
            if not self._round(ready) and self.failures >= self.about.attempts:
                self.journal.say("gave_up", f"Gave up after {self.failures} attempts; what is not loaded is still in the inbox.", level="error", waiting_n=self.arrivals.waiting_n)
                return GAVE_UP
        return 3 if self.refused_n else 0

    # -- one round ---------------------------------------------------------------------------------------------------

    def _look(self) -> list[Arrival]:
        try:
            found = self.arrivals.look()
            for link in self.arrivals.links():
                if link not in self._left:
                    self._set_aside(Arrival(link, (0, 0, 0)), f"{spelled(link.name)}: it is a symbolic link, which is not followed. Put the file itself into the inbox.")
        except (SmartportError, OSError) as error:
            if self.about.is_once:
                raise
            self._wait_after("inbox", f"the inbox cannot be read: {error}")
            return []
        self._left = {path: seen for path, seen in self._left.items() if os.path.lexists(seen.path)}
        return [arrival for arrival in found if self._left.get(arrival.path) != arrival]

    def _round(self, ready: list[Arrival]) -> bool:
        """Load one batch of what is ready and tidy it away. Return whether that went through; if not, the wait is over when this returns."""
        batch = self._batch(ready)
        report = self._load(batch)
        if report is None:
            return False
        outcomes = {file.file_name: file for file in report.files}
        for arrival in batch:
            if arrival.name in outcomes:
                self._tidy(arrival, outcomes[arrival.name])
        return True

    def _batch(self, ready: list[Arrival]) -> list[Arrival]:
        """The first files by name, one of a name (the report tells them apart by it), bounded."""
        batch: dict[str, Arrival] = {}
        bytes_n = 0
        for arrival in ready:
            if arrival.name in batch:
                continue
            if len(batch) >= self._most or (batch and bytes_n + arrival.seen[0] > BATCH_BYTES):
                break
            batch[arrival.name] = arrival
            bytes_n += arrival.seen[0]
        return list(batch.values())

    def _load(self, batch: list[Arrival]) -> BuildReport | None:
        """Load the files, say what came of it and take the steps that follow. None when it failed; then what was to be waited has been waited."""
        try:
            with self.turn:
                report = pipeline.load(self.settings, [arrival.path for arrival in batch])
        except BusyError as error:
            self._wait_after("busy", f"{error.found}.")
        except (SmartportError, OSError, duckdb.IOException) as error:  # the disk, the site, the settings or the build, unless one of the files cannot be read
            if not self._unreadable(batch):
                self._wait_after("failed", f"{error.strerror}{f': {error.filename}' if error.filename else ''}." if isinstance(error, OSError) else str(error))
        except Exception as error:  # of a file nobody foresaw: named by kind and place, because its words may hold values
            self._suspect(batch, place_of(error))
        else:
            self._waits, self.failures, self._most = waits(random.Random()), 0, min(2 * self._most, BATCH_FILES)
            if batch or report.is_changed:
                self._say_loaded(report)
            self._follow(report)
            return report
        return None

    def _wait_after(self, event: str, sentence: str, *, counts: bool = True) -> None:
        self.failures += counts
        wait = next(self._waits)
        self.journal.say(event, f"{sentence} Trying again in {wait:.0f} s.", level="warning", wait_s=round(wait, 1))
        self.stop.wait(wait)

    def _unreadable(self, batch: list[Arrival]) -> bool:
        """Suspect those files of a failed batch that cannot be read from beginning to end; return whether there are any."""
        bad = []
        for arrival in batch:
            try:
                with arrival.path.open("rb") as file:
                    while file.read(1 << 20):
                        pass
            except FileNotFoundError:
                continue  # taken away by its sender
            except OSError as error:
                bad.append((arrival, error.strerror or type(error).__name__))
        for arrival, why in bad:
            self._count(arrival, why)
        if bad:
            self._wait_after("failed", f"{len(bad):,} files cannot be read: {bad[0][0].path.name} ({bad[0][1]}).", counts=False)
        return bool(bad)

    def _suspect(self, batch: list[Arrival], why: str) -> None:
        """Halve what is loaded at once, until the file that makes the loader fail is alone; set it aside when it has failed `attempts` times."""
        if len(batch) == 1 and self._works_without():
            self._count(batch[0], why)
        else:
            self._most = max(len(batch) // 2, 1)
        self._wait_after("failed", f"a load of {len(batch):,} files failed unexpectedly ({why}).", counts=len(batch) < 2 and not self._failed)

    def _count(self, arrival: Arrival, why: str) -> None:
        self._failed[arrival.path] = self._failed.get(arrival.path, 0) + 1
        if self._failed[arrival.path] >= self.about.attempts:
            self._set_aside(arrival, f"{arrival.name}: loading it failed {self.about.attempts} times ({why}), and the loader works without it. Nothing is wrong that the loader could name; keep the file and report it.")

    def _works_without(self) -> bool:
        try:
            with self.turn:
                pipeline.load(self.settings, None)
        except Exception:  # whatever it is, it is not the file's fault; the next attempt names it
            return False
        return True

    # -- what came of it ---------------------------------------------------------------------------------------------

    def _say_loaded(self, report: BuildReport) -> None:
        counts = {status: sum(file.status == status for file in report.files) for status in ("loaded", "known", "refused")}
        sentence = f"{counts['loaded']:,} files loaded, {report.read_n:,} lines, {report.rejected_n:,} rejected; {counts['known']:,} files known, {counts['refused']:,} refused. Build {report.build_id or 'none'}, {report.seconds:.1f} s."
        self.journal.say(
            "loaded", sentence, port_code=report.port_code, build_id=report.build_id, is_changed=report.is_changed, read_n=report.read_n, rejected_n=report.rejected_n, seconds=report.seconds,
            **{f"files_{status}_n": number for status, number in counts.items()},
        )  # fmt: skip

    def _follow(self, report: BuildReport) -> None:
        if not report.build_id:
            return
        try:
            with self.turn:
                for step in self.after_load(self.settings, report):
                    if step.said:
                        self.journal.say(f"after_{step.name}", step.said, level="warning" if step.is_failed else "info")
        except Exception as error:  # a page or an alert that fails must not end the loading
            self.journal.say("after_failed", f"A step after the load failed ({place_of(error)}).", level="error")

    def _tidy(self, arrival: Arrival, outcome: FileReport) -> None:
        if arrival.has_changed:
            self.journal.say("changed", f"{arrival.name} was written to or taken away while it was read; what lies in the inbox is read again.", level="warning", file=arrival.name)
        elif outcome.status == "refused" or outcome.refused_for:
            self._set_aside(arrival, outcome.refused_for or outcome.message)
        elif self.about.loaded is None:
            self._left[arrival.path] = arrival
        else:
            self._move(arrival, self.about.loaded)
        self._failed.pop(arrival.path, None)
        self.journal.say(
            f"file_{outcome.status}", outcome.message or f"{arrival.name}: {outcome.read_n:,} lines, {outcome.rejected_n:,} rejected.", level="warning" if outcome.status == "refused" else "info",
            file=arrival.name, file_id=outcome.file_id, source=outcome.source, read_n=outcome.read_n, rejected_n=outcome.rejected_n,
        )  # fmt: skip

    def _set_aside(self, arrival: Arrival, reason: str) -> None:
        """Move a file that is refused for good out of the way, the reason beside it."""
        self.refused_n += 1
        self._failed.pop(arrival.path, None)
        words = (
            f"{reason}\n\nIt came as {arrival.name} and was set aside on {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC; everything else is loaded."
            "\nAfter a mapping or a reference list was corrected: smartport load --replay reads it again from the quarantine."
            "\nAfter the file itself was corrected: put it into the inbox again.\n"
        )
        if target := self._move(arrival, self.about.refused, words):
            self.journal.say("set_aside", f"{arrival.name} is set aside: {spelled(target.name)}.", level="warning", file=arrival.name, to=target)

    def _move(self, arrival: Arrival, folder: Path, reason: str = "") -> Path | None:
        try:
            target = move_into(folder, arrival.path, reason)
            if arrival.marker.exists():
                move_into(folder, arrival.marker)
        except OSError as error:
            self._left[arrival.path] = arrival
            self.journal.say("not_moved", f"{arrival.name} cannot be moved to {folder} ({error.strerror}); it stays in the inbox.", level="error", file=arrival.name)
            return None
        return target


def place_of(error: Exception) -> str:
    """Return an unforeseen error's kind and the place in our code, without its words, which may hold what a log line held."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/etl/" in frame.filename or "/dashboard/" in frame.filename]
    where = f" at {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
