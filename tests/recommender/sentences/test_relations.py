"""Claims that plain words can make without a name: about other films, people's parts in them, and habits."""

import pytest

from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Evidence
from services.recommender.sentences.check import complaint
from tests.recommender.sentences.cinema import RECORD

LIKED = Reason(ReasonKind.LIKED, "Because you liked Collateral (2004)", "Collateral (2004)", 0.9, "c1")
DIRECTOR = Reason(ReasonKind.DIRECTOR, "Directed by Michael Mann, whose films you liked", "Michael Mann", 0.2)
CAST = Reason(ReasonKind.CAST, "With Al Pacino, whom you have liked before", "Al Pacino", 0.2)
GENRE = Reason(ReasonKind.GENRE, "Crime, a genre you like", "Crime", 0.2)
DECADE = Reason(ReasonKind.DECADE, "From the 1990s, a decade you like", "1990s", 0.2)
SERIES = Reason(ReasonKind.SERIES, "Also in the Heat series", "Heat", 0.2)
LANGUAGE = Reason(ReasonKind.LANGUAGE, "In English, like films you liked", "English", 0.2)
PEOPLE = Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", 0.2)
STORY = Reason(ReasonKind.KEYWORD, "A similar story", "the story", 0.2)
POPULAR = Reason(ReasonKind.POPULAR, "Popular in Crime", "Crime", 0.5)


def heat(*reasons: Reason) -> Evidence:
    return Evidence("Heat", 1995, ("Crime", "Thriller"), reasons, "6")


@pytest.mark.parametrize(
    "sentence",
    [
        "It is by the same director as Collateral (2004), which you liked.",
        "It shares its cast with Collateral (2004), which you liked.",
        "It has the same actors as Collateral (2004), which you liked.",
        "It belongs to the same series as Collateral (2004), which you liked.",
        "It continues the story of Collateral (2004), which you liked.",
        "It follows Collateral (2004), which you liked.",
        "It comes before Collateral (2004), which you liked.",
        "It is from the same year as Collateral (2004), which you liked.",
        "It is from the same decade as Collateral (2004), which you liked.",
        "It is in the same language as Collateral (2004), which you liked.",
        "It is a true story, close to Collateral (2004), which you liked.",
        "It tells a story similar to Collateral (2004), which you liked.",
        "It plays in the same world as Collateral (2004), which you liked.",
        "The director of Collateral (2004), which you liked, made this one too.",
        "The star of Collateral (2004), which you liked, is back.",
        "You have been watching Collateral (2004), so this should suit you.",
        "It is liked by people who liked Collateral (2004).",
        "The same people like this one and Collateral (2004).",
        "It is far from Collateral (2004), which you liked.",
        "Al Pacino starred in Collateral (2004), which you liked.",
        "Michael Mann directed Collateral (2004), which you liked.",
        "Collateral (2004), which you liked, is from 1995, too.",
        "Collateral (2004), which you liked, is a thriller, and so is this.",
        "With the lead of Collateral (2004), which you liked.",
        "It was made right after Collateral (2004), which you liked.",
        "Made by the people behind Collateral (2004), which you liked.",
        "Like Collateral (2004), which you liked, it stars Robert De Niro.",
        "As in Collateral (2004), which you liked, Al Pacino plays the lead.",
        "You liked Collateral (2004), and its title is close.",
        "Both Heat and Collateral (2004), which you liked, are by Michael Mann.",
        "Heat and Collateral (2004), which you liked, have Al Pacino in common.",
        "Al Pacino returns after Collateral (2004), which you liked.",
        "It came out with Collateral (2004), which you liked.",
        "You liked Collateral (2004) for its story, and this is close.",
        "You liked the mood of Collateral (2004), and this one has it.",
        "You liked Collateral (2004) tonight.",
        "Everyone who liked Collateral (2004) liked this.",
        "Somebody close to you liked Collateral (2004).",
        "You put Collateral (2004) on your list, and liked it.",
        "It plays through one day, close to Collateral (2004), which you liked.",
        "Al Pacino is in it, close to Collateral, which you liked; he directed it.",
        "Close to Collateral, which you liked, and by Michael Mann; he also stars in it.",
    ],
)
def test_a_relation_without_a_reason_is_refused(sentence: str) -> None:
    assert complaint(sentence, heat(LIKED), RECORD) is not None


def test_a_reason_about_a_director_supports_no_claim_about_another_film() -> None:
    evidence = heat(LIKED, DIRECTOR, CAST)
    assert complaint("It is by the same director as Collateral (2004), which you liked.", evidence, RECORD)
    assert complaint("It shares its cast with Collateral (2004), which you liked.", evidence, RECORD)
    assert complaint("You liked Al Pacino in Collateral (2004), and this is close.", evidence, RECORD)


def test_a_reason_about_a_series_supports_no_claim_about_the_place_in_it() -> None:
    assert complaint("It is part of the Heat series, and the start of it.", heat(SERIES), RECORD)


def test_liked_films_of_a_director_are_not_all_of_them() -> None:
    assert complaint("You have liked all films by Michael Mann.", heat(DIRECTOR), RECORD)


def test_words_of_a_cited_title_support_no_claim() -> None:
    cited = Reason(ReasonKind.LIKED, "Because you liked Toy Story (1995)", "Toy Story (1995)", 0.9, "1")
    assert complaint("It tells a story similar to Toy Story (1995), which you liked.", heat(cited), RECORD)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("From Michael Mann, a director whose films you liked.", DIRECTOR),
        ("It has Al Pacino, an actor whom you have liked before.", CAST),
        ("It comes from a decade you like, the 1990s.", DECADE),
        ("It belongs to the Heat series, too.", SERIES),
        ("It is in the same language as films you liked.", LANGUAGE),
        ("The same people like this one.", PEOPLE),
        ("It tells a similar story.", STORY),
        ("You may like this thriller, as you like crime films.", GENRE),
        ("Another one for you, who liked Collateral (2004), and one to follow it with.", LIKED),
        ("A good next step after Collateral (2004), which you liked.", LIKED),
        ("You liked Collateral (2004), and Al Pacino stars in this one from 1995.", LIKED),
        ("A crime film that many people know.", POPULAR),
        ("Al Pacino is in it, and you have liked him before.", CAST),
        ("You liked Collateral (2004), and this is similar in many ways.", LIKED),
        ("This Michael Mann thriller is a neighbour of Collateral (2004), which you liked.", LIKED),
    ],
)
def test_a_claim_supported_by_a_reason_passes(sentence: str, reason: Reason) -> None:
    assert complaint(sentence, heat(reason), RECORD) is None
