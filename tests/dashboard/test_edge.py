"""The edge without a server: what the gate lets through and adds, the bucket of files, the texts that put the service on a machine. tests/browser/test_attack.py attacks the running one."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard import format as words
from dashboard.__main__ import main
from dashboard.edge import install, policy
from dashboard.edge.gate import Gate
from dashboard.edge.limit import Buckets
from dashboard.widgets import scripts
from etl.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
PLAN = install.Plan("trucks.example.ma", Path(sys.executable), Path("/srv/static"))
UNITS = [name.removeprefix("systemd/") for name in install.files(PLAN) if name.startswith("systemd/")]


def test_a_bucket_holds_its_burst_and_fills_again() -> None:
    now = [0.0]
    buckets = Buckets(3, 60, most=2, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1.0]
    assert buckets.take("b") == 0  # another reader's is full
    now[0] = 1.0
    assert [buckets.take("a") for _ in range(2)] == [0, 1.0]
    buckets.take("c")
    assert buckets.take("b") == 0 and len(buckets._left) == 2  # whoever was not seen for longest is forgotten, not everybody kept


def test_a_hash_allows_exactly_one_text(tmp_path: Path) -> None:
    assert policy.hashed("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"  # the example of the W3C's recommendation
    page = tmp_path / "index.html"
    page.write_text("<html><script src='x.js'></script></html>", "utf-8")
    with pytest.raises(ValueError, match="no inline script"):
        policy.inline_scripts(page)


def test_every_script_of_ours_is_one_the_policy_allows() -> None:
    """A page that writes a script of its own would be silent in the browser: the policy knows the texts of widgets/scripts.py only."""
    for path in (ROOT / "dashboard").rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            if "unsafe_allow_javascript=True" in line:
                assert "scripts.tag(scripts." in line or path.name == "keyboard.py", f"{path}: {line.strip()}"
    assert all("</script" not in each for each in scripts.ALL)


def _answered(gate: Gate, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    sent = []

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "client": ("192.0.2.1", 1), "headers": [(name.lower().encode(), value.encode()) for name, value in {"Host": "localhost", **headers}.items()]}
    with ThreadPoolExecutor(1) as apart:  # a browser test before this one leaves a loop running in this thread
        apart.submit(asyncio.run, gate(scope, None, send)).result()
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, b"".join(each.get("body", b"") for each in sent[1:]).decode()


def _gate(app, **how) -> Gate:
    return Gate(app, policy.headers(scripts.ALL, how.get("frame_ancestors", policy.NONE)), lambda data: True, **how)


def test_an_error_shows_no_traceback_and_is_written_down(caplog: pytest.LogCaptureFixture) -> None:
    async def failing(scope, receive, send) -> None:
        raise RuntimeError("secret of /srv/home")

    status, headers, body = _answered(_gate(failing))
    assert (status, body) == (500, "The server met an error. It is written in its log.\n") and headers["x-content-type-options"] == "nosniff"
    assert "secret of /srv/home" in caplog.text


def test_who_may_frame_the_pages_is_a_setting_and_an_answer_s_own_policy_stays() -> None:
    async def own(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Security-Policy", b"default-src 'none'"), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")]})
        await send({"type": "http.response.body", "body": b""})

    gate = _gate(own, frame_ancestors="https://intranet.example.ma", hosts=("trucks.example.ma",))
    status, headers, _ = _answered(gate, Host="Trucks.example.ma:443")
    assert status == 200 and headers["content-security-policy"] == "default-src 'none'; frame-ancestors https://intranet.example.ma" and "x-frame-options" not in headers
    assert _answered(gate, Host="other.example.ma")[0] == 400


def test_what_a_log_or_an_address_wrote_is_text_in_a_note() -> None:
    assert words.literal("[sign in](https://evil.example) ![x](y) :red[z] <b> `c` \u202e") == r"\[sign in\](https://evil.example) !\[x\](y) :red\[z\] \<b\> \`c\` \\u202e"


def test_a_plan_refuses_what_nginx_or_systemd_would_read_as_their_own() -> None:
    for wrong in ({"host": "a; return 200"}, {"host": "UPPER"}, {"home": Path("/var/lib/x y")}, {"inbox": Path("relative")}, {"key": Path("/k;")}, {"processes": 0}):
        with pytest.raises(SettingsError):
            install.Plan(**{"host": "a.example", "program": Path("/p"), "static": Path("/s"), **wrong})


def test_the_command_writes_or_prints_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--dir", str(tmp_path), "--host", "trucks.example.ma", "--processes", "3", "--reach", "10.1.2.3"]) == 0
    written = {str(path.relative_to(tmp_path)): path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()}
    assert set(written) == set(install.files(PLAN)) and not any("{{" in text for text in written.values())
    assert written["nginx-smartport.conf"].count("server 127.0.0.1:") == 3 and "smartport@8603.service" in written["systemd/smartport.target"]
    assert "IPAddressAllow=localhost 10.1.2.3" in written["systemd/smartport-watch.service"] and "SMARTPORT_HOSTS=trucks.example.ma" in written["smartport.env"]
    assert "watch /var/lib/smartport/inbox" in written["systemd/smartport-watch.service"]
    capsys.readouterr()
    assert main(["install", "--systemd"]) == 0
    printed = capsys.readouterr().out
    assert "upstream" not in printed and printed.count("[Unit]") == len(UNITS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: the units are checked where systemd is")
def test_systemd_accepts_the_units_and_finds_little_exposed(tmp_path: Path) -> None:
    for name, text in install.files(PLAN).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    where = {"SYSTEMD_UNIT_PATH": f"{tmp_path / 'systemd'}:", "PATH": "/usr/bin:/bin:/usr/sbin"}
    names = [name.replace("@.", "@8601.") for name in UNITS]
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], env=where, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr
    for name in (each for each in names if each.endswith(".service")):
        judged = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", name], env=where, capture_output=True, text=True).stdout
        exposure = float(re.search(r"Overall exposure level for \S+ ([\d.]+)", judged)[1])
        assert exposure <= 1.2, f"{name}: {exposure}"  # 1.1 with systemd 252, of 10; what remains is the network and the folder it serves


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: the site is checked where it is")
def test_nginx_accepts_the_site(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=x"], check=True, capture_output=True)
    plan = install.Plan("trucks.example.ma", Path("/p"), tmp_path, certificate=cert, key=key, http_port="127.0.0.1:18081", https_port="127.0.0.1:18444")
    (tmp_path / "site.conf").write_text(install.files(plan)["nginx-smartport.conf"], "utf-8")
    temps = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ include /etc/nginx/mime.types; access_log off; {temps} include {tmp_path}/site.conf; }}", "utf-8")
    checked = subprocess.run(["nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
