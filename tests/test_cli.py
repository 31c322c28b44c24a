import json
import os
import re
import subprocess
import sys
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import START, FakeClock, Run, Sent, send
from sqlmodel import select, update
from starlette.testclient import TestClient

from moderation import factors, migrations, reasons
from moderation.accounts import Person
from moderation.clock import utc
from moderation.lifecycle import Action, Reason, Status
from moderation.models.people import Account
from moderation.models.public import Article, Publication
from moderation.models.queue import Comment, Decision, Letter, Question, Version
from moderation.web.dependencies import Parts


def status(parts: Parts, sent: Sent) -> tuple[Status, int]:
    with parts.reading() as session:
        comment = session.get_one(Comment, sent.id)
        return comment.status, comment.revision


# The command itself


def test_the_commands_are_these(run: Run) -> None:
    shown = run("--help").stdout
    names = re.findall(r"^│ ([a-z-]+) ", shown.partition("Commands")[2], re.MULTILINE)
    assert sorted(names) == [
        "account",
        "article",
        "backup",
        "compare",
        "decide",
        "deliver",
        "demo",
        "doctor",
        "erase-author",
        "erased",
        "export-author",
        "machine-address",
        "packet",
        "queue",
        "reason",
        "rerender",
        "restore",
        "rotate-keys",
        "serve",
        "show",
        "sign-in-link",
        "token",
        "upgrade",
        "verify-log",
        "verify-packet",
    ]


@pytest.mark.parametrize(
    "words", [["nonsense"], ["decide"], ["decide", "x", "nonsense"], ["queue", "--status", "x"], []]
)
def test_a_command_that_is_none_is_wrong_usage(run: Run, words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "") or not words


def test_the_program_can_be_run_as_a_module(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "moderation", "queue"]
    given = {**os.environ, **environment}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)  # noqa: S603
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEYS", "short"),
        ("SITE_URL", "nowhere"),
        ("SITE_URL", "http://site.example/?a=b"),
        ("TIMEZONE", "Mars/Olympus"),
        ("LANGUAGE", "xx"),
        ("UNDO_SECONDS", "-1"),
        ("CACHE_FRESHNESS", "soon"),
        ("MARKUP", "markdown"),
        ("REQUIRED", "age"),
        ("SMTP_URL", "smtp://mail.example"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://127.0.0.1/x"),
        ("PUBLIC_DATABASE_URL", "nonsense"),
    ],
)
def test_a_setting_that_is_wrong_is_named(run: Run, name: str, value: str) -> None:
    result = run("queue", **{name.lower(): value})
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"MODERATION_{name}" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_does_not_answer_is_said_in_words(run: Run) -> None:
    result = run("queue", database_url="postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The database did not answer" in result.stderr


# The database


def test_a_database_of_a_newer_program_is_said_to_be_one(run: Run, parts: Parts) -> None:
    with parts.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        for words in (["queue"], ["upgrade"], ["backup", "x"]):
            result = run(*words)
            assert (result.exit_code, result.stdout) == (1, "")
            assert "newer program (revision 9999)" in result.stderr
    finally:
        with parts.writing() as session:
            newest = migrations.revisions()[-1]
            session.connection().exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newest}'")  # noqa: S608


