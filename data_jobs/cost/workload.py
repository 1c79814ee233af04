"""What one request takes: milliseconds, bytes and log lines. Measured where it says so, else assumed, to be replaced.

``marquee bench`` measures the milliseconds on one machine (2 cores, AMD EPYC, Python 3.11). They stand for a Lambda
function of 1,769 MB, which has one vCPU (AWS Lambda developer guide, "Configure Lambda function memory").
"""

from data_jobs.cost.deployment import Deployment

# Measured: CPU of a fresh answer, of the bench's mix: 2.68 ms at 9,742 films and 14 microseconds for each 1,000 more.
FRESH_MS, FRESH_MS_A_FILM = 2.54, 1.4e-5
# Measured: CPU of an answer from the cache, and of storing an event.
CACHED_MS, FEEDBACK_MS = 0.23, 0.37
# Measured: what the Lambda loop and Mangum add to a warm answer, in the runtime interface emulator.
LOOP_MS = 1.3
# Assumed: one round trip to DynamoDB for reading, one for a transaction or for a write and a look, one to OpenSearch.
READ_MS, WRITE_MS, SEARCH_MS = 5.0, 10.0, 30.0
# Lambda bills whole milliseconds, rounded up: half of one on average.
ROUNDING_MS = 0.5

# Measured: an answer of 20 films compressed as it is cached; what `explain` adds.
CACHED_BYTES, CACHED_EXPLAIN_BYTES = 1_561, 671
# Measured: an answer of 20 films (5,480 bytes) and what `explain` adds (4,061), compressed as they are sent to 23 % and
# 13 % of that, rounded up; and the CPU that takes. Assumed: everybody reads gzip.
ANSWER_BYTES, EXPLAIN_BYTES = 1_400, 550
COMPRESS_MS = 0.05
RECEIPT_BYTES = 120
# Measured: a page of 20 films as a model is asked for it, and 20 sentences of 14 words; four characters a token.
SENTENCES_A_PAGE, EXPLAIN_INPUT_TOKENS, EXPLAIN_OUTPUT_TOKENS = 20, 2_700, 750
# Assumed: what SageMaker bills of a question to the two-tower model, and its bytes: 50 films asked, 500 answered.
TOWER_MS, TOWER_BYTES = 30.0, 15_000
# Assumed: HTTP headers of a response.
HEADER_BYTES = 700
# Measured: the line of the request and that of its metrics. Assumed: three lines of the platform, one of access.
SERVICE_LOG_BYTES, PLATFORM_LOG_BYTES = 1_240, 860
LOG_BYTES = SERVICE_LOG_BYTES + PLATFORM_LOG_BYTES
# Assumed: a search asked and answered, some 400 hits.
SEARCH_BYTES = 50_000

# Measured: events of a person in the middle of the bench's mix.
EVENTS_A_PERSON = 50

# Measured: a bundle of 9,742 films has 58 MB, one of 62,000 has 126 MB.
BUNDLE_BYTES, BUNDLE_BYTES_A_FILM = 45e6, 1_300
# Assumed: text and 384 numbers of a film in an index, with the graph.
INDEX_BYTES_A_FILM = 6_000


def fresh_ms(deployment: Deployment) -> float:
    """CPU of a fresh answer, milliseconds."""
    return FRESH_MS + FRESH_MS_A_FILM * deployment.films


def billed_seconds(deployment: Deployment) -> float:
    """Seconds of a month that the function runs, waiting for others among them."""
    answer = LOOP_MS + ROUNDING_MS + READ_MS + COMPRESS_MS
    milliseconds = (
        (deployment.hits + deployment.canary_runs) * (answer + CACHED_MS)
        + deployment.fresh * (answer + fresh_ms(deployment))
        + deployment.stored * WRITE_MS
        + deployment.searches * SEARCH_MS
        + deployment.feedback * (answer + FEEDBACK_MS + WRITE_MS)
    )
    return milliseconds / 1_000


def cpu_seconds(deployment: Deployment) -> float:
    """Seconds of a month that a core computes: what servers are sized by."""
    return (
        (deployment.hits + deployment.canary_runs) * (CACHED_MS + COMPRESS_MS)
        + deployment.fresh * (fresh_ms(deployment) + COMPRESS_MS)
        + deployment.feedback * FEEDBACK_MS
    ) / 1_000


def sent_gb(deployment: Deployment) -> float:
    """Gigabytes of a month that go to those who ask."""
    answer = ANSWER_BYTES + EXPLAIN_BYTES * deployment.explain_share
    body = deployment.recommendations * answer + deployment.canary_runs * ANSWER_BYTES
    return (body + deployment.feedback * RECEIPT_BYTES + deployment.requests * HEADER_BYTES) / 1e9


def bundle_gb(deployment: Deployment) -> float:
    """A bundle, gigabytes."""
    return (BUNDLE_BYTES + BUNDLE_BYTES_A_FILM * deployment.films) / 1e9
