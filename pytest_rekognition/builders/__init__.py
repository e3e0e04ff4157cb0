"""Deterministic, valid payloads: one face, or the response of any operation, with what a test cares about set.

`face_detail` and `build` complete what a test leaves open, and every result passes the contract.
"""

from pytest_rekognition.builders.faces import face_detail
from pytest_rekognition.builders.responses import build, build_response

__all__ = ["build", "build_response", "face_detail"]