def test_a_file_that_is_no_database_is_said_to_be_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Bonjour.\n" * 1000)
    result = run("upgrade", database_url=f"sqlite:///{tmp_path / 'letter.db'}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not a database" in result.stderr


@pytest.mark.parametrize("words", [["serve"], ["queue"], ["deliver"], ["account", "list"], ["show", "x"]])
def test_nothing_is_done_on_a_database_that_is_behind(run: Run, tmp_path: Path, words: list[str]) -> None:
    result = run(*words, database_url=f"sqlite:///{tmp_path / 'new.db'}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "moderation upgrade" in result.stderr


def test_upgrading_makes_the_database_ready(run: Run, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'folder' / 'new.db'}"
    for told in (f"Brought from nothing to {migrations.revisions()[-1]}.\n", ""):
        result = run("upgrade", database_url=address)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == f"{told}The database is up to date.\n"
    assert run("queue", database_url=address).exit_code == 0


def test_the_demonstration_is_put_in_once(run: Run, parts: Parts) -> None:
    first = run("demo")
    assert (first.exit_code, first.stdout) == (0, "")
    assert "ann@example.org" in first.stderr
    with parts.reading() as session:
        before = session.exec(select(Comment.id).order_by(Comment.id)).all()
    second = run("demo")
    assert (second.exit_code, second.stdout) == (0, "")
    assert "nothing was changed" in second.stderr
    with parts.reading() as session:
        assert session.exec(select(Comment.id).order_by(Comment.id)).all() == before


# The team


def test_an_account_is_opened_with_a_link_to_sign_in(run: Run, client: TestClient, clock: FakeClock) -> None:
    result = run("account", "add", "Zoe@Example.org", "--role", "moderator", "--name", "Zoé")
    assert result.exit_code == 0
    (link,) = result.stdout.splitlines()
    assert "zoe@example.org" in result.stderr.casefold()
    assert link.startswith("http://testserver/sign-in/")
    assert run("account", "list").stdout == "zoe@example.org\tmoderator\tZoé\n"
    rows = json.loads(run("account", "list", "--json").stdout)
    assert rows == [{"email": "zoe@example.org", "name": "Zoé", "role": "moderator", "sections": []}]
    clock.now = utc()  # the command has the real time
    assert client.post(link).status_code == 303


def test_an_invitation_is_mailed_where_mail_is_set_up(run: Run, parts: Parts) -> None:
    mail = {"smtp_url": "smtp://mail.example", "mail_from": "site@example.org"}
    assert run("account", "add", "zoe@example.org", "--role", "admin", **mail).exit_code == 0
    with parts.reading() as session:
        assert [letter.kind for letter in session.exec(select(Letter))] == ["invitation"]


def test_an_account_that_is_there_is_left_alone(run: Run, ann: Person) -> None:
    result = run("account", "add", ann.email, "--role", "moderator")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "already" in result.stderr
    assert "admin" in run("account", "list").stdout


@pytest.mark.parametrize(
    "words", [["zoe", "--role", "admin"], ["zoe@example.org", "--role", "king"], ["zoe@example.org"]]
)
def test_an_account_asked_for_wrongly_is_not_opened(run: Run, words: list[str]) -> None:
    result = run("account", "add", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert run("account", "list").stdout == ""


def test_an_account_is_closed_once(run: Run, sami: Person) -> None:
    assert [run("account", "remove", sami.email).exit_code for _ in range(2)] == [0, 1]
    assert run("account", "list").stdout == ""


def test_who_lost_everything_is_brought_back_to_the_link(parts: Parts, run: Run, ann: Person) -> None:
    with parts.writing() as session:
        factors.set_password(session, ann, "hash", parts.clock())
    done = run("account", "reset-factors", ann.email)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "ann@example.org signs in by link alone now" in done.stderr
    with parts.reading() as session:
        assert factors.known(session, ann.email).password is None
    assert run("sign-in-link", ann.email).exit_code == 0
    unknown = run("account", "reset-factors", "nobody@example.org")
    assert (unknown.exit_code, unknown.stdout) == (1, "")


def test_the_last_admin_is_removed_by_force_alone(run: Run, ann: Person) -> None:
    refused = run("account", "remove", ann.email)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "ann@example.org is the last admin." in refused.stderr
    assert "--force" in refused.stderr
    assert run("account", "remove", ann.email, "--force").exit_code == 0


def test_a_link_is_printed_for_who_is_of_the_team_alone(run: Run, ann: Person) -> None:
    result = run("sign-in-link", ann.email.upper())
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(r"http://testserver/sign-in/[\w.-]+\n", result.stdout)
    nobody = run("sign-in-link", "nobody@example.org")
    assert (nobody.exit_code, nobody.stdout) == (1, "")


# Articles


def test_an_article_is_added_and_replaced(run: Run, parts: Parts, tmp_path: Path) -> None:
    body = tmp_path / "corps.html"
    body.write_text("<p>Un été <script>x</script></p>", encoding="utf-8")
    words = ["article", "add", "un-ete", "--title", "Un été", "--file", str(body)]
    result = run(*words, "--theme", "ville", "--theme", "eau", "--featured")
    assert (result.exit_code, result.stdout) == (0, "http://testserver/articles/un-ete\n")
    again = run(*words)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "--replace" in again.stderr
    assert run(*words, "--replace", "--closed").exit_code == 0
    with parts.reading() as session:
        article = session.exec(select(Article)).one()
    assert (article.title, article.themes, article.featured) == ("Un été", [], False)
    assert "<script" not in article.body
    assert article.updated_at is not None


@pytest.mark.parametrize(
    ("slug", "title", "content"),
    [
        ("Été", "Titre", b"<p>x</p>"),
        ("a b", "Titre", b"<p>x</p>"),
        ("../x", "Titre", b"<p>x</p>"),
        ("un-ete", "a" * 301, b"<p>x</p>"),
        ("un-ete", "Titre", b"\xe9t\xe9"),
    ],
)
def test_an_article_that_cannot_be_is_refused(
    run: Run, parts: Parts, tmp_path: Path, slug: str, title: str, content: bytes
) -> None:
    body = tmp_path / "corps.html"
    body.write_bytes(content)
    result = run("article", "add", slug, "--title", title, "--file", str(body))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
    with parts.reading() as session:
        assert session.exec(select(Article)).all() == []


def test_an_article_without_its_file_is_refused(run: Run) -> None:
    assert run("article", "add", "x", "--title", "X", "--file", "/nowhere").exit_code == 2


# The queue


def test_the_queue_is_printed_a_line_each(run: Run, parts: Parts, article: str) -> None:
    first, second = send(parts, article, "Un."), send(parts, article, "Deux.", author="Zoé")
    lines = run("queue").stdout.splitlines()
    assert sorted(lines) == sorted(
        [
            f"{first.id}\t1\t2026-03-01 09:00\tle-pont\tAnonyme",
            f"{second.id}\t1\t2026-03-01 09:00\tle-pont\tZoé",
        ]
    )
    assert run("queue", "--status", "spam").stdout == ""


def test_the_queue_is_printed_as_the_api_has_it(run: Run, parts: Parts, article: str) -> None:
    sent = send(parts, article, "Voir https://exemple.example/", author="Zoé", email="zoe@example.org")
    shown = json.loads(run("queue", "--json").stdout)
    assert shown["next"] is None
    (item,) = shown["items"]
    html = item.pop("html")
    assert 'href="https://exemple.example/"' in html
    assert item == {
        "id": sent.id,
        "kind": "new",
        "revision": 1,
        "status": "pending",
        "article": "le-pont",
        "parent": None,
        "author": "Zoé",
        "source": sent.text,
        "findings": [{"kind": "link", "detail": "exemple.example"}],
        "submitted_at": "2026-03-01T09:00:00Z",
    }


def test_a_long_queue_goes_on(run: Run, parts: Parts, article: str) -> None:
    sent = {send(parts, article, f"Texte {number}.").id for number in range(51)}
    first = json.loads(run("queue", "--json").stdout)
    second = json.loads(run("queue", "--json", "--after", first["next"]).stdout)
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 1, None)
    assert {item["id"] for item in first["items"] + second["items"]} == sent
    assert f"--after {first['next']}" in run("queue").stderr
    assert run("queue", "--after", "nonsense").exit_code == 1


def test_a_contribution_is_shown_with_what_was_decided(run: Run, parts: Parts, article: str) -> None:
    sent = send(parts, article, "Un texte \x1b[31mrouge.", author="Zoé")
    run("decide", sent.id, "refuse", "--reason", "other", "--note", "Déjà dit.")
    shown = run("show", sent.id)
    assert shown.exit_code == 0
    for words in (
        "Zoé",
        "refused, revision 2",
        "Un texte",
        "! control",
        "by ligne de commande other\n    Déjà dit.\n",
    ):
        assert words in shown.stdout
    assert "\x1b" not in shown.stdout
    item = json.loads(run("show", sent.id, "--json").stdout)
    assert (item["status"], item["publication"]) == ("refused", None)
    (line,) = item["decisions"]
    assert (line["action"], line["status"], line["reason"], line["note"]) == (
        "refuse",
        "refused",
        "other",
        "Déjà dit.",
    )
    assert line["at"].endswith("Z")
    assert run("show", "nothing").exit_code == 1


def test_nothing_a_terminal_obeys_is_printed_and_no_line_of_a_text_looks_like_one_of_ours(
    run: Run, parts: Parts, pending: Sent, ann: Person
) -> None:
    imitated = "2026-03-01 09:00 publish by Ann"
    hostile = f"oui\x1b]52;c;x\x07\u202eenver\u009b31m\n{imitated}\tici"
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        account.name = "An\x1b[2Jn"
        session.exec(update(Version).values(source=hostile, author=f"Zoé{hostile}"))
        session.add(
            Decision(
                comment_id=pending.id,
                revision=2,
                version=1,
                action=Action.REFUSE,
                before=Status.PENDING,
                after=Status.REFUSED,
                reason=Reason.OTHER,
                note=hostile,
                account_id=ann.id,
                at=START,
                undo_until=START,
            )
        )
    for words in (["queue"], ["show", pending.id], ["account", "list"]):
        for more in ([], ["--json"]):
            printed = run(*words, *more).stdout
            assert not [
                one for one in printed if one not in "\n\t" and unicodedata.category(one) in {"Cc", "Cf"}
            ]
            assert not [
                line for line in printed.splitlines() if line.startswith("2026") and "publish" in line
            ]
    assert json.loads(run("show", pending.id, "--json").stdout)["source"] == hostile


# Deciding


def test_a_decision_prints_the_new_status(run: Run, parts: Parts, pending: Sent, ann: Person) -> None:
    result = run("decide", pending.id, "publish", "--as", ann.email, "--revision", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "published\n", "")
    assert status(parts, pending) == (Status.PUBLISHED, 2)
    with parts.reading() as session:
        assert session.exec(select(Decision.account_id)).one() == ann.id
        assert session.exec(select(Publication)).all() == []
    assert run("deliver").exit_code == 0


def test_without_a_window_a_decision_shows_at_once(run: Run, parts: Parts, pending: Sent) -> None:
    assert run("decide", pending.id, "publish", undo_seconds="0").stdout == "published\n"
    with parts.reading() as session:
        assert session.exec(select(Publication.number)).one() == 1
    assert json.loads(run("show", pending.id, "--json").stdout)["publication"] == {"number": 1}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["{id}", "publish", "--revision", "2"], 1, "It is now pending, revision 1".casefold()),
        (["{id}", "publish", "--revision", "0"], 2, "revision"),
        (["{id}", "reopen"], 1, "it is pending"),
        (["{id}", "withdraw"], 1, "it is pending"),
        (["{id}", "answer"], 1, "it is pending"),
        (["{id}", "lapse"], 1, "it is pending"),
        (["{id}", "ask"], 1, "--note"),
        (["{id}", "refuse"], 1, ", ".join(Reason)),
        (["{id}", "refuse", "--reason", "other"], 1, "--note"),
        (["{id}", "refuse", "--reason", "nonsense"], 2, ", ".join(Reason)),
        (["{id}", "refuse", "--reason", "\udc00"], 2, ", ".join(Reason)),
        (["{id}", "publish", "--as", "nobody@example.org"], 1, "nobody@example.org"),
        (["nothing", "publish"], 1, "no such thing"),
    ],
)
def test_a_decision_that_cannot_be_made_says_why(
    run: Run, parts: Parts, pending: Sent, words: list[str], code: int, told: str
) -> None:
    result = run("decide", *(word.format(id=pending.id) for word in words))
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr.casefold()
    assert status(parts, pending) == (Status.PENDING, 1)


