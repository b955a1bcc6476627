"""Attacks on the running server, as a stranger on its network could try them. What was found became a fix in dashboard/edge; each attack stays here."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import time
from urllib.parse import quote, urlencode, urlsplit

import pytest
from live_reader import Reader
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus

from dashboard.exports.links import PREFIX
from dashboard.screens import PAGES
from dashboard.selection import FILTERS

STRANGER = "203.0.113.9"  # an address of nobody, given as a proxy on this machine would give it: its bucket of files is its own
SAYS = ("server.py", "Traceback", "site-packages", "/dashboard/", "uvicorn", "python")  # what no answer to a refused request may name
SECRETS = ("root:x:", "BEGIN ", "streamlit.App", "[server]", "requires-python")  # what no path may fetch


def ask(base: str, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request, its path sent as it is written: no library may tidy it."""
    parts = urlsplit(base)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        line.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            line.putheader(name, value)
        line.endheaders()
        answer = line.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        line.close()


@pytest.mark.parametrize("path", ["/", "/turnaround", "/nowhere", "/static/nothing.js", "/app/static/icon.png", "/briefing/show", f"{PREFIX}/x/y.csv", "/_stcore/metrics", "/_stcore/health"])
def test_every_answer_carries_the_headers_and_no_banner(base: str, path: str) -> None:
    status, headers, body = ask(base, path, **{"X-Forwarded-For": STRANGER})
    assert "server" not in headers and not re.search(rb"Traceback|site-packages", body), (status, headers)
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY" and headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert "geolocation=()" in headers["permissions-policy"] and "access-control-allow-origin" not in headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";") if " " in part.strip())
    assert policy["frame-ancestors"] == "'none'" and policy["default-src"] in ("'self'", "'none'")
    assert "unsafe-inline" not in policy.get("script-src", "") and "'unsafe-eval'" not in policy.get("script-src", "") and "http" not in headers["content-security-policy"]


def test_a_session_is_opened_by_our_own_pages_only(base: str) -> None:
    port = urlsplit(base).port
    for wrong in (
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": f"http://127.0.0.1:{port + 1}"}, {"origin": "http://localhost"}, {"origin": f"http://127.0.0.1:{port}@evil.example"}, {"origin": f"https://evil.example/127.0.0.1:{port}"},
        {"host": "evil.example", "origin": "http://evil.example"}, {"host": "localhost.evil.example", "origin": None}, {"host": f"localhost:{port}"},
    ):  # fmt: skip
        began = time.perf_counter()
        with pytest.raises(InvalidStatus) as refused:
            Reader(base, **wrong)
        assert refused.value.response.status_code == 403 and time.perf_counter() - began < 2, wrong  # Streamlit alone would ask a host on the internet for this machine's address
    with Reader(base) as reader:
        assert reader.ask("lang=en").is_finished


