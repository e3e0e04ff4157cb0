"""CreateFaceLivenessSession and GetFaceLivenessSessionResults: the test says how a session ended.

Nobody streams a video here.

    rekognition.liveness.outcome(confidence=97.5, reference_image=image)  # of every session from now on
    rekognition.liveness.outcome(session_id, status="FAILED")  # of this one
"""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.backends.reference.faces import as_single
from pytest_rekognition.backends.reference.given import given_image, given_images, listed
from pytest_rekognition.backends.reference.refusals import invalid_parameters
from pytest_rekognition.errors import ServiceError, UsageError, did_you_mean
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region

#: seconds: "a SessionId expires 3 minutes after it's sent, making all Liveness data associated with the session
#: (e.g., sessionID, reference image, audit images, etc.) unavailable" (CreateFaceLivenessSession, SessionId)
LASTS: Final = 180.0
#: "Possible statuses are: CREATED, IN_PROGRESS, SUCCEEDED, FAILED, EXPIRED." (Status)
_STATUSES: Final = ("CREATED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "EXPIRED")
#: those of a check that has begun, of which there is a challenge to tell
_BEGUN: Final = frozenset({"IN_PROGRESS", "SUCCEEDED", "FAILED"})
#: bytes: the service model's limit of AuditImage.Bytes
_MOST_BYTES: Final = 204_800
#: characters of SDKType (by the service model)
_LONGEST_TYPE: Final = 64
#: feedback items (Feedback, by the service model)
_MOST_FEEDBACK: Final = 10
#: what a session that succeeded has where the test does not say, 0..100
_CONFIDENCE: Final = 97.5
#: "if no parameter is provided, then the 'FaceMovementAndLightChallenge' settings is applied by default"
_DEFAULT_CHALLENGE: Final = "FaceMovementAndLightChallenge"
#: each challenge's version where ChallengePreferences allow it; not documented: those that Amplify's liveness
#: components ask for
_VERSIONS: Final = {"FaceMovementAndLightChallenge": "2.0.0", "FaceMovementChallenge": "1.0.0"}
#: Code to a Message; which messages the service sends is not documented
_FEEDBACK: Final = {
    "FACE_NOT_VISIBLE": "The face was not visible.",
    "FACE_OBSTRUCTION_DETECTED": "The face was obstructed.",
    "LOW_VIDEO_QUALITY_DETECTED": "The video quality was low.",
    "FACE_NOT_ALIGNED": "The face was not aligned.",
    "EYES_CLOSED_DETECTED": "The eyes were closed.",
    "LOW_LIGHTING_DETECTED": "The lighting was too low.",
    "HIGH_LIGHTING_DETECTED": "The lighting was too bright.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a session ended, or how far it is."""

    #: one of the service's statuses; CREATED is a session that nobody has streamed to
    status: str = "CREATED"
    #: 0..100, of a session that succeeded
    confidence: float | None = None
    reference_image: bytes | None = None
    audit_images: tuple[bytes, ...] = ()
    #: codes
    feedback: tuple[str, ...] = ()
    #: what the client said that it is
    sdk_type: str | None = None


class Liveness:
    """How the liveness sessions of all regions end."""

    __slots__ = ("_lock", "_next", "_of")

    def __init__(self) -> None:
        self._next = Outcome()
        self._of: dict[str, Outcome] = {}
        self._lock = threading.Lock()

    def outcome(
        self,
        session_id: str | None = None,
        *,
        status: str = "SUCCEEDED",
        confidence: float | None = None,
        reference_image: Any = None,
        audit_images: Any = (),
        feedback: Iterable[str] = (),
        sdk_type: str | None = None,
    ) -> None:
        """Settle how a session ends, or all that are created from now on; said again, the last word counts.

        Args:
            session_id: which session, of those that were created; None for those to come.
            status: `"CREATED"`, `"IN_PROGRESS"`, `"SUCCEEDED"`, `"FAILED"` or `"EXPIRED"`.
            confidence: 0..100, of a session that succeeded; 97.5 where nobody says. A spoof has succeeded, too,
                with a low one.
            reference_image: a PNG's or JPEG's bytes or path, or a drawn image, of a session that succeeded.
            audit_images: a list of such, or one; as many are returned as the session's AuditImagesLimit allows.
            feedback: codes such as `"LOW_LIGHTING_DETECTED"`, of a session that succeeded, at most 10;
                a list, or one.
            sdk_type: what `Metadata` has, of a session that succeeded.

        Raises `UsageError` for what the service could not answer.

        """
        _check_choice("status", status, _STATUSES)
        codes = listed(feedback, "feedback")
        for code in codes:
            _check_choice("feedback", code, tuple(_FEEDBACK))
        if len(codes) > _MOST_FEEDBACK:
            raise UsageError(f"feedback has {len(codes)} codes, and {_MOST_FEEDBACK} at most are sent")
        outcome = Outcome(
            status=status,
            confidence=confidence,
            reference_image=None if reference_image is None else given_image(reference_image, "reference_image"),
            audit_images=given_images(audit_images, "audit_images"),
            feedback=codes,
            sdk_type=sdk_type,
        )
        _check_results(outcome)
        with self._lock:
            if session_id is None:
                self._next = outcome
            elif not isinstance(session_id, str) or session_id not in self._of:
                raise UsageError(
                    f"there is no session {show(session_id)}: the SessionId is needed that"
                    " CreateFaceLivenessSession has answered"
                )
            else:
                self._of[session_id] = outcome

    def begin(self, session_id: str) -> None:
        """Give a new session the outcome of those to come."""
        with self._lock:
            self._of.setdefault(session_id, self._next)

    def of(self, session_id: str) -> Outcome:
        """Return how a session ends."""
        with self._lock:
            return self._of[session_id]


class _Session(NamedTuple):
    #: seconds since the epoch
    created: float
    settings: Mapping[str, Any]
    challenge: dict[str, str]


class Sessions:
    """The sessions of one region."""

    def __init__(self) -> None:
        self.by_id: dict[str, _Session] = {}
        #: by ClientRequestToken
        self.ids: dict[str, str] = {}


def create_face_liveness_session(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer CreateFaceLivenessSession: `SessionId`.

    "If the same token is used with multiple CreateFaceLivenessSession requests, the same session is returned",
    whatever else they ask for: the operation has no IdempotentParameterMismatchException.
    """
    settings, token = request.get("Settings") or {}, request.get("ClientRequestToken")
    session = _Session(region.clock.now(), settings, _challenge(settings.get("ChallengePreferences") or ()))
    with region.lock:
        sessions = region.part(Sessions)
        if token in sessions.ids:
            return {"SessionId": sessions.ids[token]}
        session_id = region.ids.uuid4()
        region.service.part(Liveness).begin(session_id)  # before anybody else can learn of the session
        sessions.by_id[session_id] = session
        if token is not None:
            sessions.ids[token] = session_id
    return {"SessionId": session_id}


def get_face_liveness_session_results(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer GetFaceLivenessSessionResults: `Status`, and what belongs to it."""
    session_id = request["SessionId"]
    with region.lock:
        session = region.part(Sessions).by_id.get(session_id)
    if session is None:
        # no wording was recorded: this is the documentation's sentence about the error
        raise ServiceError("SessionNotFoundException", "Occurs when a given sessionId is not found.")
    outcome = region.service.part(Liveness).of(session_id)
    expired = region.clock.now() - session.created >= LASTS
    answer = {"SessionId": session_id, "Status": "EXPIRED" if expired else outcome.status}
    if answer["Status"] in _BEGUN:
        answer["Challenge"] = dict(session.challenge)
    if answer["Status"] == "SUCCEEDED":
        answer |= _results(outcome, session, session_id, region)
    return answer


def _results(outcome: Outcome, session: _Session, session_id: str, region: Region) -> dict[str, Any]:
    """Return the results of a session that succeeded.

    "Reference images are always returned when possible", so without one it is absent; the lists may be empty:
    "the list is empty when no such conditions were detected" (Feedback).
    """
    place, most = session.settings.get("OutputConfig"), session.settings.get("AuditImagesLimit") or 0
    confidence = _CONFIDENCE if outcome.confidence is None else outcome.confidence
    results: dict[str, Any] = {
        "Confidence": as_single(float(confidence)),
        "AuditImages": [
            _audit_image(image, place, f"{session_id}/audit-{number}", region)
            for number, image in enumerate(outcome.audit_images[:most])
        ],
        "Feedback": [{"Code": code, "Message": _FEEDBACK[code]} for code in outcome.feedback],
    }
    if outcome.reference_image is not None:
        results["ReferenceImage"] = _audit_image(outcome.reference_image, place, f"{session_id}/reference", region)
    if outcome.sdk_type is not None:
        results["Metadata"] = {"SDKType": outcome.sdk_type}
    return results


def _audit_image(image: bytes, place: Mapping[str, str] | None, name: str, region: Region) -> dict[str, Any]:
    """Return an `AuditImage`: in the bucket that was asked for, else its bytes; and the largest face's box.

    Nothing is written to S3. "the Amazon S3 object keys are auto-generated by the Face Liveness system"
    (OutputConfig): how, is not documented.
    """
    faces = region.sight.faces(image)
    found: dict[str, Any] = {"BoundingBox": as_single(faces[0].box.as_wire())} if faces else {}
    if place is None:
        return found | {"Bytes": b64encode(image).decode()}
    prefix = place.get("S3KeyPrefix") or ""
    slash = "/" if prefix and not prefix.endswith("/") else ""
    return found | {"S3Object": {"Bucket": place["S3Bucket"], "Name": f"{prefix}{slash}{name}.jpg"}}


def _challenge(preferences: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the challenge that is made: the first of the preferences, which are "An ordered list"."""
    preferred: Mapping[str, Any] = next(iter(preferences), {"Type": _DEFAULT_CHALLENGE})
    kind, versions = preferred["Type"], preferred.get("Versions") or {}
    least, most = versions.get("Minimum"), versions.get("Maximum")
    if least and most and _numbers(least) > _numbers(most):
        raise invalid_parameters()
    version = max(_VERSIONS[kind], least or "0.0.0", key=_numbers)
    return {"Type": kind, "Version": min(version, most or version, key=_numbers)}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} is {show(value)}, none of {', '.join(choices)}{did_you_mean(value, choices)}")


def _check_results(outcome: Outcome) -> None:
    """Refuse what no session has, and results of one that has none: they are of "a session that has completed"."""
    confidence = outcome.confidence
    if isinstance(confidence, bool) or not isinstance(confidence, int | float | None):
        raise UsageError(f"confidence is {show(confidence)}: a number from 0 to 100 is needed")
    if confidence is not None and not 0 <= confidence <= 100:  # noqa: PLR2004  percent
        raise UsageError(f"confidence is {confidence:g}, outside 0..100")
    sdk_type = outcome.sdk_type
    if sdk_type is not None and not (isinstance(sdk_type, str) and 1 <= len(sdk_type) <= _LONGEST_TYPE):
        raise UsageError(f"sdk_type is {show(sdk_type)}: a text of 1 to {_LONGEST_TYPE} characters is needed")
    for name, image in (
        ("reference_image", outcome.reference_image or b""),
        *(("audit_images", image) for image in outcome.audit_images),
    ):
        if len(image) > _MOST_BYTES:
            raise UsageError(f"{name} has {show(image)}, and the service sends {_MOST_BYTES:,} bytes at most")
    given = [
        name
        for name in ("confidence", "reference_image", "audit_images", "feedback", "sdk_type")
        if getattr(outcome, name) not in {None, ()}
    ]
    if given and outcome.status != "SUCCEEDED":
        raise UsageError(f"a session whose status is {outcome.status} has no results: leave {given[0]} away")


HANDLERS: Final[dict[str, Handler]] = {
    "CreateFaceLivenessSession": create_face_liveness_session,
    "GetFaceLivenessSessionResults": get_face_liveness_session_results,
}
