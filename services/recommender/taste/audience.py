"""Films suitable for children, and tastes of children: their lists hold nothing else unless requested.

A certification decides if there is one; otherwise genres and keywords do, and films not known to be family films are
left out: the genre alone does not tell for whom an animated film or an adventure was made.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import to_mask
from services.recommender.domain.request import Request
from services.recommender.ports import Hits
from services.recommender.taste import adult_words
from services.recommender.taste.fold_in import Taste

# Minimum ages: for children under supervision, and for adults only.
YOUNG, OLD = 12, 15
# PG-13 only advises parents to be cautious, so a family film with that rating is suitable.
YOUNG_WITH_FAMILY = 13
# A taste is a child's if family films have at least this share of its liked weight, and no film is for adults.
FAMILY_SHARE = 0.8
# Later films of a series that began with a family film count as its own within this many years.
SERIES_YEARS = 12
# Directors of this many animated family films, and of few others, are trusted with the rest of their animation.
MAKERS_FILMS, MAKERS_SHARE = 3, 1 / 3

FAMILY, ANIMATION, HORROR = (to_mask([name]) for name in ("Family", "Animation", "Horror"))
ACTION, COMEDY, MUSICAL = (to_mask([name]) for name in ("Action", "Comedy", "Musical"))
# Genres for adults, unless the film is also a family film; a filter on one of these asks for such films.
HARD = to_mask(["Horror", "Thriller", "Crime", "War", "Film-Noir"])
LIGHT = to_mask(["Animation", "Adventure", "Comedy"])
PLAYFUL = LIGHT | to_mask(["Fantasy", "Musical", "Music", "Science Fiction"])
SERIOUS = HARD | to_mask(["Drama", "Romance", "Mystery", "Documentary", "History"])

Films = NDArray[np.bool_]
ARTICLES = (["the"], ["a"], ["an"])
# Hits of a query among which a film of that title is searched.
BEST_HITS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """bool[films] each. ``suitable``: suitable for children. ``sequels``: suitable for a child who likes a film of its
    series. ``childlike``: made for children, so that liking it indicates a child. ``grown_up``: liking it indicates an
    adult; many films are neither. ``adult``: horror, explicit, or rated for adults only.
    """

    suitable: Films
    sequels: Films
    childlike: Films
    grown_up: Films
    adult: Films

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Judged":
        """Classify a whole catalogue."""
        genres, ages = catalogue.genre_bits, catalogue.ages
        rated, young, old = ages >= 0, (ages >= 0) & (ages <= YOUNG), ages >= OLD
        explicit, grim = _by_keywords(catalogue)
        clean = ~explicit & ~_any(genres, HORROR)
        # A crime drama is for adults, even if the source lists it as a family film.
        family = _any(genres, FAMILY) & clean & (~_any(genres, HARD) | _any(genres, LIGHT))
        later, animated = _of_family_series(catalogue, family) & clean, _of_family_makers(catalogue, family)
        trusted = (animated | (later & ~_any(genres, ACTION))) & ~_any(genres, HARD) & clean & ~grim
        families = family | trusted
        by_age = young & ~_any(genres, HARD) & ~explicit & (_any(genres, PLAYFUL) | families)
        suitable = np.where(rated, by_age | (families & (ages <= YOUNG_WITH_FAMILY)), families)
        made_for = _any(genres, LIGHT | MUSICAL) | (_any(genres, PLAYFUL) & ~_any(genres, SERIOUS))
        serious = _any(genres, SERIOUS) | explicit | ~_any(genres, PLAYFUL & ~COMEDY)
        sequels = later & ~(rated & (ages > YOUNG_WITH_FAMILY))
        grown_up = np.where(rated, old, serious & ~_any(genres, FAMILY)) & ~suitable & ~sequels
        return cls(suitable, sequels, ((suitable & families) | sequels) & made_for, grown_up, ~clean | old)


@dataclass(frozen=True, eq=False)
class Audience:
    """Detection of children's tastes, and of films suitable for them, over a catalogue."""

    catalogue: Catalogue

    @cached_property
    def films(self) -> Judged:
        """Classification of the films, computed once per release, when a taste first looks like a child's."""
        return Judged.of(self.catalogue)

    def is_child(self, taste: Taste) -> bool:
        """Return whether a taste is a child's, for whom only suitable films are picked."""
        liked = taste.base >= 1
        rows, weights = taste.rows[liked], taste.base[liked]
        # A necessary condition for childlike films: it settles most tastes without classifying the catalogue.
        may_be_childlike = _any(self.catalogue.genre_bits[rows], FAMILY | ANIMATION) | (
            self.catalogue.series[rows] >= 0
        )
        if not len(rows) or not _is_most(weights[may_be_childlike], weights):
            return False
        return not self.films.grown_up[rows].any() and _is_most(weights[self.films.childlike[rows]], weights)

    def asks_for_less(self, request: Request, taste: Taste) -> bool:
        """Return whether a request comes from a child and asks for nothing beyond children's films, by filter genre or
        query word.
        """
        if request.filters.genres & HARD or (request.query and adult_words.asks_for_more(request.query)):
            return False
        return self.is_child(taste)

    def fitting(self, request: Request, taste: Taste, text: Hits | None = None) -> Films:
        """Return the films allowed for the child with this taste, bool[films]; among the best hits of ``text`` also a
        film whose whole title is the query. A person with a single like may be an adult (adults like Toy Story, too),
        so for them only films for adults are left out.
        """
        if request.user_id is not None and not request.liked and np.count_nonzero(taste.base >= 1) == 1:
            return ~self.films.adult
        fitting = self.films.suitable | (self.films.sequels & self.catalogue.of_same_series(taste.rows))
        if request.query is not None and text is not None:
            best = text.rows[:BEST_HITS]
            named = [_plain(title) == _plain(request.query) for title in self.catalogue.titles.take(best)]
            fitting[best[np.array(named, bool)]] = True
        return fitting

    def allowed_as_similar(self, row: int) -> Films:
        """Return the films allowed as similar to a film, bool[films]: no film for adults if it is suitable for
        children, and no grown-up film if it was made for them. A serious one (a drama about a boy and his dog) may have
        serious neighbours, but none that is ``HARD`` or entirely serious.
        """
        films, genres = self.films, self.catalogue.genre_bits
        if not films.suitable[row]:
            return np.ones(len(self.catalogue), bool)
        if not films.childlike[row]:
            return ~films.adult
        if not genres[row] & np.uint32(SERIOUS):
            return ~films.adult & ~films.grown_up
        return ~films.adult & (films.suitable | (_any(genres, PLAYFUL) & ~_any(genres, HARD)))


