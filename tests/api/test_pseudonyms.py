"""Pseudonyms: the same person is told apart from others, by a key that nobody else has."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.adapters.secrets import FixedSecret
from services.api.app.observability.pseudonyms import Pseudonyms

ONE = Pseudonyms(FixedSecret(("a pepper of one deployment",)))


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_same_person_has_one_and_others_have_others(user: str, other: str) -> None:
    assert re.fullmatch("[0-9a-f]{12}", ONE.of(user))
    written = [each.encode("utf-8", "replace") for each in (user, other)]
    assert (ONE.of(user) == ONE.of(other)) == (written[0] == written[1])


def test_every_process_of_a_deployment_says_the_same_and_no_other_deployment_does() -> None:
    again = Pseudonyms(FixedSecret(("a pepper of one deployment",)))
    other = Pseudonyms(FixedSecret(("a pepper of another one",)))
    assert ONE.of("ann") == again.of("ann") != other.of("ann")


def test_without_a_secret_they_hold_for_the_process() -> None:
    one, other = Pseudonyms(None), Pseudonyms(None)
    assert one.of("ann") == one.of("ann") != other.of("ann")


def test_a_secret_that_is_not_at_hand_is_not_waited_for() -> None:
    class Elsewhere:
        is_at_hand = False

        def __call__(self) -> tuple[str, ...]:
            raise AssertionError("asked")

    assert Pseudonyms(Elsewhere()).of("ann")
