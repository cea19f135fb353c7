from collections.abc import Iterator

import pytest
from fake_runtime_api import FakeRuntimeApi, fake_runtime_api


@pytest.fixture
def lambda_service() -> Iterator[FakeRuntimeApi]:
    with fake_runtime_api() as api:
        yield api
