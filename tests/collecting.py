"""What the tests of collections share: faces whose likeness is their roll, on images of one colour each."""

import math
from contextlib import contextmanager

import cv2
import numpy as np

from pytest_rekognition import Rekognition
from pytest_rekognition.backends.reference.knowledge import KnownFace
from pytest_rekognition.exchange import Call

#: the similarity of two faces that differ by so many degrees is 100 less this times as much
PER_DEGREE = 100 / 180


class Rolls:
    """An embedder that tells faces apart by `Pose.Roll`: two that differ by 36 degrees have a Similarity of 80."""

    name = "rolls"
    size = 4

    def embed(self, pixels, face):
        """Return a vector that is turned as far as the face."""
        assert pixels.shape[2] == 3
        assert isinstance(face, KnownFace)
        angle = math.radians(face.pose.roll)
        return np.array([math.cos(angle), math.sin(angle), 0, 0], np.float32)

    def similarity(self, cosine):
        """Return 100 less the angle, 0..100."""
        return 100 - math.degrees(math.acos(cosine)) * PER_DEGREE


def image(number=0, side=80):
    """Return a PNG of one colour."""
    colour = (number % 256, number // 256 % 256, 7)
    return cv2.imencode(".png", np.full((side, side, 3), colour, np.uint8))[1].tobytes()


def face(roll=0.0, *, width=0.3, left=0.1, **members):
    """Return a face in short form, as `know` takes it."""
    box = {"Left": left, "Top": 0.2, "Width": width, "Height": 0.3}
    return {"pose": {"Roll": roll}, "bounding_box": box} | members


@contextmanager
def scene(**options):
    """Open a harness in mode `reference`, and hold every exchange to the contract, without a drift or a note."""
    with Rekognition(mode="reference", engine="haar", embedder=Rolls(), **options) as rekognition:
        yield Scene(rekognition)
    assert [] == rekognition.findings


class Scene:
    """A harness in mode `reference`, its client, and images that have stated faces."""

    def __init__(self, rekognition):
        self.rekognition = rekognition
        self.client = rekognition.client(region_name="eu-west-1")
        self._images = 0

    def reply(self, operation, **request):
        """Return what the reference answers to a request that no client would send, without its contract."""
        return self.rekognition.reference.reply(Call(operation, request, "eu-west-1")).response

    def picture(self, *faces):
        """Return the `Image` of a new picture of these faces."""
        self._images += 1
        data = image(self._images)
        self.rekognition.know(data, list(faces))
        return {"Bytes": data}

    def index(self, *faces, collection="staff", **members):
        """Store the faces of a new picture, and return their ids."""
        answer = self.client.index_faces(CollectionId=collection, Image=self.picture(*faces), **members)
        return [record["Face"]["FaceId"] for record in answer["FaceRecords"]]

    def user(self, name, *rolls, collection="staff"):
        """Create a user with faces, and return their ids."""
        self.client.create_user(CollectionId=collection, UserId=name)
        ids = [face_id for roll in rolls for face_id in self.index(face(roll), collection=collection)]
        if ids:
            self.client.associate_faces(CollectionId=collection, UserId=name, FaceIds=ids, UserMatchThreshold=0)
        return ids

    def refusal(self, operation, **request):
        """Return the error that a call is answered with: its code, text and HTTP status."""
        try:
            getattr(self.client, operation)(**request)
        except self.client.exceptions.ClientError as error:
            told = error.response["Error"]
            return told["Code"], told["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise AssertionError(f"{operation} was not refused")
