import pytest

from browser.conftest import find_chromium

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("given", [None, "/nowhere/chromium"], ids=["nothing-set", "wrong-path"])
def test_without_chromium_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    if given is not None:
        monkeypatch.setenv("CHROMIUM", given)
    with pytest.raises(pytest.fail.Exception, match="apt install chromium, or CHROMIUM=/path"):
        find_chromium()
