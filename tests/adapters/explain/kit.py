"""Pages to explain, an in-memory sentence store, and an explainer on a fake Bedrock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.adapters.explain.bedrock import BedrockExplainer, ConverseModel, bedrock_client
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Clock, Deadline, Evidence, Likings, Page, Record, SentenceStore
from tests.builders import ManualClock
from tests.patience import PATIENCE_S
from tests.servers.bedrock import MODEL

PEOPLE = (
    ("Michael Mann", "Al Pacino"), ("Agnès Varda", "Sandrine Bonnaire"), ("Akira Kurosawa", "Toshirō Mifune"),
    ("Joel Coen", "Frances McDormand"), ("Céline Sciamma", "Adèle Haenel"),
)  # fmt: skip
TITLES = ("Heat", "Vagabond", "Ran", "Fargo", "Water Lilies", "Thief", "It", "M*A*S*H", "8½", "Who's That Knocking?")
GENRES = (("Crime", "Thriller"), ("Drama",), ("Drama", "War"), ("Comedy", "Crime"), ("Romance",))


def liked(title: str, item_id: str = "c1") -> Reason:
    return Reason(ReasonKind.LIKED, f"Because you liked {title}", title, 0.9, item_id)


def made_by(director: str) -> Reason:
    return Reason(ReasonKind.DIRECTOR, f"Directed by {director}, whose films you liked", director, 0.2)


def evidence_of(at: int) -> Evidence:
    """A film with one of several kinds of evidence."""
    director, actor = PEOPLE[at % 5]
    genre = GENRES[at % 5][0]
    kinds = (
        (liked("Collateral (2004)"), made_by(director)),
        (liked("Cléo from 5 to 7 (1962)"), liked("Seven Samurai (1954)")),
        (Reason(ReasonKind.CAST, f"With {actor}, whom you have liked before", actor, 0.2), liked("Yojimbo (1961)")),
        (Reason(ReasonKind.GENRE, f"{genre}, a genre you like", genre, 0.2),),
        (Reason(ReasonKind.POPULAR, f"Popular in {genre}", genre, 0.9),),
        (Reason(ReasonKind.LIKED, "Close to what you like", "what you like", 0.4),),
    )  # fmt: skip
    title = TITLES[at % len(TITLES)]
    return Evidence(title, 1960 + at % 60, GENRES[at % 5], kinds[at % len(kinds)], f"item-{at}")


def record_of(at: int, overview: str = "Somebody rides on.") -> Record:
    director, actor = PEOPLE[at % 5]
    return Record((director,), (actor,), ("heist", "friendship"), "en", 100, overview[:120])


def page_of(films: Sequence[int], overview: str = "Somebody rides on.") -> Page:
    """A page of these films, given by number."""
    evidence = tuple(map(evidence_of, films))
    numbers = {film.item_id: at for film, at in zip(evidence, films, strict=True)}
    return Page(
        evidence,
        lambda requested: [record_of(numbers[film.item_id], overview) for film in requested],
        lambda: Likings(("Crime", "Drama"), ("Collateral (2004)",)),
    )


@dataclass
class Memory(SentenceStore):
    """An in-memory store. ``down``: it does not answer."""

    down: bool = False
    sentences: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    writes: int = 0

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        return {} if self.down else {key: self.sentences[key] for key in keys if key in self.sentences}

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        self.writes += 1
        self.sentences |= sentences

    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:
        if self.down:
            raise StateUnavailable("the store is locked")
        used = self.tokens.get(day, 0) + tokens
        if used > limit:
            return None
        self.tokens[day] = used
        return used

    def give_back(self, day: str, tokens: int) -> None:
        if self.down:
            raise StateUnavailable("the store is locked")
        self.tokens[day] -= tokens


HAIKU = ConverseModel(MODEL, by_tool=False, daily_tokens=10**9, input_usd=1.0, output_usd=5.0)


def explainer_at(
    url: str, store: SentenceStore | None = None, clock: Clock | None = None, timeout_s: float = PATIENCE_S,
    **changes: object,
) -> BedrockExplainer:  # fmt: skip
    model = replace(HAIKU, **changes)  # type: ignore[arg-type]
    client = bedrock_client("eu-west-1", url, timeout_s)
    return BedrockExplainer(model, client, store or Memory(), clock or ManualClock())
