"""Tracking files of each day, from two invented providers: A drops JSON lines, B drops Parquet. Days are UTC."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl

from sample_data.simulator import layout, port, tracks, truth
from sample_data.simulator.files import Desk, Log
from sample_data.simulator.options import Options
from sample_data.simulator.plan import midnight_s

_LOG = Log("tracking", "tracking_a_{day}.jsonl", "")
_LEGS = ("visit", "leg", "role", "place", "arrived", "started", "ended", "left", "truck", "plate", "provider")


class TrackDesk:
    """Keeps the legs of equipped trucks until they are gone, and writes the fixes of days that are over."""

    def __init__(self, options: Options, desk: Desk) -> None:
        self.options, self.desk = options, desk
        self.legs = pl.DataFrame()
        self.from_s = midnight_s(options.tracking_start) if options.tracking_days > 0 else 1 << 60
        self.end_s = midnight_s(options.end)
        self.written_to = self.from_s // 86400 * 86400

    def week(self, records: pl.DataFrame, end: int, book: truth.Book) -> None:
        """Take the records up to `end` (UTC seconds) and write every UTC day over since a day: by then all that happened in it is known."""
        if end <= self.from_s:
            return
        new = records.filter(pl.col("is_equipped"))
        place = layout.places(new["role"].to_numpy()[:, None], new["terminal"].to_numpy(), new["terminal_2"].clip(0).to_numpy())[:, 0]
        new = new.with_columns(place=pl.Series(place)).select(_LEGS)
        entered = new.filter((pl.col("role") == port.ENTRY) & (pl.col("arrived") - tracks.QUEUE_DRIVE_S >= self.from_s))["visit"]
        known = pl.concat([entered, self.legs["visit"].unique()]) if len(self.legs) else entered
        new = new.filter(pl.col("visit").is_in(known.implode()))
        self.legs = (pl.concat([self.legs, new]) if len(self.legs) else new).sort("visit", "leg")
        self._write_days(end - 86400)
        gone = pl.col("visit").is_in(self.legs.filter((pl.col("role") == port.OUT) & (pl.col("left") + 200 < self.written_to))["visit"].implode())
        self._note(tracks.segments(self.legs.filter(gone)), book)
        self.legs = self.legs.filter(~gone)

    def _write_days(self, until: int) -> None:
        """Write UTC days from where the last call stopped; a last, shorter day only at the end of the run."""
        parts = tracks.segments(self.legs)
        trucks = self.legs.select("visit", "truck", "plate", "provider").unique("visit", keep="first", maintain_order=True)
        while self.written_to + 86400 <= until or (until == self.end_s and self.written_to < until):
            to = min(self.written_to + 86400, self.end_s)
            self._write(tracks.fixes(parts, trucks, self.options.seed, self.written_to, to), self.written_to)
            self.written_to = self.written_to // 86400 * 86400 + 86400

    def _note(self, parts: pl.DataFrame, book: truth.Book) -> None:
        stays = tracks.stays(parts)
        stays = stays.with_columns((pl.col(name) * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us")) for name in ("entered", "left"))
        trucks = self.legs.select("visit", "plate").unique("visit", keep="first", maintain_order=True)
        stays = stays.join(trucks, on="visit", how="left", maintain_order="left").rename({"entered": "entered_at", "left": "left_at", "visit": "visit_no"})
        stays = stays.with_columns(stay_min=(pl.col("left_at") - pl.col("entered_at")).dt.total_microseconds() / 60e6)
        book.add(stays.select("visit_no", "plate", "zone_code", "entered_at", "left_at", "stay_min"))

    def finish(self, book: truth.Book) -> None:
        """Write the last days, and the stays of trucks still inside, cut at the end of the run."""
        if len(self.legs):
            self._write_days(self.end_s)
        else:
            book.add(pl.DataFrame(schema={"visit_no": pl.Int64, "plate": pl.String, "zone_code": pl.String, "entered_at": pl.Datetime("us"), "left_at": pl.Datetime("us"), "stay_min": pl.Float64}))
            return
        parts = tracks.segments(self.legs)
        share = (self.end_s - pl.col("from_s")) / (pl.col("to_s") - pl.col("from_s"))
        self._note(parts.filter(pl.col("from_s") < self.end_s).with_columns(seen=share.clip(0, 1)), book)

    def _write(self, fixes: pl.DataFrame, start: int) -> None:
        if fixes.is_empty():
            return
        day = dt.datetime.fromtimestamp(start, dt.UTC).date()
        a = fixes.filter(pl.col("provider") == 0)
        stamp = pl.from_epoch(pl.col("at"), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = a.select(
            pl.concat_str(
                pl.lit('{"plate":"'), "plate", pl.lit('","t":"'), stamp, pl.lit('","lon":'), pl.col("longitude").cast(pl.String), pl.lit(',"lat":'),
                pl.col("latitude").cast(pl.String), pl.lit(',"v":'), pl.col("speed_kmh").cast(pl.String), pl.lit("}"),
            )
        ).to_series().to_list()  # fmt: skip
        name = _LOG.name.format(day=day)
        damaged = self.desk.schedule.damage("tracking_a", name, day, lines, ",")
        for index, copy, _ in damaged:  # highest index first: what is inserted moves none of those still to come
            lines.insert(index + 1, copy)
        for moved, (index, _, kind) in enumerate(reversed(damaged)):
            self.desk.note(kind, _LOG, "inbox", name, index + moved + 2, None, "", day, "")
        self._put(name, "".join(f"{line}\n" for line in lines).encode(), len(lines))
        b = fixes.filter(pl.col("provider") == 1).select(
            vehicle="plate", time_utc=(pl.col("at") * 1_000_000).cast(pl.Datetime("us")), longitude="longitude", latitude="latitude", speed="speed_kmh"
        )  # fmt: skip
        packed = io.BytesIO()
        b.write_parquet(packed, compression="zstd", statistics=False)
        self._put(f"tracking_b_{day}.parquet", packed.getvalue(), len(b))

    def _put(self, name: str, data: bytes, lines_n: int) -> None:
        """Write one file; a provider with nothing to say drops none."""
        if lines_n:
            (self.desk.out / "inbox" / name).write_bytes(data)
            self.desk.lines_n, self.desk.files_n, self.desk.bytes_n = self.desk.lines_n + lines_n, self.desk.files_n + 1, self.desk.bytes_n + len(data)
