"""The locked plan: what it fixes, what it takes for it to stand, and what is said when it does not."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from dashboard import store
from dashboard.__main__ import main
from dashboard.evidence.lock import DIFFERENCES, FILE, STATES, arms_text, fingerprint, lock_of, new_plan, words, write_plan
from dashboard.evidence.words import FORBIDDEN
from etl.contracts.reference import DIM_PILOT_ARMS, DIM_PILOT_PLAN, load_site
from etl.errors import InputError
from etl.settings import SAMPLE_SITE

START = dt.date(2026, 7, 13)
LOCKED_ON = dt.date(2026, 7, 1)


def arms(**changes: tuple[str, dt.date]) -> pl.DataFrame:
    units = {"6A": ("pilot", START), "6B": ("pilot", START), "6D": ("comparison", START)} | changes
    rows = [{"unit_kind_code": "lane", "unit_code": unit, "arm_code": said[0], "start_on": said[1]} for unit, said in units.items() if said]
    return DIM_PILOT_ARMS.conform(pl.DataFrame(rows))


def plans(*rows: dict) -> pl.DataFrame:
    return DIM_PILOT_PLAN.conform(pl.DataFrame(list(rows), schema=DIM_PILOT_PLAN.schema)) if rows else DIM_PILOT_PLAN.empty()


PLANNED = new_plan(arms(), LOCKED_ON)
CASES = {
    "locked": (arms(), plans(PLANNED), []), "in_time": (arms(), plans(new_plan(arms(), START + dt.timedelta(days=27))), []),
    "locked_late": (arms(), plans(new_plan(arms(), START + dt.timedelta(days=28))), []), "not_locked": (arms(), plans(), []),
    "unit_gone": (arms(**{"6B": None}), plans(PLANNED), ["unit_gone"]), "unit_new": (arms(**{"6E": ("comparison", START)}), plans(PLANNED), ["unit_new"]),
    "arm_moved": (arms(**{"6D": ("pilot", START)}), plans(PLANNED), ["arm_moved"]),
    "start_moved": (arms(**{"6A": ("pilot", START + dt.timedelta(days=7)), "6B": ("pilot", START + dt.timedelta(days=7))}), plans(PLANNED), ["start_moved", "start_moved"]),
    "measure": (arms(), plans({**PLANNED, "statistic": "p50"}), ["plan_altered"]), "back_dated": (arms(), plans({**PLANNED, "locked_on": dt.date(2026, 6, 1)}), ["plan_altered"]),
    "end_day": (arms(), plans({**PLANNED, "end_day": 60}), ["plan_altered"]), "two_plans": (arms(), plans(PLANNED, new_plan(arms(), START, pilot_code="again")), ["several_plans"]),
    "both": (arms(**{"6B": None}), plans({**PLANNED, "arms": "lane 6A pilot 2026-07-13"}), ["plan_altered", "unit_new"]),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_states_and_what_differs(case: str) -> None:
    now, row, wanted = CASES[case]
    lock = lock_of(now, row)
    assert [each.code for each in lock.differences] == wanted
    state = case if case in STATES else "locked" if case == "in_time" else "changed"
    assert lock.state == state
    assert [each.code for each in lock.caps] == {"locked": [], "locked_late": ["plan_locked_late"], "changed": ["plan_changed"], "not_locked": ["plan_not_locked"]}[state]


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
@pytest.mark.parametrize("case", list(CASES))
def test_every_state_is_said(case: str, lang: str) -> None:
    said = words(lock_of(*CASES[case][:2]), lang)
    assert said.endswith(".") and "{" not in said and "None" not in said and not FORBIDDEN.search(said)


def test_the_sentence_names_the_unit_and_both_dates() -> None:
    now, row, _ = CASES["start_moved"]
    assert "lane 6A was to start on 13 Jul 2026 and now starts on 20 Jul 2026" in words(lock_of(now, row), "en")
    assert "lane 6D était prévu comme comparaison et est maintenant pilote" in words(lock_of(*CASES["arm_moved"][:2]), "fr")
    assert set(DIFFERENCES) == {each for _, _, codes in CASES.values() for each in codes}


def test_the_fingerprint_holds_every_column_and_not_the_order_of_the_rows() -> None:
    others = {"pilot_code": "x", "locked_on": START, "arms": "", "main_measure": "queue_min", "statistic": "p90", "scale": "level", "view_code": "core", "exclusions": "strike", "end_day": 84}
    assert others.keys() == set(DIM_PILOT_PLAN.columns) - {"fingerprint"}
    digests = {fingerprint(PLANNED), *(fingerprint({**PLANNED, name: value}) for name, value in others.items())}
    assert len(digests) == 1 + len(others)
    assert fingerprint(new_plan(arms().reverse(), LOCKED_ON)) == PLANNED["fingerprint"] and arms_text(arms()).startswith("lane 6A pilot 2026-07-13; ")


def test_nothing_to_lock_is_said() -> None:
    with pytest.raises(InputError, match="no unit is a pilot unit"):
        new_plan(arms(**{"6A": None, "6B": None}), LOCKED_ON)


def test_the_command_locks_once_and_then_only_looks(tmp_path, capsys) -> None:
    site = tmp_path / "site"
    (site / "reference").mkdir(parents=True)
    (site / "site.toml").write_text((SAMPLE_SITE / "site.toml").read_text("utf-8"), "utf-8")
    (site / "reference" / "pilot_arms.csv").write_text("unit_kind_code,unit_code,arm_code,start_on\nlane,6A,pilot,2126-07-13\nlane,6D,comparison,2126-07-13\n", "utf-8")
    assert main(["lock", "--site", str(site)]) == 0 and "Not written" in capsys.readouterr().out
    assert not (site / "reference" / FILE).exists()
    assert main(["lock", "--site", str(site), "--write", "--end-day", "60"]) == 0
    made = load_site(site)
    lock = lock_of(made.tables["dim_pilot_arms"], made.tables["dim_pilot_plan"])
    assert lock.state == "locked" and lock.plan["end_day"] == 60 and lock.days_after < 0
    capsys.readouterr()
    assert main(["lock", "--site", str(site)]) == 0 and "unchanged since" in capsys.readouterr().out
    assert main(["lock", "--site", str(site), "--write"]) != 0 and "locked there already" in capsys.readouterr().err


def test_the_sample_port_is_locked_and_its_build_says_so(small) -> None:
    lock = lock_of(store.of().table("dim_pilot_arms"), store.of().table("dim_pilot_plan"))
    assert lock.state == "locked" and lock.days_after == -14 and lock.caps == ()


def test_a_lock_is_written_once(tmp_path) -> None:
    write_plan(tmp_path, PLANNED)
    with pytest.raises(InputError, match="locked there already"):
        write_plan(tmp_path, PLANNED)


def test_a_build_made_before_plans_were_kept_opens_and_is_not_locked(tmp_path) -> None:
    import sys

    import duckdb

    settings = sys.modules["small_build"].make(tmp_path, days=5, per_day=20)
    [ledger] = (settings.build / "MACAS").glob("ledger-*.duckdb")
    with duckdb.connect(str(ledger)) as connection:
        connection.execute("DROP TABLE dim_pilot_plan")
    old = store.Store(settings, "MACAS")
    assert old.table("dim_pilot_plan").columns == list(DIM_PILOT_PLAN.columns) and old.table("dim_pilot_plan").is_empty()
    assert lock_of(old.table("dim_pilot_arms"), old.table("dim_pilot_plan")).state == "not_locked"
