from alembic import command
from sqlalchemy import Engine, MetaData, text
from sqlmodel import select
from test_migrations import AT, blank, differences

from moderation import database, drafts, migrations
from moderation.markup import Dialect
from moderation.models.queue import Account, Version

__all__ = ["blank"]  # the fixture
NAMES = ["Zoé", "  L’Atelier\u00a04", "STRASSE", "Straße", ""]


def test_texts_sent_before_are_found_by_name_and_address(blank: Engine) -> None:
    command.upgrade(migrations._alembic(blank), "0007")
    _fill(blank)
    migrations.upgrade(blank)
    with database.reading(blank) as session:
        kept = session.exec(select(Version).order_by(Version.comment_id)).all()
        assert [(text.author_key, text.email_key) for text in kept] == [
            (draft.author_key, "a.b@example.org")
            for draft in (drafts.read(name, "A.b@Example.org", "x", dialect=Dialect.SPIP) for name in NAMES)
        ]
        assert [text.struck for text in kept] == [[]] * len(NAMES)
        assert not session.exec(select(Account)).one().blurs
    migrations.downgrade(blank, "0007")
    with blank.connect() as connection:
        found = connection.execute(text("SELECT author FROM version ORDER BY comment_id")).scalars().all()
        assert found == NAMES
    migrations.upgrade(blank)
    assert differences(blank) == []


def _fill(engine: Engine) -> None:
    rows = [("thread", {"id": 1, "mode": "apriori", "revision": 1, "count": 0})]
    rows += [("account", {"id": 1, "name": "Ann", "role": "admin", "created_at": AT})]
    for number, name in enumerate(NAMES):
        comment = {"id": f"c{number}", "thread_id": 1, "section": "", "status": "pending", "revision": 1}
        comment |= {"version": 1, "nonce": f"n{number}", "submitted_at": AT}
        version = {"comment_id": f"c{number}", "number": 1, "author": name, "email": "A.b@Example.org"}
        version |= {"source": "x", "html": "<p>x</p>", "findings": [], "dialect": "spip", "renderer": 1}
        rows += [("comment", comment), ("version", version | {"fingerprint": "", "written_at": AT})]
    with engine.begin() as connection:
        there = MetaData()
        there.reflect(connection)
        for table, row in rows:
            connection.execute(there.tables[table].insert().values(row))
