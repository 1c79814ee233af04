from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.explain.phrases import ALONE
from services.adapters.explain.template import TemplateExplainer
from services.recommender.domain.genres import GENRES
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import SENTENCE_WORDS, Deadline, Evidence, Page
from services.recommender.query.words.concepts import AUDIENCES, COMPANY, CONCEPTS
from services.recommender.sentences.genre_nouns import noun_of
from tests.builders import ManualClock

DEADLINE = Deadline.within(ManualClock(), 6)
COLLATERAL = Reason(ReasonKind.LIKED, "Because you liked Collateral (2004)", "Collateral (2004)", 0.9, "c1")
THIEF = Reason(ReasonKind.LIKED, "Because you liked Thief (1981)", "Thief (1981)", 0.5, "t1")
MANN = Reason(ReasonKind.DIRECTOR, "Directed by Michael Mann, whose films you liked", "Michael Mann", 0.2)


def explain(*evidence: Evidence) -> tuple[str, ...]:
    return TemplateExplainer().explain(Page(evidence), DEADLINE).sentences


def sentence(*reasons: Reason, title: str = "Heat") -> str:
    return explain(Evidence(title, 1995, ("Crime",), reasons))[0]


def test_names_the_liked_film_and_the_director() -> None:
    output = sentence(COLLATERAL, MANN)
    assert "Collateral (2004)" in output
    assert "Michael Mann" in output
    assert "liked" in output


def test_names_both_liked_films() -> None:
    assert all(film in sentence(COLLATERAL, THIEF) for film in ("Collateral (2004)", "Thief (1981)"))


def test_a_watched_film_is_not_called_liked() -> None:
    output = sentence(Reason(ReasonKind.LIKED, "Because you watched Thief (1981)", "Thief (1981)", 0.5, "t1"))
    assert "watched" in output
    assert "liked" not in output


