"""Bedrock's control plane on this machine, through an unmodified boto3."""

import pytest
from botocore.exceptions import ClientError

from local.aws import Aws
from local.clients import Clients

pytestmark = pytest.mark.system
TITAN = "amazon.titan-text-express-v1"
NOVA = "amazon.nova-lite-v1:0"
FOUNDATION = f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN}"
OWN = "arn:aws:bedrock:us-east-1:123456789012"
WEIGHTS = {"s3DataSource": {"s3Uri": "s3://weights/mine"}}
HUB_MODEL = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/falcon/2.0.1"
ROLE = "arn:aws:iam::123456789012:role/falcon"


@pytest.fixture
def aws():
    with Aws() as served:
        yield served


@pytest.fixture
def bedrock(aws):
    with Clients({"": aws.url}) as clients:
        yield clients("bedrock")


def profile(bedrock, source):
    return bedrock.create_inference_profile(
        inferenceProfileName="search", modelSource={"copyFrom": source}
    )["inferenceProfileArn"]


def custom_model(bedrock):
    bedrock.create_model_customization_job(
        jobName="tune",
        customModelName="tuned",
        roleArn=ROLE,
        baseModelIdentifier=TITAN,
        trainingDataConfig={"s3Uri": "s3://data/in"},
        outputDataConfig={"s3Uri": "s3://data/out"},
    )
    return bedrock.get_custom_model(modelIdentifier="tuned")["modelArn"]


def test_a_profile_routes_as_what_it_was_copied_from(bedrock):
    arn = profile(bedrock, f"{OWN}:inference-profile/us.{NOVA}")

    copy = bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
    source = bedrock.get_inference_profile(inferenceProfileIdentifier=f"us.{NOVA}")

    assert copy["models"] == source["models"]
    assert (copy["type"], source["type"]) == ("APPLICATION", "SYSTEM_DEFINED")
    assert copy["inferenceProfileArn"] == arn


def test_a_profile_of_one_model_routes_to_it(bedrock):
    arn = profile(bedrock, FOUNDATION)
    found = bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
    assert found["models"] == [{"modelArn": FOUNDATION}]


@pytest.mark.parametrize("model", [TITAN, FOUNDATION])
def test_throughput_is_found_by_its_arn_and_by_its_name(bedrock, model):
    arn = bedrock.create_provisioned_model_throughput(
        modelUnits=2, provisionedModelName="chat", modelId=model
    )["provisionedModelArn"]

    by_arn = bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    by_name = bedrock.get_provisioned_model_throughput(provisionedModelId="chat")

    assert (by_arn["foundationModelArn"], by_arn["modelUnits"]) == (FOUNDATION, 2)
    assert by_name["provisionedModelArn"] == arn


def test_throughput_is_listed_once(bedrock):
    bedrock.create_provisioned_model_throughput(
        modelUnits=2, provisionedModelName="chat", modelId=TITAN
    )
    (listed,) = bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert (listed["provisionedModelName"], listed["modelUnits"]) == ("chat", 2)


def test_a_custom_model_has_an_arn_of_awss_form_and_names_its_base(bedrock):
    arn = custom_model(bedrock)
    assert arn.startswith(f"{OWN}:custom-model/{TITAN}/")
    assert bedrock.get_custom_model(modelIdentifier=arn)["baseModelArn"] == FOUNDATION


def test_a_deployment_names_its_custom_model(bedrock):
    model = custom_model(bedrock)
    arn = bedrock.create_custom_model_deployment(modelDeploymentName="tuned", modelArn=model)[
        "customModelDeploymentArn"
    ]
    found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert (found["modelArn"], found["status"]) == (model, "Active")


def test_throughput_of_a_custom_model_names_its_foundation_model(bedrock):
    model = custom_model(bedrock)
    bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="tuned", modelId=model
    )
    found = bedrock.get_provisioned_model_throughput(provisionedModelId="tuned")
    assert (found["modelArn"], found["foundationModelArn"]) == (model, FOUNDATION)


def test_an_imported_model_is_found_by_its_name_and_by_its_arn(bedrock):
    bedrock.create_model_import_job(
        jobName="import", importedModelName="mine", roleArn=ROLE, modelDataSource=WEIGHTS
    )
    by_name = bedrock.get_imported_model(modelIdentifier="mine")
    by_arn = bedrock.get_imported_model(modelIdentifier=by_name["modelArn"])
    assert by_arn["modelName"] == "mine"


def test_a_marketplace_endpoint_is_found_by_its_arn(bedrock):
    made = bedrock.create_marketplace_model_endpoint(
        endpointName="falcon",
        modelSourceIdentifier=HUB_MODEL,
        endpointConfig={
            "sageMaker": {
                "initialInstanceCount": 1,
                "instanceType": "ml.g5.xlarge",
                "executionRole": ROLE,
            }
        },
    )["marketplaceModelEndpoint"]
    found = bedrock.get_marketplace_model_endpoint(endpointArn=made["endpointArn"])
    assert found["marketplaceModelEndpoint"] == made
    assert made["endpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/falcon"


def test_what_was_not_made_is_not_there(bedrock):
    with pytest.raises(ClientError) as refused:
        bedrock.get_imported_model(modelIdentifier=f"{OWN}:imported-model/abc123def456")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_name_is_given_once(bedrock):
    profile(bedrock, FOUNDATION)
    with pytest.raises(ClientError) as refused:
        profile(bedrock, FOUNDATION)
    assert refused.value.response["Error"]["Code"] == "ConflictException"


def test_the_next_account_starts_empty(bedrock):
    with pytest.raises(ClientError):
        bedrock.get_provisioned_model_throughput(provisionedModelId="chat")
