"""A stateful test of collections, faces and users, for any endpoint that speaks Rekognition.

    class Staff(CollectionsMachine):
        client = boto3.client("rekognition")

    TestStaff = Staff.TestCase

Hypothesis makes up programs of calls, a model in plain Python says what has to be true after each of them, and the
shortest program that shows otherwise is printed.
"""

from pytest_rekognition.strategies.stateful.endpoint import DivergenceError
from pytest_rekognition.strategies.stateful.machine import CollectionsMachine
from pytest_rekognition.strategies.stateful.portraits import Portrait, drawn_portraits

__all__ = ["CollectionsMachine", "DivergenceError", "Portrait", "drawn_portraits"]
