"""The pilot page on four small real builds (strong, none, not yet, moderate with bounds): every part in both languages, the words it may never use, bad input, its address."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import small_build
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.evidence import study, words
from dashboard.evidence.effect import Range
from dashboard.evidence.verdict import Reason
from dashboard.evidence.words import FORBIDDEN
from dashboard.format import listed, plain
from dashboard.i18n import LANGUAGES, translator
from dashboard.screens import pilot_answer, pilot_lines
from dashboard.screens.pilot import PARTS
from dashboard.screens.pilot_answer import trials_since
from dashboard.screens.pilot_value import ends_of
from dashboard.screens.pilot_words import NAMES
from dashboard.selection import Selection
from etl.settings import SAMPLE_SITE

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]
SOME = ["en", "fr", pytest.param("ar", marks=pytest.mark.slow)]  # where another test has the same words in every run
AFTER_TWO_LOOKS = dt.date(2026, 10, 11)
# state -> how its build is made; sharing of service points comes from the site folder
STATES: dict[str, dict] = {
    "strong": {"days": 240, "pilot_factor": 0.75, "last_day": AFTER_TWO_LOOKS}, "none": {"days": 240, "pilot_factor": 1.0, "last_day": AFTER_TWO_LOOKS},
    "not_yet": {"days": 100, "last_day": dt.date(2026, 7, 28)}, "moderate": {"days": 240, "pilot_factor": 0.75, "last_day": AFTER_TWO_LOOKS, "is_shared": True},
}  # fmt: skip


def site_of(folder: Path, is_shared: bool = False, **tables: str) -> Path:
    """A copy of the sample site, its service points shared between lanes or not; `tables` replace reference tables by name."""
    shutil.copytree(SAMPLE_SITE, folder)
    points = folder / "reference" / "service_points.csv"
    if not is_shared:
        points.write_text(points.read_text("utf-8").replace(",true,", ",false,"), "utf-8")
    for name, text in tables.items():
        (folder / "reference" / f"{name}.csv").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """state -> settings of its build, made when first asked for."""
    made: dict = {}

    def of(state: str):
        if state not in made:
            how = dict(STATES[state])
            out = tmp_path_factory.mktemp(f"pilot_{state}")
            folder = site_of(out / "site", how.pop("is_shared", False))
            made[state] = small_build.make(out / "home", per_day=60, seed=7, folder=folder, **how)
        return made[state]

    return of


@pytest.fixture
def shown(homes, monkeypatch: pytest.MonkeyPatch):
    """Show one state's build in this process."""

    def show(state_or_settings):
        settings = homes(state_or_settings) if isinstance(state_or_settings, str) else state_or_settings
        monkeypatch.setenv("SMARTPORT_HOME", str(settings.home))
        monkeypatch.setenv("SMARTPORT_SITE", str(settings.site))
        store.use(settings)
        return settings

    yield show
    store.use(None)


