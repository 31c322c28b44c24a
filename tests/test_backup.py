import hashlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from conftest import KEY, BuildParts, FakeClock, add_article, send, sign_in, worker_database
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, delete, func, select, update
from starlette.testclient import TestClient

from moderation import (
    accounts,
    archive,
    backup,
    charter,
    charters,
    checksum,
    database,
    decisions,
    identifiers,
    mail,
    migrations,
    part,
    presence,
    restore,
    sessions,
    submissions,
    tokens,
)
from moderation.accounts import Person
from moderation.archive import Contents, NotABackup
from moderation.doctor import stored
from moderation.lanes import Ground
from moderation.lifecycle import Action, Reason, Status
from moderation.links import Review
from moderation.models.bulletins import Bulletin, Witness
from moderation.models.claims import Claim
from moderation.models.follows import Follow, FollowMark
from moderation.models.judging import SiteReason, WatchedWord
from moderation.models.packets import Packet
from moderation.models.people import (
    Account,
    AccountSession,
    Challenge,
    EmailChange,
    Passkey,
    RecoveryCode,
    SignIn,
)
from moderation.models.public import Article, Figure, Mode, MonthFigure, Site, SitePage
from moderation.models.public import Thread as Forum
from moderation.models.queue import (
    Comment,
    Decision,
    Effect,
    EffectKind,
    ForumChange,
    Letter,
    LetterKind,
    Mailbox,
    Question,
    Version,
)
from moderation.models.retention import Kept, Machine, Swept
from moderation.models.together import (
    Duty,
    Lease,
    Mention,
    Note,
    Pass,
    PutForward,
    Recusal,
    SectionPolicy,
    Voice,
)
from moderation.policy import Say
from moderation.settings import Settings
from moderation.tokens import Scope
from moderation.web.app import build, create_app
from moderation.web.dependencies import Parts

Rows = dict[str, list[dict[str, Any]]]


TOGETHER = (("account", "name"), ("article", "lead"))


def silent(_table: str, _done: int, _count: int) -> None:
    """Nobody watches."""


def dump(engine: Engine) -> Rows:
    """Every row of every table, as the program reads it."""
    with database.reading(engine) as session:
        return {
            table.name: [
                dict(row)
                for row in session.connection()
                .execute(table.select().order_by(*table.primary_key))
                .mappings()
            ]
            for table in SQLModel.metadata.sorted_tables
        }


def held(file: Path) -> Rows:
    return dump(database.scratch(file))


def without_what_a_restore_changes(rows: Rows) -> Rows:
    gone = {"account_session", "email_change", "challenge"}
    kept = {name: [dict(row) for row in table] for name, table in rows.items() if name not in gone}
    for row in kept["site"]:
        del row["revision"]
    for row in kept["sign_in"]:
        del row["expires_at"]
    for row in kept["bulletin"]:
        del row["seal"]
    return kept


@pytest.fixture
def full(parts: Parts, clock: FakeClock, ann: Person, client: TestClient) -> Parts:
    """A site with something in every table, some of it awkward."""
    slug = add_article(parts, "l-ete", title="L’été – “déjà” 😀")
    sign_in(parts, client, ann)
    sent = [
        send(parts, slug, f"Un texte à l’é\u0301te\u0301 😀\n\n\tnuméro {number} https://exemple.example/")
        for number in range(5)
    ]
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        tokens.create(session, account, "sauvegarde", frozenset(Scope), clock())
        accounts.ask(session, ann.email, clock(), mail=LetterKind.SIGN_IN)
        submissions.withdraw(session, sent[0].tracking, revision=1, now=clock())
        for number, action in enumerate([Action.PUBLISH, Action.SPAM, Action.PUBLISH], start=1):
            decide(session, sent[number].id, action, ann.id, clock(), undo=timedelta(minutes=number - 1))
        thread = session.exec(select(Forum.id)).one() or 0
        session.add(ForumChange(thread_id=thread, mode=Mode.CLOSED, account_id=ann.id, at=clock()))
        charters.write(session, charter.read("## Été 😀"), seen=1, language="fr", now=clock())
        session.add(WatchedWord(word="Été*", key="ete*"))
        session.add(MonthFigure(month="2026-02", figure=Figure.RECEIVED, count=12))
        session.add(
            Follow(id="f", digest="d", address="é@exemple.example", thread_id=thread, asked_at=clock())
        )
        session.add(FollowMark(number=2))
        session.add(Mailbox(digest="d", declined=["question"], written_at=clock()))
        session.add(Machine(comment_id=sent[4].id, address="203.0.113.0/24", at=clock()))
        session.add(Swept(day="2026-02-27", kind=Kept.TEXT, count=3))
        session.add(SiteReason(code="ete", label="L’été", explanation="Été 😀", offered=False, place=10))
        session.add(RecoveryCode(account_id=ann.id, digest="d"))
        session.add(Challenge(value="c", account_id=ann.id, expires_at=clock()))
        session.add(EmailChange(id="e", account_id=ann.id, email="ann@autre.example", expires_at=clock()))
        session.add(
            Passkey(
                account_id=ann.id,
                credential="c",
                public_key="k",
                handle="h",
                sign_count=2**32 - 1,
                name="Téléphone",
                created_at=clock(),
            )
        )
        together(session, sent[4].id, ann.id, clock())
        first = session.exec(select(Decision.id).order_by(col(Decision.id))).first() or 0
        session.add(Question(comment_id=sent[4].id, decision_id=first, text="Été ? 😀", until=clock()))
        now = clock()
        session.add(Bulletin(account_id=ann.id, told_from=now, told_until=now, due_at=now, seal="s"))
        session.add(Witness(address="max@example.org", due_at=now))
        session.add(Claim(comment_id=sent[4].id, ground=Ground.OTHER, passage="Été ? 😀"))
        session.add(SitePage(name="legal", source="Été", html="<p>Été</p>", written_at=clock()))
        session.add(Packet(comment_id=sent[4].id, account_id=ann.id, seal="s", with_address=True, at=clock()))
    return parts


