"""Lies planted into true sentences to test the checker: each is false of its film by construction."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.explanations.checker import FilmFacts
from services.recommender.domain.request import ReasonKind
from services.recommender.sentences.genre_nouns import noun_of


@dataclass(frozen=True, slots=True)
class Lie:
    """``kind``: what was done to the sentence."""

    kind: str
    sentence: str
    film: FilmFacts


@dataclass(frozen=True, slots=True)
class Others:
    """Facts of other films: titles, people, genres, keywords."""

    titles: Sequence[str]
    people: Sequence[str]
    genres: Sequence[str]
    keywords: Sequence[str]


def lies(sentences: Sequence[tuple[str, FilmFacts]], others: Others, count: int, rng: np.random.Generator) -> list[Lie]:
    """Return ``count`` lies made from true sentences, cycling through the kinds as far as the sentences allow."""
    made: dict[str, Iterator[Lie]] = {kind: _all(kind, tell, sentences, others, rng) for kind, tell in _KINDS.items()}
    planted: list[Lie] = []
    while made and len(planted) < count:
        for kind in list(made):
            lie = next(made[kind], None)
            if lie is None:
                del made[kind]
            elif len(planted) < count:
                planted.append(lie)
    return planted


Teller = Callable[[str, FilmFacts, Others, np.random.Generator], str | None]


def _all(
    kind: str, tell: Teller, sentences: Sequence[tuple[str, FilmFacts]], others: Others, rng: np.random.Generator
) -> Iterator[Lie]:
    for at in rng.permutation(len(sentences)).tolist():
        sentence, film = sentences[at]
        lie = tell(sentence, film, others, rng)
        if lie is not None and lie != sentence and len(lie.split()) <= 22:
            yield Lie(kind, lie, film)


def _one(values: Sequence[str], taken: str, rng: np.random.Generator) -> str | None:
    """Return another value that is not part of what is taken; None if there is none."""
    if not values:
        return None
    for at in rng.integers(0, len(values), 20).tolist():
        value = str(values[at])
        if value and value.lower() not in taken.lower():
            return value
    return None


def _everything(sentence: str, film: FilmFacts) -> str:
    return " | ".join(
        [sentence, film.title, *film.directors, *film.cast, *film.keywords, *(r.text for r in film.reasons)]
    )


def _cited(film: FilmFacts) -> list[str]:
    return [reason.subject for reason in film.reasons if reason.kind is ReasonKind.LIKED and reason.item_id]


def _another_film(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    for title in _cited(film):
        if title in sentence and (other := _one(others.titles, _everything(sentence, film), rng)):
            return sentence.replace(title, other)
    return None


def _another_person(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    for person in (*film.directors, *film.cast):
        if person in sentence and (other := _one(others.people, _everything(sentence, film), rng)):
            return sentence.replace(person, other)
    return None


def _another_genre(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    given = {*film.genres, *(reason.subject for reason in film.reasons), *(reason.text for reason in film.reasons)}
    wrong = [genre for genre in others.genres if genre not in given]
    if not wrong:
        return None
    other = noun_of(str(rng.choice(wrong)))
    for genre in given:
        for old, new in zip(noun_of(genre), other, strict=True):
            if re.search(rf"\b{re.escape(old)}\b", sentence):
                return re.sub(rf"\b{re.escape(old)}\b", new, sentence)
    return None


def _another_year(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    years = re.findall(r"\b\d{4}\b", sentence.replace(film.title, ""))
    return sentence.replace(years[0], str(int(years[0]) + int(rng.integers(1, 5)))) if years else None


def _another_decade(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    decade = re.search(r"\b\d{4}s\b", sentence)
    return sentence.replace(decade[0], f"{int(decade[0][:4]) - 20}s") if decade else None


def _another_deed(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if _cited(film) and any(reason.text.startswith("Because you liked") for reason in film.reasons):
        return re.sub(r"\byou liked\b", "you watched", sentence, flags=re.IGNORECASE)
    return None


def _the_film_itself(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"You liked {film.title}, and here it is again."


def _an_award(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"{sentence.rstrip('.')}, and it won {int(rng.integers(2, 12))} Oscars."


def _a_person_more(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    other = _one(others.people, _everything(sentence, film), rng)
    return f"{sentence.rstrip('.')}, with {other} in it." if other else None


def _a_film_more(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    other = _one(others.titles, _everything(sentence, film), rng)
    return f"{sentence.rstrip('.')}, much like {other}." if other else None


def _another_role(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    actors = [person for person in film.cast if person not in film.directors]
    makers = [person for person in film.directors if person not in film.cast]
    if actors and rng.random() < 0.5:
        return f"{actors[0]} directed it, and it is close to what you like."
    return f"It stars {makers[0]}, and is close to what you like." if makers else None


def _fame(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if any(reason.text.startswith("Popular") for reason in film.reasons):
        return "Few people here know this one yet."
    return f"{sentence.rstrip('.')}, and it is well known here."


def _a_question(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    of_query = {ReasonKind.QUERY, ReasonKind.NEAREST} & {reason.kind for reason in film.reasons}
    return None if of_query else "It has what you asked for in it."


def _a_match(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    near = next((reason for reason in film.reasons if reason.kind is ReasonKind.NEAREST), None)
    return None if near is None else f"It fits “{near.subject}”, as you asked."


def _another_theme(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:
    quoted = re.findall(r"“([^”]+)”", sentence)
    other = _one(others.keywords, _everything(sentence, film), rng)
    return sentence.replace(quoted[0], other) if quoted and other else None


def _a_liking(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    said = {reason.subject for reason in film.reasons}
    own = [genre for genre in film.genres if genre not in said]
    return f"You like {noun_of(own[0]).many}, and this is one." if own else None


def _a_denial(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"You did not like {_cited(film)[0]}, and this one is close to it." if _cited(film) else None


def _kinds_of(film: FilmFacts) -> set[ReasonKind]:
    return {reason.kind for reason in film.reasons}


def _a_relation(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Say of two films what no reason says of them."""
    if not _cited(film) or any(reason.text.startswith("With ") for reason in film.reasons):
        return None
    liked, kinds = _cited(film)[0], _kinds_of(film)
    told = [f"You liked {liked}, and this is from the same year.", f"Some of the cast of {liked} are in this one, too."]
    if ReasonKind.DIRECTOR not in kinds:
        told.append(f"It is by the director of {liked}, which you liked.")
    if ReasonKind.SERIES not in kinds:
        told.append(f"You liked {liked}, and this belongs to the same series.")
    return told[int(rng.integers(len(told)))]


