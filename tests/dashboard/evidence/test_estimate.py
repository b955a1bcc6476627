"""The formulae against an independent least squares, hand-made numbers and published tables."""

from __future__ import annotations

import numpy as np
import pandas as pd  # statsmodels, the oracle, takes nothing else
import pytest
from statsmodels.formula.api import ols

from dashboard.evidence.estimate import (
    ar_noise,
    block_labels,
    block_means,
    block_noise,
    block_residual,
    contrasts,
    estimate,
    holm,
    minutes,
    period_contrast,
    t_quantile,
    unit_contrast,
)
from dashboard.evidence.panel import NEVER, read_panel
from dashboard.evidence.staggered import impute, jackknife, staggered, two_way
from etl.settings import trial_data

TABLES = (trial_data() or None) and trial_data() / "pilot_tables"
needs_tables = pytest.mark.skipif(TABLES is None or not TABLES.is_dir(), reason="SMARTPORT_TRIAL_DATA has no pilot_tables: the published tables are not part of the project")


def _ols(y: np.ndarray, regressor: np.ndarray) -> tuple[float, float, float]:
    """Coefficient, its plain standard error and s^2 of y ~ regressor + unit + period, by numpy's least squares on the written-out design."""
    units, periods = y.shape
    design = np.column_stack([regressor.ravel(), *(np.repeat(np.eye(units)[i], periods) for i in range(units)), *(np.tile(np.eye(periods)[t], units) for t in range(1, periods))])
    beta, _, rank, _ = np.linalg.lstsq(design, y.ravel(), rcond=None)
    s2 = float(((y.ravel() - design @ beta) ** 2).sum() / (y.size - rank))
    return float(beta[0]), float(np.sqrt(s2 * np.linalg.pinv(design.T @ design)[0, 0])), s2


def test_block_ols_equals_written_out_least_squares() -> None:
    rng = np.random.default_rng(1)
    for units, periods, first in ((4, 8, 4), (5, 6, 2), (2, 9, 5), (12, 4, 3)):
        y, treated = rng.normal(4, 0.3, (units, periods)), np.arange(units) < units // 2
        shape = np.outer(treated, np.arange(periods) >= first).astype(float)
        beta, squares = block_residual(y, shape)
        wanted, se, s2 = _ols(y, shape)
        df = (units - 1) * (periods - 1) - 1
        assert beta == pytest.approx(wanted, abs=1e-9) and squares / df == pytest.approx(s2, abs=1e-9)
        if units % 2 == 0 and first * 2 == periods:  # equal shares, equal blocks: the contrast form is the coefficient's own standard error
            noise = block_noise(y, unit_contrast(treated), period_contrast(np.arange(periods) >= first), 1)
            assert float(noise.se) == pytest.approx(se, abs=1e-9) and float(noise.df) == df


@pytest.mark.parametrize(("units", "blocks", "treated", "before"), [(4, 8, 2, 5), (6, 5, 3, 3), (3, 10, 1, 6)])
def test_block_ols_equals_statsmodels(units, blocks, treated, before) -> None:
    rng = np.random.default_rng(units)
    y = rng.normal(4, 0.1, (units, blocks))
    regressor = np.outer(np.arange(units) < treated, np.arange(blocks) >= before).astype(float)
    beta, squares = block_residual(y, regressor)
    unit, block = np.indices(y.shape)
    fit = ols("y ~ D + C(unit) + C(block)", pd.DataFrame({"y": y.ravel(), "D": regressor.ravel(), "unit": unit.ravel(), "block": block.ravel()})).fit()
    assert float(beta) == pytest.approx(fit.params["D"], abs=1e-12)
    assert float(squares) == pytest.approx(fit.ssr, abs=1e-12) and fit.df_resid == (units - 1) * (blocks - 1) - 1


def test_the_gap_is_the_same_from_days_and_from_their_blocks() -> None:
    rng = np.random.default_rng(2)
    y, after = rng.normal(size=(4, 97)), np.arange(97) >= 60
    p = period_contrast(after, rng.uniform(1, 5, 97))
    c = unit_contrast(np.array([True, True, False, False]), np.array([3, 1, 2, 2]))
    blocks, contrast = block_means(y, p, block_labels(60, 37, 28)[0])
    assert float(c @ blocks @ contrast) == pytest.approx(float(c @ y @ p), abs=1e-12)


