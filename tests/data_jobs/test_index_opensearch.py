"""From a bundle to an index that is complete: loaded, counted, probed; again after an interruption."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx2
import numpy as np
import pytest
from opensearchpy import OpenSearch

from data_jobs.bundle import assemble
from data_jobs.catalogue import build_catalogue
from data_jobs.index_opensearch import LOADS, VISIBLE_S, IndexJob
from data_jobs.indexing.bulk import IndexingFailed, InDoubt, load
from data_jobs.indexing.old_indexes import indexes
from data_jobs.indexing.patience import ACCESS_S, Patience
from data_jobs.indexing.writer import writer
from data_jobs.text_index import write_text_index
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.opensearch.index import IndexMismatch, IndexNote, index_body
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.bootstrap import SystemClock
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import SearchUnavailable
from tests.adapters.search.opensearch.kit import Reply, fake_server, refusal
from tests.builders import ManualClock, make_bundle, make_embeddings, make_tables
from tests.films import FILMS, make_events
from tests.patience import PATIENCE_S
from tests.servers.rules import NO_IDS
from tests.servers.serverless import Serverless


@dataclass
class Steps:
    """Recorded progress."""

    reports: list[tuple[str, int, int | None]] = field(default_factory=list)

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.reports.append((step, done, total))


@pytest.fixture(scope="module")
def awkward() -> Bundle:
    """The awkward films, all but one with a vector."""
    catalogue = build_catalogue(FILMS, make_events())
    vectors = make_embeddings(len(FILMS)).rows(np.arange(len(FILMS)))
    vectors[3] = 0
    embeddings = make_embeddings(len(FILMS)).quantise(vectors, "test-encoder")
    popularity = np.linspace(2, 0, len(FILMS)).astype(np.float32)
    bundle = assemble(catalogue, make_tables(len(FILMS), 2), popularity, popularity, "ease-test", embeddings=embeddings)
    return replace(bundle, version="awkward")


@pytest.fixture(scope="module")
def local(awkward, tmp_path_factory) -> EmbeddedSearch:
    return EmbeddedSearch(awkward, write_text_index(awkward.catalogue, tmp_path_factory.mktemp("index") / "index"))


@pytest.fixture
def target(opensearch_url, unique_name) -> OpenSearchTarget:
    return OpenSearchTarget(opensearch_url, index=unique_name)


@pytest.fixture
def job(target) -> Iterator[IndexJob]:
    with writer(target) as client:
        yield IndexJob(target, client, SystemClock(), Steps())


def documents(job: IndexJob, index: str) -> list[dict]:
    job.client.indices.refresh(index=index)
    body = {"size": 100, "query": {"exists": {"field": "row"}}, "sort": ["row"], "_source": {"excludes": []}}
    response = job.client.search(index=index, body=body)
    return [hit["_source"] | {"_id": hit["_id"]} for hit in response["hits"]["hits"]]


def note_of(job: IndexJob, index: str) -> IndexNote:
    note = IndexNote.read(job.client.indices.get_mapping(index=index)[index])
    assert note is not None
    return note


@pytest.mark.parametrize("engine", ["faiss", "lucene"])
def test_every_film_is_there_and_the_index_says_so(target, awkward, local, engine):
    with writer(target) as client:
        job = IndexJob(replace(target, engine=engine), client, SystemClock(), Steps())
        done = job.run(awkward, local)
        assert (done.index, done.films, done.loaded) == (f"{target.index}-awkward", len(FILMS), True)
        note = note_of(job, done.index)
        assert note.complete
        assert (note.films, note.dims, note.encoder, note.engine) == (len(FILMS), 16, "test-encoder", engine)
        assert note.text_scale == pytest.approx(2.2, abs=0.01)
        assert len(documents(job, done.index)) == len(FILMS)
        assert ("films loaded", len(FILMS), len(FILMS)) in job.progress.reports


def test_a_document_has_what_is_known_about_a_film(job, awkward, local):
    index = job.run(awkward, local).index
    films = {document["item_id"]: document for document in documents(job, index)}
    rows = {item_id: row for row, item_id in enumerate(awkward.catalogue.item_ids)}
    amelie = films["a1"]
    assert amelie["row"] == rows["a1"]
    assert amelie["other_names"] == ["Le Fabuleux Destin d'Amélie Poulain"]
    assert (amelie["year"], amelie["language"], amelie["votes"]) == (2001, "fr", 11_000)
    assert (amelie["genres"], amelie["keywords"]) == (["Comedy", "Romance"], ["paris"])
    assert (amelie["directors"], amelie["people"]) == (["Jean-Pierre Jeunet"], ["Jean-Pierre Jeunet", "Audrey Tautou"])
    assert films["s1"]["other_names"] == ["seven", "se7en"]
    assert not {"year", "language", "overview", "directors"} & set(films["x1"]) - {"year"}
    assert films["m1"]["runtime"] == 136
    assert not {"year", "runtime"} & set(films["t1"]), "unknown is left out, or it would pass filters"


def test_vectors_have_unit_length_and_are_left_out_if_missing(job, awkward, local):
    index = job.run(awkward, local).index
    response = job.client.search(index=index, body={"size": 0, "query": {"exists": {"field": "embedding"}}})
    assert response["hits"]["total"]["value"] == len(FILMS) - 1
    vectors = [document["embedding"] for document in documents(job, index) if "embedding" in document]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(FILMS) - 1), abs=1e-4)


def test_a_complete_index_is_left_alone(job, awkward, local):
    index = job.run(awkward, local).index
    before = [document["_id"] for document in documents(job, index)]
    again = job.run(awkward, local)
    assert not again.loaded
    assert [document["_id"] for document in documents(job, index)] == before


def test_an_interrupted_load_starts_over(job, awkward, local, target):
    index = target.index_name("awkward")
    note = IndexNote.of(awkward, target, 5)
    job.client.indices.create(index=index, body=index_body(target, note))
    job.client.index(index=index, body={"row": 0, "item_id": "half", "title": "Half", "votes": 0})
    assert job.run(awkward, local).loaded
    assert "half" not in [document["item_id"] for document in documents(job, index)]
    assert note_of(job, index).complete


@pytest.mark.parametrize("custom_ids", [False, True, None])
def test_document_ids_are_rows_unless_switched_off(target, awkward, local, custom_ids):
    with writer(target) as client:
        job = IndexJob(replace(target, custom_ids=custom_ids), client, SystemClock(), Steps())
        ids = {document["_id"] for document in documents(job, job.run(awkward, local).index)}
    assert (ids == {str(row) for row in range(len(FILMS))}) is (custom_ids is not False)


def test_a_foreign_index_is_not_touched(job, awkward, local, target):
    job.client.indices.create(index=target.index_name("awkward"))
    with pytest.raises(IndexingFailed, match="was not made by `marquee index`"):
        job.run(awkward, local)
    assert job.client.indices.exists(index=target.index_name("awkward"))


def test_a_complete_index_of_other_vectors_is_refused(job, awkward, local):
    job.run(awkward, local)
    other = replace(awkward, embeddings=replace(awkward.embeddings, encoder_id="another"))
    with pytest.raises(IndexMismatch, match=r"'another'.*'test-encoder'"):
        job.run(other, local)


def test_vectors_of_an_unexpected_length_are_refused_before_anything_is_done(target, awkward, local):
    with writer(target) as client, pytest.raises(IndexMismatch, match="VECTOR_DIM = 384"):
        IndexJob(replace(target, dims=384), client, SystemClock(), Steps()).run(awkward, local)


def test_documents_that_are_refused_are_reported_with_their_ids(job, target, awkward, local):
    """Half of the vectors can't be stored: the mapping is of another bundle."""
    body = index_body(target, IndexNote.of(awkward, target, 5))
    body["mappings"]["properties"]["embedding"]["dimension"] = 8
    index = target.index_name("awkward")
    job.client.indices.create(index=index, body=body)
    with pytest.raises(IndexingFailed) as caught:
        load(job.client, index, awkward, False, Steps(), lambda seconds: None)
    assert f"{len(FILMS) - 1} of {len(FILMS)} films were refused" in str(caught.value)
    assert "m1 (400" in str(caught.value)
    assert "and 1 more" in str(caught.value)