def test_a_name_that_is_not_ours_is_refused(base: str) -> None:
    for host in ("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example", "a@127.0.0.1", "127.0.0.1/x", "", "[::1"):
        status, _, body = ask(base, "/", Host=host)
        assert status == 400 and len(body) < 100, (host, status)
    status, headers, body = ask(base, "/", **{"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert status == 200 and b"evil.example" not in body and "evil.example" not in json.dumps(headers)
    assert "evil" not in ask(base, "/nowhere?x=//evil.example", **{"X-Forwarded-Host": "evil.example"})[1]["location"].split("?")[0]


def test_nothing_can_be_sent_to_it(base: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"):
        for path in ("/", "/_stcore/upload_file/a/b", f"{PREFIX}/x/y.csv", "/briefing/show", "/_stcore/host-config", "/media/x", "/_stcore/agent/mcp"):
            status, _, body = ask(base, path, method, **{"Content-Length": "0"})
            assert status == 405 and not any(word.encode() in body for word in SAYS), (method, path, status)
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent/openapi.json", "/_stcore/upload_file/a/b", "/component/x/y", "/_stcore/bidi-components/x"):
        assert ask(base, path)[0] == 404, path
    # The probe runs a page: it is for this machine, and a reader cannot pass for it.
    assert ask(base, "/_stcore/script-health-check")[0] == 200
    assert ask(base, "/_stcore/script-health-check", **{"X-Forwarded-For": STRANGER})[0] == ask(base, "/_stcore/script-health-check", **{"X-Forwarded-For": f"127.0.0.1, {STRANGER}"})[0] == 404


ROOTS = (f"{PREFIX}/token/", f"{PREFIX}/", "/media/", "/app/static/", "/app/", "/static/", "/static/js/", "/_stcore/", "/briefing/show/", "/")
CLIMBS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "....//", "%252e%252e%252f", ".%00./", "..%c0%af", "//", "/%2f", "%5c%5c")
FILES = ("etc/passwd", "dashboard/server.py", ".streamlit/config.toml", "pyproject.toml", "settings/pseudonym.key")


def test_no_path_leads_out_of_what_is_served(base: str) -> None:
    index = ask(base, "/")[2]
    tried = 0
    for number, (root, climb) in enumerate((root, climb) for root in ROOTS for climb in CLIMBS):
        for path in (f"{root}{climb * 8}{FILES[number % len(FILES)]}", f"{root}{climb * 2}{FILES[(number + 2) % len(FILES)]}"):
            status, headers, body = ask(base, path, **{"X-Forwarded-For": f"198.51.100.{number}"})
            tried += 1
            assert status in (200, 301, 302, 307, 400, 404, 410), (path, status)
            assert status != 200 or body == index, path
            assert not headers.get("location", "").startswith(("//", "http", "/\\", "\\")), (path, headers["location"])
            assert not any(word.encode() in body for word in SECRETS), path
    assert tried == 2 * len(ROOTS) * len(CLIMBS)
    for name, value in {"lang": "../../etc/passwd", "part": "../../../etc/passwd", "visit": "/etc/passwd", "missing": "../../etc/passwd"}.items():
        assert b"root:x:" not in ask(base, f"/briefing/show?{urlencode({name: value})}", **{"X-Forwarded-For": STRANGER})[2]


HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(1)">', "=HYPERLINK(\"https://evil.example\")", "a\x00b\x1b[31m", "\u202egnp.exe\u2066", "'; DROP TABLE fct_visits; --", "../../../../etc/passwd",
    "[sign in](https://evil.example) ![x](https://evil.example/x.png) :red[x] $x$", "{{7*7}}${7*7}%s%n", "x" * 3000, "-1e309", "9999-99-99", "\ud7ff\uffff\U0001f4a9", "%", "__proto__",
)  # fmt: skip
FIELDS = ("v", "d", "from", "to", "vs", "view", *FILTERS, "lang", "visit", "drill", "hour", "part", "m", "by", "grain", "across", "draw", "missing")
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_an_address_can_ask_for_anything_and_harms_nobody(base: str, page) -> None:
    """Every parameter of every page, with every hostile value over two rounds; the page ends, shows them as text, and is quick about it."""
    with Reader(base, timeout=30) as reader:
        for turn in range(2):
            query = {name: HOSTILE[(index + 7 * turn + len(page.code)) % len(HOSTILE)] for index, name in enumerate(FIELDS) if not (name == "v" and turn) and not (name == "lang" and not turn)}
            _harmless(reader.ask(urlencode(query, errors="surrogatepass")[:8000], page=page.url, keep_raw=True), query)
        for name in FIELDS if not page.url else ():
            _harmless(reader.ask(f"{name}={quote(HOSTILE[len(name) % 7])}"), name)


def _harmless(answer, what: object) -> None:
    assert answer.is_finished and not answer.closed, what
    assert answer.seconds < 10, (what, answer.seconds)
    kinds = {each.WhichOneof("type") for each in answer.elements.values()}
    assert "exception" not in kinds and kinds, (what, answer.texts("exception"))
    assert not any(word in raw for raw in answer.raw for word in (b"Traceback", b"site-packages")), what
    for text in answer.texts("html"):
        assert not re.search(r"<script>alert|<img src=x|onerror=\"", text) and not HIDDEN.search(text), (what, text[:300])
    for text in [*answer.texts("alert"), *answer.texts("markdown")]:
        assert "](https://evil" not in text.replace("\\", "\x01") or "\\](" in text, text[:300]
        assert not HIDDEN.search(text), text[:300]


def test_an_address_of_ten_thousand_values_is_answered_at_once(base: str) -> None:
    with Reader(base, timeout=30) as reader:
        answer = reader.ask("lane=" + ",".join(["6A"] * 1300 + ["x"] * 1300))
        assert answer.is_finished and answer.seconds < 5 and len(answer.texts("alert")) <= 5
    assert ask(base, "/?lane=" + "x" * 9000)[0] == 414
    assert ask(base, "/?lane=" + "x" * 100_000)[0] in (400, 414, 431)


def test_messages_that_no_page_sends(base: str) -> None:
    for data, code in ((b"\xff" * 300_000, 1009), (b"\x00" * (21 << 20), 1009), ("a text", 1003), (b"\xff\xff\xff\xff", 1002)):
        with Reader(base, timeout=20) as reader:
            assert reader.send(data).closed in (code, 1006), (data[:10], code)  # 1006: the line was cut before the whole frame was sent
    with Reader(base) as reader:  # what Streamlit would answer with the state of the source folder, cleared caches, an address for uploads or its own end
        for name in ("load_git_info", "clear_cache", "debug_shutdown_runtime", "debug_disconnect_websocket", "set_run_on_save"):
            reader.socket.send(BackMsg(**{name: True}).SerializeToString())
        reader.socket.send(BackMsg(file_urls_request={"request_id": "1", "file_names": ["a.csv"], "session_id": "1"}).SerializeToString())
        answer = reader.ask("lang=en", keep_raw=True)
        assert answer.is_finished and not {ForwardMsg.FromString(raw).WhichOneof("type") for raw in answer.raw} & {"git_info_changed", "file_urls_response"}
    with Reader(base) as reader:
        message = BackMsg()
        widget = message.rerun_script.widget_states.widgets.add()
        widget.id, widget.json_value = "$$ID-0-f_lane", "[" * 50_000
        other = message.rerun_script.widget_states.widgets.add()
        other.id, other.string_array_value.data[:] = "$$ID-" + "x" * 1000, ["\x00" * 100]
        message.rerun_script.page_script_hash, message.rerun_script.fragment_id = "../../etc", ""
        _harmless(reader.send(message.SerializeToString(), keep_raw=True), "widgets")
        _harmless(reader.ask("lang=en"), "after them")


def test_a_link_to_a_file_works_once_and_cannot_be_guessed(base: str) -> None:
    client = {"X-Forwarded-For": "203.0.113.10"}
    with Reader(base) as reader:
        address = reader.link("lang=en", page="turnaround", label="Download CSV")
    token, name = address.split("/")[1:]
    other = ("A" if token[0] != "A" else "B") + token[1:]
    for wrong in (other, token[:-1], token + "A", token.swapcase(), token.encode().hex(), quote(token + "\x00"), secrets.token_urlsafe(32)):
        assert ask(base, f"{PREFIX}/{wrong}/{name}", **client)[0] in (400, 410), wrong
    assert ask(base, f"{PREFIX}/{token}/{name}", "HEAD", **client)[0] == 405  # a look at the link does not use it up
    status, headers, body = ask(base, f"/{address}", **client)
    assert status == 200 and headers["content-disposition"].startswith("attachment") and "no-store" in headers["cache-control"] and len(body) > 100, status
    assert ask(base, f"/{address}", **client)[0] == 410
    assert len(token) >= 43  # 256 bits


def test_a_reader_who_asks_for_too_many_files_waits_and_others_do_not(base: str) -> None:
    answers = [ask(base, f"{PREFIX}/{secrets.token_urlsafe(32)}/x.csv", **{"X-Forwarded-For": "203.0.113.11"}) for _ in range(40)]
    codes = [status for status, _, _ in answers]
    assert codes[:30] == [410] * 30 and codes[-1] == 429, codes
    _, headers, body = answers[-1]
    assert 1 <= int(headers["retry-after"]) <= 3 and b"Too many files" in body
    assert ask(base, f"{PREFIX}/x/x.csv", **{"X-Forwarded-For": "203.0.113.12"})[0] == 410
    assert ask(base, f"{PREFIX}/x/x.csv", **{"X-Forwarded-For": f"203.0.113.99, {'203.0.113.11'}"})[0] == 429  # a forged first address is no way round
