"""What the API takes and gives, field by field."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from sqlmodel import Session

from moderation import charters
from moderation.lifecycle import Action, Status
from moderation.pages.cards import Card, Kind
from moderation.pages.exchange import Exchange
from moderation.pages.item import Item as Contributed
from moderation.pages.log import Line as Logged
from moderation.pages.public import Contribution, ListPage
from moderation.pages.queue import Listing
from moderation.remarks import CONTROLS, LONGEST_NOTE
from moderation.voices import Heard
from moderation.wording import Wording
from moderation.words import Labels

COMMENT_ID = "4amfz3qah6davsys"
AT = "2026-03-01T09:00:00Z"


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(moment, return_type=str)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class NewComment(Shape):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Le pont est aussi ouvert aux vélos.", "author": "Zoé"}]},
    )

    text: str = Field(strict=True, max_length=200_000)
    author: str = Field(default="", strict=True, max_length=1_000)
    email: str = Field(default="", strict=True, max_length=1_000)
    parent: str | None = Field(default=None, strict=True, pattern="^[0-9a-z]{1,26}$")


class Accepted(Shape):
    id: str = Field(examples=[COMMENT_ID])
    status: Literal["pending"] = "pending"
    track_url: str = Field(examples=["https://forum.example.org/track/K7QF3M2D9XWT41HB"])


class PublicComment(Shape):
    id: str = Field(examples=[COMMENT_ID])
    parent: str | None = Field(examples=[None])
    author: str = Field(examples=["Zoé"])
    html: str = Field(examples=["<p>Le pont est aussi ouvert aux vélos.</p>"])
    written_at: Moment = Field(examples=[AT])
    published_at: Moment = Field(examples=[AT])
    official: bool = Field(default=False, description="There, and true, for an answer of the moderation.")
    right_of_reply: bool = Field(
        default=False, description="There, and true, where a person named on the site answers."
    )
    corrected_at: Moment | None = Field(
        default=None, examples=[AT], description="There when the moderation corrected the text."
    )
    redacted_at: Moment | None = Field(
        default=None, examples=[AT], description="There when the moderation took a passage out."
    )

    amended_at: Moment | None = Field(
        default=None, examples=[AT], description="There when its author had another text put in its place."
    )

    @classmethod
    def of(cls, item: Contribution) -> "PublicComment":
        return cls(
            id=item.id,
            parent=item.parent,
            author=item.author,
            html=str(item.html),
            written_at=item.written_at,
            published_at=item.published_at,
            official=item.official,
            right_of_reply=item.right_of_reply,
            corrected_at=item.corrected_at,
            redacted_at=item.redacted_at,
            amended_at=item.amended_at,
        )


class PublicComments(Shape):
    count: int = Field(examples=[1])
    comments: list[PublicComment]
    next: str | None = Field(examples=[None])

    @classmethod
    def of(cls, page: ListPage) -> "PublicComments":
        return cls(count=page.count, comments=[PublicComment.of(item) for item in page.items], next=page.next)


class Finding(Shape):
    kind: str = Field(examples=["link"])
    detail: str = Field(examples=["mairie.example.org"])


class Item(Shape):
    """One contribution as the desk sees it."""

    id: str = Field(examples=[COMMENT_ID])
    kind: Kind
    revision: int = Field(examples=[1])
    status: Status
    article: str = Field(examples=["le-pont"])
    parent: str | None = Field(examples=[None])
    author: str = Field(examples=["Zoé"])
    html: str = Field(examples=["<p>Le pont est aussi ouvert aux vélos.</p>"])
    source: str = Field(examples=["Le pont est aussi ouvert aux vélos."])
    findings: list[Finding] = Field(examples=[[]])
    submitted_at: Moment = Field(examples=[AT])

    @classmethod
    def of(cls, card: Card) -> "Item":
        return cls(
            id=card.id,
            kind=card.kind,
            revision=card.revision,
            status=card.status,
            article=card.article_slug,
            parent=card.parent,
            author=card.author,
            html=str(card.html),
            source=card.source,
            findings=[Finding(kind=kind, detail=detail) for kind, detail in card.findings],
            submitted_at=card.submitted_at,
        )


class Queue(Shape):
    items: list[Item]
    next: str | None = Field(examples=[None])

    @classmethod
    def of(cls, page: Listing) -> "Queue":
        return cls(items=[Item.of(card) for card in page.cards], next=page.next)


class Line(Shape):
    """One line of a contribution's log."""

    id: str = Field(examples=["12"])
    action: Action
    undo: bool
    status: Status
    reason: str | None = Field(examples=["off_topic"])
    charter: str | None = Field(examples=["/charter/1#charter-off_topic"])
    note: str
    by: str | None
    at: Moment = Field(examples=[AT])

    @classmethod
    def of(cls, line: Logged) -> "Line":
        return cls(
            id=str(line.id),
            action=line.action,
            undo=line.undo,
            status=line.after,
            reason=line.reason,
            charter=line.cites.address if line.cites else None,
            note=line.note,
            by=line.by,
            at=line.at,
        )


