"""The edge: HTTP API and CloudFront, the firewall, and outgoing bytes."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import ComputeKind, Deployment
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import sent_gb

# Rate rule, common rules, known bad inputs: infra/constructs/firewall.py.
FIREWALL_RULES = 3


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
