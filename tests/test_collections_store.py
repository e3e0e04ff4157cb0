import functools
import inspect
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from collecting import Rolls, face, image
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pytest_rekognition.backends.reference import ReferenceBackend, collections, tags
from pytest_rekognition.backends.reference.collections.matching import least_cosine
from pytest_rekognition.backends.reference.collections.store import (
    Collection,
    Collections,
    StoredFace,
    User,
)
from pytest_rekognition.backends.reference.collections.vectors import Vectors, exact_cosines, mean_vector
from pytest_rekognition.backends.reference.requests_seen import RequestsSeen
from pytest_rekognition.backends.reference.tags import Tags
from pytest_rekognition.builders import face_detail
from pytest_rekognition.errors import ServiceError
from pytest_rekognition.exchange import Call
from pytest_rekognition.geometry import Box, single

SIZE = 3
KEYS = st.sampled_from([f"k{number}" for number in range(40)])
#: few different ones, so that there are ties
VECTORS = st.lists(st.integers(-2, 2), min_size=SIZE, max_size=SIZE).filter(any)


def unit(numbers):
    vector = np.array(numbers, np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def cosine(one, other):
    """Return a cosine by plain Python, as the wire's 32-bit float."""
    products = [float(a) * float(b) for a, b in zip(one, other, strict=True)]
    return single(min(1.0, max(-1.0, sum(products))))


class VectorsMachine(RuleBasedStateMachine):
    """Vectors beside a dict that is searched by brute force."""

    def __init__(self):
        super().__init__()
        self.vectors = Vectors(SIZE)
        self.model = {}
        self.number = 0

    @rule(key=KEYS, vector=VECTORS)
    def put(self, key, vector):
        """Add one, or replace it."""
        self.vectors.put(key, unit(vector), self.number)
        self.model[key] = (unit(vector), self.number)
        self.number += 1

    @rule(vectors=st.lists(VECTORS, min_size=1, max_size=40))
    def extend(self, vectors):
        """Add many at once."""
        keys = [f"m{self.number + at}" for at in range(len(vectors))]
        rows = np.stack([unit(vector) for vector in vectors])
        numbers = range(self.number, self.number + len(keys))
        self.vectors.extend(keys, rows, numbers)
        self.model |= dict(zip(keys, zip(rows, numbers, strict=True), strict=True))
        self.number += len(vectors)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data):
        """Take one away."""
        key = data.draw(st.sampled_from(sorted(self.model)))
        self.vectors.remove(key)
        del self.model[key]

    @rule(
        probe=VECTORS,
        least=st.floats(-1, 1, width=32),
        most=st.integers(1, 60),
        without=st.none() | KEYS,
    )
    def search(self, probe, least, most, without):
        """Find what brute force finds, in the same order."""
        probe = unit(probe)
        near = [
            (-cosine(vector, probe), number, key)
            for key, (vector, number) in self.model.items()
            if key != without and cosine(vector, probe) >= least
        ]
        expected = [(key, -negative) for negative, _, key in sorted(near)[:most]]
        assert expected == [
            tuple(found) for found in self.vectors.nearest(probe, least=least, most=most, without=without)
        ]

    @invariant()
    def holds_what_the_model_holds(self):
        """Every vector is there, under its key."""
        assert len(self.model) == len(self.vectors)
        for key, (vector, _) in self.model.items():
            assert key in self.vectors
            assert vector.tolist() == self.vectors[key].tolist()


