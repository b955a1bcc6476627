"""What rules are judged by, against plain SQL; and the page of alerts: empty, with something open, with a history, and for who sees one terminal only."""

from __future__ import annotations

import datetime as dt
import shutil

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.access import asking
from dashboard.access.viewer import Viewer
from dashboard.alerts import band, board, evaluation, history, readings, rules
from dashboard.alerts.seen import is_seen
from dashboard.i18n import LANGUAGES, translator
from dashboard.screens import PAGES
from etl.errors import SettingsError
from etl.settings import ROOT, Settings

NOW = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
EACH = '[[rule]]\ncode = "slow"\nwatch = "threshold"\nmetric = "turnaround_p50"\neach = "terminal"\nabove = 5\nmin_n = 1\nto = ["operations"]\n'
WHOLE = '[[rule]]\ncode = "port"\nwatch = "threshold"\nmetric = "over_120_share"\nabove = 0.001\nseverity = "critical"\ntitle = { en = "Slow <port>", fr = "Port lent", ar = "ميناء بطيء" }\n'


def of(text: str, **how: object) -> tuple[readings.Reading, ...]:
    return readings.of(rules.parse(text, "")[0], store.of(), NOW.replace(tzinfo=None), **how)


def sql(query: str) -> pl.DataFrame:
    return store.of().opened().frame(query)


# ---------------------------------------------------------------------- readings
def test_the_last_whole_day_is_judged_by_the_same_weekdays_before(small) -> None:
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "usual"\nmetric = "turnaround_p90"\nmin_n = 1\n')
    last, day = reading.last, store.build().now_day - dt.timedelta(days=1)
    days = dict(sql("SELECT entry_day, quantile_cont(turnaround_min, 0.9) AS p FROM fct_visits WHERE turnaround_min IS NOT NULL GROUP BY 1").iter_rows())
    limits = band.of([days[day - dt.timedelta(days=7 * week)] for week in range(1, 9)], "min")
    assert (last.first, last.end) == (dt.datetime.combine(day, dt.time()), dt.datetime.combine(day + dt.timedelta(days=1), dt.time()))
    assert last.value == pytest.approx(days[day]) and (last.expected, last.low, last.high, last.weeks_n) == pytest.approx((limits.expected, limits.low, limits.high, 8))
    assert last.n == sql(f"SELECT count(turnaround_min) AS n FROM fct_visits WHERE entry_day = DATE '{day}'")["n"][0]


