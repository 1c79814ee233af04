"""Clauses of a query text, independent of the engine: terms, names, near misses."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.search.wording import MAX_TERMS, NameClause, Near, WordClause, clauses


@dataclass
class Counts:
    """A lexicon with the number of films of some terms by field."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    films: int = 100

    def count(self, field: str, term: str) -> int:
        return self.counts.get(field, {}).get(term, 0)


def test_a_word_is_searched_in_the_fields_that_have_it():
    lexicon = Counts({"title": {"heat": 2}, "overview": {"heat": 5}, "people": {"mann": 1}})
    assert clauses("Heat Mann", lexicon)[:2] == [
        WordClause("heat", "heat", ("title", "overview")),
        WordClause("mann", "mann", ("people",)),
    ]


def test_clauses_hold_the_word_and_its_stem():
    (word_clause,) = [
        clause for clause in clauses("running", Counts({"title": {"run": 1}})) if isinstance(clause, WordClause)
    ]
    assert (word_clause.word, word_clause.term) == ("running", "run")


def test_a_term_counts_once():
    result = clauses("film films FILM", Counts({"title": {"film": 1}}))
    assert len([clause for clause in result if isinstance(clause, WordClause)]) == 1


@pytest.mark.parametrize(("films", "fields"), [(20, ("title", "overview")), (21, ("title",))])
def test_a_word_in_more_than_a_fifth_of_overviews_is_not_searched_there(films, fields):
    lexicon = Counts({"title": {"man": 3}, "overview": {"man": films}})
    assert clauses("man", lexicon)[0] == WordClause("man", "man", fields)


def test_an_unknown_word_is_treated_as_a_typing_error():
    result = clauses("matrx", Counts())
    assert Near("title", "matrx", 1, 8.0) in result
    assert Near("people", "matrx", 1, 8.0) in result
    assert {clause.distance for clause in clauses("colateralx", Counts()) if isinstance(clause, Near)} == {1, 2}
    assert clauses("zq", Counts()) == [], "very short words have too many near misses"


def test_a_whole_name_is_a_name_clause():
    lexicon = Counts({"title": {"wall": 1}, "name": {"walle": 1}, "person": {"walle": 1}})
    names = [clause for clause in clauses("WALL-E", lexicon) if isinstance(clause, NameClause)]
    assert names == [NameClause("name", "walle", 60.0), NameClause("person", "walle", 15.0)]


def test_near_names_are_searched_only_without_a_matching_name():
    lexicon = Counts({"title": {"the": 9, "matrix": 2}, "name": {"thematrix": 1}})
    assert not [clause for clause in clauses("the matrix", lexicon) if isinstance(clause, Near)]
    near = [
        clause
        for clause in clauses("the matrix the", Counts({"title": {"the": 9, "matrix": 2}}))
        if isinstance(clause, Near)
    ]
    assert near == [Near("name", "thematrixthe", 1, 40.0)]


def test_with_an_unknown_word_two_errors_and_people_are_allowed():
    result = clauses("micheal man", Counts({"people": {"man": 1}}))
    assert Near("name", "michealman", 2, 25.0) in result
    assert Near("person", "michealman", 1, 12.0) in result


@given(st.text(max_size=300))
def test_the_number_of_terms_is_bounded_for_any_text(text):
    lexicon = Counts({"title": {"a": 1}})
    result = clauses(text, lexicon)
    assert len([clause for clause in result if isinstance(clause, WordClause)]) <= MAX_TERMS


def test_of_many_words_the_first_ones_are_used():
    words = [f"word{at}" for at in range(100)]
    result = clauses(" ".join(words), Counts({"title": dict.fromkeys(words, 1)}))
    assert [clause.word for clause in result] == words[:MAX_TERMS]
