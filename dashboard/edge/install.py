"""`smartport install`: write, or print, what puts the service on a server: systemd units, their settings and the nginx site. Nothing outside --dir is touched."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.edge.site import SITE
from dashboard.edge.units import ENVIRONMENT, UNITS
from etl.errors import SettingsError
from etl.settings import load_settings

NEXT = """\
{dir} holds what the server needs. As root:
  useradd --system --home-dir {home} --shell /usr/sbin/nologin {user}
  install -d -o {user} -g {user} -m 700 {home} {backups} {inbox}-loaded {inbox}-refused && install -d -o {user} -g {user} -m 750 {inbox}
  install -D -m 640 -g {user} {dir}/smartport.env {etc}/smartport.env
  runuser -u {user} -- {program} key show --home {home} --site {site}
  install -m 644 {dir}/systemd/* /etc/systemd/system/ && systemctl daemon-reload
  systemctl enable --now smartport.target smartport-watch.service smartport-backup.timer smartport-alerts.timer
  systemctl enable --now smartport-retain.timer      # when it is decided that nothing older than {years} years is kept
  install -m 644 {dir}/nginx-smartport.conf /etc/nginx/sites-enabled/smartport.conf && nginx -t && systemctl reload nginx
docs/operate.md says what each does and how to see that it works."""


@dataclass(frozen=True)
class Plan:
    """One installation. Folders are absolute; `processes` servers listen on loopback from `port` on; `reach` are addresses or networks the service may talk to besides this machine (identity provider, mail server)."""

    host: str
    program: Path
    static: Path
    home: Path = Path("/var/lib/smartport")
    inbox: Path = Path("/var/lib/smartport/inbox")
    site: Path = Path("/etc/smartport/site")
    etc: Path = Path("/etc/smartport")
    backups: Path = Path("/var/backups/smartport")
    years: int = 5
    user: str = "smartport"
    processes: int = 2
    port: int = 8601
    certificate: Path = Path("/etc/smartport/tls/fullchain.pem")
    key: Path = Path("/etc/smartport/tls/privkey.pem")
    http_port: str = "80"
    https_port: str = "443"
    reach: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", self.host):
            raise SettingsError("smartport install", f"'{self.host}' is no name of a host", "", "Give the name readers type, e.g. --host trucks.example.ma")
        if not 1 <= self.processes <= 64:
            raise SettingsError("smartport install", f"{self.processes} processes", "1 to 64", "One a core is enough")
        if self.years < 1:
            raise SettingsError("smartport install", f"--retain-years {self.years} is no number of years", "1 or more")
        for name in ("program", "static", "home", "inbox", "site", "etc", "backups", "certificate", "key"):
            if not re.fullmatch(r"/[\w./+-]*", str(getattr(self, name))):
                raise SettingsError("smartport install", f"--{name} '{getattr(self, name)}' is no plain absolute path", "letters, digits, / . _ + -", "systemd and nginx would read other letters as their own")

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.processes)


def files(plan: Plan) -> dict[str, str]:
    """Return the text of every file by its path below the folder of the installation."""
    values = {name: str(getattr(plan, name)) for name in ("host", "program", "static", "home", "inbox", "site", "etc", "backups", "years", "user", "certificate", "key", "http_port", "https_port")}
    port = plan.https_port.rpartition(":")[2]
    units = values | {"servers": " ".join(f"smartport@{each}.service" for each in plan.ports), "reach": "".join(f" {each}" for each in plan.reach)}
    site = values | {"servers": "\n".join(f"    server 127.0.0.1:{each} max_fails=2 fail_timeout=5s;" for each in plan.ports), "https_suffix": "" if port == "443" else f":{port}"}
    return {f"systemd/{name}": _filled(text, units) for name, text in UNITS.items()} | {"smartport.env": _filled(ENVIRONMENT, units), "nginx-smartport.conf": _filled(SITE, site)}


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: values[mark[1]], text)


def add_install(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--systemd", action="store_true", help="the units and their settings only, without the nginx site")
    parser.add_argument("--dir", type=Path, help="write the files there; without it they are printed")
    parser.add_argument("--host", default="smartport.example", help="the name readers type (default smartport.example)")
    parser.add_argument("--home", default="/var/lib/smartport", help="where builds lie (default /var/lib/smartport)")
    parser.add_argument("--site", default="/etc/smartport/site", help="the port's own folder (default /etc/smartport/site)")
    parser.add_argument("--inbox", default="/var/lib/smartport/inbox", help="where logs arrive (default /var/lib/smartport/inbox)")
    parser.add_argument("--backups", default="/var/backups/smartport", help="where the nightly backup goes, best on another disk (default /var/backups/smartport)")
    parser.add_argument("--retain-years", type=int, default=5, metavar="N", help="what smartport-retain.timer keeps, once it is switched on (default 5)")
    parser.add_argument("--user", default="smartport", help="system user of the service (default smartport)")
    parser.add_argument("--processes", type=int, default=2, help="server processes, one a core (default 2)")
    parser.add_argument("--port", type=int, default=8601, help="loopback port of the first process (default 8601)")
    parser.add_argument("--certificate", default="/etc/smartport/tls/fullchain.pem", help="TLS certificate with its chain")
    parser.add_argument("--key", default="/etc/smartport/tls/privkey.pem", help="its key")
    parser.add_argument("--reach", action="append", default=[], metavar="ADDRESS", help="an address or network the service may talk to besides this machine: identity provider, mail server")


def run(given: argparse.Namespace, static: Path) -> int:
    """Write or print. `static` is the folder of Streamlit's scripts, as installed."""
    load_settings(given.home, given.site)  # refuses settings that contradict each other, before units carry them
    paths = {name: Path(getattr(given, name)) for name in ("home", "site", "inbox", "backups", "certificate", "key")}
    plan = Plan(host=given.host, program=Path(sys.executable).parent / "smartport", static=static, user=given.user, years=given.retain_years, processes=given.processes, port=given.port, reach=tuple(given.reach), **paths)
    made = {name: text for name, text in files(plan).items() if not (given.systemd and name.startswith("nginx"))}
    if given.dir is None:
        print("\n".join(f"# ---------- {name}\n{text}" for name, text in made.items()), end="")
        return 0
    for name, text in made.items():
        path = given.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    words = NEXT.format(dir=given.dir.resolve(), home=plan.home, inbox=plan.inbox, backups=plan.backups, years=plan.years, etc=plan.etc, user=plan.user, program=plan.program, site=plan.site)
    print("\n".join(line for line in words.splitlines() if not (given.systemd and "nginx" in line)))
    return 0
