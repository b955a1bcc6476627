"""Alternating time blocks of the whole port: the calendar, its analysis and its noise. Pairs of equal blocks, one with the pilot and one without, in drawn order.

    days = calendar("MACAS", start_on, block_days=7, blocks_n=24)        # reproducible: drawn from port, start and block length
    found = paired(y, days)                                              # y: log daily figure of these days -> Estimate
No lane is compared with another, so that relief which spreads is counted. The order within each pair is drawn at random and independently, so under no change the differences of
the pairs have random signs: whatever carries over from day to day, they are uncorrelated, and t with (pairs - 1) degrees of freedom holds. Days are local.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np

from dashboard.evidence.estimate import Estimate, Noise

BLOCK_DAYS = (1, 7, 14, 28)  # whole weeks hold every weekday alike; single days are paired with the same weekday a week apart
WASHOUT_DAYS = 1  # the first day of a block of a week or more is left out on both sides: queues and yards still carry the block before
LEAST_PAIRS = 6  # with fewer, all pairs pointing one way still happens by chance in more than 1 of 20 cases (2 / 2^5)


@dataclass(frozen=True)
class Day:
    """One day of the calendar. `pair` holds two blocks, one with the pilot; a day of washout is left out of the analysis."""

    day: dt.date
    block: int
    pair: int
    is_on: bool
    is_washout: bool


def washout_of(block_days: int) -> int:
    return WASHOUT_DAYS if block_days >= 7 else 0


def days_of(pairs: int, block_days: int) -> int:
    """Return the days that so many pairs take; single days come in fortnights of seven pairs."""
    return 14 * -(-pairs // 7) if block_days == 1 else 2 * block_days * pairs


def pairs_in(days: int, block_days: int) -> int:
    """Return the whole pairs that fit into so many days."""
    return 7 * (days // 14) if block_days == 1 else days // (2 * block_days)


def calendar(port_code: str, start_on: dt.date, block_days: int, pairs: int) -> tuple[Day, ...]:
    """Return the days of `pairs` pairs of blocks. The draw is a bit of SHA-256, so that anyone can make it again in any language."""
    seed, washout = f"{port_code}|{start_on}|{block_days}", washout_of(block_days)
    made = []
    for index in range(days_of(pairs, block_days)):
        if block_days == 1:
            group, place = divmod(index, 14)
            block, pair, is_second = index, 7 * group + place % 7, place >= 7
        else:
            block = index // block_days
            pair, is_second = block // 2, block % 2 == 1
        made.append(Day(start_on + dt.timedelta(days=index), block + 1, pair + 1, _first_is_on(seed, pair + 1) != is_second, index % block_days < washout))
    return tuple(made)


def _first_is_on(seed: str, pair: int) -> bool:
    return hashlib.sha256(f"{seed}|{pair}".encode()).digest()[0] % 2 == 0


def paired(y: np.ndarray, days: tuple[Day, ...]) -> Estimate:
    """Return the change with the pilot on, from the log daily figures y (..., days) of the calendar; NaN is a day without data.

    b is the mean over pairs of (mean with - mean without), SE = sd of these differences / sqrt(pairs). A pair with an empty side is left out of all panels given.
    """
    used = np.array([not each.is_washout for each in days]) & np.isfinite(y).reshape(-1, y.shape[-1]).all(axis=0)
    pair, is_on = np.array([each.pair for each in days]), np.array([each.is_on for each in days])
    sides = [[used & (pair == each) & (is_on == on) for on in (True, False)] for each in np.unique(pair)]
    whole = [(on, off) for on, off in sides if on.any() and off.any()]
    if not whole:
        return Estimate(np.full(y.shape[:-1], np.nan))
    weight = np.array([on / on.sum() - off / off.sum() for on, off in whole])
    gaps = np.nan_to_num(y) @ weight.T
    count = len(whole)
    if count < 2:
        return Estimate(gaps.mean(axis=-1))
    se = gaps.std(axis=-1, ddof=1) / np.sqrt(count)
    return Estimate(gaps.mean(axis=-1), (Noise("pairs", se, np.full(np.shape(se), float(count - 1))),))


def pair_noise(y: np.ndarray, block_days: int) -> float | None:
    """Return the standard deviation of one pair's difference had nothing been switched: root mean square over every day a pair could have begun in the log daily figures y.

    Not centred: the order is drawn, so that a drift counts as noise. None where fewer than two pairs fit one after the other.
    """
    width, apart, washout = block_days - washout_of(block_days), 7 if block_days == 1 else block_days, washout_of(block_days)
    span = apart + block_days
    if len(y) < 2 * span:
        return None
    known = np.isfinite(y)
    total, count = (np.concatenate([[0.0], each.cumsum()]) for each in (np.where(known, y, 0.0), known.astype(float)))
    begin = np.arange(len(y) - span + 1) + washout
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [(total[at + width] - total[at]) / (count[at + width] - count[at]) for at in (begin, begin + apart)]
    gaps = means[1] - means[0]
    gaps = gaps[np.isfinite(gaps)]
    return float(np.sqrt((gaps**2).mean())) if len(gaps) else None
