import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from conftest import KEY, BuildParts, FakeClock, Reader, Run, at_once
from starlette.testclient import TestClient

from moderation import factors, keyring, part, totp
from moderation.accounts import Person
from moderation.links import Links, Opening
from moderation.settings import Settings
from moderation.web.app import create_app

NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "secret_keys"


def values(file: Path) -> list[str]:
    return [key.value for key in keyring.read(file)]


def test_a_key_is_made_once_and_is_the_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = at_once(*[Settings().keys] * 8)
    assert len({tuple(keys) for keys in told}) == 1
    assert Settings().keys() == told[0]
    assert len(told[0][0]) >= 32
    file = tmp_path / "var" / "secret_keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["secret_keys"]


def test_the_newest_key_is_on_top_and_the_others_stay(file: Path) -> None:
    (first,) = keyring.kept(file)
    keyring.rotate(file, NOW)
    keyring.rotate(file, NOW + timedelta(days=400))
    third, second, last = values(file)
    assert last == first
    assert len({first, second, third}) == 3
    assert keyring.kept(file) == [third, second, first]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["secret_keys"]


def test_every_older_key_can_be_forgotten(file: Path) -> None:
    keyring.kept(file)
    keyring.rotate(file, NOW)
    newest, _ = values(file)
    keyring.drop_old(file)
    assert values(file) == [newest]


def test_a_key_is_put_where_there_was_none(file: Path) -> None:
    keyring.rotate(file, NOW)
    assert len(values(file)) == 1


def test_of_rotations_at_once_one_is_made(file: Path) -> None:
    (first,) = keyring.kept(file)
    with part.beside(file), pytest.raises(part.Taken):
        keyring.rotate(file, NOW)
    assert values(file) == [first]


def test_keys_may_be_written_by_hand(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(f"\n  {KEY} 2026-10-03T12:00:00Z\n\n{KEY}-the-older-one  \n")
    assert keyring.read(file) == [keyring.Key(KEY, NOW), keyring.Key(f"{KEY}-the-older-one")]


@pytest.mark.parametrize(
    "content", ["", "\n", "short\n", f"{KEY}\nshort\n", f"{KEY} yesterday\n", f"{KEY} a b\n", f"{KEY}é\n"]
)
def test_a_file_that_holds_no_keys_is_left_alone_and_not_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    file = tmp_path / "var" / "secret_keys"
    file.write_text(content)
    for words in (["rotate-keys"], ["queue"]):
        result = run(*words, secret_keys="")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "var/secret_keys" in result.stderr
        assert KEY not in result.stderr
    assert file.read_text() == content


# Across a rotation


def test_what_older_keys_signed_opens_until_they_are_forgotten(
    run: Run,
    build_parts: BuildParts,
    article: str,
    ann: Person,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    def started() -> TestClient:
        return TestClient(create_app(build_parts(secret_keys=())), follow_redirects=False)

    clock.now = datetime.now(UTC)  # the commands have the real time
    links_printed = [run("sign-in-link", ann.email, secret_keys="").stdout.strip() for _ in range(3)]
    running = started()
    previews = [Reader(running, clock).preview(article, f"Le pont, {word}.") for word in ("un", "deux")]
    assert run("rotate-keys", secret_keys="").exit_code == 0
    late = Reader(running, clock).preview(article, "Le pont, trois.")  # it goes on with the key it had

    after = started()
    assert after.post(links_printed[0]).status_code == 303
    for preview in (previews[0], late):
        assert Reader(after, clock, preview.fields).send(article).status_code == 303
    fresh = run("sign-in-link", ann.email, secret_keys="").stdout.strip()
    assert running.get(fresh).status_code == 410
    assert after.get(fresh).status_code == 200

    forgotten = run("rotate-keys", "--drop-old", secret_keys="")
    assert (forgotten.exit_code, "1 older forgotten" in forgotten.stderr) == (0, True)
    final = started()
    assert final.post(links_printed[1]).status_code == 410
    assert final.post(fresh).status_code == 303
    told = Reader(final, clock, previews[1].fields).send(article)
    assert told.status_code == 200  # previewed anew, with its text
    assert "Le pont, deux." in told.text


def test_a_tracking_address_and_a_signed_in_browser_outlive_every_key(
    run: Run,
    build_parts: BuildParts,
    reader: Reader,
    article: str,
    desk: TestClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    address = reader.preview(article, "Le pont.").send(article).headers["Location"]
    for words in (["rotate-keys"], ["rotate-keys"], ["rotate-keys", "--drop-old"]):
        assert run(*words, secret_keys="").exit_code == 0
    client = TestClient(create_app(build_parts(secret_keys=())))
    assert client.get(address).status_code == 200
    client.cookies.set("session", desk.cookies["session"])
    assert client.get("/desk", follow_redirects=False).status_code == 200


def test_forgetting_older_keys_loses_no_second_factor(
    run: Run,
    build_parts: BuildParts,
    ann: Person,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = pyotp.TOTP(secret := totp.new_secret())
    before = build_parts(secret_keys=())
    with before.writing() as session:
        assert factors.turn_codes_on(session, before.vault, ann, secret, codes.at(clock()), clock())
    for words in (["rotate-keys"], ["rotate-keys", "--drop-old"]):
        assert run(*words, secret_keys="").exit_code == 0
    after = build_parts(secret_keys=())
    clock.tick(minutes=1)
    with after.writing() as session:
        assert factors.prove(session, after.vault, ann.id, clock(), code=codes.at(clock()), recovery="")


def test_keys_of_the_environment_are_printed_and_left_to_the_operator(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("rotate-keys", secret_keys=f"{KEY},{KEY}-the-older-one")
    assert result.exit_code == 0
    new, *old = result.stdout.strip().split(",")
    assert old == [KEY, f"{KEY}-the-older-one"]
    assert re.fullmatch(r"[\w-]{64}", new)
    assert "MODERATION_SECRET_KEYS" in result.stderr
    alone = run("rotate-keys", "--drop-old", secret_keys=f"{KEY}-the-newer-one,{KEY}")
    assert alone.stdout.strip() == f"{KEY}-the-newer-one"
    refused = run("rotate-keys", "--drop-old", secret_keys=KEY)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "one key alone" in refused.stderr
    assert list(tmp_path.glob("var/secret_keys")) == []
    token = Links([KEY]).sign(Opening("x"), NOW)
    assert Links(result.stdout.strip().split(",")).read(Opening, token, NOW)[0] == Opening("x")
