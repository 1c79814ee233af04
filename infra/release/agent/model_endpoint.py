"""The two-tower model's endpoint: a release deploys its own model there, and restores the old one if it is unusable."""

import json
from dataclasses import dataclass
from typing import Any

from infra.release.agent.serving import NotReady, Unusable

# SageMaker's message for a name that exists.
_TAKEN = "Cannot create already existing"
IN_SERVICE = "InService"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``settings``: role, image, variant, key, environment and folder of archives, from which a model is configured
    (infra/constructs/two_tower_endpoint.py). Every method may be repeated. Source: Amazon SageMaker AI API reference.
    """

    client: Any
    runtime: Any
    name: str
    settings: dict[str, Any]

    def served(self) -> str:
        """Return the configuration in service, or the one being deployed."""
        return str(self.client.describe_endpoint(EndpointName=self.name)["EndpointConfigName"])

    def put(self, bundle: str) -> str:
        """Deploy the model of a bundle and return the configuration's name."""
        name = f"{self.name}-{bundle}"[:63].rstrip("-")
        container = {
            "Image": self.settings["image"], "Environment": self.settings["environment"],
            "ModelDataUrl": f"{self.settings['archives']}/{bundle}/model.tar.gz",
        }  # fmt: skip
        self._create(
            self.client.create_model, ModelName=name, PrimaryContainer=container,
            ExecutionRoleArn=self.settings["role"], EnableNetworkIsolation=self.settings["isolated"],
        )  # fmt: skip
        variant = {**self.settings["variant"], "ModelName": name}
        self._create(
            self.client.create_endpoint_config, EndpointConfigName=name, ProductionVariants=[variant],
            KmsKeyId=self.settings["key"],
        )  # fmt: skip
        self.deploy(name)
        return name

    def deploy(self, config: str) -> None:
        """Deploy a configuration with the guardrails of the deployment; nothing changes if it is in service already.
        Raises NotReady while another one is being deployed.
        """
        endpoint = self.client.describe_endpoint(EndpointName=self.name)
        if endpoint["EndpointConfigName"] == config:
            return
        if endpoint["EndpointStatus"] != IN_SERVICE:
            raise NotReady(f"the endpoint is {endpoint['EndpointStatus']}")
        # Keep the guardrails of the previous deployment; a serverless endpoint has none.
        guardrails = {"RetainDeploymentConfig": True} if self.settings["isolated"] else {}
        self.client.update_endpoint(EndpointName=self.name, EndpointConfigName=config, **guardrails)

    def check(self, config: str) -> None:
        """Query the new model. Raises NotReady while it is being deployed, Unusable if it was rolled back or returns no
        films.
        """
        endpoint = self.client.describe_endpoint(EndpointName=self.name)
        status = endpoint["EndpointStatus"]
        if status == "Updating":
            raise NotReady(f"the endpoint is deploying {config}")
        if status != IN_SERVICE or endpoint["EndpointConfigName"] != config:
            reason = endpoint.get("FailureReason") or "it was rolled back"
            raise Unusable(f"the endpoint does not have {config}: {status}, {reason}")
        body = json.dumps({"history": [], "k": 10}).encode()
        response = self.runtime.invoke_endpoint(EndpointName=self.name, Body=body, ContentType="application/json")
        answer = json.loads(response["Body"].read())
        if not answer.get("model_version") or not answer.get("item_ids"):
            raise Unusable(f"the endpoint has {config} and returns no films")

    def _create(self, create: Any, **fields: Any) -> None:  # noqa: ANN401 - no types for sagemaker are installed
        """Create a named resource unless it exists."""
        try:
            create(**fields)
        except self.client.exceptions.ClientError as error:
            if _TAKEN not in str(error.response["Error"].get("Message", "")):
                raise
