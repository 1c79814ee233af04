"""Resources of one request: milliseconds, bytes and log lines. Measured where noted; otherwise assumptions to replace.

``marquee bench`` measures the milliseconds on one machine (2 cores, AMD EPYC, Python 3.11). They stand for a Lambda
function of 1,769 MB, which has one vCPU (AWS Lambda developer guide, "Configure Lambda function memory").
"""

from data_jobs.cost.deployment import Deployment

# Measured: CPU of a computed response in the bench's mix: 2.68 ms at 9,742 films, 14 microseconds per 1,000 more.
FRESH_MS, FRESH_MS_A_FILM = 2.54, 1.4e-5
# Measured: CPU of a cached response, and of storing an event.
CACHED_MS, FEEDBACK_MS = 0.23, 0.37
# Measured: what the Lambda loop and Mangum add to a warm response, in the runtime interface emulator.
LOOP_MS = 1.3
# Assumed: one round trip to DynamoDB for a read, one for a transaction or for a write and a check, one to OpenSearch.
READ_MS, WRITE_MS, SEARCH_MS = 5.0, 10.0, 30.0
# Lambda bills whole milliseconds, rounded up: half of one on average.
ROUNDING_MS = 0.5

# Measured: a response of 20 films, compressed as in the cache; what `explain` adds.
CACHED_BYTES, CACHED_EXPLAIN_BYTES = 1_561, 671
# Measured: a response of 20 films (5,480 bytes) and what `explain` adds (4,061), compressed to 23 % and 13 % of that,
# rounded up; and the CPU for it. Assumed: every client accepts gzip.
ANSWER_BYTES, EXPLAIN_BYTES = 1_400, 550
COMPRESS_MS = 0.05
RECEIPT_BYTES = 120
# Measured: a page of 20 films as sent to a model, and 20 sentences of 14 words; four characters per token.
SENTENCES_A_PAGE, EXPLAIN_INPUT_TOKENS, EXPLAIN_OUTPUT_TOKENS = 20, 2_700, 750
# Assumed: what SageMaker bills for a query to the two-tower model, and its bytes: 50 films sent, 500 received.
TOWER_MS, TOWER_BYTES = 30.0, 15_000
# Measured in part: CPU seconds of the Spark job per event (docs/scale.md). Assumed: the share of time a vCPU works.
SPARK_CPU_S, SPARK_BUSY = 20e-6, 0.5
# Assumed: HTTP headers of a response.
HEADER_BYTES = 700
# Measured: the request's log line and that of its metrics. Assumed: three platform lines, one access line.
SERVICE_LOG_BYTES, PLATFORM_LOG_BYTES = 1_240, 860
LOG_BYTES = SERVICE_LOG_BYTES + PLATFORM_LOG_BYTES
# Assumed: request and response of a search, some 400 hits.
SEARCH_BYTES = 50_000

# Measured: events of a typical person in the bench's mix.
EVENTS_A_PERSON = 50

# Measured: a bundle of 9,742 films has 58 MB, one of 62,000 has 126 MB.
BUNDLE_BYTES, BUNDLE_BYTES_A_FILM = 45e6, 1_300
# Assumed: text and 384 numbers of a film in an index, including the graph.
INDEX_BYTES_A_FILM = 6_000


def fresh_ms(deployment: Deployment) -> float:
    """Return the CPU milliseconds of a computed response."""
    return FRESH_MS + FRESH_MS_A_FILM * deployment.films


def billed_seconds(deployment: Deployment) -> float:
    """Return the seconds per month that the function runs, including waiting."""
    answer = LOOP_MS + ROUNDING_MS + READ_MS + COMPRESS_MS
    milliseconds = (
        (deployment.hits + deployment.canary_runs) * (answer + CACHED_MS)
        + deployment.fresh * (answer + fresh_ms(deployment))
        + deployment.cache_writes * WRITE_MS
        + deployment.searches * SEARCH_MS
        + deployment.feedback * (answer + FEEDBACK_MS + WRITE_MS)
    )
    return milliseconds / 1_000


def cpu_seconds(deployment: Deployment) -> float:
    """Return the CPU seconds per month, by which servers are sized."""
    return (
        (deployment.hits + deployment.canary_runs) * (CACHED_MS + COMPRESS_MS)
        + deployment.fresh * (fresh_ms(deployment) + COMPRESS_MS)
        + deployment.feedback * FEEDBACK_MS
    ) / 1_000


def sent_gb(deployment: Deployment) -> float:
    """Return the gigabytes per month sent to clients."""
    answer = ANSWER_BYTES + EXPLAIN_BYTES * deployment.explain_share
    body = deployment.recommendations * answer + deployment.canary_runs * ANSWER_BYTES
    return (body + deployment.feedback * RECEIPT_BYTES + deployment.requests * HEADER_BYTES) / 1e9


def bundle_gb(deployment: Deployment) -> float:
    """Return the gigabytes of a bundle."""
    return (BUNDLE_BYTES + BUNDLE_BYTES_A_FILM * deployment.films) / 1e9
