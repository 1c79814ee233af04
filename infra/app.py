"""The CDK app: `cdk.json` has the CDK command line run `python -m infra.app`."""

import os
import sys
from collections.abc import Mapping

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.settings import QUALIFIER, DeploymentSettings, Undeployable, load_settings
from infra.stacks.app import AppStack
from infra.stacks.edge import EdgeStack


def build(app: cdk.App, settings: DeploymentSettings) -> None:
    """Add a deployment's stacks to an app, with the rules that its synthesis is checked by. Raises Undeployable for a
    service setting that the service would refuse.
    """
    for tag, value in (("project", "marquee"), ("stage", settings.stage)):
        # Changing tags would replace the collection, which no tag is worth.
        cdk.Tags.of(app).add(tag, value, exclude_resource_types=["AWS::OpenSearchServerless::Collection"])
    if settings.bootstrap_qualifier:
        app.node.set_context(QUALIFIER, settings.bootstrap_qualifier)
    edge = EdgeStack(app, f"Marquee-{settings.stage}-edge", settings) if settings.compute == "lambda" else None
    AppStack(app, f"Marquee-{settings.stage}", settings, edge)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def main(environment: Mapping[str, str]) -> int:
    """Write the templates to the CDK's output folder. Return 0, or 2 for settings that cannot be deployed."""
    app = cdk.App()
    try:
        build(app, load_settings(app.node.get_all_context(), environment))
    except Undeployable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
