"""The cost of checking a response beside parsing it. Aim: checking 100 faces takes no longer than json.loads."""

import json

import pytest

from pytest_rekognition import Contract, build

REQUEST = {"Image": {"S3Object": {"Bucket": "photos", "Name": "group.jpg"}}, "Attributes": ["ALL"]}


@pytest.fixture(params=[1, 100])
def response(request, benchmark):
    benchmark.group = f"a response of {request.param} faces"
    return build("DetectFaces", request=REQUEST, faces=request.param)


def test_json_loads(benchmark, response):
    """Parse the body."""
    body = json.dumps(response).encode()
    benchmark(json.loads, body)


def test_check_response(benchmark, response):
    """Check the parsed body, schema and rules, against its request."""
    contract = Contract("DetectFaces")
    assert benchmark(contract.check_response, response, REQUEST) == []
