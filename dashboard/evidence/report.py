"""An Effect as text for a terminal and as plain values for JSON and CSV: the same numbers as everywhere, none made here."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import asdict

import numpy as np
import polars as pl

from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.estimate import block_labels, block_means, contrasts, lengths_of, on_scale
from dashboard.evidence.panel import Panel
from dashboard.evidence.verdict import VERDICTS
from dashboard.evidence.words import reason, sentence

# Reproduces the gap b and its standard error from 28-day blocks, from the table of `collapsed` saved as collapsed.csv.
R_LINE = (
    'd <- read.csv("collapsed.csv"); m <- lm(y ~ D + factor(unit) + factor(block), d); '
    'print(c(b = sum(d$c * d$p * d$y), se = sigma(m) * sqrt(sum(tapply(d$c, d$unit, mean)^2) * sum(tapply(d$p, d$block, mean)^2))))'
)


def collapsed(panel: Panel, scale: str = "log") -> pl.DataFrame:
    """Return unit x block means with their contrasts: unit, block, first, last, y, D, c, p. One start and complete periods only."""
    whole, _ = panel.complete()
    c, p = contrasts(whole)
    before = int((p < 0).sum())
    labels, first_after = block_labels(before, len(p) - before, lengths_of(whole)[0])
    y, contrast = block_means(on_scale(whole, scale), p, labels)
    ends = [np.flatnonzero(labels == block)[[0, -1]] for block in range(len(contrast))]
    return pl.DataFrame(
        [
            (unit, block + 1, str(whole.periods[ends[block][0]]), str(whole.periods[ends[block][1]]), float(y[row, block]), int(c[row] > 0 and block >= first_after), float(c[row]), float(contrast[block]))
            for row, unit in enumerate(whole.units) for block in range(len(contrast))
        ],
        schema=["unit", "block", "first", "last", "y", "D", "c", "p"], orient="row",
    )  # fmt: skip


def values(effect: Effect) -> dict[str, object]:
    """Return everything in the Effect as values JSON can hold, with the sentence in every language; nothing that is not a number stays NaN."""
    made = asdict(effect)
    found = effect.found
    made["found"] = None if found is None else {
        "b": float(found.b), "half_cautious": float(found.half()), "half_standard": float(found.half(cautious=False)),
        "noise": [{"name": each.name, "se": float(each.se), "df": float(each.df), "is_slow": each.is_slow} for each in found.noises],
    }  # fmt: skip
    made["sentence"] = {lang: sentence(effect, lang) for lang in ("en", "fr", "ar")}
    return _plain(made)


def text(effect: Effect, lang: str = "en") -> str:
    """Return the sentence and the checks, a line each. Without a verdict there are no numbers of a change."""
    rows = [("arms", f"pilot {_names(effect.pilots)} · comparison {_names(effect.comparisons) or 'none'}"), ("periods", f"{effect.first} to {effect.last}, start {effect.start}")]
    rows += [(f"{arm}, {side}", f"{periods} periods, weight {weight:,.0f}") for arm, side, periods, weight in effect.counts]
    if effect.periods_dropped:
        rows.append(("left out", f"{effect.periods_dropped} periods in which a unit was not measured"))
    if effect.means is not None:
        rows.append(("means", "pilot {:.4g} then {:.4g}, comparison {:.4g} then {:.4g} (of the panel as given)".format(*effect.means)))
    if effect.found is not None and (effect.has_number or not effect.found.noises):
        rows += _estimate(effect)
    if effect.has_number and effect.checks is not None:
        rows += _checks(effect)
    rows += [("start " + str(start), f"gap {gap:+.5g} ± {half:.5g}") for start, gap, half in effect.cohorts if effect.has_number]
    rows.append(("verdict", f"{effect.verdict.code} (of {', '.join(VERDICTS)})" + (f", given on {effect.verdict_on}" if effect.verdict_on else "")))
    rows += [("  because", reason(each, effect, lang)) for each in effect.verdict.reasons] + [("  but", reason(each, effect, lang)) for each in effect.verdict.limits]
    rows.append(("fingerprint", effect.fingerprint))
    width = max(len(name) for name, _ in rows)
    return "\n".join([sentence(effect, lang).replace("**", ""), "", *(f"{name:<{width}}  {said}" for name, said in rows)])


def _estimate(effect: Effect) -> list[tuple[str, str]]:
    if not effect.has_number:
        return [("gap", f"{float(effect.found.b):.10g} ({effect.plan.scale}); units and periods are too few for a range, so that no change is claimed")]
    rows = [("change", _range(effect.change)), ("percent", _range(effect.percent)), (f"gap ({effect.plan.scale})", f"{_range(effect.gap, 8)} cautious; {_range(effect.standard_gap)} standard")]
    rows += [("  noise " + each.name, f"standard error {float(each.se):.5g}, {float(each.df):.1f} degrees of freedom") for each in effect.found.noises]
    rows += [(name, _range(each)) for name, each in (("truck-hours", effect.truck_hours), ("bounds", effect.bounds)) if each is not None]
    return rows if effect.mde_change is None else [*rows, ("smallest seen", f"{effect.mde_change:.4g}, in four cases of five")]


def _checks(effect: Effect) -> list[tuple[str, str]]:
    checks = effect.checks
    drift = "too short to say" if checks.drift_p is None else f"{checks.drift_per_100:+.4g} per 100 periods (p {checks.drift_p:.2f}); steady drift this check could miss {checks.drift_missed_per_100:.4g}"
    rows = [("drift before", drift), ("trial dates", f"{checks.placebo_as_large} of {len(checks.placebo_gaps)} showed a change this large" if checks.placebo_gaps else "none fits before the start")]
    rows += [(f"  without {unit}", f"{gap:+.5g}") for unit, gap in (checks.left_out if len(checks.left_out) <= 12 else ())]
    if len(checks.left_out) > 12:
        gaps = [gap for _, gap in checks.left_out]
        rows.append(("  one left out", f"{min(gaps):+.5g} to {max(gaps):+.5g} over {len(gaps)} units"))
    rows += [(f"  {unit} as pilot", f"{gap:+.5g}") for unit, gap in (checks.fake_pilots if len(checks.fake_pilots) <= 12 else ())]
    if checks.level_gap is not None:
        rows.append(("plain difference", f"{checks.level_gap:+.4g}; {'agrees' if checks.scales_agree else 'disagrees'} with the change in %"))
    rows.append(("noise by block", ", ".join(f"{length}: {se:.4g}" for length, se in checks.se_by_length)))
    rows += [(f"  {block.first:>4} to {block.last:>4}", f"{block.gap:+.4f} ± {block.half:.4f}{' after' if block.is_after else ''}") for block in checks.event_study if len(checks.event_study) <= 40]
    if effect.erased_by_percent:
        seen = "" if effect.largest_before_percent is None else f"; the largest trial date showed {effect.largest_before_percent:.1f} %"
        rows.append(("erased by", f"an unrelated change of {effect.erased_by_percent:.1f} %{seen}"))
    return rows


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{len(names)} units"


def _range(each: Range, digits: int = 5) -> str:
    return f"{each.best:.{digits}g} ({each.low:.{digits}g} to {each.high:.{digits}g})"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
