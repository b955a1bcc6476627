"""What a briefing handed out is kept, and a figure that changes later says its old value, its new one and why."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from dashboard import store
from dashboard.briefing import compose, kept
from dashboard.i18n import LANGUAGES
from etl.settings import Settings

DAY = dt.date(2026, 10, 5)
MEDIAN = "turnaround_p50||"


@pytest.fixture
def port(small, tmp_path):
    """The small build, keeping what is handed out in a folder of this test."""

    class Elsewhere(Settings):
        @property
        def briefings(self):
            return tmp_path / "briefings"

    return store.Store(Elsewhere(small.home, small.site), "MACAS")


def _as_another_build(path, **changes):
    """Rewrite a publication as if an older build had handed it out."""
    told = json.loads(path.read_text("utf-8")) | {"build_id": "older"}
    for name, value in changes.items():
        told[name] = {**told[name], **value} if isinstance(value, dict) else value
    path.unlink()
    path.with_name("older.json").write_text(json.dumps(told), "utf-8")
    return told


def test_nothing_handed_out_or_nothing_changed_is_no_revision(port, sel) -> None:
    deck = compose.deck(port, sel, preset="minister", lang="en")
    assert kept.revisions(port, deck.sections, sel) == () and "revised" not in {section.code for section in deck.sections}
    _as_another_build(kept.publish(port, deck, DAY))
    assert kept.revisions(port, deck.sections, sel) == ()


def test_the_reason_is_the_rules_else_a_late_file_else_lines_taken_again_else_reference(port, sel) -> None:
    deck = compose.deck(port, sel, preset="minister", lang="en")
    told = _as_another_build(kept.publish(port, deck, DAY), figures={MEDIAN: 1.0})
    now = told["figures"]["visits||"]
    (found,) = kept.revisions(port, deck.sections, sel)
    assert (found.metric, found.then, found.published_on, found.was_final, found.because) == ("turnaround_p50", 1.0, DAY, False, "reference") and now
    path = kept._folder(port, sel) / "older.json"
    some = sorted(told["files"])[0]
    for change, because, names in (
        ({"files": {**told["files"], some: [told["files"][some][0], -1]}}, "replay", (told["files"][some][0],)),
        ({"files": {name: each for name, each in told["files"].items() if name != some}}, "late", (told["files"][some][0],)),
        ({"rules": "0"}, "rules", ("0", port.table("meta_builds")["rules_version"][0])),
    ):
        path.write_text(json.dumps(told | change), "utf-8")
        (found,) = kept.revisions(port, deck.sections, sel)
        assert (found.because, found.names) == (because, names)


def test_a_change_too_small_to_be_shown_is_none_and_a_period_in_other_words_is_the_same_question(port, sel) -> None:
    deck = compose.deck(port, sel, preset="minister", lang="en")
    path = kept.publish(port, deck, DAY)
    median = json.loads(path.read_text("utf-8"))["figures"][MEDIAN]
    _as_another_build(path, figures={MEDIAN: round(median) + 0.001})
    asked = replace(sel, period="custom", comparison="none")
    assert kept.revisions(port, deck.sections, asked) == ()
    assert kept.publish(port, replace(deck, selection=asked), DAY).parent == path.parent


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_the_next_briefing_shows_it_in_every_preset(port, sel, lang) -> None:
    for preset in ("minister", "weekly"):
        first = compose.deck(store.of(), sel, preset=preset, lang=lang)
        _as_another_build(kept.publish(port, first, DAY), figures={MEDIAN: 1.0}, was_final=True)
        deck = compose._deck(port, port._builds.opened(), sel, preset, lang)
        (section,) = [section for section in deck.sections if section.code == "revised"]
        assert section.finding and len(section.figures[0].rows) == 1 and len(section.text) == 1


def test_final_a_week_after_the_period(port, sel) -> None:
    assert not kept.is_final(port, sel)
    ended = replace(sel, first_day=sel.first_day - dt.timedelta(days=8), end_day=sel.end_day - dt.timedelta(days=8), period="custom")
    assert kept.is_final(port, ended) and kept.final_from(port, ended) == ended.end_day + dt.timedelta(days=7)


def test_what_a_paper_said_of_us_bound_boxes_is_said_again(port, sel) -> None:
    """A later build holds one more box of a month or quarter: the next paper repeats the first one, hidden figures hidden, and says so."""

    def said(deck) -> dict:
        (section,) = [section for section in deck.sections if section.code == "security"]
        return {row[0]: row[2:] for row in section.figures[0].rows} | {"finding": section.finding, "frozen": any("first gave them" in limit for limit in section.limits)}

    deck = compose.deck(port, sel, preset="delegation", lang="en")
    kept.publish(port, deck, DAY)
    assert not said(deck)["frozen"]
    files = sorted((port.settings.briefings / "MACAS" / "cargo").iterdir())
    assert files and said(compose._deck(port, port._builds.opened(), sel, "delegation", "en")) == said(deck)
    for path in files:
        cargo = json.loads(path.read_text("utf-8"))
        for code, cell in cargo["cells"].items():
            if code == "csi_filings":
                cell |= {"csi_filings": 1234, "csi_filings__n": 1234}
            elif code == "csi_24h_share":
                cell |= dict.fromkeys(cell)
            elif code == "extra_minutes":
                cell |= dict.fromkeys(("minutes", "low", "high", "selected_n", "other_n"))
        path.write_text(json.dumps(cargo | {"build_id": "older"}), "utf-8")
    again = said(compose._deck(port, port._builds.opened(), sel, "delegation", "en"))
    label = {code: port.ask(sel, [code]).metric(code).label for code in ("csi_filings", "csi_24h_share")}
    assert again["frozen"] and again[label["csi_filings"]][0] == "1,234" and again[label["csi_24h_share"]] == ("hidden", "", "hidden")
    assert "too few" in again["finding"] or "fewer than" in again["finding"] or "hidden" in again["finding"]
    before = [json.loads(path.read_text("utf-8")) for path in files]
    kept.publish(port, deck, DAY)
    assert [json.loads(path.read_text("utf-8")) for path in files] == before  # the first paper speaks, whatever is handed out later
