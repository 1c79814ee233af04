"""Compare about 500 sentences by the template and by a model, as served.

First pages of people with their whole profile and with a few likes, of an unknown person, and of searches. An
independent checker (``checker``) decides which sentences are true to their evidence; it is itself tested on 200 planted
lies (``lies``). The model is the one in the settings (``BEDROCK_MODEL``), or a stand-in if
``AWS_ENDPOINT_URL_BEDROCK_RUNTIME`` names one; without a model only the template is measured.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from data_jobs.evaluate.explanations.checker import MOST_WORDS, Checker, FilmFacts
from data_jobs.evaluate.explanations.lies import Lie, OtherFacts, lies
from data_jobs.evaluate.few_likes import cut
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.workbench import CLOCK, Workbench, patient
from data_jobs.report import Progress
from services.adapters.explain.template import TemplateExplainer
from services.recommender import documents
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.genres import GENRES, NO_GENRES
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Ranking, Request
from services.recommender.ports import Deadline, Evidence, Explainer, Likings, Page, Record
from services.recommender.query.words.language_words import LANGUAGES

SENTENCES, ON_A_PAGE, LIES = 500, 20, 200
CAUGHT, FALSE_ALARMS, FELL_BACK = 0.99, 0.05, 0.05
OPENING = 3
DEADLINE_S = 30.0
QUERIES = ("a heist", "sad films from the 90s", "a comedy about a wedding", "space", "french films about love", "xqzzt")
_MODEL = frozenset({"model", "cached"})


@dataclass(frozen=True, slots=True)
class Written:
    """The sentences of one explainer; shares are 0 ... 1. ``openings``: share of distinct three-word openings on a
    page, mean over pages; ``repeated``: sentences of a page with its commonest opening, mean over pages. ``ease``:
    Flesch reading ease (R. Flesch, 1948); 60 or more is plain. ``fell_back``: share of the model's sentences that the
    template replaced.
    """

    by: str
    sentences: int
    true: float
    longest: int
    words: float
    openings: float
    repeated: float
    ease: float
    fell_back: float | None
    untrue: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanations(Outcome):
    """``written``: by template and by model. ``caught``: kind of lie -> (number caught, number planted)."""

    written: tuple[Written, ...]
    caught: dict[str, tuple[int, int]]
    missed: tuple[str, ...]
    examples: tuple[str, ...] = field(default=())

    @property
    def share_caught(self) -> float:
        """Return the share of planted lies that were caught."""
        planted = sum(planted for _, planted in self.caught.values())
        return sum(caught for caught, _ in self.caught.values()) / planted if planted else 0.0

    def tables(self) -> Iterator[Table]:
        """Yield one row per explainer, the untrue sentences, and the checker's results on lies."""
        headings = ("sentences", "n", "true", "words", "longest", "openings", "commonest", "reading ease", "fell back")
        rows = [_row(each) for each in self.written]
        yield Table("Explanations", headings, rows)
        for written in self.written:
            yield Table.of_failures(f"Untrue by the {written.by}, according to the checker", written.untrue)
        lied = [(kind, f"{caught} of {planted}") for kind, (caught, planted) in self.caught.items()]
        yield Table("Planted lies that the checker caught", ("kind", "caught"), lied)
        yield Table.of_failures("Planted lies that the checker missed", self.missed)
        yield Table("Examples", (), [(each,) for each in self.examples])

    def figures(self) -> Iterator[Figure]:
        """Yield every share and mean."""
        for written in self.written:
            for name in ("true", "words", "openings", "repeated", "ease"):
                yield written.by, f"explanations, {name}", float(getattr(written, name))
        yield "checker", "planted lies caught", self.share_caught

    def bars(self) -> Iterator[Bar]:
        """Yield the bars, the checker's first, since the others depend on it."""
        yield Bar.share("checker: planted lies caught", self.share_caught, CAUGHT)
        for written in self.written:
            alarms = 1 - written.true
            name = f"sentences by the {written.by}: alarms of the checker"
            yield Bar(name, f"<= {FALSE_ALARMS:.0%}", f"{alarms:.1%}", alarms <= FALSE_ALARMS)
            yield Bar(
                f"words of the {written.by}", f"<= {MOST_WORDS}", str(written.longest), written.longest <= MOST_WORDS
            )
            if written.fell_back is not None:
                yield Bar(
                    f"fell back from the {written.by}", f"<= {FELL_BACK:.0%}", f"{written.fell_back:.1%}",
                    written.fell_back <= FELL_BACK,
                )  # fmt: skip


