"""The whole installation at once: two server processes behind the real nginx with the site of `smartport install`, over TLS, seen by a browser."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import ssl
from urllib.parse import urlsplit

import psutil
import pytest
from live_reader import Reader
from live_server import free_port, proxied, serving

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt-get install nginx")]
TRUST = ssl._create_unverified_context()


@pytest.fixture(scope="module")
def installed(home, tmp_path_factory):
    """Address of the proxy, and both processes."""
    folder, ports = tmp_path_factory.mktemp("proxy"), [free_port(), free_port()]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(home, port, folder / f"{port}.log")) for port in ports]
        yield stack.enter_context(proxied(ports, folder)), servers


def _ask(base: str, path: str, *, cookie: str = "", host: str = "", method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urlsplit(base)
    line = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=30, context=TRUST)
    with contextlib.closing(line):
        line.request(method, path, headers={"Host": host or parts.netloc, **({"Cookie": cookie} if cookie else {}), **headers})
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()


def test_a_page_is_drawn_over_tls_with_a_map_and_its_first_load_is_small(installed, chromium, settled) -> None:
    base, _ = installed
    context = chromium.new_context(ignore_https_errors=True, locale="en-GB")
    faults: list[str] = []
    context.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)
    page = context.new_page()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    loaded = [0]
    wire.on("Network.loadingFinished", lambda event: loaded.__setitem__(0, loaded[0] + int(event["encodedDataLength"])))
    page.goto(f"{base}/?lang=en")
    settled(page)
    first = loaded[0]
    page.goto(f"{base}/congestion?lang=en")
    settled(page)
    page.wait_for_selector("[data-testid=stDeckGlJsonChart] canvas")
    assert not faults and page.locator("[data-testid=stException]").count() == 0
    assert 0.3e6 < first < 2.5e6, f"{first} bytes of the first load"  # 1.6 MB; 4.8 MB without compression
    assert any(each["name"] == "smartport_seat" and each["secure"] and each["httpOnly"] for each in context.cookies())
    context.close()


def test_a_reader_keeps_one_seat_and_readers_take_both(installed) -> None:
    """A one-time link lives in the memory of the process that made it: fetched through the proxy, it is found by its reader's seat only."""
    base, servers = installed
    with contextlib.ExitStack() as open_sessions:
        for _ in range(12):
            seat = _ask(base, "/")[1]["Set-Cookie"].split(";")[0]
            assert seat.startswith("smartport_seat=") and not _ask(base, "/", cookie=seat)[1].get("Set-Cookie", "").startswith("smartport_seat")  # given once
            reader = open_sessions.enter_context(Reader(base, insecure=TRUST, cookie=seat))
            assert _ask(base, "/" + reader.link("lang=en", page="turnaround", label="Download CSV"), cookie=seat)[0] == 200
        taken = [sum(each.status == "ESTABLISHED" for each in psutil.Process(server.pid).net_connections("tcp")) for server in servers]
    assert sum(taken) >= 12 and min(taken) >= 1, taken


def test_what_is_closed_is_closed_from_outside(installed) -> None:
    base, _ = installed
    status, headers, _ = _ask(base, "/")
    assert status == 200 and headers["Strict-Transport-Security"] and headers["Server"] == "nginx" and "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    for path in ("/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/upload_file/a/b", "/_stcore/agent/mcp"):
        assert _ask(base, path)[0] == 404, path
    assert _ask(base, "/", method="POST")[0] == 405
    assert _ask(base, "/static/../../server.py")[0] in (400, 404) and b"server.py" not in _ask(base, "/static/%2e%2e/%2e%2e/server.py")[2]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        _ask(base, "/", host="evil.example")
    codes = [_ask(base, "/export/x/y.csv", **{"X-Forwarded-For": f"198.51.100.{number}"})[0] for number in range(40)]
    assert codes[0] == 410 and codes[-1] == 429  # an address the reader gives himself opens no other bucket