def test_a_reason_of_the_site_is_listed_and_given(run: Run, parts: Parts, pending: Sent) -> None:
    with parts.writing() as session:
        code = reasons.add(session, "procès\u202f: en cours", "", dict.fromkeys(map(str, Reason), ""))
        reasons.change(session, "privacy", "vie privée", "", dict.fromkeys(map(str, Reason), ""))
        reasons.offer(session, "duplicate", offered=False)
    lines = run("reason", "list").stdout.splitlines()
    assert lines[0] == "off_topic\thors sujet"
    assert lines[5:] == [
        "privacy\tvie privée",
        "endangers\tpeut mettre quelqu’un en danger",
        "illegal\tcontenu illicite",
        "advertising\tpublicité",
        f"{code}\tprocès\u202f: en cours",
        "other\tautre (à préciser)",
    ]
    offered = json.loads(run("reason", "list", "--json").stdout)
    assert offered[5] == {"code": "privacy", "label": "vie privée", "charter": "/charter/1#charter-privacy"}
    assert code in run("decide", pending.id, "refuse").stderr
    assert run("decide", pending.id, "refuse", "--reason", code).stdout == "refused\n"
    assert code in run("show", pending.id).stdout


def test_a_question_is_asked_and_shown_with_its_answer(
    run: Run, parts: Parts, client: TestClient, pending: Sent, clock: FakeClock
) -> None:
    words = ["decide", pending.id, "ask", "--note", "D’où vient\nla date ?"]
    asked = run(*words, answer_days="2", undo_seconds="0")
    assert (asked.exit_code, asked.stdout) == (0, "asked\n")
    assert pending.id in run("queue", "--status", "asked").stdout
    with parts.reading() as session:
        question = session.exec(select(Question)).one()
        asked_at = session.get_one(Decision, question.decision_id).at
    assert question.until - asked_at == timedelta(days=2)
    clock.now = asked_at
    client.post(f"/track/{pending.tracking}", data={"revision": 2, "action": "answer", "text": "De \x1bZoé."})
    shown = run("show", pending.id).stdout
    assert "\n    D’où vient\n    la date ?\n" in shown
    assert "answer by its author" in shown
    assert "\n    De Zoé.\n" in shown