def _row(each: Written) -> tuple[str, ...]:
    fell_back = "-" if each.fell_back is None else f"{each.fell_back:.1%}"
    return (
        each.by, str(each.sentences), f"{each.true:.1%}", f"{each.words:.1f}", str(each.longest),
        f"{each.openings:.0%}", f"{each.repeated:.1f}", f"{each.ease:.0f}", fell_back,
    )  # fmt: skip


def part(job: Job) -> Explanations:
    """Run this part of an evaluation; see the module."""
    return explanations(job.bench, job.seed, job.progress, _explainers())


def _explainers() -> dict[str, Explainer]:
    """Return the template, and the model of the settings if there is one; neither uses stored sentences."""
    from services.bootstrap import find_explainer
    from services.settings import load_settings

    explainers: dict[str, Explainer] = {"template": TemplateExplainer()}
    settings = load_settings()
    if settings.bedrock_model is not None:
        explainers["model"] = find_explainer(settings, NoSentenceStore(), CLOCK)
    return explainers


class NoSentenceStore:
    """A sentence store that keeps nothing and has no token limit."""

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        """Do nothing."""

    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:  # noqa: ARG002
        """Grant all tokens: the operator has agreed to pay for the measurement."""
        return tokens

    def give_back(self, day: str, tokens: int) -> None:
        """Do nothing."""


def explanations(bench: Workbench, seed: int, progress: Progress, explainers: Mapping[str, Explainer]) -> Explanations:
    """Explain the same pages, drawn by a seed, with each explainer."""
    rng = np.random.default_rng(seed)
    catalogue = bench.bundle.catalogue
    pages = [_page(catalogue, ranking, likings) for ranking, likings in _rankings(bench, seed, rng, progress)]
    checker, written, truths, examples = _checker(catalogue), [], [], []
    for by, explainer in explainers.items():
        served: list[list[tuple[str, FilmFacts]]] = []
        requested = from_model = 0.0
        for done, page in enumerate(pages, 1):
            response = explainer.explain(page, Deadline.within(CLOCK, DEADLINE_S))
            served.append(
                list(zip(response.sentences, map(_film, page.evidence, page.records(page.evidence)), strict=True))
            )
            requested += response.counts.get("wanted", 0)
            from_model += sum(count for name, count in response.counts.items() if name in _MODEL)
            progress.advance(f"sentences by the {by}", done, len(pages))
        fell_back = None if by == "template" else 1 - from_model / max(requested, 1)
        written.append(_written(by, served, checker, fell_back))
        truths += [pair for page in served for pair in page if not checker.faults(*pair)]
        examples += [f"{by}: {sentence}" for page in served for sentence, _ in page[:2]][:16]
    planted = lies(truths, _other_facts(catalogue), LIES, rng)
    checked = [(lie, bool(checker.faults(lie.sentence, lie.film))) for lie in planted]
    missed = tuple(f"{lie.kind}: {lie.sentence} [{_evidence(lie)}]" for lie, caught in checked if not caught)
    return Explanations(tuple(written), _by_kind(checked), missed, tuple(examples))


def _evidence(lie: Lie) -> str:
    return "; ".join(reason.text for reason in lie.film.reasons)


def _by_kind(checked: Sequence[tuple[Lie, bool]]) -> dict[str, tuple[int, int]]:
    kinds = dict.fromkeys(lie.kind for lie, _ in checked)
    return {
        kind: (sum(caught for lie, caught in checked if lie.kind == kind), sum(lie.kind == kind for lie, _ in checked))
        for kind in kinds
    }


