"""What a region's collections hold: faces, the users that they belong to, and the vectors of both."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.paging import SortedKeys
from pytest_rekognition.backends.reference.refusals import no_collection
from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_rekognition.backends.reference.collections.vectors import Near, Vectors
    from pytest_rekognition.backends.reference.engines.base import Floats
    from pytest_rekognition.geometry import Box

#: "it is associated with the latest version of the face model": today's, as recorded
FACE_MODEL_VERSION: Final = "7.0"
#: the same, as SearchUsers was recorded to tell it
USER_MODEL_VERSION: Final = "7"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFace:
    """A face as a collection keeps it: without its details, and rounded, to numbers of 32 bits."""

    face_id: str
    image_id: str
    external_image_id: str | None
    #: to six digits
    box: Box
    #: 0..100
    confidence: float
    #: its place in the order in which the collection's faces and users came
    number: int


@dataclass(slots=True, kw_only=True)
class User:
    """A user of a collection."""

    user_id: str
    #: "The results are sorted by system generated primary key ID": a UUID's 128 bits
    key: int
    #: its place in the order in which the collection's faces and users came
    number: int
    #: the ids of the faces that belong to it, in the order of their coming
    faces: dict[str, None] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """`UserStatus`: an association is settled at once, so that nothing is ever CREATING or UPDATING here."""
        return "ACTIVE" if self.faces else "CREATED"


class Collection:
    """A collection of a region. `region.lock` is held by whoever reads or changes it."""

    def __init__(self, collection_id: str, *, created: float, number: int) -> None:
        self.collection_id = collection_id
        #: seconds since the epoch
        self.created = created
        #: its place in the order in which the region's collections came; no other one ever has it
        self.number = number
        #: by their ids, in the order of their coming
        self.faces: dict[str, StoredFace] = {}
        #: by their ids
        self.users: dict[str, User] = {}
        #: the faces' ids, as they are listed
        self.listed_faces = SortedKeys[str]()
        #: the users' keys, as they are listed
        self.listed_users = SortedKeys[int]()
        self._users_by_key: dict[int, User] = {}
        self._owners: dict[str, str] = {}
        self._named: defaultdict[tuple[str, str], dict[str, Box]] = defaultdict(dict)
        self._face_vectors: Vectors | None = None
        self._user_vectors: Vectors | None = None
        self._next = 0

    # --- faces ---------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """Return a number that is higher than all before it."""
        self._next += 1
        return self._next

    def add_faces(self, faces: Sequence[StoredFace], vectors: Sequence[Floats] | Floats) -> None:
        """Add new faces, each with its vector."""
        if not faces:
            return
        if self._face_vectors is None:
            self._face_vectors = _new_vectors(len(vectors[0]))
        names = [face.face_id for face in faces]
        self._face_vectors.extend(names, vectors, [face.number for face in faces])
        self.faces.update(zip(names, faces, strict=True))
        self.listed_faces.add(names)
        for face in faces:
            if face.external_image_id is not None:
                self._named[face.image_id, face.external_image_id][face.face_id] = face.box

    def remove_face(self, face_id: str) -> None:
        """Take a face away, one that belongs to no user."""
        face = self.faces.pop(face_id)
        self.listed_faces.remove(face_id)
        if face.external_image_id is not None:
            named = face.image_id, face.external_image_id
            del self._named[named][face_id]
            if not self._named[named]:
                del self._named[named]
        self._vectors_of_faces.remove(face_id)

    def named_faces(self, image_id: str, external_image_id: str | None) -> dict[Box, deque[str]]:
        """Return the ids of the faces that came from an image under an external id, by their boxes."""
        found: defaultdict[Box, deque[str]] = defaultdict(deque)
        if external_image_id is not None and (image_id, external_image_id) in self._named:
            for face_id, box in self._named[image_id, external_image_id].items():
                found[box].append(face_id)
        return found

    def face_vector(self, face_id: str) -> Floats:
        """Return a face's vector, of length 1."""
        return self._vectors_of_faces[face_id]

    def nearest_faces(self, probe: Floats, *, least: float, most: int, without: str | None = None) -> list[Near]:
        """Return the faces nearest to a vector; see `Vectors.nearest`."""
        if self._face_vectors is None:
            return []
        return self._face_vectors.nearest(probe, least=least, most=most, without=without)

    @property
    def _vectors_of_faces(self) -> Vectors:
        if self._face_vectors is None:
            raise KeyError(f"the collection {self.collection_id} never had a face")
        return self._face_vectors

    # --- users ---------------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User:
        """Return a user; raises `ResourceNotFoundException`."""
        if user_id not in self.users:
            # not recorded: worded as the one for collections
            raise ServiceError("ResourceNotFoundException", f"The user id: {user_id} does not exist")
        return self.users[user_id]

    def user_of_key(self, key: int) -> User:
        """Return the user with one of the keys of `listed_users`."""
        return self._users_by_key[key]

    def add_user(self, user: User) -> None:
        """Add a new user."""
        self.users[user.user_id] = self._users_by_key[user.key] = user
        self.listed_users.add([user.key])

    def remove_user(self, user: User) -> None:
        """Take a user away, and free its faces."""
        self.associate(user, without=list(user.faces))
        del self.users[user.user_id], self._users_by_key[user.key]
        self.listed_users.remove(user.key)

    def owner(self, face_id: str) -> str | None:
        """Return the id of the user that a face belongs to, or None."""
        return self._owners.get(face_id)

    def associate(self, user: User, faces: Iterable[str] = (), *, without: Iterable[str] = ()) -> None:
        """Give a user faces that belong to nobody, and take others of its own away."""
        for face_id in without:
            del user.faces[face_id], self._owners[face_id]
        for face_id in faces:
            user.faces[face_id] = None
            self._owners[face_id] = user.user_id
        self._update_vector(user)

    def user_vector(self, user: User) -> Floats | None:
        """Return a user's vector, the normalised mean of its faces'; None where it has none."""
        return self._user_vectors[user.user_id] if self._user_vectors is not None and user.faces else None

    def nearest_users(self, probe: Floats, *, least: float, most: int, without: str | None = None) -> list[Near]:
        """Return the users nearest to a vector; see `Vectors.nearest`."""
        if self._user_vectors is None:
            return []
        return self._user_vectors.nearest(probe, least=least, most=most, without=without)

    def _update_vector(self, user: User) -> None:
        if user.faces:
            from pytest_rekognition.backends.reference.collections.vectors import mean_vector  # noqa: PLC0415 - extra

            vector = mean_vector([self.face_vector(face_id) for face_id in user.faces])
            if self._user_vectors is None:
                self._user_vectors = _new_vectors(len(vector))
            self._user_vectors.put(user.user_id, vector, user.number)
        elif self._user_vectors is not None and user.user_id in self._user_vectors:
            self._user_vectors.remove(user.user_id)


class Collections:
    """The collections of a region: the part of it that they are kept in."""

    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}
        self._opened = 0

    def __iter__(self) -> Iterator[Collection]:
        return iter(self._collections.values())

    def __contains__(self, collection_id: str) -> bool:
        return collection_id in self._collections

    def __getitem__(self, collection_id: str) -> Collection:
        """Return a collection; raises `ResourceNotFoundException`."""
        if collection_id not in self._collections:
            raise no_collection(collection_id)
        return self._collections[collection_id]

    def open(self, collection_id: str, created: float) -> Collection:
        """Add a new collection."""
        self._opened += 1
        collection = Collection(collection_id, created=created, number=self._opened)
        self._collections[collection_id] = collection
        return collection

    def close(self, collection_id: str) -> None:
        """Take a collection away with everything in it; raises `ResourceNotFoundException`."""
        del self._collections[self[collection_id].collection_id]


def _new_vectors(size: int) -> Vectors:
    from pytest_rekognition.backends.reference.collections.vectors import Vectors  # noqa: PLC0415 - needs the extra

    return Vectors(size)
