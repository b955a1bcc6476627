"""Signing in, in a real browser against a real provider on this machine: who comes in, who does not and why, and how soon a right that is taken away is gone."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.browser.provider import Provider

ROOT = Path(__file__).resolve().parents[2]
PLATE = "12345-أ-6"
USERS = {
    "anna": {"groups": ["port"]}, "tom": {"groups": ["tce"]}, "ada": {"groups": ["admins"]}, "nobody": {"groups": []}, "stale": {"groups": ["port"], "iat": -900, "exp": -300},
    "elsewhere": {"groups": ["port"], "aud": "another", "azp": "smartport"}, "brief": {"groups": ["port"], "iat": -60, "exp": 12},
}  # fmt: skip
RULES = """
[login]
metadata_url = "{metadata}"
client_id = "smartport"
client_secret = "not shown"
redirect = "{base}/oauth2callback"
contact = "the service desk"
[groups.port]
roles = ["viewer"]
[groups.tce]
roles = ["analyst"]
terminals = ["TCE"]
[groups.admins]
roles = ["admin"]
"""


class Place:
    """A running server with sign-in on, its provider and its folders."""

    def __init__(self, base: str, folder: Path, provider: Provider) -> None:
        self.base, self.folder, self.provider, self.rules = base, folder, provider, folder / "settings" / "access.toml"

    def write(self, text: str) -> None:
        part = self.rules.with_suffix(".part")
        part.write_text(text.format(metadata=self.provider.metadata_url, base=self.base), "utf-8")
        part.chmod(0o600)
        part.replace(self.rules)

    def events(self, event: str) -> list[dict]:
        return [line for path in sorted((self.folder / "audit").glob("*.jsonl")) for line in map(json.loads, path.read_text("utf-8").splitlines()) if line["event"] == event]


@pytest.fixture(scope="module")
def place(home, tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("login")
    (folder / "build").symlink_to(home.build)
    (folder / "settings").mkdir(mode=0o700)
    with Provider(USERS) as provider:
        made = Place(f"http://127.0.0.1:{port}", folder, provider)
        made.write(RULES)
        log = folder / "server.log"
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "server.py"), "--server.port", str(port), "--server.address", "127.0.0.1"]
        with log.open("wb") as out:
            server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "SMARTPORT_HOME": str(folder), "SMARTPORT_SITE": str(home.site)}, stdout=out, stderr=subprocess.STDOUT)
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{made.base}/_stcore/script-health-check", timeout=20)
                    break
                except OSError:
                    assert server.poll() is None, log.read_text("utf-8", "replace")
                    time.sleep(0.25)
            yield made
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture
def browser(chromium, place):
    """A browser of its own for every test: nobody has signed in."""
    context = chromium.new_context(locale="en-GB", accept_downloads=True)
    context.set_default_timeout(60_000)  # on a busy machine
    yield context
    context.close()


def _open(browser, place: Place, path: str = "/"):
    page = browser.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(place.base + path)
    page.wait_for_selector(".st-key-door, footer.foot")
    return page


def _sign_in(page, place: Place, user: str) -> None:
    page.locator(".st-key-sign_in button").click()
    page.get_by_role("link", name=user, exact=True).click()
    page.wait_for_url(place.base + "/**")
    page.wait_for_selector(".st-key-door, footer.foot")


def _wall(page, reason: str) -> str:
    """Wait for the wall that gives this reason; nothing of a page stands beside it."""
    said = page.wait_for_selector(f'[data-testid="door-{reason}"]').inner_text()
    assert page.locator("footer.foot, .st-key-masthead, [data-testid=stPlotlyChart]").count() == 0
    return said


def _fetched(browser, place: Place, path: str) -> tuple[int, str]:
    """An answer of the server to this browser's cookies, outside any page."""
    answer = browser.request.get(place.base + path)
    return answer.status, answer.text()


