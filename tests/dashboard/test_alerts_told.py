"""Alerts end to end, on a published build, to a real mail server and a real HTTP receiver on this machine: told once, held, tried again, never twice, and nothing a name can bend."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from dashboard import alerts, store
from dashboard.access import audit
from dashboard.alerts import board, evaluation, history, recipients, rules, sending, telling, weekly
from dashboard.alerts.readings import Reading, Window
from dashboard.selection import Selection
from etl.settings import ROOT, Settings

NOW = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
LATER = dt.timedelta(minutes=70)
# `LIMIT` decides whether the last whole day lies beyond: by moving it a test makes the port worse or better.
RULE = """
[[rule]]
code = "slow_day"
watch = "threshold"
metric = "turnaround_p90"
above = LIMIT
clear = LIMIT
clear_times = 1
to = ["operations"]
title = { en = "Slow day at the port", fr = "Journée lente à l’entrée du port, très chargée", ar = "يوم بطيء في الميناء" }
"""
CALM, WORSE = 9999, 5
SECRET = "a-secret-of-the-test"


class Post:
    """A mail server on this machine. `answers` are given one after the other, then 250."""

    def __init__(self, **how: object) -> None:
        self.mails, self.answers = [], []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._server = Controller(self, hostname="127.0.0.1", port=self.port, **how)
        self._server.start()

    async def handle_DATA(self, server, session, envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default), envelope.content))
        return answer

    def stop(self) -> None:
        self._server.stop()


class Hook:
    """An HTTP receiver on this machine. `answers` are (status, headers), given one after the other, then 204."""

    def __init__(self) -> None:
        self.posts, self.answers = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = outer.answers.pop(0) if outer.answers else (204, {})
                outer.posts.append((self.path, status, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def taken(self) -> list[dict]:
        return [json.loads(body) for _, status, _, body in self.posts if status == 204]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def post():
    made = Post()
    yield made
    made.stop()


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.stop()


@pytest.fixture
def port(small, tmp_path):
    """An installation of its own over the small build, whose files it shares."""
    home = tmp_path / "home"
    shutil.copytree(small.build, home / "build", copy_function=lambda source, target: shutil.os.link(source, target))
    settings = Settings(home, small.site)
    settings.keys.mkdir(parents=True)
    yield settings


def write(settings: Settings, text: str, name: str = rules.FILE) -> None:
    path = settings.keys / name
    path.write_text(text, "utf-8")
    path.chmod(0o600)


def deliver(settings: Settings, post: Post | None = None, hook: Hook | None = None, lang: str = "fr", **mail: object) -> None:
    server = {"host": "127.0.0.1", "port": post.port if post else 9, "security": "none", "from": "alertes@port.example"} | mail
    lines = ['base_url = "https://smartport.example/"', "[mail]", *(f"{name} = {json.dumps(value)}" for name, value in server.items()), "[to.operations]", f'lang = "{lang}"']
    lines += ['mail = ["ops@port.example"]'] if post else []
    lines += [f'webhook = {{ url = "http://127.0.0.1:{hook.port}/hook?team=1", secret = "{SECRET}" }}'] if hook else []
    write(settings, "\n".join(lines) + "\n", recipients.FILE)


def judged(settings: Settings, limit: float, now: dt.datetime = NOW, rule: str = RULE, **how: object) -> evaluation.Evaluation:
    write(settings, rule.replace("LIMIT", str(limit)))
    return evaluation.evaluate(settings, now, sleep=lambda _: None, **how)


def events(settings: Settings) -> list[str]:
    return [line["event"] for line in history.read(settings).lines]


# ---------------------------------------------------------------------- once each
def test_an_alert_is_told_once_and_its_end_once(port, post, hook) -> None:
    deliver(port, post, hook)
    assert judged(port, CALM).open == [] and events(port) == []
    done = judged(port, WORSE)
    assert (len(done.opened), done.sent_n, done.failed_n) == (1, 2, 0)
    for minutes in range(1, 6):  # a timer, and loads that bring nothing new
        assert judged(port, WORSE, NOW + minutes * LATER).sent_n == 0
    done = judged(port, CALM, NOW + 6 * LATER)
    assert (len(done.cleared), done.sent_n, done.open) == (1, 2, [])
    assert judged(port, CALM, NOW + 7 * LATER).sent_n == 0
    assert len(post.mails) == 2 and [each["event"] for each in hook.taken] == ["opened", "cleared"]
    assert events(port) == ["opened", "sent", "sent", "cleared", "sent", "sent"]
    assert oct(history.path_of(port).stat().st_mode)[-3:] == "600" and oct(port.alerts.stat().st_mode)[-3:] == "700"


def test_the_message_says_figure_n_period_limit_freshness_and_the_link(port, post, hook) -> None:
    """Every figure is the store's own; the link opens the page with that very selection."""
    deliver(port, post, hook)
    judged(port, WORSE)
    asked = store.of()
    day = asked.build().now_day - dt.timedelta(days=1)
    cell = asked.ask(Selection(asked.port_code, day, day + dt.timedelta(days=1)), ["turnaround_p90"]).cell("turnaround_p90")
    [(to, mail, _raw)], [told] = post.mails, hook.taken
    text = mail.get_body(("plain",)).get_content()
    assert to == ["ops@port.example"] and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"].startswith("Avertissement\u00a0: Journée lente à l’entrée du port, très chargée · Casablanca") and mail["Subject"].endswith("Données de démonstration - fictives")
    for part in (f"{cell.value:.0f} min", f"n = {cell.n}", "limite\u00a0: au plus 5 min", "samedi 3 octobre 2026", "Données jusqu’au", asked.build().build_id, "*** Données de démonstration - fictives ***"):
        assert part in text, part
    assert "Données de démonstration - fictives" in mail.get_body(("html",)).get_content() and mail.get_body(("html",)).get_content().startswith('<!DOCTYPE html><html lang="fr" dir="ltr">')
    assert (told["figure"], told["n"], told["high"], told["port"], told["is_sample"]) == (cell.value, cell.n, 5.0, "MACAS", True) and told["stamp"] == "Données de démonstration - fictives"
    link = urlsplit(told["link"])
    assert told["link"] in text and (link.netloc, link.path) == ("smartport.example", "/turnaround")
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    selection, notes = Selection.from_query({name: value for name, value in query.items() if name != "lang"}, asked.port_code, asked.build().now_day, asked.known())
    assert not notes and (selection.first_day, selection.last_day, query["lang"]) == (day, day, "fr")


