"""Invented names: plates, badges, transporters, declarants, container numbers. None is real; all are made from numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data.simulator.draws import day_rng, text_digest
from sample_data.simulator.port import LANES

# Moroccan series letters and the Latin letters the same systems print for them.
LETTERS = {"A": "أ", "B": "ب", "D": "د", "H": "ه", "W": "و", "T": "ط"}
# The first four letters of a container number. Invented; the last is U as ISO 6346 asks.
OWNERS = ("SMPU", "ZXQU", "QZAU", "XAQU", "QXDU", "ZQEU", "XZFU", "QQGU", "ZZHU", "XXJU", "QZKU", "ZXLU")
_VALUES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", [n for n in range(10, 39) if n % 11], strict=False))
CARRIERS = 140
DECLARANTS = 60


class Trucks:
    """The trucks that may call: plate text, lane by plate digest, transporter, driver badge, whether and with whom it is tracked."""

    def __init__(self, seed: int, count: int, tracked_share: float) -> None:
        rng = day_rng(seed, 0, 1)
        code = rng.choice(99_000 * len(LETTERS) * 80, size=count, replace=False)
        number, letter, region = code // 480 + 1000, code // 80 % len(LETTERS), code % 80 + 1
        letters = list(LETTERS)
        self.plates = [f"{a}-{letters[b]}-{c}" for a, b, c in zip(number.tolist(), letter.tolist(), region.tolist(), strict=False)]
        digest = text_digest(self.plates)
        self.lane = (digest % np.uint64(len(LANES))).astype(np.int64)
        self.is_tracked = ((digest >> np.uint64(20)) % np.uint64(10_000)).astype(np.int64) < round(tracked_share * 10_000)
        self.provider = ((digest >> np.uint64(40)) % np.uint64(2)).astype(np.int64)
        self.carrier = np.minimum((rng.random(count) ** 2.2 * CARRIERS).astype(np.int64), CARRIERS - 1)
        self.series = pl.Series("plate", self.plates)

    def __len__(self) -> int:
        return len(self.plates)


def containers(number: np.ndarray) -> pl.Series:
    """Return a container number with its ISO 6346 check digit for each whole number; different numbers give different containers."""
    owner, serial = number // 1_000_000 % len(OWNERS), number % 1_000_000
    weights = np.array([sum(_VALUES[letter] << place for place, letter in enumerate(text)) for text in OWNERS])
    total = weights[owner].copy()
    for place in range(6):
        total += (serial // 10 ** (5 - place) % 10) << (place + 4)
    check = total % 11 % 10
    frame = pl.DataFrame({"owner": pl.Series(OWNERS).gather(owner), "serial": serial * 10 + check})
    return frame.select(pl.col("owner") + pl.col("serial").cast(pl.String).str.zfill(7)).to_series()
