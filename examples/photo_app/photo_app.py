"""A small photo application, as its team would write it: nothing in it knows that it is tested."""

from dataclasses import dataclass

import boto3

rekognition = boto3.client("rekognition")


@dataclass(frozen=True)
class Portrait:
    """The largest face of a photograph."""

    #: left, top, right, bottom, as ratios of the image
    crop: tuple[float, float, float, float]
    #: how sure the service is that this is a face, 0 to 100
    confidence: float
    #: whether the photograph is sharp and bright enough to print
    printable: bool


def find_portrait(photograph: bytes) -> Portrait | None:
    """Return the largest face, or None where there is none."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph})["FaceDetails"]
    if not faces:
        return None
    largest = faces[0]
    box, quality = largest["BoundingBox"], largest["Quality"]
    return Portrait(
        crop=(box["Left"], box["Top"], box["Left"] + box["Width"], box["Top"] + box["Height"]),
        confidence=largest["Confidence"],
        printable=quality["Sharpness"] > 20 and quality["Brightness"] > 20,
    )


def count_smiles(photograph: bytes) -> int:
    """Return how many people in the photograph smile."""
    response = rekognition.detect_faces(Image={"Bytes": photograph}, Attributes=["SMILE"])
    return sum(face["Smile"]["Value"] for face in response["FaceDetails"])
