"""What who administers sets in the space itself: the words to look out for, the sentence readers are told."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from pydantic import Field

from moderation import mail, markup, notices, public_log, watched, witnesses
from moderation.accounts import Person
from moderation.models.public import LONGEST_NOTICE
from moderation.pages import settings as pages
from moderation.pages.letters import failing
from moderation.watched import Refused
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, go
from moderation.witnesses import NotAddresses

SETTINGS = "/desk/settings"
# Characters of what is added at once.
LONGEST = 20_000
router = APIRouter(prefix=SETTINGS)


@router.get("")
def show(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    page = pages.overview(session)
    return _overview(app, person, page, "\n".join(page.witnesses), news=done)


def _overview(
    app: Parts, person: Person, page: pages.Overview, typed: str, *, problem: str = "", news: str = ""
) -> Response:
    return app.page(
        "settings.html",
        page,
        status=422 if problem else 200,
        headers=PRIVATE,
        person=person,
        typed=typed,
        problem=problem,
        news=news,
    )


@router.post("/log")
def name_deciders(
    app: ThisApp, request: Request, person: Admin, now: Now, names: Annotated[bool, Form()] = False
) -> Response:
    with app.writing() as session:
        public_log.say_names(session, whether=names)
    return go(app, request, person, f"{SETTINGS}?done=log_saved", now)


@router.post("/log/witnesses")
def name_witnesses(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    addresses: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    try:
        with app.writing() as session:
            witnesses.choose(session, addresses.replace("\0", "").splitlines(), now)
    except NotAddresses as error:
        with app.reading() as session:
            page = pages.overview(session)
        return _overview(app, person, page, addresses, problem=", ".join(error.wrong) or "many")
    return go(app, request, person, f"{SETTINGS}?done=log_saved", now)


@router.get("/notice")
def notice(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    return _notice(app, person, notices.written(session), news=done)


def _notice(app: Parts, person: Person, typed: str, *, problem: str = "", news: str = "") -> Response:
    return app.page(
        "settings_notice.html",
        LONGEST_NOTICE,
        status=422 if problem else 200,
        headers=PRIVATE,
        person=person,
        typed=typed,
        problem=problem,
        news=news,
    )


@router.post("/notice")
def write_notice(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    text: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    try:
        with app.writing() as session:
            notices.write(session, text)
    except markup.Refused:
        return _notice(app, person, text, problem="too_long")
    return go(app, request, person, f"{SETTINGS}/notice?done=notice_saved", now)


@router.get("/letters")
def letters(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    page = failing(session)
    return app.page("settings_letters.html", page, headers=PRIVATE, person=person, news=done)


@router.post("/letters/{letter}/again")
def send_again(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    letter: Annotated[int, Path(ge=1, le=LARGEST)],
) -> Response:
    with app.writing() as session:
        mail.again(session, letter, now)
    return go(app, request, person, f"{SETTINGS}/letters?done=letter_again", now)


@router.get("/words")
def words(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    return _words(app, person, pages.words(session), news=done)


def _words(app: Parts, person: Person, page: pages.Words, *, news: str = "") -> Response:
    status = 422 if page.refused else 200
    return app.page("settings_words.html", page, status=status, headers=PRIVATE, person=person, news=news)


@router.post("/words/add")
def add(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    words: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    with app.writing() as session:
        added = watched.add(session, words.replace("\0", "").splitlines())
    if added.refused:
        return _again(app, person, added.refused)
    return go(app, request, person, f"{SETTINGS}/words?done=words_added", now)


def _again(app: Parts, person: Person, refused: tuple[Refused, ...]) -> Response:
    """What could be added was; the rest is there to be typed otherwise."""
    with app.reading() as session:
        page = pages.words(session, refused)
    return _words(app, person, page)


@router.post("/words/remove")
def remove(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    word: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]] | None, Form()] = None,
) -> Response:
    with app.writing() as session:
        watched.remove(session, word or ())
    return go(app, request, person, f"{SETTINGS}/words?done=words_removed", now)
