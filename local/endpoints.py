"""SageMaker endpoints as the settings name them, so that what runs can be described.

moto 5.2 knows the instance types of 2021; here any type runs.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.sagemaker.models import FakeEndpointConfig

from chalicelib.settings import Endpoint
from local.project import ACCOUNT

INSTANCE = "ml.g5.xlarge"
"""What an endpoint runs on whose settings do not say."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/endpoints"


def create(client: Callable[[str], Any], endpoints: Iterable[Endpoint]) -> None:
    """Create an endpoint of one variant, in service at once, for each in the settings."""
    for endpoint in endpoints:
        sagemaker, name = client("sagemaker"), endpoint.name
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": endpoint.instance or INSTANCE,
            "InitialInstanceCount": endpoint.count,
        }
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE)
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto take every instance type while the context lasts."""
    with patch.object(FakeEndpointConfig, "validate_instance_type", lambda *_: None):
        yield
