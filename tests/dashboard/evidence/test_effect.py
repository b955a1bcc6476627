"""From panel to Effect: verdicts, verdict days, what is lacking, interference, the sentence in both languages and the words it may never use."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from dashboard.evidence import arabic
from dashboard.evidence.diagnostics import diagnose
from dashboard.evidence.effect import Plan, Range, assess
from dashboard.evidence.estimate import BLOCK_DAYS, estimate, period_contrast, unit_contrast
from dashboard.evidence.lock import DIFFERENCES
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.report import text, values
from dashboard.evidence.value import NO_VALUE
from dashboard.evidence.verdict import VERDICTS, Facts, Reason, judge, look
from dashboard.evidence.words import EXCLUSIONS, FORBIDDEN, REASONS, REFUSALS, VERDICT_WORDS, sentence, span
from dashboard.evidence.worlds import World, simulate

FIRST = dt.date(2026, 1, 5)
PLAN = Plan("turnaround_min", unit_kind="gate", end_day=120)


def panel_of(world: World, seed: int = 3, visits: float = 50.0, units: str = "ABCDEF") -> Panel:
    y = simulate(world, 1, seed)[0]
    days = tuple(FIRST + dt.timedelta(days=each) for each in range(y.shape[1]))
    return Panel(tuple(units[: len(y)]), days, np.exp(y), np.full(y.shape, visits), np.where(world.treated, world.before, NEVER), True, True)


CASES = {
    "strong": (World(), PLAN), "none": (World(effect=0.0), PLAN), "two_units": (World(pilots=1, comparisons=1, effect=-0.3), PLAN),
    "shared": (World(), replace(PLAN, shared_points=("WB1", "SCAN"))), "short_after": (World(after=20), PLAN), "short_before": (World(before=40), PLAN),
    "noisy": (World(noise=0.4, rho=0.9), PLAN), "alone": (World(comparisons=0), PLAN), "missing": (World(), replace(PLAN, missing_exits=(0.02, 0.2, 0.02, 0.02))),
    "differ": (World(), replace(PLAN, missing_exits=(0.01, 0.04, 0.01, 0.01))), "late_exclusion": (World(), replace(PLAN, excluded_after_look=True)),
    "late_plan": (World(), replace(PLAN, caps=(Reason("plan_locked_late", {"days": 40, "least": 28}),))),
    "provisional": (World(after=90), replace(PLAN, end_day=None)), "below_look": (World(after=60, effect=-0.09), replace(PLAN, end_day=None)), "slower": (World(effect=0.2), PLAN),
}  # fmt: skip


@pytest.fixture(scope="module")
def effects() -> dict:
    return {name: assess(panel_of(world), plan) for name, (world, plan) in CASES.items()}


@pytest.mark.parametrize(
    ("case", "verdict", "reason"),
    [
        ("strong", "strong", "survives_slow_noise"), ("none", "none", "within_noise"), ("two_units", "weak", "two_units"), ("shared", "moderate", "shared_points"),
        ("short_after", "not_yet", "short_after"), ("short_before", "not_yet", "short_before"), ("noisy", "not_yet", "too_noisy"), ("alone", "not_yet", "no_comparison"),
        ("missing", "not_yet", "missing_exits"), ("differ", "weak", "missing_exits_differ"), ("late_exclusion", "weak", "excluded_after_look"), ("late_plan", "weak", "plan_locked_late"), ("slower", "strong", "survives_slow_noise"),
    ],
)  # fmt: skip
def test_verdicts_and_their_reasons(effects, case, verdict, reason) -> None:
    given = effects[case].verdict
    assert given.code == verdict and reason in {each.code for each in (*given.reasons, *given.limits)}


@pytest.mark.parametrize("case", [name for name, (world, plan) in CASES.items()])
def test_without_a_verdict_there_is_no_number(effects, case) -> None:
    effect = effects[case]
    assert effect.verdict.code in VERDICTS and effect.has_number == (effect.verdict.code != "not_yet")
    if not effect.has_number:
        assert effect.found is None and effect.percent is None and effect.truck_hours is None
    else:
        assert effect.change.low < effect.change.best < effect.change.high and effect.gap.low <= effect.standard_gap.low
    if effect.verdict.code not in ("strong", "moderate"):
        assert effect.truck_hours is None


def test_a_look_before_the_end_says_the_size_it_could_see_and_carries_no_hours(effects) -> None:
    """All the data leave zero out, the look did not: the size named is at least the end of the range shown, and truck-hours of all the data go with the verdict."""
    effect = effects["below_look"]
    (given,) = effect.verdict.reasons
    assert given.code == "below_this_look" and effect.change.high < 0 and effect.truck_hours is None and values(effect)["truck_hours"] is None and "truck-hours" not in text(effect)
    size = int(re.search(r"no change larger than (\d+) minutes; smaller ones could not be seen", sentence(effect))[1])
    assert size >= max(given.values["size"], -effect.change.low) and size < effect.observed_after
    assert f"pas de changement de plus de {size} minutes" in sentence(effect, "fr")


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
@pytest.mark.parametrize("case", list(CASES))
def test_no_sentence_says_what_may_not_be_said(effects, case, lang) -> None:
    said = text(effects[case], lang)
    assert not FORBIDDEN.search(said), said
    assert "{" not in said and "nan" not in sentence(effects[case], lang)
    assert {"en": "because", "fr": "car ", "ar": "لأن "}[lang] in said or effects[case].verdict.reasons[0].code == "below_this_look"


def test_every_reason_has_both_languages_and_none_says_too_much() -> None:
    for code, (english, french) in REASONS.items():
        assert english and french and not FORBIDDEN.search(english) and not FORBIDDEN.search(french), code
    assert VERDICT_WORDS["en"].keys() == VERDICT_WORDS["fr"].keys() == VERDICT_WORDS["ar"].keys() == set(VERDICTS)


def test_arabic_says_everything_the_others_say_and_no_more() -> None:
    """Same codes, same placeholders, none of the words that may not be said; a contained zero («يتضمن») is no guarantee («يضمن»)."""
    for arabic_texts, texts in ((arabic.REASONS, REASONS), (arabic.REFUSALS, REFUSALS), (arabic.EXCLUSIONS, EXCLUSIONS), (arabic.DIFFERENCES, DIFFERENCES), (arabic.NO_VALUE, NO_VALUE)):
        assert arabic_texts.keys() == texts.keys(), arabic_texts.keys() ^ texts.keys()
        for code, said in arabic_texts.items():
            english = texts[code][0] if isinstance(texts[code][0], str) else texts[code][0][0]
            assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", english)) and not FORBIDDEN.search(said), code
    assert not FORBIDDEN.search("المجال يتضمن الصفر")


@pytest.mark.parametrize(
    ("ends", "unit", "expected"),
    [
        ((-14, -8.6), " minutes", "من 8 إلى 14 دقيقة أقل"), ((-3, 2), " minutes", "ما بين 3 دقائق أقل ودقيقتين أكثر"), ((1, 1.9), " minutes", "من 1 إلى 1,9 دقيقة أكثر"),
        ((-14, -8.6), "\u00a0%", "من 8 إلى 14\u200e%\u200e\u200f أقل"), ((-2, -1), " minutes", "من 1 إلى 2 دقيقة أقل"),
    ],
)  # fmt: skip
def test_arabic_counts_minutes_as_arabic_does(ends, unit, expected) -> None:
    assert span(Range(ends[0], sum(ends) / 2, ends[1]), unit, "ar") == expected


@pytest.mark.parametrize("said", ["It is proven.", "a significant change", "no effect", "grâce au pilote", "aucun effet", "The pilot caused it.", "effet garanti", "thanks to the pilot", "all gates", "أثبت المشروع فعاليته", "بفضل المشروع", "نتيجة مضمونة", "ليضمن النجاح", "في جميع الأبواب", "لا أثر للمشروع"])
def test_the_list_of_forbidden_words_bites(said) -> None:
    assert FORBIDDEN.search(said)


def test_ranges_are_rounded_outward() -> None:
    assert span(Range(-13.2, -11.0, -9.7), " minutes", "en") == "9 to 14 minutes less"
    assert span(Range(-2.1, -0.5, 1.2), " minutes", "en") == "anything from 3 minutes less to 2 minutes more"
    assert span(Range(3.1, 4.0, 5.9), " minutes", "fr") == "3 à 6 minutes de plus"
    assert span(Range(-0.0788, -0.02, -0.0111), "", "en") == "0.011 to 0.079 less"


def test_the_sentence_gives_a_range_with_its_best_estimate(effects) -> None:
    said = sentence(effects["strong"])
    assert said.startswith("Trucks at gates A and B took **") and "best estimate" in said and "compared with gates C and D" in said and "Evidence: **strong**, because" in said
    assert "trucks that chose another gate" in said and sentence(effects["strong"], "fr").startswith("Les camions aux portes A et B ont mis **")


def test_what_would_be_visible_when(effects) -> None:
    effect = effects["short_after"]
    assert effect.seen_around > effect.last and "would be visible around" in sentence(effect) and "serait visible vers" in sentence(effect, "fr")


def test_shared_service_points_give_bounds_and_never_strong(effects) -> None:
    effect = effects["shared"]
    assert effect.bounds.low <= effect.change.low and effect.bounds.high >= effect.change.high and effect.verdict.code == "moderate"


@pytest.mark.parametrize(("days", "end", "wanted"), [(10, None, (None, 0.0002, 28)), (28, None, (28, 0.0002, 84)), (100, None, (84, 0.0047, 182)), (400, None, (182, 0.045, None)), (50, 90, (None, 0.05, 90)), (90, 90, (90, 0.05, None))])
def test_verdict_days(days, end, wanted) -> None:
    assert look(days, end) == wanted


def test_between_verdict_days_the_last_verdict_stands_and_is_called_provisional(effects) -> None:
    effect = effects["provisional"]
    whole = panel_of(CASES["provisional"][0])
    then = assess(whole.only(periods=slice(0, 120 + 84)), CASES["provisional"][1])
    assert effect.is_provisional and effect.verdict.code == then.verdict.code and not then.is_provisional
    assert effect.verdict_on == whole.periods[120] + dt.timedelta(days=84) and effect.next_verdict_on == whole.periods[120] + dt.timedelta(days=182)
    assert "Provisional; next verdict on" in sentence(effect)


def test_a_drift_before_the_start_is_seen_and_costs_the_verdict() -> None:
    """A pilot arm that falls 12 % per 100 days all along shows a gap, and no more than weak evidence."""
    world = World(effect=0.0, drift_per_100_days=-0.12, noise=0.05)
    effect = assess(panel_of(world), PLAN)
    assert effect.checks.has_drift and effect.verdict.code == "weak" and effect.checks.drift_per_100 == pytest.approx(-0.12, abs=0.08)


def test_one_unit_that_carries_everything_costs_the_verdict() -> None:
    y = simulate(World(effect=0.0, noise=0.02), 1, 1)[0]
    y[0, 120:] -= 0.3
    c, p = unit_contrast(np.arange(4) < 2), period_contrast(np.arange(240) >= 120)
    found = estimate(y, c, p)
    checks = diagnose(y, c, p, np.ones(4), tuple("ABCD"), found, BLOCK_DAYS)
    assert dict(checks.left_out)["A"] == pytest.approx(0, abs=0.03)
    verdict = judge(found, checks, Facts(4, True, 120, 120))
    assert verdict.code in ("weak", "none") and (verdict.code == "none" or "one_carries" in {each.code for each in verdict.limits})


def test_same_input_same_digits_and_another_plan_another_fingerprint() -> None:
    first, again = (assess(panel_of(World()), PLAN) for _ in range(2))
    assert json.dumps(values(first)) == json.dumps(values(again))
    assert first.fingerprint != assess(panel_of(World()), replace(PLAN, end_day=90)).fingerprint != assess(panel_of(World(), seed=4), PLAN).fingerprint


def test_several_starts_are_estimated_and_checked() -> None:
    world = World(pilots=4, comparisons=2, effect=-0.2)
    panel = panel_of(world)
    y = np.log(panel.outcome)
    starts = panel.starts.copy()
    starts[2:4] = 160
    y[2:4, 120:160] -= world.b
    effect = assess(replace(panel, outcome=np.exp(y), starts=starts), replace(PLAN, end_day=None))
    assert effect.verdict.code == "weak" and len(effect.cohorts) == 2 and effect.gap.low <= world.b <= effect.gap.high
    assert not FORBIDDEN.search(text(effect)) and effect.checks.from_own_start and effect.checks.has_drift  # this seed drifts by chance


def test_one_day_and_holes() -> None:
    panel = panel_of(World(before=1, after=1))
    effect = assess(panel, PLAN)
    assert effect.verdict.code == "not_yet" and "days" in sentence(effect)
    holes = panel_of(World())
    outcome = holes.outcome.copy()
    outcome[1, 7] = np.nan
    effect = assess(replace(holes, outcome=outcome), PLAN)
    assert effect.periods_dropped == 1 and effect.verdict.code == "strong"


def test_values_are_plain_json(effects) -> None:
    for effect in effects.values():
        made = json.loads(json.dumps(values(effect), allow_nan=False))
        assert made["sentence"]["fr"] and made["fingerprint"] == effect.fingerprint