@pytest.mark.parametrize(("before", "after", "length", "blocks"), [(120, 120, 28, (4, 4)), (120, 120, 56, (2, 2)), (120, 28, 56, (4, 1)), (60, 45, 28, (2, 2)), (3, 3, 1, (3, 3))])
def test_sides_split_into_equal_blocks(before, after, length, blocks) -> None:
    labels, first_after = block_labels(before, after, length)
    assert first_after == blocks[0] and labels[-1] + 1 == sum(blocks) and (np.diff(labels) >= 0).all() and labels[before] == blocks[0]
    assert np.ptp(np.bincount(labels[:before])) <= 1


def test_ar_reads_carried_noise() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=(400, 4, 240))
    for day in range(1, 240):
        y[..., day] = 0.5 * y[..., day - 1] + np.sqrt(0.75) * y[..., day]
    noise = ar_noise(y, unit_contrast(np.arange(4) < 2), period_contrast(np.arange(240) >= 120))
    assert np.median(noise.se) == pytest.approx(np.sqrt(1 * 2 / 120 * 3), rel=0.05)
    assert np.median(noise.df) == pytest.approx(240 / 3 - 2, rel=0.15)


def test_readings_follow_the_number_of_units() -> None:
    y = np.random.default_rng(4).normal(size=(4, 240))
    after = np.arange(240) >= 120
    names = lambda n: [noise.name for noise in estimate(y[:n], unit_contrast(np.arange(n) < 1), period_contrast(after)).noises]  # noqa: E731
    assert names(4) == ["blocks_28", "ar1", "blocks_56"]
    assert names(3) == ["blocks_28", "ar1", "blocks_56", "blocks_120"]
    assert names(2) == ["blocks_28", "ar1"]
    assert names(4) and estimate(y, unit_contrast(np.arange(4) < 2), period_contrast(after)).half() >= estimate(y, unit_contrast(np.arange(4) < 2), period_contrast(after)).half(cautious=False)


def test_a_smaller_alpha_is_wider_and_quantiles_are_students() -> None:
    from scipy.stats import t

    for df in (1, 3, 8, 44.5, 270):
        assert float(t_quantile(0.975, df)) == pytest.approx(float(t.ppf(0.975, df)), rel=1e-12)
    found = estimate(np.random.default_rng(5).normal(size=(4, 240)), unit_contrast(np.arange(4) < 2), period_contrast(np.arange(240) >= 120))
    assert found.half(0.0002) > found.half(0.0047) > found.half(0.05)


def test_minutes_are_against_what_would_have_been() -> None:
    assert minutes(np.log(0.88), 88.0) == pytest.approx(-12.0)


def test_plain_minutes_can_have_the_wrong_sign_where_the_ratio_has_not() -> None:
    """Gates of 150 and 50 minutes; everything falls by 20 %, the pilot by 12 % more. Minutes of the slow comparison gate fall further."""
    pilot, comparison = np.array([50.0, 50 * 0.8 * 0.88]), np.array([150.0, 150 * 0.8])
    plain = (pilot[1] - pilot[0]) - (comparison[1] - comparison[0])
    ratio = np.log(pilot[1] / pilot[0]) - np.log(comparison[1] / comparison[0])
    assert plain > 0 and np.expm1(ratio) == pytest.approx(-0.12)


def test_holm_steps_down() -> None:
    assert holm(np.array([0.001, 0.04, 0.011, 0.9])).tolist() == [True, False, True, False]
    assert holm(np.array([0.03, 0.02])).tolist() == [True, True] and holm(np.array([0.03, 0.04])).tolist() == [False, False]


