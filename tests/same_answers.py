"""``python -m tests.same_answers DIR``: write the answers to a fixed set of requests, one file per request.

Run it in two trees and compare the folders with ``diff -r``: after a refactoring they are equal, byte for byte. Ids and
times that differ from run to run are left out. Two configurations answer over the sample catalogue: ``words`` has no
encoder; ``vectors`` has a fake encoder and a two-tower model.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from data_jobs.build import Order, build
from data_jobs.report import Silent
from services.adapters.bundle.local import LocalReleases
from services.adapters.explain.template import TemplateExplainer
from services.api.app.main import create_app
from services.api.app.services import AppServices
from services.bootstrap import Services, build_services, open_embedded
from services.recommender.service import Options, Recommender
from services.settings import load_settings
from tests.builders import FixedRelease, make_towers
from tests.fakes import HashingEncoder
from tests.patience import LONGEST_MS

WORLDS = ("words", "vectors")
# Fields that differ from run to run.
VOLATILE = frozenset({"recommendation_id", "request_id", "event_id", "created_at", "updated_at", "revision"})
TS_MS = 1_700_000_000_000
SEVEN_SAMURAI, ALIEN, TOY_STORY, GODFATHER, HEAT, AMELIE = "77", "204", "331", "159", "332", "375"
WESTERNS = ("104", "110", "128", "131", "132", "145", "311")
FAMILY = ("331", "358", "395", "404", "424", "437")
MIXED = ("61", "77", "116", "144", "159", "194", "204", "221", "266", "312", "331", "356", "375", "429", "515")
LONG = tuple(str(number) for number in range(1, 280, 4))


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request. ``again``: number of further pages to fetch."""

    name: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    again: int = 0


def recommend(name: str, again: int = 0, **body: Any) -> SentRequest:
    """A request to ``/recommend`` with signals and sentences."""
    return SentRequest(f"recommend-{name}", "POST", "/recommend", {"explain": True, **body}, again=again)


def get(name: str, path: str) -> SentRequest:
    """A request without a body."""
    return SentRequest(name, "GET", path)


def feedback(person: str, films: Sequence[str], event: str = "like", start: int = 0, **more: Any) -> list[SentRequest]:
    """Events of one person, a minute apart."""
    events = [
        {"user_id": person, "item_id": film, "event": event, "ts": TS_MS + 60_000 * (start + at), **more}
        for at, film in enumerate(films)
    ]
    return [
        SentRequest(f"feedback-{person}-{event}-{at}", "POST", "/feedback/batch", {"events": events[at : at + 100]})
        for at in range(0, len(events), 100)
    ]


def people() -> Iterator[SentRequest]:
    """Feedback of people with different tastes."""
    yield from feedback("one", [ALIEN])
    yield from feedback("western", WESTERNS)
    yield from feedback("child", FAMILY)
    yield from feedback("mixed", MIXED)
    yield from feedback("mixed", ["179", "472", "508"], "dislike", start=20)
    yield from feedback("long", LONG)
    yield from feedback("long", LONG[::5], "rating", start=100, value=2.0)
    yield from feedback("rater", MIXED, "rating", value=4.5)
    yield from feedback("watcher", MIXED[:6], "watch")
    yield from feedback("hater", ["350", "405", "500"], "dislike")
    yield from feedback("clicker", ["6", "18", "26"], "click")
    one = {"user_id": "once", "item_id": HEAT, "event": "like", "ts": TS_MS}
    for name in ("stored", "replayed"):
        yield SentRequest(f"feedback-{name}", "POST", "/feedback", one, {"Idempotency-Key": "key-1"})
    yield SentRequest("feedback-mismatch", "POST", "/feedback", {**one, "event": "watch"}, {"Idempotency-Key": "key-1"})
    yield SentRequest("feedback-duplicate", "POST", "/feedback", one)
    yield SentRequest("feedback-unknown", "POST", "/feedback", {**one, "item_id": "no-such-film"})
    yield SentRequest("feedback-two-films", "POST", "/feedback", {**one, "tmdb_id": 949})
    yield SentRequest("feedback-bad-rating", "POST", "/feedback", {**one, "event": "rating", "value": 7})
    batch = [one, {**one, "event": "hate"}, {**one, "item_id": "no-such-film"}, {**one, "event": "clear"}, "text"]
    yield SentRequest("feedback-mixed-batch", "POST", "/feedback/batch", {"events": batch})


