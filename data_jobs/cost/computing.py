"""Compute: the Lambda function, or the service on Fargate with its balancer and network; and its edge."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import HOURS, SECONDS, ComputeKind, Deployment
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import LOG_BYTES, SEARCH_BYTES, billed_seconds, cpu_seconds, sent_gb

MB_A_GB = 1_024
# A published version keeps its snapshot until it has not been invoked for 14 days (AWS Lambda developer guide,
# "SnapStart"); infra/release/release.sh deletes all versions but the one in service and the one before it.
SNAPSHOT_DAYS, DAYS = 14.0, 30.4
KEPT_VERSIONS = 2
# Assumed: an environment lives two hours; the peak needs three times the average number.
RESTORES_AN_HOUR, PEAK = 0.5, 3.0

# As in infra/constructs/fargate.py.
TASK_VCPU, TASK_GB, TASK_CPU_SHARE = 1.0, 2.0, 0.6
ZONES = 2
# Of a load balancer's capacity unit (Elastic Load Balancing Pricing). Assumed: five requests per connection.
LCU_CONNECTIONS, LCU_GB_AN_HOUR, REQUESTS_A_CONNECTION = 25.0, 1.0, 5.0
# Rate rule, common rules, known bad inputs: infra/constructs/firewall.py.
FIREWALL_RULES = 3


def compute_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield the lines of the chosen compute."""
    if deployment.compute is ComputeKind.LAMBDA:
        yield from _lambda(deployment, prices)
    else:
        yield from _fargate(deployment, prices)
        yield from _network(deployment, prices)


def edge_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield HTTP API and CloudFront for Lambda; Fargate has its balancer, and its bytes go straight to the internet."""
    if deployment.compute is ComputeKind.LAMBDA:
        yield Line("HTTP API", "requests", deployment.requests, prices["http_api_request"])
        yield Line("CloudFront", "requests", deployment.requests, prices["cloudfront_request"])
        yield Line("CloudFront", "to viewers", sent_gb(deployment), prices["cloudfront_transfer"])
    else:
        yield Line("Data transfer", "to the internet", sent_gb(deployment), prices["internet_transfer"])
    if deployment.firewall:
        yield Line("WAF", "web ACL", 1, prices["waf_acl"])
        yield Line("WAF", "rules", FIREWALL_RULES, prices["waf_rule"])
        yield Line("WAF", "requests", deployment.requests, prices["waf_request"])


def environments(deployment: Deployment) -> float:
    """Return the function's execution environments at the peak; at least one if there are any requests, even if only
    the canary's.
    """
    return (1 + PEAK * billed_seconds(deployment) / SECONDS) if deployment.requests else 0.0


def tasks(deployment: Deployment) -> float:
    """Return the average number of running tasks: as many as the load needs, but never fewer than the stage's
    minimum.
    """
    return max(deployment.settings.fargate_tasks_min, cpu_seconds(deployment) / SECONDS / TASK_VCPU / TASK_CPU_SHARE)


def _lambda(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    service, memory_gb = "Lambda", deployment.memory_mb / MB_A_GB
    yield Line(service, "requests", deployment.requests, prices["lambda_request"])
    gb_seconds = billed_seconds(deployment) * memory_gb
    yield Line(service, f"{deployment.memory_mb:,} MB", gb_seconds, prices[f"lambda_{deployment.architecture}"])
    if deployment.snapstart:
        older = min(KEPT_VERSIONS - 1, deployment.releases * SNAPSHOT_DAYS / DAYS)
        yield Line(service, "SnapStart, snapshots", (1 + older) * memory_gb * SECONDS, prices["snapstart_cache"])
        restores = environments(deployment) * RESTORES_AN_HOUR * HOURS
        yield Line(service, "SnapStart, restores", restores * memory_gb, prices["snapstart_restore"])


def _fargate(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    service, hours = "Fargate", tasks(deployment) * HOURS
    yield Line(service, f"{tasks(deployment):.1f} tasks", hours * TASK_VCPU, prices["fargate_vcpu"])
    yield Line(service, f"{TASK_GB:.0f} GB each", hours * TASK_GB, prices["fargate_memory"])


def _network(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield the balancer, and NAT for OpenSearch and the logs, which have no gateway endpoint."""
    balancer, network, gateways = "Load balancer", "Network", deployment.settings.nat_gateways
    connections = deployment.requests / REQUESTS_A_CONNECTION / SECONDS / LCU_CONNECTIONS
    capacity = max(connections, sent_gb(deployment) / HOURS / LCU_GB_AN_HOUR)
    yield Line(balancer, "balancer", HOURS, prices["balancer_hour"])
    yield Line(balancer, f"{capacity:.2f} capacity units", capacity * HOURS, prices["balancer_lcu"])
    yield Line(network, f"NAT gateways: {gateways}", gateways * HOURS, prices["nat_hour"])
    nat_gb = (deployment.searches * SEARCH_BYTES + deployment.requests * LOG_BYTES) / 1e9
    yield Line(network, "NAT, traffic", nat_gb, prices["nat_transfer"])
    addresses = gateways + ZONES
    yield Line(network, f"public addresses: {addresses}", addresses * HOURS, prices["public_ipv4"])
