"""What words ask for, before any engine: terms, names, near misses."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.search.wording import MAX_TERMS, NameClause, Near, WordClause, clauses


@dataclass
class Counts:
    """A lexicon that knows some terms by field."""

    known: dict[str, dict[str, int]] = field(default_factory=dict)
    films: int = 100

    def count(self, field: str, term: str) -> int:
        return self.known.get(field, {}).get(term, 0)


def test_a_word_is_looked_for_where_it_stands():
    lexicon = Counts({"title": {"heat": 2}, "overview": {"heat": 5}, "people": {"mann": 1}})
    assert clauses("Heat Mann", lexicon)[:2] == [
        WordClause("heat", "heat", ("title", "overview")),
        WordClause("mann", "mann", ("people",)),
    ]


def test_words_are_kept_beside_their_stems():
    (found,) = [each for each in clauses("running", Counts({"title": {"run": 1}})) if isinstance(each, WordClause)]
    assert (found.word, found.term) == ("running", "run")


def test_a_term_counts_once():
    found = clauses("film films FILM", Counts({"title": {"film": 1}}))
    assert len([each for each in found if isinstance(each, WordClause)]) == 1


@pytest.mark.parametrize(("films", "fields"), [(20, ("title", "overview")), (21, ("title",))])
def test_what_every_fifth_overview_says_tells_nothing(films, fields):
    lexicon = Counts({"title": {"man": 3}, "overview": {"man": films}})
    assert clauses("man", lexicon)[0] == WordClause("man", "man", fields)


def test_a_word_that_stands_nowhere_is_taken_for_a_typing_error():
    found = clauses("matrx", Counts())
    assert Near("title", "matrx", 1, 8.0) in found
    assert Near("people", "matrx", 1, 8.0) in found
    assert {each.distance for each in clauses("colateralx", Counts()) if isinstance(each, Near)} == {1, 2}
    assert clauses("zq", Counts()) == [], "the shortest would turn into each other"


def test_a_whole_name_lifts_the_film():
    lexicon = Counts({"title": {"wall": 1}, "name": {"walle": 1}, "person": {"walle": 1}})
    names = [each for each in clauses("WALL-E", lexicon) if isinstance(each, NameClause)]
    assert names == [NameClause("name", "walle", 60.0), NameClause("person", "walle", 15.0)]


def test_near_names_are_asked_for_only_where_no_name_is_hit():
    lexicon = Counts({"title": {"the": 9, "matrix": 2}, "name": {"thematrix": 1}})
    assert not [each for each in clauses("the matrix", lexicon) if isinstance(each, Near)]
    near = [
        each for each in clauses("the matrix the", Counts({"title": {"the": 9, "matrix": 2}})) if isinstance(each, Near)
    ]
    assert near == [Near("name", "thematrixthe", 1, 40.0)]


def test_with_an_unknown_word_two_errors_and_people_are_allowed():
    found = clauses("micheal man", Counts({"people": {"man": 1}}))
    assert Near("name", "michealman", 2, 25.0) in found
    assert Near("person", "michealman", 1, 12.0) in found


@given(st.text(max_size=300))
def test_no_text_is_too_much(text):
    known = Counts({"title": {"a": 1}})
    found = clauses(text, known)
    assert len([each for each in found if isinstance(each, WordClause)]) <= MAX_TERMS


def test_of_many_words_the_first_count():
    words = [f"word{at}" for at in range(100)]
    found = clauses(" ".join(words), Counts({"title": dict.fromkeys(words, 1)}))
    assert [each.word for each in found] == words[:MAX_TERMS]
