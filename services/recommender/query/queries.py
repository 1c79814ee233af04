"""Query processing over one release: reading, look-up and matching."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import ConditionKind, Request
from services.recommender.facts import Facts
from services.recommender.ports import Hits, Mention, SearchResult, TextIndex
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Mask, Rows
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.lookup import FilmLookup
from services.recommender.query.matching import Floats, Matches, match
from services.recommender.query.meeting import relaxed, wanted
from services.recommender.query.texts import WordMatches
from services.recommender.query.understand import plain, understand

# Maximum words of a phrase looked up as a keyword.
LONGEST_KEYWORD = 4
MOST_PARTS = 40
# Up to this many films that meet the conditions are compared with the query one by one.
FEW = 1_500


@dataclass(frozen=True, eq=False)
class Queries:
    """``index``: words and names of the films. The lexicon is built at the first query."""

    facts: Facts
    index: TextIndex

    @cached_property
    def lexicon(self) -> Lexicon:
        """Names of the catalogue."""
        return Lexicon.of(self.facts.bundle.catalogue)

    @cached_property
    def lookup(self) -> FilmLookup:
        """Data access of conditions."""
        facts = self.facts
        return FilmLookup(facts.bundle.catalogue, facts.audience, facts.postings, self.lexicon, self.index)

    def read(self, request: Request) -> Understood | None:
        """Interpret a request's query; None without one."""
        if request.query is None:
            return None
        if not request.understand:
            return plain(request.query)
        return understand(request.query, self.lexicon, self.index, request.ignore_conditions)

    def match(
        self, understood: Understood, vectors: Floats | None, hits: SearchResult, familiarity: Floats | None = None
    ) -> Matches:
        """Match every film. ``vectors``: of the remaining words, float32[1, dims]; ``hits``: their search results.
        ``familiarity`` float32[films]: factor on the fame of each film; None for 1.
        """
        met = {condition.id: condition.demand.mask(self.lookup) for condition in understood.conditions}
        films = len(self.facts.bundle.catalogue)
        understood = relaxed(understood, met, films)
        mentions = self._mentions(understood)
        eligible = wanted(understood, met, films)
        cosines = None if vectors is None else self._cosines(vectors, hits.knn, eligible)
        word_matches = WordMatches(mentions, self._phrases(understood), cosines, self._scores(hits.text))
        fame = self.facts.esteem if understood.esteemed else self.facts.fame
        if familiarity is not None:
            fame = fame * familiarity
        return match(understood, met, word_matches, self.lookup, self._leading(understood), fame, self.facts.constants)

    def _mentions(self, understood: Understood) -> tuple[tuple[str, Mention], ...]:
        """Return where each remaining word occurs; most were looked up while reading the query."""
        missing = [word for word in understood.words if word not in understood.mentions]
        mention_of = {**understood.mentions, **dict(zip(missing, self.index.mentions(missing), strict=True))}
        return tuple((word, mention_of[word]) for word in understood.words)

    def _phrases(self, understood: Understood) -> list[tuple[Rows, float]]:
        """Return the films of keywords in the query, with their share of the words."""
        phrases = []
        words = understood.words
        for count in range(1, LONGEST_KEYWORD + 1):
            for at in range(len(words) - count + 1):
                traits = self.lexicon.keywords.get(" ".join(words[at : at + count]), ())
                if traits:
                    phrases.append((self.lookup.with_traits(traits), count / len(words)))
        return phrases

    def _cosines(self, vectors: Floats, knn: Hits | None, among: Mask) -> Floats:
        """Return the cosines, float32[films], of the search hits, and of all films that meet the conditions if these
        are so few that search may have missed them. 0 for the others.
        """
        cosines = np.zeros(len(among), np.float32)
        if knn is not None:
            cosines[knn.rows] = knn.scores
        rows = np.flatnonzero(among)
        embeddings = self.facts.bundle.embeddings
        if embeddings is not None and len(rows) <= FEW:
            cosines[rows] = (embeddings.rows(rows) @ vectors.T).max(axis=1)
        return cosines

    def _scores(self, text: Hits | None) -> Floats | None:
        if text is None or not text.reference > 0:
            return None
        scores = np.zeros(len(self.facts.bundle.catalogue), np.float32)
        scores[text.rows] = text.scores / np.float32(text.reference)
        return scores

    def _leading(self, understood: Understood) -> Rows:
        """Return the films named by the query, then those of their series, then those of a series named in it, in the
        order of their parts.
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
        """Return films of a series in the order of its parts."""
        ordered: list[int] = members[np.argsort(self.facts.bundle.catalogue.parts[members], kind="stable")].tolist()
        return ordered