def stored_tastes() -> Iterator[SentRequest]:
    """Recommendations for people whose feedback is stored."""
    yield recommend("no-taste")
    yield recommend("stranger", user_id="stranger", k=40)
    for person in ("one", "western", "child", "mixed", "long", "rater", "watcher", "hater", "clicker", "once"):
        yield recommend(f"of-{person}", user_id=person, k=30)
    yield recommend("again-from-the-cache", user_id="mixed", k=30)
    yield recommend("diversity-0", user_id="mixed", diversity=0)
    yield recommend("diversity-1", user_id="mixed", diversity=1)
    yield recommend("diversity-1-no-taste", diversity=1)
    for familiarity in (0, 0.3, 0.8, 1):
        yield recommend(f"familiarity-{familiarity}", user_id="mixed", familiarity=familiarity)
    yield recommend("pages", user_id="western", k=25, again=4)
    yield recommend("pages-to-the-end", user_id="mixed", k=20, again=6, filters={"genres": ["Western", "Animation"]})
    yield recommend("seen-included", user_id="western", include_seen=True)
    yield recommend("excluded", user_id="western", exclude_item_ids=["86", "34", "no-such-film"])
    yield recommend("shelf", user_id="mixed", only_item_ids=["1", "5", "90", "200", "356", "no-such-film"])
    yield recommend("empty-shelf", user_id="mixed", only_item_ids=["no-such-film"])
    filters = {"genres": ["Sci-Fi", "Crime"], "not_genres": ["Horror"], "year_from": 1970, "year_to": 2005}
    yield recommend("filters", user_id="mixed", filters=filters)
    yield recommend("languages", user_id="mixed", filters={"languages": ["ja", "fr"], "runtime_to": 130})
    yield recommend("filters-nothing", user_id="mixed", filters={"year_from": 2090})
    yield recommend("plain", user_id="mixed", explain=False)


def given_films() -> Iterator[SentRequest]:
    """Recommendations for films of the request."""
    yield recommend("liked-one", liked=[SEVEN_SAMURAI])
    yield recommend("liked-three", liked=[GODFATHER, HEAT, "301"], k=100)
    yield recommend("liked-series", liked=["194", "372"])
    yield recommend("liked-two-interests", liked=[*WESTERNS[:4], *FAMILY[:4]], diversity=0.6)
    yield recommend("liked-and-disliked", liked=[ALIEN, "222"], disliked=["179", "240"])
    yield recommend("only-disliked", disliked=["179", "240"])
    yield recommend("liked-and-person", user_id="western", liked=[AMELIE, "386"])
    yield recommend("liked-unknown", liked=[HEAT, "no-such-film"])
    yield recommend("all-unknown", liked=["no-such-film"], tmdb_ids=[1])
    yield recommend("liked-children", liked=list(FAMILY), filters={"genres": ["Horror"]})
    for preset in ("svd", "two-tower"):
        yield recommend(f"{preset}-person", user_id="mixed", preset=preset)
        yield recommend(f"{preset}-films", liked=[HEAT, ALIEN], preset=preset, k=50)
        yield recommend(f"{preset}-familiar", liked=[HEAT, ALIEN], preset=preset, familiarity=0.9)
        yield recommend(f"{preset}-no-taste", preset=preset)
    for name, body in {
        "two": {"item_ids": [HEAT, GODFATHER], "top_n": 20},
        "unknown": {"item_ids": [HEAT, "no-such-film"]},
        "none-known": {"tmdb_ids": [1]},
        "empty": {"item_ids": []},
        "svd": {"item_ids": [HEAT], "preset": "svd"},
        "two-tower": {"item_ids": [HEAT], "preset": "two-tower"},
    }.items():
        yield SentRequest(f"from-films-{name}", "POST", "/recommend/from-films", body)


QUERIES = (
    "samurai", "a heist that goes wrong", "films like Alien", "westerns from the 60s but not with john wayne",
    "alfred hitchcock", "japanese animation", "comedies under 100 minutes", "toy stroy", "the matrix", "Amelie",
    "something gentle for a rainy evening", "not horror, set in space", "star wars", "zzzqqq", "ein Film über Liebe",
    "uplifting 1990s drama about friendship", "robert de niro and al pacino", "french new wave",
)  # fmt: skip


def queries() -> Iterator[SentRequest]:
    """Recommendations for free text."""
    for at, query in enumerate(QUERIES):
        yield recommend(f"query-{at:02}", query=query)
    yield recommend("query-person", user_id="western", query="a lonely gunslinger", again=1)
    yield recommend("query-literal", query="comedies from the 1930s", understand=False)
    yield recommend("query-ignored", query="westerns from the 60s", ignore_conditions=["year:1960-1969"])
    yield recommend("query-filters", query="war", filters={"languages": ["de", "ru"]}, familiarity=0.2)
    yield recommend("query-liked", query="space", liked=[ALIEN], diversity=0.8)
    yield recommend("query-preset", query="space", preset="svd")


