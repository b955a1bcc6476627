"""Servers as an installation runs them: `smartport serve` on a port of loopback, and nginx before several, with the site of `smartport install`. Started and ended by whoever asks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from etl.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(settings: Settings, port: int, log: Path) -> Iterator[subprocess.Popen]:
    env = {**os.environ, "SMARTPORT_HOME": str(settings.home), "SMARTPORT_SITE": str(settings.site)}
    server = subprocess.Popen([sys.executable, "-m", "dashboard", "serve", "--port", str(port), "--no-browser"], cwd=ROOT, env=env, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    try:
        for _ in range(480):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/script-health-check", timeout=30)
                break
            time.sleep(0.25)
        else:
            raise SystemExit(log.read_text("utf-8", "replace"))
        yield server
    finally:
        server.terminate()
        server.wait(timeout=20)


@contextlib.contextmanager
def proxied(ports: list[int], folder: Path, *, is_limited: bool = True) -> Iterator[str]:
    """nginx with the site of `smartport install` on high loopback ports, with a certificate of its own making. Yields its address."""
    import streamlit

    from dashboard.edge.install import Plan, files

    http, https, cert, key = free_port(), free_port(), folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    static = Path(streamlit.__file__).parent / "static" / "static"
    asked = Plan("localhost", Path("/unused"), static, certificate=cert, key=key, http_port=f"127.0.0.1:{http}", https_port=f"127.0.0.1:{https}", port=ports[0], processes=len(ports))
    site = files(asked)["nginx-smartport.conf"]
    for number, port in enumerate(ports):
        site = site.replace(f"server 127.0.0.1:{ports[0] + number} ", f"server 127.0.0.1:{port} ")
    if not is_limited:
        site = re.sub(r"(?m)^ *limit_(req|conn) .*$", "", site)  # all readers of a benchmark come from this machine
    temps = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "site.conf").write_text(site, "utf-8")
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}} http {{ include /etc/nginx/mime.types; access_log off; {temps} include {folder}/site.conf; }}", "utf-8")
    proxy = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(50):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", https), 1):
                break
            time.sleep(0.1)
        yield f"https://localhost:{https}"
    finally:
        proxy.send_signal(signal.SIGQUIT)
        proxy.wait(timeout=20)