def together(session: Session, comment_id: str, who: int, now: datetime) -> None:
    """What several people leave about a contribution."""
    session.add(SectionPolicy(section="Ville", publish=2, refuse=2, veto=True))
    session.add(Lease(comment_id=comment_id, account_id=who, since=now, until=now))
    session.add(
        Voice(
            comment_id=comment_id,
            revision=1,
            account_id=who,
            say=Say.REFUSE,
            reason=Reason.OTHER,
            note="é",
            at=now,
            ended_at=now,
            ended_by=who,
        )
    )
    session.add(Note(id=1, comment_id=comment_id, account_id=who, text="@Ann 😀", at=now))
    session.flush()
    session.add(Mention(note_id=1, account_id=who))
    session.add(Recusal(comment_id=comment_id, account_id=who, at=now))
    session.add(Pass(comment_id=comment_id, account_id=who, at=now))
    session.add(PutForward(comment_id=comment_id, at=now))
    session.add(Duty(week="2026-W09", account_id=who))


def decide(
    session: Session,
    comment_id: str,
    action: Action,
    by: int,
    now: datetime,
    *,
    undo: timedelta = timedelta(),
) -> None:
    decisions.decide(session, comment_id, action, revision=1, by=by, now=now, undo=undo)


@pytest.fixture
def elsewhere(postgresql: str | None, tmp_path: Path, worker_id: str) -> str:
    """The address of another database, of the same kind, with nothing in it."""
    if postgresql is not None:
        return worker_database(postgresql, f"{worker_id}_elsewhere")
    return f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "site.backup"


@pytest.fixture
def opened() -> Generator[Callable[[str], Engine]]:
    engines: list[Engine] = []

    def connected(address: str) -> Engine:
        engines.append(database.connect(address))
        return engines[-1]

    yield connected
    for engine in engines:
        engine.dispose()


def made(parts: Parts, file: Path) -> Contents:
    return backup.make(parts.engine, file, tell=silent)


# Making


def test_a_backup_is_one_file_with_every_row_of_every_table(full: Parts, file: Path) -> None:
    contents = made(full, file)
    rows = dump(full.engine)
    assert held(file) == rows
    assert contents == archive.verify(file)
    assert contents == Contents(migrations.revisions()[-1], {name: len(rows[name]) for name in sorted(rows)})
    assert [name for name, table in rows.items() if not table] == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [one.name for one in file.parent.iterdir() if "site.backup" in one.name and one != file]


def test_what_was_erased_is_in_no_byte_of_a_backup(parts: Parts, article: str, file: Path) -> None:
    sent = send(parts, article, "canari")
    with parts.writing() as session:
        submissions.withdraw(session, sent.tracking, revision=1, now=parts.clock())
    made(parts, file)
    assert b"canari" not in file.read_bytes()


