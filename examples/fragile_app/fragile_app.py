"""A small application with five weaknesses that its tests do not show. `mended_app.py` has none of them."""

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
    """Return how sharp the largest face is. Weakness: a photograph may have no face."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph})["FaceDetails"]
    return faces[0]["Quality"]["Sharpness"]


def covered_faces(photograph):
    """Count the faces that something covers. Weakness: the member may be absent, even where ALL is asked for."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph}, Attributes=["ALL"])["FaceDetails"]
    return sum(face["FaceOccluded"]["Value"] for face in faces)


def moods(photograph):
    """Return an icon for each face. Weakness: the service may know more emotions than this table."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph}, Attributes=["EMOTIONS"])["FaceDetails"]
    surest = [max(face["Emotions"], key=lambda emotion: emotion["Confidence"]) for face in faces]
    return [ICONS[emotion["Type"]] for emotion in surest]


def members_of_staff():
    """Return the names of the people in the collection. Weakness: a list may come in pages."""
    faces = rekognition.list_faces(CollectionId="staff")["Faces"]
    return [face.get("ExternalImageId") for face in faces]


def brightness_of_faces(photograph, rows):
    """Return the mean of the rows of pixels that each face covers. Weakness: a box may begin above the image."""
    faces = rekognition.detect_faces(Image={"Bytes": photograph})["FaceDetails"]
    return [_mean(rows, face["BoundingBox"]) for face in faces]


def _mean(rows, box):
    top = round(box["Top"] * len(rows))
    bottom = round((box["Top"] + box["Height"]) * len(rows))
    covered = rows[top:bottom]
    return sum(covered) / len(covered)
