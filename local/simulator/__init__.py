"""A stand-in for Amazon Bedrock Runtime and SageMaker Runtime, for development and for proof.

An unmodified boto3 client cannot tell it from AWS within the operations that it serves. It counts
tokens by a rule and prices by a list of its own and keeps its own ledger of every call, so that
the gateway's books can be held against a provider's. It imports nothing of the gateway.
"""

from local.simulator.server import Simulator

__all__ = ["Simulator"]
