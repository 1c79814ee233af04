"""Bedrock for explanations: the inference profile, an optional guardrail, and the permissions."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.service_settings import explains_by_tool
from infra.settings import DeploymentSettings, Undeployable

# Regions to which a geography's profiles route requests. Source: Amazon Bedrock user guide, "Supported Regions and
# models for inference profiles"; they can change, so explain_regions overrides them. None: they differ by model, so
# explain_regions must name them.
GEOGRAPHIES: Mapping[str, tuple[str, ...] | None] = {
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "global": (),
    **dict.fromkeys(("apac", "ca", "us-gov")),
}
INVOKE = "bedrock:InvokeModel"
_BLOCKED = "This can't be answered."


class Explain(Construct):
    """A tagged application inference profile over ``explain_model``, so that its cost can be separated; with
    ``explain_guardrail`` a guardrail against prompt attacks, and a version of it.

    Source: Amazon Bedrock user guide, "Prerequisites for inference profiles". Raises Undeployable.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, model: str) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._by_tool = explains_by_tool(model)
        geography, _, rest = model.partition(".")
        self._is_profile = geography in GEOGRAPHIES
        self._model = rest if self._is_profile else model
        regions = settings.explain_regions or GEOGRAPHIES.get(geography, ())
        if regions is None:
            raise Undeployable(
                f"deployment settings: explain_model = {model!r}: expected explain_regions, too, the regions to which "
                f"{geography}. routes this model"
            )
        self._regions = tuple(dict.fromkeys((*regions, settings.region)) if self._is_profile else (settings.region,))
        self._is_global = geography == "global"
        self.profile = bedrock.CfnApplicationInferenceProfile(
            self,
            "Profile",
            inference_profile_name=f"{settings.name}-explain",
            description=f"Sentences of {settings.name}",
            model_source=bedrock.CfnApplicationInferenceProfile.InferenceProfileModelSourceProperty(
                copy_from=self._source(model)
            ),
            tags=[cdk.CfnTag(key="deployment", value=settings.name), cdk.CfnTag(key="purpose", value="explain")],
        )
        self._guardrail: bedrock.CfnGuardrail | None = None
        self._version: bedrock.CfnGuardrailVersion | None = None
        if settings.explain_guardrail:
            self._guardrail, self._version = self._create_guardrail()

    @property
    def environment(self) -> dict[str, str]:
        """Return the service's variables: the profile's ARN does not reveal which kind of model it calls."""
        variables = {
            "BEDROCK_MODEL": self.profile.attr_inference_profile_arn,
            "EXPLAIN_OUTPUT": "tool" if self._by_tool else "schema",
        }
        if self._guardrail is not None and self._version is not None:
            variables["BEDROCK_GUARDRAIL"] = f"{self._guardrail.attr_guardrail_id}:{self._version.attr_version}"
        return variables

    def allow(self, role: iam.Role) -> None:
        """Allow calling the profile; the model in each of its regions through this profile only; and the guardrail."""
        profile = self.profile.attr_inference_profile_arn
        through = {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
        role.add_to_policy(iam.PolicyStatement(actions=[INVOKE], resources=[profile]))
        role.add_to_policy(iam.PolicyStatement(actions=[INVOKE], resources=list(self._models()), conditions=through))
        if self._guardrail is not None:
            guardrail = self._guardrail.attr_guardrail_arn
            role.add_to_policy(iam.PolicyStatement(actions=["bedrock:ApplyGuardrail"], resources=[guardrail]))

    def metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Return a Bedrock metric of this profile. Source: Amazon Bedrock user guide, "Monitoring"."""
        return cloudwatch.Metric(
            namespace="AWS/Bedrock",
            metric_name=name,
            dimensions_map={"ModelId": self.profile.attr_inference_profile_id},
            statistic=statistic,
        )

    def _source(self, model: str) -> str:
        stack = cdk.Stack.of(self)
        if self._is_profile:
            return f"arn:{stack.partition}:bedrock:{stack.region}:{stack.account}:inference-profile/{model}"
        return self._model_arn(stack.region)

    def _models(self) -> Sequence[str]:
        arns = [self._model_arn(region) for region in self._regions]
        return [*arns, self._model_arn("")] if self._is_global else arns

    def _model_arn(self, region: str) -> str:
        return f"arn:{cdk.Stack.of(self).partition}:bedrock:{region}::foundation-model/{self._model}"

    def _create_guardrail(self) -> tuple[bedrock.CfnGuardrail, bedrock.CfnGuardrailVersion]:
        attacks = bedrock.CfnGuardrail.ContentFilterConfigProperty(
            type="PROMPT_ATTACK", input_strength="HIGH", output_strength="NONE"
        )
        guardrail = bedrock.CfnGuardrail(
            self,
            "Guardrail",
            name=f"{self._settings.name}-explain",
            blocked_input_messaging=_BLOCKED,
            blocked_outputs_messaging=_BLOCKED,
            content_policy_config=bedrock.CfnGuardrail.ContentPolicyConfigProperty(filters_config=[attacks]),
        )
        version = bedrock.CfnGuardrailVersion(self, "Version", guardrail_identifier=guardrail.attr_guardrail_id)
        return guardrail, version
