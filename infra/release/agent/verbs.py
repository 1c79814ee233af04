"""The verbs of the state machine. All are idempotent: the machine retries when AWS fails."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.release.agent.lock import Lock
from infra.release.agent.model_endpoint import Endpoint
from infra.release.agent.probe import event_requester, probe
from infra.release.agent.serving import AliasedFunction, FunctionRelease, ReleasePointer, Unusable

# Share of the requests during the watch for alarms.
SHARE = 0.1
Json = dict[str, Any]


class AlarmUp(Exception):
    """An alarm of the stage is up; the message names it."""


@dataclass(frozen=True, slots=True)
class Agent:
    """``function`` None: servers follow the bucket's pointer. ``alarms``: returns those of the given alarm names that
    are up. ``towers`` None: there is no two-tower endpoint. ``headers``: headers that a request needs, fetched on
    demand.
    """

    lock: Lock
    pointer: ReleasePointer
    function: AliasedFunction | None
    alarms: Callable[[Sequence[str]], list[str]]
    headers: Callable[[], Mapping[str, str]]
    towers: Endpoint | None = None
    watched: Sequence[str] = ()
    person: str = ""
    clock: Callable[[], float] = field(default=time.time)

    def do(self, event: Mapping[str, Any]) -> Json:
        """Run ``event["do"]``; its result goes back to the machine."""
        verbs: dict[str, Callable[[Mapping[str, Any]], Json | None]] = {
            "lock": self._lock, "unlock": self._unlock, "look": self._look, "code": self._code, "ready": self._ready,
            "publish": self._publish, "probe": self._probe, "calm": self._calm, "give": self._give,
            "keep": self._keep, "back": self._back, "towers": self._towers, "towers_ready": self._towers_ready,
        }  # fmt: skip
        return verbs[event["do"]](event) or {}

    def _lock(self, event: Mapping[str, Any]) -> None:
        self.lock.take(_owner(event), event["asked"]["what"])

    def _unlock(self, event: Mapping[str, Any]) -> None:
        self.lock.leave(_owner(event))

    def _look(self, event: Mapping[str, Any]) -> Json:
        """Return what is served and what is to be served, as far as it is known."""
        request = event["asked"]
        served = FunctionRelease(bundle=self.pointer.read()) if self.function is None else self.function.served()
        release = FunctionRelease(image=str(request.get("image", "")), bundle=str(request.get("bundle", "")))
        if request["what"] == "rollback":
            release = self._target(request)
        return {
            "served": served.as_json(), "new": release.as_json(), "now": bool(request.get("now", False)),
            "towers": self.towers.served() if self.towers else "",
        }  # fmt: skip

    def _target(self, request: Mapping[str, Any]) -> FunctionRelease:
        """Return what a rollback returns to. Raises Unusable if there is no such bundle."""
        if self.function is not None:
            return self.function.release(str(request["version"]))
        bundle = str(request["bundle"])
        # Running servers would ignore such a pointer, but no new one would start.
        if not self.pointer.can_move_to(bundle):
            raise Unusable(f"{bundle!r} is no bundle of the bucket; `make rollback` without VERSION lists them")
        return FunctionRelease(bundle=bundle)

    def _code(self, event: Mapping[str, Any]) -> None:
        """Set the image of a deployment explicitly, too: if an earlier attempt failed, the served image was restored,
        and CloudFormation sees no change to make.
        """
        if not event["new"]["image"]:
            raise ValueError("no image given: a deployment is started by `make deploy`")
        self._required_function.put_code(event["new"]["image"])

    def _ready(self, event: Mapping[str, Any]) -> None:
        self._required_function.check(event["version"])

    def _publish(self, event: Mapping[str, Any]) -> Json:
        return self._required_function.publish(event["what"], event["new"]["bundle"]).as_json()

    def _probe(self, event: Mapping[str, Any]) -> None:
        version, function = event["new"]["version"], self._required_function
        ask = event_requester(lambda request: function.call(version, request), self.headers())
        probe(ask, bundle=event["new"]["bundle"], person=self.person, strict=event["what"] != "rollback")

    def _calm(self, event: Mapping[str, Any]) -> Json:
        """Return whether ``minutes`` have passed since ``since``; 0 starts counting now. Raises AlarmUp."""
        if up := self.alarms(self.watched):
            raise AlarmUp(
                f"{', '.join(up)} is up; `make release NOW=1` or `make deploy NOW=1` ignores it and skips the shift"
            )
        since = event["since"] or self.clock()
        return {"since": since, "over": self.clock() - since >= 60 * event["minutes"]}

    def _give(self, event: Mapping[str, Any]) -> None:
        """Give the new version all requests, or ``SHARE`` of them."""
        new, served = event["new"]["version"], event["served"]["version"]
        if event["all"]:
            self._required_function.give(new)
        else:
            self._required_function.give(served, new, SHARE)

    def _keep(self, event: Mapping[str, Any]) -> None:
        """Store what the next deployment uses: the function's image and the bucket's pointer."""
        if self.function is not None:
            self.function.put_code(event["new"]["image"])
        self.pointer.move(event["new"]["bundle"])

    def _back(self, event: Mapping[str, Any]) -> None:
        """Restore everything, traffic first."""
        served = event["served"]
        if self.function is not None:
            self.function.give(served["version"])
            self.function.put_code(served["image"])
        self.pointer.move(served["bundle"])
        if self.towers is not None and event["towers"]:
            self.towers.deploy(event["towers"])

    def _towers(self, event: Mapping[str, Any]) -> Json:
        """Deploy the new bundle's model to the two-tower endpoint."""
        return {"config": self._required_towers.put(event["new"]["bundle"])}

    def _towers_ready(self, event: Mapping[str, Any]) -> None:
        self._required_towers.check(event["config"])

    @property
    def _required_towers(self) -> Endpoint:
        if self.towers is None:
            raise ValueError("TWO_TOWER_ENDPOINT is not set: this verb is for deployments with two_tower")
        return self.towers

    @property
    def _required_function(self) -> AliasedFunction:
        if self.function is None:
            raise ValueError("FUNCTION is not set: this verb is for deployments on Lambda")
        return self.function


def _owner(event: Mapping[str, Any]) -> str:
    """Return the lock's owner: that of the request, if given, else the execution."""
    return str(event["asked"].get("owner") or event["execution"])
