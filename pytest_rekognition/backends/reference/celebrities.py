"""RecognizeCelebrities and GetCelebrityInfo, of people whom the test names: the reference knows nobody by itself.

rekognition.celebrities.add("Anna Example", image, urls=["www.example.com/anna"])
"""

from __future__ import annotations

import hashlib
import string
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.backends.reference.faces import face_detail
from pytest_rekognition.backends.reference.given import given_image, listed
from pytest_rekognition.backends.reference.images import image_of
from pytest_rekognition.backends.reference.refusals import not_found
from pytest_rekognition.errors import ServiceError, UsageError, did_you_mean
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_rekognition.backends.reference.knowledge import KnownFace
    from pytest_rekognition.backends.reference.region import Handler, Region
    from pytest_rekognition.backends.reference.sight import Sight, Vector

#: "RecognizeCelebrities returns the 64 largest faces in the image."
MAX_FACES: Final = 64
#: the least similarity at which a face is a celebrity's. Not documented: this is the threshold of face searches.
LEAST_MATCH: Final = 80.0
#: what a celebrity's face has beyond the default members: "Each celebrity object includes the following
#: attributes: Face, Confidence, Emotions, Landmarks, Pose, Quality, Smile, …" (CelebrityFaces)
_MEMBERS: Final = ("Smile", "Emotions")
#: "The known gender identity can be Male, Female, Nonbinary, or Unlisted." (KnownGender)
_GENDERS: Final = ("Male", "Female", "Nonbinary", "Unlisted")
#: "An array of URLs": 255 at the most (Urls, by the service model)
_MOST_URLS: Final = 255
_DIGITS: Final = string.digits + string.ascii_letters
_ID_LENGTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Celebrity:
    """Somebody whom the reference recognizes."""

    #: 8 letters and digits, which follow from the name
    id: str
    name: str
    urls: tuple[str, ...] = ()
    known_gender: str = "Unlisted"

    def info(self) -> dict[str, Any]:
        """Return what GetCelebrityInfo answers."""
        return {"Urls": list(self.urls), "Name": self.name, "KnownGender": {"Type": self.known_gender}}


class Match(NamedTuple):
    """A face that is a celebrity's."""

    celebrity: Celebrity
    #: `MatchConfidence`, a whole number, 0..100, as every recorded one is
    confidence: float


class _Looked(NamedTuple):
    """The vector of an image's largest face, and what it followed from."""

    sight: Sight
    #: what the test had stated of the image
    stated: Sequence[KnownFace] | None
    vector: Vector


class _Portrait:
    """An image of a celebrity, which is looked at once: there may be more than `Sight` remembers."""

    def __init__(self, image: bytes, name: str) -> None:
        self._image = image
        self._digest = hashlib.sha256(image).hexdigest()
        self._name = name
        self._looked: _Looked | None = None

    def vector(self, sight: Sight) -> Vector:
        """Return the vector of the largest face; raises `UsageError` where there is none."""
        stated, looked = sight.knowledge.faces(self._digest), self._looked
        if looked is None or looked.sight is not sight or looked.stated is not stated:
            looked = self._looked = _Looked(sight, stated, self._look(sight))
        return looked.vector

    def _look(self, sight: Sight) -> Vector:
        added = f"the celebrity {self._name} was added with {show(self._image)}"
        try:
            faces = sight.faces(self._image)
            if not faces:
                raise UsageError(f"{added}, in which no face is found")
            return sight.vectors(self._image, faces[:1])[0]
        except ServiceError as refused:  # what cannot be decoded, though it begins and ends as an image
            raise UsageError(f"{added}, which the service does not take: {refused.message}") from None


