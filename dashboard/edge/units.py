"""The systemd units of the service, as text with {{names}} to fill in: the pages, one process a port, and what loads the logs. As little of the machine as they need is left to them."""

from __future__ import annotations

# What every unit is denied. What is left: its own folder, its own user, loopback and the addresses named at install.
_HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
RemoveIPC=yes
DevicePolicy=closed
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077
IPAddressDeny=any
IPAddressAllow=localhost{{reach}}"""

_RUNS = """\
User={{user}}
Group={{user}}
EnvironmentFile={{etc}}/smartport.env
# Polars looks at the processor by a few instructions it writes into memory, which is refused below: it is told not to look.
Environment=POLARS_SKIP_CPU_CHECK=1
WorkingDirectory={{home}}
ReadWritePaths={{home}} {{inbox}} -{{inbox}}-loaded -{{inbox}}-refused
LimitNOFILE=65536
"""

SERVER = f"""\
# One process of the pages, listening on loopback port %i. Readers reach it through nginx (nginx-smartport.conf).
[Unit]
Description=Smartport dashboard, port %i
After=network.target
PartOf=smartport.target

[Service]
Type=exec
ExecStart={{{{program}}}} serve --address 127.0.0.1 --port %i --no-browser
Restart=on-failure
RestartSec=2
TimeoutStopSec=20
MemoryHigh=3G
MemoryMax=4G
{_RUNS}{_HARDENED}

[Install]
WantedBy=smartport.target
"""

WATCH = f"""\
# Loads what arrives in the inbox, as it arrives.
[Unit]
Description=Smartport: load what arrives in {{{{inbox}}}}
After=network.target
Conflicts=smartport-load.timer

[Service]
Type=exec
ExecStart={{{{program}}}} watch {{{{inbox}}}}
Restart=on-failure
RestartSec=30
TimeoutStopSec=300
Nice=10
IOSchedulingClass=idle
{_RUNS}{_HARDENED}

[Install]
WantedBy=multi-user.target
"""

LOAD = f"""\
# Loads what lies in the inbox, once; started by smartport-load.timer where nothing watches the inbox.
[Unit]
Description=Smartport: load what lies in {{{{inbox}}}}

[Service]
Type=oneshot
ExecStart={{{{program}}}} load {{{{inbox}}}} --quiet
# 3: some file was refused, by name; the rest is loaded. 5: another load is running.
SuccessExitStatus=3 5
Nice=10
IOSchedulingClass=idle
{_RUNS}{_HARDENED}
"""

BACKUP = f"""\
# Backs up lake, settings with the pseudonym key, audit log and alerts; started by smartport-backup.timer. Loads may run meanwhile.
[Unit]
Description=Smartport: back up into {{{{backups}}}}

[Service]
Type=oneshot
ExecStart={{{{program}}}} backup {{{{backups}}}} --keep 30
# 5: another backup is running.
SuccessExitStatus=5
Nice=10
IOSchedulingClass=idle
{_RUNS}ReadWritePaths={{{{backups}}}}
{_HARDENED}
"""

RETAIN = f"""\
# Deletes what is older than {{{{years}}}} years, in the lake and in the folders beside the inbox; started by smartport-retain.timer.
[Unit]
Description=Smartport: keep {{{{years}}}} years

[Service]
Type=oneshot
ExecStart={{{{program}}}} retain --years {{{{years}}}} --folder {{{{inbox}}}}-loaded --folder {{{{inbox}}}}-refused
# 5: a load is running; the timer comes again.
SuccessExitStatus=5
Nice=10
IOSchedulingClass=idle
{_RUNS}{_HARDENED}
"""

ALERTS = f"""\
# Judges the alerts by the clock and tries again what was not delivered; started by smartport-alerts.timer.
[Unit]
Description=Smartport: judge the alerts
After=network.target

[Service]
Type=oneshot
ExecStart={{{{program}}}} alerts --evaluate
# 4: nothing is published yet. 5: another evaluation is running. 1 stays a failure: something could not be delivered.
SuccessExitStatus=4 5
Nice=10
{_RUNS}{_HARDENED}
"""


def _timer(what: str, when: str, spread: str) -> str:
    return f"""\
# {what}
[Unit]
Description=Smartport: {what}

[Timer]
OnCalendar={when}
Persistent=yes
RandomizedDelaySec={spread}

[Install]
WantedBy=timers.target
"""


TARGET = """\
# All processes of the pages: systemctl start smartport.target
[Unit]
Description=Smartport dashboard
Wants={{servers}}

[Install]
WantedBy=multi-user.target
"""

ENVIRONMENT = """\
# Settings of this installation, read by every unit. The names it is known by, besides this machine's own:
SMARTPORT_HOSTS={{host}}
SMARTPORT_HOME={{home}}
SMARTPORT_SITE={{site}}
# Who may show the pages in a frame, as in a Content-Security-Policy:
SMARTPORT_FRAME_ANCESTORS='none'
# Files and briefings one reader may fetch in a minute:
SMARTPORT_EXPORTS_A_MINUTE=30
"""

UNITS = {
    "smartport@.service": SERVER, "smartport.target": TARGET, "smartport-watch.service": WATCH, "smartport-load.service": LOAD, "smartport-backup.service": BACKUP, "smartport-retain.service": RETAIN, "smartport-alerts.service": ALERTS,
    "smartport-load.timer": _timer("load the inbox every night, where logs do not come all day (then smartport-watch.service)", "*-*-* 02:30:00", "5min"),
    "smartport-backup.timer": _timer("back up every night", "*-*-* 04:30:00", "10min"), "smartport-retain.timer": _timer("delete what is too old, on the third of a month", "*-*-03 05:30:00", "30min"),
    "smartport-alerts.timer": _timer("judge the alerts every ten minutes, also where no load comes", "*:0/10", "30s"),
}  # fmt: skip
