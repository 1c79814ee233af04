"""Pseudonyms: a keyed hash distinguishes people without showing their ids."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.adapters.secrets import FixedSecret
from services.api.app.observability.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(FixedSecret(("a pepper of one deployment",)))


@given(st.text(max_size=40), st.text(max_size=40))
def test_different_people_have_different_pseudonyms(user: str, other: str) -> None:
    assert re.fullmatch("[0-9a-f]{12}", PSEUDONYMS.of(user))
    encoded = [user_id.encode("utf-8", "replace") for user_id in (user, other)]
    assert (PSEUDONYMS.of(user) == PSEUDONYMS.of(other)) == (encoded[0] == encoded[1])


def test_pseudonyms_are_stable_within_a_deployment_and_differ_between_deployments() -> None:
    same_deployment = Pseudonyms(FixedSecret(("a pepper of one deployment",)))
    other_deployment = Pseudonyms(FixedSecret(("a pepper of another one",)))
    assert PSEUDONYMS.of("ann") == same_deployment.of("ann") != other_deployment.of("ann")


def test_without_a_secret_pseudonyms_are_stable_within_the_process() -> None:
    first, second = Pseudonyms(None), Pseudonyms(None)
    assert first.of("ann") == first.of("ann") != second.of("ann")


def test_a_secret_that_has_to_be_fetched_is_not_awaited() -> None:
    class Elsewhere:
        is_cached = False

        def __call__(self) -> tuple[str, ...]:
            raise AssertionError("the secret is fetched")

    assert Pseudonyms(Elsewhere()).of("ann")