@dataclass
class Waiting:
    """Sleeps on a manual clock; ``cut_in`` is called after each pause."""

    clock: ManualClock
    slept: list[float] = field(default_factory=list)
    cut_in: Callable[[], None] = lambda: None

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
        self.cut_in()


@contextmanager
def stand_in_job(*script: Reply) -> Iterator[tuple[IndexJob, Waiting, list]]:
    with fake_server(*script) as server:
        target, clock = OpenSearchTarget(server.url), ManualClock()
        waiting = Waiting(clock)
        with writer(target) as client:
            yield IndexJob(target, client, clock, Steps(), waiting), waiting, server.calls


DENIED = Reply(refusal(403, "security_exception", "User does not have permissions"), 403)


def test_the_job_waits_for_access_that_is_granted_a_minute_later(awkward, local):
    foreign = Reply({"films-awkward": {"mappings": {}}})
    with stand_in_job(*[DENIED] * 6, foreign) as (job, waiting, requests):
        with pytest.raises(IndexingFailed, match="was not made by"):
            job.run(awkward, local)
        assert len(requests) == 7
    assert waiting.slept == [1, 2, 4, 8, 8, 8]
    assert job.progress.reports[-1] == ("seconds until access is granted", 31, 180)


def test_access_that_is_never_granted_is_an_error_after_three_minutes(awkward, local):
    with stand_in_job(DENIED) as (job, waiting, _), pytest.raises(SearchUnavailable, match="data access policy"):
        job.run(awkward, local)
    assert ACCESS_S - 10 <= sum(waiting.slept) <= ACCESS_S


