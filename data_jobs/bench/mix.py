"""The documented mix of requests: kinds, weights, and each request as raw bytes.

No two requests to ``/recommend`` are equal: the n-th has a diversity of 0.2 + n / 1,000,000, which barely changes the
work or the response but makes every fingerprint unique. So no response comes from the cache, while looking it up and
writing to it are part of the measurement.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

import numpy as np

from data_jobs.bench.bench_people import BenchPerson
from services.recommender.domain.catalogue import Catalogue, TraitKind

LENGTHS = (5, 20, 50, 150, 1_000)
# Per 100 requests.
WEIGHTS: dict[str, int] = {
    "person_5": 8,
    "person_20": 14,
    "person_50": 14,
    "person_150": 10,
    "person_1000": 4,
    "anonymous": 6,
    "seeds": 10,
    "filters": 8,
    "explain": 6,
    "free_text": 6,
    "similar": 6,
    "type_ahead": 5,
    "feedback": 3,
}
NOT_RECOMMEND = frozenset({"similar", "type_ahead", "feedback"})
RECOMMEND = tuple(kind for kind in WEIGHTS if kind not in NOT_RECOMMEND)
FREE_TEXT = "free_text"
TYPICAL = 50
K = 20
_WELL_KNOWN_FILMS = 5_000
_STEP = 1e-6
_FILTERS: tuple[dict[str, Any], ...] = (
    {"genres": ["Comedy", "Romance"]},
    {"year_from": 1980, "year_to": 1999},
    {"languages": ["fr", "it", "ja"]},
    {"not_genres": ["Horror"], "min_votes": 50},
    {"genres": ["Drama"], "year_from": 2010},
)
_PHRASES = ("a film about {0}", "{0} and {1}", "{0} with {1}", "something like {0}, but with {1}")


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request: its kind and its bytes; ``user_id`` if it repeats for one person."""

    kind: str
    raw: bytes
    user_id: str = ""


class Requests:
    """Make requests over one catalogue and its bench people, no two to ``/recommend`` alike; seeded."""

    def __init__(self, catalogue: Catalogue, people: dict[int, list[BenchPerson]], seed: int = 1) -> None:
        self._catalogue = catalogue
        self._people = people
        self._rng = np.random.default_rng(seed)
        self._numbers = count()
        self._turns = {length: count() for length in people}
        self._keywords = _keywords(catalogue)
        self._makers: dict[str, Callable[[], bytes]] = {
            **{f"person_{length}": self._maker(length) for length in people},
            "anonymous": lambda: self._recommend(),
            "seeds": lambda: self._recommend(liked=self._films(int(self._rng.integers(1, 6)))),
            "filters": lambda: self._recommend(user_id=self._person(TYPICAL), filters=self._choice(_FILTERS)),
            "explain": lambda: self._recommend(user_id=self._person(TYPICAL), explain=True),
            "free_text": lambda: self._recommend(query=self.query()),
            "similar": lambda: get(f"/similar?item_id={quote(self._films(1)[0], safe='')}&k={K}"),
            "type_ahead": lambda: get(f"/films?q={quote(self._prefix())}"),
            "feedback": self._feedback,
        }

    def make(self, kind: str) -> RawRequest:
        """Return a request of a kind."""
        return RawRequest(kind, self._makers[kind]())

    def seeded(self, films: int) -> RawRequest:
        """Return a request with this many liked films."""
        return RawRequest("seeds", self._recommend(liked=self._films(films)))

    def mixed(self, size: int, kinds: Iterable[str] = tuple(WEIGHTS)) -> list[RawRequest]:
        """Return about ``size`` requests of these kinds in proportion to their weights, at least one each, shuffled."""
        selected = tuple(kinds)
        total = sum(WEIGHTS[kind] for kind in selected)
        requests = [self.make(kind) for kind in selected for _ in range(max(1, round(size * WEIGHTS[kind] / total)))]
        return [requests[place] for place in self._rng.permutation(len(requests)).tolist()]

    def repeated(self, users: int, k: int = K) -> list[RawRequest]:
        """Return one request per person, the same at every call for the same ``k``."""
        people = self._people[TYPICAL][:users]
        return [
            RawRequest("cached", post("/recommend", {"user_id": person.user_id, "k": k}), person.user_id)
            for person in people
        ]

    def like(self, user_id: str) -> bytes:
        """Return a like of some well-known film by a person."""
        return post("/feedback", {"user_id": user_id, "item_id": self._films(1)[0], "event": "like"})

    def query(self) -> str:
        """Return a free-text query: a title, or a phrase of two keywords."""
        if not self._keywords or self._rng.random() < 0.3:
            return self._catalogue.titles[self._row()]
        words = [self._choice(self._keywords) for _ in range(2)]
        return str(self._choice(_PHRASES)).format(*words)

    def _maker(self, length: int) -> Callable[[], bytes]:
        return lambda: self._recommend(user_id=self._person(length))

    def _recommend(self, **fields: object) -> bytes:
        return post("/recommend", {"k": K, "diversity": round(0.2 + next(self._numbers) * _STEP, 6), **fields})

    def _person(self, length: int) -> str:
        people = self._people[length]
        return people[next(self._turns[length]) % len(people)].user_id

    def _films(self, films: int) -> list[str]:
        return [self._catalogue.item_ids[self._row()] for _ in range(films)]

    def _row(self) -> int:
        return int(self._rng.integers(0, min(len(self._catalogue), _WELL_KNOWN_FILMS)))

    def _prefix(self) -> str:
        """Return the first three to six characters of a title."""
        return self._catalogue.titles[self._row()][: int(self._rng.integers(3, 7))]

    def _feedback(self) -> bytes:
        return self.like(f"bench-feedback-{next(self._numbers) % 50}")

    def _choice(self, values: Sequence[Any]) -> Any:  # noqa: ANN401 - an element of any type
        return values[int(self._rng.integers(0, len(values)))]


def people_needed(requests: int) -> dict[int, int]:
    """Return how many people of each length are needed so that a pass of this many requests repeats none."""
    typical = ("person_50", "filters", "explain")
    of_length = {length: WEIGHTS[f"person_{length}"] for length in LENGTHS}
    of_length[TYPICAL] = sum(WEIGHTS[kind] for kind in typical)
    return {length: max(10, -(-requests * weight // 100)) for length, weight in of_length.items()}


def post(path: str, document: object) -> bytes:
    """Return a POST with a JSON body, for a keep-alive connection."""
    body = json.dumps(document).encode()
    kind = f"content-type: application/json\r\ncontent-length: {len(body)}"
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{kind}\r\n\r\n"
    return head.encode() + body


def get(path: str) -> bytes:
    """Return a GET, for a keep-alive connection."""
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()


def _keywords(catalogue: Catalogue) -> list[str]:
    kinds = catalogue.traits.kinds
    ids = np.flatnonzero((kinds == TraitKind.KEYWORD) | (kinds == TraitKind.DIRECTOR))
    common = ids[np.argsort(-catalogue.traits.films[ids], kind="stable")[:2_000]]
    return [catalogue.traits.names[trait] for trait in common.tolist()]
