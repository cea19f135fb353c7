"""What a deployment needs of AWS and moto leaves out: versions, APIs, stacks, models."""

import json

import pytest

from local.aws import Aws
from local.clients import Clients
from local.function_versions import CONCURRENT_EXECUTIONS

pytestmark = [pytest.mark.system, pytest.mark.deploy]
API = "arn:aws:execute-api:us-east-1:123456789012:abc/*"
STREAMING = {
    "type": "aws_proxy",
    "httpMethod": "POST",
    "uri": "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/f/invocations",
    "responseTransferMode": "STREAM",
    "timeoutInMillis": 900_000,
}
FUNCTION = {"Runtime": "python3.12", "Handler": "app.app", "Code": {"ZipFile": b"zip"}}
MAY_GIVE_BACK = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:DeleteNetworkInterface", "Resource": "*"}],
    }
)
REFUSAL = {
    "statusCode": 403,
    "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
    "responseTemplates": {"application/json": "{}"},
}
DOCUMENT = {
    "swagger": "2.0",
    "info": {"title": "bridges", "version": "1.0"},
    "paths": {
        "/streamed": {"post": {"x-amazon-apigateway-integration": STREAMING}},
        "/whole": {
            "get": {
                "x-amazon-apigateway-integration": {
                    **{k: STREAMING[k] for k in ("type", "httpMethod", "uri")}
                }
            }
        },
    },
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-gateway-responses": {"MISSING_AUTHENTICATION_TOKEN": REFUSAL},
}


@pytest.fixture(scope="module")
def client():
    with Aws() as aws, Clients({"": aws.url}) as clients:
        yield clients


@pytest.fixture(scope="module")
def function(client):
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(**FUNCTION, FunctionName="f", Role=role)
    return "f"


@pytest.fixture
def api(client):
    gateway = client("apigateway")
    made = gateway.import_rest_api(
        body=json.dumps(DOCUMENT), parameters={"endpointConfigurationTypes": "REGIONAL"}
    )
    yield made["id"]
    gateway.delete_rest_api(restApiId=made["id"])


def published(client, function):
    return client("lambda").publish_version(FunctionName=function)["Version"]


def test_a_version_s_number_is_not_given_again(client, function):
    lambdas = client("lambda")
    versions = [published(client, function)]
    for timeout in (10, 20):
        lambdas.update_function_configuration(FunctionName=function, Timeout=timeout)
        versions.append(published(client, function))

    lambdas.delete_function(FunctionName=function, Qualifier=versions[0])
    lambdas.update_function_configuration(FunctionName=function, Timeout=30)

    assert int(published(client, function)) == int(versions[-1]) + 1


def test_a_version_can_be_asked_for_when_one_before_it_was_deleted(client, function):
    lambdas = client("lambda")
    versions = []
    for timeout in (31, 32, 33):
        lambdas.update_function_configuration(FunctionName=function, Timeout=timeout)
        versions.append(published(client, function))
    lambdas.delete_function(FunctionName=function, Qualifier=versions[0])
    lambdas.update_function_configuration(FunctionName=function, Timeout=34)
    published(client, function)

    kept = lambdas.get_function_configuration(FunctionName=function, Qualifier=versions[2])
    assert kept["Timeout"] == 33


def test_a_version_is_published_only_where_something_changed(client, function):
    assert published(client, function) == published(client, function)


def test_an_alias_has_a_policy_of_its_own(client, function):
    lambdas = client("lambda")
    arn = lambdas.create_alias(
        FunctionName=function, Name="canary", FunctionVersion=published(client, function)
    )["AliasArn"]
    permission = {
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": API,
    }

    lambdas.add_permission(FunctionName=function, StatementId="function", **permission)
    with pytest.raises(lambdas.exceptions.ResourceNotFoundException):
        lambdas.get_policy(FunctionName=function, Qualifier="canary")

    lambdas.add_permission(FunctionName=arn, StatementId="alias", **permission)
    (statement,) = json.loads(lambdas.get_policy(FunctionName=arn)["Policy"])["Statement"]
    assert (statement["Sid"], statement["Resource"]) == ("alias", arn)