def open_pilot(part: str = "", lang: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.switch_page("screens/pilot.py")
    for name, value in {"part": part, "lang": lang, **query}.items():
        if value:
            app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    blocks = [re.sub(r"<(script|style)\b.*?</\1>", "", str(block.proto.body), flags=re.S) for block in app.get("html")]
    parts = [re.sub(r"<[^>]+>", " ", block) for block in blocks if ":root {" not in block]  # not the style sheet
    tables = [" ".join(str(value) for value in row if value == value) for table in app.dataframe for row in table.value.itertuples()]
    alts = [str(element.proto.alt) for element in app.get("plotly_chart")]
    specs = [text for element in app.get("plotly_chart") for text in _texts(json.loads(element.proto.spec))]
    return "\n".join([*parts, *tables, *alts, *specs, *(each.value for kind in (app.title, app.header, app.subheader, app.markdown, app.warning, app.caption) for each in kind)])


def _texts(found: object) -> list[str]:
    """Every text written on a figure."""
    if isinstance(found, dict):
        return [text for name, value in found.items() for text in ([value] if name in ("text", "hovertext") and isinstance(value, str) else _texts(value))]
    return [text for each in found for text in ([each] if isinstance(each, str) else _texts(each))] if isinstance(found, list) else []


def headline() -> study.Headline:
    build = store.build()
    return study.headline(store.of(), Selection.preset(build.port_code, "28d", build.now_day))


@pytest.mark.parametrize("state", STATES)
def test_the_builds_hold_the_states_they_are_named_after(state: str, shown) -> None:
    shown(state)
    found = headline()
    assert found.refused is None and found.main.verdict.code == state
    assert (found.main.bounds is not None) == (state == "moderate")


@pytest.mark.parametrize(
    ("state", "part", "lang"),
    [pytest.param(state, part, lang, marks=pytest.mark.slow if lang == "ar" and state != "strong" else ()) for state in STATES for part in PARTS for lang in LANGS],
)
def test_every_part_stands_in_every_state_and_never_says_too_much(state: str, part: str, lang: str, shown) -> None:
    shown(state)
    app = open_pilot(part, lang)
    text = text_of(app)
    found = FORBIDDEN.search(text)
    assert found is None, f"'{found.group()}' in {text[max(0, found.start() - 80) : found.end() + 40]!r}"
    for word in ("None", "nan", "{"):
        assert not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text.replace("None of", "")), f"'{word}' stands on the page"
    if part not in ("raw", "method"):
        assert translator(lang)(NAMES[state]) in text
    for alt in (str(element.proto.alt) for element in app.get("plotly_chart")):
        assert len(alt) > 25 and re.search(r"\d", alt), f"alternative text '{alt}' says no finding"


@pytest.mark.parametrize("lang", SOME)
def test_without_a_measurement_no_minutes_are_claimed(lang: str, shown) -> None:
    shown("not_yet")
    for part in ("answer", "where", "checks", "value"):
        app = open_pilot(part, lang)
        assert not app.get("plotly_chart"), f"{part} draws a figure before anything can be measured"
    text = text_of(open_pilot("answer", lang))
    assert "28" in text and not re.search(r"\d+ (min|minutes|د|دقيقة|دقائق) (less|more|de moins|de plus|أقل|أكثر)", text)


def test_a_filter_that_leaves_one_side_out_asks_for_no_waiting(shown) -> None:
    shown("strong")
    text = text_of(open_pilot("answer", lane="6A"))
    assert "leave out every comparison unit" in text and "verdict date" not in text.lower() and "needed" not in text


def test_days_are_said_as_days_where_visits_are_measured_by_week(shown, monkeypatch: pytest.MonkeyPatch) -> None:
    shown("not_yet")
    found = headline()
    said, page = [], SimpleNamespace(say=translator("en"), lang="en")
    monkeypatch.setattr(pilot_answer.st, "html", said.append)
    monkeypatch.setattr(pilot_answer.panel, "section", lambda *_all: None)
    weeks = {side: max(n for _arm, period, n, _visits in found.main.counts if period == side) for side in ("before", "after")}
    pilot_answer.waiting(page, found.main, 7)
    assert f"{7 * weeks['before']}, 56 needed" in said[0] and f"{7 * weeks['after']}, 28 needed" in said[0]


@pytest.mark.parametrize(
    ("verdict", "erased", "largest", "state"), [("none", 2.5, 4.1, "caution"), ("none", 4.1, 2.5, "holds"), ("none", 0.0, 4.1, "fact"), ("weak", 0.0, 4.1, "caution"), ("strong", 2.5, 4.1, "caution"), ("strong", 2.5, None, "unknown")]
)
def test_what_would_erase_it_is_said_under_every_verdict_with_a_number(verdict: str, erased: float, largest: float | None, state: str, shown) -> None:
    shown("strong")
    main = headline().main
    main = replace(main, verdict=replace(main.verdict, code=verdict), erased_by_percent=erased, largest_before_percent=largest)
    assert pilot_lines._erased(SimpleNamespace(say=translator("en"), lang="en"), main).state == state


