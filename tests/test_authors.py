"""All that came with one address: taken along, and erased, whatever became of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock, Run, Sent, add_article, at_once, send
from sqlmodel import col, select
from test_corrections import decide, sound
from test_database import files

from moderation import authors, chain, drafts, mailboxes, proposals, public_log
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.markup import Dialect
from moderation.models.public import Publication, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind, LetterKind, Mailbox, Version
from moderation.web.dependencies import Parts

ADDRESS = "canari@canarimel.example"
FATES: dict[str, list[Action]] = {
    "waits": [],
    "refused": [Action.REFUSE],
    "spam": [Action.SPAM],
    "published": [Action.PUBLISH],
    "unpublished": [Action.PUBLISH, Action.UNPUBLISH],
    "asked": [Action.ASK],
}


@pytest.fixture
def sent(parts: Parts, ann: Person, settle: Callable[[], None]) -> dict[str, Sent]:
    """One of each fate, and one of somebody else."""
    found = {}
    for name, path in FATES.items():
        slug = add_article(parts, name)
        found[name] = send(parts, slug, f"Canaritexte {name}.", author="Canarinom", email=ADDRESS)
        for revision, action in enumerate(path, start=1):
            decide(parts, found[name], ann, action, revision=revision, note="canarinote")
            settle()
    found["other"] = send(parts, "waits", "Celui de Sami.", author="Sami", email="sami@example.org")
    decide(parts, found["other"], ann, Action.PUBLISH)
    settle()
    return found


def confirm(parts: Parts, *, declined: bool = False) -> None:
    with parts.writing() as session:
        kinds = [kind for kind in mailboxes.KINDS if not declined or kind is not LetterKind.QUESTION]
        mailboxes.choose(session, mailboxes.digest(ADDRESS), kinds, parts.clock())


def correct(parts: Parts, text: Sent, clock: FakeClock) -> Sent:
    """What its author proposes in the place of a published text."""
    new = drafts.read("Canarinom", ADDRESS, "Canaricorrection.", dialect=Dialect.SPIP)
    with parts.writing() as session:
        code = proposals.correct(session, text.tracking, new, revision=2, now=clock())
    with parts.reading() as session:
        return Sent(session.exec(select(Comment.id).where(Comment.tracking == code)).one(), code, "")


def sources(parts: Parts) -> set[str]:
    with parts.reading() as session:
        return {*session.exec(select(Version.source))}


def log(parts: Parts) -> list[dict[str, Any]]:
    with parts.reading() as session:
        return [*chain.read(public_log.every(session))]


def test_all_of_it_goes_whatever_became_of_it_and_nothing_of_anybody_else(
    parts: Parts, sent: dict[str, Sent], settle: Callable[[], None]
) -> None:
    assert authors.erase(parts.engine, ADDRESS, parts.clock) == len(FATES)
    settle()
    assert sources(parts) == {"", "Celui de Sami."}
    with parts.reading() as session:
        mine = session.exec(select(Comment).where(Comment.id != sent["other"].id)).all()
        assert {comment.status for comment in mine} == {Status.WITHDRAWN}
        assert {comment.email_key for comment in mine} == {None}
        up = session.exec(select(Publication).where(col(Publication.taken_down_at).is_(None))).all()
        assert [copy.comment_id for copy in up] == [sent["other"].id]
    assert sound(parts)
    assert authors.erase(parts.engine, ADDRESS, parts.clock) == 0


@pytest.mark.usefixtures("on_sqlite", "sent")
def test_promise_09_what_an_author_has_erased_is_in_no_file(
    parts: Parts, url: str, settle: Callable[[], None]
) -> None:
    assert b"Canaritexte" in files(url)
    authors.erase(parts.engine, ADDRESS, parts.clock)
    settle()
    assert [
        word for word in (b"anaritexte", b"anarinom", b"canarimel", b"canarinote") if word in files(url)
    ] == []


@pytest.fixture
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("this is about SQLite")


def test_readers_have_new_pages_at_once_and_the_log_says_what_happened(
    parts: Parts, sent: dict[str, Sent]
) -> None:
    def revision() -> int:
        with parts.reading() as session:
            thread = session.get_one(Comment, sent["published"].id).thread_id
            return session.get_one(Thread, thread).revision

    before, lines = revision(), log(parts)
    authors.erase(parts.engine, ADDRESS, parts.clock)
    assert revision() > before
    assert [line["action"] for line in log(parts)[len(lines) :]] == ["retract"]
    with parts.reading() as session:
        last = session.exec(select(Decision).order_by(col(Decision.id))).all()[-len(FATES) :]
    assert sorted(line.action for line in last) == ["retract", *["withdraw"] * 5]
    assert {line.account_id for line in last} == {None}


def test_what_may_still_be_undone_is_set_aside_and_never_public(
    parts: Parts, article: str, ann: Person, settle: Callable[[], None]
) -> None:
    waits = send(parts, article, "Canaritexte.", email=ADDRESS)
    decide(parts, waits, ann, Action.PUBLISH)
    authors.erase(parts.engine, ADDRESS, parts.clock)
    settle()
    with parts.reading() as session:
        assert session.exec(select(Publication)).all() == []
        assert session.get_one(Comment, waits.id).status is Status.WITHDRAWN
    assert (log(parts), sound(parts)) == ([], True)


def test_what_was_proposed_about_a_text_goes_with_it(
    parts: Parts, sent: dict[str, Sent], ann: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    decide(parts, correct(parts, sent["published"], clock), ann, Action.PUBLISH)
    settle()
    authors.erase(parts.engine, ADDRESS, parts.clock)
    assert sources(parts) == {"", "Celui de Sami."}
    assert sound(parts)


def test_what_was_proposed_goes_too_where_the_text_itself_is_nobody_s_any_more(
    parts: Parts, sent: dict[str, Sent], ann: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    proposal = correct(parts, sent["published"], clock)
    decide(parts, proposal, ann, Action.PUBLISH)
    settle()
    with parts.writing() as session:
        session.get_one(Comment, sent["published"].id).email_key = None
    authors.erase(parts.engine, ADDRESS, parts.clock)
    settle()
    with parts.reading() as session:
        assert session.get_one(Comment, proposal.id).erased_at is not None
        due = session.exec(select(Effect).where(Effect.kind == EffectKind.ERASE)).all()
        assert due == [] or parts.engine.dialect.name == "postgresql"  # which waits for the night
    assert sound(parts)


def test_a_correction_that_was_just_granted_is_set_aside_and_erased(
    parts: Parts, sent: dict[str, Sent], ann: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    decide(parts, correct(parts, sent["published"], clock), ann, Action.PUBLISH)
    with parts.writing() as session:
        session.get_one(Comment, sent["published"].id).email_key = None
    authors.erase(parts.engine, ADDRESS, parts.clock)
    settle()
    assert sources(parts) == {"", "Celui de Sami.", sent["published"].text}
    assert sound(parts)


def test_an_address_that_wants_less_is_remembered_by_its_digest_alone(
    parts: Parts, sent: dict[str, Sent]
) -> None:
    assert sent
    confirm(parts)
    authors.erase(parts.engine, ADDRESS, parts.clock)
    with parts.reading() as session:
        assert session.exec(select(Mailbox)).all() == []
    confirm(parts, declined=True)
    authors.erase(parts.engine, ADDRESS, parts.clock)
    with parts.reading() as session:
        (box,) = session.exec(select(Mailbox)).all()
        assert (box.declined, box.confirmed_at, box.letter) == (["question"], None, "")


@pytest.mark.usefixtures("sent")
def test_twice_at_once_each_is_erased_once(parts: Parts) -> None:
    done = at_once(*(lambda: authors.erase(parts.engine, ADDRESS, parts.clock),) * 3)
    assert sum(done) == len(FATES)
    assert sound(parts)


# From the command line


@pytest.mark.usefixtures("sent")
def test_nothing_is_told_or_erased_of_an_address_nobody_confirmed(parts: Parts, run: Run) -> None:
    for command in (["export-author", ADDRESS], ["erase-author", ADDRESS, "--as", "ann@example.org"]):
        answer = run(*command)
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert "--unconfirmed" in answer.stderr
    assert len(sources(parts)) == len(FATES) + 1
    assert run("erase-author", ADDRESS, "--as", "ann@example.org", "--unconfirmed").stdout == "6\n"
    assert sources(parts) == {"", "Celui de Sami."}


def test_who_erases_for_somebody_is_an_admin_and_is_named_in_the_log(
    parts: Parts, sent: dict[str, Sent], ann: Person, sami: Person, run: Run
) -> None:
    confirm(parts)
    refused = run("erase-author", ADDRESS, "--as", sami.email)
    assert (refused.exit_code, len(sources(parts))) == (1, len(FATES) + 1)
    assert run("erase-author", ADDRESS.upper(), "--as", ann.email).exit_code == 0
    with parts.reading() as session:
        mine = select(Decision).where(Decision.comment_id == sent["published"].id)
        last = session.exec(mine.order_by(col(Decision.id))).all()[-1]
        assert (last.action, last.account_id) == (Action.RETRACT, ann.id)


@pytest.mark.usefixtures("sent")
def test_all_that_is_kept_is_written_into_a_file_or_printed(parts: Parts, run: Run, tmp_path: Path) -> None:
    confirm(parts)
    file = tmp_path / "zoe.json"
    assert run("export-author", ADDRESS, str(file)).exit_code == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    assert len(told["texts"]) == len(FATES)
    assert told["address"]["confirmed_at"] is not None
    assert run("export-author", ADDRESS, str(file)).exit_code == 1
    printed = json.loads(run("export-author", ADDRESS).stdout)
    assert printed["texts"] == told["texts"]
