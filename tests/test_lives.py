"""Everything that can be done to contributions and the moderation’s answers, in any order: nothing breaks.

`test_life` says what each must be told; here there is more to do, and what must hold whatever was done.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, select
from starlette.testclient import TestClient
from test_corrections import sound
from test_forgetting import everything

from moderation import appeals, database, delivery, standing, texts
from moderation.lifecycle import Action, Status, is_decided
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision, Effect, EffectKind
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

PHASES = [Phase.generate]
SLUG = "le-pont"
DAY = 86_400.0
# Seconds since whatever was done last; negative: no server comes by.
MOMENTS = st.sampled_from([0.5, 5, -5, 14.5, 20, -20, DAY / 2, -DAY, 2 * DAY])
BY = st.sampled_from([0, 1])
WHICH = st.integers(0, 5)
LATE = st.sampled_from([0, 0, 0, 0, 1])
DONE = {200, 303}
EXPLAINED = {403, 404, 409, 422}


@dataclass(frozen=True)
class Known:
    """A contribution as its row is, with the words nobody else uses."""

    id: str
    tracking: str | None
    revision: int
    status: Status
    official: bool
    secret: str


class Lives(RuleBasedStateMachine):
    def __init__(self, begin: Callable[[FakeClock, ExitStack], Parts]) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.clock = FakeClock(START)
        self.parts = begin(self.clock, self.closing)
        app = create_app(self.parts)
        self.client = TestClient(app, follow_redirects=False)
        self.people = [
            add_person(self.parts, "ann@example.org", "Ann", Role.ADMIN),
            add_person(self.parts, "sami@example.org", "Sami", Role.MODERATOR),
        ]
        self.desks = [
            sign_in(self.parts, TestClient(app, follow_redirects=False), one) for one in self.people
        ]
        add_article(self.parts, SLUG)
        self.secrets: dict[str, str] = {}
        self.lots: list[str] = []

    def teardown(self) -> None:
        self.closing.close()

    def all(self) -> list[Known]:
        with self.parts.reading() as session:
            rows = session.exec(select(Comment).order_by(col(Comment.submitted_at), Comment.id)).all()
            return [
                Known(one.id, one.tracking, one.revision, one.status, one.official, self.secret(one.id))
                for one in rows
            ]

    def secret(self, comment_id: str) -> str:
        return self.secrets.setdefault(comment_id, f"secret{len(self.secrets)}z")

    def one(self, which: int) -> Known:
        found = self.all()
        return found[-1 - which % len(found)]

    def pass_time(self, seconds: float) -> None:
        self.clock.tick(seconds=abs(seconds))
        if seconds > 0:
            delivery.effects(self.parts.engine, self.clock())
        if abs(seconds) >= DAY / 2:
            self.come_back()

    def come_back(self) -> None:
        """Nobody stays signed in for so long."""
        for desk, person in zip(self.desks, self.people, strict=True):
            sign_in(self.parts, desk, person)

    def post(self, by: int, path: str, **fields: Any) -> Any:
        answer = self.desks[by].post(path, data=fields)
        assert answer.status_code in DONE | EXPLAINED, answer.text
        lot = answer.headers.get("Location", "").partition("lot=")[2].partition("&")[0]
        if lot:
            self.lots.append(lot)
        return answer

    @initialize()
    def begin(self) -> None:
        self.send(0.5)
        self.send(0.5)

    @rule(moment=MOMENTS)
    def send(self, moment: float) -> None:
        self.pass_time(moment)
        said = f"secret{len(self.secrets)}z"
        reader = Reader(self.client, self.clock).preview(
            SLUG, f"Il dit {said} et s’en va, le {len(self.all())}."
        )
        answer = reader.send(SLUG)
        assert answer.status_code == 303
        code = answer.headers["Location"].removeprefix("/track/")
        with self.parts.reading() as session:
            name = session.exec(select(Comment.id).where(Comment.tracking == code)).one()
        self.secrets[name] = said

    # What moderators do

    @rule(moment=MOMENTS, which=WHICH, by=BY, late=LATE, action=st.sampled_from(list(Action)))
    def decide(self, moment: float, which: int, by: int, late: int, action: Action) -> None:
        self.pass_time(moment)
        one = self.one(which)
        if is_decided(action):
            fields = {"reason": "off_topic", "note": f"« {one.secret} » ?"} if self.says(one) else {}
            fields = fields or {"reason": "off_topic", "note": "Pourquoi ?"}
            self.post(by, f"/desk/comments/{one.id}/{action}", revision=max(1, one.revision - late), **fields)

    @rule(moment=MOMENTS, which=WHICH, by=BY, late=LATE)
    def publish_and_answer(self, moment: float, which: int, by: int, late: int) -> None:
        self.pass_time(moment)
        one = self.one(which)
        said = f"secret{len(self.secrets)}z"
        before = {known.id for known in self.all()}
        revision = max(1, one.revision - late)
        self.post(by, f"/desk/comments/{one.id}/reply", revision=revision, text=f"Merci pour {said}.")
        with self.parts.reading() as session:
            for name in session.exec(select(Comment.id)):
                if name not in before:
                    self.secrets[name] = said

    @rule(moment=MOMENTS, which=WHICH, by=BY, late=LATE)
    def correct(self, moment: float, which: int, by: int, late: int) -> None:
        self.pass_time(moment)
        one = self.one(which)
        words = f"{one.secret} encore" if self.says(one) else "Sans."
        fields = {"revision": max(1, one.revision - late), "step": "save", "text": f"{words} {self.clock()}"}
        self.post(by, f"/desk/comments/{one.id}/correct", **fields)

    @rule(moment=MOMENTS, which=WHICH, by=BY, late=LATE)
    def redact(self, moment: float, which: int, by: int, late: int) -> None:
        self.pass_time(moment)
        one = self.one(which)
        fields = {"revision": max(1, one.revision - late), "step": "save", "passages": one.secret}
        self.post(by, f"/desk/comments/{one.id}/redact", **fields)

    @rule(moment=MOMENTS, which=WHICH, by=BY)
    def note(self, moment: float, which: int, by: int) -> None:
        self.pass_time(moment)
        one = self.one(which)
        if self.says(one):
            self.post(by, f"/desk/comments/{one.id}/note", internal=f"J’ai lu « {one.secret} ».")

    @rule(
        moment=MOMENTS,
        by=BY,
        many=st.lists(WHICH, min_size=1, max_size=4),
        action=st.sampled_from([Action.PUBLISH, Action.REFUSE, Action.SPAM, Action.UNPUBLISH, Action.REOPEN]),
    )
    def decide_several(self, moment: float, by: int, many: list[int], action: Action) -> None:
        self.pass_time(moment)
        chosen = dict.fromkeys(f"{one.id}:{one.revision}" for one in map(self.one, many))
        self.post(by, "/desk/bulk", selected=list(chosen), action=action, reason="off_topic")

    @rule(moment=MOMENTS, which=WHICH, by=BY)
    def undo(self, moment: float, which: int, by: int) -> None:
        self.pass_time(moment)
        with self.parts.reading() as session:
            lines = session.exec(
                select(Decision.id).order_by(col(Decision.id).desc()).offset(which).limit(1)
            ).all()
        for line in lines:
            self.post(by, "/desk/undo", decision=line)

    @rule(moment=MOMENTS, which=WHICH, by=BY)
    def undo_several(self, moment: float, which: int, by: int) -> None:
        self.pass_time(moment)
        if self.lots:
            self.post(by, "/desk/undo", lot=self.lots[-1 - which % len(self.lots)])

    # What authors do

    @rule(
        moment=MOMENTS,
        which=WHICH,
        late=LATE,
        action=st.sampled_from([Action.WITHDRAW, Action.ANSWER, Action.APPEAL]),
    )
    def act(self, moment: float, which: int, late: int, action: Action) -> None:
        self.pass_time(moment)
        one = self.one(which)
        if one.tracking is None:
            return
        with self.parts.reading() as session:
            shown = len(standing.in_effect(session, one.id, self.clock())) + 1
        said = one.secret if self.says(one) else "Rien."
        fields = {"revision": max(1, shown - late), "action": action, "text": said}
        answer = self.client.post(f"/track/{one.tracking}", data=fields)
        assert answer.status_code in DONE | EXPLAINED, answer.text
        assert self.client.get(f"/track/{one.tracking}").status_code == 200

    @rule(moment=MOMENTS, which=WHICH, late=LATE)
    def write_anew(self, moment: float, which: int, late: int) -> None:
        self.pass_time(moment)
        one = self.one(which)
        if one.tracking is None:
            return
        with self.parts.reading() as session:
            shown = len(standing.in_effect(session, one.id, self.clock())) + 1
        words = f"{one.secret} à nouveau" if self.says(one) else "Sans"
        path = f"/track/{one.tracking}/edit"
        fields = {"revision": max(1, shown - late), "text": f"{words}, {self.clock()}."}
        previewed = self.client.post(path, data=fields)
        assert previewed.status_code in DONE | EXPLAINED
        self.clock.tick(seconds=3)
        answer = self.client.post(path, data={**fields, **form_fields(previewed.text), "step": "send"})
        assert answer.status_code in DONE | EXPLAINED

    def says(self, one: Known) -> bool:
        """Whether its newest text still has its words: nobody quotes what was taken out long ago."""
        with self.parts.reading() as session:
            return one.secret in texts.newest(session, session.get_one(Comment, one.id)).source

    @invariant()
    def what_is_appealed_is_marked(self) -> None:
        with self.parts.reading() as session:
            for comment in session.exec(select(Comment)):
                waiting = appeals.waiting(standing.lines(session, comment.id))
                assert comment.appealed == (waiting is not None)

    @invariant()
    def an_appeal_is_answered_by_somebody_else(self) -> None:
        with self.parts.reading() as session:
            for comment in session.exec(select(Comment)):
                lines = standing.lines(session, comment.id)
                appeal = appeals.answered(lines)
                if appeal is not None:
                    answer = next(line for line in lines if line.before is not line.after)
                    assert answer.account_id != appeals.against(lines, appeal).account_id

    # What time does

    @rule()
    def wait_until_all_is_settled(self) -> None:
        """Longer than any window, question or appeal: what was taken out or back is nowhere any more."""
        for days in (20, 20, 2, 2):
            self.clock.tick(days=days)
            delivery.effects(self.parts.engine, self.clock())
        self.come_back()
        kept = everything(self.parts)
        with self.parts.reading() as session:
            assert set(session.exec(select(Effect.kind))) <= {EffectKind.ERASE}
            lines = {one.id: standing.lines(session, one.id) for one in self.all()}
        for one in self.all():
            redacted = any(line.action is Action.REDACT for line in lines[one.id])
            if redacted or one.status is Status.WITHDRAWN:
                assert one.secret not in kept, one

    # What must always be true

    @invariant()
    def the_log_and_what_is_public_agree(self) -> None:
        assert sound(self.parts)

    @rule(path=st.sampled_from(["/desk?status=any", "/desk/log", "/desk/bulk", "/desk/log?whose=own"]))
    def look(self, path: str) -> None:
        assert self.desks[1].get(path).status_code == 200

    @rule(which=WHICH)
    def read(self, which: int) -> None:
        assert self.desks[1].get(f"/desk/comments/{self.one(which).id}").status_code == 200

    @invariant()
    def nobody_reads_what_was_not_approved(self) -> None:
        page = self.client.get(f"/articles/{SLUG}").text
        for one in self.all():
            assert one.status is Status.PUBLISHED or one.secret not in page


@pytest.mark.parametrize("window", [20, 0], ids=["with a window", "at once"])
def test_nothing_breaks_whatever_is_done(build_parts: BuildParts, migrated: Path | str, window: int) -> None:
    built = build_parts(undo_seconds=window, appeal_days=10, answer_days=3)

    def begin(clock: FakeClock, closing: ExitStack) -> Parts:
        engine = database.connect(empty(migrated, Path(closing.enter_context(TemporaryDirectory()))))
        closing.callback(engine.dispose)
        return replace(built, engine=engine, public_engine=engine, clock=clock)

    class Begun(Lives):
        def __init__(self) -> None:
            super().__init__(begin)

    lives, steps = (40, 60) if os.environ.get("TEST_THOROUGH") else (2 if window else 1, 30)
    run_state_machine_as_test(Begun, settings=settings(max_examples=lives, stateful_step_count=steps))
