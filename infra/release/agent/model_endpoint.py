"""The two-tower model's endpoint: a release deploys its own model there, and restores the old one if it is unusable."""

import json
from dataclasses import dataclass
from typing import Any

from infra.release.agent.serving import NotReady, Unusable

# The message of SageMaker for a name that is taken.
_TAKEN = "Cannot create already existing"
IN_SERVICE = "InService"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``made``: role, image, variant, key, environment and the folder of archives, by which a model is configured
    (infra/constructs/two_tower_endpoint.py). Every method may be repeated. Source: Amazon SageMaker AI API reference.
    """

    client: Any
    runtime: Any
    name: str
    made: dict[str, Any]

    def served(self) -> str:
        """Return the configuration in service, or the one being deployed."""
        return str(self.client.describe_endpoint(EndpointName=self.name)["EndpointConfigName"])

    def put(self, bundle: str) -> str:
        """Deploy the model of a bundle and return the configuration's name."""
        name = f"{self.name}-{bundle}"[:63].rstrip("-")
        container = {
            "Image": self.made["image"], "Environment": self.made["environment"],
            "ModelDataUrl": f"{self.made['archives']}/{bundle}/model.tar.gz",
        }  # fmt: skip
        self._create(
            self.client.create_model, ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.made["role"],
            EnableNetworkIsolation=self.made["isolated"],
        )  # fmt: skip
        variant = {**self.made["variant"], "ModelName": name}
        self._create(
            self.client.create_endpoint_config, EndpointConfigName=name, ProductionVariants=[variant],
            KmsKeyId=self.made["key"],
        )  # fmt: skip
        self.go_to(name)
        return name

    def go_to(self, config: str) -> None:
        """Deploy a configuration with the guardrails of the deployment; nothing changes if it is in service already.
        Raises NotReady while another one is being deployed.
        """
        endpoint = self.client.describe_endpoint(EndpointName=self.name)
        if endpoint["EndpointConfigName"] == config:
            return
        if endpoint["EndpointStatus"] != IN_SERVICE:
            raise NotReady(f"the endpoint is {endpoint['EndpointStatus']}")
        # Keep the guardrails of the previous deployment; a serverless endpoint has none.
        guarded = {"RetainDeploymentConfig": True} if self.made["isolated"] else {}
        self.client.update_endpoint(EndpointName=self.name, EndpointConfigName=config, **guarded)

    def check(self, config: str) -> None:
        """Query the new model. Raises NotReady while it is being deployed, Unusable if it was rolled back or returns no
        films.
        """
        endpoint = self.client.describe_endpoint(EndpointName=self.name)
        status = endpoint["EndpointStatus"]
        if status == "Updating":
            raise NotReady(f"the endpoint takes {config}")
        if status != IN_SERVICE or endpoint["EndpointConfigName"] != config:
            reason = endpoint.get("FailureReason") or "it was taken back"
            raise Unusable(f"the endpoint does not have {config}: {status}, {reason}")
        body = json.dumps({"history": [], "k": 10}).encode()
        said = self.runtime.invoke_endpoint(EndpointName=self.name, Body=body, ContentType="application/json")
        answer = json.loads(said["Body"].read())
        if not answer.get("model_version") or not answer.get("item_ids"):
            raise Unusable(f"the endpoint has {config} and answers without films")

    def _create(self, create: Any, **fields: Any) -> None:  # noqa: ANN401 - no types for sagemaker are installed
        """Create a named resource unless it exists."""
        try:
            create(**fields)
        except self.client.exceptions.ClientError as error:
            if _TAKEN not in str(error.response["Error"].get("Message", "")):
                raise
