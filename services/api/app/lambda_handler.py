"""The AWS Lambda entry point: the same application behind Mangum, for HTTP events of API Gateway or a balancer.

Everything that can be made before the first event is made while the runtime initialises, so that a snapshot
(SnapStart) or a provisioned environment has it. Nothing made there goes stale in a snapshot: no random number, no time
of day, no credentials and no connection. A warm-up event opens the bundle and touches nothing else.
Source: AWS Lambda developer guide, "Improving startup performance with Lambda SnapStart".
"""

import gc

# Nothing that is made here is ever garbage, and looking for some takes a sixth of a cold start. On again below.
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
from services.api.app.problem import MEDIA_TYPE, Problem
from services.api.app.services import AppServices
from services.api.app.telemetry import flush_traces, install_telemetry, install_tracing
from services.bootstrap import Services, build_services
from services.recommender.answer import Options
from services.recommender.errors import BundleDamaged, BundleError, EncoderUnavailable, MarqueeError
from services.settings import Settings, load_settings

# Kept free of an answer's time to write and send it.
MARGIN_S = 0.2
SHORTEST_S = 0.05
_INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"
_SNAPSHOT = "snap-start"
# Where nobody waits while the runtime initialises.
_BEFOREHAND = frozenset({_SNAPSHOT, "provisioned-concurrency"})

log = logging.getLogger("marquee.lambda")


@dataclass(frozen=True, slots=True)
class Function:
    """What one execution environment keeps. ``options``: as wired, before any event shortened its deadline. ``after``:
    what is left to do once an event is answered, and before the environment is frozen.
    """

    adapter: Mangum
    wired: Services
    options: Options
    after: Callable[[], None]

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS gives no type
        """Answer an HTTP event within what is left of the function's own time."""
        # An environment answers one event at a time, so the deadline may be the environment's.
        self.wired.recommender.options = within(self.options, context)
        answer: dict[str, Any] = self.adapter(event, context)
        self.after()
        return answer

    def open_bundle(self, *, publishing: bool = False) -> None:
        """Open the bundle now; if there is none, say so in the log: every answer will say it again.

        ``publishing``: raises BundleDamaged, so that a version with a damaged bundle never comes into service.
        """
        try:
            self.wired.recommender.warm()
        except BundleError as error:
            log.error("There is nothing to serve: %s. An image without a bundle needs one in MARQUEE_HOME.", error)
            if publishing and isinstance(error, BundleDamaged):
                raise

    def load(self) -> None:
        """Load what is else loaded by the first answers: the library of OpenSearch and the text encoder, which takes
        half a second. Releases of ONNX Runtime have ended the process on arm64; one that does so here ends before it
        is published, and never in a customer's request.
        """
        if self.wired.settings.opensearch is not None:
            import_module("services.adapters.search.opensearch.connection")
        # What is asked of Bedrock would leave credentials and a socket in the snapshot.
        if self.wired.encoder is None or self.wired.settings.encoder != "minilm":
            return
        try:
            self.wired.encoder.encode(["a film"])
        except EncoderUnavailable as error:
            log.warning("Free text finds words only: %s", error)


@cache
def function() -> Function:
    """The environment's function, made at the first call. Raises MarqueeError where the settings can't be wired."""
    settings = load_settings()
    wired = _wired(settings)
    app = create_app(AppServices.of(wired, inline=True))
    install_telemetry(app, settings.metrics, settings.marquee_stage)
    install_tracing(app, settings, later=False)
    # Else problems would travel as Base64.
    adapter = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])
    return Function(adapter, wired, wired.recommender.options, partial(flush_traces, app))


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - an event is any JSON value
    """Answer one event. Raises InvalidRequest for one that is neither HTTP nor a warm-up."""
    if is_warm_up(event):
        function().open_bundle()
        return {"warm": True}
    try:
        asked = http_event(event)
    except NoRequest as error:
        return reply_to(event, _refused(error))
    return reply_to(event, function().answer(asked, context))


def _refused(error: NoRequest) -> dict[str, Any]:
    problem = Problem(400, "invalid-request", "The request is not valid", str(error))
    return {
        "statusCode": problem.status,
        "headers": {"content-type": MEDIA_TYPE, "cache-control": "private, no-store"},
        "body": json.dumps(problem.document()),
        "isBase64Encoded": False,
    }


def within(options: Options, context: Any) -> Options:  # noqa: ANN401 - AWS gives no type
    """The options with a deadline that ends before the function is ended. ``context`` None: no such end."""
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
    """Make everything while the runtime initialises. Outside a runtime, nothing happens."""
    if "AWS_LAMBDA_RUNTIME_API" not in environment:
        return
    # The runtime lets everything from INFO on through, and Mangum would log paths, which hold people's ids.
    logging.getLogger().setLevel(logging.WARNING)
    made, publishing = function(), environment.get(_INITIALIZATION) == _SNAPSHOT
    made.open_bundle(publishing=publishing)
    # A snapshot brings it along; without one every cold start would wait for it.
    if publishing:
        made.load()


def _wired(settings: Settings) -> Services:
    """A cold start that a request waits for does not read the whole bundle: the image was only made with a sound one,
    and Lambda checks what it loads of an image.
    """
    try:
        return build_services(settings, connect=False, verify=os.environ.get(_INITIALIZATION) in _BEFOREHAND)
    except MarqueeError as error:
        log.critical("Marquee can't start: %s", error)
        raise
    finally:
        writable = settings.marquee_home.is_dir() and os.access(settings.marquee_home, os.W_OK)
        if settings.ddb_users_table is None and not writable:
            log.critical("On AWS Lambda people are kept in DynamoDB: set DDB_USERS_TABLE; its disk is read-only.")


prepare(os.environ)
# What is here stays: no later collection looks at it.
gc.freeze()
gc.enable()