def test_a_backup_is_of_one_moment_while_others_write(full: Parts, file: Path, ann: Person) -> None:
    stop, begun = Event(), Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with full.writing() as session:
                number += 1
                session.exec(update(Account).values(name=str(number)))
                session.exec(update(Article).values(lead=str(number)))
            sent = send(full, "l-ete", f"Texte {number}.")
            with full.writing() as session:
                decide(session, sent.id, Action.PUBLISH, ann.id, full.clock())
            begun.set()

    writer = Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        for _ in range(3):
            backup.make(full.engine, file, tell=silent, replace=True)
            rows = held(file)
            names, leads = ({row[column] for row in rows[table]} for table, column in TOGETHER)
            assert names == leads
            assert len(leads) == 1
            assert {row["comment_id"] for row in rows["version"]} == {row["id"] for row in rows["comment"]}
            newest = {row["comment_id"]: row["after"] for row in rows["decision"]}
            assert all(row["status"] == newest.get(row["id"], "pending") for row in rows["comment"])
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("microsecond", [0, 499_999, 500_000, 999_499, 999_500, 999_856, 999_999])
def test_every_moment_can_be_restored(
    parts: Parts, article: str, url: str, file: Path, clock: FakeClock, microsecond: int
) -> None:
    clock.now = datetime(2026, 12, 31, 23, 59, 59, microsecond, tzinfo=UTC)
    sent = send(parts, article, "Le pont rouvre.")
    made(parts, file)
    parts.engine.dispose()
    restore.restore(url, file, clock(), tell=silent, replace=True)
    with parts.reading() as session:
        assert session.get_one(Comment, sent.id).submitted_at == clock.now


def test_what_a_restore_would_refuse_is_no_backup_and_the_doctor_names_it(
    parts: Parts, article: str, file: Path
) -> None:
    if parts.engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    with parts.writing() as session:
        session.connection().execute(text("UPDATE article SET section = :odd"), {"odd": "x" * 201})
    with pytest.raises(NotABackup, match=r"a value of “article.section”"):
        made(parts, file)
    assert not file.exists()
    said = [finding.said for finding in stored.LOOKS["integrity"](parts.engine, parts.clock())]
    assert said == ["a value of “article.section” is none of its kind"]
    assert article


