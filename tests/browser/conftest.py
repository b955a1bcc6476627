"""A real Chromium against a real server on the small build. Foreign hosts are refused and written down."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from dashboard import alerts, store

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(__file__).with_name("screenshots")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = "No Chromium for the browser tests. Run `sh tests/browser/get_chromium.sh python3`, or `apt-get install chromium`, or `python -m playwright install chromium`."


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


def _module(path: Path):
    """A module beside the tests; tests are no packages."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = sys.modules.setdefault(path.stem, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


for _name in ("live_reader", "live_server"):
    _module(ROOT / "tests" / f"{_name}.py")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    settings = _module(ROOT / "tests" / "dashboard" / "small_build.py").make(tmp_path_factory.mktemp("browser_home"), days=120, per_day=60, seed=7)
    alerts.evaluate(settings)  # so that their page has figures
    store.use(None)
    return settings


@pytest.fixture(scope="session")
def base(home, tmp_path_factory):
    """The address of a running server; started as `smartport serve` starts it, stopped by its own handle."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("browser_log") / "server.log"
    env = {**os.environ, "SMARTPORT_HOME": str(home.home), "SMARTPORT_SITE": str(home.site)}
    command = [sys.executable, "-m", "dashboard", "serve", "--port", str(port), "--no-browser"]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(480):  # a busy machine takes its time; a server that ends is seen at once
            try:
                urllib.request.urlopen(f"{address}/_stcore/script-health-check", timeout=20)
                break
            except OSError:
                assert server.poll() is None, log.read_text("utf-8", "replace")
                time.sleep(0.25)
        else:
            pytest.fail(f"the server did not answer: {log.read_text('utf-8', 'replace')}")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def chromium():
    """The machine's own Chromium, else Playwright's. Never skipped in silence: without one the tests fail and say what to do."""
    playwright = pytest.importorskip("playwright.sync_api") if not os.environ.get("CI") else __import__("playwright.sync_api", fromlist=["sync_playwright"])
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with playwright.sync_playwright() as engine:
        try:
            browser = engine.chromium.launch(executable_path=found, args=FLAGS)
        except playwright.Error as error:
            pytest.fail(f"{HELP}\n{error}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(chromium, base):
    """One browser profile per way of reading, so that the scripts of the first page are in its cache for the others; with it, what it asked of other hosts."""
    made, foreign = {}, []

    def heard(request) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            foreign.append(request.url)

    def refused(message) -> None:
        if "Content Security Policy" in message.text:
            foreign.append(message.text)

    def get(scheme: str, locale: str, before: str):
        if (scheme, locale, before) not in made:
            context = made[scheme, locale, before] = chromium.new_context(color_scheme=scheme, locale=locale, accept_downloads=True)
            context.on("request", heard)  # a route would switch the browser's cache off
            context.on("console", refused)
            if before:  # script run before the page's own
                context.add_init_script(before)
        return made[scheme, locale, before]

    get.foreign = foreign
    yield get
    for context in made.values():
        context.close()


@pytest.fixture
def visit(contexts, base):
    """Open pages: `page = visit("/turnaround?lang=en", width=390, scheme="dark", locale="fr-FR")`. Foreign requests fail the test at its end."""
    pages, foreign = [], contexts.foreign
    foreign.clear()

    def go(path: str, *, width: int = 1440, height: int = 900, scheme: str = "light", locale: str = "en-GB", before: str = ""):
        page = contexts(scheme, locale, before).new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("websocket", lambda socket_: None if socket_.url.startswith(base.replace("http", "ws")) else foreign.append(socket_.url))
        page.goto(base + path)
        _settled(page)
        return page

    yield go
    for page in pages:
        page.close()
    assert not foreign, f"requests that left the machine, or what our own policy refused: {foreign}"


def _settled(page) -> None:
    """Wait until the page script has ended and nothing is stale."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=30_000)
    page.wait_for_selector('[data-testid="stMainBlockContainer"] footer.foot', timeout=30_000)
    page.wait_for_timeout(250)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=30_000)


@pytest.fixture(scope="session")
def shots() -> Path:
    SHOTS.mkdir(exist_ok=True)
    return SHOTS


@pytest.fixture(scope="session")
def settled():
    return _settled


@pytest.fixture(scope="session")
def saved():
    """Open the data table under a figure, take its CSV by the button and return the bytes: `saved(page, "over_time")`."""

    def get(page, key: str) -> bytes:
        from playwright.sync_api import TimeoutError

        folded = page.locator(f".st-key-{key}_data summary")
        if folded.count():
            folded.click()
            page.locator(f".st-key-{key}_data [data-testid=stDataFrame] canvas").first.wait_for()
        button = page.locator(f".st-key-{key}_csv button").first
        try:
            with page.expect_download(timeout=15_000) as download:
                button.click()
        except TimeoutError:  # the button moved under the pointer while the table above it grew; a reader clicks again
            with page.expect_download() as download:
                button.click()
        return download.value.path().read_bytes()

    return get
