"""CompareFaces: the largest face of one image beside the faces of another."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.matching import similarities, threshold_of
from pytest_rekognition.backends.reference.collections.quality import sifted
from pytest_rekognition.backends.reference.faces import MAX_FACES, face_detail
from pytest_rekognition.backends.reference.images import image_of
from pytest_rekognition.backends.reference.refusals import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region


def compare_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer CompareFaces: `SourceImageFace`, `FaceMatches` by similarity, `UnmatchedFaces` by size.

    "If no faces are detected in the source or target images, CompareFaces returns an InvalidParameterException
    error." A source whose faces the quality filter all leaves out has none to compare either; a target's are left
    out of both lists ("Filtered faces aren't compared").
    """
    source, target = image_of(request["SourceImage"], region), image_of(request["TargetImage"], region)
    quality_filter = request.get("QualityFilter") or "NONE"
    candidates = sifted(region.sight.faces(source)[:MAX_FACES], quality_filter).passed
    faces = region.sight.faces(target)[:MAX_FACES]
    if not candidates or not faces:
        raise invalid_parameters()
    compared = sifted(faces, quality_filter).passed
    (probe,) = region.sight.vectors(source, candidates[:1])
    percents = similarities(region.sight.embedder, probe, region.sight.vectors(target, compared))
    threshold = threshold_of(request, "SimilarityThreshold")
    pairs = [(percent, face_detail(face)) for percent, face in zip(percents, compared, strict=True)]
    matches = [{"Similarity": percent, "Face": face} for percent, face in pairs if percent >= threshold]
    largest = face_detail(candidates[0])
    return {
        "SourceImageFace": {"BoundingBox": largest["BoundingBox"], "Confidence": largest["Confidence"]},
        "FaceMatches": sorted(matches, key=itemgetter("Similarity"), reverse=True),
        "UnmatchedFaces": [face for percent, face in pairs if percent < threshold],
    }


HANDLERS: Final[dict[str, Handler]] = {"CompareFaces": compare_faces}
