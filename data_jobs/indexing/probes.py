"""Check an index: titles and vectors must find their own film, and scores must mean what they should."""

from collections.abc import Iterator

import numpy as np
from opensearchpy import OpenSearch

from services.adapters.search.analyser import squeezed, terms, words
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.hit_scores import EMPTY
from services.adapters.search.opensearch.query_bodies import search_body
from services.adapters.search.opensearch.search import OpenSearchSearch, hits_of
from services.adapters.search.remote_failure import RemoteFailure
from services.adapters.search.schema import TEXT_FIELDS
from services.adapters.search.wording import WordClause
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import Deadline, SearchRequest

PROBES = 12
# At cosine .5 the nearest wrong score formula is .17 off; compressed vectors are .02 off.
_COSINE_ERROR = 0.05


def probe_rows(bundle: Bundle) -> list[int]:
    """Return the rows of the best known films, which must be found by a title with words and by a vector, if any."""
    return [int(row) for row in np.argsort(-bundle.popularity, kind="stable")[:PROBES]]


def text_scale(client: OpenSearch, index: str, bundle: Bundle, local: EmbeddedSearch) -> float:
    """Return the ratio of the embedded engine's BM25 scores to this engine's: the median over some title words.

    1 if no title has a word. Lucene dropped the factor k1 + 1 from BM25 in version 8 (LUCENE-8563).
    """
    ratios = []
    for row in probe_rows(bundle):
        title = bundle.catalogue.titles[row]
        for word, term in zip(words(title), terms(title), strict=True):
            here = local.hits([WordClause(word, term, ("title",))], 1)
            body = search_body([({"match": {"title": word}}, 1)])
            there = hits_of(client.msearch(index=index, body=body)["responses"][0], len(bundle.catalogue))
            if len(here.rows) and len(there.rows) and there.scores[0] > 0:
                ratios.append(float(here.scores[0]) / TEXT_FIELDS["title"] / float(there.scores[0]))
    return round(float(np.median(ratios)), 4) if ratios else 1.0


def complaints(search: OpenSearchSearch, bundle: Bundle, local: EmbeddedSearch, deadline: Deadline) -> Iterator[str]:
    """Yield wrong results of some titles and vectors; nothing if the index is sound."""
    rows = probe_rows(bundle)
    try:
        for row in rows:
            yield from _title(search, bundle, local, row, deadline)
        for row in rows:
            yield from _vector(search, bundle, row, deadline)
    except RemoteFailure as failure:
        yield str(failure)


def _title(
    search: OpenSearchSearch, bundle: Bundle, local: EmbeddedSearch, row: int, deadline: Deadline
) -> Iterator[str]:
    title = bundle.catalogue.titles[row]
    if not squeezed(title):
        return
    request = SearchRequest(text=title, size=1)
    there, here = (
        {squeezed(bundle.catalogue.titles[int(each)]) for each in hits.rows}
        for hits in (engine.search(request, deadline).text or EMPTY for engine in (search, local))
    )
    if not there or not there <= {squeezed(title), *here}:
        yield f"the title {title!r} finds {', '.join(there) or 'nothing'}"


def _vector(search: OpenSearchSearch, bundle: Bundle, row: int, deadline: Deadline) -> Iterator[str]:
    embeddings = bundle.embeddings
    if embeddings is None or embeddings.scales[row] <= 0:
        return
    vector = embeddings.rows(np.array([row]))
    hits = search.search(SearchRequest(vectors=vector, size=10), deadline).knn
    title, exact = bundle.catalogue.titles[row], embeddings.cosines(vector)
    if hits is None or not len(hits.rows) or exact[hits.rows[0]] < exact[row] - _COSINE_ERROR:
        yield f"the vector of {title!r} does not find it"
    elif (error := float(np.abs(hits.scores - exact[hits.rows]).max())) > _COSINE_ERROR:
        yield f"the cosines of {title!r} are {error:.3f} off: this engine's score formula is unknown"
