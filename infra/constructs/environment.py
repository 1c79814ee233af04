"""The service's environment: the settings of `.env.example` that a deployment decides."""

from infra.constructs.data import Data
from infra.constructs.deployment_secrets import DeploymentSecrets
from infra.constructs.explain import Explain
from infra.constructs.search import INDEX, Search
from infra.constructs.two_tower_endpoint import TwoTowerEndpoint
from infra.service_settings import variables
from infra.settings import DeploymentSettings


def service_environment(
    settings: DeploymentSettings, data: Data, search: Search | None, secrets: DeploymentSecrets,
    explain: Explain | None = None, towers: TwoTowerEndpoint | None = None,
) -> dict[str, str]:  # fmt: skip
    """Return the variables shared by function, container and release job. Secrets are given by ARN: the service fetches
    them. ``search`` None: the index in the bundle is used; ``explain`` None: the template writes the explanations;
    ``towers`` None: the bundle's own two-tower model is used. Raises Undeployable.
    """
    chosen = variables(settings.service, kind=search.kind if search else None)
    opensearch = {} if search is None else {
        "OPENSEARCH_ENDPOINT": search.endpoint,
        "OPENSEARCH_KIND": search.kind,
        "OPENSEARCH_INDEX": INDEX,
        "OPENSEARCH_AUTH": "aoss",
    }  # fmt: skip
    return {
        "MARQUEE_STAGE": settings.stage,
        "API_KEYS": "on",
        "API_KEY_PEPPER_ARN": secrets.pepper.secret_arn,
        "DDB_USERS_TABLE": data.users.table_name,
        "DDB_EVENTS_TABLE": data.events.table_name,
        "DDB_CACHE_TABLE": data.cache.table_name,
        **opensearch,
        **(explain.environment if explain else {}),
        **(towers.environment if towers else {}),
        "METRICS": "emf",
        "DEMO_PAGE": "on" if settings.demo_page else "off",
        "DEMO_USERS": settings.demo_users if settings.demo_page else "",
        **chosen,
    }
