"""The administrator in the folder of a service’s user, who may have put a link to anything there."""

import os
import pwd
from pathlib import Path

import pytest
from conftest import Run

from moderation import keyring, ownership, part

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def theirs(tmp_path: Path, url: str) -> Path:
    """The folder of the database, once it is nobody’s."""
    if not url.startswith("sqlite"):
        pytest.skip("this is about SQLite")
    os.chown(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    return tmp_path


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the administrator’s alone."""
    file = tmp_path_factory.mktemp("root") / "shadow"
    file.write_text("secret")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("words", [("queue",), ("doctor",), ("backup", "{own}"), ("restore", "{own}")])
def test_no_command_of_the_administrator_s_follows_a_link_of_the_owner_s(
    run: Run, theirs: Path, victim: Path, words: tuple[str, ...]
) -> None:
    own = victim.with_name("a.backup")
    os.chown(theirs, 0, 0)
    assert run("backup", str(own)).exit_code == 0
    (theirs / "test.db-lock").unlink()
    (theirs / "test.db-lock").symlink_to(victim)
    (theirs / ".test.db.part").symlink_to(victim)
    os.chown(theirs, NOBODY.pw_uid, NOBODY.pw_gid)
    again = own.with_name("b.backup") if words[0] == "backup" else own
    result = run(*(word.format(own=again) for word in words))
    assert result.exit_code != 0
    assert "run it as nobody" in result.stderr + result.stdout
    assert (victim.read_text(), victim.stat().st_uid, victim.stat().st_mode & 0o777) == ("secret", 0, 0o600)


def test_nor_is_a_file_made_there(theirs: Path) -> None:
    with pytest.raises(PermissionError, match="run it as nobody"), part.beside(theirs / "a.backup"):
        pass


def test_nor_are_keys_made_there(theirs: Path) -> None:
    with pytest.raises(PermissionError, match="run it as nobody"):
        keyring.kept(theirs / "var" / "secret_keys")
    assert not (theirs / "var").exists()


def test_a_folder_of_the_administrator_s_is_theirs(tmp_path: Path) -> None:
    ownership.check(tmp_path)


def test_an_owner_without_a_name_is_told_by_number(tmp_path: Path) -> None:
    os.chown(tmp_path, 54_321, 54_321)
    with pytest.raises(PermissionError, match="user 54321"):
        ownership.check(tmp_path)


def test_a_link_of_theirs_to_a_folder_of_the_administrator_s_is_theirs(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    ownership.check(link)
    os.lchown(link, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(PermissionError, match="run it as nobody"):
        ownership.check(link)


@pytest.mark.parametrize("place", ["new/here", "link/etc"])
def test_nor_is_a_folder_made_there_or_behind_a_link_of_theirs(
    theirs: Path, victim: Path, run: Run, place: str
) -> None:
    (theirs / "link").symlink_to(victim.parent)
    os.lchown(theirs / "link", NOBODY.pw_uid, NOBODY.pw_gid)
    result = run("upgrade", database_url=f"sqlite:///{theirs / place / 'm.db'}")
    assert result.exit_code == 1
    assert "run it as nobody" in result.stderr
    assert not (theirs / "new").exists()
    assert [*victim.parent.iterdir()] == [victim]
