"""Fills an empty database with the demonstration, through the same use cases as readers and moderators."""

import tomllib
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from moderation import (
    accounts,
    articles,
    decisions,
    drafts,
    identifiers,
    likeness,
    quotable,
    resources,
    submissions,
)
from moderation.articles import Content
from moderation.database import writing
from moderation.drafts import Draft
from moderation.lifecycle import Action, Reason
from moderation.markup import Dialect
from moderation.models.people import Role
from moderation.models.public import Article, Mode
from moderation.models.queue import Comment

MODERATOR_EMAIL = "ann@example.org"
TEAM = {MODERATOR_EMAIL: ("Ann Mercier", Role.ADMIN), "sami@example.org": ("Sami Delcourt", Role.MODERATOR)}
READ_AFTER = timedelta(hours=3)
MOVES: dict[str, tuple[Action, ...]] = {
    "pending": (),
    "asked": (Action.ASK,),
    "published": (Action.PUBLISH,),
    "refused": (Action.REFUSE,),
    "spam": (Action.SPAM,),
    "unpublished": (Action.PUBLISH, Action.UNPUBLISH),
}
Table = dict[str, Any]


def load(engine: Engine, now: datetime) -> bool:
    """Whether there was nothing yet, and the demonstration was put in: all of it, or none."""
    contributions = sorted(_tables("contribution"), key=lambda table: -table["hours_ago"])
    written = [(table, _draft(table)) for table in contributions]
    with writing(engine) as session:
        if session.exec(select(Article.id).limit(1)).first() is not None:
            return False
        team = cycle(_team(session, now - timedelta(days=900)))
        _articles(session, now)
        for table, draft in written:
            _contribution(session, table, draft, next(team), now)
        _close(session)
    return True


def _tables(kind: str) -> list[Table]:
    file = resources.PACKAGE / "demo" / f"{kind}s.toml"
    tables: list[Table] = tomllib.loads(file.read_text(encoding="utf-8"))[kind]
    return tables


def _draft(table: Table) -> Draft:
    return drafts.read(table["author"], table["email"], table["text"], dialect=Dialect.SPIP)


def _team(session: Session, now: datetime) -> list[int]:
    added = [accounts.add(session, email, name, role, now) for email, (name, role) in TEAM.items()]
    return [account.id for account in added if account.id is not None]


def _articles(session: Session, now: datetime) -> None:
    for table in _tables("article"):
        content = Content(
            title=table["title"],
            body=table["body"],
            lead=table["lead"],
            postscript=table["postscript"],
            section=table["section"],
            place=table["place"],
            themes=tuple(table["themes"]),
            proposer=table["proposer"],
            featured=table["featured"],
        )
        published = now - timedelta(days=table["published_days_ago"])
        articles.put(session, table["slug"], content, now=published)
        if "updated_days_ago" in table:
            updated = now - timedelta(days=table["updated_days_ago"])
            articles.put(session, table["slug"], content, now=updated, replace=True)


def _contribution(session: Session, table: Table, draft: Draft, by: int, now: datetime) -> None:
    sent = now - timedelta(hours=table["hours_ago"])
    alike = likeness.of(draft.text.html, quotable.above(session, table["article"]))
    kept = submissions.submit(
        session, table["article"], draft, nonce=identifiers.new_code(), now=sent, likeness=alike
    )
    comment = session.get_one(Comment, kept.id)
    if table["outcome"] == "withdrawn":
        assert comment.tracking is not None
        submissions.withdraw(session, comment.tracking, revision=1, now=sent + READ_AFTER)
        return
    for step, action in enumerate(MOVES[table["outcome"]], start=1):
        _decide(session, comment, action, table, by, min(sent + step * READ_AFTER, now))


def _decide(session: Session, comment: Comment, action: Action, table: Table, by: int, at: datetime) -> None:
    explained = action in {Action.REFUSE, Action.UNPUBLISH}
    decisions.decide(
        session,
        comment.id,
        action,
        revision=comment.revision,
        by=by,
        now=at,
        undo=timedelta(),
        reason=Reason(table["reason"]) if explained else None,
        note=table["question"] if action is Action.ASK else table["note"] if explained else "",
    )


def _close(session: Session) -> None:
    for table in _tables("article"):
        if table["forum"] == "closed":
            articles.set_mode(session, table["slug"], Mode.CLOSED)
