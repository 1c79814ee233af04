"""Operations: CloudWatch, the canary, secrets, keys and the jobs of a release."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.computing import DAYS, environments, tasks
from data_jobs.cost.deployment import HOURS, ComputeKind, Deployment, SearchKind
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import LOG_BYTES, SPARK_BUSY, SPARK_CPU_S

# CloudWatch keeps logs compressed (Amazon CloudWatch Pricing, "Logs": archived); assumed: to 15 %.
LOG_COMPRESSION = 0.15
# services/api/app/observability/emf.py: eight metrics for the stage and for each route that recommends, three for any
# other route; fallbacks have one for the stage and one per cause. The canary's request is not a search: six. Assumed:
# routes, causes.
ANSWER_METRICS, OTHER_METRICS, CANARY_METRICS = 8, 3, 6
ANSWER_ROUTES, OTHER_ROUTES, CAUSES = 2, 5, 2
# Billed by the metric, as infra/constructs/alarms.py has them: for OpenSearch two of capacity, one of errors, two of
# fallbacks; the canary's; latency, error rate (two), three tables (two each), dead letters, fallbacks (two, two and
# three); the health of the compute is two, on Fargate one and a third for the error rate, and two of load.
SEARCH_ALARMS, CANARY_ALARMS, OTHER_ALARMS = 5, 1, 17
HEALTH_ALARMS = {ComputeKind.LAMBDA: 2, ComputeKind.FARGATE: 4}
# Origin header, pepper of the API keys, key of the canary.
SECRETS = 3
# Two versions of two secrets, read every five minutes by each process (services/adapters/secrets.py).
SECRET_READS_AN_HOUR = 2 * 2 * 12
# Assumed: memory and seconds of a run of the canary; minutes of a release.
CANARY_GB, CANARY_S = 1.0, 2.0
RELEASE_MINUTES = 20.0
# GB_PER_VCPU of infra/constructs/gram_job.py.
SPARK_GB_PER_VCPU = 8.0


def operation_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield logs, metrics, alarms, canary, secrets, keys, releases, and counting by Spark if releases do that."""
    yield from _cloudwatch(deployment, prices)
    yield from _canary(deployment, prices)
    processes = environments(deployment) if deployment.compute is ComputeKind.LAMBDA else tasks(deployment)
    yield Line("Secrets and keys", "secrets", SECRETS, prices["secret"])
    yield Line("Secrets and keys", "reads", processes * SECRET_READS_AN_HOUR * HOURS, prices["secret_read"])
    yield Line("Secrets and keys", "key", 1, prices["kms_key"])
    yield Line("CodeBuild", "releases", deployment.releases * RELEASE_MINUTES, prices["build_minute"])
    vcpu_hours = deployment.releases * deployment.spark_events * SPARK_CPU_S / SPARK_BUSY / 3_600
    yield Line("EMR Serverless", "counting events, vCPU", vcpu_hours, prices["emr_vcpu"])
    yield Line("EMR Serverless", "counting events, memory", vcpu_hours * SPARK_GB_PER_VCPU, prices["emr_memory"])


def _cloudwatch(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    service = "CloudWatch"
    written_gb = deployment.requests * LOG_BYTES / 1e9
    stored_gb = written_gb * LOG_COMPRESSION * deployment.settings.log_days / DAYS
    yield Line(service, "logs written", written_gb, prices["log_ingest"])
    yield Line(service, "logs kept", stored_gb, prices["log_storage"])
    yield Line(service, "metrics", _metrics(deployment), prices["custom_metric"])
    yield Line(service, "alarms", _alarms(deployment), prices["alarm"])
    yield Line(service, "dashboard", 1, prices["dashboard"])


def _metrics(deployment: Deployment) -> int:
    """Return the number of metrics that are written: with only the canary calling, those of the stage and one route."""
    if deployment.is_in_use:
        return ANSWER_METRICS * (1 + ANSWER_ROUTES) + OTHER_METRICS * OTHER_ROUTES + 1 + CAUSES
    return 2 * CANARY_METRICS if deployment.canary_runs else 0


def _alarms(deployment: Deployment) -> int:
    search = SEARCH_ALARMS if deployment.search is not SearchKind.EMBEDDED else 0
    canary = CANARY_ALARMS if deployment.canary_runs else 0
    return OTHER_ALARMS + HEALTH_ALARMS[deployment.compute] + search + canary


def _canary(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield Synthetics, and the function it runs."""
    yield Line("Canary", "runs", deployment.canary_runs, prices["canary_run"])
    yield Line("Canary", "its function", deployment.canary_runs * CANARY_GB * CANARY_S, prices["lambda_x86_64"])
