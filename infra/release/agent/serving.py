"""What a stage serves: the versions of its function and their alias, and the bucket's pointer."""

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Descriptions of versions end with this and the bundle's version.
BUNDLE = "bundle "
NONE = "none"
POINTER = "current.json"
_BUNDLE = re.compile(r"[A-Za-z0-9._-]+")


class NotReady(Exception):
    """A version is still being prepared; the message gives its state."""


class Unusable(Exception):
    """A version or bundle cannot be used; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class FunctionRelease:
    """A version of the function, its image, and the bundle in it; "" if there is none."""

    version: str = ""
    image: str = ""
    bundle: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as the state machine's JSON."""
        return asdict(self)


class AliasedFunction:
    """A function behind an alias. All methods are idempotent. Source: AWS Lambda developer guide, "Using Lambda
    aliases", "Lambda SnapStart".
    """

    def __init__(self, client: Any, name: str, alias: str) -> None:  # noqa: ANN401 - no types for lambda are installed
        self._client = client
        self._name = name
        self._alias = alias

    def served(self) -> FunctionRelease:
        """Return the release that the alias points to."""
        return self.release(self._client.get_alias(FunctionName=self._name, Name=self._alias)["FunctionVersion"])

    def release(self, version: str) -> FunctionRelease:
        """Return an existing version."""
        function = self._client.get_function(FunctionName=self._name, Qualifier=version)
        bundle = function["Configuration"].get("Description", "").rpartition(BUNDLE)[2]
        return FunctionRelease(version, function["Code"]["ImageUri"], "" if bundle == NONE else bundle)

    def put_code(self, image: str) -> None:
        """Make the image that of the function's next version; nothing changes if it already is."""
        if self._client.get_function(FunctionName=self._name)["Code"]["ImageUri"] != image:
            self._client.update_function_code(FunctionName=self._name, ImageUri=image)

    def check(self, version: str) -> None:
        """Raise NotReady for a version that is still being prepared, Unusable for one that failed."""
        state = self._client.get_function_configuration(FunctionName=self._name, Qualifier=version)
        states = {state.get("State", "Active"), state.get("LastUpdateStatus", "Successful")}
        if "Failed" in states:
            reason = state.get("StateReason") or state.get("LastUpdateStatusReason") or "no reason is given"
            raise Unusable(f"version {version}: {reason}")
        if "Inactive" in states:
            # Its snapshot is deleted after 14 days without a call; a call fails and has it recreated.
            self._wake(version)
        if states != {"Active", "Successful"}:
            raise NotReady(f"version {version} is {', '.join(sorted(states))}")

    def publish(self, what: str, bundle: str) -> FunctionRelease:
        """Publish the function as it stands; returns the last version if nothing has changed since."""
        published = self._client.publish_version(
            FunctionName=self._name, Description=f"{what}: {BUNDLE}{bundle or NONE}"
        )
        return FunctionRelease(published["Version"], self.release(published["Version"]).image, bundle)

    def give(self, version: str, other: str = "", share: float = 0.0) -> None:
        """Give a version all requests, except for the ``share`` that goes to ``other``."""
        weights = {other: share} if other and share else {}
        self._client.update_alias(
            FunctionName=self._name, Name=self._alias, FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )  # fmt: skip

    def call(self, version: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return a version's response to an event. Raises Unusable if it ends with an error."""
        done = self._client.invoke(FunctionName=self._name, Qualifier=version, Payload=json.dumps(event).encode())
        payload = done["Payload"].read()
        if "FunctionError" in done:
            raise Unusable(f"version {version} ended with an error: {payload.decode(errors='replace')[:500]}")
        answer: dict[str, Any] = json.loads(payload)
        return answer

    def _wake(self, version: str) -> None:
        errors = self._client.exceptions
        try:
            self.call(version, {"warmer": True})
        except (
            errors.SnapStartNotReadyException, errors.ResourceConflictException, errors.ResourceNotReadyException
        ) as error:  # fmt: skip
            raise NotReady(f"version {version}: its snapshot is being created") from error


class ReleasePointer:
    """``current.json`` of the bucket: what the next deployment fetches, and what servers follow (docs/releases.md)."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self) -> str:
        """Return the bundle it names; "" if there is none."""
        return str(self._stored()[0].get("version") or "")

    def can_move_to(self, bundle: str) -> bool:
        """Return whether the bucket has the whole bundle: its manifest is written last."""
        if not _BUNDLE.fullmatch(bundle):
            return False
        key = f"bundles/{bundle}/manifest.json"
        objects = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(item.get("Key") == key for item in objects.get("Contents", ()))

    def move(self, bundle: str) -> None:
        """Point to a bundle; "" leaves the pointer as it is. Raises ClientError if it is moved concurrently."""
        stored, etag = self._stored()
        before = stored.get("version")
        if not bundle or before == bundle:
            return
        body = (json.dumps({"version": bundle, "previous": before}, indent=1) + "\n").encode()
        condition: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        self._client.put_object(Bucket=self._bucket, Key=POINTER, Body=body, **condition)

    def _stored(self) -> tuple[dict[str, Any], str]:
        try:
            stored = self._client.get_object(Bucket=self._bucket, Key=POINTER)
        except self._client.exceptions.NoSuchKey:
            return {}, ""
        return json.loads(stored["Body"].read()), stored["ETag"]
