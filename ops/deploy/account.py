"""The AWS account and region that are deployed to, as the credentials say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from ops.deploy.place import Place
from ops.directory import Refused

_TODO: Final = {
    "ExpiredToken": ": log in again",
    "ExpiredTokenException": ": log in again",
    "InvalidClientTokenId": ": they are deleted, or the account has not enabled this region",
    "SignatureDoesNotMatch": ": the secret is not the key's, or this machine's clock is wrong",
}
"""What is wrong, most likely ("Common errors" of AWS STS; "Manage AWS Regions in your account")."""


@dataclass(frozen=True, slots=True)
class Account:
    number: str
    region: str
    partition: str
    """`aws`, `aws-us-gov`, …"""
    session: boto3.Session

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Ask AWS who calls. Raises Refused."""
        try:
            # botocore itself reads AWS_DEFAULT_REGION, not AWS_REGION as other SDKs and Lambda do.
            session = boto3.Session(region_name=environ.get("AWS_REGION") or None)
            caller = session.client("sts").get_caller_identity()
        except NoRegionError:
            raise Refused("no region is set: AWS_REGION names the one to deploy to") from None
        except NoCredentialsError:
            raise Refused("there are no AWS credentials here: set AWS_PROFILE, say") from None
        except ClientError as error:
            code = error.response["Error"]["Code"]
            todo = _TODO.get(code, "")
            raise Refused(f"AWS does not take these credentials ({code}){todo}") from error
        except EndpointConnectionError as error:
            region, known = session.region_name, session.get_available_regions("sts")
            if region in known:
                raise Refused(f"AWS cannot be asked who calls: {error}") from error
            raise Refused(
                f"AWS is not to be reached in {region!r}: is there such a region?"
            ) from error
        except BotoCoreError as error:
            raise Refused(f"AWS cannot be asked who calls: {error}") from error
        partition = caller["Arn"].split(":")[1]
        return cls(caller["Account"], session.region_name, partition, session)

    @property
    def place(self) -> Place:
        return Place(self.partition, self.region, self.number)

    @property
    def domain(self) -> str:
        """What the names of AWS's hosts end in."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def client(self, service: str) -> Any:
        return self.session.client(service)
