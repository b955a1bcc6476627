"""The whole story: week by week, plan, let trucks flow, write lines, note the truth. Memory does not grow with the number of weeks."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.simulator import boxes, declarations, papers, port, rows, slots, tracks, truth
from sample_data.simulator.draws import uniform
from sample_data.simulator.faults import Schedule
from sample_data.simulator.files import Desk
from sample_data.simulator.flow import RECORD, Flow
from sample_data.simulator.names import Trucks, containers
from sample_data.simulator.options import PILOT_LANES, Options
from sample_data.simulator.plan import CARGO, CHANNELS, DIRECTIONS, Plan, midnight_s, plan_day
from sample_data.simulator.positions import TrackDesk

CHUNK_DAYS = 7
_OPEN_S = 72 * 3600  # a visit without gate-out is open for so long, then incomplete
Progress = Callable[[int, int, str], None]
_OPEN = {
    "visit": pl.Int64, "queue_arrived": pl.Int64, "presented": pl.Int64, "entry": pl.Int64, "exit": pl.Int64, "exit_server": pl.Int64, "entry_off": pl.Int64, "exit_off": pl.Int64,
    "checks_n": pl.Int64, "checks_off_n": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """What a run made."""

    out: Path
    visits_n: int
    lines_n: int
    files_n: int
    bytes_n: int
    faults_n: int
    seconds: float


def simulate(options: Options, progress: Progress | None = None) -> Summary:
    """Write inbox/, inbox_late/ and truth/ under `options.out`. `progress(done, total, unit)` is called after each week, in days.

    Same options, same bytes. Raises ValueError if `out` holds anything but an earlier run.
    """
    began = time.monotonic()
    _clear(options.out)
    run = _Run(options)
    for done in range(0, options.days, CHUNK_DAYS):
        run.week(options.start + dt.timedelta(days=done), min(CHUNK_DAYS, options.days - done))
        if progress:
            progress(min(done + CHUNK_DAYS, options.days), options.days, "days")
    return run.finish(time.monotonic() - began)


def _clear(out: Path) -> None:
    """Remove an earlier run's folders; refuse a folder that holds something else."""
    ours = {"inbox", "inbox_late", "truth"}
    if out.is_dir():
        others = sorted(path.name for path in out.iterdir() if path.name not in ours)
        if others:
            raise ValueError(f"{out} holds {', '.join(others[:3])}, which no earlier run made; name an empty folder")
        for name in ours:
            shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)


