"""Which films are for children, and whether a taste is a child's: such a list holds nothing else unless asked for it.

A certification decides where there is one; else genres and keywords do, and what is not known to be for families stays
out: of an animated film or an adventure nobody can say by its genre alone for whom it was made.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import to_mask
from services.recommender.domain.request import Request
from services.recommender.ports import Leg
from services.recommender.stages import adult_words
from services.recommender.stages.taste import Taste

# From these ages on: for children under supervision, and for grown-ups only.
YOUNG, OLD = 12, 15
# PG-13 tells parents to be cautious, which is what makes it a family's choice where the film is made for families.
YOUNG_WITH_FAMILY = 13
# A taste is a child's if films for families are at least so much of its liked weight, and none is for grown-ups.
FAMILY_SHARE = 0.8
# Later films of a series that began with one for families are its own if they follow within so many years.
SERIES_YEARS = 12
# Makers of so many animated films for families, and of few others, are trusted with the rest of their animation.
MAKERS_FILMS, MAKERS_SHARE = 3, 1 / 3

FAMILY, ANIMATION, HORROR = (to_mask([name]) for name in ("Family", "Animation", "Horror"))
ACTION, COMEDY, MUSICAL = (to_mask([name]) for name in ("Action", "Comedy", "Musical"))
# What is for grown-ups unless it is for families, too; a filter on one of these asks for it.
HARD = to_mask(["Horror", "Thriller", "Crime", "War", "Film-Noir"])
LIGHT = to_mask(["Animation", "Adventure", "Comedy"])
PLAYFUL = LIGHT | to_mask(["Fantasy", "Musical", "Music", "Science Fiction"])
SERIOUS = HARD | to_mask(["Drama", "Romance", "Mystery", "Documentary", "History"])

Films = NDArray[np.bool_]
ARTICLES = (["the"], ["a"], ["an"])
# Hits of the words of a query among which the film of that name is looked for.
BEST_HITS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """bool[films] each. ``suitable``: a child may be shown it. ``sequels``: a child may who likes a film of its series.
    ``childlike``: it is made for children, so that liking it says who is asking. ``grown_up``: liking it says so, too;
    much is neither. ``adult``: horror, explicit, or rated for grown-ups only.
    """

    suitable: Films
    sequels: Films
    childlike: Films
    grown_up: Films
    adult: Films

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Judged":
        """Judge a whole catalogue."""
        genres, ages = catalogue.genre_bits, catalogue.ages
        rated, young, old = ages >= 0, (ages >= 0) & (ages <= YOUNG), ages >= OLD
        explicit, grim = _by_keywords(catalogue)
        clean = ~explicit & ~_any(genres, HORROR)
        # A crime among dramas is one for grown-ups, whoever lists it with the films for families.
        family = _any(genres, FAMILY) & clean & (~_any(genres, HARD) | _any(genres, LIGHT))
        later, animated = _of_family_series(catalogue, family) & clean, _of_family_makers(catalogue, family)
        vouched = (animated | (later & ~_any(genres, ACTION))) & ~_any(genres, HARD) & clean & ~grim
        families = family | vouched
        by_age = young & ~_any(genres, HARD) & ~explicit & (_any(genres, PLAYFUL) | families)
        suitable = np.where(rated, by_age | (families & (ages <= YOUNG_WITH_FAMILY)), families)
        made_for = _any(genres, LIGHT | MUSICAL) | (_any(genres, PLAYFUL) & ~_any(genres, SERIOUS))
        serious = _any(genres, SERIOUS) | explicit | ~_any(genres, PLAYFUL & ~COMEDY)
        sequels = later & ~(rated & (ages > YOUNG_WITH_FAMILY))
        grown_up = np.where(rated, old, serious & ~_any(genres, FAMILY)) & ~suitable & ~sequels
        return cls(suitable, sequels, ((suitable & families) | sequels) & made_for, grown_up, ~clean | old)


@dataclass(frozen=True, eq=False)
class Audience:
    """Who is a child, and what is for one, by the films of a catalogue."""

    catalogue: Catalogue

    @cached_property
    def films(self) -> Judged:
        """The films, judged once a release, when a taste first looks like a child's."""
        return Judged.of(self.catalogue)

    def is_child(self, taste: Taste) -> bool:
        """Whether who likes these films is one for whom only suitable films are picked."""
        liked = taste.base >= 1
        rows, weights = taste.rows[liked], taste.base[liked]
        # What every childlike film is or belongs to: most tastes are told by that, without judging a catalogue.
        hopeful = _any(self.catalogue.genre_bits[rows], FAMILY | ANIMATION) | (self.catalogue.series[rows] >= 0)
        if not len(rows) or not _is_most(weights[hopeful], weights):
            return False
        return not self.films.grown_up[rows].any() and _is_most(weights[self.films.childlike[rows]], weights)

    def asks_for_less(self, request: Request, taste: Taste) -> bool:
        """Whether a request is a child's that asks for nothing beyond films for children: neither by a genre of its
        filters nor by a word of its query.
        """
        if request.filters.genres & HARD or (request.query and adult_words.asks_for_more(request.query)):
            return False
        return self.is_child(taste)

    def fitting(self, request: Request, taste: Taste, text: Leg | None = None) -> Films:
        """What may be picked for the child who has this taste, bool[films]; of the best hits of ``text`` also a film
        that the query names by its whole title: whoever types it asks for that film. Of somebody who has liked one film
        so far nobody knows that it is a child: grown-ups like Toy Story, too. They see nothing for adults alone.
        """
        if request.user_id is not None and not request.liked and np.count_nonzero(taste.base >= 1) == 1:
            return ~self.films.adult
        fitting = self.films.suitable | (self.films.sequels & self.catalogue.of_same_series(taste.rows))
        if request.query is not None and text is not None:
            best = text.rows[:BEST_HITS]
            named = [_plain(title) == _plain(request.query) for title in self.catalogue.titles.take(best)]
            fitting[best[np.array(named, bool)]] = True
        return fitting

    def beside(self, row: int) -> Films:
        """What may stand beside a film, bool[films]: beside one that children may see nothing for adults alone, and
        beside one made for them nothing grown-up. A serious one (a boy and his dog, a drama) may have serious
        neighbours, but none that is ``HARD`` or all earnest.
        """
        films, genres = self.films, self.catalogue.genre_bits
        if not films.suitable[row]:
            return np.ones(len(self.catalogue), bool)
        if not films.childlike[row]:
            return ~films.adult
        if not genres[row] & np.uint32(SERIOUS):
            return ~films.adult & ~films.grown_up
        return ~films.adult & (films.suitable | (_any(genres, PLAYFUL) & ~_any(genres, HARD)))