def _rankings(
    bench: Workbench, seed: int, rng: np.random.Generator, progress: Progress
) -> Iterator[tuple[Ranking, Likings]]:
    """Yield pages of 20 films, about 500 films in all: of an unknown person, of searches, and of people with whole and
    short profiles in turn.
    """
    requests: list[tuple[Request, Profile | None]] = [(Request(k=ON_A_PAGE, explain=True), None)]
    requests += [(Request(k=ON_A_PAGE, explain=True, query=query), None) for query in QUERIES]
    present = np.unique(bench.dataset.events.user)
    for turn, code in enumerate(rng.permutation(present).tolist()):
        if len(requests) * ON_A_PAGE >= SENTENCES:
            break
        profile: Profile | None = bench.people.profile(bench.dataset.events.user_ids[code])
        few = [case.profile for case in cut(bench.people, [code], (1, 3, 10)[turn % 3], seed)] if turn % 2 else []
        requests.append((Request(k=ON_A_PAGE, explain=True), few[0] if few else profile))
    from services.recommender.service import liked_rows

    catalogue = bench.bundle.catalogue
    for done, (request, profile) in enumerate(requests, 1):
        ranking = bench.pipeline.rank(request, profile, patient())
        progress.advance("pages to explain", done, len(requests))
        yield ranking, documents.likings(catalogue, liked_rows(catalogue, request, profile))


def _page(catalogue: Catalogue, ranking: Ranking, likings: Likings) -> Page:
    evidence = tuple(documents.evidence(catalogue, item) for item in ranking.items)
    row_of = {each.item_id: item.row for each, item in zip(evidence, ranking.items, strict=True)}

    def records(some: Sequence[Evidence]) -> list[Record]:
        return [documents.record(catalogue, row_of[each.item_id]) for each in some]

    return Page(evidence, records, lambda: likings)


def _film(evidence: Evidence, record: Record) -> FilmFacts:
    return FilmFacts(
        evidence.title, evidence.year, evidence.genres, record.directors, record.cast, record.keywords, record.language,
        evidence.reasons,
    )  # fmt: skip


def _checker(catalogue: Catalogue) -> Checker:
    overviews = (documents.film_details(catalogue, row).get("overview") or "" for row in range(len(catalogue)))
    return Checker(overviews, {word: codes for word, (_, codes) in LANGUAGES.items()})


def _other_facts(catalogue: Catalogue) -> OtherFacts:
    rows = range(min(len(catalogue), 400))
    records = [documents.record(catalogue, row) for row in rows]
    return OtherFacts(
        [f"{catalogue.titles[row]} ({catalogue.years[row]})" for row in rows if catalogue.years[row]],
        sorted({person for record in records for person in (*record.directors, *record.cast) if " " in person}),
        [genre for genre in GENRES if genre not in NO_GENRES],
        sorted({keyword for record in records for keyword in record.keywords}) or [""],
    )


def _written(
    by: str, pages: Sequence[Sequence[tuple[str, FilmFacts]]], checker: Checker, fell_back: float | None
) -> Written:
    pairs = [pair for page in pages for pair in page]
    faults = [
        (sentence, film, film_faults) for sentence, film in pairs if (film_faults := checker.faults(sentence, film))
    ]
    openings = [[" ".join(sentence.split()[:OPENING]) for sentence, _ in page] for page in pages if page]
    return Written(
        by=by,
        sentences=len(pairs),
        true=1 - len(faults) / max(len(pairs), 1),
        longest=max((len(sentence.split()) for sentence, _ in pairs), default=0),
        words=float(np.mean([len(sentence.split()) for sentence, _ in pairs])) if pairs else 0.0,
        openings=float(np.mean([len(set(page)) / len(page) for page in openings])) if openings else 0.0,
        repeated=float(np.mean([max(map(page.count, page)) for page in openings])) if openings else 0.0,
        ease=float(np.mean([reading_ease(sentence) for sentence, _ in pairs])) if pairs else 0.0,
        fell_back=fell_back,
        untrue=tuple(
            f"{sentence} [{', '.join(film_faults)}; {'; '.join(reason.text for reason in film.reasons)}]"
            for sentence, film, film_faults in faults
        ),
    )


def reading_ease(sentence: str) -> float:
    """Return 206.835 - 1.015 words - 84.6 syllables per word of one sentence (R. Flesch, "A new readability yardstick",
    1948); syllables are groups of vowels, without a silent e.
    """
    words = re.findall(r"[^\W\d_]+", sentence)
    if not words:
        return 0.0
    syllables = sum(max(1, len(re.findall(r"[aeiouyäöüéèáóí]+", re.sub(r"e$", "", word.lower())))) for word in words)
    return 206.835 - 1.015 * len(words) - 84.6 * syllables / len(words)
