"""The application of `fragile_app.py`, with its five weaknesses mended."""

import boto3

rekognition = boto3.client("rekognition")

ICONS = {
    "HAPPY": ":-)",
    "SAD": ":-(",
    "ANGRY": ">:(",
    "CONFUSED": ":-/",
    "DISGUSTED": ":-S",
    "SURPRISED": ":-O",
    "CALM": ":-|",
    "FEAR": ":-@",
}


def sharpness_of_portrait(photograph):
    """Return how sharp the largest face is, or None where there is none."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph})["FaceDetails"]
    return faces[0]["Quality"]["Sharpness"] if faces else None


def covered_faces(photograph):
    """Count the faces that are known to be covered."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph}, Attributes=["ALL"])["FaceDetails"]
    return sum(face.get("FaceOccluded", {}).get("Value", False) for face in faces)


def moods(photograph):
    """Return an icon for each face, and a question mark for an emotion that this table does not know."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph}, Attributes=["EMOTIONS"])["FaceDetails"]
    surest = [max(face["Emotions"], key=lambda emotion: emotion["Confidence"]) for face in faces]
    return [ICONS.get(emotion["Type"], "?") for emotion in surest]


def members_of_staff():
    """Return the names of the people in the collection, from all its pages."""
    pages = rekognition.get_paginator("list_faces").paginate(CollectionId="staff")
    return [face.get("ExternalImageId") for page in pages for face in page["Faces"]]


def brightness_of_faces(photograph, rows):
    """Return the mean of the rows of pixels that each face covers, as far as it lies on the image."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph})["FaceDetails"]
    return [_mean(rows, face["BoundingBox"]) for face in faces]


def _mean(rows, box):
    top = max(0, round(box["Top"] * len(rows)))
    bottom = max(top + 1, round((box["Top"] + box["Height"]) * len(rows)))
    covered = rows[top:bottom]
    return sum(covered) / len(covered)