def _a_sequel(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    told = ("It continues the story of {}.", "It takes place before {}.", "It follows {}, which you know.")
    return told[int(rng.integers(len(told)))].format(_cited(film)[0]) if _cited(film) else None


def _a_true_story(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if any(reason.text == "True story" for reason in film.reasons) or len(sentence.split()) > 17:
        return None
    return f"{sentence.rstrip('.')}, and it is a true story."


def _a_part_elsewhere(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    people = [*film.cast, *film.directors]
    if not people or not _cited(film):
        return None
    return f"You liked {_cited(film)[0]}, and {people[0]} in {_cited(film)[0]}."


def _a_habit(sentence: str, film: FilmFacts, others: Others, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if not film.genres:
        return None
    return f"You often choose {noun_of(film.genres[0]).many}, and here is another."


_KINDS: dict[str, Teller] = {
    "another film": _another_film,
    "another person": _another_person,
    "another genre": _another_genre,
    "another year": _another_year,
    "another decade": _another_decade,
    "watched for liked": _another_deed,
    "the film itself": _the_film_itself,
    "an award": _an_award,
    "a person more": _a_person_more,
    "a film more": _a_film_more,
    "another role": _another_role,
    "fame": _fame,
    "asked for": _a_question,
    "said to match": _a_match,
    "another theme": _another_theme,
    "a liking": _a_liking,
    "a denial": _a_denial,
    "a relation": _a_relation,
    "a sequel": _a_sequel,
    "a true story": _a_true_story,
    "a part elsewhere": _a_part_elsewhere,
    "a habit": _a_habit,
}
