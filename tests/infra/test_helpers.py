"""The CDK's helper functions log to groups of the stack and cannot create others."""

from tests.infra.templates import Deployment, Template, as_list

PROVIDER = "CustomResourceProvider"


def helpers(template: Template, kind: str) -> dict[str, dict]:
    """Resources of this type that belong to helpers."""
    return {name: each for name, each in template.all(kind).items() if PROVIDER in name}


def templates(made: Deployment) -> list[Template]:
    return [made.app, *([made.edge] if made.edge else [])]


def test_every_function_logs_into_a_group_of_its_stack(dev: Deployment, fargate: Deployment) -> None:
    for template in (*templates(dev), *templates(fargate)):
        assert helpers(template, "AWS::Lambda::Function")
        for function in template.properties("AWS::Lambda::Function"):
            assert function["LoggingConfig"]["LogGroup"]["Ref"] in template.all("AWS::Logs::LogGroup")


def test_there_are_helpers_for_buckets_and_on_both_sides_of_the_regions(dev: Deployment) -> None:
    assert dev.edge is not None
    assert len(helpers(dev.app, "AWS::Lambda::Function")) == 2
    assert len(helpers(dev.edge, "AWS::Lambda::Function")) == 1


def test_no_role_may_make_a_log_group(dev: Deployment, fargate: Deployment) -> None:
    """Otherwise the last log line of a function would recreate its group after the stack is deleted."""
    for template in (*templates(dev), *templates(fargate)):
        roles = template.properties("AWS::IAM::Role")
        assert not [each for each in roles if "AWSLambdaBasicExecutionRole" in str(each.get("ManagedPolicyArns"))]
        inline = [policy for each in roles for policy in each.get("Policies", [])]
        attached = template.properties("AWS::IAM::Policy") + template.properties("AWS::IAM::RolePolicy")
        actions = {
            action
            for policy in (*inline, *attached)
            for statement in policy["PolicyDocument"]["Statement"]
            for action in as_list(statement["Action"])
        }
        assert {"logs:PutLogEvents"} <= actions
        assert not {"logs:CreateLogGroup", "logs:*"} & actions - set(_of_codebuild(template))


def _of_codebuild(template: Template) -> set[str]:
    """CodeBuild's own statement, which the CDK writes even if a group is set."""
    return template.actions("JobsRole") & {"logs:CreateLogGroup"}


def test_a_helper_may_write_into_its_own_group_before_it_runs(dev: Deployment) -> None:
    for name, function in helpers(dev.app, "AWS::Lambda::Function").items():
        policies = helpers(dev.app, "AWS::IAM::RolePolicy")
        [policy] = [each for each in function["DependsOn"] if each in policies]
        [statement] = policies[policy]["Properties"]["PolicyDocument"]["Statement"]
        group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}, name