@pytest.mark.parametrize(
    ("reason", "named"),
    [
        (MANN, "Michael Mann"),
        (Reason(ReasonKind.CAST, "With Al Pacino, whom you have liked before", "Al Pacino", 0.2), "Al Pacino"),
        (Reason(ReasonKind.KEYWORD, "About “heist”, like films you liked", "heist", 0.2), "“heist”"),
        (Reason(ReasonKind.GENRE, "Crime, a genre you like", "Crime", 0.2), "crime"),
        (Reason(ReasonKind.DECADE, "From the 1990s, a decade you like", "1990s", 0.2), "1990s"),
        (Reason(ReasonKind.SERIES, "From the Matrix series, which you like", "The Matrix", 0.2), "Matrix series"),
        (Reason(ReasonKind.LANGUAGE, "In fr, like films you liked", "fr", 0.2), "language"),
        (Reason(ReasonKind.DIRECTOR, "Also directed by Michael Mann", "Michael Mann", 0.2), "Michael Mann"),
        (Reason(ReasonKind.KEYWORD, "A similar story", "the story", 0.2), "similar"),
        (Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", 0.2), "people"),
        (Reason(ReasonKind.POPULAR, "Popular in Western", "Western", 0.2), "western"),
        (Reason(ReasonKind.QUERY, "Titled “Heat”", "Heat", 1.0), "title"),
        (Reason(ReasonKind.QUERY, "Matches “moon”, “heist”", "moon heist", 1.0), "“moon” and “heist”"),
        (Reason(ReasonKind.QUERY, "Close in meaning to “a robbery”", "a robbery", 1.0), "meaning"),
    ],
)
def test_phrases_name_the_subject_of_the_reason(reason: Reason, named: str) -> None:
    # Several films, so that each variant of the phrase appears once.
    page = explain(*[Evidence("Heat", 1995, ("Crime",), (reason,))] * 9)
    assert all(named.lower() in output.lower() for output in page)


def test_similarity_to_a_named_film_does_not_mention_the_person() -> None:
    also = Reason(ReasonKind.DIRECTOR, "Also directed by Michael Mann", "Michael Mann", 0.2)
    assert all("you" not in output for output in explain(*[Evidence("Heat", 1995, (), (also,))] * 9))


def test_query_conditions_are_one_phrase() -> None:
    output = sentence(
        Reason(ReasonKind.QUERY, "With Al Pacino", "Al Pacino", 1.0),
        Reason(ReasonKind.QUERY, "Comedy", "comedy", 1.0),
        Reason(ReasonKind.QUERY, "From 1994", "1990s", 1.0),
    )
    assert "a comedy with Al Pacino from 1994" in output.replace("A comedy", "a comedy")


def query_reasons(*texts: str, subjects: dict[str, str] | None = None) -> list[Reason]:
    return [Reason(ReasonKind.QUERY, text, (subjects or {}).get(text, text), 1.0) for text in texts]


CONDITIONS = sorted({concept.text for concepts in (CONCEPTS, AUDIENCES, COMPANY) for concept in concepts.values()})
PHRASES = {
    **{genre: noun_of(genre).one.partition(" ")[2] for genre in GENRES}, "Romantic": "romance",
    "True story": "true story", "Musical": "musical", "Film noir": "film noir",
}  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_query_condition_is_named(condition: str) -> None:
    for output in explain(*[Evidence("Heat", 1995, ("Crime",), tuple(query_reasons(condition)))] * 9):
        assert PHRASES.get(condition, condition).lower() in output.lower()


@pytest.mark.parametrize(
    ("texts", "phrase"),
    [
        (("With Al Pacino", "With Robert De Niro"), "a film with Al Pacino and Robert De Niro"),
        (("Science Fiction", "Horror"), "a science fiction film that is also a horror film"),
        (("Japanese", "Anime"), "a Japanese anime film"),
        (("From Pixar or its directors", "Fun"), "a fun film from Pixar or its directors"),
        (("Chick flick", "From 2008"), "a chick flick from 2008"),
        (("Beautiful to look at", "French"), "a French film that is beautiful to look at"),
        (("Sad", "French", "Comedy", "From 1994"), "a sad French comedy from 1994"),
        (("Black and white", "Thriller", "With Al Pacino"), "a thriller with Al Pacino in black and white"),
    ],
)
def test_several_conditions_follow_english_word_order(texts: tuple[str, ...], phrase: str) -> None:
    subjects = {text: text.removeprefix("With ") for text in texts}
    output = sentence(*query_reasons(*texts, subjects=subjects))
    assert output.lower().startswith(phrase.lower())


def test_words_of_a_series_name_are_not_repeated() -> None:
    for output in explain(*[
        Evidence("Heat", 1995, (), tuple(query_reasons("From the Toy Story series", "Matches “toy”, “story”",
                                               subjects={"From the Toy Story series": "Toy Story"})))
    ] * 9):  # fmt: skip
        assert "Toy Story series" in output
        assert "“" not in output


def test_a_common_keyword_is_named_with_the_conditions() -> None:
    also = Reason(ReasonKind.KEYWORD, "Also about “dystopia”", "dystopia", 0.2)
    for output in explain(*[Evidence("Brazil", 1985, (), (*query_reasons("Funny"), also))] * 9):
        assert "funny film" in output
        assert "“dystopia”" in output


def test_a_genre_does_not_always_replace_a_second_film() -> None:
    crime = Reason(ReasonKind.GENRE, "Crime, a genre you like", "Crime", 0.2)
    page = explain(*[Evidence("Heat", 1995, ("Crime",), (COLLATERAL, THIEF, crime))] * 10)
    both = [output for output in page if "Thief (1981)" in output]
    assert 3 <= len(both) <= 7
    assert all("crime film" in output for output in page if output not in both)


NINETIES = Reason(ReasonKind.DECADE, "From the 1990s, a decade you like", "1990s", 0.2)
AROUND = Reason(ReasonKind.DECADE, "From the 1990s and 2000s, like films you liked", "1990s and 2000s", 0.2)


@pytest.mark.parametrize("decade", [NINETIES, AROUND])
def test_next_to_a_liked_film_year_and_genre_are_named_instead_of_the_decade(decade: Reason) -> None:
    page = explain(*[Evidence("Heat", 1995, ("Crime", "Drama"), (COLLATERAL, decade))] * 9)
    assert any("a 1995 crime film" in output for output in page)
    assert not any("1990s" in output for output in page)
    assert all("Collateral (2004)" in output for output in page)
    [cartoon] = explain(Evidence("Up", 2009, ("Adventure", "Animation"), (COLLATERAL, decade)))
    assert "a 2009 animated film" in cartoon
    [bare] = explain(Evidence("Up", None, (), (COLLATERAL, NINETIES)))
    assert "a film of the 1990s" in bare


def test_two_decades_are_not_called_a_decade() -> None:
    for output in explain(*[Evidence("Heat", 1995, ("Crime",), (AROUND,))] * 5):
        assert "1990s and 2000s" in output
        assert "a decade" not in output


def test_a_year_of_the_1800s_has_the_right_article() -> None:
    popular = Reason(ReasonKind.POPULAR, "Popular in Comedy", "Comedy", 0.2)
    page = explain(*[Evidence("The Waterer Watered", 1895, ("Comedy",), (popular,))] * 9)
    assert any("an 1895 comedy" in output.lower() for output in page)
    assert not any("a 1895" in output.lower() for output in page)


@pytest.mark.parametrize("text", ["Closest to your query", "Popular; does not match", "Popular; nothing matched"])
def test_a_film_that_does_not_match_is_not_said_to_match(text: str) -> None:
    reason = Reason(ReasonKind.NEAREST, text, "a heist on the moon", 0.0)
    for output in explain(*[Evidence("Heat", 1995, (), (reason,))] * 3):
        assert any(word in output.lower() for word in ("not", "no match", "only comes close"))


def test_a_filler_film_is_not_called_well_known() -> None:
    reason = Reason(ReasonKind.POPULAR, "Not yet well known here", "the catalogue", 0.0)
    assert all(
        "well known" not in output and "best" not in output
        for output in explain(*[Evidence("A", 1, (), (reason,))] * 9)
    )


def test_twenty_films_with_one_reason_have_varied_openings() -> None:
    page = explain(*[Evidence(f"Film {n}", 1990, ("Drama",), (COLLATERAL,)) for n in range(20)])
    openings = Counter(" ".join(output.split()[:3]) for output in page)
    assert len(openings) >= 8
    assert max(openings.values()) <= 3


def test_films_with_different_evidence_have_varied_openings() -> None:
    crime = Reason(ReasonKind.GENRE, "Crime, a genre you like", "Crime", 0.2)
    shapes = ((COLLATERAL, crime), (COLLATERAL, THIEF, crime), (COLLATERAL, MANN), (COLLATERAL, THIEF))
    page = explain(*[Evidence("Heat", 1995, ("Crime",), shapes[n % 4]) for n in range(8)])
    openings = Counter(" ".join(output.split()[:2]) for output in page)
    assert max(openings.values()) == 1


def test_sentences_do_not_depend_on_later_films_of_the_page() -> None:
    evidence = [Evidence(f"Film {n}", 1990, ("Drama",), (COLLATERAL, MANN)[: 1 + n % 2]) for n in range(20)]
    assert explain(*evidence)[:7] == explain(*evidence[:7])


reasons = st.builds(
    Reason,
    st.sampled_from(list(ReasonKind)),
    st.sampled_from(["Popular", "Because you liked x", "Also", "Matches “a”", "From the x series", "With x", "x"]),
    st.text("abc “{}", min_size=1, max_size=120),
    st.just(1.0),
    st.sampled_from([None, "f1"]),
)


@given(st.lists(reasons, max_size=5), st.text("xyz .!{}", min_size=1, max_size=200))
def test_any_evidence_gives_one_sentence_of_at_most_22_words(drawn: list[Reason], title: str) -> None:
    output = sentence(*drawn, title=title)
    assert 1 <= len(output.split()) <= SENTENCE_WORDS
    assert output.endswith((".", "!", "?", "…"))


def test_every_genre_has_a_noun() -> None:
    for genre in GENRES:
        one, many = noun_of(genre)
        assert one.split()[0] in ("a", "an")
        assert many.split()[-1].endswith("s") or " " in many


def test_no_phrase_is_listed_twice() -> None:
    for forms in ALONE.values():
        assert len(set(forms)) == len(forms)