def test_nothing_is_seen_before_signing_in_and_a_viewer_comes_and_goes(browser, place, shots) -> None:
    page = _open(browser, place, "/turnaround?lang=en&d=7d")
    assert "Sign in to see this" in _wall(page, "signed_out")
    page.screenshot(path=shots / "login_wall.png")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{place.base}/briefing/show", timeout=20)
    assert refused.value.code == 403
    _sign_in(page, place, "anna")
    page.wait_for_selector("h1:has-text('Truck turnaround')")  # what was asked for, with its filters
    assert page.url == f"{place.base}/turnaround?lang=en&d=7d"
    page.goto(f"{place.base}/?lang=en")
    page.wait_for_selector("h1:has-text('Port overview')")
    page.screenshot(path=shots / "login_viewer.png")
    assert _fetched(browser, place, "/briefing/show?lang=en")[0] == 200
    assert page.locator(".st-key-menu-find, .st-key-menu-admin").count() == 0 and page.locator(".st-key-menu-quality").count() == 1
    for path, said in (("/find", "analysts only"), ("/admin", "administrators only")):
        page.goto(place.base + path)
        page.wait_for_selector(f"text={said}")
    assert [(line["who"], line["what"], line["reason"]) for line in place.events("refused")][-2:] == [("anna", "find", "find"), ("anna", "admin", "admin")]
    other = _open(browser, place, "/handbook")  # a second tab, signed in by the same cookie
    other.wait_for_selector("h1:has-text('KPI handbook')")
    page.locator(".st-key-sign_out button").first.click()
    page.wait_for_selector('[data-testid="door-signed_out"]')
    assert place.provider.signed_out >= 1 and _fetched(browser, place, "/briefing/show")[0] == 403
    other.locator(".st-key-speak-fr button").click()  # out in every tab, although Streamlit still knows him there
    _wall(other, "expired")
    assert [line["who"] for line in place.events("sign_in")][-1:] == ["anna"] and place.events("sign_out")[-1]["who"] == "anna"
    log = "".join(path.read_text("utf-8") for path in (place.folder / "audit").iterdir())
    assert "Not Kept" not in log and "not.kept" not in log and "not shown" not in (place.folder / "server.log").read_text("utf-8", "replace")


@pytest.mark.parametrize(("user", "reason", "said"), [("nobody", "no_role", "Ask the service desk"), ("elsewhere", "audience", "another program"), ("stale", "not_accepted", "too old")])
def test_who_has_no_group_or_a_wrong_token_is_told_whom_to_ask(user, reason, said, browser, place, shots) -> None:
    """Streamlit lets in a token made for another client, if that client names ours as the party that asked: the audience is checked here."""
    page = _open(browser, place)
    _sign_in(page, place, user)
    assert said in _wall(page, reason)
    page.screenshot(path=shots / f"login_{reason}.png")
    assert _fetched(browser, place, "/briefing/show")[0] == 403
    last = place.events("refused")[-1]
    assert last["reason"] == reason and last["who"] == ("" if user == "stale" else user)


@pytest.mark.slow
def test_a_token_that_ends_ends_the_session(browser, place, shots) -> None:
    page = _open(browser, place)
    _sign_in(page, place, "brief")
    began = time.monotonic()
    page.wait_for_selector("h1:has-text('Port overview')")
    page.wait_for_timeout(max(0.0, 12.5 - (time.monotonic() - began)) * 1000)
    page.locator(".st-key-speak-fr button").click()
    assert "session est terminée" in _wall(page, "expired")
    page.screenshot(path=shots / "login_expired.png")
    assert _fetched(browser, place, "/briefing/show")[0] == 403


