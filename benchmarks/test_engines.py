# ruff: noqa: SLF001  the bare calls are of the engines' own networks
"""The cost of a face, engine by engine, beside the bare calls of the same networks. Compare the ratios.

The pictures are scikit-image's astronaut, four of her side by side, and one of her of
3 megapixels. What has no weights here is skipped.
"""

import cv2
import numpy as np
import pytest
import skimage

from pytest_rekognition.backends.reference.engines import ENGINES, haar, is_present, load_embedder, load_engine
from pytest_rekognition.backends.reference.engines import pixels as px
from pytest_rekognition.backends.reference.engines.nets import blob
from pytest_rekognition.backends.reference.engines.yunet import LEVELS

ASTRONAUT = skimage.data.astronaut()[:, :, ::-1].copy()
PICTURES = {
    "one": (1, ASTRONAUT),
    "four": (4, np.tile(ASTRONAUT, (2, 2, 1))),
    "large": (1, cv2.resize(ASTRONAUT, (1800, 1800), interpolation=cv2.INTER_CUBIC)),
}


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
    grey = px.grey(px.shrink(image, haar.LONGEST_SIDE))
    square = np.ascontiguousarray(grey[:200, :200])
    profile = engine._cascades["haarcascade_profileface.xml"]

    def call():
        for cascade in (*engine._cascades.values(), profile):
            haar._find(cascade, grey, haar._FACES)
        for _ in range(faces):
            haar._find(engine._eyes, square, haar._EYES)

    return call


BARE = {"yunet": bare_yunet, "blaze": bare_blaze, "haar": bare_haar}


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", BARE)
def test_bare_networks(benchmark, name, picture):
    """The least that the engine's networks take."""
    benchmark.group = f"{name}, {picture}"
    faces, image = PICTURES[picture]
    benchmark(BARE[name](engine_of(name), image, faces))


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", BARE)
def test_engine(benchmark, name, picture):
    """The engine, from pixels to measured faces."""
    benchmark.group = f"{name}, {picture}"
    engine = engine_of(name)
    faces, image = PICTURES[picture]
    assert faces == len(benchmark(engine.detect, image))


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
