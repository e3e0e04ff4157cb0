"""The cost of searching a collection, beside the bare product of its matrix and a vector. Compare the ratios.

Aim: a search among a million faces of 128 numbers takes no longer than 1.5 times the product.
"""

import tracemalloc
import uuid

import numpy as np
import pytest

from pytest_rekognition.backends.reference.collections.matching import face_matches
from pytest_rekognition.backends.reference.collections.store import Collections, StoredFace
from pytest_rekognition.geometry import Box

FACES, SIZE = 1_000_000, 128
#: faces of each person
COPIES = 10
#: rows that are made at a time
BLOCK = 100_000


class Straight:
    """An embedder whose Similarity is a straight line: 80 at a cosine of .6."""

    name, size = "straight", SIZE

    def similarity(self, cosine):
        """Return 0..100."""
        return 50 + 50 * cosine


def blocks(generator):
    """Yield blocks of unit vectors: people at random, and ten pictures of each near one another."""
    for _ in range(FACES // BLOCK):
        people = generator.standard_normal((BLOCK // COPIES, SIZE), np.float32).repeat(COPIES, axis=0)
        people += generator.standard_normal((BLOCK, SIZE), np.float32) * np.float32(0.3)
        yield people / np.linalg.norm(people, axis=1, keepdims=True)


def stored(number):
    return StoredFace(
        face_id=str(uuid.UUID(int=number, version=4)),
        image_id=str(uuid.UUID(int=number, version=3)),
        external_image_id=None,
        box=Box(number / FACES, 0.25, 0.25, 0.5),
        confidence=99 + number / FACES,
        number=number,
    )


@pytest.fixture(scope="module")
def matrix():
    """Return the vectors of a million faces."""
    return np.concatenate(list(blocks(np.random.default_rng(1))))


@pytest.fixture(scope="module")
def collection(matrix):
    """Return a collection of these faces."""
    filled = Collections().open("everyone", 0.0)
    for start in range(0, FACES, BLOCK):
        filled.add_faces([stored(number) for number in range(start, start + BLOCK)], matrix[start : start + BLOCK])
    return filled


def test_product(benchmark, matrix):
    """The least that an exact search takes: the matrix times the vector, and nothing made of it."""
    benchmark.group = f"a search among {FACES:,} faces"
    probe = matrix[0].copy()
    benchmark(lambda: matrix @ probe)


@pytest.mark.parametrize(("threshold", "most"), [(80, 4096), (0, 10), (0, 4096)])
def test_search(benchmark, matrix, collection, threshold, most):
    """Our search, to the wire's `FaceMatches`: by default, the ten nearest of all, and as many as there may be."""
    benchmark.group = f"a search among {FACES:,} faces"
    found = benchmark(face_matches, collection, matrix[0].copy(), Straight(), threshold=threshold, most=most)
    assert COPIES <= len(found) <= most


def test_memory(benchmark):
    """What a face takes beside its vector."""
    benchmark.group = "memory"
    count = 1 << 14  # a power of two: the matrix is just full

    def fill():
        tracemalloc.start()
        filled = Collections().open("some", 0.0)
        rows = np.zeros((1, SIZE), np.float32)
        for number in range(count):
            filled.add_faces([stored(number)], rows)
        took, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return took

    beside = benchmark.pedantic(fill, rounds=1) / count - SIZE * 4
    print(f"\n{beside:.0f} bytes a face beside {SIZE * 4} of its vector")