def test_a_range_beside_every_estimate(shown) -> None:
    shown("strong")
    cards = [re.sub(r"<[^>]+>|\u2060", " ", card) for block in open_pilot("answer").get("html") for card in re.findall(r'<section class="card".*?</section>', str(block.proto.body))]
    assert len(cards) == 8
    assert all(re.search(r"\d\s*–\s*[\d.]+|−[\d.]+\s*…\s*\+", card) for card in cards), cards


@pytest.mark.parametrize(
    ("change", "main_best", "main_verdict", "said"),
    [((-5, -3, -1), -9, "strong", "strong"), ((-5, -2, 1), -9, "strong", "none"), ((1, 3, 5), -9, "strong", "weak"), ((1, 3, 5), -9, "weak", "weak"), ((-5, -3, -1), -9, "none", "none")],
)  # fmt: skip
def test_a_share_is_never_surer_than_the_average_visit(change, main_best, main_verdict, said, shown) -> None:
    shown("strong")
    main = headline().main
    main = replace(main, change=Range(main_best - 1, main_best, main_best + 1), verdict=replace(main.verdict, code=main_verdict))
    assert study.share_verdict(Range(*change), main) == said


def test_every_card_has_its_verdict(shown) -> None:
    shown("strong")
    cards = [card for block in open_pilot("answer").get("html") for card in re.findall(r'<section class="card".*?</section>', str(block.proto.body))]
    assert [card for card in cards if not any(name in card for name in NAMES.values())] == []


def measured(like: str) -> list[float]:
    """The figures in % of the measured tables of docs/pilot-evidence.md, of the rows whose name matches."""
    text = (ROOT / "docs" / "pilot-evidence.md").read_text("utf-8").split("<!-- measured: begin -->")[1]
    return [float(row[2]) for row in re.finditer(r"^\| (.+?) \| ([\d.]+) % \|", text, re.M) if re.search(like, row[1])]


@pytest.mark.parametrize("lang", LANGS)
def test_the_method_quotes_what_was_measured(lang: str, shown) -> None:
    """The figures on the screen are those of the tables, rounded: a new measurement that says otherwise fails here."""
    shown("strong")
    text = re.sub(r"\s+", " ", text_of(open_pilot("method", lang)))
    (airports,) = measured("airports: plain before/after")
    low, high = sorted(measured("gates: plain before/after"))
    ours = measured("^[46] gates: (?!plain).*effect claimed|airports: (mean|median|P90), effect claimed")
    inside = measured("^([46] gates: (mean, )?|rho .*|28 days .*|a tenth .*|3 visits .*mean, )truth")
    to = {"en": " to ", "fr": " à ", "ar": " إلى "}[lang]
    assert len(ours) == 15 and len(inside) == 9
    for said in (f" {airports:.0f} ", f"{low:.0f}{to}{high:.0f}", f"{min(ours):.0f}{to}{max(ours):.0f}", f"{min(inside):.0f}{to}{max(inside):.0f}"):
        assert said in text, said


def test_value_is_given_from_strong_and_withheld_without_a_finding(shown) -> None:
    shown("strong")
    assert "Truck-hours" in text_of(open_pilot("value"))
    shown("none")
    text = text_of(open_pilot("value"))
    assert "No value is given" in text and "MAD" not in text


@pytest.mark.parametrize(
    ("low", "high", "scale", "said"), [(-98356, -6099, 1000, (-99, -6.0)), (-2286, -970, 1, (-2300, -970)), (-118101, -7324, 1000, (-120, -7.3)), (-3.04, 0, 1, (-3.1, 0)), (101, 1234, 1, (100, 1300))]
)
def test_values_are_rounded_outward_each_end_to_two_digits(low, high, scale, said) -> None:
    assert ends_of(Range(low, (low + high) / 2, high), scale) == pytest.approx(said)