def test_hours_wait_until_trucks_have_left_and_an_empty_hour_is_a_count_of_0(small) -> None:
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "threshold"\nmetric = "visits"\nbelow = 1\nwindow = "hour"\nsettle_hours = 3\n')
    end = (store.build().now_local_at - dt.timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    counted = dict(sql("SELECT CAST(entry_day AS TIMESTAMP) + to_hours(entry_hour) AS h, count(*) AS n FROM fct_visits GROUP BY 1").iter_rows())
    assert reading.windows[-1].end == end and len(reading.windows) == 26
    assert [(window.value, window.state) for window in reading.windows] == [(n, "inside" if n else "beyond") for n in (counted.get(window.first, 0) for window in reading.windows)]


def test_each_value_of_a_dimension_is_judged_apart(small) -> None:
    found = of(EACH)
    day = store.build().now_day - dt.timedelta(days=1)
    medians = dict(sql(f"SELECT terminal_code, median(turnaround_min) FROM fct_visits WHERE entry_day = DATE '{day}' GROUP BY 1").iter_rows())
    assert {reading.group: reading.last.value for reading in found} == pytest.approx(medians)
    assert [reading.group for reading in of(EACH + 'only = ["TCE"]\n')] == ["TCE"]
    with pytest.raises(SettingsError, match="'MOON' is no value of 'terminal' at MACAS"):
        of(EACH + 'only = ["MOON"]\n')


def test_a_filter_narrows_and_too_few_rows_are_not_judged(small) -> None:
    text = '[[rule]]\ncode = "a"\nwatch = "threshold"\nmetric = "turnaround_p50"\nabove = 1\nfilter = { terminal = ["TCE"] }\n'
    [few], [judged] = of(text + "min_n = 9999\n"), of(text + "min_n = 1\n")
    assert few.last.state == "unknown" and few.last.value is None and judged.last.state == "beyond" and few.windows[-1].n == judged.windows[-1].n < 60


def test_a_log_that_is_late_makes_no_quiet_hour(small, monkeypatch) -> None:
    """The gate's file is five hours behind tracking: hours it has not told of are not judged as hours without a truck."""
    whole, late = store.Store.table, dt.timedelta(hours=5)
    monkeypatch.setattr(store.Store, "table", lambda self, name: whole(self, name).with_columns(pl.when(pl.col("source_code") == "gate").then(pl.col("last_event_local_at") - late).otherwise("last_event_local_at").alias("last_event_local_at")) if name == "meta_freshness" else whole(self, name))
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "threshold"\nmetric = "visits"\nbelow = 1\nwindow = "hour"\n')
    assert reading.windows[-1].end == (store.build().now_local_at - late).replace(minute=0, second=0, microsecond=0) and reading.reach == store.build().now_local_at - late


def test_a_named_day_is_no_measure_of_others_and_is_not_called_unusual_itself(small) -> None:
    """20 August 2026 is a holiday of the site's calendar, a Thursday: the Thursdays after are held against seven weeks, and of itself nothing is said."""
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "usual"\nmetric = "visits"\nside = "low"\n', back=60)
    by_day = {window.first.date(): window for window in reading.windows}
    holiday, after, before = by_day[dt.date(2026, 8, 20)], by_day[dt.date(2026, 10, 1)], by_day[dt.date(2026, 10, 3)]
    assert holiday.state == "unknown" and holiday.value is not None and holiday.named[0]["fr"].startswith("Révolution du roi")
    assert (after.weeks_n, before.weeks_n) == (7, 8) and after.state != "unknown" and after.named == ()
    [limit] = of('[[rule]]\ncode = "a"\nwatch = "threshold"\nmetric = "visits"\nbelow = 9999\n', back=60)
    assert next(window for window in limit.windows if window.first.date() == dt.date(2026, 8, 20)).state == "beyond", "a limit somebody set holds on any day"


def test_days_before_the_first_log_are_no_days_without_a_truck(small) -> None:
    """120 days of data: the first weeks have fewer than six before them and are not judged, and none of those before is a 0."""
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "usual"\nmetric = "visits"\nside = "low"\n', back=150)
    began = store.build().first_day
    assert reading.windows[0].first.date() == began + dt.timedelta(days=1)
    known = [(window.first.date() - began).days for window in reading.windows if window.state != "unknown"]
    assert min(known) >= 43 and next(window for window in reading.windows if window.state != "unknown").low > 5


def test_a_file_refused_whole_is_rejected_whole(small, monkeypatch) -> None:
    whole = store.Store.table
    last = whole(store.of(), "dq_files").sort("file_on")["file_id"][-2]
    refused = pl.col("file_id") == last
    changed = lambda frame: frame.with_columns(pl.when(refused).then(pl.lit("refused")).otherwise("status_code").alias("status_code"), *(pl.when(refused).then(None).otherwise(name).alias(name) for name in ("read_n", "rejected_n")))  # noqa: E731
    monkeypatch.setattr(store.Store, "table", lambda self, name: changed(whole(self, name)) if name == "dq_files" else whole(self, name))
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "rejects"\nabove = 0.5\n')
    assert (reading.group, reading.last.value, reading.last.n, reading.last.state) == ("gate", 1.0, 0, "beyond") and reading.last.what == "gate_port_2026-10-03.csv"


def test_weeks_are_whole_and_from_monday(small) -> None:
    [reading] = of('[[rule]]\ncode = "a"\nwatch = "usual"\nmetric = "visits"\nwindow = "week"\nside = "both"\n')
    last = reading.windows[-1]
    assert last.first.isoweekday() == 1 and last.end == dt.datetime(2026, 9, 28) and last.end - last.first == dt.timedelta(days=7)
    assert last.value == sql("SELECT count(*) AS n FROM fct_visits WHERE entry_day >= DATE '2026-09-21' AND entry_day < DATE '2026-09-28'")["n"][0]


# ---------------------------------------------------------------------- the page
@pytest.fixture
def port(small, tmp_path, monkeypatch):
    """An installation of its own over the small build, shown by the pages."""
    home = tmp_path / "home"
    shutil.copytree(small.build, home / "build", copy_function=shutil.os.link)
    settings = Settings(home, small.site)
    settings.keys.mkdir(parents=True)
    monkeypatch.setenv("SMARTPORT_HOME", str(home))
    store.use(settings)
    return settings


def opened(lang: str = "en", **query: str) -> AppTest:
    page = next(page for page in PAGES if page.code == "alerts")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.run()
    app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    for name, value in {"lang": lang, **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n".join(each.value for kind in (app.title, app.header, app.warning, app.error) for each in kind)


def links_of(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("page_link")]


def write(settings: Settings, text: str) -> None:
    (settings.keys / rules.FILE).write_text(text, "utf-8")


def test_before_anything_is_judged_the_page_says_so(port) -> None:
    write(port, WHOLE)
    port.alerts.mkdir()
    history.path_of(port).write_bytes(b"\xff\xfe nonsense\n")  # a history that cannot be read hides no page
    text = text_of(opened())
    assert "No evaluation has run yet" in text and "Nothing could be judged yet." in text and "sent to nobody" in text
    write(port, "[[rule]]\ncode = 'a'\n")
    text = text_of(opened())
    assert "it does not say what it watches" in text and "Nothing is watched yet" in text


@pytest.mark.parametrize("lang", ["ar", *(pytest.param(language.code, marks=pytest.mark.slow) for language in LANGUAGES if language.code != "ar")])
def test_what_is_open_stands_first_with_its_figure_and_the_masthead_counts_it(lang, port) -> None:
    write(port, WHOLE + EACH.replace("above = 5", "above = 9999"))
    evaluation.evaluate(port, NOW)
    say, app = translator(lang), opened(lang)
    text, cell = text_of(app), board.read(port, "MACAS").open[0]
    assert say("Open now") in text and say.plural("{n} alert is open. Every rule was last judged on {at}.", "{n} alerts are open. Every rule was last judged on {at}.", 1, at="x").split(".")[0] in text
    assert f"n = {cell['n']}" in text and say("nobody has been told") in text and text.count('data-testid="rule-') == 2
    assert f"{say('Alerts')} (1)" in links_of(app) and links_of(app).count(say("See the page behind")) == 3
    assert "<port>" not in text
    write(port, WHOLE.replace("0.001", "0.99"))
    evaluation.evaluate(port, NOW + dt.timedelta(hours=2))
    app = opened(lang)
    assert say("Open now") not in text_of(app) and say("Alerts") in links_of(app)
    told = opened(lang, part="history").dataframe[0].value
    shown = told.to_numpy().ravel().tolist()  # Arabic tables begin at the right
    assert len(told) == 2 and {say("cleared"), say("raised")} <= set(shown) and shown.count(str(cell["n"])) == 2


def test_who_sees_one_terminal_sees_its_alerts_and_no_others(port, monkeypatch) -> None:
    write(port, WHOLE + EACH)
    evaluation.evaluate(port, NOW)
    own = Viewer("7", frozenset({"viewer"}), ("TCE",))
    assert [line["group"] for line in board.read(port, "MACAS").open if is_seen(line, own)] == ["TCE"]
    monkeypatch.setattr(asking, "current", lambda: own)  # the page runs in a thread of its own
    app = opened()
    text = text_of(app)
    assert "Alerts (1)" in links_of(app) and 'data-testid="alert-port"' not in text and text.count('data-testid="alert-slow"') == 1
    for other in ("TC3", "Somaport"):
        assert f"{other}</td>" not in text and f": {other}" not in text
    write(port, "[[rule]]\ncode = 'a'\n")
    text = text_of(opened())
    assert "Administrators see here which" in text and "does not say" not in text and str(port.home) not in text
    filtered = {"each": "", "group": "", "filter": {"terminal": ["TCE"]}}
    assert is_seen(filtered, own) and not is_seen(filtered | {"filter": {"terminal": ["TCE", "TC3"]}}, own) and not is_seen(filtered | {"filter": {}}, own)