def others() -> Iterator[SentRequest]:
    """Similar films, the catalogue, people's data and invalid requests."""
    for film in (SEVEN_SAMURAI, ALIEN, TOY_STORY, GODFATHER, HEAT, AMELIE, "565", "28", "194"):
        yield get(f"similar-{film}", f"/similar?item_id={film}&k=30")
    yield get("similar-unknown", "/similar?item_id=no-such-film")
    yield get("similar-none", "/similar")
    yield get("film", f"/films/{HEAT}")
    yield get("film-unknown", "/films/no-such-film")
    for at, text in enumerate(("godf", "kurosawa", "Heat 1995", "amelie", "toy stroy", "al pacino", "zzzqqq")):
        yield get(f"films-{at}", f"/films?q={text}&limit=8")
    yield get("films-blank", "/films?q=%20")
    yield get("catalogue", "/catalogue")
    yield get("version", "/version")
    yield get("export", "/users/mixed/export")
    yield get("export-unknown", "/users/stranger/export")
    rows = "Name,Year,Rating\nHeat,1995,4.5\nBeauty and the Beast,1991,5\nNo Such Film,1990,3\nPsycho,1960,\n"
    yield SentRequest("import", "POST", "/users/guest/import?filename=ratings.csv", rows)
    yield recommend("imported", user_id="guest")
    yield SentRequest("erase", "DELETE", "/users/guest")
    yield SentRequest("erase-again", "DELETE", "/users/guest")
    for name, body in {
        "k": {"k": 101},
        "field": {"film": 1},
        "years": {"filters": {"year_from": 2000, "year_to": 1990}},
        "genre": {"filters": {"genres": ["Opera"]}},
        "cursor": {"cursor": "nonsense"},
        "preset": {"preset": "best"},
    }.items():
        yield SentRequest(f"mistake-{name}", "POST", "/recommend", body)
    yield SentRequest("mistake-json", "POST", "/recommend", "{", {"Content-Type": "application/json"})
    yield get("mistake-path", "/nowhere")
    yield get("mistake-method", "/recommend")


def requests() -> list[SentRequest]:
    """All requests, in order: people's feedback comes first."""
    return [*people(), *stored_tastes(), *given_films(), *queries(), *others()]


def without_volatile(document: Any) -> Any:
    """Return a JSON document without ids and times of this run, otherwise unchanged."""
    if isinstance(document, dict):
        return {key: without_volatile(value) for key, value in document.items() if key not in VOLATILE}
    return [without_volatile(value) for value in document] if isinstance(document, list) else document


def send(client: TestClient, request: SentRequest, cursor: str | None = None) -> tuple[str, str | None]:
    """Return the answer as text, and the cursor of the next page."""
    body = {**request.body, "cursor": cursor} if cursor else request.body
    content = {"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}
    answer = client.request(request.method, request.path, headers=request.headers, **content)
    head = f"{answer.status_code} {answer.headers.get('content-type', '')}\n"
    document = answer.json() if answer.content else None
    next_cursor = document.get("next_cursor") if isinstance(document, dict) else None
    return head + json.dumps(without_volatile(document), indent=1, ensure_ascii=False) + "\n", next_cursor


def open_world(world: str, home: Path, params: Path | None) -> Services:
    """Build the sample in a folder and wire the services over it."""
    encoder = HashingEncoder() if world == "vectors" else None
    build(Order(home, encoder=encoder, params=params), Silent())
    wired = build_services(load_settings(marquee_home=home, request_deadline_ms=LONGEST_MS))
    release = LocalReleases(home, open_embedded).current()
    if encoder:
        release = replace(release, bundle=replace(release.bundle, towers=make_towers(len(release.bundle.catalogue))))
    options = Options(deadline_s=LONGEST_MS / 1_000, explain_deadline_s=LONGEST_MS / 1_000)
    recommender = Recommender(FixedRelease(release), wired.state, encoder, TemplateExplainer(), wired.clock, options)
    return replace(wired, recommender=recommender)


def write_answers(
    folder: Path, worlds: Sequence[str] = WORLDS, params: Path | None = None, only: str = ""
) -> list[Path]:
    """Write the answers of each world, those whose name matches ``only``. ``params``: as for ``marquee build``."""
    written: list[Path] = []
    for world in worlds:
        (folder / world).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as home:
            app = create_app(AppServices.of(open_world(world, Path(home), params), inline=True))
            with TestClient(app, base_url="http://127.0.0.1") as client:
                for request in requests():
                    if not re.search(only, request.name):
                        continue
                    text, cursor = send(client, request)
                    pages = [text]
                    while cursor and len(pages) <= request.again:
                        text, cursor = send(client, request, cursor)
                        pages.append(text)
                    written.append(folder / world / f"{request.name}.txt")
                    written[-1].write_text("".join(pages), "utf-8")
    return written


def main() -> None:
    """Write all answers into the folder named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tests.same_answers DIR")
    folder = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as empty:
        # So that no .env of a developer is read.
        os.chdir(empty)
        written = write_answers(folder)
    sys.stdout.write(f"{len(written)} answers in {folder}\n")


if __name__ == "__main__":
    main()
