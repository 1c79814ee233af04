"""Storage and search: DynamoDB, OpenSearch Serverless, S3 and the image registry."""

from collections.abc import Iterator
from math import ceil, exp

from data_jobs.cost import item_units
from data_jobs.cost.bill import Line
from data_jobs.cost.computing import DAYS
from data_jobs.cost.deployment import HOURS, SECONDS, Deployment, SearchKind
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import EVENTS_A_PERSON, INDEX_BYTES_A_FILM, bundle_gb

# Assumed: the log is kept indefinitely, and its first year is billed; DynamoDB deletes expired items within two days.
LOG_MONTHS, EXPIRED_DAYS = 12.0, 2.0

# A collection that scales to zero does so after ten minutes without a request and wakes with two search workers and
# one indexing worker (Amazon OpenSearch Service developer guide, "Scale to zero").
IDLE_S, AWAKE_SEARCH_OCU, AWAKE_INDEXING_OCU = 600.0, 2, 1
# Assumed: indexing takes a quarter of an hour including the idle time after it; one OCU serves 50 searches per second.
LOAD_HOURS, SEARCHES_A_SECOND = 0.25, 50.0
# Set in infra/settings.py for Classic, which never sleeps: two for searching, two for indexing.
CLASSIC_OCU = 4

# Assumed: raw data and feature files of a catalogue; access logs per request.
RAW_GB, ACCESS_LOG_BYTES = 1.0, 400.0
# As in infra/constructs/jobs.py. Assumed: layers shared by all images, compressed.
KEPT_IMAGES, SHARED_LAYERS_GB = 10.0, 0.4
CANARY_REPORTS = 3


def storage_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield tables, index, files and images."""
    yield from _dynamodb(deployment, prices)
    if deployment.search is not SearchKind.EMBEDDED:
        yield from _opensearch(deployment, prices)
    yield from _s3(deployment, prices)
    images = SHARED_LAYERS_GB + min(KEPT_IMAGES, 1 + deployment.releases) * bundle_gb(deployment)
    yield Line("ECR", "images", images, prices["ecr_storage"])


def search_ocu(deployment: Deployment) -> float:
    """Return the average search OCU: the minimum while idle, two or more within ten minutes of a request.

    Requests are assumed to be independent (Poisson), so a share of ``1 - exp(-rate * 600 s)`` of the month has a
    request within the last ten minutes.
    """
    minimum = deployment.settings.search_ocu_min if deployment.search_ocu_min is None else deployment.search_ocu_min
    rate = deployment.searches / SECONDS
    awake = 1 - exp(-rate * IDLE_S)
    needed = max(AWAKE_SEARCH_OCU, 2 * ceil(rate / SEARCHES_A_SECOND / 2), minimum)
    return minimum + awake * (needed - minimum)


def _dynamodb(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    event, canary = item_units.feedback(EVENTS_A_PERSON), item_units.fresh(0)
    profiles = deployment.recommendations * item_units.fresh(EVENTS_A_PERSON).read
    read = profiles + deployment.feedback * event.read + deployment.canary_runs * canary.read
    yield Line("DynamoDB", "reads", read, prices["dynamodb_read"])
    yield Line("DynamoDB", "writes", deployment.feedback * event.write, prices["dynamodb_write"])
    cache_reads, cache_writes = _cache_units(deployment)
    yield Line("DynamoDB", "answer cache, reads", cache_reads, prices["dynamodb_read"])
    yield Line("DynamoDB", "answer cache, writes", cache_writes, prices["dynamodb_write"])
    events = deployment.people * EVENTS_A_PERSON + deployment.feedback * LOG_MONTHS
    cache_bytes = deployment.cache_writes / DAYS * EXPIRED_DAYS * item_units.answer_bytes(explained=False)
    size = (
        deployment.people * item_units.profile_bytes(EVENTS_A_PERSON) + events * item_units.EVENT_BYTES + cache_bytes
    ) / 1e9  # fmt: skip
    yield Line("DynamoDB", "storage", size, prices["dynamodb_storage"])
    yield Line("DynamoDB", "point-in-time recovery", size, prices["dynamodb_pitr"])


def _cache_units(deployment: Deployment) -> tuple[float, float]:
    """Return the cache's read and write units per month, for hits and writes."""
    read_units = write_units = 0.0
    for explained, share in ((True, deployment.explain_share), (False, 1 - deployment.explain_share)):
        hit_read = item_units.cached(EVENTS_A_PERSON, explained).read - item_units.fresh(EVENTS_A_PERSON).read
        write = item_units.stored(EVENTS_A_PERSON, explained)
        read_units += share * (deployment.hits * hit_read + deployment.cache_writes * write.read)
        write_units += share * deployment.cache_writes * write.write
    return read_units, write_units


def _opensearch(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    service = "OpenSearch Serverless"
    if deployment.search is SearchKind.CLASSIC:
        yield Line(service, f"Classic, {CLASSIC_OCU} OCU", CLASSIC_OCU * HOURS, prices["opensearch_ocu"])
    else:
        searching = search_ocu(deployment)
        yield Line(service, f"search, {searching:.2f} OCU on average", searching * HOURS, prices["opensearch_ocu"])
        indexing = deployment.releases * LOAD_HOURS * AWAKE_INDEXING_OCU
        yield Line(service, "indexing", indexing, prices["opensearch_ocu"])
    # The index in service, and the previous one for a rollback.
    size = 2 * deployment.films * INDEX_BYTES_A_FILM / 1e9
    yield Line(service, "storage", size, prices["opensearch_storage"])


def _s3(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    settings = deployment.settings
    bundles = (1 + deployment.releases * settings.noncurrent_days / DAYS) * bundle_gb(deployment)
    access_logs = deployment.requests * ACCESS_LOG_BYTES * settings.log_days / DAYS / 1e9
    yield Line("S3", "storage", RAW_GB + bundles + access_logs, prices["s3_storage"])
    yield Line("S3", "canary reports", deployment.canary_runs * CANARY_REPORTS, prices["s3_write"])