def test_a_file_that_is_there_is_not_overwritten_unless_asked(parts: Parts, file: Path) -> None:
    file.write_text("précieux")
    with pytest.raises(backup.Exists):
        made(parts, file)
    assert file.read_text() == "précieux"
    backup.make(parts.engine, file, tell=silent, replace=True)
    assert archive.verify(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_database_itself_is_never_replaced_by_its_backup(parts: Parts, url: str, tmp_path: Path) -> None:
    if parts.engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    link = tmp_path / "link.db"
    link.symlink_to(make_url(url).database or "")
    own = Path(make_url(url).database or "")
    beside = [own.with_name(f"{own.name}-{end}") for end in ("wal", "shm", "lock")]
    with parts.reading() as session:
        session.connection()
        for file in (own, link, tmp_path, *beside):
            assert file.exists()
            with pytest.raises(backup.Exists):
                backup.make(parts.engine, file, tell=silent, replace=True)


def test_two_backups_into_one_file_are_one(parts: Parts, file: Path) -> None:
    with part.beside(file), pytest.raises(part.Taken):
        made(parts, file)
    assert made(parts, file)


def test_what_a_killed_backup_left_is_taken_over(parts: Parts, file: Path) -> None:
    file.with_name(f".{file.name}.part").write_bytes(b"x" * 100_000)
    assert made(parts, file) == archive.verify(file)


def _of_another(path: Path) -> None:
    path.write_bytes(b"")
    if os.geteuid():
        pytest.skip("needs root")
    os.chown(path, 12345, -1)


def _another_name(path: Path) -> None:
    path.with_name("ours").write_bytes(b"")
    path.hardlink_to(path.with_name("ours"))


@pytest.mark.parametrize(
    "put",
    [_of_another, _another_name, os.mkfifo, lambda path: path.symlink_to(path.with_name("ours"))],
    ids=["of another", "another name", "fifo", "link"],
)
def test_what_somebody_else_put_where_a_backup_is_made_gets_nothing_of_it(
    parts: Parts, file: Path, put: Callable[[Path], None]
) -> None:
    put(file.with_name(f".{file.name}.part"))
    with pytest.raises(OSError, match=r"Somebody else|symbolic"):
        made(parts, file)
    assert not file.exists()
    assert not file.with_name("ours").exists() or file.with_name("ours").read_bytes() == b""


def test_a_file_put_in_the_place_of_the_one_that_was_made_is_not_taken_for_it(file: Path) -> None:
    with part.beside(file) as new:
        new.path.unlink()
        new.path.write_bytes(b"another's")
        with pytest.raises(part.Taken):
            new.put()
    assert not file.exists()


def test_who_may_not_open_the_database_cannot_hold_its_lock(parts: Parts, url: str) -> None:
    if parts.engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    own = Path(make_url(url).database or "")
    lock = own.with_name(f"{own.name}-lock")
    lock.touch()
    lock.chmod(0o644)  # as it was once made
    for mode in (0o600, 0o660):
        own.chmod(mode)
        parts.engine.dispose()
        database.answers(parts.engine)
        assert stat.S_IMODE(lock.stat().st_mode) == mode
    parts.engine.dispose()
    lock.unlink()
    if not os.geteuid():
        os.chown(own, 12345, 12345)
    database.answers(parts.engine)
    assert (lock.stat().st_uid, lock.stat().st_gid) == (own.stat().st_uid, own.stat().st_gid)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o660


def test_a_backup_that_is_cut_short_leaves_nothing(full: Parts, file: Path) -> None:
    def interrupt(table: str, _done: int, _count: int) -> None:
        if table == "version":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.make(full.engine, file, tell=interrupt)
    assert not [one.name for one in file.parent.iterdir() if "site.backup" in one.name]


def test_a_database_with_an_index_more_is_backed_up_all_the_same(parts: Parts, file: Path) -> None:
    with parts.writing() as session:
        session.connection().execute(text("CREATE INDEX mine ON comment (section)"))
    try:
        assert made(parts, file) == archive.verify(file)
    finally:
        with parts.writing() as session:
            session.connection().execute(text("DROP INDEX mine"))


# Restoring


def test_a_backup_goes_into_an_empty_database_of_either_kind(
    full: Parts, file: Path, elsewhere: str, tmp_path: Path, opened: Callable[[str], Engine]
) -> None:
    made(full, file)
    rows = without_what_a_restore_changes(held(file))
    for address in (elsewhere, f"sqlite:///{tmp_path / 'embedded.db'}"):
        restore.restore(address, file, full.clock(), tell=silent)
        engine = opened(address)
        assert migrations.revision(engine) == migrations.revisions()[-1]
        assert without_what_a_restore_changes(dump(engine)) == rows
        again = tmp_path / f"{len(list(tmp_path.iterdir()))}.again"
        backup.make(engine, again, tell=silent)
        assert without_what_a_restore_changes(held(again)) == rows


def test_a_restored_site_goes_on(
    full: Parts, file: Path, elsewhere: str, build_parts: BuildParts, clock: FakeClock
) -> None:
    made(full, file)
    restore.restore(elsewhere, file, clock(), tell=silent)
    parts = build_parts(database_url=elsewhere)
    sent = send(parts, add_article(parts, "apres"), "Un texte d’après.")
    with parts.writing() as session:
        by = accounts.operator(session, clock())
        decide(session, sent.id, Action.PUBLISH, by, clock())
    client = TestClient(create_app(parts))
    assert "Un texte d’après." in client.get("/articles/apres").text
    for statement in ('UPDATE decision SET "after" = "after"', "DELETE FROM decision"):
        with pytest.raises(DBAPIError, match="never"), parts.writing() as session:
            session.connection().execute(text(statement))
    with pytest.raises(DBAPIError), parts.writing() as session:
        session.connection().execute(text("UPDATE comment SET thread_id = 9999"))


def test_a_database_that_holds_data_is_not_replaced_unless_asked(full: Parts, file: Path, url: str) -> None:
    made(full, file)
    before = dump(full.engine)
    full.engine.dispose()
    with pytest.raises(restore.HoldsData):
        restore.restore(url, file, full.clock(), tell=silent)
    assert dump(full.engine) == before
    send(full, "l-ete", "Venu après la sauvegarde.")
    full.engine.dispose()
    restore.restore(url, file, full.clock(), tell=silent, replace=True)
    assert without_what_a_restore_changes(dump(full.engine)) == without_what_a_restore_changes(before)


def test_nothing_is_restored_under_a_program_that_is_running(full: Parts, file: Path, url: str) -> None:
    made(full, file)
    before = dump(full.engine)
    with full.engine.connect(), pytest.raises(presence.InUse):
        restore.restore(url, file, full.clock(), tell=silent, replace=True)
    assert dump(full.engine) == before
    full.engine.dispose()
    restore.restore(url, file, full.clock(), tell=silent, replace=True)


def test_nobody_opens_a_database_that_is_being_restored(full: Parts, url: str) -> None:
    if full.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL lets them wait")
    full.engine.dispose()
    with presence.alone(Path(make_url(url).database or "")):
        with pytest.raises(DBAPIError, match="being restored"), full.reading() as session:
            session.get_one(Site, 1)
        assert TestClient(create_app(full)).get("/").status_code == 503
    assert TestClient(create_app(full)).get("/").status_code == 200


def test_a_restore_that_is_cut_short_changes_nothing(full: Parts, file: Path, url: str) -> None:
    made(full, file)
    send(full, "l-ete", "Venu après la sauvegarde.")
    before = dump(full.engine)
    full.engine.dispose()
    names = {one.name for one in file.parent.iterdir()}

    def interrupt(table: str, _done: int, _count: int) -> None:
        if table == "version":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore.restore(url, file, full.clock(), tell=interrupt, replace=True)
    assert {one.name for one in file.parent.iterdir()} <= names
    assert dump(full.engine) == before


def test_what_a_browser_or_a_cache_kept_is_not_taken_for_what_was_restored(
    full: Parts, file: Path, url: str, ann: Person, clock: FakeClock
) -> None:
    def publish(words: str) -> str:
        sent = send(full, "l-ete", words)
        with full.writing() as session:
            decide(session, sent.id, Action.PUBLISH, ann.id, clock())
        return TestClient(create_app(full)).get("/articles/l-ete").headers["ETag"]

    def restored() -> None:
        full.engine.dispose()
        restore.restore(url, file, clock(), tell=silent, replace=True)

    made(full, file)
    seen = [publish("Avant.")]
    restored()
    seen.append(publish("Après."))
    restored()  # again, within the same second
    seen.append(publish("Et après."))
    assert len(set(seen)) == 3
    client = TestClient(create_app(full))
    for page in ("/articles/l-ete", "/", "/api/v1/articles/l-ete/comments"):
        for tag in seen[:2]:
            assert client.get(page, headers={"If-None-Match": tag}).status_code == 200


def test_a_link_of_a_letter_to_the_team_from_before_decides_nothing_once_restored(
    full: Parts, file: Path, url: str, ann: Person, clock: FakeClock
) -> None:
    sent = send(full, "l-ete", "Décidé depuis un courriel.")
    with full.reading() as session:
        seal = session.get_one(Bulletin, ann.id).seal
    link = full.links.sign(Review(sent.id, 1, ann.id, "publish", seal), clock())
    made(full, file)
    with full.writing() as session:  # whoever reads their mail is to decide nothing more by it
        sessions.end_all(session, ann.id, clock())
    full.engine.dispose()
    restore.restore(url, file, clock(), tell=silent, replace=True)
    client = TestClient(create_app(full))
    assert client.post(f"/review/{link}", data={"action": "publish"}).status_code == 404
    with full.reading() as session:
        assert session.get_one(Comment, sent.id).status is Status.PENDING


def test_the_revision_is_new_even_when_the_old_database_is_lost(
    full: Parts, file: Path, elsewhere: str, clock: FakeClock, opened: Callable[[str], Engine]
) -> None:
    made(full, file)
    with full.reading() as session:
        before = session.get_one(Site, 1).revision
    restore.restore(elsewhere, file, clock(), tell=silent)
    with database.reading(opened(elsewhere)) as session:
        assert session.get_one(Site, 1).revision > before + 1_000_000


def test_signed_out_browsers_and_used_links_do_not_open_again(
    full: Parts, file: Path, elsewhere: str, clock: FakeClock, opened: Callable[[str], Engine]
) -> None:
    with full.writing() as session:
        session.exec(update(Account).values(feed="as-it-was"))
    made(full, file)
    with full.reading() as session:
        assert session.exec(select(AccountSession)).all()
        assert session.exec(select(SignIn).where(col(SignIn.expires_at) > clock())).all()
    restore.restore(elsewhere, file, clock(), tell=silent)
    with database.reading(opened(elsewhere)) as session:
        assert session.exec(select(AccountSession)).all() == []
        assert session.exec(select(SignIn).where(col(SignIn.expires_at) > clock())).all() == []
        assert {account.feed for account in session.exec(select(Account))} == {None}


def test_a_backup_of_an_older_program_is_brought_up_to_date(
    full: Parts, file: Path, elsewhere: str, tmp_path: Path, opened: Callable[[str], Engine]
) -> None:
    old = database.connect(f"sqlite:///{tmp_path / 'old.db'}")
    migrations.upgrade(old, "0001")
    with database.writing(old) as session:
        session.connection().execute(text("UPDATE site SET last_number = 12"))
    assert backup.make(old, file, tell=silent).revision == "0001"
    old.dispose()
    restore.restore(elsewhere, file, full.clock(), tell=silent)
    engine = opened(elsewhere)
    assert migrations.revision(engine) == migrations.revisions()[-1]
    with database.reading(engine) as session:
        assert session.get_one(Site, 1).last_number == 12


def test_an_older_database_is_replaced(full: Parts, file: Path, elsewhere: str) -> None:
    made(full, file)
    database.make_room(elsewhere)
    old = database.connect(elsewhere)
    migrations.upgrade(old, "0001")
    old.dispose()
    restore.restore(elsewhere, file, full.clock(), tell=silent)
    engine = database.connect(elsewhere)
    assert without_what_a_restore_changes(dump(engine)) == without_what_a_restore_changes(held(file))
    engine.dispose()


def test_a_backup_of_a_newer_program_is_refused(parts: Parts, file: Path, elsewhere: str) -> None:
    made(parts, file)
    changed(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrations.UnknownRevision, match="9999"):
        restore.restore(elsewhere, file, parts.clock(), tell=silent)


@pytest.mark.parametrize("lost", ["before the backup", "after it"])
def test_a_number_whose_row_is_gone_is_not_given_again_after_a_restore(
    full: Parts, file: Path, url: str, elsewhere: str, build_parts: BuildParts, ann: Person, lost: str
) -> None:
    """Either way from one kind of database to the other, and back over the first."""
    if lost == "after it":
        made(full, file)
    given = last_numbers(full, ann)
    with full.writing() as session:
        for table in GIVEN:
            session.exec(delete(table).where(col(table.id) == given[table]))
    if lost == "before the backup":
        made(full, file)
    full.engine.dispose()
    for address in (
        [url] if lost == "after it" else [elsewhere, f"sqlite:///{file.with_name('other.db')}", url]
    ):
        restore.restore(address, file, full.clock(), tell=silent, replace=True)
        parts = build_parts(database_url=address)
        assert [table for table in GIVEN if last_numbers(parts, ann)[table] <= given[table]] == []
        parts.engine.dispose()


GIVEN: list[Any] = [AccountSession, Passkey, Effect, Letter]


def last_numbers(parts: Parts, ann: Person) -> dict[Any, int]:
    """Those of rows that are added for it."""
    now = parts.clock()
    with parts.writing() as session:
        decision = session.exec(select(Decision)).first()
        assert decision is not None
        key = Passkey(
            account_id=ann.id,
            credential=identifiers.new_id(),
            public_key="k",
            handle="h",
            sign_count=0,
            name="",
            created_at=now,
        )
        effect = Effect(
            kind=EffectKind.SYNC, comment_id=decision.comment_id, decision_id=decision.id or 0, due_at=now
        )
        session.add_all([key, effect])
        sessions.start(session, ann.id, kept=True, now=now)
        mail.write(session, LetterKind.CODES_ON, now, account_id=ann.id)
        session.flush()
        return {table: session.exec(select(func.max(table.id))).one() for table in GIVEN}


@pytest.mark.parametrize("said", ["'beaucoup'", "9223372036854775807", "-5", "NULL"])
def test_a_last_number_that_cannot_be_is_not_taken_over(
    sound: Path, file: Path, target: Path, clock: FakeClock, said: str
) -> None:
    shutil.copy(sound, file)
    changed(file, f"UPDATE sqlite_sequence SET seq = {said}")  # noqa: S608 - our own words
    restore.restore(f"sqlite:///{target}", file, clock(), tell=silent)
    with sqlite3.connect(target) as connection:
        found = connection.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()[0]
    connection.close()
    assert (found or 0) <= 1


# SQLite: what lies where the database would go


@pytest.fixture
def target(postgresql: str | None, tmp_path: Path) -> Path:
    if postgresql is not None:
        pytest.skip("this is about SQLite")
    return tmp_path / "target.db"


def test_what_is_no_database_is_not_replaced(parts: Parts, file: Path, target: Path) -> None:
    made(parts, file)
    target.write_bytes(b"Une lettre, et non une base.\n" * 100)
    with pytest.raises(restore.InTheWay, match=r"target\.db"):
        restore.restore(f"sqlite:///{target}", file, parts.clock(), tell=silent, replace=True)
    assert target.read_bytes().startswith(b"Une lettre")


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_the_log_of_a_lost_database_is_not_given_to_the_restored_one(
    parts: Parts, file: Path, target: Path, ending: str
) -> None:
    made(parts, file)
    target.with_name(target.name + ending).write_bytes(b"x" * 4096)
    with pytest.raises(restore.InTheWay, match=ending):
        restore.restore(f"sqlite:///{target}", file, parts.clock(), tell=silent)
    assert not target.exists()


def test_writes_that_were_still_in_the_log_of_the_old_database_do_not_come_back(
    full: Parts, file: Path, url: str
) -> None:
    if full.engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    made(full, file)
    rows = held(file)
    name = make_url(url).database or ""
    other = sqlite3.connect(name)
    other.execute("UPDATE article SET title = 'Resté dans le journal'")
    other.commit()
    kept = Path(f"{name}-wal").read_bytes()
    full.engine.dispose()
    other.close()
    Path(f"{name}-wal").write_bytes(kept)  # as a killed server leaves it
    restore.restore(url, file, full.clock(), tell=silent, replace=True)
    assert without_what_a_restore_changes(dump(full.engine)) == without_what_a_restore_changes(rows)


def test_a_restored_file_is_whose_the_old_one_was(parts: Parts, file: Path, target: Path) -> None:
    made(parts, file)
    restore.restore(f"sqlite:///{target}", file, parts.clock(), tell=silent)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 5678)
    restore.restore(f"sqlite:///{target}", file, parts.clock(), tell=silent, replace=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    if os.geteuid() == 0:
        assert (target.stat().st_uid, target.stat().st_gid) == (1234, 5678)


# Files that are no backups


def changed(file: Path, *statements: str) -> None:
    """By somebody who sees to the checksum too."""
    os.truncate(file, file.stat().st_size - checksum.LENGTH)
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    checksum.add(file)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4096])


