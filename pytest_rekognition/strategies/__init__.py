"""Hypothesis strategies for Amazon Rekognition: payloads that keep the contract, break it once, or outgrow it.

Everything is made to fit rather than searched for, follows the request, and shrinks to the plainest case.
"""

from pytest_rekognition.strategies.faces import bounding_boxes, emotions, face_details, landmarks, poses
from pytest_rekognition.strategies.misses import NearMiss, breaches, drifts
from pytest_rekognition.strategies.operations import errors, exchanges, requests, responses
from pytest_rekognition.strategies.paging import pages
from pytest_rekognition.strategies.pictures import BrokenImage, broken_images, images
from pytest_rekognition.strategies.registered import register_types
from pytest_rekognition.strategies.variants import Variant, variants

__all__ = [
    "BrokenImage",
    "NearMiss",
    "Variant",
    "bounding_boxes",
    "breaches",
    "broken_images",
    "drifts",
    "emotions",
    "errors",
    "exchanges",
    "face_details",
    "images",
    "landmarks",
    "pages",
    "poses",
    "register_types",
    "requests",
    "responses",
    "variants",
]
