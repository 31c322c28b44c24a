from datetime import timedelta

from conftest import START

from moderation.language import Language
from moderation.lifecycle import Reason
from moderation.wording import READ_AGAIN, Worded, Wording
from moderation.words import Labels


def test_until_the_site_says_otherwise_reasons_are_as_shipped() -> None:
    wording = Wording()
    assert wording.offered == wording.known == tuple(Reason)
    assert Labels(Language("fr", "Europe/Paris"), wording).reason("privacy") == "atteinte à la vie privée"


def test_what_the_site_says_is_said_and_set_as_the_language_sets_it() -> None:
    wording = Wording()
    label = Labels(Language("fr", "Europe/Paris"), wording)
    wording.keep(
        [Worded("proces", "procès : trop tôt", "Attendons !"), Worded("privacy", offered=False)], START
    )
    assert (label.reason("proces"), label.explanation("proces")) == (
        "procès\u00a0: trop tôt",
        "Attendons\u202f!",
    )
    assert (label.reason("privacy"), label.explanation("privacy")) == ("atteinte à la vie privée", "")
    assert (wording.offered, wording.known) == (("proces",), ("proces", "privacy"))


def test_words_of_the_site_are_not_translated() -> None:
    wording = Wording()
    wording.keep([Worded("own", "publicité"), Worded("advertising")], START)
    label = Labels(Language("en", "Europe/Paris"), wording)
    assert (label.reason("own"), label.reason("advertising")) == ("publicité", "advertising")


def test_a_code_that_was_not_read_yet_is_its_own_word() -> None:
    label = Labels(Language("fr", "Europe/Paris"), Wording())
    assert (label.reason("proces"), label.explanation("proces")) == ("proces", "")


def test_they_are_read_again_after_a_while_and_after_a_change() -> None:
    wording = Wording()
    assert wording.is_old(START)
    wording.keep([Worded("own", "un")], START)
    assert not wording.is_old(START)
    assert not wording.is_old(START + READ_AGAIN - timedelta(microseconds=1))
    assert wording.is_old(START + READ_AGAIN)
    assert wording.is_old(START - timedelta(seconds=1))  # the clock was put back
    wording.forget()
    assert wording.is_old(START)
    assert wording.known == ("own",)