class Celebrities:
    """The celebrities of all regions."""

    __slots__ = ("_known", "_lock")

    def __init__(self) -> None:
        self._known: dict[str, tuple[Celebrity, tuple[_Portrait, ...]]] = {}
        self._lock = threading.Lock()

    def add(
        self, name: str, image: Any, *more: Any, urls: Iterable[str] = (), known_gender: str = "Unlisted"
    ) -> Celebrity:
        """Let somebody be recognized by the largest face of an image, or of several; return who it is.

        Args:
            name: the name, which also settles the id; somebody who is added again is replaced.
            image: a PNG's or JPEG's bytes, its path, or a drawn image.
            more: further images of the same person.
            urls: where more is to be read, at most 255; a list, or one.
            known_gender: `"Male"`, `"Female"`, `"Nonbinary"` or `"Unlisted"`.

        Raises `UsageError`, also for what the service does not take as an image. One that shows no face is found
        out when it is first looked at.

        """
        texts = _checked_urls(urls)
        if not isinstance(name, str) or not name:
            raise UsageError(f"a celebrity needs a name, not {show(name)}")
        if known_gender not in _GENDERS:
            choices = ", ".join(_GENDERS)
            raise UsageError(
                f"known_gender is {show(known_gender)}, and the service knows {choices}"
                f"{did_you_mean(known_gender, _GENDERS)}"
            )
        celebrity = Celebrity(id=_id_of(name), name=name, urls=texts, known_gender=known_gender)
        images = [given_image(one, f"the celebrity {name}") for one in (image, *more)]
        portraits = tuple(_Portrait(one, name) for one in images)
        with self._lock:
            self._known[celebrity.id] = celebrity, portraits
        return celebrity

    def find(self, celebrity_id: str) -> Celebrity | None:
        """Return who has an id."""
        celebrity, _ = self._known.get(celebrity_id, (None, ()))
        return celebrity

    def match(self, vector: Vector, sight: Sight) -> Match | None:
        """Return whose face a vector is, the most alike of all who are alike enough."""
        with self._lock:
            known = list(self._known.values())
        found = [(_similarity(vector, portraits, sight), who) for who, portraits in known]
        similarity, celebrity = max(found, key=lambda pair: pair[0], default=(0.0, None))
        return (
            None if celebrity is None or similarity < LEAST_MATCH else Match(celebrity, float(round(similarity)))
        )


def _similarity(vector: Vector, portraits: Iterable[_Portrait], sight: Sight) -> float:
    cosines = [float(vector @ portrait.vector(sight)) for portrait in portraits]
    return sight.embedder.similarity(min(1.0, max(cosines)))


def _checked_urls(urls: Iterable[str]) -> tuple[str, ...]:
    texts = listed(urls, "urls")
    if len(texts) > _MOST_URLS or not all(isinstance(url, str) for url in texts):
        raise UsageError(f"urls is {show(texts)}: at most {_MOST_URLS} texts are needed")
    return texts


def _id_of(name: str) -> str:
    """Return an id in the service's form, the same one for a name on every run."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)


def recognize_celebrities(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer RecognizeCelebrities: `CelebrityFaces` and `UnrecognizedFaces`, each the largest first."""
    data, sight = image_of(request["Image"], region), region.sight
    faces = sight.faces(data)[:MAX_FACES]
    celebrities = region.service.part(Celebrities)
    recognized: list[dict[str, Any]] = []
    unrecognized: list[dict[str, Any]] = []
    for face, vector in zip(faces, sight.vectors(data, faces), strict=True):
        match, detail = celebrities.match(vector, sight), face_detail(face, _MEMBERS)
        if match is None:
            unrecognized.append(detail)
        else:
            who = {"Id": match.celebrity.id, "Face": detail, "MatchConfidence": match.confidence}
            recognized.append(match.celebrity.info() | who)
    return {"CelebrityFaces": recognized, "UnrecognizedFaces": unrecognized}


def get_celebrity_info(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer GetCelebrityInfo: `Name`, `Urls` and `KnownGender`."""
    celebrity = region.service.part(Celebrities).find(request["Id"])
    if celebrity is None:
        # no wording was recorded: this is the documentation's sentence about the error
        raise not_found("The resource specified in the request cannot be found.")
    return celebrity.info()


HANDLERS: Final[dict[str, Handler]] = {
    "GetCelebrityInfo": get_celebrity_info,
    "RecognizeCelebrities": recognize_celebrities,
}
