"""AWS Lambda entry point: the same application behind Mangum, for HTTP events of API Gateway or a load balancer.

Everything possible is initialised before the first event, so that a snapshot (SnapStart) or a provisioned environment
includes it. Nothing initialised there goes stale in a snapshot: no random numbers, timestamps, credentials or
connections. A warm-up event only opens the bundle.
Source: AWS Lambda developer guide, "Improving startup performance with Lambda SnapStart".
"""

import gc

# Nothing created here becomes garbage, and collecting takes a sixth of a cold start. Re-enabled below.
gc.disable()

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from services.api.app.lambda_events import NoRequest, http_event, is_warm_up, reply_to
from services.api.app.main import create_app
from services.api.app.observability.telemetry import flush_traces, install_telemetry, install_tracing
from services.api.app.schemas.problem import MEDIA_TYPE, Problem
from services.api.app.services import AppServices
from services.bootstrap import Services, build_services
from services.recommender.errors import BundleDamaged, BundleError, EncoderUnavailable, MarqueeError
from services.recommender.service import Options
from services.settings import Settings, load_settings

# Reserved for writing and sending the response.
MARGIN_S = 0.2
SHORTEST_S = 0.05
_INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"
_SNAPSHOT = "snap-start"
# Initialisation types during which no request is waiting.
_BEFOREHAND = frozenset({_SNAPSHOT, "provisioned-concurrency"})

log = logging.getLogger("marquee.lambda")


@dataclass(frozen=True, slots=True)
class ExecutionEnvironment:
    """State of one execution environment. ``options``: as wired, before an event shortens its deadline. ``after``: work
    to finish after an event, before the environment is frozen.
    """

    adapter: Mangum
    wired: Services
    options: Options
    after: Callable[[], None]

    def respond(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS gives no type
        """Answer an HTTP event within the function's remaining time."""
        # An environment handles one event at a time, so each event may set the options of the recommender.
        self.wired.recommender.options = within(self.options, context)
        answer: dict[str, Any] = self.adapter(event, context)
        self.after()
        return answer

    def open_bundle(self, *, publishing: bool = False) -> None:
        """Open the bundle; if there is none, log it, as every response will report it again.

        ``publishing``: raises BundleDamaged, so that a version with a damaged bundle is never published.
        """
        try:
            self.wired.recommender.warm()
        except BundleError as error:
            log.error("No bundle to serve: %s. An image without a bundle needs one in MARQUEE_HOME.", error)
            if publishing and isinstance(error, BundleDamaged):
                raise

    def load(self) -> None:
        """Preload what the first requests would otherwise load: the OpenSearch client and the text encoder, which takes
        half a second. Releases of ONNX Runtime have crashed on arm64; such a crash then happens before publishing,
        never in a customer's request.
        """
        if self.wired.settings.opensearch is not None:
            import_module("services.adapters.search.opensearch.connection")
        # Calling Bedrock would leave credentials and a socket in the snapshot.
        if self.wired.encoder is None or self.wired.settings.encoder != "minilm":
            return
        try:
            self.wired.encoder.encode(["a film"])
        except EncoderUnavailable as error:
            log.warning("Free-text queries use keyword search only: %s", error)


@cache
def function() -> ExecutionEnvironment:
    """Return this process's execution environment, created on the first call. Raises MarqueeError for unusable
    settings.
    """
    settings = load_settings()
    wired = _wired(settings)
    app = create_app(AppServices.of(wired, inline=True))
    install_telemetry(app, settings.metrics, settings.marquee_stage)
    install_tracing(app, settings, later=False)
    # Otherwise problem documents would be sent as Base64.
    adapter = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])
    return ExecutionEnvironment(adapter, wired, wired.recommender.options, partial(flush_traces, app))


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - an event is any JSON value
    """Answer one event. Raises InvalidRequest for one that is neither HTTP nor a warm-up."""
    if is_warm_up(event):
        function().open_bundle()
        return {"warm": True}
    try:
        request_event = http_event(event)
    except NoRequest as error:
        return reply_to(event, _refused(error))
    return reply_to(event, function().respond(request_event, context))


def _refused(error: NoRequest) -> dict[str, Any]:
    problem = Problem(400, "invalid-request", "The request is not valid", str(error))
    return {
        "statusCode": problem.status,
        "headers": {"content-type": MEDIA_TYPE, "cache-control": "private, no-store"},
        "body": json.dumps(problem.document()),
        "isBase64Encoded": False,
    }


def within(options: Options, context: Any) -> Options:  # noqa: ANN401 - AWS gives no type
    """Return the options with a deadline before the function's own timeout. ``context`` None: no timeout."""
    if context is None:
        return options
    left_s = max(SHORTEST_S, context.get_remaining_time_in_millis() / 1_000 - MARGIN_S)
    if left_s >= max(options.deadline_s, options.explain_deadline_s):
        return options
    return replace(
        options,
        deadline_s=min(options.deadline_s, left_s),
        explain_deadline_s=min(options.explain_deadline_s, left_s),
    )


def prepare(environment: Mapping[str, str]) -> None:
    """Initialise everything before the first event. Does nothing outside the Lambda runtime."""
    if "AWS_LAMBDA_RUNTIME_API" not in environment:
        return
    # The runtime logs from INFO on, and Mangum would log paths, which contain people's ids.
    logging.getLogger().setLevel(logging.WARNING)
    execution, publishing = function(), environment.get(_INITIALIZATION) == _SNAPSHOT
    execution.open_bundle(publishing=publishing)
    # Only for a snapshot, which includes it; otherwise every cold start would wait for it.
    if publishing:
        execution.load()


def _wired(settings: Settings) -> Services:
    """Wire the services. A cold start with a request waiting does not verify the whole bundle: the image was built with
    a verified one, and Lambda checks the image's blocks as it loads them.
    """
    try:
        return build_services(settings, connect=False, verify=os.environ.get(_INITIALIZATION) in _BEFOREHAND)
    except MarqueeError as error:
        log.critical("Marquee cannot start: %s", error)
        raise
    finally:
        writable = settings.marquee_home.is_dir() and os.access(settings.marquee_home, os.W_OK)
        if settings.ddb_users_table is None and not writable:
            log.critical("On AWS Lambda the disk is read-only: set DDB_USERS_TABLE to store people in DynamoDB.")


prepare(os.environ)
# Exclude everything created so far from later collections.
gc.freeze()
gc.enable()
