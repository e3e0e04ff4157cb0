"""The contract: what a request, a response or an error of an operation has to be.

A schema, derived from the service model and the documentation, gives types, ranges and members; rules say
what a schema cannot. jsonschema-rs gives the verdict, jsonschema explains a failure.
"""

from pytest_rekognition.contract.checker import Contract
from pytest_rekognition.contract.rules import all_rules
from pytest_rekognition.contract.rules.base import Rule

__all__ = ["Contract", "Rule", "all_rules"]
