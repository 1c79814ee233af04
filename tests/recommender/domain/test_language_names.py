"""Names of languages."""

import pytest

from services.recommender.domain.language_names import NAMES, language_name
from services.recommender.query.words.language_words import LANGUAGES


@pytest.mark.parametrize(("code", "name"), [("es", "Spanish"), ("cn", "Cantonese"), ("gd", "Scottish Gaelic")])
def test_a_code_has_its_name(code, name):
    assert language_name(code) == name


def test_an_unknown_code_is_its_own_name():
    assert language_name("xx") == "xx"


def test_every_language_that_a_query_can_ask_for_has_a_name():
    assert {code for _, codes in LANGUAGES.values() for code in codes} <= set(NAMES)
