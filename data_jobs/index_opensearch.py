"""From a bundle to its OpenSearch index: create, load, count, probe, and only then mark it as complete.

An index belongs to one bundle and is never changed afterwards, so there is no alias to move: whoever serves a bundle
searches the index of that name. A load that was interrupted leaves an index that is not marked; the next run removes
it and starts anew.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from opensearchpy import OpenSearch
from opensearchpy.exceptions import AuthorizationException, NotFoundError, OpenSearchException, RequestError

from data_jobs.indexing.bulk import load
from data_jobs.indexing.failures import IndexingFailed
from data_jobs.indexing.probes import complaints, text_scale
from data_jobs.indexing.writer import CALL_S, writer
from data_jobs.report import Progress
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.opensearch.client import SearchClient
from services.adapters.search.opensearch.connection import described
from services.adapters.search.opensearch.index import IndexNote, index_body
from services.adapters.search.opensearch.opening import check_dims
from services.adapters.search.opensearch.search import OpenSearchSearch
from services.adapters.search.opensearch.target import Target
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Clock, Deadline

# A new data access policy of OpenSearch Serverless is enforced after about a minute.
ACCESS_S = 180.0
# What was written can be searched after 10 to 60 seconds there, a new vector index after 15 more.
VISIBLE_S = 180.0
_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
# What the second of two loads is told: nothing is wrong with its mapping.
_EXISTS = "resource_already_exists_exception"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Indexed:
    """``loaded``: False if the index was complete before."""

    index: str
    films: int
    loaded: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class IndexJob:
    """One OpenSearch and the way to write to it. ``sleep`` in seconds."""

    target: Target
    client: OpenSearch
    clock: Clock
    progress: Progress
    sleep: Callable[[float], None] = time.sleep

    def run(self, bundle: Bundle, local: EmbeddedSearch) -> Indexed:
        """Make the index of a bundle; ``local`` is the bundle's embedded search.

        Raises IndexMismatch, IndexingFailed, and SearchUnavailable if OpenSearch can't be reached or doesn't let us.
        """
        started, index = self.clock.monotonic(), self.target.index_name(bundle.version)
        check_dims(self.target, bundle)
        loaded = not self._is_complete(bundle, index)
        if loaded:
            note = IndexNote.of(bundle, self.target, self.clock.now_ms())
            self._call(lambda: self._create(index, note))
            self._call(lambda: load(self.client, index, bundle, self.target.custom_ids, self.progress, self.sleep))
            self._wait_for_all(index, len(bundle.catalogue))
            self._finish(bundle, local, index, note)
        return Indexed(index, len(bundle.catalogue), loaded, round(self.clock.monotonic() - started, 1))

    def _is_complete(self, bundle: Bundle, index: str) -> bool:
        """Whether there is nothing left to do; an index that was left half loaded is removed."""
        mapping = self._patiently(lambda: _mapping(self.client, index))
        if mapping is None:
            return False
        note = IndexNote.read(mapping)
        if note is None:
            raise IndexingFailed(
                f"{index} was not made by `marquee index`; remove it yourself or set another OPENSEARCH_INDEX"
            )
        if note.complete:
            note.check(bundle)
            return True
        self._call(lambda: self.client.indices.delete(index=index))
        return False

    def _create(self, index: str, note: IndexNote) -> None:
        """Make the empty index. Raises IndexingFailed for a mapping that is refused, naming the kind it is for."""
        try:
            self.client.indices.create(index=index, body=index_body(self.target, note))
        except RequestError as error:
            if error.error == _EXISTS:
                raise
            raise IndexingFailed(
                f"{self.target.endpoint} refuses a mapping for OPENSEARCH_KIND {self.target.kind}: {described(error)}; "
                "set OPENSEARCH_KIND to what is there: server, classic or nextgen"
            ) from error

    def _wait_for_all(self, index: str, films: int) -> None:
        """Until the count is right: OpenSearch Serverless can't be told to refresh."""
        until = self.clock.monotonic() + VISIBLE_S
        while (found := self._call(lambda: _count(self.client, index))) != films:
            self.progress.advance("films to be searched", found, films)
            if found > films:
                raise IndexingFailed(
                    f"{index} has {found:,} documents for {films:,} films; does another load run? Run this one again"
                )
            if self.clock.monotonic() >= until:
                raise IndexingFailed(
                    f"{index} shows {found:,} of {films:,} films after {VISIBLE_S:.0f} s; run it again"
                )
            self.sleep(1.0)

    def _finish(self, bundle: Bundle, local: EmbeddedSearch, index: str, note: IndexNote) -> None:
        """Probe until all is well or the time is over, then mark the index as complete."""
        scale = self._call(lambda: text_scale(self.client, index, bundle, local))
        ready = replace(note, text_scale=scale, complete=True)
        client = SearchClient(replace(self.target, timeout_s=CALL_S))
        search = OpenSearchSearch(bundle, local, client, index, ready)
        until = self.clock.monotonic() + VISIBLE_S
        try:
            while found := list(complaints(search, bundle, local, Deadline.within(self.clock, CALL_S))):
                if self.clock.monotonic() >= until:
                    raise IndexingFailed(f"{index} is loaded, but not sound: {'; '.join(found)}")
                self.sleep(_PAUSES_S[-1])
        finally:
            search.close()
        self._call(lambda: self.client.indices.put_mapping(index=index, body=ready.to_mapping()))

    def _patiently(self, call: Callable[[], T]) -> T:
        """A call that may be refused while the policy that allows it comes into force."""
        started = self.clock.monotonic()
        for pause_s in (*_PAUSES_S, *[_PAUSES_S[-1]] * int(ACCESS_S)):
            waited = self.clock.monotonic() - started
            try:
                return self._call(call)
            except _Refused:
                if waited + pause_s > ACCESS_S:
                    raise
            self.progress.advance("seconds until access is granted", int(waited + pause_s), int(ACCESS_S))
            self.sleep(pause_s)
        return self._call(call)

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except AuthorizationException as error:
            raise _Refused(
                f"{self.target.endpoint} refuses: {error}; does its data access policy name this role?"
            ) from error
        except OpenSearchException as error:
            raise SearchUnavailable(f"{self.target.endpoint} failed: {described(error)}") from error


class _Refused(SearchUnavailable):
    """Access is denied, for now or for good."""


@contextmanager
def open_job(target: Target, clock: Clock, progress: Progress) -> Iterator[IndexJob]:
    """A job whose connections are closed at the end."""
    with writer(target) as client:
        yield IndexJob(target, client, clock, progress)


def _mapping(client: OpenSearch, index: str) -> dict[str, Any] | None:
    try:
        return dict(client.indices.get_mapping(index=index)[index])
    except NotFoundError:
        return None


def _count(client: OpenSearch, index: str) -> int:
    """How many documents can be searched. For some seconds Classic does not find the index that it has just made."""
    try:
        return int(client.count(index=index)["count"])
    except NotFoundError:
        return 0