def test_a_role_taken_away_is_gone_at_the_next_click_page_file_and_part(browser, place, shots) -> None:
    page = _open(browser, place)
    _sign_in(page, place, "tom")
    page.wait_for_selector('[data-testid="scope"]')
    assert "East container terminal (TCE)" in page.locator('[data-testid="scope"]').inner_text() and page.locator(".st-key-menu-quality").count() == 0
    page.screenshot(path=shots / "login_operator.png")
    status, said = _fetched(browser, place, "/briefing/show?terminal=TC3")
    assert status == 403 and "TC3 is not open to you" in said
    page.goto(f"{place.base}/turnaround?lang=en&drill=lane:6A")
    page.wait_for_selector('[data-testid="behind"]')
    button = page.locator(".st-key-behind_csv button").first
    with page.expect_download() as download:
        button.click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    column = lines[0].split(",").index("terminal_code")
    assert len(lines) > 2 and {line.split(",")[column] for line in lines[1:]} == {"TCE"}
    taken = place.events("export")[-1]
    assert (taken["who"], taken["what"], taken["rows"], taken["form"]) == ("tom", "visits", len(lines) - 1, "csv") and "lane" in taken["selection"]
    try:
        place.write(RULES.replace('roles = ["analyst"]', 'roles = ["viewer"]'))
        button.click()  # a part of the page that runs by itself
        page.wait_for_selector("text=Rows are exported by analysts only")
        page.screenshot(path=shots / "login_no_rows.png")
        last = place.events("refused")[-1]
        assert (last["who"], last["what"], last["reason"]) == ("tom", "export", "rows")
        place.write(RULES.replace('roles = ["analyst"]', "roles = []"))
        page.goto(f"{place.base}/?lang=en")
        assert "no role has been given" in _wall(page, "no_role")
        assert _fetched(browser, place, "/briefing/show")[0] == 403
    finally:
        place.write(RULES)
    assert [line["what"] for line in place.events("settings")][-1:] == ["access.toml"]


def test_a_truck_is_found_without_a_trace_of_what_was_typed_and_an_admin_reads_the_log(browser, place, shots) -> None:
    page = _open(browser, place)
    _sign_in(page, place, "ada")
    page.locator(".st-key-menu-find a").click()
    field = page.locator(".st-key-find_text input")
    field.fill(PLATE)
    page.get_by_role("button", name="Search").click()
    page.wait_for_selector("text=Nothing was found")
    assert field.input_value() == "" and PLATE not in page.url and "12345" not in page.content()
    page.screenshot(path=shots / "login_find.png")
    page.locator(".st-key-menu-admin a").click()
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    page.wait_for_timeout(500)
    page.screenshot(path=shots / "login_admin.png")
    page.goto(f"{place.base}/admin?part=roles&lang=en")
    page.wait_for_selector("h2:has-text('Who came')")
    page.wait_for_timeout(500)
    page.screenshot(path=shots / "login_roles.png")
    page.goto(f"{place.base}/admin?lang=fr")  # the longest words, and all an administrator has: one line at 1440
    page.wait_for_selector("footer.foot")
    tops = page.evaluate("[...document.querySelectorAll('.st-key-whose, .st-key-menu-tools, .st-key-languages, .st-key-account')].map(each => (each.getBoundingClientRect().top + each.getBoundingClientRect().bottom) / 2)")
    assert len(tops) == 4 and max(tops) - min(tops) < 8, tops
    assert place.events("search")[-1] | {"at": ""} == {"at": "", "event": "search", "who": "ada", "port": "MACAS", "what": "plate", "rows": 0}
    codes = [browser.request.get(f"{place.base}/export/x/x.csv", headers={"X-Forwarded-For": "203.0.113.20"}).status for _ in range(45)]
    limited = [line for line in place.events("refused") if line["reason"] == "limit"]
    assert codes.count(429) >= 10 and [(line["who"], line["what"]) for line in limited] == [("ada", "export")]  # one line a minute, whatever their number
    kept = [path for path in place.folder.rglob("*") if path.is_file() and not path.is_relative_to(place.folder / "build")]
    assert not [path for path in kept if re.search(rb"12345|A6", path.read_bytes().replace(b"\n", b"")) and path.suffix in (".jsonl", ".log", ".toml")]
