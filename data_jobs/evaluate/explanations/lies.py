"""Lies made from true sentences to test the checker; each is false of its film by construction."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.explanations.checker import MOST_WORDS, FilmFacts
from services.recommender.domain.request import ReasonKind
from services.recommender.sentences.genre_nouns import noun_of


@dataclass(frozen=True, slots=True)
class Lie:
    """A false sentence about a film. ``kind``: how it was made."""

    kind: str
    sentence: str
    film: FilmFacts


@dataclass(frozen=True, slots=True)
class OtherFacts:
    """Facts of other films, to replace true ones."""

    titles: Sequence[str]
    people: Sequence[str]
    genres: Sequence[str]
    keywords: Sequence[str]


def lies(
    sentences: Sequence[tuple[str, FilmFacts]], others: OtherFacts, count: int, rng: np.random.Generator
) -> list[Lie]:
    """Return up to ``count`` lies made from true sentences, cycling through the kinds."""
    made: dict[str, Iterator[Lie]] = {
        kind: _lies_of(kind, distort, sentences, others, rng) for kind, distort in _KINDS.items()
    }
    planted: list[Lie] = []
    while made and len(planted) < count:
        for kind in list(made):
            lie = next(made[kind], None)
            if lie is None:
                del made[kind]
            elif len(planted) < count:
                planted.append(lie)
    return planted


Distortion = Callable[[str, FilmFacts, OtherFacts, np.random.Generator], str | None]


def _lies_of(
    kind: str,
    distort: Distortion,
    sentences: Sequence[tuple[str, FilmFacts]],
    others: OtherFacts,
    rng: np.random.Generator,
) -> Iterator[Lie]:
    for at in rng.permutation(len(sentences)).tolist():
        sentence, film = sentences[at]
        lie = distort(sentence, film, others, rng)
        if lie is not None and lie != sentence and len(lie.split()) <= MOST_WORDS:
            yield Lie(kind, lie, film)


def _different(values: Sequence[str], taken: str, rng: np.random.Generator) -> str | None:
    """Return a value that does not occur in ``taken``; None if none is drawn in 20 attempts."""
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


def _another_film(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    for title in _cited(film):
        if title in sentence and (replacement := _different(others.titles, _everything(sentence, film), rng)):
            return sentence.replace(title, replacement)
    return None


def _another_person(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    for person in (*film.directors, *film.cast):
        if person in sentence and (replacement := _different(others.people, _everything(sentence, film), rng)):
            return sentence.replace(person, replacement)
    return None


def _another_genre(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    given = {*film.genres, *(reason.subject for reason in film.reasons), *(reason.text for reason in film.reasons)}
    wrong = [genre for genre in others.genres if genre not in given]
    if not wrong:
        return None
    replacement = noun_of(str(rng.choice(wrong)))
    for genre in given:
        for old, new in zip(noun_of(genre), replacement, strict=True):
            if re.search(rf"\b{re.escape(old)}\b", sentence):
                return re.sub(rf"\b{re.escape(old)}\b", new, sentence)
    return None


def _another_year(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    years = re.findall(r"\b\d{4}\b", sentence.replace(film.title, ""))
    return sentence.replace(years[0], str(int(years[0]) + int(rng.integers(1, 5)))) if years else None


def _another_decade(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    decade = re.search(r"\b\d{4}s\b", sentence)
    return sentence.replace(decade[0], f"{int(decade[0][:4]) - 20}s") if decade else None


def _another_deed(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if _cited(film) and any(reason.text.startswith("Because you liked") for reason in film.reasons):
        return re.sub(r"\byou liked\b", "you watched", sentence, flags=re.IGNORECASE)
    return None


def _the_film_itself(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"You liked {film.title}, and here it is again."


def _an_award(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"{sentence.rstrip('.')}, and it won {int(rng.integers(2, 12))} Oscars."


def _a_person_more(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    replacement = _different(others.people, _everything(sentence, film), rng)
    return f"{sentence.rstrip('.')}, with {replacement} in it." if replacement else None


def _a_film_more(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    replacement = _different(others.titles, _everything(sentence, film), rng)
    return f"{sentence.rstrip('.')}, much like {replacement}." if replacement else None


def _another_role(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    actors = [person for person in film.cast if person not in film.directors]
    makers = [person for person in film.directors if person not in film.cast]
    if actors and rng.random() < 0.5:
        return f"{actors[0]} directed it, and it is close to what you like."
    return f"It stars {makers[0]}, and is close to what you like." if makers else None


def _fame(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if any(reason.text.startswith("Popular") for reason in film.reasons):
        return "Few people here know this one yet."
    return f"{sentence.rstrip('.')}, and it is well known here."


def _a_question(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    of_query = {ReasonKind.QUERY, ReasonKind.NEAREST} & {reason.kind for reason in film.reasons}
    return None if of_query else "It has what you asked for in it."


def _a_match(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    near = next((reason for reason in film.reasons if reason.kind is ReasonKind.NEAREST), None)
    return None if near is None else f"It fits “{near.subject}”, as you asked."


def _another_theme(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:
    quoted = re.findall(r"“([^”]+)”", sentence)
    replacement = _different(others.keywords, _everything(sentence, film), rng)
    return sentence.replace(quoted[0], replacement) if quoted and replacement else None


def _a_liking(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    cited_subjects = {reason.subject for reason in film.reasons}
    uncited = [genre for genre in film.genres if genre not in cited_subjects]
    return f"You like {noun_of(uncited[0]).many}, and this is one." if uncited else None


def _a_denial(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return f"You did not like {_cited(film)[0]}, and this one is close to it." if _cited(film) else None


def _kinds_of(film: FilmFacts) -> set[ReasonKind]:
    return {reason.kind for reason in film.reasons}


def _a_relation(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Return a claim about two films that no reason supports."""
    if not _cited(film) or any(reason.text.startswith("With ") for reason in film.reasons):
        return None
    liked, kinds = _cited(film)[0], _kinds_of(film)
    claims = [
        f"You liked {liked}, and this is from the same year.",
        f"Some of the cast of {liked} are in this one, too.",
    ]
    if ReasonKind.DIRECTOR not in kinds:
        claims.append(f"It is by the director of {liked}, which you liked.")
    if ReasonKind.SERIES not in kinds:
        claims.append(f"You liked {liked}, and this belongs to the same series.")
    return claims[int(rng.integers(len(claims)))]


def _a_sequel(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    claims = ("It continues the story of {}.", "It takes place before {}.", "It follows {}, which you know.")
    return claims[int(rng.integers(len(claims)))].format(_cited(film)[0]) if _cited(film) else None


def _a_true_story(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if any(reason.text == "True story" for reason in film.reasons) or len(sentence.split()) > 17:
        return None
    return f"{sentence.rstrip('.')}, and it is a true story."


def _a_part_elsewhere(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    people = [*film.cast, *film.directors]
    if not people or not _cited(film):
        return None
    return f"You liked {_cited(film)[0]}, and {people[0]} in {_cited(film)[0]}."


def _a_habit(sentence: str, film: FilmFacts, others: OtherFacts, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    if not film.genres:
        return None
    return f"You often choose {noun_of(film.genres[0]).many}, and here is another."


_KINDS: dict[str, Distortion] = {
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
