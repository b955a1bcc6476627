"""Random numbers that depend only on what they are for: a day, or a visit. Never on the order in which they are asked for.

The same visit therefore draws the same numbers with the pilot on and off (common random numbers).
"""

from __future__ import annotations

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def day_rng(seed: int, day: int, stream: int) -> np.random.Generator:
    """Return the generator of one day (its ordinal) and purpose."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, day, stream])))


def _mix(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def digest(seed: int, stream: int, *keys: np.ndarray) -> np.ndarray:
    """Return a 64-bit digest (splitmix64) of each row of integer `keys`."""
    with np.errstate(over="ignore"):
        state = np.uint64(seed % 2**64) * _GOLDEN + np.uint64(stream)
        mixed = _mix(np.full(np.shape(keys[0]), state, dtype=np.uint64))
        for key in keys:
            mixed = _mix((mixed + _GOLDEN) ^ np.asarray(key).astype(np.uint64))
    return mixed


def uniform(seed: int, stream: int, *keys: np.ndarray) -> np.ndarray:
    """Return a number in [0, 1) for each row of integer `keys`."""
    return (digest(seed, stream, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, stream: int, *keys: np.ndarray) -> np.ndarray:
    """Return a standard normal number for each row of integer `keys` (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(seed, stream, *keys)))
    return radius * np.cos(2 * np.pi * uniform(seed, stream + 1, *keys))


def text_digest(texts: list[str]) -> np.ndarray:
    """Return a 64-bit FNV-1a digest of each text: the plate digest that assigns lanes. Independent of the seed."""
    prime = np.uint64(0x100000001B3)
    width = max(map(len, texts), default=1)
    codes = np.array([text.ljust(width, "\0") for text in texts], dtype=f"U{width}").view(np.uint32).reshape(len(texts), width)
    state = np.full(len(texts), np.uint64(0xCBF29CE484222325))
    with np.errstate(over="ignore"):
        for column in range(width):
            state = (state ^ codes[:, column].astype(np.uint64)) * prime
    return _mix(state)