class Exchanged(Shape):
    """What its author was asked, and what they answered."""

    question: str = Field(examples=["D’où tenez-vous la date ?"])
    by: str | None = Field(examples=["Ann"])
    asked_at: Moment = Field(examples=[AT])
    answer: str = Field(examples=["Du bulletin municipal."])
    answered_at: Moment | None = Field(examples=[AT])

    @classmethod
    def of(cls, exchange: Exchange) -> "Exchanged":
        return cls(
            question=exchange.question,
            by=exchange.by,
            asked_at=exchange.asked_at,
            answer=exchange.answer,
            answered_at=exchange.answered_at,
        )


class Published(Shape):
    number: int


class Whole(Item):
    # The public text a correction, a withdrawal or a notice is about.
    about: str | None = Field(examples=[None])
    decisions: list[Line]
    exchange: list[Exchanged]
    publication: Published | None

    @classmethod
    def of_item(cls, item: Contributed) -> "Whole":
        return cls(
            **Item.of(item.card).model_dump(),
            about=item.card.amends,
            decisions=[Line.of(line) for line in reversed(item.history)],
            exchange=[Exchanged.of(one) for one in item.exchange],
            publication=None if item.number is None else Published(number=item.number),
        )


class NewDecision(Shape):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "refuse", "revision": 1, "reason": "off_topic"}]},
    )

    action: Action
    revision: int = Field(strict=True, ge=1)
    # One of those « /reasons » lists, or listed once.
    reason: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,20}$")
    # With « ask », the question.
    note: str = Field(default="", strict=True, max_length=LONGEST_NOTE, pattern=f"^[^{CONTROLS}]*$")


class Made(Shape):
    id: str = Field(examples=["12"])
    at: Moment = Field(examples=[AT])
    by: str = Field(examples=["Ann"])


class Decided(Shape):
    status: Status
    revision: int = Field(examples=[2])
    decision: Made
    undo_until: Moment = Field(examples=[AT])


class NotYet(Shape):
    """A voice that was recorded where the site asks several: nothing has moved yet."""

    status: Status
    revision: int = Field(examples=[1])
    decision: None = None
    undo_until: None = None
    # How many more must say the same, and whether a veto stands until which no number is enough.
    missing: int = Field(examples=[1])
    paused: bool = Field(examples=[False])

    @classmethod
    def of(cls, heard: Heard) -> "NotYet":
        return cls(status=heard.status, revision=heard.revision, missing=heard.missing, paused=heard.paused)


class Undone(Shape):
    status: Status
    revision: int = Field(examples=[3])


class ReasonOffered(Shape):
    code: str = Field(examples=["off_topic"])
    label: str = Field(examples=["hors sujet"])
    # What it goes by: an address on this site.
    charter: str = Field(examples=["/charter/1#charter-off_topic"])

    @classmethod
    def all(cls, session: Session, wording: Wording, label: Labels) -> "list[ReasonOffered]":
        """Those that are offered, in their order."""
        offered = [wording.of(code) for code in wording.offered]
        cited = charters.cited(session, [one.article for one in offered])
        return [
            cls(code=one.code, label=label.worded(one), charter=what.address)
            for one, what in zip(offered, cited, strict=True)
        ]


class FieldError(Shape):
    field: str = Field(examples=["text"])
    detail: str


class Problem(Shape):
    """RFC 9457."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = ""
    errors: list[FieldError] | None = None
