"""The list a page of the desk keeps to, read from its address."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, Field

from moderation import folding
from moderation.lifecycle import Status
from moderation.pages.filters import Filter
from moderation.web.dependencies import LARGEST, Now
from moderation.words import FINDING

# A form sends what was left empty, too.
Nothing = Literal[""]
Word = Annotated[str, Query(max_length=254)]
Slug = Annotated[str, Query(max_length=200)]
# As many hours as ten years have.
Hours = Annotated[int, Field(ge=0, le=87_600)]
# Of any reason there is, or was a moment ago: a list of one nobody gave is empty.
Code = Annotated[str, Query(pattern=r"^[a-z0-9_]{0,20}$")]
Number = Annotated[int, Field(ge=0, le=LARGEST)]


def _known(kind: str) -> str:
    if kind and kind not in FINDING:
        raise ValueError("no such kind of finding")
    return kind


def _filter(
    now: Now,
    status: Status | Literal["any"] = Status.PENDING,
    order: Literal["oldest", "newest", ""] = "oldest",
    passed: Literal["yes", ""] = "",
    article: Slug = "",
    section: Slug = "",
    author: Word = "",
    email: Word = "",
    link: Literal["1", ""] = "",
    host: Word = "",
    finding: Annotated[str, AfterValidator(_known)] = "",
    longer: Annotated[Hours | Nothing, Query()] = "",
    by: Annotated[Number | Nothing, Query()] = "",
    reason: Code = "",
    q: Word = "",
) -> Filter:
    return Filter(
        status if isinstance(status, Status) else None,
        newest=order == "newest",
        passed=passed == "yes",
        article=article.strip(),
        section=section.strip(),
        author=author.strip(),
        email=email.strip(),
        link=bool(link),
        host=host.strip(),
        finding=finding,
        longer=longer or 0,
        by=by or 0,
        reason=reason or None,
        # What holds no word narrows nothing.
        q=q.strip() if folding.words(q) else "",
        sent_before=now - timedelta(hours=longer) if longer else None,
    )


Listed = Annotated[Filter, Depends(_filter)]