def test_an_unreachable_server_is_named(awkward, local):
    with stand_in_job(DENIED) as (job, _, _):
        pass
    with pytest.raises(SearchUnavailable, match="failed"), writer(job.target) as client:
        replace(job, client=client).run(awkward, local)


def count(films: int) -> Reply:
    return Reply({"count": films})


def test_films_become_visible_after_a_while():
    with stand_in_job(count(0), count(5), count(12)) as (job, waiting, _):
        job._wait_for_all("films-x", 12)
    assert waiting.slept == [1.0, 1.0]
    assert job.progress.reports == [("films searchable", 0, 12), ("films searchable", 5, 12)]


def test_films_that_never_become_visible():
    with stand_in_job(count(5)) as (job, waiting, _), pytest.raises(IndexingFailed, match="shows 5 of 12 films"):
        job._wait_for_all("films-x", 12)
    assert sum(waiting.slept) == VISIBLE_S


def test_the_job_waits_for_an_index_that_cannot_be_found_yet():
    missing = Reply(refusal(404, "index_not_found_exception", "no such index [films-x]"), 404)
    with stand_in_job(missing, count(12)) as (job, waiting, _):
        job._wait_for_all("films-x", 12)
    assert waiting.slept == [1.0]


def test_concurrent_loads_are_detected():
    with stand_in_job(count(24)) as (job, _, _), pytest.raises(IndexingFailed, match="24 documents for 12 films"):
        job._wait_for_all("films-x", 12)


NO_SUCH_INDEX = Reply(refusal(404, "index_not_found_exception", "no such index"), 404)


def test_a_refused_mapping_names_its_kind(awkward, local):
    refused = Reply(refusal(400, "illegal_argument_exception", "Field parameter 'engine' is not supported"), 400)
    with stand_in_job(NO_SUCH_INDEX, refused) as (job, _, requests), pytest.raises(IndexingFailed) as caught:
        job.run(awkward, local)
    assert "OPENSEARCH_KIND server" in str(caught.value)
    assert "Field parameter 'engine' is not supported" in str(caught.value)
    assert [(method, path) for method, path, _ in requests][1:] == [("PUT", "/films-awkward")], "and nothing is loaded"