def _is_most(some: NDArray[np.float32], all_: NDArray[np.float32]) -> bool:
    """Whether some weights are the share of all that makes a child, but for rounding."""
    return float(some.sum()) >= (FAMILY_SHARE - 1e-6) * float(all_.sum())


def _any(genres: NDArray[np.uint32], mask: int) -> Films:
    return np.asarray((genres & np.uint32(mask)) != 0)


def _by_keywords(catalogue: Catalogue) -> tuple[Films, Films]:
    """Films with a keyword that is explicit, and with too many that are grim."""
    kinds = catalogue.traits.kinds
    explicit, grim = np.zeros(len(kinds), bool), np.zeros(len(kinds), np.int64)
    keywords = np.flatnonzero(kinds == TraitKind.KEYWORD).astype(np.int32)
    names = catalogue.traits.names.take(keywords)
    explicit[keywords] = [adult_words.is_explicit(name) for name in names]
    grim[keywords] = [adult_words.grimness(name) for name in names]
    return _sums(catalogue, explicit) > 0, _sums(catalogue, grim) >= adult_words.TOO_GRIM


def _of_family_series(catalogue: Catalogue, family: Films) -> Films:
    """Films of a series whose first film is one for families, some years on."""
    belongs = np.flatnonzero(catalogue.series >= 0)
    first = belongs[(catalogue.parts[belongs] == 1) & family[belongs]]
    began = np.full(int(catalogue.series.max(initial=-1)) + 1, np.iinfo(np.int16).min, np.int32)
    began[catalogue.series[first]] = catalogue.years[first]
    out = np.zeros(len(catalogue), bool)
    out[belongs] = catalogue.years[belongs] - began[catalogue.series[belongs]] <= SERIES_YEARS
    return out


def _of_family_makers(catalogue: Catalogue, family: Films) -> Films:
    """Animated films of directors who are known for animated films for families."""
    traits = catalogue.traits
    animated = _any(catalogue.genre_bits, ANIMATION)
    owner = np.repeat(np.arange(len(catalogue)), np.diff(traits.offsets))
    films = np.bincount(traits.ids[(animated & family)[owner]], minlength=len(traits.kinds))
    trusted = (traits.kinds == TraitKind.DIRECTOR) & (films >= MAKERS_FILMS) & (films >= MAKERS_SHARE * traits.films)
    return animated & (_sums(catalogue, trusted) > 0)


def _sums(catalogue: Catalogue, values: NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of a value of each trait (one each) over the traits of each film, int64[films]."""
    owner = np.repeat(np.arange(len(catalogue)), np.diff(catalogue.traits.offsets))
    return np.bincount(owner, values[catalogue.traits.ids], minlength=len(catalogue)).astype(np.int64)


def _plain(title: str) -> list[str]:
    """A title's words without its article."""
    words = adult_words.words(title)
    return words[1:] if words[:1] in ARTICLES else words
