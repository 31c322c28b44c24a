"""The public log as people read it, as programs take it, and what opens its lines for who wrote the text."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conftest import Sent, add_person, send, sign_in
from page import Page
from sqlalchemy import text
from starlette.testclient import TestClient
from test_public_log import decide

from moderation import chain, public_log
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.models.people import Role
from moderation.pages.public_log import SHOWN
from moderation.web.dependencies import Parts
from moderation.web.public_log import _lines


def test_the_log_is_public_without_a_cookie_and_linked_from_every_page(client: TestClient) -> None:
    answer = client.get(Page(client.get("/")).hrefs["Journal public"])
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, "Journal public")
    assert "set-cookie" not in answer.headers
    assert "Rien n’a encore été décidé." in page.main
    assert client.get("/log.jsonl").content == b""


def test_a_line_says_what_was_decided_why_and_by_which_rule(
    client: TestClient, parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.PRIVACY)
    settle()
    page = Page(client.get("/log"))
    line = page.text("#line-1")
    assert "Contribution refusée. Motif : atteinte à la vie privée. Charte, version 1" in line
    assert "Ligne 1, 1er mars 2026" in line
    assert page.hrefs["Charte, version 1"] == "/charter/1#charter-privacy"
    for secret in (pending.id, pending.text, "Zoé", "Ann"):
        assert secret not in page.main


def test_what_waits_or_was_undone_is_in_no_byte_of_it(
    client: TestClient, parts: Parts, pending: Sent, ann: Person
) -> None:
    before = client.get("/log").content, client.get("/log.jsonl").content
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.PRIVACY)
    assert (client.get("/log").content, client.get("/log.jsonl").content) == before


def test_programs_take_it_whole_or_from_a_line_on_and_check_it(
    client: TestClient, parts: Parts, article: str, ann: Person, settle: Callable[[], None], tmp_path: Path
) -> None:
    for number in range(3):
        decide(parts, send(parts, article, f"Texte {number} sur le pont."), ann, Action.PUBLISH)
    settle()
    answer = client.get("/log.jsonl")
    assert answer.headers["content-type"] == "application/jsonl"
    assert [line["seq"] for line in chain.read(answer.content.splitlines(keepends=True))] == [1, 2, 3]
    assert client.get("/log.jsonl?after=2").content == answer.content.splitlines(keepends=True)[2]
    same = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/log.jsonl", headers=same).status_code == 304
    decide(parts, send(parts, article, "Un autre encore."), ann, Action.PUBLISH)
    settle()
    assert client.get("/log.jsonl", headers=same).status_code == 200
    page = Page(client.get("/log"))
    program, copy = tmp_path / "verify-log.py", tmp_path / "log.jsonl"
    program.write_bytes(client.get(page.hrefs["le programme de vérification"]).content)
    copy.write_bytes(client.get(page.hrefs["le journal entier, une ligne JSON par décision"]).content)
    said = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-I", str(program), str(copy)], capture_output=True, text=True, check=True
    )
    assert "4 lines hold together" in said.stdout
    assert said.stdout.split()[-1] in page.text("main section")


def test_a_long_log_is_read_a_page_at_a_time_and_nothing_is_left_out(
    client: TestClient, parts: Parts
) -> None:
    count = 2 * SHOWN + 7
    with parts.writing() as session:
        for _ in range(count):
            public_log._append(session, "2026-03-01", Action.PUBLISH, subject="x")
    seen: list[str] = []
    address = "/log"
    while address:
        page = Page(client.get(address))
        seen += [str(node.attributes["id"]) for node in page.nodes("main ol > li")]
        address = page.hrefs.get("Plus anciennes", "")
    assert seen == [f"line-{seq}" for seq in range(count, 0, -1)]
    assert (
        Page(client.get(f"/log?before={SHOWN + 1}")).hrefs["Plus récentes"] == f"/log?before={2 * SHOWN + 1}"
    )
    assert "Plus récentes" not in Page(client.get(f"/log?before={count + 1}")).hrefs
    for nowhere in (1, count + 2):
        assert client.get(f"/log?before={nowhere}").status_code == 404


def test_a_long_log_is_taken_whole(client: TestClient, parts: Parts) -> None:
    with parts.writing() as session:
        for _ in range(2500):
            public_log._append(session, "2026-03-01", Action.PUBLISH, subject="x")
    assert len(list(chain.read(client.get("/log.jsonl").content.splitlines(keepends=True)))) == 2500


def test_its_author_alone_can_prove_which_line_is_about_a_text(
    client: TestClient, parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    track = f"/track/{pending.tracking}"
    assert client.get(f"{track}/opening.json").json() == []
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.PRIVACY)
    assert Page(client.get(track)).nodes(".opening") == []
    settle()
    page = Page(client.get(track))
    assert page.hrefs["ligne 1"] == "/log?before=2#line-1"
    answer = client.get(page.hrefs["télécharger la preuve"])
    assert answer.headers["cache-control"] == "no-store"
    (one,) = answer.json()
    assert one["salt"] in page.text(".opening")
    assert (one["seq"], one["text"]) == (1, pending.text)
    line = json.loads(client.get("/log.jsonl").content)
    assert line["commitment"] == chain.digest(one["salt"] + one["text"])
    assert client.get("/track/aaaa/opening.json").status_code == 404


def test_who_administers_has_it_say_who_decided(
    client: TestClient, desk: TestClient, parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    form = Page(desk.get("/desk/settings")).form("Enregistrer")
    assert form.action == "/desk/settings/log"
    answer = desk.post(form.action, data={"names": "true"})
    saved = Page(desk.get(answer.headers["location"]))
    assert "cela vaut pour les lignes à venir" in saved.alert
    assert saved.nodes("#names[checked]")
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    name = json.loads(client.get("/log.jsonl").content)["by"]
    assert f"par {name}" in Page(client.get("/log")).text("#line-1")
    desk.post(form.action, data={})
    assert not Page(desk.get("/desk/settings")).nodes("#names[checked]")


def test_who_does_not_administer_does_not(client: TestClient, parts: Parts) -> None:
    luc = add_person(parts, "luc@example.org", "Luc", Role.MODERATOR)
    assert sign_in(parts, client, luc).post("/desk/settings/log", data={"names": "true"}).status_code == 403
    with parts.reading() as session:
        assert not public_log.says_names(session)


def test_another_log_of_as_many_lines_is_not_taken_for_the_same(client: TestClient, parts: Parts) -> None:
    with parts.writing() as session:
        public_log._append(session, "2026-03-01", Action.PUBLISH, subject="x")
    seen = {"If-None-Match": client.get("/log.jsonl").headers["etag"]}
    with parts.writing() as session:
        connection = session.connection()
        for trigger in ("log_line_is_never_deleted",):
            table = " ON log_line" if parts.engine.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {trigger}{table}"))
        connection.execute(text("DELETE FROM log_line"))
    with parts.writing() as session:
        public_log._append(session, "2026-03-01", Action.REFUSE, subject="y")
    assert client.get("/log.jsonl", headers=seen).status_code == 200


def test_a_replica_that_has_fewer_lines_than_were_counted_ends_where_it_does(
    client: TestClient, parts: Parts
) -> None:
    with parts.writing() as session:
        public_log._append(session, "2026-03-01", Action.PUBLISH, subject="x")
    assert client.get("/log.jsonl?after=0").content.count(b"\n") == 1
    assert len(list(_lines(parts, 0, 1000))) == 1