def _bent(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    file.write_bytes(content)


def _retold(file: Path) -> None:
    """As a disk may: one letter of a text, and nothing that holds the pages together."""
    content = file.read_bytes()
    assert content.count(b"Un texte.") >= 1
    file.write_bytes(content.replace(b"Un texte.", b"Un textE."))


def _unsealed(file: Path) -> None:
    os.truncate(file, file.stat().st_size - checksum.LENGTH)


def _bent_seal(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2] + b"x\n")


def _instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def put(file: Path) -> None:
        file.unlink()
        make(file)

    return put


def _said(*statements: str) -> Callable[[Path], None]:
    return lambda file: changed(file, *statements)


def _rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    """The schema itself is forged."""
    return _said(
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE name = '{name}'",  # noqa: S608
    )


def _orphaned(file: Path) -> None:
    """References are broken, and the file’s own schema says nothing of them."""
    _rewritten("version", "REFERENCES comment", "REFERENCES version")(file)
    changed(file, "PRAGMA foreign_keys = OFF", "UPDATE version SET comment_id = 'personne'")


NO_BACKUPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda file: file.write_bytes(b""), "makes"),
    "a text": (lambda file: file.write_text("Bonjour.\n" * 1000), "damaged, or not ours"),
    "cut": (_cut, "damaged"),
    "bent": (_bent, "damaged"),
    "a letter of a text changed": (_retold, "damaged: .*checksum"),
    "its checksum cut off": (_unsealed, "damaged: .*checksum"),
    "its checksum changed": (_bent_seal, "damaged: .*checksum"),
    "more at its end": (lambda file: file.write_bytes(file.read_bytes() + b"x"), "damaged: .*checksum"),
    "a folder": (_instead(Path.mkdir), "no file"),
    "missing": (lambda file: file.unlink(), "no file"),
    "a pipe": (_instead(os.mkfifo), "no file"),
    "another program’s": (_said("PRAGMA application_id = 0"), "makes"),
    "a table more": (_said("CREATE TABLE x (y)"), "“x” in it is not ours"),
    "a table less": (_said("DROP TABLE letter"), "lacks the table “letter”"),
    "a view": (_said("CREATE VIEW v AS SELECT 1"), "view “v” in it is not ours"),
    "a view for a table": (
        _said("DROP TABLE effect", "CREATE VIEW effect AS SELECT * FROM version"),
        "is not ours",
    ),
    "a virtual table": (
        _said("DROP TABLE effect", "CREATE VIRTUAL TABLE effect USING fts5(kind)"),
        "is not ours",
    ),
    "a trigger": (
        _said("CREATE TRIGGER t AFTER INSERT ON comment BEGIN DELETE FROM comment; END"),
        "trigger “t” in it is not ours",
    ),
    "a trigger less": (_said("DROP TRIGGER decision_is_never_changed"), "lacks the trigger"),
    "a column more": (_said("ALTER TABLE comment ADD COLUMN x"), "other columns"),
    "a computed column": (
        _said(
            "DROP INDEX ix_comment_section_status_submitted_at_id",
            "ALTER TABLE comment DROP COLUMN section",
            "ALTER TABLE comment ADD COLUMN section AS (upper(nonce))",
        ),
        "other columns",
    ),
    "no revision": (_said("DELETE FROM alembic_version"), "nothing of its revision"),
    "a word that is none": (
        _said("PRAGMA ignore_check_constraints = ON", "UPDATE comment SET status = 'approved'"),
        "damaged",
    ),
    "a time that is none": (_said("UPDATE comment SET submitted_at = 'hier'"), "comment.submitted_at"),
    "a day that is none": (
        _said("UPDATE comment SET submitted_at = '2026-02-31 00:00:00.000000'"),
        "comment.submitted_at",
    ),
    "a number that is none": (_said("UPDATE site SET activity = 'beaucoup'"), "site.activity"),
    "a number too large": (_said("UPDATE site SET activity = 3000000000"), "site.activity"),
    "bytes for a text": (_said("UPDATE version SET html = x'ff00'"), "version.html"),
    "a null character": (_said("UPDATE version SET html = 'a' || char(0)"), "version.html"),
    "a list that is none": (_said("UPDATE version SET findings = '['"), "version.findings"),
    "a name too long": (_said("UPDATE version SET author = hex(zeroblob(101))"), "version.author"),
    "a text too long": (_said("UPDATE version SET html = CAST(zeroblob(70000000) AS TEXT)"), "too big"),
    "an orphan": (_said("PRAGMA foreign_keys = OFF", "UPDATE comment SET thread_id = 99"), "refers"),
    "a hidden orphan": (_orphaned, "refers|ours"),
}


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with a row in each of its main tables."""
    folder = tmp_path_factory.mktemp("sound")
    engine = database.connect(f"sqlite:///{folder / 'site.db'}")
    migrations.upgrade(engine)
    parts = replace(build(Settings(secret_keys=KEY)), engine=engine, clock=FakeClock())
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.", author="Zoé")
    with parts.writing() as session:
        by = accounts.operator(session, parts.clock())
        decide(session, sent.id, Action.PUBLISH, by, parts.clock())
    backup.make(engine, folder / "sound.backup", tell=silent)
    engine.dispose()
    return folder / "sound.backup"


def test_a_backup_from_before_there_were_checksums_is_restored(
    sound: Path, file: Path, target: Path, clock: FakeClock
) -> None:
    shutil.copy(sound, file)
    _unsealed(file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA user_version = 0")
    connection.close()
    rows = without_what_a_restore_changes(held(file))
    restore.restore(f"sqlite:///{target}", file, clock(), tell=silent)
    assert without_what_a_restore_changes(held(target)) == rows


def test_a_backup_opens_in_any_sqlite_and_its_checksum_is_at_its_end(sound: Path) -> None:
    content = sound.read_bytes()
    pages, said = content[: -checksum.LENGTH], content[-checksum.LENGTH :]
    assert said == b"sha256 " + hashlib.sha256(pages).hexdigest().encode() + b"\n"
    assert len(pages) % 4096 == 0
    with closing(sqlite3.connect(sound)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM comment").fetchone() == (1,)


@pytest.mark.parametrize("kind", NO_BACKUPS)
def test_what_is_no_backup_of_ours_is_refused_and_changes_nothing(
    sound: Path, file: Path, target: Path, clock: FakeClock, kind: str
) -> None:
    harm, told = NO_BACKUPS[kind]
    shutil.copy(sound, file)
    harm(file)
    with pytest.raises(NotABackup, match=told):
        restore.restore(f"sqlite:///{target}", file, clock(), tell=silent)
    left = {one.name for one in target.parent.iterdir() if "target.db" in one.name}
    assert left <= {"target.db-lock"}


def test_nothing_of_a_files_own_schema_is_taken_over(
    sound: Path, file: Path, target: Path, clock: FakeClock
) -> None:
    shutil.copy(sound, file)
    trap = "DEFAULT (randomblob(1000000000))"
    _rewritten("article", "themes JSON", f"themes JSON {trap}")(file)
    restore.restore(f"sqlite:///{target}", file, clock(), tell=silent)
    assert trap.encode() in file.read_bytes()
    assert trap.encode() not in target.read_bytes()


def test_a_file_larger_than_the_disk_is_refused_at_once(parts: Parts, file: Path, target: Path) -> None:
    made(parts, file)
    contents = archive.verify(file)
    with part.beside(target) as new:
        os.truncate(file, 2**43)
        with pytest.raises(restore.NoRoom):
            restore._stage(file, contents.revision, new, silent)


def test_every_column_is_of_a_kind_that_is_looked_at() -> None:
    unseen = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if not archive._odd(column)
    ]
    assert unseen == []


def test_what_the_program_writes_is_of_its_kind(full: Parts, file: Path) -> None:
    made(full, file)
    archive.check_values(database.scratch(file))
    with full.reading() as session:
        assert session.exec(select(Version)).first()
        assert session.exec(select(Decision)).first()
