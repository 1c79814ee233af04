"""The two-tower model at its endpoint: a release puts its own there, and takes it back if it can't be used."""

import json
from dataclasses import dataclass
from typing import Any

from infra.release.agent.serving import NotReady, Unusable

# What SageMaker says where a name is taken.
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
        """The configuration that is in service, or on its way there."""
        return str(self.client.describe_endpoint(EndpointName=self.name)["EndpointConfigName"])

    def put(self, bundle: str) -> str:
        """Have the endpoint take the model of a bundle; the configuration's name."""
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
        """Have the endpoint take a configuration, guarded as it was deployed; one that it has already changes nothing.
        Raises NotReady while another one is being taken.
        """
        endpoint = self.client.describe_endpoint(EndpointName=self.name)
        if endpoint["EndpointConfigName"] == config:
            return
        if endpoint["EndpointStatus"] != IN_SERVICE:
            raise NotReady(f"the endpoint is {endpoint['EndpointStatus']}")
        # With the guardrails of the deployment before; a serverless endpoint has none.
        guarded = {"RetainDeploymentConfig": True} if self.made["isolated"] else {}
        self.client.update_endpoint(EndpointName=self.name, EndpointConfigName=config, **guarded)

    def check(self, config: str) -> None:
        """Ask the new model. Raises NotReady while it is being taken, Unusable if it was taken back or has no films."""
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
        """Make what has a name, once."""
        try:
            create(**fields)
        except self.client.exceptions.ClientError as error:
            if _TAKEN not in str(error.response["Error"].get("Message", "")):
                raise