def test_an_index_just_made_by_another_load_does_not_blame_the_kind(awkward, local):
    exists = Reply(refusal(400, "resource_already_exists_exception", "index [films-awkward] already exists"), 400)
    with (
        stand_in_job(NO_SUCH_INDEX, exists) as (job, _, _),
        pytest.raises(SearchUnavailable, match="already") as caught,
    ):
        job.run(awkward, local)
    assert "OPENSEARCH_KIND" not in str(caught.value)


@pytest.fixture(params=["nextgen", "classic"])
def collection(request, opensearch_url) -> Iterator[Serverless]:
    with Serverless(opensearch_url, kind=request.param) as serverless:
        yield serverless


@contextmanager
def collection_job(collection: Serverless, index: str, **options) -> Iterator[IndexJob]:
    target = OpenSearchTarget(collection.url, index=index, auth="none", **options)
    with writer(target) as client:
        yield IndexJob(target, client, SystemClock(), Steps())


def test_a_collection_accepts_the_index_of_its_generation(collection, unique_name, awkward, local):
    with collection_job(collection, unique_name, kind=collection.kind) as job:
        note = note_of(job, job.run(awkward, local).index)
    assert (note.complete, note.engine) == (True, "faiss")


@pytest.mark.parametrize("kind", ["server", "classic"])
def test_nextgen_refuses_the_mapping_of_any_other_kind(opensearch_url, unique_name, awkward, local, kind):
    with (
        Serverless(opensearch_url, kind="nextgen") as collection,
        collection_job(collection, unique_name, kind=kind) as job,
        pytest.raises(IndexingFailed, match=f"OPENSEARCH_KIND {kind}: .*'engine' is not supported"),
    ):
        job.run(awkward, local)


@contextmanager
def patient_job(collection: Serverless, index: str, **options) -> Iterator[tuple[IndexJob, Waiting]]:
    """A job on a manual clock, so that minutes of waiting pass at once; documents are visible after each pause."""
    waiting = Waiting(
        ManualClock(), cut_in=lambda: httpx2.post(f"{collection.upstream}/{index}-*/_refresh", timeout=PATIENCE_S)
    )
    with collection_job(collection, index, kind=collection.kind, **options) as job:
        yield replace(job, clock=waiting.clock, sleep=waiting), waiting


def test_custom_ids_are_used_where_a_probe_shows_that_they_are_accepted(collection, unique_name, awkward, local):
    with collection_job(collection, unique_name, kind=collection.kind) as job:
        index = job.run(awkward, local).index
    with writer(OpenSearchTarget(collection.upstream)) as client:
        ids = {document["_id"] for document in documents(replace(job, client=client), index)}
    assert (ids == {str(row) for row in range(len(FILMS))}) is (collection.kind == "nextgen")


def test_forced_custom_ids_are_refused_by_classic(opensearch_url, unique_name, awkward, local):
    with (
        Serverless(opensearch_url, kind="classic") as collection,
        collection_job(collection, unique_name, kind="classic", custom_ids=True) as job,
        pytest.raises(IndexingFailed, match=NO_IDS),
    ):
        job.run(awkward, local)


COLD = [403, 403, 429, 503, "drop", 502, 504]


@pytest.mark.parametrize("keeps_meta", [True, False])
@pytest.mark.parametrize("kind", ["nextgen", "classic"])
def test_a_cold_collection_is_loaded_in_the_end(opensearch_url, unique_name, awkward, local, kind, keeps_meta):
    """Access is granted late, the collection wakes slowly, responses get lost, and so may the note in the mapping."""
    with (
        Serverless(opensearch_url, kind=kind, first=COLD, lost=[504, "drop"], keeps_meta=keeps_meta) as collection,
        patient_job(collection, unique_name) as (job, waiting),
    ):
        done = job.run(awkward, local)
        assert not job.run(awkward, local).loaded, "the note of a complete index is found again"
        with writer(job.target) as client:
            listed = indexes(client, Patience(job.target, job.clock, job.progress, waiting))
    assert [(entry.index, entry.note.complete) for entry in listed] == [(done.index, True)]
    assert waiting.slept[: len(COLD)] == [1, 2, 4, 8, 8, 8, 8]
    with writer(OpenSearchTarget(opensearch_url)) as client:
        rows = [document["row"] for document in documents(replace(job, client=client), done.index)]
    assert rows == list(range(len(FILMS))), "every film is there once"


