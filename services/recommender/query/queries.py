"""Queries over one release: read, looked up, matched."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import ConditionKind, Request
from services.recommender.ports import Leg, Mention, SearchResult, TextIndex
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Mask, Rows
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.lookup import Lookup
from services.recommender.query.matching import Floats, Matches, match
from services.recommender.query.meeting import relaxed, wanted
from services.recommender.query.texts import Found
from services.recommender.query.understand import plain, understand
from services.recommender.stages.facts import Facts

# A phrase of so many words may be a keyword.
LONGEST_KEYWORD = 4
MOST_PARTS = 40
# So few films that meet the conditions are compared with the query one by one.
FEW = 1_500


@dataclass(frozen=True, eq=False)
class Queries:
    """``index``: the words and names of the films. The names are read when the first query comes."""

    facts: Facts
    index: TextIndex

    @cached_property
    def lexicon(self) -> Lexicon:
        """The names of the catalogue."""
        return Lexicon.of(self.facts.bundle.catalogue)

    @cached_property
    def lookup(self) -> Lookup:
        """The films as conditions look at them."""
        facts = self.facts
        return Lookup(facts.bundle.catalogue, facts.audience, facts.postings, self.lexicon, self.index)

    def read(self, request: Request) -> Understood | None:
        """What a request's query asks for; None without one."""
        if request.query is None:
            return None
        if not request.understand:
            return plain(request.query)
        return understand(request.query, self.lexicon, self.index, request.ignore_conditions)

    def match(
        self, understood: Understood, vectors: Floats | None, hits: SearchResult, familiarity: Floats | None = None
    ) -> Matches:
        """Match every film. ``vectors``: of the words left, float32[1, dims]; ``hits``: what search found for them.
        ``familiarity`` float32[films]: how far fame counts for each film; None for whole.
        """
        met = {condition.id: condition.demand.mask(self.lookup) for condition in understood.conditions}
        films = len(self.facts.bundle.catalogue)
        understood = relaxed(understood, met, films)
        mentions = self._mentions(understood)
        asked = wanted(understood, met, films)
        cosines = None if vectors is None else self._cosines(vectors, hits.knn, asked)
        found = Found(mentions, self._phrases(understood), cosines, self._scores(hits.text))
        fame = self.facts.esteem if understood.esteemed else self.facts.fame
        if familiarity is not None:
            fame = fame * familiarity
        return match(understood, met, found, self.lookup, self._leading(understood), fame, self.facts.constants)

    def _mentions(self, understood: Understood) -> tuple[tuple[str, Mention], ...]:
        """Where each word that is left stands; most were looked up when the query was read."""
        missing = [word for word in understood.words if word not in understood.mentions]
        found = {**understood.mentions, **dict(zip(missing, self.index.mentions(missing), strict=True))}
        return tuple((word, found[word]) for word in understood.words)

    def _phrases(self, understood: Understood) -> list[tuple[Rows, float]]:
        """The films of keywords that stand in the query, with their share of the words."""
        found = []
        words = understood.words
        for count in range(1, LONGEST_KEYWORD + 1):
            for at in range(len(words) - count + 1):
                traits = self.lexicon.keywords.get(" ".join(words[at : at + count]), ())
                if traits:
                    found.append((self.lookup.with_traits(traits), count / len(words)))
        return found

    def _cosines(self, vectors: Floats, knn: Leg | None, asked: Mask) -> Floats:
        """Cosines, float32[films], of the films that search found; and of all that meet the conditions, where these are
        so few that they may not be among them. 0 for the others.
        """
        cosines = np.zeros(len(asked), np.float32)
        if knn is not None:
            cosines[knn.rows] = knn.scores
        rows = np.flatnonzero(asked)
        embeddings = self.facts.bundle.embeddings
        if embeddings is not None and len(rows) <= FEW:
            cosines[rows] = (embeddings.rows(rows) @ vectors.T).max(axis=1)
        return cosines

    def _scores(self, text: Leg | None) -> Floats | None:
        if text is None or not text.reference > 0:
            return None
        scores = np.zeros(len(self.facts.bundle.catalogue), np.float32)
        scores[text.rows] = text.scores / np.float32(text.reference)
        return scores

    def _leading(self, understood: Understood) -> Rows:
        """The films of the name that was called, then those of their series, then those of a series that was named, in
        the order of their parts.
        """
        catalogue = self.facts.bundle.catalogue
        rows: list[int] = list(understood.named)
        for row in understood.named[:1]:
            rows += self._by_part(np.flatnonzero(catalogue.of_same_series(np.array([row], np.int32))))
        for condition in understood.applied:
            if condition.kind is ConditionKind.SERIES and not condition.negative:
                rows += self._by_part(self.lookup.with_traits(condition.traits))
        return np.array(list(dict.fromkeys(rows))[:MOST_PARTS], np.int32)

    def _by_part(self, members: NDArray[np.integer]) -> list[int]:
        """Films of a series in the order of its parts."""
        ordered: list[int] = members[np.argsort(self.facts.bundle.catalogue.parts[members], kind="stable")].tolist()
        return ordered
