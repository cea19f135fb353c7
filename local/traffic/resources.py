"""The account's own model resources that tenants call by ARN."""

from local.bedrock_control import arn_of
from local.project import ACCOUNT, REGION
from local.stack import Stack

PROFILE_NAME, THROUGHPUT_NAME = "genomics", "genomics-nova"
PROFILE = arn_of("application-inference-profile", PROFILE_NAME)
PROFILE_SOURCE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
THROUGHPUT = arn_of("provisioned-model", THROUGHPUT_NAME)
THROUGHPUT_MODEL = "amazon.nova-lite-v1:0"


def create(stack: Stack) -> None:
    """Make an application inference profile, and provisioned throughput of one model unit."""
    bedrock = stack.client("bedrock")
    source = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE_SOURCE}"
    bedrock.create_inference_profile(
        inferenceProfileName=PROFILE_NAME, modelSource={"copyFrom": source}
    )
    bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName=THROUGHPUT_NAME, modelId=THROUGHPUT_MODEL
    )
