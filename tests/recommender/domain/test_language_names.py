"""Languages are called by their names."""

import pytest

from services.recommender.domain.catalogue import LANGUAGE_NAMES, language_name
from services.recommender.query.words.language_words import LANGUAGES


@pytest.mark.parametrize(("code", "name"), [("es", "Spanish"), ("cn", "Cantonese"), ("gd", "Scottish Gaelic")])
def test_a_code_has_its_name(code, name):
    assert language_name(code) == name


def test_a_code_that_is_not_known_stands_for_itself():
    assert language_name("xx") == "xx"


def test_every_language_that_a_query_can_ask_for_has_a_name():
    assert {code for _, codes in LANGUAGES.values() for code in codes} <= set(LANGUAGE_NAMES)
