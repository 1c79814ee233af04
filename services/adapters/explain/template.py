"""Template explanations: no model, no network, only the evidence.

The content is chosen by a film's first reasons; the wording is the one that the page has used least. A sentence that
gets too long is replaced by a shorter form.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from services.adapters.explain.phrases import (
    ALONE,
    BOTH_LIKED,
    KNOWN,
    LIKED_AND_TRAIT,
    NOTHING,
    OF_TASTE,
    ONE_LIKED,
    TASTE_AND_TRAIT,
    TWO_LIKED,
    UNKNOWN,
    shape_of,
)
from services.adapters.explain.query_phrases import asked_for, near_miss
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import SENTENCE_WORDS, Deadline, Evidence, Page, PageSentences
from services.recommender.sentences.genre_nouns import noun_of

Forms = tuple[str, ...]
_OTHER_THAN_GENRES = frozenset({"the catalogue"})
# Traits that many films have, so that a cited film says more.
_GENERAL = frozenset({"genre", "decade", "era"})
# Genres that describe a film best, before its other genres.
_FORMS_OF_FILM = ("Animation", "Documentary")


class TemplateExplainer:
    """Embedded default of the explainer port."""

    prompt_version = "template-4"

    def explain(self, page: Page, deadline: Deadline) -> PageSentences:  # noqa: ARG002
        """Return one sentence per film, at most 22 words; the deadline is not needed."""
        return PageSentences(self.of(page.evidence))

    def of(self, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        """Return the sentences of films shown in this order."""
        used: Counter[str] = Counter()
        return tuple(_sentence(item, used) for item in evidence)


def _sentence(evidence: Evidence, used: Counter[str]) -> str:
    """Return the most informative sentence that fits, in the form used least on this page. ``used``: number of uses of
    each form and its opening.
    """
    for forms, values in _ways(evidence):
        for form in sorted(forms, key=lambda each: (used[each], used[_opening(each)])):
            sentence = _finished(form.format(**values))
            if len(sentence.split()) <= SENTENCE_WORDS:
                used.update((form, _opening(form)))
                return sentence
    return _finished(NOTHING[0])


@cache
def _opening(form: str) -> str:
    return " ".join(form.split()[:2])


def _finished(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def _ways(evidence: Evidence) -> Iterator[tuple[Forms, dict[str, str]]]:
    """Yield the possible forms with their values, most informative first."""
    own = {"title": evidence.title}
    reasons = evidence.reasons
    kinds = {reason.kind for reason in reasons}
    if ReasonKind.NEAREST in kinds:
        yield from near_miss(reasons, own)
    elif ReasonKind.QUERY in kinds:
        yield from asked_for(evidence, own)
    else:
        yield from _of_taste(evidence, own)
    yield NOTHING, own


def _of_taste(evidence: Evidence, own: dict[str, str]) -> Iterator[tuple[Forms, dict[str, str]]]:
    reasons = evidence.reasons
    films = [reason for reason in reasons if reason.kind is ReasonKind.LIKED and reason.item_id is not None]
    overall = [reason for reason in reasons if shape_of(reason) == "taste"]
    traits = [trait for reason in reasons if (trait := _trait(reason, evidence)) is not None]
    two = {"film": films[0].subject, "other": films[1].subject} if len(films) > 1 else {}
    are_liked = {shape_of(film) for film in films[:2]} == {"liked"}
    if films and traits:
        shape, values = traits[0]
        if shape in _GENERAL and are_liked:
            yield TWO_LIKED if two else ONE_LIKED, {**own, **values, "film": films[0].subject, **two}
        if (forms := LIKED_AND_TRAIT.get(shape_of(films[0]))) and "thing" in values:
            yield forms, {**own, **values, "film": films[0].subject}
    if two and are_liked:
        yield BOTH_LIKED, {**own, **two}
    if overall and traits and "thing" in traits[0][1]:
        yield TASTE_AND_TRAIT, own | traits[0][1]
    for reason in reasons:
        yield from _alone(reason, evidence, own)


def _alone(reason: Reason, evidence: Evidence, own: dict[str, str]) -> Iterator[tuple[Forms, dict[str, str]]]:
    shape = shape_of(reason)
    if shape == "taste":
        yield OF_TASTE, own
    elif reason.kind is ReasonKind.LIKED and reason.item_id is not None:
        yield ALONE[shape], {**own, "film": reason.subject}
    elif reason.kind is ReasonKind.POPULAR:
        yield from _fame(reason, evidence, own)
    elif (trait := _trait(reason, evidence)) is not None:
        yield ALONE[trait[0]], own | trait[1]


def _fame(reason: Reason, evidence: Evidence, own: dict[str, str]) -> Iterator[tuple[Forms, dict[str, str]]]:
    """Yield forms about how well known a film is, by genre and year, without reference to the person."""
    forms = KNOWN if reason.text.startswith("Popular") else UNKNOWN
    genres = [reason.subject] if reason.subject not in _OTHER_THAN_GENRES else list(evidence.genres)
    one, many = noun_of(genres[0]) if genres else ("a film", "films")
    yield forms, {**own, "one": one, "many": many, "dated": _dated(evidence, one) if genres else one}


def _dated(evidence: Evidence, one: str) -> str:
    """Return "a 1994 drama" for "a drama"; unchanged without a year."""
    if not evidence.year:
        return one
    article = "an" if evidence.year // 100 == 18 else "a"
    return f"{article} {evidence.year} {one.partition(' ')[2]}"


def _of_its_time(evidence: Evidence, decade: str) -> str:
    """Return a film by its own year and genre, which say more than its decade."""
    genres = [genre for genre in _FORMS_OF_FILM if genre in evidence.genres] or list(evidence.genres)
    if not (evidence.year and genres):
        return f"a film of the {decade}"
    return _dated(evidence, noun_of(genres[0]).one)


def _trait(reason: Reason, evidence: Evidence) -> tuple[str, dict[str, str]] | None:
    """Return the shape of a trait reason with the values its forms need; None for others. ``thing``: the film described
    by the trait.
    """
    shape, name = shape_of(reason), reason.subject
    if shape not in ALONE or (reason.kind is ReasonKind.LIKED and shape != "same people"):
        return None
    if reason.kind is ReasonKind.GENRE:
        one, many = noun_of(name)
        return shape, {"one": one, "many": many, "thing": one}
    if reason.kind is ReasonKind.SERIES:
        name = name.removeprefix("The ")
    things = {
        ReasonKind.DIRECTOR: f"a film by {name}",
        ReasonKind.CAST: f"a film with {name}",
        ReasonKind.KEYWORD: f"a film about “{name}”",
        ReasonKind.DECADE: _of_its_time(evidence, name),
        ReasonKind.SERIES: f"a film of the {name} series",
    }
    thing = {"thing": things[reason.kind]} if reason.kind in things else {}
    return shape, {"name": name, **thing}
