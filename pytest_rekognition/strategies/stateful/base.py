"""What all rules of the machine share: the knobs, the model, and what is checked after every step."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant

from pytest_rekognition.errors import UsageError
from pytest_rekognition.strategies.stateful.endpoint import DivergenceError, Endpoint, Question
from pytest_rekognition.strategies.stateful.model import Outline
from pytest_rekognition.strategies.stateful.portraits import Portrait, drawn_portraits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_rekognition.strategies.stateful.model import Likeness, Sorted, StoredCollection

T = TypeVar("T")


class Place(NamedTuple):
    """A face or a user, and the collection that it was put into."""

    collection: str
    #: a FaceId or a UserId
    id: str


#: CollectionIds that were created at some time
COLLECTIONS: Final = Bundle("collections")
#: places of faces that were indexed at some time
FACES: Final = Bundle("faces")
#: places of users that were created at some time
USERS: Final = Bundle("users")

#: further faces, the same ones too; beside a single one, for a rule that needs several is skipped only for want of
#: a single one
MORE_FACES: Final = st.lists(FACES, max_size=2)

#: a page's size; None leaves it to the endpoint
PAGE_SIZES: Final = st.sampled_from((None, 1, 2, 3))
#: the similarity asked for, often 0, which brings the most matches; None leaves it to the endpoint, which by the
#: documentation takes 80
THRESHOLDS: Final = st.sampled_from((0, None, 0, 99))
#: the number of matches asked for; None leaves it to the endpoint
MOST_MATCHES: Final = st.sampled_from((None, 1, 2, 100))
#: which of several things to take, see `pick`
CHOICES: Final = st.integers(0, 1000)
#: one of the images of the machine
PORTRAITS: Final = st.runner().flatmap(lambda machine: st.sampled_from(machine.portraits))

_DEFAULT_THRESHOLD: Final = 80
_LISTED: Final = "A listing holds what was put in and not taken out, each once."
_COUNTED: Final = "The counts are of what was put in and not taken out."
_EACH_ONE: Final = "Each FaceId is served, or told why not."
_OWNED: Final = "It is named with the user whose it is."
_STORED: Final = "What was stored with a face stays with it."
#: what DescribeCollection says of a collection that never changes
_LASTING: Final = ("CollectionARN", "CreationTimestamp", "FaceModelVersion")
#: what a user may be in after an update that is under way still
_UPDATING: Final = "UPDATING"


class Machine(RuleBasedStateMachine):
    """The state of one run, and the invariants."""

    client: ClassVar[Any] = None
    prefix: ClassVar[str] = "pytest-rekognition-"
    max_collections: ClassVar[int] = 2
    max_faces: ClassVar[int] = 24
    tells_persons: ClassVar[bool] = False
    saves_duplicates: ClassVar[bool | None] = None
    settle: ClassVar[float] = 0.0
    pause: ClassVar[float] = 0.5

    def __init__(self) -> None:
        super().__init__()
        #: by CollectionId, what must be there
        self.model: dict[str, StoredCollection] = {}
        #: the images in use
        self.portraits: Sequence[Portrait] = tuple(self.images())
        #: how many faces an image was found to show
        self.faces_on: dict[Portrait, int] = {}
        #: what IndexFaces said of an image's faces, the largest first
        self.outlines: dict[Portrait, list[Outline]] = {}
        if not self.portraits or not all(isinstance(portrait, Portrait) for portrait in self.portraits):
            raise UsageError(f"{type(self).__name__}.images() has to return at least one Portrait")
        if self.tells_persons:
            self.faces_on = {portrait: len(portrait.persons) for portrait in self.portraits}
        client = self.connect()
        if client is None:
            raise UsageError(
                f"{type(self).__name__} has no client: set its attribute client to a boto3 or botocore client for"
                " rekognition, or let its method connect() return one"
            )
        #: asks the client
        self.endpoint = Endpoint(client, settle=self.settle, pause=self.pause)
        self._delete_all()  # what a killed run has left

    # --- what subclasses say -------------------------------------------------------------------------------

    def connect(self) -> Any:
        """Return the client of one run, by default the attribute `client`."""
        return self.client

    def disconnect(self) -> None:
        """Give back what `connect` took; called when the collections of a run are deleted."""

    def images(self) -> Sequence[Portrait]:
        """Return the images to index and to search by, by default drawn ones."""
        return drawn_portraits()

    # --- the end of a run ----------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The CollectionIds that this machine may use; it touches no other collection."""
        return tuple(f"{self.prefix}{number}" for number in range(1, self.max_collections + 1))

    def teardown(self) -> None:
        """Delete every collection of the run, also after a failure."""
        try:
            self._delete_all()
        finally:
            self.disconnect()

    def _delete_all(self) -> None:
        for name in self.names:  # rather than those listed: the list may be what is wrong
            self.endpoint.outcome("DeleteCollection", CollectionId=name)

    def _listed_collections(self, size: int | None = None) -> list[str]:
        pages = self.endpoint.pages("ListCollections", "CollectionIds", size)
        return [name for page in pages for name in page if name in self.names]

    # --- what is checked after every step ------------------------------------------------------------------

    @invariant()
    def collections_are_as_modelled(self) -> None:
        """Compare the list of collections, and each one's counts, faces and users, with the model."""
        self.endpoint.settled(lambda: self.check_collections(None))
        for name in self.model:
            self.endpoint.settled(partial(self._check_collection, name))

    def check_collections(self, size: int | None) -> None:
        """Compare the list of collections with the model."""
        listed = sorted(self._listed_collections(size))
        question = Question("ListCollections", asked(MaxResults=size))
        question.hold(f"those named {self.prefix}…", sorted(self.model), listed, _LISTED)

    def _check_collection(self, name: str) -> None:
        stored, request = self.model[name], {"CollectionId": name}
        question = Question("DescribeCollection", request)
        counts = self.endpoint.answer("DescribeCollection", **request)
        for member, items in (("FaceCount", stored.faces), ("UserCount", stored.users)):
            if member in counts or member == "FaceCount":  # UserCount is younger than most models
                question.hold(member, len(items), counts.get(member), _COUNTED)
        for member in _LASTING:
            due = stored.description.setdefault(member, counts.get(member))
            question.hold(member, due, counts.get(member), "It was answered so before, and never changes.")
        self.check_faces(name, max(1, len(stored.faces) - 1))  # two pages show whether paging repeats or drops
        self.check_users(name, max(1, len(stored.users) - 1))

    def check_faces(self, name: str, size: int | None, **options: Any) -> None:
        """Compare a collection's faces with the model; `options` filter them by `UserId` or `FaceIds`."""
        request = {"CollectionId": name, **options}
        expected = [
            face_id
            for face_id, face in self.model[name].faces.items()
            if options.get("UserId") in {None, face.user} and face_id in options.get("FaceIds", (face_id,))
        ]
        faces = [face for page in self.endpoint.pages("ListFaces", "Faces", size, **request) for face in page]
        listed = sorted(face["FaceId"] for face in faces)
        question = Question("ListFaces", request | asked(MaxResults=size))
        question.hold("the FaceIds", sorted(expected), listed, _LISTED)
        for face in faces:
            self.check_face(name, face, question)

    def check_face(self, name: str, face: dict[str, Any], question: Question) -> None:
        """Compare what an answer says of a stored face with the model."""
        stored = self.model[name].faces.get(face["FaceId"])
        if stored is None:
            raise DivergenceError(f"{question} answered {face['FaceId']}, which is no face of {name}")
        due = {"ExternalImageId": stored.external_id, "ImageId": stored.image_id}
        if question.operation == "ListFaces":  # where else a Face has its user is not documented
            due["UserId"] = stored.user
        got = {member: face.get(member) for member in due}
        question.hold(f"the face {face['FaceId']}", due, got, _STORED)
        question.hold_outlines(f"the face {face['FaceId']}", [stored.outline], [Outline.of(face)], _STORED)

    def check_users(self, name: str, size: int | None) -> None:
        """Compare a collection's users with the model."""
        request, stored = {"CollectionId": name}, self.model[name]
        pages = self.endpoint.pages("ListUsers", "Users", size, **request)
        users = [user for page in pages for user in page]
        listed = sorted(user["UserId"] for user in users)
        question = Question("ListUsers", request | asked(MaxResults=size))
        question.hold("the UserIds", sorted(stored.users), listed, _LISTED)
        for user in users:
            self.check_status(question, name, user)

    def check_status(
        self, question: Question, name: str, user: Mapping[str, Any], *, settled: bool = True
    ) -> None:
        """Compare the UserStatus in an answer with the model; one that has not settled may be UPDATING."""
        statuses = self.model[name].user_statuses(user["UserId"]) | (set() if settled else {_UPDATING})
        if user.get("UserStatus") not in statuses:
            raise DivergenceError(
                f"{question}: the UserStatus of {user['UserId']} is {user.get('UserStatus')}, and"
                f" {' or '.join(sorted(statuses))} is due"
            )

    # --- what rules check ----------------------------------------------------------------------------------

    def check_sorted(
        self, question: Question, answer: dict[str, Any], members: tuple[str, str], due: Sorted
    ) -> None:
        """Compare the two lists, of those served and of those not, that a request on FaceIds is answered with."""
        done, refused = (answer.get(member, ()) for member in members)
        served = sorted(item if isinstance(item, str) else item["FaceId"] for item in done)
        question.hold(members[0], sorted(due.done), served, _EACH_ONE)
        left = sorted((item["FaceId"], *item["Reasons"]) for item in refused)
        reasons = sorted((face_id, refusal.reason) for face_id, refusal in due.refused.items())
        question.hold(members[1], reasons, left, _EACH_ONE)
        for item in refused:
            owner = due.refused[item["FaceId"]].owner
            if owner is not None and "UserId" in item:  # that it has to be named is not documented
                question.hold(f"the UserId of {item['FaceId']}", owner, item["UserId"], _OWNED)

    def check_matches(
        self, question: Question, matches: list[tuple[str, float]], candidates: dict[str, Likeness]
    ) -> None:
        """Compare the matches of a search, ids with their similarities, with those that must or may be there."""
        found, similarities = [match[0] for match in matches], [match[1] for match in matches]
        question.hold("the order", sorted(similarities, reverse=True), similarities, _BEST_FIRST)
        question.hold("the matches", sorted(set(found)), sorted(found), "Each match comes once.")
        threshold = _first(question.request, _THRESHOLDS, _DEFAULT_THRESHOLD)
        most = int(_first(question.request, _LIMITS, sys.maxsize))
        low = [similarity for similarity in similarities if similarity < threshold]
        question.refuse("answered similarities that are too low", low, f"{threshold} at least is due.")
        question.refuse("answered too many matches", found[most:], f"{most} at most are due.")
        wrong = [name for name in found if name not in candidates or threshold >= candidates[name].below]
        question.refuse("answered matches that are none", wrong, "They are not there, or show somebody else.")
        if len(found) < most:
            due = {name for name, likeness in candidates.items() if threshold <= likeness.at_least}
            question.refuse("left out matches", sorted(due - set(found)), "What is alike is found.")


def _first(request: Mapping[str, Any], members: tuple[str, ...], default: float) -> float:
    return next((request[member] for member in members if member in request), default)


_BEST_FIRST: Final = "'ordered by similarity score with the highest similarity first'"
_THRESHOLDS: Final = ("FaceMatchThreshold", "UserMatchThreshold")
_LIMITS: Final = ("MaxFaces", "MaxUsers")


def asked(**members: Any) -> dict[str, Any]:
    """Return a request's members without those that are None."""
    return {name: value for name, value in members.items() if value is not None}


def ids_of(face: Place, more: list[Place]) -> list[str]:
    """Return the ids of faces, as often as they are there."""
    return [place.id for place in (face, *more)]


def pick(items: Iterable[T], choice: int) -> T:
    """Return one of some things, of which there is one at least: a choice from `CHOICES` says which."""
    listed = list(items)
    return listed[choice % len(listed)]