@pytest.mark.parametrize(
    ("low", "high", "is_minutes", "said"),
    [(-12.3, -0.41, False, (-13, -0.41)), (-110000, -5899.2, False, (-110000, -5899)), (-0.0312, 0.4, False, (-0.032, 0.4)), (-9.2, -2.7, True, (-10, -2)), (0.31, 1.11, True, (0.3, 1.2)), (-5, -5, False, (-5.1, -4.9))],
)  # fmt: skip
def test_each_end_of_a_range_keeps_its_own_digits(low, high, is_minutes, said) -> None:
    assert words.outward(Range(low, (low + high) / 2, high), is_minutes) == pytest.approx(said)


@pytest.mark.parametrize("code", words.EXCLUSIONS)
def test_one_of_what_was_not_counted_is_singular(code: str) -> None:
    assert not re.match(r"1 (\w+ )?(days|visits|units)\b", words.excluded(code, 1, "en")) and re.match(r"2 (\w+ )?(days|visits|units)\b", words.excluded(code, 2, "en"))
    assert not re.match(r"1 (\w+ )?(jours|visites|unités)\b", words.excluded(code, 1, "fr")) and re.match(r"2 (\w+ )?(jours|visites|unités)\b", words.excluded(code, 2, "fr"))


@pytest.mark.parametrize("part", ["answer", "checks"])
def test_the_percent_sign_stays_with_its_figure_in_french(part: str, shown) -> None:
    shown("strong")
    blocks = [html.unescape(re.sub(r"<(script|style)\b.*?</\1>", "", str(block.proto.body), flags=re.S)) for block in open_pilot(part, "fr").get("html")]
    torn = [block[max(0, found.start() - 30) : found.end()] for block in blocks for found in re.finditer(r"\d %", block)]
    assert not torn and any("\u00a0%" in block for block in blocks)


def test_trial_dates_of_the_verdict_and_of_all_data_are_told_apart(shown) -> None:
    """Only where they differ: a line in the answer says which is which."""
    shown("strong")
    main, line = headline().main, "by all data so far"
    given = next(each for each in main.verdict.reasons if each.code == "beyond_trial_dates")
    differ = (given.values["of"] - given.values["n"], given.values["of"]) != (main.checks.placebo_as_large, len(main.checks.placebo_gaps))
    assert (line in text_of(open_pilot("answer"))) == differ
    frame = SimpleNamespace(say=translator("en"), lang="en")
    n = len(main.checks.placebo_gaps)
    as_given = replace(main, checks=replace(main.checks, placebo_as_large=0), verdict=replace(main.verdict, reasons=(Reason("beyond_trial_dates", {"n": n, "of": n}),)))
    assert trials_since(frame, as_given) == ""
    assert f"1 of {n}" in trials_since(frame, replace(as_given, checks=replace(main.checks, placebo_as_large=1)))


def test_bounds_and_their_reason_stand_where_lanes_share_service_points(shown) -> None:
    shown("moderate")
    text = text_of(open_pilot("answer"))
    assert "bounds, not a margin" in text and "Scanner and image desk" in text
    assert re.search(r"would bring at least [\d.]+, at most [\d.]+ min less \(bounds", text) and "may miss the full effect of the pilot. See the bounds below." in text and "95 cases in 100" not in text
    shown("strong")
    assert "95 cases in 100" in text_of(open_pilot("answer"))


@pytest.mark.parametrize(
    ("low", "high", "en", "fr"),
    [(-31.2, -5.4, "at least 5, at most 32 min less", "au moins 5, au plus 32 min de moins"), (5.4, 31.2, "at least 5, at most 32 min more", "au moins 5, au plus 32 min de plus"), (-31.2, 5.4, "at most 32 min less, at most 6 min more", "au plus 32 min de moins, au plus 6 min de plus")],
)  # fmt: skip
def test_bounds_are_said_as_least_and_most(low: float, high: float, en: str, fr: str) -> None:
    assert [words.reach(Range(low, (low + high) / 2, high), " min", lang) for lang in ("en", "fr")] == [en, fr]


