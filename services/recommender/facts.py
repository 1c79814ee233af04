"""Values computed once per release and shared by all requests."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import mean_of_best, shrunk_lift
from services.recommender.domain.best_sums import MANY, BestSums
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import GENRES, NO_GENRES
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.domain.weights import Weights
from services.recommender.taste.audience import Audience
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits, Postings

# Films with far fewer events than this are hardly damped: (1 + events / 20) ** -exponent.
LIFT_EVENTS = 20.0
# Number of best-known films that represent what people watch.
WATCHED = 4096
# Share of known films from which a taste counts as fully known.
KNOWN = 0.8
# From this maturity on votes are no longer used.
GROWN_UP = 0.98

# The best-known tenth of a genre is popular in it.
POPULAR_SHARE = 0.1
# Familiarity: the ranking's weights were chosen without this factor, hence no effect at the middle.
MIDDLE = 0.5
# Renown from which on people begin to have heard of a film; the 50 best known have about 1.
HEARD_OF = 0.08
# Exponent at 0 and at 1. Below -1 it outweighs the prior, which grows with renown; at 1 taste still distinguishes two
# well-known films. Chosen by inspecting lists.
LEAST_EXPONENT, MOST_EXPONENT = -2.0, 0.75

# Entries of the vocabulary that are genres.
IS_GENRE = np.array([name not in NO_GENRES for name in GENRES])

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PopularIn:
    """``genres`` int8[films]: the genre in which a film stands out most, among those in whose best-known tenth it is;
    -1 if there is none.
    """

    genres: NDArray[np.int8]

    @classmethod
    def of(cls, catalogue: Catalogue, popularity: NDArray[np.float32]) -> "PopularIn":
        """Compare each film with the threshold of each of its genres, once per release."""
        genres = np.full(len(popularity), -1, np.int8)
        most = np.ones(len(popularity), np.float32)
        for bit in range(len(GENRES)):
            if not IS_GENRE[bit]:
                continue
            films = np.flatnonzero(catalogue.genre_bits & np.uint32(1 << bit))
            if not len(films):
                continue
            bar = max(_quantile(popularity[films], 1 - POPULAR_SHARE), 1e-6)
            above = popularity[films] / np.float32(bar)
            stands_out = films[(above > most[films]) | (above >= 1) & (genres[films] < 0)]
            genres[stands_out] = bit
            most[stands_out] = popularity[stands_out] / np.float32(bar)
        return cls(genres)

    def reason(self, row: int, term: float) -> Reason:
        """Return "Popular in Western", or a neutral text for a film that stands out in no genre."""
        genre = int(self.genres[row])
        if genre < 0:
            return Reason(ReasonKind.POPULAR, "Not yet well known here", "the catalogue", term)
        return Reason(ReasonKind.POPULAR, f"Popular in {GENRES[genre]}", GENRES[genre], term)


def _quantile(values: NDArray[np.float32], share: float) -> float:
    """Return the quantile by linear interpolation, like ``np.quantile``, which is slower and imports ``numpy.ma`` on
    its first call.
    """
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    around = np.partition(values, (low, high))[[low, high]].astype(float)
    return float(around[0] + (around[1] - around[0]) * (place - low))


@dataclass(frozen=True, eq=False)
class Facts:
    """``trait_rows``: the weighted traits of every film."""

    bundle: Bundle
    constants: Weights
    trait_rows: FilmTraits

    @classmethod
    def of(cls, bundle: Bundle, constants: Weights) -> "Facts":
        """Compute the facts of a bundle. Only the traits are weighted here; the rest is computed on first use."""
        return cls(bundle, constants, FilmTraits.of(bundle.catalogue.traits))

    @cached_property
    def postings(self) -> Postings:
        """Films of every trait."""
        return Postings.of(self.trait_rows)

    @cached_property
    def best_sums(self) -> BestSums | None:
        """What finds the films with the largest sums in a large catalogue; None in a small one."""
        tables = self.bundle.collaborative
        return BestSums.of(tables, self.prior) if len(tables.outside) >= MANY else None

    @cached_property
    def series_parts(self) -> NDArray[np.int32]:
        """Films that belong to a series, series by series."""
        series = self.bundle.catalogue.series
        parts = np.flatnonzero(series >= 0).astype(np.int32)
        return parts[np.argsort(series[parts], kind="stable")]

    @cached_property
    def series_of_parts(self) -> NDArray[np.int32]:
        """The series of each of ``series_parts``, ascending."""
        return self.bundle.catalogue.series[self.series_parts]

    @cached_property
    def traits_of_kind(self) -> NDArray[np.int64]:
        """Number of traits of each kind, at least 1 each, int64[kinds]."""
        kinds = self.bundle.catalogue.traits.kinds
        return np.maximum(np.bincount(kinds, minlength=len(TraitKind)), 1)

    def genres_of(self, rows: NDArray[np.int32]) -> Floats:
        """Return 1 if a film has a genre, else 0, float32[rows, genres]."""
        bits = self.bundle.catalogue.genre_bits[rows, None] >> np.arange(len(GENRES), dtype=np.uint32)
        return np.asarray(bits & np.uint32(1), np.float32)

    @cached_property
    def genre_rarity(self) -> Floats:
        """Square root of log(1 + films / films of the genre), float32[genres]; 0 for entries that are not genres."""
        rare = np.sqrt(np.log1p(len(self.bundle.catalogue) / np.maximum(np.diagonal(self._films_of_genres), 1)))
        return np.asarray(np.where(IS_GENRE, rare, 0), np.float32)

    @cached_property
    def genre_lifts(self) -> Floats:
        """Lift of each genre (column) among the films of each genre (row), float32[genres, genres]; see
        ``shrunk_lift``.
        """
        both, films = self._films_of_genres, np.diagonal(self._films_of_genres)
        return np.asarray(shrunk_lift(both, films[:, None], films, len(self.bundle.catalogue)), np.float32)

    @cached_property
    def _films_of_genres(self) -> Floats:
        """Number of films of each pair of genres, and on the diagonal of each genre, float32[genres, genres]."""
        has = self.genres_of(np.arange(len(self.bundle.catalogue), dtype=np.int32))
        return np.asarray(has.T @ has, np.float32)

    def watched(self, traits: NDArray[np.int32]) -> Floats:
        """Return the share of what people watch that has both traits of a pair (``traits`` ascending),
        float32[traits, traits]; see ``Postings.of_pairs``.
        """
        postings, shares = self._best_known
        return postings.of_pairs(traits, shares)

    @cached_property
    def _best_known(self) -> tuple[Postings, Floats]:
        """Films of every trait among the best known ones, which stand for what people watch, and the share of each,
        float32[best known], summing to 1.
        """
        best = np.argsort(-self.prior, kind="stable")[:WATCHED].astype(np.int32)
        # Equal shares if there are no ratings.
        views = self.prior[best] + np.float32(1e-6)
        return Postings.of(self.trait_rows.films(best)), np.asarray(views / views.sum(), np.float32)

    @cached_property
    def novelty(self) -> Floats:
        """How little the tables know about each film, float32[films]."""
        return self.bundle.collaborative.novelty()

    @cached_property
    def latent(self) -> Floats | None:
        """The latent factors, float32[table films, k]: at most 20,000 times 64 numbers, 5 MB. Every request reads
        hundreds of films' factors, and converting them would take longer than using them.
        """
        factors = self.bundle.latent
        return None if factors is None else factors.astype(np.float32)

    @cached_property
    def film_hashes(self) -> NDArray[np.uint64]:
        """Hash of each film, by row."""
        return self.bundle.catalogue.film_hashes()

    @cached_property
    def popular_in(self) -> PopularIn:
        """Genre in which each film is most popular."""
        return PopularIn.of(self.bundle.catalogue, self.prior)

    @cached_property
    def audience(self) -> Audience:
        """Detection of children's tastes, and of films suitable for them."""
        return Audience(self.bundle.catalogue)

    @cached_property
    def renown(self) -> Floats:
        """Renown of each film, float32[films]."""
        return renown(self.bundle)

    @cached_property
    def maturity(self) -> float:
        """r^2 / (r^2 + mature^2) with r other events on the film of a random event: near 0 for the first events of a
        new service, near 1 once the tables have learnt enough; chosen on simulated growth.

        r grows in proportion to the events, and does not fall with films without events: it is the number of
        events over Simpson's effective number of films ("Measurement of diversity", Nature 163, 1949).
        """
        events = self.bundle.collaborative.events.astype(np.float64)
        if not events.any():
            return 0.0
        others = float(events @ (events - 1) / events.sum())
        enough = self.constants.mature_events
        mature = others**2 / (others**2 + enough**2) if enough else 1.0
        return 1.0 if mature >= GROWN_UP else mature

    def certainty(self, taste: Taste) -> float:
        """Return how much people's events can say about a taste, 0 ... 1: the weighted mean over its films of
        n / (n + certain_events) with n events. A single rater is weak evidence.
        """
        if taste.is_empty or not self.maturity:
            return 1.0
        events = self.bundle.collaborative.events[taste.rows].astype(np.float32)
        weights = taste.weights(self.constants)
        # Clamped so that a film without events is unknown even if one event suffices.
        of_films = np.where(events > 0, events / np.maximum(events + self.constants.certain_events, 1), 0)
        mean = float((weights * of_films).sum()) / (float(weights.sum()) or 1.0)
        # Rescaled so that a taste of well-known films is certain despite the constant.
        return min(mean / KNOWN, 1.0)

    @cached_property
    def prior(self) -> Floats:
        """Popularity among people here, blended with worldwide votes as far as events are missing; float32[films]."""
        return self._faded(self.bundle.popularity)

    @cached_property
    def quality(self) -> Floats:
        """Factor on a film's similarity, float32[films]: 1 if people's events suffice, else from worldwide votes."""
        return self._faded(np.ones(len(self.bundle.catalogue), np.float32))

    @cached_property
    def fame(self) -> Floats:
        """Fame of each film, float32[films] in 0 ... 1: the logarithm of its votes over the largest."""
        return _level(np.log1p(self.bundle.catalogue.votes.astype(np.float32)))

    @cached_property
    def esteem(self) -> Floats:
        """Acclaim of each film, float32[films] in 0 ... 1; its fame if there are no votes with averages."""
        acclaim = self.bundle.acclaim
        return _level(np.sqrt(np.maximum(acclaim, 0))) if acclaim.any() else self.fame

    def lift(self, exponent: float) -> Floats | None:
        """Return the factor on the tables' scores per film, float32[T]: (1 + events / 20) ** -exponent times its
        quality; None if that is 1 for all.
        """
        fame = np.asarray(np.exp(np.float32(-exponent) * self._log_events), np.float32) if exponent else None
        if not self._uses_votes:
            return fame
        quality = self.quality[self.bundle.collaborative.rows]
        return quality if fame is None else fame * quality

    @cached_property
    def _log_events(self) -> Floats:
        tables = self.bundle.collaborative
        events = tables.events[tables.rows].astype(np.float32)
        return np.asarray(np.log1p(events / np.float32(LIFT_EVENTS)), np.float32)

    @cached_property
    def _uses_votes(self) -> bool:
        """Whether worldwide votes are used: there are some, and people's events do not suffice."""
        return self.maturity < 1 and bool(self.bundle.acclaim.any())

    def _faded(self, among_people: Floats) -> Floats:
        """Blend values from people here with acclaim, by maturity."""
        if not self._uses_votes:
            return among_people
        mature = np.float32(self.maturity)
        return np.asarray(mature * among_people + (1 - mature) * self.bundle.acclaim, np.float32)


