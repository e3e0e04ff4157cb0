# ruff: noqa: SLF001  the bare calls are of the engines' own networks
"""The cost of a face, engine by engine, beside the bare calls of the same networks. Compare the ratios.

The pictures are scikit-image's astronaut, and four of her side by side. What has no weights here is skipped.
"""

import cv2
import numpy as np
import pytest
import skimage

from pytest_rekognition.backends.reference.engines import ENGINES, is_present, load_embedder, load_engine
from pytest_rekognition.backends.reference.engines import pixels as px
from pytest_rekognition.backends.reference.engines.haar import LONGEST_SIDE
from pytest_rekognition.backends.reference.engines.nets import blob
from pytest_rekognition.backends.reference.engines.yunet import LEVELS

ASTRONAUT = skimage.data.astronaut()[:, :, ::-1].copy()
PICTURES = {1: ASTRONAUT, 4: np.tile(ASTRONAUT, (2, 2, 1))}


def engine_of(name):
    if not is_present(ENGINES[name]):
        pytest.skip(f"the weights of {name} are not here: pytest-rekognition models install {name}")
    return load_engine(name)


def bare_yunet(engine, image, faces):
    """Call YuNet at its three sizes, and for each face the mesh network twice and the blendshapes once."""
    small = [px.shrink(image, level) for level in sorted({min(level, max(image.shape[:2])) for level in LEVELS})]
    crop, mesh = np.zeros((1, 3, 256, 256), np.float32), np.zeros((1, 146, 2), np.float32)

    def call():
        for one in small:
            engine._find(one)
        for _ in range(faces):
            engine._mesh._net.run(crop)
            engine._mesh._net.run(crop)
            engine._shapes.run(mesh)

    return call


def bare_blaze(engine, _image, faces):
    """Call BlazeFace on the image and four tiles, and for each face the mesh network and the iris' twice each."""
    crop, mesh = np.zeros((1, 3, 192, 192), np.float32), np.zeros((1, 3, 192, 192), np.float32)
    iris = np.zeros((1, 3, 64, 64), np.float32)

    def call():
        for _ in range(5):
            engine._detector.run(crop)
        for _ in range(2 * faces):
            engine._mesh._net.run(mesh)
            engine._iris.run(iris)

    return call


def bare_haar(engine, image, faces):
    """Call the cascades on the grey image, the profile's twice, and the eyes' on as many squares as faces."""
    grey = px.grey(px.shrink(image, LONGEST_SIDE))
    square = np.ascontiguousarray(grey[:200, :200])
    profile = engine._cascades["haarcascade_profileface.xml"]

    def call():
        for cascade in (*engine._cascades.values(), profile):
            cascade.detectMultiScale2(grey, scaleFactor=1.1, minNeighbors=3)
        for _ in range(faces):
            engine._eyes.detectMultiScale2(
                square, scaleFactor=1.1, minNeighbors=3, minSize=(24, 24), maxSize=(80, 80)
            )

    return call


BARE = {"yunet": bare_yunet, "blaze": bare_blaze, "haar": bare_haar}


@pytest.mark.parametrize("faces", PICTURES)
@pytest.mark.parametrize("name", BARE)
def test_bare_networks(benchmark, name, faces):
    """The least that the engine's networks take."""
    benchmark.group = f"{name}, {faces} faces"
    benchmark(BARE[name](engine_of(name), PICTURES[faces], faces))


@pytest.mark.parametrize("faces", PICTURES)
@pytest.mark.parametrize("name", BARE)
def test_engine(benchmark, name, faces):
    """The engine, from pixels to measured faces."""
    benchmark.group = f"{name}, {faces} faces"
    engine = engine_of(name)
    assert len(benchmark(engine.detect, PICTURES[faces])) == faces


def test_descriptor(benchmark):
    """A vector of a face's texture."""
    benchmark.group = "embedders"
    (face,) = load_engine("haar").detect(ASTRONAUT)
    benchmark(load_embedder("descriptor").embed, ASTRONAUT, face)


def test_arcface(benchmark):
    """A vector of a network that tells people apart."""
    benchmark.group = "embedders"
    embedder = load_embedder()
    if embedder.name != "arcface":
        pytest.skip("there is no network for the arcface embedder here")
    (face,) = load_engine("haar").detect(ASTRONAUT)
    benchmark(embedder.embed, ASTRONAUT, face)


def test_bare_arcface(benchmark):
    """The network alone."""
    benchmark.group = "embedders"
    embedder = load_embedder()
    if embedder.name != "arcface":
        pytest.skip("there is no network for the arcface embedder here")
    values = blob(cv2.resize(ASTRONAUT, (112, 112)))
    benchmark(embedder._net.run, values)