def test_a_load_without_ids_that_lost_a_response_starts_over_a_few_times(awkward, local):
    fine, lost = Reply({"acknowledged": True}), Reply(refusal(504, "timeout"), 504)
    script = [NO_SUCH_INDEX, fine, lost, *[fine, fine, lost] * (LOADS - 1), fine]
    with stand_in_job(*script) as (job, _, requests):
        without_ids = replace(job, target=replace(job.target, custom_ids=False))
        with pytest.raises(InDoubt, match=r"12 of 12 films were refused.*504"):
            without_ids.run(awkward, local)
    repeat = [("DELETE", "/films-awkward"), ("PUT", "/films-awkward"), ("POST", "/_bulk")]
    assert [(method, path) for method, path, _ in requests][1:] == repeat[1:] + repeat * (LOADS - 1)


def test_an_index_of_ours_that_lost_its_note_is_loaded_again(job, awkward, local, target):
    index = target.index_name("awkward")
    body = index_body(target, IndexNote.of(awkward, target, 5))
    del body["mappings"]["_meta"]
    job.client.indices.create(index=index, body=body)
    assert job.run(awkward, local).loaded
    assert note_of(job, index).complete


def test_an_index_that_is_not_sound_is_not_marked(opensearch_url, unique_name, awkward, local):
    """Its rows have the texts of other films, so titles find the wrong films."""
    target, waiting = OpenSearchTarget(opensearch_url, index=unique_name), Waiting(ManualClock())
    wrong = replace(awkward, catalogue=make_bundle(len(FILMS), 2).catalogue)
    with writer(target) as client:
        job = IndexJob(target, client, waiting.clock, Steps(), waiting)
        index, note = target.index_name("awkward"), IndexNote.of(awkward, target, 5)
        client.indices.create(index=index, body=index_body(target, note))
        load(client, index, wrong, False, Steps(), waiting)
        client.indices.refresh(index=index)
        with pytest.raises(IndexingFailed, match=r"not sound: the title .* finds"):
            job._finish(awkward, local, index, note)
        assert not note_of(job, index).complete


def test_every_call_of_the_whole_load_exists_on_serverless(opensearch_url, unique_name, awkward, local):
    """Amazon OpenSearch Serverless has neither /, _refresh, _cluster nor _delete_by_query."""
    calls = []

    class Listening(OpenSearch):
        def __init__(self, url: str) -> None:
            super().__init__(url, timeout=PATIENCE_S)
            perform = self.transport.perform_request

            def recorded(method: str, path: str, **options: object) -> object:
                calls.append((method, path.replace(index, "INDEX"), set(options.get("params") or {})))
                return perform(method, path, **options)

            self.transport.perform_request = recorded

    target = OpenSearchTarget(opensearch_url, index=unique_name)
    index = target.index_name("awkward")
    client = Listening(opensearch_url)
    IndexJob(target, client, SystemClock(), Steps()).run(awkward, local)
    client.close()
    assert {(method, path) for method, path, _ in calls} == {
        ("GET", "/INDEX/_mapping"),
        ("PUT", "/INDEX"),
        ("POST", "/_bulk"),
        ("POST", "/INDEX/_bulk"),
        ("POST", "/INDEX/_count"),
        ("POST", "/INDEX/_msearch"),
        ("PUT", "/INDEX/_mapping"),
    }
    assert not [names for _, _, names in calls if "refresh" in names]