def test_two_way_effects_equal_least_squares_on_what_is_there() -> None:
    rng = np.random.default_rng(6)
    weight = rng.uniform(0.5, 2, (7, 11)) * (rng.random((7, 11)) > 0.3)
    y = rng.normal(size=(7, 11))
    unit, period = two_way(y, weight)
    design = np.array([[*(float(i == g) for g in range(7)), *(float(j == t) for t in range(11))] for i in range(7) for j in range(11)])
    root = np.sqrt(weight.ravel())
    fitted = design @ np.linalg.lstsq(design * root[:, None], y.ravel() * root, rcond=None)[0]
    assert np.allclose((unit[:, None] + period).ravel()[root > 0], fitted[root > 0], atol=1e-9)


def test_imputation_recovers_effects_that_grow_where_plain_two_way_does_not() -> None:
    rng = np.random.default_rng(7)
    starts = np.array([4, 4, 8, 8, NEVER, NEVER])
    time = np.arange(12)
    effect = np.where(time >= starts[:, None], (time - np.minimum(starts, 99)[:, None] + 1.0), 0.0)
    y = rng.normal(size=(6, 1)) + rng.normal(size=12) + effect
    effects = impute(y, np.ones_like(y), starts)
    assert np.allclose(effects[effect > 0], effect[effect > 0], atol=1e-9)
    naive, _, _ = _ols(y, (effect > 0).astype(float))
    assert abs(naive - effect[effect > 0].mean()) > 0.3


def test_transporters_by_jackknife() -> None:
    """Coverage over 300 seeded draws of 20 transporters; too few of them give no margin."""
    rng, after, treated = np.random.default_rng(8), np.arange(40) >= 20, np.arange(20) < 8
    inside = 0
    for _ in range(300):
        y = rng.normal(size=(20, 1)) + rng.normal(size=40) + 0.3 * rng.normal(size=(20, 1)) * after + 0.5 * rng.normal(size=(20, 40)) - 0.4 * np.outer(treated, after)
        found = jackknife(y, np.ones_like(y), treated, after)
        inside += abs(float(found.b) + 0.4) <= float(found.half())
    assert 0.92 <= inside / 300 <= 0.98
    assert not jackknife(y[5:12], np.ones((7, 40)), treated[5:12], after).noises


@needs_tables
def test_kielmc() -> None:
    """Kiel and McClain's house prices: -11,863.90 in Wooldridge's table."""
    panel = read_panel(TABLES / "kielmc.csv", unit="nearinc", period="year", outcome="rprice", treated="nearinc", start="1981")
    assert float(estimate(panel.outcome, *contrasts(panel), (1, 2)).b) == pytest.approx(-11863.90, abs=0.01)


@needs_tables
def test_organ_donations() -> None:
    """California's active choice phrasing: -0.0225."""
    order = ("Q42010", "Q12011", "Q22011", "Q32011", "Q42011", "Q12012")
    panel = read_panel(TABLES / "organ_donation.csv", unit="State", period="Quarter", outcome="Rate", treated="State=California", start="Q32011", order=order)
    found = estimate(panel.outcome, *contrasts(panel), (1, 2))
    assert float(found.b) == pytest.approx(-0.0225, abs=1e-4)
    wanted, _, s2 = _ols(panel.outcome, np.outer(panel.treated, panel.after).astype(float))
    assert float(found.b) == pytest.approx(wanted, abs=1e-9)
    assert float(block_residual(panel.outcome, np.outer(panel.treated, panel.after).astype(float))[1]) / 129 == pytest.approx(s2, abs=1e-9)


@needs_tables
def test_mpdta_by_imputation() -> None:
    """Minimum wages and teen employment: -0.0477099 by imputation; the group of 2004 in 2x2 form agrees with R's did for its first year."""
    panel = read_panel(TABLES / "mpdta.csv", unit="countyreal", period="year", outcome="lemp", treated="treat", start="first.treat")
    found, parts = staggered(panel, panel.outcome)
    assert float(found.b) == pytest.approx(-0.0477099, abs=1e-6)
    assert [panel.periods[part.start] for part in parts] == [2004, 2006, 2007] and sum(part.share for part in parts) == pytest.approx(1)
    first = panel.only((panel.starts == 1) | (panel.starts == NEVER), slice(0, 2))
    assert float(estimate(first.outcome, *contrasts(first), (1, 2)).b) == pytest.approx(-0.0105032462209624, abs=1e-9)
