"""The public log: what has taken effect is told once, without text or person, and nothing else is."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import FakeClock, Run, Sent, send
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from test_corrections import correct, undo

from moderation import (
    chain,
    charter,
    charters,
    decisions,
    delivery,
    drafts,
    moves,
    public_log,
    replies,
    submissions,
)
from moderation.accounts import Person
from moderation.decisions import TooLate
from moderation.lifecycle import Action, Reason
from moderation.markup import Dialect
from moderation.models.queue import Comment, Effect, EffectKind, LogEntry
from moderation.web.dependencies import Parts

UNDO = timedelta(seconds=20)


def decide(
    parts: Parts,
    sent: Sent,
    person: Person,
    action: Action,
    revision: int = 1,
    *,
    reason: str | None = None,
    undo: timedelta = UNDO,
) -> int:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            action,
            revision=revision,
            by=person.id,
            now=parts.clock(),
            undo=undo,
            reason=reason,
        )
        assert made.id is not None
        return made.id


def told(parts: Parts) -> list[dict[str, object]]:
    """Every line, which all hold together."""
    with parts.reading() as session:
        return list(chain.read(list(public_log.every(session))))


def actions(parts: Parts) -> list[object]:
    return [line["action"] for line in told(parts)]


def opened(parts: Parts, sent: Sent) -> list[int]:
    """The lines its author can show to be about it."""
    lines = {line["seq"]: line for line in told(parts)}
    with parts.reading() as session:
        found = public_log.openings(session, sent.id)
    assert all(lines[one.seq]["commitment"] == chain.digest(one.salt + one.text) for one in found)
    return [one.seq for one in found]


def test_promise_05_a_line_holds_the_day_and_neither_text_nor_person(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.PRIVACY)
    assert told(parts) == []
    settle()
    (line,) = told(parts)
    assert line == {
        "seq": 1,
        "day": "2026-03-01",
        "subject": line["subject"],
        "action": "refuse",
        "reason": "privacy",
        "charter": "1#privacy",
        "commitment": line["commitment"],
        "prev": "",
        "hash": line["hash"],
    }
    for secret in (pending.id, pending.tracking, pending.text, "Zoé", "Ann", "09:00"):
        assert secret not in json.dumps(line, ensure_ascii=False)


def test_anybody_computes_the_hashes_from_what_is_written_about_them(
    parts: Parts, article: str, ann: Person, settle: Callable[[], None]
) -> None:
    sent = send(parts, article, "L’été, « déjà » 😀.")
    decide(parts, sent, ann, Action.PUBLISH)
    settle()
    decide(parts, sent, ann, Action.UNPUBLISH, 2, reason=Reason.PRIVACY)
    settle()
    with parts.reading() as session:
        raw = [line.decode() for line in public_log.every(session)]
        salts = [one.salt for one in public_log.openings(session, sent.id)]
    before = ""
    for line, salt in zip(raw, salts, strict=True):
        said = json.loads(line)
        hashed = {name: value for name, value in said.items() if name != "hash"}
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert said["hash"] == hashlib.sha256(canonical.encode()).hexdigest()
        assert said["commitment"] == hashlib.sha256(f"{salt}{sent.text}".encode()).hexdigest()
        assert said["prev"] == before
        before = said["hash"]
    assert len(raw) == 2


def test_promise_10_what_was_undone_in_its_window_is_in_no_line(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    undo(parts, decide(parts, pending, ann, Action.PUBLISH), ann)
    undo(parts, decide(parts, pending, ann, Action.SPAM, 3), ann)
    settle()
    assert told(parts) == []
    with parts.reading() as session:
        assert session.exec(select(Effect).where(Effect.kind == EffectKind.LOG)).all() == []


def test_what_another_decision_overtook_was_never_seen_and_is_not_told(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    decide(parts, pending, ann, Action.PUBLISH, 2)
    settle()
    assert actions(parts) == ["publish"]


def test_what_was_taken_down_before_anybody_read_it_was_refused(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    decide(parts, pending, ann, Action.UNPUBLISH, 2, reason=Reason.PRIVACY)
    settle()
    assert actions(parts) == ["refuse"]


def test_a_taking_down_is_told_once_it_cannot_be_undone(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    taken = decide(parts, pending, ann, Action.UNPUBLISH, 2, reason=Reason.PRIVACY)
    delivery.effects(parts.engine, parts.clock())
    assert actions(parts) == ["publish"]
    undo(parts, taken, ann)
    settle()
    assert actions(parts) == ["publish"]
    decide(parts, pending, ann, Action.UNPUBLISH, 4, reason=Reason.PRIVACY)
    settle()
    assert actions(parts) == ["publish", "unpublish"]


def test_one_text_is_one_subject_and_two_are_two(
    parts: Parts, pending: Sent, article: str, ann: Person, settle: Callable[[], None]
) -> None:
    other = send(parts, article, "Le tram aussi.")
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.OFF_TOPIC)
    decide(parts, other, ann, Action.PUBLISH)
    settle()
    decide(parts, pending, ann, Action.PUBLISH, 2)
    settle()
    first, second, third = told(parts)
    assert first["subject"] == third["subject"] != second["subject"]


def test_with_no_window_the_line_is_written_with_the_decision(
    parts: Parts, pending: Sent, ann: Person
) -> None:
    decide(parts, pending, ann, Action.PUBLISH, undo=timedelta())
    assert actions(parts) == ["publish"]
    assert opened(parts, pending) == [1]


def test_spam_is_one_line_a_day_with_how_much_there_was(
    parts: Parts, pending: Sent, article: str, ann: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    others = [send(parts, article, f"Achetez ceci, {number} !") for number in range(4)]
    for sent in others:
        decide(parts, sent, ann, Action.SPAM)
    decide(parts, others[0], ann, Action.PUBLISH, 2)  # at once: it was never spam for anybody
    settle()
    decide(parts, others[1], ann, Action.PUBLISH, 2)  # later: it was
    settle()
    assert actions(parts) == ["publish", "publish"]
    clock.tick(hours=24)
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    settle()
    *_, spam, refused = told(parts)
    assert (spam["action"], spam["day"], spam["count"]) == ("spam", "2026-03-01", 3)
    assert (spam["subject"], spam["reason"], spam["charter"], spam["commitment"]) == (None,) * 4
    assert (refused["action"], refused["day"]) == ("refuse", "2026-03-02")
    clock.tick(hours=24)
    settle()
    assert len(told(parts)) == 4


def test_what_the_moderation_changes_and_answers_is_told_and_what_it_asks_is_not(
    parts: Parts, pending: Sent, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            pending.id,
            Action.ASK,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=UNDO,
            note="D’où le tenez-vous ?",
        )
    settle()
    decide(parts, pending, ann, Action.REOPEN, 2)
    settle()
    correct(parts, pending, ann, revision=3)
    settle()
    with parts.writing() as session:
        words = drafts.rewritten("La modération", "", "Merci, c’est noté.", dialect=Dialect.SPIP)
        replies.publish(session, pending.id, words, revision=4, by=sami.id, now=parts.clock(), undo=UNDO)
    settle()
    assert actions(parts) == ["reopen", "correct", "publish", "publish"]


def test_what_the_author_does_is_not_told(parts: Parts, pending: Sent, settle: Callable[[], None]) -> None:
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    settle()
    assert told(parts) == []


def test_erased_words_leave_the_chain_whole_and_nothing_opens_it(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    settle()
    decide(parts, pending, ann, Action.REOPEN, 2)
    settle()
    assert opened(parts, pending) == [1, 2]
    before = told(parts)
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=3, now=parts.clock())
    settle()
    assert told(parts) == before
    assert opened(parts, pending) == []
    with parts.reading() as session:
        assert set(session.exec(select(LogEntry.salt))) == {""}


def test_pseudonyms_are_there_when_the_site_says_so_and_always_the_same(
    parts: Parts, article: str, ann: Person, sami: Person, settle: Callable[[], None]
) -> None:
    sent = [send(parts, article, f"Texte numéro {number}.") for number in range(4)]
    decide(parts, sent[0], ann, Action.PUBLISH)
    settle()
    with parts.writing() as session:
        public_log.say_names(session, whether=True)
    for one, person in zip(sent[1:], (ann, sami, ann), strict=True):
        decide(parts, one, person, Action.PUBLISH)
    settle()
    before, *lines = told(parts)
    assert "by" not in before
    names = [line["by"] for line in lines]
    assert names[0] == names[2] != names[1]
    assert not {"Ann", "Sami"} & set(map(str, names))


def test_a_decision_cites_the_charter_there_was(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        charters.write(session, charter.read("## Une seule règle"), seen=1, language="fr", now=parts.clock())
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.PRIVACY)
    settle()
    assert told(parts)[0]["charter"] == "2"


def test_what_is_told_cannot_be_undone_whatever_the_clocks_say(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    made = decide(parts, pending, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    delivery.effects(parts.engine, clock.now + timedelta(seconds=25))  # of a server that is ahead
    assert actions(parts) == ["refuse"]
    with pytest.raises(TooLate):
        undo(parts, made, ann)


def test_promise_05_the_database_keeps_the_lines(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    for statement in ("UPDATE log_line SET line = ''", "DELETE FROM log_line"):
        with pytest.raises(DBAPIError, match="the public log only grows"), parts.writing() as session:
            session.connection().execute(text(statement))


def test_the_command_verifies_the_site_s_own_log_and_a_copy(
    run: Run, parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None], tmp_path: Path
) -> None:
    assert run("verify-log").stdout == "\n"
    decide(parts, pending, ann, Action.PUBLISH)
    settle()
    (line,) = told(parts)
    assert run("verify-log").stdout.strip() == line["hash"]
    copy = tmp_path / "log.jsonl"
    copy.write_text(chain.written(line) + "\n")
    assert run("verify-log", str(copy)).stdout.strip() == line["hash"]
    copy.write_text(chain.written({**line, "action": "refuse"}) + "\n")
    wrong = run("verify-log", str(copy))
    assert wrong.exit_code == 1
    assert "line 1 is not what was written there" in wrong.stderr
    missing = run("verify-log", str(tmp_path / "none"))
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (1, True)


# What an attacker found


def test_spam_of_what_was_published_but_not_yet_public_is_counted_if_it_took_effect(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, settle: Callable[[], None]
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    decide(parts, pending, ann, Action.SPAM, 2)
    clock.tick(seconds=5)
    decide(parts, pending, ann, Action.REOPEN, 3)
    settle()
    clock.tick(hours=24)
    settle()
    assert actions(parts) == ["reopen"]


@pytest.mark.parametrize("action", [Action.UNPUBLISH, Action.SPAM])
def test_an_answer_to_what_was_not_published_in_the_end_is_not_told(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, settle: Callable[[], None], action: Action
) -> None:
    with parts.writing() as session:
        words = drafts.rewritten("La modération", "", "Merci.", dialect=Dialect.SPIP)
        replies.publish(session, pending.id, words, revision=1, by=ann.id, now=parts.clock(), undo=UNDO)
    clock.tick(seconds=5)
    decide(parts, pending, ann, action, 2, reason=Reason.PRIVACY if action is Action.UNPUBLISH else None)
    settle()
    clock.tick(hours=24)
    settle()
    assert actions(parts) == (["refuse"] if action is Action.UNPUBLISH else ["spam"])


def test_what_was_taken_down_unread_was_refused_however_late_it_is_told(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    decide(parts, pending, ann, Action.PUBLISH)
    clock.tick(seconds=5)
    decide(parts, pending, ann, Action.UNPUBLISH, 2, reason=Reason.PRIVACY)
    clock.tick(seconds=25)
    decide(parts, pending, ann, Action.PUBLISH, 3)
    clock.tick(seconds=25)
    delivery.effects(parts.engine, clock())
    assert actions(parts) == ["refuse", "publish"]
    with parts.reading() as session:
        assert [one.action for one in public_log.openings(session, pending.id)] == ["refuse", "publish"]


def test_a_line_holds_the_day_it_took_effect_and_days_do_not_go_back(
    parts: Parts, pending: Sent, article: str, ann: Person, clock: FakeClock
) -> None:
    spam, other = send(parts, article, "Achetez !"), send(parts, article, "Un autre.")
    decide(parts, pending, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    decide(parts, spam, ann, Action.SPAM)
    clock.tick(days=1)
    decide(parts, other, ann, Action.REFUSE, reason=Reason.DUPLICATE)
    clock.tick(days=3)  # nobody came by
    delivery.effects(parts.engine, clock())
    told_of = [(line["action"], line["day"]) for line in told(parts)]
    assert told_of == [("refuse", "2026-03-01"), ("spam", "2026-03-01"), ("refuse", "2026-03-02")]


def test_spam_that_was_counted_cannot_be_undone_by_a_clock_that_went_back(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock
) -> None:
    clock.now = clock.now.replace(hour=23, minute=59, second=30)
    spam = decide(parts, pending, ann, Action.SPAM)
    clock.tick(seconds=31)
    delivery.effects(parts.engine, clock())
    assert actions(parts) == ["spam"]
    clock.tick(seconds=-20)
    with pytest.raises(TooLate):
        undo(parts, spam, ann)


def test_an_author_takes_back_what_nobody_by_name_took_for_spam(
    parts: Parts, pending: Sent, ann: Person, settle: Callable[[], None]
) -> None:
    with parts.writing() as session:
        comment = session.get_one(Comment, pending.id)
        moves.record(session, comment, Action.SPAM, now=parts.clock(), undo_until=parts.clock() + UNDO)
    with parts.writing() as session:
        submissions.withdraw(session, pending.tracking, revision=1, now=parts.clock())
    settle()
    assert (told(parts), ann.id) == ([], 1)