def test_filters_chosen_on_the_page_are_an_exploration(shown) -> None:
    """Filters that keep nearly every visit leave the figures and take the verdict: weak at most, no value."""
    shown("strong")
    build = store.build()
    found = study.headline(store.of(), replace(Selection.preset(build.port_code, "28d", build.now_day), direction=("import", "export")))
    assert found.main.verdict.code == "weak" and Reason("filtered") in found.main.verdict.limits and found.main.truck_hours is None
    assert "Exploration, not a verdict" in text_of(open_pilot("answer", direction="import,export")) and "Exploration" not in text_of(open_pilot("answer"))
    assert "No value is given" in text_of(open_pilot("value", direction="import,export"))


def test_the_share_since_the_start_is_the_recorded_one(shown) -> None:
    shown("strong")
    sql = '''
        SELECT 100 * avg(CAST(v.turnaround_min > 120 AS INT)) AS over_120 FROM fct_visits AS v JOIN dim_pilot_arms AS a ON a.unit_code = v.entry_lane_code AND a.arm_code = 'pilot'
        WHERE v.turnaround_min IS NOT NULL AND v.entry_day >= a.start_on AND v.entry_day <= DATE '{last}' '''
    recorded = store.of().made(("over_120",), lambda opened: opened.frame(sql.format(last=study.days_of(opened)[1]))["over_120"][0])
    assert f"{recorded:.1f} % of the trucks since the start" in text_of(open_pilot("answer"))


def test_raw_rows_of_the_comparison_are_not_called_pilot(shown) -> None:
    shown("strong")
    periods = {value for table in open_pilot("raw").dataframe if "Period" in table.value.columns for value in table.value["Period"]}
    assert periods == {"Before", "Since"}


def test_what_was_not_counted_is_counted_in_visits(shown) -> None:
    shown("strong")
    found = replace(headline(), exclusions=(study.Exclusion("days_not_over", 3), study.Exclusion("missing_exit", 1200), study.Exclusion("one_sided_mix", 34)))
    page = SimpleNamespace(say=translator("en"), lang="en", store=store.of())
    line = next(each for each in pilot_lines.sides(page, found) if each.name == "Not counted")
    assert line.figure == "1,234 visits" and "3 last days" in line.said and set(study.OF_VISITS) == {code for code, said in words.EXCLUSIONS.items() if "visit of" in said[0][0] or re.match(r"\{n\} visit ", said[0][0])}


def test_the_address_keeps_the_part_and_a_click_changes_it(shown) -> None:
    shown("strong")
    app = open_pilot("checks")
    assert app.session_state["pilot_part"] == "checks" and "What may be wrong with the answer" in text_of(app)
    app.segmented_control(key="pilot_part").set_value("method").run()
    assert app.query_params["part"] == ["method"] or app.query_params["part"] == "method"
    assert "How the answer is found" in text_of(app)
    app.segmented_control(key="pilot_part").set_value("answer").run()
    assert "part" not in app.query_params and "What may be wrong" not in text_of(app)
    assert open_pilot("nonsense").session_state["pilot_part"] == "answer"


def test_only_the_part_shown_is_computed(shown, monkeypatch: pytest.MonkeyPatch) -> None:
    shown("strong")
    asked = []
    monkeypatch.setattr(study, "headline", lambda *_all: asked.append("headline"))
    open_pilot("raw")
    open_pilot("method")
    assert not asked