@pytest.mark.parametrize(("role_stays", "left"), [(True, []), (False, ["available"])])
def test_a_function_s_interfaces_outlive_it_and_go_by_its_role(client, role_stays, left):
    ec2, iam, lambdas = client("ec2"), client("iam"), client("lambda")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=subnet["VpcId"])
    filters = [{"Name": "group-id", "Values": [group["GroupId"]]}]
    role = iam.create_role(RoleName="private", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="private", PolicyName="p", PolicyDocument=MAY_GIVE_BACK)
    network = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [group["GroupId"]]}
    lambdas.create_function(**FUNCTION, FunctionName="g", Role=role, VpcConfig=network)

    lambdas.delete_function(FunctionName="g")
    if not role_stays:
        iam.delete_role_policy(RoleName="private", PolicyName="p")

    (interface,) = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert interface["InterfaceType"] == "lambda"
    found = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert [each["Status"] for each in found] == left
    if left:
        with pytest.raises(ec2.exceptions.ClientError, match="DependencyViolation"):
            ec2.delete_security_group(GroupId=group["GroupId"])
        ec2.delete_network_interface(NetworkInterfaceId=found[0]["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=group["GroupId"])
    if role_stays:
        iam.delete_role_policy(RoleName="private", PolicyName="p")
    iam.delete_role(RoleName="private")


def test_an_account_may_run_a_thousand_functions_at_a_time(client):
    limit = client("lambda").get_account_settings()["AccountLimit"]
    assert limit["UnreservedConcurrentExecutions"] == CONCURRENT_EXECUTIONS


def test_an_imported_api_is_what_its_document_says(client, api):
    gateway = client("apigateway")

    described = gateway.get_rest_api(restApiId=api)
    assert described["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert described["binaryMediaTypes"] == ["image/png"]
    resources = gateway.get_resources(restApiId=api, embed=["methods"])["items"]
    modes = {
        (r["path"], name): method["methodIntegration"]["responseTransferMode"]
        for r in resources
        for name, method in r.get("resourceMethods", {}).items()
    }
    assert modes == {("/streamed", "POST"): "STREAM", ("/whole", "GET"): "BUFFERED"}
    (response,) = gateway.get_gateway_responses(restApiId=api)["items"]
    assert response["responseType"] == "MISSING_AUTHENTICATION_TOKEN"
    assert {name: response[name] for name in ("responseParameters", "responseTemplates")} == {
        name: REFUSAL[name] for name in ("responseParameters", "responseTemplates")
    }


def test_overwriting_an_api_forgets_what_the_new_document_does_not_say(client, api):
    gateway = client("apigateway")
    bare = {name: DOCUMENT[name] for name in ("swagger", "info", "paths")}

    gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(bare))

    assert gateway.get_gateway_responses(restApiId=api)["items"] == []
    assert gateway.get_rest_api(restApiId=api).get("binaryMediaTypes", []) == []


def test_a_stage_keeps_its_settings_over_deployments(client, api):
    gateway = client("apigateway")
    gateway.create_deployment(restApiId=api, stageName="api")
    operation = {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "7"}
    gateway.update_stage(restApiId=api, stageName="api", patchOperations=[operation])

    newest = gateway.create_deployment(restApiId=api, stageName="api")["id"]

    stage = gateway.get_stage(restApiId=api, stageName="api")
    assert stage["deploymentId"] == newest
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 7


def test_what_an_update_takes_out_of_a_stack_a_later_one_puts_back(client):
    cloudformation, sqs = client("cloudformation"), client("sqs")
    kept = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "kept"}}
    other = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "other"}}

    def put(**resources):
        return {"StackName": "bridges", "TemplateBody": json.dumps({"Resources": resources})}

    cloudformation.create_stack(**put(Kept=kept, Other=other))
    cloudformation.update_stack(**put(Kept=kept))
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["kept"]
    cloudformation.update_stack(**put(Kept=kept, Other=other))
    assert len(sqs.list_queues()["QueueUrls"]) == 2


def test_a_stack_s_alarm_and_its_mail_come_and_go_with_it(client):
    cloudformation, sns, cloudwatch = (client(s) for s in ("cloudformation", "sns", "cloudwatch"))
    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "high-water",
            "AlarmDescription": "",
            "AlarmActions": [{"Ref": "Topic"}],
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "TreatMissingData": "breaching",
        },
    }
    mail = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "email",
            "Endpoint": "a@b.example",
        },
    }
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Alarm": alarm,
        "Mail": mail,
    }
    template = json.dumps({"Resources": resources})

    cloudformation.create_stack(StackName="rivers", TemplateBody=template)
    (made,) = cloudwatch.describe_alarms(AlarmNames=["high-water"])["MetricAlarms"]
    (told,) = sns.list_subscriptions_by_topic(TopicArn=made["AlarmActions"][0])["Subscriptions"]
    alarm["Properties"]["Threshold"] = 2
    changed = json.dumps({"Resources": {"Topic": resources["Topic"], "Alarm": alarm}})
    cloudformation.update_stack(StackName="rivers", TemplateBody=changed)
    (now,) = cloudwatch.describe_alarms(AlarmNames=["high-water"])["MetricAlarms"]
    assert now["Threshold"] == 2
    assert sns.list_subscriptions()["Subscriptions"] == []
    cloudformation.delete_stack(StackName="rivers")

    assert told["Endpoint"] == "a@b.example"
    assert cloudwatch.describe_alarms(AlarmNames=["high-water"])["MetricAlarms"] == []


def test_bedrock_lists_models_which_the_account_may_use(client):
    bedrock = client("bedrock")
    for model in bedrock.list_foundation_models()["modelSummaries"]:
        found = bedrock.get_foundation_model_availability(modelId=model["modelId"])
        assert found["authorizationStatus"] == "AUTHORIZED"