TestVectors = VectorsMachine.TestCase
TestVectors.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.integers(1, 50), st.sampled_from([16, 128]))
@settings(max_examples=30, deadline=None)
def test_a_large_search_is_exact(seed, count, most, size):
    """Of many random vectors, doubles among them, exactly the nearest are found, the first of equals first."""
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((count, size)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[generator.integers(0, count, count // 3)] = matrix[0]
    vectors = Vectors(size)
    vectors.extend([str(number) for number in range(count)], matrix, range(count))
    probe = matrix[0]
    expected = np.lexsort((np.arange(count), -exact_cosines(matrix, probe)))[:most]
    assert [str(number) for number in expected] == [
        found.key for found in vectors.nearest(probe, least=-1.0, most=most)
    ]


def test_numbers_that_no_vector_has_take_no_room():
    """Zeros at the end of all vectors are not kept; once a vector needs the room, it is there."""
    vectors, long = Vectors(1000), np.zeros((3, 1000), np.float32)
    long[0, 0] = long[1, 3] = long[2, 999] = 1
    vectors.extend(["a", "b"], long[:2], [1, 2])
    assert 4 == vectors._matrix.shape[1]
    assert ["b", "a"] == [near.key for near in vectors.nearest(long[1], least=-1, most=9)]
    assert [0.0, 0.0] == [near.cosine for near in vectors.nearest(long[2], least=-1, most=9)]

    vectors.put("b", long[2], 3)
    vectors.put("c", long[1], 4)
    assert ["b"] == [near.key for near in vectors.nearest(long[2], least=0.5, most=9)]
    for key, row in (("a", 0), ("b", 2), ("c", 1)):
        assert long[row].tolist() == vectors[key].tolist()


def test_equal_vectors_are_equally_near_wherever_they_lie():
    """A matrix product may differ in the last bit from row to row; the cosines of a search do not."""
    generator = np.random.default_rng(5)
    vector, probe = (unit(generator.standard_normal(131)) for _ in range(2))
    vectors = Vectors(131)
    vectors.extend([str(number) for number in range(1003)], np.tile(vector, (1003, 1)), range(1003))
    found = vectors.nearest(probe, least=-1.0, most=1003)
    assert 1 == len({near.cosine for near in found})
    assert [str(number) for number in range(1003)] == [near.key for near in found]


@given(st.lists(VECTORS, min_size=1, max_size=20))
def test_a_mean_has_length_1(vectors):
    """A user's vector is of unit length, whatever its faces are, unless they cancel each other out."""
    length = float(np.linalg.norm(mean_vector([unit(vector) for vector in vectors])))
    opposite = np.abs(np.sum([unit(vector).astype(np.float64) for vector in vectors], axis=0)).max() < 1e-6
    assert opposite or pytest.approx(1, abs=1e-6) == length


def test_opposite_faces_have_no_direction():
    """A mean that is nothing is zeros, and no division by zero."""
    assert [0, 0, 0] == mean_vector([unit([1, 0, 0]), unit([-1, 0, 0])]).tolist()


@given(st.floats(0, 100, width=32), st.floats(-1, 1))
def test_no_match_lies_below_the_least_cosine(threshold, cosine):
    """Searching from the least cosine on misses nothing, and it is not much too low."""
    embedder = Rolls()
    least = least_cosine(embedder, threshold)
    if single(embedder.similarity(cosine)) >= threshold:
        assert cosine >= least
    assert single(embedder.similarity(min(1.0, least + 1e-6))) >= threshold or least > 1 - 1e-6


# --- the collections' own state ------------------------------------------------------------------------------


class StoreMachine(RuleBasedStateMachine):
    """A collection's faces and users beside plain dicts."""

    @initialize()
    def begin(self):
        """Open a collection."""
        self.collection = Collections().open("staff", 0.0)
        self.faces, self.owners, self.users = {}, {}, set()
        self.made = 0

    @rule(vector=VECTORS, name=st.sampled_from([None, "a", "b"]), left=st.sampled_from([0.1, 0.2]))
    def add_face(self, vector, name, left):
        """Store a face."""
        self.made += 1
        stored = StoredFace(
            face_id=f"f{self.made * 7919 % 10_000:04}",  # in no order, as ids come
            image_id="i",
            external_image_id=name,
            box=Box(left, 0.1, 0.1, 0.1),
            confidence=99.0,
            number=self.collection.next_number(),
        )
        self.collection.add_faces([stored], [unit(vector)])
        self.faces[stored.face_id] = (unit(vector), stored)

    @precondition(lambda self: set(self.faces) - set(self.owners))
    @rule(data=st.data())
    def remove_face(self, data):
        """Delete a face that is nobody's."""
        name = data.draw(st.sampled_from(sorted(set(self.faces) - set(self.owners))))
        self.collection.remove_face(name)
        del self.faces[name]

    @rule(name=st.sampled_from("uvw"))
    def add_user(self, name):
        """Create a user."""
        if name not in self.users:
            number = self.collection.next_number()
            self.collection.add_user(User(user_id=name, key=-number, number=number))
            self.users.add(name)

    @precondition(lambda self: self.users)
    @rule(data=st.data())
    def remove_user(self, data):
        """Delete a user; its faces are free."""
        name = data.draw(st.sampled_from(sorted(self.users)))
        self.collection.remove_user(self.collection.user(name))
        self.users.remove(name)
        self.owners = {face_id: owner for face_id, owner in self.owners.items() if owner != name}

    @precondition(lambda self: self.users and self.faces)
    @rule(data=st.data())
    def move(self, data):
        """Give a user free faces, and take some of its own away."""
        name = data.draw(st.sampled_from(sorted(self.users)))
        own = sorted(face_id for face_id, owner in self.owners.items() if owner == name)
        free = sorted(set(self.faces) - set(self.owners))
        more = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
        less = data.draw(st.lists(st.sampled_from(own), unique=True)) if own else []
        self.collection.associate(self.collection.user(name), more, without=less)
        for face_id in less:
            del self.owners[face_id]
        self.owners |= dict.fromkeys(more, name)

    @invariant()
    def agrees(self):
        """Faces, owners, names and both searches are those of the model."""
        collection = self.collection
        assert list(self.faces) == list(collection.faces)
        assert sorted(self.faces) == collection.listed_faces.in_order()
        listed = [collection.user_of_key(key).user_id for key in collection.listed_users.in_order()]
        assert sorted(self.users, key=lambda name: collection.users[name].key) == listed
        assert {name: self.owners.get(name) for name in self.faces} == {
            name: collection.owner(name) for name in self.faces
        }
        probe = unit([1, 1, 1])
        assert set(self.faces) == {near.key for near in collection.nearest_faces(probe, least=-1.0, most=9999)}
        assert {*self.owners.values()} == {
            near.key for near in collection.nearest_users(probe, least=-1.0, most=9999)
        }
        for name in self.users:
            own = [vector for face_id, (vector, _) in self.faces.items() if self.owners.get(face_id) == name]
            vector = collection.user_vector(collection.user(name))
            assert ("ACTIVE" if own else "CREATED") == collection.user(name).status
            if own:
                assert pytest.approx(mean_vector(own).tolist(), abs=1e-6) == vector.tolist()
            else:
                assert vector is None
        for external in ("a", "b"):
            named = {stored.face_id for _, stored in self.faces.values() if stored.external_image_id == external}
            found = collection.named_faces("i", external)
            assert named == {face_id for names in found.values() for face_id in names}


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


# --- threads -------------------------------------------------------------------------------------------------


@pytest.fixture
def eager():
    """Let threads take turns as often as Python can, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def detail_of(roll):
    return face_detail(**face(roll))


@pytest.mark.usefixtures("eager")
def test_threads_never_see_a_half_written_state():
    """Eight threads that index, search, associate and delete at once find whole faces, and every count adds up."""
    backend = ReferenceBackend("haar", embedder=Rolls())
    backend.reply(Call("CreateCollection", {"CollectionId": "staff"}))
    pictures = [image(number) for number in range(8)]
    for number, data in enumerate(pictures):
        backend.know(data, [(detail_of(10.0 * number + step), None) for step in range(3)])
    barrier = threading.Barrier(8)

    def ask(operation, **request):
        return backend.reply(Call(operation, {"CollectionId": "staff"} | request)).response

    def work(number):
        picture = {"Bytes": pictures[number]}
        barrier.wait()
        ask("CreateUser", UserId=f"user-{number}")
        for _ in range(25):
            stored = [record["Face"]["FaceId"] for record in ask("IndexFaces", Image=picture)["FaceRecords"]]
            found = ask("SearchFacesByImage", Image=picture, FaceMatchThreshold=0)["FaceMatches"]
            assert set(stored) <= {match["Face"]["FaceId"] for match in found}
            assert all(match["Face"]["IndexFacesModelVersion"] for match in found)
            kept, *gone = stored
            done = ask("AssociateFaces", UserId=f"user-{number}", FaceIds=[kept])
            assert [{"FaceId": kept}] == done["AssociatedFaces"]
            assert gone == ask("DeleteFaces", FaceIds=gone)["DeletedFaces"]
            with pytest.raises(ServiceError, match="faceId was not found"):
                ask("SearchFaces", FaceId=gone[0])
            users = ask("SearchUsers", FaceId=kept, UserMatchThreshold=0)["UserMatches"]
            assert f"user-{number}" in {match["User"]["UserId"] for match in users}

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result()
    told = ask("DescribeCollection")
    assert (200, 8) == (told["FaceCount"], told["UserCount"])
    assert 200 == len(ask("ListFaces")["Faces"])


def guarded(function, lock):
    """Return a function that is called with the lock held, or fails."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        assert lock._is_owned(), f"{function.__qualname__} was called without the region's lock"
        return function(*args, **kwargs)

    return call


def test_whoever_touches_the_state_holds_the_lock(monkeypatch):
    """In every operation on collections, faces, users and tags."""
    backend = ReferenceBackend("haar", embedder=Rolls())
    region = backend.region("eu-west-1")
    for kind in (Collections, Collection, RequestsSeen, Tags):
        for name, function in list(vars(kind).items()):
            if inspect.isfunction(function) and name != "__init__":
                monkeypatch.setattr(kind, name, guarded(function, region.lock))
    picture = {"Image": {"Bytes": image()}}
    backend.know(picture["Image"]["Bytes"], [(detail_of(0.0), None)])
    used = set()

    def ask(operation, **request):
        used.add(operation)
        named = {} if "Resource" in operation or operation == "ListCollections" else {"CollectionId": "staff"}
        return backend.reply(Call(operation, named | request, "eu-west-1")).response

    anna = {"UserId": "anna"}
    ask("CreateCollection", Tags={"a": "b"})
    (record,) = ask("IndexFaces", ExternalImageId="a", **picture)["FaceRecords"]
    face_id = record["Face"]["FaceId"]
    ask("CreateUser", ClientRequestToken="once", **anna)
    ask("AssociateFaces", FaceIds=[face_id], **anna)
    for operation in ("SearchFacesByImage", "SearchUsersByImage"):
        ask(operation, **picture)
    for operation in ("ListFaces", "ListUsers", "DescribeCollection", "ListCollections"):
        arn = ask(operation).get("CollectionARN")
        if arn:
            ask("TagResource", ResourceArn=arn, Tags={"c": "d"})
            ask("UntagResource", ResourceArn=arn, TagKeys=["a"])
            assert {"c": "d"} == ask("ListTagsForResource", ResourceArn=arn)["Tags"]
    ask("SearchFaces", FaceId=face_id)
    ask("SearchUsers", **anna)
    ask("DisassociateFaces", FaceIds=[face_id], **anna)
    ask("DeleteUser", **anna)
    ask("DeleteFaces", FaceIds=[face_id])
    ask("DeleteCollection")
    assert {*collections.HANDLERS, *tags.HANDLERS} == used


@pytest.mark.usefixtures("eager")
def test_one_of_many_creates_a_collection():
    """Of eight threads that make the same collection or user one succeeds, and seven are refused."""
    backend = ReferenceBackend("haar", embedder=Rolls())
    barrier = threading.Barrier(8)

    def create(operation, **request):
        barrier.wait()
        try:
            backend.reply(Call(operation, {"CollectionId": "staff"} | request))
        except ServiceError as error:
            return error.code
        return None

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: create("CreateCollection"), range(8)))
        users = list(pool.map(lambda _: create("CreateUser", UserId="anna"), range(8)))
    assert [None, *["ResourceAlreadyExistsException"] * 7] == sorted(made, key=lambda code: code or "")
    assert [None, *["ConflictException"] * 7] == sorted(users, key=lambda code: code or "")