@pytest.mark.parametrize("lang", SOME)
@pytest.mark.parametrize(
    ("arms", "reason"),
    [
        ("lane,6A,pilot,2026-07-13\nlane,6A,comparison,2026-07-13\n", "arms_overlap"), ("lane,6A,pilot,2030-01-01\nlane,6D,comparison,2030-01-01\n", "start_ahead"),
        ("lane,6D,comparison,2026-07-13\n", "no_pilot"), ("lane,6A,pilot,2026-07-13\n", "no_comparison"), ("", "no_arms"),
    ],
    ids=lambda each: each if "," not in each else "",
)  # fmt: skip
def test_bad_input_is_one_clear_sentence(arms: str, reason: str, lang: str, shown, tmp_path: Path) -> None:
    folder = site_of(tmp_path / "site", pilot_arms=f"unit_kind_code,unit_code,arm_code,start_on\n{arms}")
    shown(small_build.make(tmp_path / "home", days=150, per_day=12, seed=3, folder=folder))
    found = headline()
    assert reason == (found.refused.code if found.refused else found.main.verdict.reasons[0].code)
    app = open_pilot("answer", lang)
    answers = [str(block.proto.body) for block in app.get("html") if 'data-testid="answer"' in str(block.proto.body)]
    assert len(answers) == 1 and len(re.sub(r"<[^>]+>", "", answers[0]).strip()) > 30
    assert not app.get("plotly_chart")
    open_pilot("raw", lang)


@pytest.fixture(scope="session")
def of_terminals(tmp_path_factory):
    """A build whose pilot is switched on for a terminal, not for lanes."""
    out = tmp_path_factory.mktemp("pilot_terminals")
    folder = site_of(out / "site", pilot_arms="unit_kind_code,unit_code,arm_code,start_on\nterminal,TCE,pilot,2026-07-13\nterminal,TC3,comparison,2026-07-13\nterminal,SOM,comparison,2026-07-13\n")
    (folder / "reference" / "pilot_plan.csv").unlink()  # it is one of lanes
    return small_build.make(out / "home", days=240, per_day=60, seed=7, folder=folder, last_day=AFTER_TWO_LOOKS)


@pytest.mark.parametrize(("lang", "others", "own"), [("en", r"\blanes?\b", "terminals"), ("fr", r"\bvoies?\b", "terminaux")])
@pytest.mark.parametrize("part", PARTS)
def test_units_are_called_what_they_are(part: str, lang: str, others: str, own: str, shown, of_terminals) -> None:
    """A pilot of terminals is not said to be one of lanes; what is weighted lane by lane, or any lane of the port, may still be named."""
    shown(of_terminals)
    assert headline().main.has_number
    text = text_of(open_pilot(part, lang))
    found = re.search(others, text, re.IGNORECASE)
    assert found is None, text[max(0, found.start() - 80) : found.end() + 40]
    assert own in text.lower() or part in ("value", "raw")  # withheld, and without visits of an arm: they name none


@pytest.fixture(scope="session")
def two_starts(tmp_path_factory):
    out = tmp_path_factory.mktemp("pilot_starts")
    pilots = "lane,6A,pilot,2026-07-13\nlane,6B,pilot,2026-07-13\nlane,6C,pilot,2026-08-24\n"
    folder = site_of(out / "site", pilot_arms=f"unit_kind_code,unit_code,arm_code,start_on\n{pilots}lane,6D,comparison,2026-07-13\nlane,6E,comparison,2026-07-13\nlane,6F,comparison,2026-07-13\n")
    return small_build.make(out / "home", days=240, per_day=60, seed=7, folder=folder, pilot_factor=0.75, last_day=AFTER_TWO_LOOKS)