def test_a_webhook_is_signed_and_each_try_has_the_same_number(port, hook) -> None:
    deliver(port, hook=hook)
    hook.answers = [(503, {}), (204, {})]
    assert judged(port, WORSE).sent_n == 1
    (path, _, first, _), (_, _, second, body) = hook.posts
    assert path == "/hook?team=1" and first["X-Smartport-Delivery"] == second["X-Smartport-Delivery"]
    at, _, given = second[sending.SIGNATURE].partition(",")
    expected = hmac.new(SECRET.encode(), at.removeprefix("t=").encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(given, f"v1={expected}") and second["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("lang", "words"), [("fr", "Journée lente à l’entrée du port, très chargée"), ("ar", "يوم بطيء في الميناء")])
def test_accents_and_arabic_arrive_as_they_were_written(lang, words, port, post, hook) -> None:
    deliver(port, post, hook, lang)
    judged(port, WORSE)
    [(_, mail, raw)] = post.mails
    assert words in mail["Subject"] and words in mail.get_body(("plain",)).get_content() and words in mail.get_body(("html",)).get_content() and words in hook.taken[0]["title"]
    assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">' in mail.get_body(("html",)).get_content()
    assert raw.isascii() and max(map(len, raw.splitlines())) <= 998, "what a mail server may refuse"


# ---------------------------------------------------------------------- what fails
def test_what_a_server_refuses_is_kept_and_tried_again_until_it_is_taken(port, post, hook) -> None:
    deliver(port, post, hook)
    post.answers, hook.answers = ["451 not now"] * 3, [(500, {})] * 3
    done = judged(port, WORSE)
    assert (done.sent_n, done.failed_n) == (0, 2) and events(port) == ["opened", "failed", "failed"]
    why = [line["why"] for line in history.read(port).lines if line["event"] == "failed"]
    assert "451 not now" in why[0] and "answered 500" in why[1]
    assert judged(port, WORSE, NOW + dt.timedelta(seconds=30)).failed_n == 2, "the wait after a failure has not passed"
    assert judged(port, WORSE, NOW + LATER).sent_n == 2 and len(post.mails) == len(hook.taken) == 1
    assert judged(port, WORSE, NOW + 2 * LATER).sent_n == 0


def test_a_server_that_is_not_there_fails_nothing_but_the_message(port, hook) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()[1]
    deliver(port, hook=hook)
    text = (port.keys / recipients.FILE).read_text("utf-8").replace("port = 9\n", f"port = {nobody}\n").replace('lang = "fr"', 'lang = "fr"\nmail = ["ops@port.example"]')
    write(port, text, recipients.FILE)
    done = judged(port, WORSE)
    assert (done.sent_n, done.failed_n, len(done.open)) == (1, 1, 1), "the other way is told all the same"
    assert [line["way"] for line in history.read(port).lines if line["event"] == "failed"] == ["mail"]


def test_an_address_that_is_refused_for_good_is_given_up_after_three_days(port, post) -> None:
    deliver(port, post)
    post.answers = ["550 no such box"] * 99
    assert judged(port, WORSE).failed_n == 1
    assert len(post.answers) == 98, "a lasting refusal is not tried again at once"
    for hours in range(14, 90, 14):
        judged(port, WORSE, NOW + dt.timedelta(hours=hours))
    assert events(port) == ["opened", *["failed"] * 6, "dropped"]
    dropped = next(line for line in history.read(port).lines if line["event"] == "dropped")
    assert dt.datetime.fromisoformat(dropped["at"]) - NOW > telling.KEPT_FOR and "550" in dropped["why"]


def test_a_redirect_to_another_host_is_not_followed(port, hook) -> None:
    other = Hook()
    try:
        deliver(port, hook=hook)
        hook.answers = [(307, {"Location": f"http://localhost:{other.port}/steal"})]
        assert judged(port, WORSE).failed_n == 1 and other.posts == []
        assert "redirects to localhost" in next(line["why"] for line in history.read(port).lines if line["event"] == "failed")
        hook.answers = [(307, {"Location": "/moved"}), (204, {})]
        assert judged(port, WORSE, NOW + LATER).sent_n == 1 and hook.posts[-1][0] == "/moved"
        hook.answers = [(302, {"Location": "/gone"})]
        with pytest.raises(sending.DeliveryError, match="answered 302"):
            sending.by_webhook(recipients.Webhook(f"http://127.0.0.1:{hook.port}/", SECRET), {}, "x")
    finally:
        other.stop()


def test_a_restart_sends_nothing_twice_even_after_a_torn_line(port, post) -> None:
    """Other processes, and a history whose last line a crash cut: the same alert, no second message, and the torn line stays where it is."""
    deliver(port, post)
    judged(port, WORSE)
    with history.path_of(port).open("ab") as file:
        file.write(b'{"at": "2026-10-05T10:00:00", "event": "clea')
    command = [sys.executable, "-m", "dashboard", "alerts", "--evaluate", "--json", "--home", str(port.home), "--site", str(port.site)]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert (told["opened"], told["sent"], len(told["open"])) == ([], 0, 1) and len(post.mails) == 1
    judged(port, CALM, NOW + LATER)
    kept = history.read(port)
    assert kept.torn_n == 1 and events(port) == ["opened", "sent", "cleared", "sent"] and len(post.mails) == 2


def test_two_evaluations_at_once_tell_once(port, post) -> None:
    deliver(port, post)
    write(port, RULE.replace("LIMIT", str(WORSE)))
    threads = [threading.Thread(target=evaluation.evaluate, args=(port, NOW)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(post.mails) == 1 and events(port) == ["opened", "sent"]


def test_a_killed_process_sends_the_same_message_again_under_the_same_number(port, post, monkeypatch) -> None:
    """Between the server's yes and the history's line there is always a moment; what is sent then a second time is one mail to a mail program."""
    deliver(port, post)
    added = history.Kept.add

    def killed(self, event, at, **told):
        if event == "sent":
            raise KeyboardInterrupt
        return added(self, event, at, **told)

    monkeypatch.setattr(history.Kept, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        judged(port, WORSE)
    monkeypatch.undo()
    judged(port, WORSE, NOW + LATER)
    judged(port, WORSE, NOW + 2 * LATER)
    assert len(post.mails) == 2 and len({mail["Message-ID"] for _, mail, _ in post.mails}) == 1


# ---------------------------------------------------------------------- quiet hours, changed rules, no data
def test_quiet_hours_hold_a_message_and_one_tells_what_came_and_went(port, post) -> None:
    deliver(port, post)
    quiet = RULE + 'quiet = "22:00-06:00"\n'
    night, morning = NOW.replace(hour=23), NOW.replace(day=6, hour=7)
    done = judged(port, WORSE, night, quiet)
    assert (done.held_n, done.sent_n) == (1, 0) and judged(port, WORSE, night + LATER, quiet).held_n == 1
    judged(port, CALM, night + 2 * LATER, quiet)
    assert judged(port, CALM, morning, quiet).sent_n == 1 and len(post.mails) == 1
    assert "Alerte levée" in post.mails[0][1]["Subject"] and "En cours depuis le" in post.mails[0][1].get_body(("plain",)).get_content()
    critical = judged(port, WORSE, night.replace(day=7), quiet + 'severity = "critical"\n')
    assert critical.sent_n == 1, "what is critical is told at any hour"


def test_a_rule_that_is_taken_out_closes_its_alert(port, post) -> None:
    deliver(port, post)
    judged(port, WORSE)
    done = judged(port, 1, NOW + LATER, RULE.replace("slow_day", "another").replace("above", "below").replace("[[rule]]", "[[rule]]\nis_on = false"))
    assert [alert.rule for alert in done.cleared] == ["slow_day"] and done.open == []
    assert "La règle a été retirée" in post.mails[-1][1].get_body(("plain",)).get_content()


def test_whoever_is_added_later_is_told_of_what_is_open_and_of_no_past(port, post) -> None:
    deliver(port, post)
    judged(port, WORSE)
    text = (port.keys / recipients.FILE).read_text("utf-8").replace('["ops@port.example"]', '["ops@port.example", "new@port.example"]')
    write(port, text, recipients.FILE)
    assert judged(port, WORSE, NOW + LATER).sent_n == 1 and post.mails[-1][0] == ["new@port.example"]
    judged(port, CALM, NOW + 2 * LATER)
    write(port, text.replace("new@", "newer@"), recipients.FILE)
    assert judged(port, CALM, NOW + 3 * LATER).sent_n == 0


def test_without_delivery_alerts_are_kept_and_nobody_is_told(port) -> None:
    done = judged(port, WORSE)
    assert len(done.open) == 1 and (done.sent_n, done.failed_n, done.wrong) == (0, 0, {})
    deliver_to = port.keys / recipients.FILE
    deliver_to.write_text("base_url = 'nonsense'\n", "utf-8")
    deliver_to.chmod(0o600)
    done = judged(port, WORSE, NOW + LATER)
    assert "is no web address" in done.wrong[""] and len(done.open) == 1


def test_one_wrong_rule_stops_no_other_and_no_load(port, monkeypatch) -> None:
    """A value the site does not know is found when the rule is judged; a file that is no TOML stops all rules, and the load goes on."""
    from dashboard import __main__ as root
    from etl.loading.report import AfterStep

    monkeypatch.setattr(root, "_leave_pages", lambda settings: AfterStep("pages"))
    done = judged(port, WORSE, rule=RULE + RULE.replace("slow_day", "moon") + 'filter = { terminal = ["MOON"] }\n')
    assert "'MOON' is no value of filter 'terminal' at MACAS. Known: " in done.wrong["moon"] and [alert.rule for alert in done.open] == ["slow_day"]
    write(port, "[[rule]\n")
    step = next(each for each in root.after_load(port, None) if each.name == "alerts")
    assert step.is_failed and "SettingsError" in step.said and "it is no TOML" in step.said
    write(port, RULE.replace("LIMIT", str(WORSE)))
    monkeypatch.setattr(alerts, "evaluate", lambda settings: 1 / 0)
    step = next(each for each in root.after_load(port, None) if each.name == "alerts")
    assert step.is_failed and "ZeroDivisionError" in step.said


def test_a_timer_notices_that_no_load_came(port, post) -> None:
    """Freshness by the clock needs no new build: the same one, judged an hour and two days after its last line."""
    deliver(port, post)
    rule = '[[rule]]\ncode = "late"\nwatch = "freshness"\nsource = "gate"\nhours = 6\nclear_hours = 3\nto = ["operations"]\nseverity = "critical"\n'
    newest = store.of().table("meta_freshness").filter(pl.col("source_code") == "gate")["last_event_at"][0].replace(tzinfo=dt.UTC)
    ages = [(1, 0), (5.9, 0), (6.1, 1), (4, 1), (2.9, 0)]
    assert [len(judged(port, 0, newest + dt.timedelta(hours=hours), rule).open) for hours, _ in ages] == [n for _, n in ages]
    assert "Passages aux portes" in post.mails[0][1]["Subject"] and "6\u00a0h\u00a006\u00a0min" in post.mails[0][1].get_body(("plain",)).get_content()


def test_many_rejected_lines_of_a_file_are_told_with_its_name(port, post) -> None:
    """Each file of the small build has 2 rejected lines of 27 to 66; the newest days' worst is named, with the lines read as n."""
    deliver(port, post)
    rule = '[[rule]]\ncode = "bad"\nwatch = "rejects"\nabove = LIMIT\nclear = LIMIT\ndays = 3\nmin_n = 10\nto = ["operations"]\n'
    assert judged(port, 0.2, rule=rule).open == []
    [alert] = judged(port, 0.01, NOW + LATER, rule).open
    files = store.of().table("dq_files").sort("file_on").tail(3).with_columns(share=pl.col("rejected_n") / pl.col("read_n")).sort("share")
    assert (alert.last["what"], alert.last["n"], alert.last["figure"]) == (files["file_name"][-1], files["read_n"][-1], files["share"][-1])
    assert files["file_name"][-1] in post.mails[0][1].get_body(("plain",)).get_content()


def test_a_change_of_the_rules_is_audited(port) -> None:
    judged(port, CALM)
    judged(port, CALM, NOW + LATER)
    assert audit.read(port)[0].is_empty()
    judged(port, WORSE, NOW + 2 * LATER)
    assert audit.read(port)[0].select("event", "what").rows() == [("settings", "alerts.toml")]


def test_a_group_the_rule_no_longer_names_and_a_file_too_old_close_their_alerts(port, post) -> None:
    deliver(port, post)
    ages = '[[rule]]\ncode = "late"\nwatch = "freshness"\nsource = LIMIT\nagainst = "newest"\nhours = 0.1\nclear_hours = 0.1\nto = ["operations"]\n'
    assert {alert.group for alert in judged(port, '["weighbridge", "customs"]', rule=ages).open} == {"weighbridge", "customs"}
    assert [alert.group for alert in judged(port, '"customs"', NOW + LATER, ages).cleared] == ["weighbridge"]
    assert "Il ne reste rien à évaluer" in post.mails[-1][1].get_body(("plain",)).get_content()
    files = '[[rule]]\ncode = "bad"\nwatch = "rejects"\nabove = 0.01\ndays = 3\nmin_n = LIMIT\nto = ["operations"]\n'
    assert len(judged(port, 10, NOW + 2 * LATER, files).opened) == 1 and len(judged(port, 9999, NOW + 3 * LATER, files).cleared) == 1


# ---------------------------------------------------------------------- hostile names
HOSTILE = 'P6\r\nBcc: victim@else.example\r\nX-Own: 1\u2028\u202e<b>x</b>"\x00'


def test_no_name_can_begin_a_header_or_a_tag(port, post, hook, monkeypatch) -> None:
    """A file name and a group's name come from whoever sends logs; a title from whoever writes rules."""
    deliver(port, post, hook)
    window = Window(NOW.replace(tzinfo=None), NOW.replace(tzinfo=None), 0.5, 100, "beyond", high=0.1, what=HOSTILE)
    monkeypatch.setattr("dashboard.alerts.readings.of", lambda rule, *_: (Reading(rule, HOSTILE, (window,), NOW.replace(tzinfo=None)),))
    title = json.dumps(HOSTILE.replace("\x00", ""))  # TOML refuses a null itself
    judged(port, 0, rule=f'[[rule]]\ncode = "bad"\nwatch = "rejects"\nabove = 0.1\nto = ["operations"]\ntitle = {{ fr = {title} }}\n')
    [(to, mail, raw)] = post.mails
    head = raw.partition(b"\r\n\r\n")[0]
    assert to == ["ops@port.example"] and not mail.defects
    assert {line.split(b":")[0] for line in head.splitlines() if line[:1] not in b" \t"} == {b"Subject", b"From", b"To", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version", b"Content-Type"}
    text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "<b>" not in page and not any(letter in part for letter in "\u202e\u2028\x00" for part in (text, page, mail["Subject"], hook.taken[0]["title"], hook.taken[0]["text"]))
    assert not any(line.startswith(("Bcc", "X-Own")) for line in text.splitlines()), "a name may not look like a line of ours either"


# ---------------------------------------------------------------------- a server with TLS
def test_mail_goes_by_starttls_with_a_sign_in_and_not_to_an_unknown_certificate(port, tmp_path) -> None:
    pem = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    seen = []

    def check(server, session, envelope, mechanism, given) -> AuthResult:
        seen.append((given.login, given.password, session.ssl is not None))
        return AuthResult(success=given.password == b"right")

    server = Post(tls_context=context, require_starttls=True, auth_required=True, authenticator=check)
    try:
        deliver(port, server, host="localhost", security="starttls", user="smartport", password="right", ca_file=str(pem))
        assert judged(port, WORSE).sent_n == 1 and seen == [(b"smartport", b"right", True)]
        deliver(port, server, host="localhost", security="starttls", user="smartport", password="right")
        assert judged(port, CALM, NOW + LATER).failed_n == 1 and len(seen) == 1, "an unknown certificate gets no password"
        assert "certificate is not trusted" in history.read(port).lines[-1]["why"]
    finally:
        server.stop()


def _certificate(folder):
    """A self-signed certificate of localhost with its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1)).not_valid_after(dt.datetime(2099, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False).add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(serialization.Encoding.PEM))
    return path


# ---------------------------------------------------------------------- briefings by mail
def test_a_briefing_is_mailed_once_with_its_pdf_headline_and_link(port, post) -> None:
    deliver(port, post)
    delivery = recipients.read(port)
    def send() -> weekly.Mailed:
        [done] = weekly.send(port, delivery, ["operations"], preset="minister", period="last-week")
        return done

    post.answers = ["550 not today"]
    assert "550 not today" in send().said and post.mails == []
    sent = send()
    assert (sent.is_failed, sent.said) == (False, "sent: smartport_briefing_minister_2026-09-21_2026-09-27_fr.pdf")
    assert send().said.startswith("sent before, on ") and len(post.mails) == 1
    [(_, mail, _)] = post.mails
    [pdf] = mail.iter_attachments()
    assert pdf.get_content_type() == "application/pdf" and pdf.get_filename() == "smartport_briefing_minister_2026-09-21_2026-09-27_fr.pdf" and pdf.get_content().startswith(b"%PDF-")
    text, week = mail.get_body(("plain",)).get_content(), Selection("MACAS", dt.date(2026, 9, 21), dt.date(2026, 9, 28))
    assert f"en moins de {store.of().ask(week, ['turnaround_p50']).cell('turnaround_p50').value:.0f} min" in text.replace("\u00a0", " ")
    assert "https://smartport.example/?v=1&from=2026-09-21&to=2026-09-27&lang=fr&port=MACAS" in text and "Données de démonstration - fictives" in mail["Subject"]


# ---------------------------------------------------------------------- the board
def test_the_board_says_how_things_stand_and_costs_no_query(port, monkeypatch) -> None:
    judged(port, WORSE)
    monkeypatch.setattr(store.Store, "ask", lambda *_, **__: pytest.fail("asked"))
    found = board.read(port, "MACAS")
    assert [line["rule"] for line in found.open] == ["slow_day"] and found.readings[0]["state"] == "beyond"
    assert board.read(port, "MACAS") is found, "read once"
    (port.alerts / "MACAS.board.json").write_text("{", "utf-8")
    assert board.read(port, "MACAS") == board.Board() == board.read(Settings(port.home / "none", port.site), "MACAS")


# ---------------------------------------------------------------------- the command line
def smartport(*arguments: str) -> int:
    from dashboard.__main__ import main

    return main(list(arguments))


def test_the_command_checks_tries_judges_and_says(port, post, capsys) -> None:
    here = ("--home", str(port.home), "--site", str(port.site))
    write(port, RULE.replace("LIMIT", str(WORSE)) + RULE.replace("slow_day", "off").replace("LIMIT", "5") + "is_on = false\n")
    assert smartport("alerts", "--check", *here) == 0
    told = capsys.readouterr().out
    assert "2 rules" in told and "beyond" in told and "sent to nobody" in told and "off" in told and not port.alerts.exists()
    assert smartport("alerts", "--try", "2", "--json", *here) == 0
    [tried] = json.loads(capsys.readouterr().out)
    assert (tried["rule"], tried["windows_n"], tried["raised_n"]) == ("slow_day", 14, 1) and not port.alerts.exists()
    deliver(port, post)
    assert smartport("alerts", "--evaluate", *here) == 0 and "1 raised, 0 cleared, 1 open; 1 messages sent" in capsys.readouterr().out
    assert smartport("alerts", "--lang", "fr", *here) == 0 and "Journée lente" in capsys.readouterr().out
    write(port, RULE.replace("LIMIT", str(WORSE)).replace("operations", "nobody"))
    assert smartport("alerts", "--check", *here) == 2 and "'nobody' in `to` is no recipient. Known: operations" in capsys.readouterr().err
    assert smartport("alerts", "--evaluate", *here) == 2 and "no recipient is called 'nobody'" in capsys.readouterr().out
    assert smartport("mail-briefing", "nobody", *here) == 2 and "'nobody' has no mail address. Known: operations" in capsys.readouterr().err
    write(port, "[[rule]]\n")
    assert smartport("alerts", "--evaluate", "--json", *here) == 2 and "it has no code" in json.loads(capsys.readouterr().out)["error"]
