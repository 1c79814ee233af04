"""The environment of the service: the settings of `.env.example` that a deployment decides."""

from infra.constructs.data import Data
from infra.constructs.deployment_secrets import Secrets
from infra.constructs.search import INDEX, Search
from infra.settings import Settings


def service_environment(settings: Settings, data: Data, search: Search, secrets: Secrets) -> dict[str, str]:
    """What function, container and release job share. Secrets go by their ARN: the service fetches them."""
    opensearch = {
        "OPENSEARCH_ENDPOINT": search.endpoint,
        "OPENSEARCH_KIND": search.kind,
        "OPENSEARCH_INDEX": INDEX,
        "OPENSEARCH_AUTH": "aoss",
    }
    return {
        "MARQUEE_STAGE": settings.stage,
        "API_KEYS": "on",
        "API_KEY_PEPPER_ARN": secrets.pepper.secret_arn,
        "DDB_USERS_TABLE": data.users.table_name,
        "DDB_EVENTS_TABLE": data.events.table_name,
        "DDB_CACHE_TABLE": data.cache.table_name,
        **(opensearch if settings.search == "opensearch" else {}),
        "METRICS": "emf",
        "DEMO_PAGE": "on" if settings.demo_page else "off",
        "DEMO_USERS": settings.demo_users if settings.demo_page else "",
    }
