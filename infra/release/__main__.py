"""``python -m infra.release STAGE ...``: the steps of deployments, releases and rollbacks, for scripts."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.release.agent.lock import Locked
from infra.release.stage import NotDeployed, Stage, UnconfirmedLoss
from infra.settings import Undeployable, load_settings

# Set by callers without a terminal.
CONFIRM = "CONFIRM"
# Fields of a request to the state machine, each an option of `start`.
_FIELDS = ("version", "bundle", "image", "owner")


def main(arguments: Sequence[str]) -> int:
    """Run one step. Return 0; 1 if it or the execution it started fails; 2 for settings that cannot be deployed; 3 if
    it was refused.
    """
    options = _parser().parse_args(arguments)
    pairs = [pair.partition("=") for pair in options.context]
    context = {name: value for name, _, value in pairs} | {"stage": options.stage}
    try:
        settings = load_settings(context, os.environ)
        session: Any = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or settings.region)
        stage = Stage(options.stage, session.client)
        return int(_STEPS[options.step](stage, settings, options))
    except Undeployable as error:
        return _report(str(error), 2)
    except (Locked, UnconfirmedLoss) as error:
        return _report(str(error), 3)
    except (BotoCoreError, ClientError, NotDeployed) as error:
        return _report(str(error), 1)


def _guard(stage: Stage, settings: Any, _options: argparse.Namespace) -> int:  # noqa: ANN401 - all steps are alike
    lost = stage.lost(settings)
    if not lost or os.environ.get(CONFIRM) == "yes":
        return 0
    listed = "\n".join(f"  {name} = {value}" for name, value in lost.items())
    question = f"This deployment removes parts of stage {stage.name} that its settings no longer have:\n{listed}"
    if not sys.stdin.isatty():
        raise UnconfirmedLoss(f"{question}\nPut it into infra/stages/{stage.name}.toml, or set {CONFIRM}=yes.")
    sys.stderr.write(f"{question}\nContinue? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UnconfirmedLoss("Nothing was deployed.")
    return 0


def _lock(stage: Stage, _settings: object, options: argparse.Namespace) -> int:
    stage.lock.take(options.owner, "deployment")
    return 0


def _unlock(stage: Stage, _settings: object, options: argparse.Namespace) -> int:
    owner = stage.end_lock(options.owner)
    return _report(f"The lock of {owner} is released." if owner else "The stage is not locked.", 0)


def _start(stage: Stage, _settings: object, options: argparse.Namespace) -> int:
    fields = {name: getattr(options, name) for name in _FIELDS if getattr(options, name)}
    execution = stage.start({"what": options.what, **fields, **({"now": True} if options.now else {})})
    _write(f"{execution}\n")
    return 0 if options.detach else followed(stage, execution)


def _follow(stage: Stage, _settings: object, options: argparse.Namespace) -> int:
    return followed(stage, options.execution)


def followed(stage: Stage, execution: str) -> int:
    """Follow an execution to its end. An interruption or an expired login does not stop the execution."""
    hint = f"It continues. To follow it again: python -m infra.release {stage.name} follow {execution}"
    try:
        return stage.follow(execution, _write)
    except KeyboardInterrupt:
        return _report(f"\n{hint}", 130)
    except (BotoCoreError, ClientError) as error:
        return _report(f"{error}\n{hint}", 1)


_STEPS = {"guard": _guard, "lock": _lock, "unlock": _unlock, "start": _start, "follow": _follow}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.release", description=__doc__)
    parser.add_argument("stage")
    parser.set_defaults(context=[], owner="")
    steps = parser.add_subparsers(required=True, dest="step")
    guard = steps.add_parser("guard", help="ask before a deployment removes something")
    guard.add_argument("-c", "--context", action="append", default=[], metavar="name=value", help="as for cdk")
    lock = steps.add_parser("lock", help="take the stage's lock")
    lock.add_argument("--owner", required=True)
    unlock = steps.add_parser("unlock", help="release the stage's lock; without --owner, the lock of any owner")
    unlock.add_argument("--owner", default="")
    start = steps.add_parser("start", help="start the state machine and follow it to its end")
    start.add_argument("what", choices=["release", "deployment", "rollback"])
    for name in _FIELDS:
        start.add_argument(f"--{name}", default="")
    start.add_argument("--now", action="store_true", help="shift all requests at once, even while an alarm is up")
    start.add_argument("--detach", action="store_true", help="don't wait for its end")
    steps.add_parser("follow", help="follow an execution to its end").add_argument("execution")
    return parser


def _write(text: str) -> None:
    """Write and flush: in a workflow, standard output is no terminal."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _report(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