def _level(values: Floats) -> Floats:
    most = float(values.max(initial=0))
    return np.asarray(values / np.float32(most if most > 0 else 1), np.float32)


def renown(bundle: Bundle) -> Floats:
    """Return the renown of each film, float32[films] from 0, about 1 for the 50 best known: by people's events or by
    worldwide votes, whichever is higher. A film released after the events were collected has only votes.
    """
    events, votes = (counts.astype(np.float32) for counts in (bundle.collaborative.events, bundle.catalogue.votes))
    return np.maximum(_over_best(events), _over_best(votes))


def familiarity_factor(renown: Floats, familiarity: float | None) -> Floats | None:
    """Return the factor on each film's score, float32[films] in 0 ... 1; None if it changes nothing.

    (1 + renown / HEARD_OF) ** exponent, over its maximum. The exponent rises with familiarity: a better-known film
    never loses ground to a lesser-known one.
    """
    if familiarity is None or familiarity == MIDDLE or not len(renown):
        return None
    logs = np.float32(_exponent(familiarity)) * np.log1p(renown / np.float32(HEARD_OF))
    return np.asarray(np.exp(logs - logs.max()), np.float32)


def _exponent(familiarity: float) -> float:
    """Return 0 at the default; quadratic below, as well-known films' scores exceed others' only a few times."""
    step = (familiarity - MIDDLE) / MIDDLE
    return MOST_EXPONENT * step if step > 0 else LEAST_EXPONENT * step * step


def _over_best(counts: Floats) -> Floats:
    return counts / np.float32(mean_of_best(counts) or 1.0)