@pytest.mark.parametrize("lang", SOME)
def test_several_starts_show_every_check(lang: str, shown, two_starts) -> None:
    """Event study in days since each own start, trial dates, each lane left out, start by start; and no table of R, which could not give the estimate back."""
    shown(two_starts)
    effect, _ = headline().main, translator(lang)
    app = open_pilot("checks", lang)
    text = text_of(app)
    drawn = [json.loads(element.proto.spec) for element in app.get("plotly_chart")]
    assert len(drawn) == 4 and len(effect.cohorts) == 2
    for said in ("Trial dates before the start", "One unit left out in turn", "Each comparison unit as a fake pilot", "Drift before the start", "Start by start", "days since the start of each"):
        assert _(said) in text
    days = sorted(day for trace in drawn[0]["data"] for day in trace["x"])
    assert headline().period_days == 7 and listed(("14", "28", "56"), lang) in text  # thin days: the blocks count weeks, the page days
    assert days == sorted((7 * block.first + 7 * block.last + 6) / 2 for block in effect.checks.event_study) and days[0] < 0 < days[-1]
    left = [frame.value for frame in app.dataframe if {_("Change, %"), _("Check")} <= {plain(name) for name in frame.value.columns}]
    assert len(left) == 1 and len(left[0]) == 9  # six lanes left out, three fake pilots
    assert not app.code and "several starts" in text_of(open_pilot("answer")).lower()
    for part in ("answer", "where", "value"):
        assert not FORBIDDEN.search(text_of(open_pilot(part, lang)))


def test_transporters_as_units_keep_their_days(shown, tmp_path: Path) -> None:
    """Their event study covers every day, although no day has a visit of each; they are called transporters, by their pseudonyms."""
    shown("strong")
    firms = store.of().made(("firms",), lambda opened: opened.frame("SELECT carrier_key FROM fct_visits GROUP BY carrier_key ORDER BY count(*) DESC, carrier_key LIMIT 20")["carrier_key"].to_list())
    arms = "".join(f"carrier,{firm},{'pilot' if number % 2 else 'comparison'},2026-07-13\n" for number, firm in enumerate(firms))
    folder = site_of(tmp_path / "site", pilot_arms=f"unit_kind_code,unit_code,arm_code,start_on\n{arms}")
    (folder / "reference" / "pilot_plan.csv").unlink()  # it is one of lanes
    shown(small_build.make(tmp_path / "home", days=240, per_day=60, seed=7, folder=folder, pilot_factor=0.75, last_day=AFTER_TWO_LOOKS))
    effect, text = headline().main, text_of(open_pilot("checks"))
    assert effect.has_number and not effect.cohorts and len(effect.checks.left_out) == 20
    assert f"without Transporter {firms[0][:6]}" in text and "Does one of the transporters carry the answer?" in text and not re.search(r"\blanes?\b", text, re.IGNORECASE)
    drawn = json.loads(open_pilot("checks").get("plotly_chart")[0].proto.spec)
    days = sorted(day[:10] for trace in drawn["data"] for day in trace["x"])
    assert days[0] < "2026-03-15" and days[-1] > "2026-09-15"


def test_checks_can_be_taken_away_and_reproduced(shown) -> None:
    """The collapsed table on the page gives the gap of the Effect by the sum the line of R makes."""
    shown("strong")
    app = open_pilot("checks")
    table = next(pl.DataFrame({name: list(frame.value[name]) for name in frame.value.columns}) for frame in app.dataframe if {"D", "c", "p", "y"} <= set(frame.value.columns))
    assert float((table["c"] * table["p"] * table["y"]).sum()) == pytest.approx(float(headline().main.found.b), abs=1e-9)
    assert "lm(y ~ D + factor(unit) + factor(block), d)" in app.code[0].value


def test_the_states_of_the_plan_are_said(shown, tmp_path: Path) -> None:
    folder = site_of(tmp_path / "site")
    (folder / "reference" / "pilot_plan.csv").unlink()
    shown(small_build.make(tmp_path / "home", days=240, per_day=60, seed=7, folder=folder, pilot_factor=0.75, last_day=AFTER_TWO_LOOKS))
    assert Reason("plan_not_locked", {"least": 28}) in headline().main.verdict.limits
    assert "The plan is not locked." in text_of(open_pilot("checks"))
