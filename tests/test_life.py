import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from conftest import (
    START,
    BuildParts,
    FakeClock,
    Reader,
    add_article,
    add_person,
    empty,
    form_fields,
    sign_in,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import col, desc, select
from starlette.testclient import TestClient

from moderation import database, delivery, edits
from moderation.lifecycle import MOVES, OPEN, Action, Status, is_decided
from moderation.models.people import Role
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind
from moderation.pages import tracking
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

SLUGS = ("le-pont", "la-gare")
REASONED = {Action.REFUSE, Action.UNPUBLISH}
REWRITES = [Action.CORRECT, Action.REDACT]
BY_MODERATORS = [action for action in Action if is_decided(action)]
TAKEN_OUT = "[passage retiré par la modération]"
BY = st.sampled_from([0, 1])
# Seconds since whatever was done last.
MOMENTS = st.sampled_from([0.5, 5, -5, 14.5, 20, -20, 300])


@dataclass
class Move:
    """A decision that nobody undid."""

    decision: int
    before: Status
    after: Status
    at: datetime
    until: datetime
    # The author's own is nobody's to undo.
    own: bool = False
    # What the text said before it was rewritten, and whether that took words out.
    words: str = ""
    takes_out: bool = False
    # Whether readers lost it by that.
    takes_down: bool = False

    @property
    def moves(self) -> bool:
        """Or only changes the words."""
        return self.before is not self.after


DECIDED = {Status.PUBLISHED, Status.REFUSED, Status.SPAM}
# What its author may take back, or erase once it was decided that it is not public.
THEIRS = OPEN | {Status.REFUSED, Status.SPAM, Status.UNPUBLISHED}


@dataclass(eq=False)
class Told:
    """What the machine knows of a contribution, in plain words."""

    id: str
    tracking: str
    slug: str
    words: str
    status: Status = Status.PENDING
    revision: int = 1
    moves: list[Move] = field(default_factory=list)
    # Publications that wait for their window: by decision, until when.
    waits: dict[int, datetime] = field(default_factory=dict)
    # How often its author wrote it anew, and whether a decision had to give way to them.
    edits: int = 0
    gave_way: bool = False
    # Whether other words for what is public wait beside it.
    proposed: bool = False
    number: int | None = None
    visible: bool = False
    # What readers have of it, if anything.
    public: str = ""

    def known(self, now: datetime) -> list[Move]:
        """The moves its author may know of: those whose window closed before anything came after them.

        Taking down what readers had needs no window. What is rewritten before it was due is due with that.
        """
        known: list[Move] = []
        for place, move in enumerate(self.moves):
            after, until = self.moves[place + 1 :], move.until
            while move.moves and after and not after[0].moves:
                rewritten = after.pop(0)
                until = max(until, rewritten.until) if rewritten.at < until else until
            readers_had_it = bool(known) and known[-1].after is Status.PUBLISHED
            takes = move.takes_out or move.after is not Status.PUBLISHED
            if until <= (after[0].at if after else now) or (readers_had_it and takes):
                known.append(move)
        return known

    def read(self, now: datetime) -> str:
        """The words its author is to be told: without what may still be undone of them."""
        known, words, is_known = self.known(now), self.words, False
        for move in reversed(self.moves):
            is_known = is_known or move in known
            if is_known and move.until <= now:
                break
            if move not in known and move.words:
                words = move.words
        return words

    def is_being_corrected(self, now: datetime) -> bool:
        """Whether a correction may still be undone: words taken out at once would publish it with them."""
        known = self.known(now)[-1:]
        newer = takewhile(lambda move: [move] != known, reversed(self.moves))
        return any(move.words and not move.moves and not move.takes_out for move in newer)

    def shown(self, now: datetime) -> Status:
        """What its author is to be told."""
        known = self.known(now)
        status = known[-1].after if known else Status.PENDING
        return Status.REFUSED if status is Status.UNPUBLISHED and self.number is None else status

    def shown_revision(self, now: datetime) -> int:
        return len(self.known(now)) + 1


class Life(RuleBasedStateMachine):
    """Readers, two moderators and the delivery loop, in any order; every page is the program's own."""

    told = Bundle("told")

    def __init__(self, begin: Callable[[FakeClock, ExitStack], Parts]) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.clock = FakeClock(START)
        self.parts = begin(self.clock, self.closing)
        self.window = timedelta(seconds=self.parts.settings.undo_seconds)
        app = create_app(self.parts)
        self.client = TestClient(app, follow_redirects=False)
        people = [
            add_person(self.parts, "ann@example.org", "Ann", Role.ADMIN),
            add_person(self.parts, "sami@example.org", "Sami", Role.MODERATOR),
        ]
        self.desks = [sign_in(self.parts, TestClient(app, follow_redirects=False), one) for one in people]
        for slug in SLUGS:
            add_article(self.parts, slug)
        self.all: list[Told] = []
        self.forms: dict[str, Reader] = {}
        self.last_number = 0
        self.edits = 0

    def teardown(self) -> None:
        self.closing.close()

    # What people do, a moment after something else

    @initialize()
    def leave_a_preview(self) -> None:
        Reader(self.client, self.clock).preview(SLUGS[0], "Un texte jamais envoyé.")

    @initialize(target=told, slug=st.sampled_from(SLUGS))
    def begin(self, slug: str) -> Any:
        return self.submit(slug, "Zoé")

    @rule(target=told, slug=st.sampled_from(SLUGS), author=st.sampled_from(["", "<Max>"]))
    def submit(self, slug: str, author: str) -> Told:
        words = f"texte{len(self.all)}z"
        reader = Reader(self.client, self.clock).preview(slug, f"Un {{{{{words}}}}}.", author=author)
        answer = reader.send(slug)
        assert answer.status_code == 303
        tracking_code = answer.headers["Location"].removeprefix("/track/")
        with self.parts.reading() as session:
            name = session.exec(select(Comment.id).where(Comment.tracking == tracking_code)).one()
        told = Told(name, tracking_code, slug, words)
        self.all.append(told)
        self.forms[name] = reader
        return told

    @rule(told=told, moment=MOMENTS)
    def come_back_and_send_the_same_form_again(self, told: Told, moment: float) -> None:
        self.pass_time(moment)
        answer = self.forms[told.id].send(told.slug)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/track/{told.tracking}")
        page = LexborHTMLParser(self.client.get(f"/track/{told.tracking}").text)
        (state,) = page.css(".status .state")
        assert (state.attributes["class"] or "").split() == ["state", told.shown(self.clock())]

    @rule(told=told, moment=MOMENTS, which=st.integers(0, 2), by=BY)
    def decide_as_offered(self, told: Told, moment: float, which: int, by: int) -> None:
        offered = [action for before, action in MOVES if before is told.status and action in BY_MODERATORS]
        if offered:
            self.decide(told, moment, offered[which % len(offered)], by, 0)

    @rule(
        told=told,
        moment=MOMENTS,
        action=st.sampled_from(BY_MODERATORS),
        by=BY,
        late=st.sampled_from([0, 1, -1]),
    )
    def decide(self, told: Told, moment: float, action: Action, by: int, late: int) -> None:
        self.pass_time(moment)
        after = MOVES.get((told.status, action))
        fields = {"revision": max(1, told.revision - late), "reason": "off_topic", "note": "Où ?"}
        answer = self.desks[by].post(f"/desk/comments/{told.id}/{action}", data=fields)
        if fields["revision"] != told.revision or after is None:
            assert answer.status_code == 409
            return
        assert answer.status_code == 303
        decision = int(answer.headers["Location"].rpartition("done=")[2])
        move = Move(decision, told.status, after, self.clock(), self.clock() + self.window)
        move.takes_down = told.visible and after is not Status.PUBLISHED
        told.moves.append(move)
        told.status, told.revision = after, told.revision + 1
        if after is Status.PUBLISHED and self.window:
            told.waits[decision] = move.until
        else:
            self.settle(told)

    def settle(self, told: Told) -> None:
        """Readers get what is published, unless a publication waits for its window; the rest goes at once."""
        if told.status is not Status.PUBLISHED:
            told.visible = False
        elif all(until <= self.clock() for until in told.waits.values()):
            told.visible, told.public = True, told.words
            if told.number is None:
                self.last_number += 1
                told.number = self.last_number

    @rule(told=told, moment=MOMENTS, which=st.sampled_from([0, 0, 0, 1, 2]), by=BY)
    def undo(self, told: Told, moment: float, which: int, by: int) -> None:
        self.pass_time(moment)
        if not told.moves:
            return
        move = told.moves[-1 - which % len(told.moves)]
        answer = self.desks[by].post("/desk/undo", data={"decision": move.decision})
        done = move.after is Status.PUBLISHED and not move.takes_out and move.decision not in told.waits
        if move is told.moves[-1] and self.clock() < move.until and not (done and told.visible):
            assert answer.status_code == 303
            self.take_back(told)
            self.settle(told)
        else:
            assert answer.status_code == (404 if move.own else 409)

    def newest(self, told: Told) -> int:
        with self.parts.reading() as session:
            lines = select(Decision.id).where(Decision.comment_id == told.id).order_by(desc(Decision.id))
            return session.exec(lines).first() or 0

    def take_back(self, told: Told) -> None:
        move = told.moves.pop()
        told.waits.pop(move.decision, None)
        told.status, told.revision = move.before, told.revision + 1
        told.words = move.words or told.words
        if move.takes_down:
            told.visible = True  # as it was, whatever waits for its window

    @rule(told=told, moment=MOMENTS, action=st.sampled_from(REWRITES), by=BY, late=st.sampled_from([0, 0, 1]))
    def rewrite(self, told: Told, moment: float, action: Action, by: int, late: int) -> None:
        self.pass_time(moment)
        if told.words == TAKEN_OUT:
            return
        takes_out = action is Action.REDACT
        words = TAKEN_OUT if takes_out else f"{told.words}c"
        fields = {"revision": max(1, told.revision - late), "step": "save"}
        fields |= {"passages": told.words} if takes_out else {"text": f"Un {{{{{words}}}}}."}
        answer = self.desks[by].post(f"/desk/comments/{told.id}/{action}", data=fields)
        unsettled = takes_out and told.visible and told.is_being_corrected(self.clock())
        if fields["revision"] != told.revision or (told.status, action) not in MOVES or unsettled:
            assert answer.status_code == 409
            return
        assert answer.status_code == 303
        self.settle(told)
        decision = int(answer.headers["Location"].rpartition("done=")[2])
        until = self.clock() + self.window
        told.moves.append(
            Move(
                decision, told.status, told.status, self.clock(), until, words=told.words, takes_out=takes_out
            )
        )
        told.words, told.revision = words, told.revision + 1
        if takes_out and told.visible:
            told.waits.clear()
        elif told.status is Status.PUBLISHED and self.window:
            told.waits[decision] = until
        self.settle(told)

    @rule(told=told, moment=MOMENTS, late=st.sampled_from([0, 0, 1]))
    def withdraw(self, told: Told, moment: float, late: int) -> None:
        self.pass_time(moment)
        shown = told.shown_revision(self.clock())
        revision = max(1, shown - late)
        answer = self.client.post(f"/track/{told.tracking}", data={"revision": revision})
        if revision != shown or told.shown(self.clock()) not in THEIRS:
            assert answer.status_code == 409
            return
        assert answer.status_code == 303
        self.author_moves(told, Status.WITHDRAWN)

    @rule(told=told, moment=MOMENTS, late=st.sampled_from([0, 0, 0, 1]))
    def answer(self, told: Told, moment: float, late: int) -> None:
        self.pass_time(moment)
        shown = told.shown_revision(self.clock())
        revision = max(1, shown - late)
        fields = {"revision": revision, "action": "answer", "text": f"À {self.clock()}."}
        answer = self.client.post(f"/track/{told.tracking}", data=fields)
        if revision != shown or told.shown(self.clock()) is not Status.ASKED:
            assert answer.status_code == 409
            return
        assert answer.status_code == 303
        self.author_moves(told, Status.PENDING)

    @rule(told=told, moment=MOMENTS, late=st.sampled_from([0, 0, 0, 1]))
    def edit(self, told: Told, moment: float, late: int) -> None:
        self.pass_time(moment)
        self.edits += 1
        words = f"{told.words}e{self.edits}"
        revision = max(1, told.shown_revision(self.clock()) - late)
        path = f"/track/{told.tracking}/edit"
        fields = {"revision": revision, "text": f"Un {{{{{words}}}}}."}
        previewed = self.client.post(path, data=fields)
        self.clock.tick(seconds=3)
        token = form_fields(previewed.text).get("token", "") if previewed.status_code == 200 else ""
        answer = self.client.post(path, data=fields | {"token": token, "step": "send"})
        shown = (told.shown_revision(self.clock()), told.shown(self.clock()))
        # What was public has its number and its date, and keeps its words.
        closed = told.gave_way or told.edits == edits.MOST or told.number is not None
        if revision == shown[0] and shown[1] is Status.PUBLISHED and told.visible and not told.proposed:
            assert answer.status_code == (303 if token else 200)
            told.proposed = bool(token)  # it waits beside, and changes nothing
            return
        if revision != shown[0] or shown[1] not in OPEN or closed:
            assert answer.status_code == 409
            return
        if not token:  # the window closed between the two, and what was shown then was another
            assert answer.status_code == 200
            return
        assert answer.status_code == 303
        told.gave_way |= self.author_moves(told, Status.PENDING)
        told.words = words
        told.edits += 1

    def author_moves(self, told: Told, after: Status) -> bool:
        """From what they were shown: what could still be undone is. Whether that was a decision."""
        known = told.known(self.clock())
        decided = False
        while told.moves and told.moves[-1:] != known[-1:]:
            decided = decided or (told.moves[-1].moves and told.moves[-1].after in DECIDED)
            self.take_back(told)
        before, now = told.status, self.clock()
        assert before in (THEIRS if after is Status.WITHDRAWN else OPEN)
        told.status, told.revision = after, told.revision + 1
        told.moves.append(Move(self.newest(told), before, after, now, now, own=True))
        return decided

    # What happens by itself

    def pass_time(self, seconds: float) -> None:
        """Negative: the loop does not come by, as when every server is down."""
        self.clock.tick(seconds=abs(seconds))
        if seconds > 0:
            self.deliver()

    @rule()
    def deliver(self) -> None:
        delivery.effects(self.parts.engine, self.clock())
        waits = [(until, decision, told) for told in self.all for decision, until in told.waits.items()]
        for until, decision, told in sorted(waits, key=lambda wait: wait[:2]):
            if until <= self.clock():
                del told.waits[decision]
                self.settle(told)

    # What must always be true

    @invariant()
    def readers_see_exactly_what_is_published_and_due(self) -> None:
        for slug in SLUGS:
            page = LexborHTMLParser(self.client.get(f"/articles/{slug}").text)
            seen = [(node.attributes["id"], node.text()) for node in page.css("#contributions li[id]")]
            public = sorted(
                (told.number or 0, told.public) for told in self.all if told.slug == slug and told.visible
            )
            assert [name for name, _ in seen] == [f"comment{number}" for number, _ in public]
            assert all(f"Un {words}." in text for (_, words), (_, text) in zip(public, seen, strict=True))
            said = [node.text() for node in page.css("#contributions-title")]
            count = len(public)
            assert said == ([f"{count} complément{'s' if count > 1 else ''}"] if count else [])

    @invariant()
    def numbers_stay_and_the_count_is_right(self) -> None:
        with self.parts.reading() as session:
            numbers = dict(session.exec(select(Publication.comment_id, Publication.number)).all())
            counts = dict(session.exec(select(Article.slug, Thread.count).join(Thread)).all())
        assert numbers == {told.id: told.number for told in self.all if told.number is not None}
        for slug in SLUGS:
            assert counts[slug] == sum(told.visible for told in self.all if told.slug == slug)

    @invariant()
    def the_log_explains_every_status(self) -> None:
        with self.parts.reading() as session:
            lines = session.exec(select(Decision).order_by(col(Decision.id))).all()
            comments = session.exec(select(Comment).where(col(Comment.amends).is_(None))).all()
        assert sorted(comment.id for comment in comments) == sorted(told.id for told in self.all)
        known = {told.id: told for told in self.all}
        for comment in comments:
            status, revision = Status.PENDING, 1
            for line in [line for line in lines if line.comment_id == comment.id]:
                assert (line.before, line.revision) == (status, revision + 1)
                assert line.undoes or MOVES[line.before, line.action] is line.after
                status, revision = line.after, line.revision
            told = known[comment.id]
            assert (comment.status, comment.revision) == (status, revision) == (told.status, told.revision)

    @invariant()
    def authors_are_told_what_has_taken_effect(self) -> None:
        with self.parts.reading() as session:
            pages = {told: tracking.tracking(session, told.tracking, self.clock()) for told in self.all}
        for told, page in pages.items():
            assert page is not None
            now = self.clock()
            assert (page.status, page.revision) == (told.shown(now), told.shown_revision(now))
            assert page.number == (told.number if told.visible else None)
            if page.status is not Status.WITHDRAWN:
                assert page.html.striptags() == f"Un {told.read(now)}."

    @invariant()
    def nothing_is_left_to_do_but_what_waits(self) -> None:
        with self.parts.reading() as session:
            due = session.exec(
                select(Effect.decision_id, Effect.due_at).where(Effect.kind == EffectKind.SYNC)
            )
            assert dict(due.all()) == {name: due for told in self.all for name, due in told.waits.items()}
            ends = session.exec(select(Effect.decision_id).where(Effect.kind == EffectKind.LAPSE)).all()
            asked = [told.moves[-1].decision for told in self.all if told.status is Status.ASKED]
            assert sorted(ends) == sorted(asked)


@pytest.mark.parametrize("window", [20, 0], ids=["with a window", "at once"])
def test_any_life_of_any_contribution(build_parts: BuildParts, migrated: Path | str, window: int) -> None:
    built = build_parts(undo_seconds=window)

    def begin(clock: FakeClock, closing: ExitStack) -> Parts:
        engine = database.connect(empty(migrated, Path(closing.enter_context(TemporaryDirectory()))))
        closing.callback(engine.dispose)
        return replace(built, engine=engine, public_engine=engine, clock=clock)

    class Begun(Life):
        def __init__(self) -> None:
            super().__init__(begin)

    lives, steps = (40, 40) if os.environ.get("TEST_THOROUGH") else (10 if window else 5, 30)
    run_state_machine_as_test(Begun, settings=settings(max_examples=lives, stateful_step_count=steps))