def test_who_comes_second_is_told_by_whom(run: Run, pending: Sent, ann: Person) -> None:
    run("decide", pending.id, "spam", "--as", ann.email, "--revision", "1")
    result = run("decide", pending.id, "publish", "--revision", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "by Ann" in result.stderr
    assert "spam, revision 2" in result.stderr


# Tokens


def test_a_token_is_printed_once_listed_without_its_secret_and_revoked(run: Run, ann: Person) -> None:
    made = run("token", "create", ann.email, "--name", "sauvegarde", "--scope", "read")
    secret = made.stdout.splitlines()[-1]
    assert (made.exit_code, secret.startswith("mod_")) == (0, True)
    listed = run("token", "list").stdout
    assert secret not in listed
    number, email, scopes, _, name = listed.strip().split("\t")
    assert (email, scopes, name) == (ann.email, "read", "sauvegarde")
    assert run("token", "revoke", number).exit_code == 0
    assert run("token", "list").stdout == ""
    assert run("token", "revoke", number).exit_code == 1


def test_a_token_for_nobody_is_refused(run: Run) -> None:
    assert run("token", "create", "personne@example.org").exit_code == 1


def test_what_is_made_is_the_owner_s_alone(tmp_path: Path) -> None:
    """Databases, their journals and keys hold addresses and texts that wait."""
    file = tmp_path / "new" / "site.db"
    environment = {**os.environ, "MODERATION_DATABASE_URL": f"sqlite:///{file}"}
    command = [sys.executable, "-m", "moderation", "upgrade"]
    before = os.umask(0o022)
    try:
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)  # noqa: S603
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o077 == 0