class _Run:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.trucks = Trucks(options.seed, options.trucks_n, options.tracked_share)
        self.servers = port.servers(options)
        schedule = Schedule(options)
        self.desk = Desk(options.out, schedule)
        self.tracks = TrackDesk(options, self.desk)
        self.on, self.off = Flow(self.servers), None
        self.visits_n = self.planned_n = 0
        self.end_s = midnight_s(options.end)
        self.about_before = self.about_now = pl.DataFrame()
        self.coming: list[Plan] = []
        self.coming_about = pl.DataFrame()
        self.scans = pl.DataFrame()
        self.open = pl.DataFrame(schema=_OPEN)
        folder = options.out / "truth"
        self.books = {name: truth.Book(folder / f"{name}.parquet") for name in ("visits", "stages", "zone_stays", "moves", "filings", "messages", "customs", "inspections", "weighings", "slots")}
        self.measured: list[pl.DataFrame] = []
        self._plan_week(options.start)

    def _plan_week(self, first: dt.date) -> None:
        """Plan the week after the current one, so that what is lodged and booked ahead is known."""
        plans = []
        for number in range(CHUNK_DAYS):
            plan = plan_day(self.options, self.trucks, self.servers, first + dt.timedelta(days=number), self.planned_n)
            plans.append(plan)
            self.planned_n += len(plan.arrive)
        self.coming = plans
        self.coming_about = self._dress(pl.concat([plan.about for plan in plans]))
        declared = declarations.planned(self.coming_about, self.options)
        self.desk.take("customs", declarations.lines(declared, self.options))
        self._note("customs", declarations.true_events(declared), "event_at")
        asked = papers.asked_slots(self.coming_about, self.options)
        self.desk.take("appointments", papers.appointments(asked))
        offered = slots.offers([plan.day for plan in plans], asked.filter(~pl.col("second").is_in(["cancelled", "refused"])), self.options)
        self.desk.take("slots", slots.lines(offered))
        self._note("slots", slots.true_offers(offered), "published_at", "slot_start_at")
        discharged, sent = boxes.discharges(self.coming_about, self.options), boxes.messages(self.coming_about, self.options)
        self.desk.take("moves", boxes.move_lines(discharged))
        self.desk.take("messages", boxes.message_lines(sent))
        self._note("moves", boxes.true_moves(discharged), "moved_at")
        self._note("messages", boxes.true_messages(sent), "sent_at", "received_at", "needed_at")

    def _dress(self, about: pl.DataFrame) -> pl.DataFrame:
        """Give visits their names: plate, badge, transporter, containers, appointment; and which gate reads will be missed."""
        seed, visit, truck = self.options.seed, about["visit"].to_numpy(), about["truck"].to_numpy()
        draw = uniform(seed, 10, visit)
        missed = uniform(seed, 11, visit) if self.options.has_faults else np.ones(len(visit))
        shift = np.select([draw < 0.74, draw < 0.87, draw < 0.97], [0, 1, -1], -2)
        has_slot = uniform(seed, 12, visit) < 0.78
        slot = (about["arrive"].to_numpy() // 3600 + shift) * 3600
        box = visit * 2
        return about.with_columns(
            plate=self.trucks.series.gather(truck), badge=pl.Series([f"CH{number:06d}" for number in (truck * 7 + 1000).tolist()]),
            carrier=pl.Series([f"TRANSPORTS ESSAI {number + 1:03d}" for number in self.trucks.carrier[truck].tolist()]), provider=pl.Series(self.trucks.provider[truck]),
            is_equipped=pl.Series(self.trucks.is_tracked[truck]), container=containers(box), container_2=containers(box + 1), slot=pl.Series(slot),
            appointment=pl.when(pl.Series(has_slot)).then(pl.concat_str(pl.lit("RV"), pl.Series(visit).cast(pl.String).str.zfill(8))).otherwise(pl.lit("")),
            is_missed_exit=pl.Series(missed < 0.005), is_missed_entry=pl.Series((missed >= 0.005) & (missed < 0.0065)),
        )  # fmt: skip

    def week(self, first: dt.date, days: int) -> None:
        options = self.options
        plans, self.about_before, self.about_now = self.coming[:days], self.about_now, self.coming_about
        self._plan_week(first + dt.timedelta(days=CHUNK_DAYS))
        spans, records_on, records_off = [], [], []
        for plan in plans:
            if self.off is None and plan.day >= options.pilot_start and options.effect:
                self.off = self.on.copy()
            today = port.shut(options, plan.day, midnight_s(plan.day))
            spans += today
            self.desk.take("means", papers.means(plan.day, self.servers, today, options.seed))
            until = midnight_s(plan.day + dt.timedelta(days=1))
            truck = plan.about["truck"].to_numpy()
            for flow, parts, sink in ((self.on, (plan.service_on, plan.travel_on, plan.hold_on), records_on), (self.off, (plan.service_off, plan.travel_off, plan.hold_off), records_off)):
                if flow is not None:
                    flow.close(today)
                    flow.add(plan.first, plan.arrive, plan.roles, plan.pools, *parts, truck)
                    sink.append(flow.run(until))
                else:
                    sink.append(records_on[-1])
        last = first + dt.timedelta(days=days - 1)
        end = midnight_s(last + dt.timedelta(days=1))
        records, without = self._named(np.concatenate(records_on)), np.concatenate(records_off)
        self._write_lines(records, spans, first, last)
        self._follow(records, without)
        self.tracks.week(records, end, self.books["zone_stays"])

    def _named(self, records: np.ndarray) -> pl.DataFrame:
        """Join records to their visits, by position: visits are numbered without gaps."""
        about = pl.concat([self.about_before, self.about_now]) if len(self.about_before) else self.about_now
        frame = pl.DataFrame(records, schema=list(RECORD))
        base = about["visit"][0]
        return pl.concat([frame, about[(frame["visit"] - base).to_numpy()].drop("visit")], how="horizontal")

    def _write_lines(self, records: pl.DataFrame, spans: list[port.Shut], first: dt.date, last: dt.date) -> None:
        options, desk, schedule = self.options, self.desk, self.desk.schedule
        desk.take("gate_port", rows.gate_port(records, options))
        desk.take("gate_terminal", rows.gate_terminal(records, options, schedule.terminal_clock))
        weighed = rows.weighings(records, options)
        desk.take("weighbridge", rows.weighbridge(weighed, options, schedule.weighbridge_clock))
        self._note("weighings", rows.true_weighings(weighed), "ended_at", "arrived_at", "started_at")
        verdicts = records.filter(pl.col("role") == port.VERDICT).select("visit", verdict="ended")
        scans = records.filter(pl.col("role") == port.SCAN)
        scans = pl.concat([self.scans, scans]) if len(self.scans) else scans
        judged = scans.join(verdicts, on="visit", how="inner", maintain_order="left")
        self.scans = scans.join(verdicts, on="visit", how="anti", maintain_order="left")
        self._note("inspections", rows.true_inspections(records, judged), "ended_at", "arrived_at", "started_at", "verdict_at")
        self.asked = rows.document_checks(records, options)
        desk.take("services", rows.checks(records, judged, options, self.asked.filter(pl.col("is_covered") & pl.col("is_made"))))
        inspected = declarations.inspected(records, options)
        desk.take("customs", declarations.lines(inspected, options))
        self._note("customs", declarations.true_events(inspected), "event_at")
        desk.take("logbook", papers.logbook(records, spans, options))
        passed = boxes.gate_moves(records)
        loaded = boxes.loadings(passed, options)
        filed, is_codeco = boxes.filings(loaded, options), boxes.by_codeco(passed, options)
        desk.take("codeco", boxes.codeco_messages(passed.filter(is_codeco), options))
        for part in (passed.filter(~is_codeco), loaded):
            desk.take("moves", boxes.move_lines(part))
        desk.take("manifests", boxes.filing_lines(filed))
        for part in (passed, loaded):
            self._note("moves", boxes.true_moves(part), "moved_at")
        self._note("filings", boxes.true_filings(filed), "loading_at", "filed_at", "referred_at", "resolved_at")
        desk.write(first, last)
        self.books["stages"].add(truth.stages(records, judged).filter(pl.col("ended_at").dt.epoch("s") < self.end_s))

    def _note(self, name: str, frame: pl.DataFrame, at: str, *others: str) -> None:
        """Write down what happened before the end of the run, by the instant its line is written at."""
        self.books[name].add(truth.instants(frame.filter(pl.col(at) < self.end_s), at, *others))

    def _follow(self, records: pl.DataFrame, without: np.ndarray) -> None:
        """Keep visits until they have left in both runs, then write them down."""
        entry, out, entry_off, out_off = (
            part for flow in (records.select(RECORD).to_numpy(), without) for part in (flow[flow[:, 2] == port.ENTRY], flow[flow[:, 2] == port.OUT])
        )  # fmt: skip
        new = pl.DataFrame({"visit": entry[:, 0], "queue_arrived": entry[:, 4] - tracks.QUEUE_DRIVE_S, "presented": entry[:, 5], "entry": entry[:, 6]})
        about = pl.concat([self.open.drop("entry_off").filter(pl.lit(True)), new.with_columns(pl.lit(None, dtype=pl.Int64).alias(name) for name in ("exit", "exit_server", "exit_off", "checks_n", "checks_off_n")).select(self.open.drop("entry_off").columns)])
        offs = self.open.select("visit", "entry_off").filter(pl.col("entry_off").is_not_null())
        offs = pl.concat([offs, pl.DataFrame({"visit": entry_off[:, 0], "entry_off": entry_off[:, 6]})])
        checks = self.asked.group_by("visit").agg(made=pl.col("is_made").sum().cast(pl.Int64), asked=pl.len().cast(pl.Int64))
        frame = (
            about.join(pl.DataFrame({"visit": out[:, 0], "x": out[:, 6], "k": out[:, 8]}), on="visit", how="left", maintain_order="left")
            .join(pl.DataFrame({"visit": out_off[:, 0], "x_off": out_off[:, 6]}), on="visit", how="left", maintain_order="left")
            .join(offs, on="visit", how="left", maintain_order="left")
            .join(checks, on="visit", how="left", maintain_order="left")
            .with_columns(
                exit=pl.coalesce("exit", "x"), exit_server=pl.coalesce("exit_server", "k"), exit_off=pl.coalesce("exit_off", "x_off"),
                checks_n=pl.col("checks_n").fill_null(0) + pl.col("made").fill_null(0), checks_off_n=pl.col("checks_off_n").fill_null(0) + pl.col("asked").fill_null(0),
            )
            .select(_OPEN.keys())
        )  # fmt: skip
        is_done = pl.col("exit").is_not_null() & pl.col("exit_off").is_not_null()
        self.open = frame.filter(~is_done)
        self._note_visits(frame.filter(is_done))

    def _note_visits(self, done: pl.DataFrame) -> None:
        """Write visits down. Whatever lies past the end of the run has not happened yet: no log knows it."""
        done = done.filter(pl.col("entry") < self.end_s).with_columns(
            exit=pl.when(pl.col("exit") < self.end_s).then("exit"), exit_off=pl.when(pl.col("exit_off") < self.end_s).then("exit_off")
        )
        if done.is_empty():
            return
        about = pl.concat([self.about_before, self.about_now]) if len(self.about_before) else self.about_now
        frame = done.join(about, on="visit", how="left", maintain_order="left")
        is_tracked = pl.col("is_equipped") & (pl.col("queue_arrived") >= self.tracks.from_s)
        entry_wall, exit_wall = rows.local(frame["entry"])[0], rows.local(frame["exit"])[0]
        is_long = ((frame["exit"] - frame["entry"]) > 12 * 3600) & (exit_wall.dt.date() > entry_wall.dt.date())
        frame = frame.with_columns(is_overnight=is_long.fill_null(False), entry_day=entry_wall.dt.date())
        self._note_faults(frame)
        frame = frame.select(
            visit_no="visit", plate="plate", entry_day="entry_day", lane_code=rows.pick("lane", port.LANES),
            arm_code=pl.when(rows.pick("lane", port.LANES).is_in(PILOT_LANES)).then(pl.lit("pilot")).otherwise(pl.lit("comparison")), is_in_pilot="in_pilot",
            exit_lane_code=rows.pick(pl.col("exit_server") % 3, port.EXIT_LANES), direction_code=rows.pick("direction", DIRECTIONS), cargo_class_code=rows.pick("cargo", CARGO),
            terminal_code=rows.pick("terminal", port.TERMINALS), terminal_2_code=pl.when(pl.col("terminal_2") >= 0).then(rows.pick("terminal_2", port.TERMINALS)),
            channel_code=rows.pick("channel", CHANNELS), carrier="carrier", container_no="container", container_2_no=pl.when("has_two").then("container_2"),
            appointment_ref=pl.when(pl.col("appointment") != "").then("appointment"),
            queue_arrived_at="queue_arrived", presented_at="presented", entry_at="entry", exit_at="exit", queue_min=truth.minutes("entry", "queue_arrived"),
            turnaround_min=truth.minutes("exit", "entry"), total_visit_min=truth.minutes("exit", "queue_arrived"), entry_off_at="entry_off", exit_off_at="exit_off",
            turnaround_off_min=truth.minutes("exit_off", "entry_off"), checks_n="checks_n", checks_off_n="checks_off_n", is_covered="is_covered", is_tracked=is_tracked, is_scanned="is_scanned",
            is_physical="is_physical", is_phyto="is_phyto", has_trouble="has_trouble", is_overnight="is_overnight", is_missed_exit="is_missed_exit", is_missed_entry="is_missed_entry",
            skips_second_weighing="skips_weighing",
        )  # fmt: skip
        self.visits_n += len(frame)
        self.measured.append(
            frame.filter((pl.col("entry_day") >= self.options.pilot_start) & pl.col("turnaround_min").is_not_null() & pl.col("turnaround_off_min").is_not_null()).select(
                "lane_code", "turnaround_min", "turnaround_off_min", "checks_n", "checks_off_n"
            )
        )  # fmt: skip
        self.books["visits"].add(truth.instants(frame, "queue_arrived_at", "presented_at", "entry_at", "exit_at", "entry_off_at", "exit_off_at"))

    def _note_faults(self, frame: pl.DataFrame) -> None:
        """List the faults that are about a visit, not a line."""
        if not self.options.has_faults:
            return
        kinds = (
            ("missed_exit", pl.col("is_missed_exit") & pl.col("exit").is_not_null()), ("missed_entry", pl.col("is_missed_entry")),
            ("missing_second_weighing", pl.col("skips_weighing") & pl.col("exit").is_not_null()), ("overnight_stay", pl.col("is_overnight")),
        )  # fmt: skip
        for code, condition in kinds:
            for visit, day, entry in frame.filter(condition).select("visit", "entry_day", "entry").iter_rows():
                source = "weighbridge" if code == "missing_second_weighing" else "gate"
                is_young = code == "missed_exit" and entry > self.end_s - _OPEN_S
                self.desk.note(code, source, None, None, None, visit, "", day, "under 72 h before the end: looks like a truck still inside" if is_young else "")

    def finish(self, seconds: float) -> Summary:
        self._note_visits(self.open)
        self.tracks.finish(self.books["zone_stays"])
        for book in self.books.values():
            book.close()
        folder = self.options.out / "truth"
        faults = self.desk.fault_frame()
        faults.write_parquet(folder / "faults.parquet", compression="zstd")
        truth.write_json(folder / "pilot.json", truth.pilot_effect(pl.concat(self.measured), self.options) if self.measured else {})
        about = {name: str(getattr(self.options, name)) for name in self.options.__dataclass_fields__ if name != "out"}
        counts = {"lines_n": self.desk.lines_n, "files_n": self.desk.files_n, "faults_n": dict(sorted(faults["fault_code"].value_counts().iter_rows()))}
        pools = {port.POOLS[pool]: {"servers_n": s.count, "mean_service_s": round(float(s.mean_s(pool)), 1)} for pool, s in self.servers.items()}
        truth.write_json(folder / "run.json", {"options": about, "counts": counts, "pools": pools, "fictitious": True})
        return Summary(self.options.out, self.visits_n, self.desk.lines_n, self.desk.files_n, self.desk.bytes_n, len(faults), seconds)
