"""Make a bundle's OpenSearch index: create, load, count, probe, and only then mark it as complete.

An index belongs to one bundle and is never changed afterwards, so no alias is needed: a server searches the index named
after its bundle. An interrupted load leaves an unmarked index; the next run removes it and starts over.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError

from data_jobs.indexing.bulk import IndexingFailed, InDoubt, load
from data_jobs.indexing.index_notes import mapping_of, read_note, takes_ids, write_note
from data_jobs.indexing.old_indexes import remove_index
from data_jobs.indexing.patience import LONGEST_PAUSE_S, Patience
from data_jobs.indexing.probes import complaints, text_scale
from data_jobs.indexing.writer import CALL_S, writer
from data_jobs.report import Progress
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.opensearch.connection import described
from services.adapters.search.opensearch.index import IndexNote, index_body, made_here
from services.adapters.search.opensearch.open_index import check_dims
from services.adapters.search.opensearch.search import OpenSearchSearch
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import Clock, Deadline

# Documents become searchable after 10 to 60 seconds on OpenSearch Serverless, a new vector index 15 seconds later.
VISIBLE_S = 180.0
# Attempts at a load without custom ids, should a response be lost.
LOADS = 3
# Error of creating an index that exists, from a concurrent load: the mapping itself is accepted.
_EXISTS = "resource_already_exists_exception"
_FILMS = {"query": {"exists": {"field": "row"}}}


@dataclass(frozen=True, slots=True)
class Indexed:
    """The result of a job. ``loaded``: False if the index was already complete."""

    index: str
    films: int
    loaded: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class IndexJob:
    """Makes indexes in one OpenSearch. ``sleep`` in seconds."""

    target: OpenSearchTarget
    client: OpenSearch
    clock: Clock
    progress: Progress
    sleep: Callable[[float], None] = time.sleep

    def run(self, bundle: Bundle, local: EmbeddedSearch) -> Indexed:
        """Make the index of a bundle; ``local`` is the bundle's embedded search.

        Raises IndexMismatch, IndexingFailed, and SearchUnavailable if OpenSearch cannot be reached or denies access.
        """
        started, index = self.clock.monotonic(), self.target.index_name(bundle.version)
        check_dims(self.target, bundle)
        loaded = not self._is_complete(bundle, index)
        if loaded:
            note = self._load(bundle, index)
            self._wait_for_all(index, len(bundle.catalogue))
            self._finish(bundle, local, index, note)
        return Indexed(index, len(bundle.catalogue), loaded, round(self.clock.monotonic() - started, 1))

    @property
    def _patience(self) -> Patience:
        return Patience(self.target, self.clock, self.progress, self.sleep)

    def _is_complete(self, bundle: Bundle, index: str) -> bool:
        """Return whether nothing is left to do; a half-loaded index is removed."""
        mapping = self._patience.call(lambda: mapping_of(self.client, index))
        if mapping is None:
            return False
        note = self._patience.call(lambda: read_note(self.client, index, mapping))
        if note is None and not made_here(mapping):
            raise IndexingFailed(
                f"{index} was not made by `marquee index`; remove it yourself or set another OPENSEARCH_INDEX"
            )
        if note is not None and note.complete:
            note.check(bundle)
            return True
        self._patience.call(lambda: remove_index(self.client, index))
        return False

    def _load(self, bundle: Bundle, index: str) -> IndexNote:
        """Load every film exactly once and return the index's note. If that cannot be guaranteed, the load
        starts over.
        """
        for attempt in range(LOADS):
            note = IndexNote.of(bundle, self.target, self.clock.now_ms())
            self._create(index, note)
            ids = self.target.custom_ids
            if ids is None:
                ids = self._patience.call(partial(takes_ids, self.client, index, note))
            try:
                load(self.client, index, bundle, ids, self.progress, self.sleep)
            except InDoubt:
                if attempt == LOADS - 1:
                    raise
                self._patience.call(lambda: remove_index(self.client, index))
            else:
                return note
        raise AssertionError("the last attempt returns or raises")

    def _create(self, index: str, note: IndexNote) -> None:
        """Create the empty index. Raises IndexingFailed if the mapping is refused, naming the OpenSearch kind."""
        tried = False

        def create() -> None:
            nonlocal tried
            first, tried = not tried, True
            try:
                self.client.indices.create(index=index, body=index_body(self.target, note))
            except RequestError as error:
                if error.error != _EXISTS:
                    raise IndexingFailed(
                        f"{self.target.endpoint} refuses a mapping for OPENSEARCH_KIND {self.target.kind}: "
                        f"{described(error)}; set OPENSEARCH_KIND to the actual kind: server, classic or nextgen"
                    ) from error
                if first:
                    raise
                # The previous call succeeded and only its response was lost.

        self._patience.call(create)

    def _wait_for_all(self, index: str, films: int) -> None:
        """Wait until the count is right: OpenSearch Serverless has no refresh."""
        until = self.clock.monotonic() + VISIBLE_S
        while (visible := self._patience.call(lambda: _count(self.client, index))) != films:
            self.progress.advance("films searchable", visible, films)
            if visible > films:
                raise IndexingFailed(
                    f"{index} has {visible:,} documents for {films:,} films; is another load running? "
                    "Run this one again"
                )
            if self.clock.monotonic() >= until:
                raise IndexingFailed(
                    f"{index} shows {visible:,} of {films:,} films after {VISIBLE_S:.0f} s; run it again"
                )
            self.sleep(1.0)

    def _finish(self, bundle: Bundle, local: EmbeddedSearch, index: str, note: IndexNote) -> None:
        """Probe until the index is sound, then mark it as complete. Raises IndexingFailed when time is up."""
        scale = self._patience.call(lambda: text_scale(self.client, index, bundle, local))
        ready = replace(note, text_scale=scale, complete=True)
        client = SearchClient(replace(self.target, timeout_s=CALL_S))
        search = OpenSearchSearch(bundle, local, client, index, ready)
        until = self.clock.monotonic() + VISIBLE_S
        try:
            while problems := list(complaints(search, bundle, local, Deadline.within(self.clock, CALL_S))):
                if self.clock.monotonic() >= until:
                    raise IndexingFailed(f"{index} is loaded, but not sound: {'; '.join(problems)}")
                self.sleep(LONGEST_PAUSE_S)
        finally:
            search.close()
        self._mark(index, ready)

    def _mark(self, index: str, ready: IndexNote) -> None:
        """Mark the index as complete, with a document if the mapping loses notes, and check that the mark can
        be read.
        """
        if self._patience.call(lambda: write_note(self.client, index, ready)):
            return
        self._patience.call(lambda: self.client.index(index=index, body=ready.to_document()))
        until = self.clock.monotonic() + VISIBLE_S
        while self._patience.call(lambda: read_note(self.client, index, mapping_of(self.client, index) or {})) != ready:
            if self.clock.monotonic() >= until:
                raise IndexingFailed(
                    f"{index} does not keep its note, neither in the mapping nor as a document; run it again"
                )
            self.sleep(LONGEST_PAUSE_S)


@contextmanager
def open_job(target: OpenSearchTarget, clock: Clock, progress: Progress) -> Iterator[IndexJob]:
    """Yield a job whose connections are closed at the end."""
    with writer(target) as client:
        yield IndexJob(target, client, clock, progress)


def _count(client: OpenSearch, index: str) -> int:
    """Return how many films are searchable. For some seconds Classic does not find an index it has just created."""
    try:
        return int(client.count(index=index, body=_FILMS)["count"])
    except NotFoundError:
        return 0
