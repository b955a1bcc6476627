"""`smartport alerts` and `smartport mail-briefing`: arguments and printing only."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from etl.contracts.reference import load_site
from etl.errors import SettingsError, SmartportError
from etl.settings import Settings, load_ports

ALERT_CODES = {0: "done, whatever is open", 1: "unexpected error, or messages that could not be delivered yet", 2: "a rule or the delivery settings are wrong", 4: "no readable build", 5: "another evaluation is running"}
MAIL_CODES = {0: "sent to everyone", 1: "not delivered to someone; who, is said", 2: "the settings or a name are wrong", 3: "no visit lies in the period", 4: "no readable build"}


def add_alerts(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "exit codes: " + "; ".join(f"{code} {words}" for code, words in ALERT_CODES.items())
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--evaluate", action="store_true", help="judge every rule now, send what is due; for a timer, so that a load that never comes is noticed too")
    what.add_argument("--check", action="store_true", help="read the rules and the delivery settings and judge every rule, without writing or sending anything")
    what.add_argument("--try", dest="weeks", type=int, metavar="WEEKS", help="say how often every rule would have been raised over the last weeks of the build; writes and sends nothing")
    parser.add_argument("--lang", default="en", help="language of the words, e.g. fr (default en)")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output; of several ports one a line and port")


def add_mail_briefing(parser: argparse.ArgumentParser) -> None:
    from dashboard.briefing.command import SPANS

    parser.epilog = "exit codes: " + "; ".join(f"{code} {words}" for code, words in MAIL_CODES.items())
    parser.add_argument("to", nargs="+", metavar="NAME", help="recipients of home/settings/delivery.toml; each gets it in its own language")
    parser.add_argument("--preset", choices=("minister", "delegation", "weekly"), default="weekly", help="which briefing (default weekly)")
    parser.add_argument("--period", choices=SPANS, default=SPANS[0], help="last-week: the last whole week from Monday (default)")
    parser.add_argument("--view", choices=("all", "core"), default="all", help="all visits, or without inspections, incidents and closures")
    parser.add_argument("--again", action="store_true", help="send also to whom a briefing of this period has been sent before")


def run(arguments: argparse.Namespace) -> int:
    """Print what is open; with a flag, check, try or evaluate first. Raises SettingsError, BuildError, BusyError."""
    work = _check if arguments.check else _try if arguments.weeks is not None else _evaluate if arguments.evaluate else _show
    return _each_port(arguments, work)


def _each_port(arguments: argparse.Namespace, work: Callable[[Settings, argparse.Namespace], int]) -> int:
    """Do it for each port of the installation, the output of several under their codes; one that cannot is a sentence and stops no other. Return the highest exit code."""
    found, codes = load_ports(arguments.home, arguments.site), []
    if len(found) == 1:
        return work(found[0], arguments)
    for settings in found:
        port_code = load_site(settings.site).port_code
        if not getattr(arguments, "json", False):
            print(f"{port_code}:")
        try:
            codes.append(work(settings, arguments))
        except SmartportError as error:
            print(f"smartport {arguments.command} {port_code}: {error}", file=sys.stderr)
            codes.append(error.exit_code)
    return max(codes)


def mail_briefing(arguments: argparse.Namespace) -> int:
    """Send one briefing of each port to each recipient named. Raises SettingsError for an unknown name, InputError for a period without a visit, BuildError."""
    return _each_port(arguments, _mail)


def _mail(settings: Settings, arguments: argparse.Namespace) -> int:
    from dashboard.alerts import recipients, weekly

    delivery = recipients.read(settings)
    if delivery is None:
        raise SettingsError("smartport mail-briefing", f"{settings.keys / recipients.FILE} is not there", "", "docs/alerts.md shows one")
    if unknown := [name for name in arguments.to if name not in delivery.to or not delivery.to[name].mail]:
        raise SettingsError("smartport mail-briefing", f"{unknown[0][:60]!r} has no mail address", ", ".join(name for name, to in delivery.to.items() if to.mail), f"Add it to {delivery.path}")
    found = weekly.send(settings, delivery, arguments.to, preset=arguments.preset, period=arguments.period, view=arguments.view, is_again=arguments.again)
    for each in found:
        print(f"{each.to}: {each.said}", file=sys.stderr if each.is_failed else sys.stdout)
    return 1 if any(each.is_failed for each in found) else 0


def _evaluate(settings: Settings, arguments: argparse.Namespace) -> int:
    from dashboard.alerts import evaluate

    done = evaluate(settings)
    if arguments.json:
        print(json.dumps(
            {"build": done.build_id, "rules": done.rules_n, "judged": done.judged_n, "opened": [alert.id for alert in done.opened], "cleared": [alert.id for alert in done.cleared],
             "open": [alert.last for alert in done.open], "sent": done.sent_n, "failed": done.failed_n, "held": done.held_n, "wrong": done.wrong}, ensure_ascii=False,
        ))  # fmt: skip
    else:
        print(done.said or "No rules are there: nothing is watched.")
    return 2 if done.wrong else 1 if done.failed_n else 0


def _show(settings: Settings, arguments: argparse.Namespace) -> int:
    from dashboard import store
    from dashboard.alerts import history
    from dashboard.alerts.wording import Told, names_of
    from dashboard.i18n import translator

    store.use(settings)
    port, kept = store.own(), history.read(settings)
    open_now = [alert for alert in history.fold(kept.lines, port.port_code) if alert.is_open]
    if arguments.json:
        print(json.dumps({"open": [{"alert": alert.id, "since": alert.opened["at"], **alert.last} for alert in open_now]}, ensure_ascii=False))
        return 0
    names, say = names_of(port, arguments.lang), translator(arguments.lang)
    for alert in open_now:
        told = Told(alert.last, names, say, port.build().zone_name)
        print(f"{told.name}\n  {told.sentence()}\n  {say('Open since')} {told.at(alert.opened['at'])}")
    print(f"{len(open_now)} open." if open_now else "Nothing is open.")
    return 0


def _check(settings: Settings, arguments: argparse.Namespace) -> int:
    import datetime as dt

    from dashboard import store
    from dashboard.alerts import readings, recipients, rules
    from dashboard.alerts.evaluation import line_of
    from dashboard.alerts.wording import Told, names_of
    from dashboard.i18n import translator
    from etl.errors import BuildError

    found, delivery = rules.read(settings), recipients.read(settings)
    told: list[dict[str, Any]] = []
    if found.path is None:
        print(f"No rules: neither {settings.keys / rules.FILE} nor {settings.site / rules.FILE} is there. docs/alerts.md shows a whole file.")
        return 0
    if delivery is not None and (unknown := sorted({name for rule in found.rules for name in rule.to} - set(delivery.to))):
        raise SettingsError(str(found.path), f"'{unknown[0]}' in `to` is no recipient", ", ".join(delivery.to), f"Add a table [to.{unknown[0]}] to {delivery.path}")
    store.use(settings)
    names, say = {}, translator(arguments.lang)
    for rule in found.rules:
        try:
            port = store.own()
            build = port.build()
        except BuildError as error:
            print(f"{len(found.rules)} rules are well formed. They could not be tried: {error}", file=sys.stderr)
            return 0
        names = names or names_of(port, arguments.lang)
        for reading in readings.of(rule, port, dt.datetime.now(dt.UTC).replace(tzinfo=None)) if rule.is_on else ():
            if reading.last is not None:
                line = line_of(rule, reading, reading.last, build)
                said = Told(line, names, say, build.zone_name)
                told.append({"rule": rule.code, "group": reading.group, "state": reading.last.state, "figure": reading.last.value, "n": reading.last.n, "text": said.sentence(), "title": said.name})
    if arguments.json:
        print(json.dumps({"rules": len(found.rules), "file": str(found.path), "delivery": str(delivery.path) if delivery else None, "readings": told}, ensure_ascii=False))
        return 0
    print(f"{found.path}: {len(found.rules)} rules. Delivery: {delivery.path if delivery else f'none ({settings.keys / recipients.FILE} is not there), so alerts are shown and sent to nobody'}.")
    for each in told:
        print(f"  {each['rule']:<24} {each['state']:<8} {each['title']}: {each['text']}")
    for rule in found.rules:
        if not rule.is_on:
            print(f"  {rule.code:<24} off")
        elif not any(each["rule"] == rule.code for each in told):
            print(f"  {rule.code:<24} nothing to judge: its log holds nothing yet")
    return 0


def _try(settings: Settings, arguments: argparse.Namespace) -> int:
    from dashboard import store
    from dashboard.alerts import rules, trial

    store.use(settings)
    found = trial.of(rules.read(settings), store.own(), arguments.weeks)
    if arguments.json:
        print(json.dumps([vars(each) for each in found], ensure_ascii=False))
        return 0
    for each in found:
        print(f"  {each.rule:<24} {each.group:<14} raised {each.raised_n:>3} times in {each.windows_n:>5} windows, of which {each.judged_n:,} could be judged; open in {each.share_open:.1%} of them")
    return 0