def _is_most(part: NDArray[np.float32], whole: NDArray[np.float32]) -> bool:
    """Return whether a part of the weights reaches the share that indicates a child, up to rounding."""
    return float(part.sum()) >= (FAMILY_SHARE - 1e-6) * float(whole.sum())


def _any(genres: NDArray[np.uint32], mask: int) -> Films:
    return np.asarray((genres & np.uint32(mask)) != 0)


def _by_keywords(catalogue: Catalogue) -> tuple[Films, Films]:
    """Return films with an explicit keyword, and films with too many grim ones."""
    kinds = catalogue.traits.kinds
    explicit, grim = np.zeros(len(kinds), bool), np.zeros(len(kinds), np.int64)
    keywords = np.flatnonzero(kinds == TraitKind.KEYWORD).astype(np.int32)
    names = catalogue.traits.names.take(keywords)
    explicit[keywords] = [adult_words.is_explicit(name) for name in names]
    grim[keywords] = [adult_words.grimness(name) for name in names]
    return _sums(catalogue, explicit) > 0, _sums(catalogue, grim) >= adult_words.TOO_GRIM


def _of_family_series(catalogue: Catalogue, family: Films) -> Films:
    """Return films of a series that began with a family film some years before."""
    belongs = np.flatnonzero(catalogue.series >= 0)
    first = belongs[(catalogue.parts[belongs] == 1) & family[belongs]]
    began = np.full(int(catalogue.series.max(initial=-1)) + 1, np.iinfo(np.int16).min, np.int32)
    began[catalogue.series[first]] = catalogue.years[first]
    out = np.zeros(len(catalogue), bool)
    out[belongs] = catalogue.years[belongs] - began[catalogue.series[belongs]] <= SERIES_YEARS
    return out


def _of_family_makers(catalogue: Catalogue, family: Films) -> Films:
    """Return animated films of directors known for animated family films."""
    traits = catalogue.traits
    animated = _any(catalogue.genre_bits, ANIMATION)
    owner = np.repeat(np.arange(len(catalogue)), np.diff(traits.offsets))
    films = np.bincount(traits.ids[(animated & family)[owner]], minlength=len(traits.kinds))
    trusted = (traits.kinds == TraitKind.DIRECTOR) & (films >= MAKERS_FILMS) & (films >= MAKERS_SHARE * traits.films)
    return animated & (_sums(catalogue, trusted) > 0)


def _sums(catalogue: Catalogue, values: NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum a value per trait over the traits of each film, int64[films]."""
    owner = np.repeat(np.arange(len(catalogue)), np.diff(catalogue.traits.offsets))
    return np.bincount(owner, values[catalogue.traits.ids], minlength=len(catalogue)).astype(np.int64)


def _plain(title: str) -> list[str]:
    """Return a title's words without its article."""
    words = adult_words.words(title)
    return words[1:] if words[:1] in ARTICLES else words
