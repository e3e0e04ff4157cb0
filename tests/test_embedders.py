"""Embedders: what tells people, or at least photographs, apart."""

import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import tiny_network

from pytest_rekognition import Rekognition
from pytest_rekognition.backends.reference import ReferenceBackend, weights
from pytest_rekognition.backends.reference.engines import (
    ENGINES,
    decode,
    embedder_entry,
    files,
    load_embedder,
    load_engine,
)
from pytest_rekognition.backends.reference.engines.aligning import ALIGNED_SIDE, aligned
from pytest_rekognition.backends.reference.engines.arcface import ArcfaceEmbedder
from pytest_rekognition.backends.reference.engines.base import MeasuredFace, Pose, Quality
from pytest_rekognition.backends.reference.engines.descriptor import DescriptorEmbedder
from pytest_rekognition.backends.reference.knowledge import known_face
from pytest_rekognition.backends.reference.weights import WeightsError
from pytest_rekognition.builders import face_detail
from pytest_rekognition.drawing import DrawnFace, draw
from pytest_rekognition.errors import UsageError
from pytest_rekognition.exchange import Call
from pytest_rekognition.geometry import FACE_TEMPLATE, MAIN_LANDMARKS, Box, Point
from pytest_rekognition.images import describe_image

TWICE = {name: {"Bytes": draw(1).bytes} for name in ("SourceImage", "TargetImage")}
COPIES = {
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "quality 30": lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1),
    "half as bright": lambda image: (image * 0.5).astype(np.uint8),
    "grey": lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
    "mirrored": lambda image: image[:, ::-1].copy(),
}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Let no weights that a developer has take part."""
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(weights, "user_folder", lambda: tmp_path / "none")


@pytest.fixture
def models(shared):
    """Return the folder with the weights that a maintainer may have."""
    folder = shared / "models"
    if not folder.is_dir() or not weights.present([files.MOBILEFACENET, *ENGINES["yunet"].files], folder):
        pytest.skip("the weights of yunet and mobilefacenet are not here")
    return folder


@pytest.fixture
def astronaut():
    """Return scikit-image's photograph of an astronaut."""
    return pytest.importorskip("skimage").data.astronaut()[:, :, ::-1].copy()


def photographs(shared):
    """Return the family's pictures, in which blaze and yunet find faces by decreasing size."""
    return [cv2.imread(str(shared / "images" / f"family-112831{number}.jpg")) for number in (6, 7, 8)]


def faces_of(engine, image, embedder):
    return [embedder.embed(image, face) for face in engine.detect(image)]


def drawn(**members):
    data = draw([DrawnFace(**members)]).bytes
    image = decode(data, describe_image(data))
    (face,) = load_engine("haar").detect(image)
    return image, face


@pytest.mark.parametrize("copy", COPIES)
def test_the_same_photograph_is_recognised(astronaut, copy):
    """Smaller, recompressed, darker, grey or mirrored: the descriptor's Similarity stays above 80."""
    engine, embedder = load_engine("haar"), DescriptorEmbedder()
    (first,) = faces_of(engine, astronaut, embedder)
    (again,) = faces_of(engine, COPIES[copy](astronaut), embedder)
    assert embedder.similarity(float(first @ again)) > 80


def test_other_faces_are_no_copies(astronaut, shared):
    """No two faces of four photographs are taken for the same picture."""
    engine, embedder = load_engine("haar"), DescriptorEmbedder()
    three = cv2.imread(str(shared / "images" / "three-53370.jpg"))
    vectors = [*faces_of(engine, astronaut, embedder), *faces_of(engine, three, embedder)]
    likeness = [embedder.similarity(float(a @ b)) for i, a in enumerate(vectors) for b in vectors[:i]]
    assert len(vectors) == 4
    assert max(likeness) < 50


def test_vectors_have_length_1_and_are_reproducible():
    """A vector is 32-bit, of the embedder's size and of length 1, and the same each time."""
    image, face = drawn()
    embedder = load_embedder()
    vector = embedder.embed(image, face)
    assert embedder.name == "descriptor"
    assert (vector.dtype, vector.shape) == (np.float32, (embedder.size,))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert (vector == load_embedder("descriptor").embed(image, face)).all()


def test_a_plain_face_has_a_vector():
    """A face without any texture, or of one pixel, is no error."""
    face = drawn()[1]
    for shape in ((80, 80), (1, 1)):
        vector = DescriptorEmbedder().embed(np.full((*shape, 3), 99, np.uint8), face)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


COSINES = st.floats(-1.001, 1.001)


@pytest.mark.parametrize("embedder", [DescriptorEmbedder, ArcfaceEmbedder])
def test_similarity_never_falls(embedder):
    """Similarity is 0..100, 100 at a cosine of 1, and never falls as the cosine grows."""
    similarity = embedder.similarity

    @given(COSINES, COSINES)
    def hold(one, other):
        low, high = sorted((one, other))
        assert 0 <= similarity(None, low) <= similarity(None, high) <= 100

    hold()
    assert similarity(None, 1.0) == 100


@pytest.mark.parametrize(("cosine", "expected"), [(0.375, 80.01), (0.82, 99.99), (1.0, 100), (0.0, 0.55)])
def test_arcface_is_calibrated(cosine, expected):
    """The cosine that parts people best is the service's usual threshold, 80; the one known pair's is 99.99."""
    assert ArcfaceEmbedder.similarity(None, cosine) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("cosine", "expected"), [(0.79, 80), (0.93, 99.9), (1.0, 100)])
def test_the_descriptor_is_calibrated(cosine, expected):
    """Copies are above 80, other people's faces below."""
    assert DescriptorEmbedder.similarity(None, cosine) == pytest.approx(expected, abs=0.05)


def test_the_same_people_are_found_again(models, shared):
    """The child that is in all three photographs of a family is recognised, and nobody else is taken for it."""
    engine, embedder = load_engine("yunet", models), load_embedder(folder=models)
    assert embedder.name == "arcface"
    vectors = [faces_of(engine, image, embedder) for image in photographs(shared)]
    child = [vectors[0][2], vectors[1][0], vectors[2][1]]
    others = [vector for faces in vectors for vector in faces if not any(vector is one for one in child)]
    same = [embedder.similarity(float(a @ b)) for i, a in enumerate(child) for b in child[:i]]
    other = [embedder.similarity(float(a @ b)) for a in child for b in others]
    assert min(same) > 95
    assert max(other) < 50


@pytest.mark.parametrize("copy", COPIES)
def test_a_network_knows_copies(models, astronaut, copy):
    """A copy of a photograph shows the same person."""
    engine, embedder = load_engine("yunet", models), load_embedder("arcface", folder=models)
    (first,) = faces_of(engine, astronaut, embedder)
    (again,) = faces_of(engine, COPIES[copy](astronaut), embedder)
    assert embedder.similarity(float(first @ again)) > 95


def test_a_file_of_the_users_is_taken(models):
    """A path names the network, whatever the file is called; auto then means arcface."""
    embedder = load_embedder("auto", models / files.MOBILEFACENET.name)
    image, face = drawn()
    assert ("arcface", 128) == (embedder.name, embedder.size)
    assert (128,) == embedder.embed(image, face).shape


def test_a_known_network_is_known_by_its_content(models, astronaut, tmp_path):
    """A network of the table is given the levels that it wants, however it was named."""
    copied = tmp_path / "any.onnx"
    copied.write_bytes((models / files.MOBILEFACENET.name).read_bytes())
    engine = load_engine("yunet", models)
    (found,) = faces_of(engine, astronaut, load_embedder("arcface", folder=models))
    (named,) = faces_of(engine, astronaut, load_embedder("arcface", copied))
    assert found.tolist() == named.tolist()


@pytest.fixture
def network(tmp_path):
    """Return the path of a network that is no face's, but runs."""
    path = tmp_path / "net.onnx"
    path.write_bytes(tiny_network())
    return path


def likeness(**options):
    """Return what CompareFaces makes of two faces that only a network of colours takes for one."""
    with Rekognition(mode="reference", engine="haar", **options) as rekognition:
        found = rekognition.client().compare_faces(
            SourceImage={"Bytes": draw(1).bytes},
            TargetImage={"Bytes": draw([DrawnFace(smile=True)]).bytes},
            SimilarityThreshold=0,
        )
    return found["FaceMatches"][0]["Similarity"], type(rekognition.reference._service.sight.embedder).__name__


@pytest.mark.parametrize("form", [str, Path])
def test_an_option_names_a_network(network, form):
    """The option `embedder` may be an ONNX file, as a text or a path."""
    similarity, name = likeness(embedder=form(network))

    assert "ArcfaceEmbedder" == name
    assert similarity > 99
    assert "DescriptorEmbedder" == likeness()[1]


def test_a_marker_and_the_ini_file_name_a_network(run, pytester, network):
    """A marker's file is the user's path; the ini file's is relative to the root of the run, wherever one is."""
    suite = """
        import pytest

        def embedder(rekognition):
            with open("../picture.jpg", "rb") as file:
                image = {"Bytes": file.read()}
            found = rekognition.client().compare_faces(SourceImage=image, TargetImage=image)
            assert found["FaceMatches"][0]["Similarity"] > 99
            return type(rekognition.reference._service.sight.embedder).__name__

        @pytest.fixture(autouse=True)
        def elsewhere(monkeypatch, tmp_path):
            (tmp_path / "below").mkdir()
            (tmp_path / "picture.jpg").write_bytes(PICTURE)
            monkeypatch.chdir(tmp_path / "below")

        def test_ini(rekognition):
            assert embedder(rekognition) == "ArcfaceEmbedder"

        @pytest.mark.rekognition(embedder="descriptor")
        def test_name(rekognition):
            assert embedder(rekognition) == "DescriptorEmbedder"

        @pytest.mark.rekognition(embedder=NETWORK)
        def test_marker(rekognition):
            assert embedder(rekognition) == "ArcfaceEmbedder"

        @pytest.mark.rekognition(embedder="nowhere.onnx")
        def test_missing(rekognition):
            pass
    """
    suite = suite.replace("PICTURE", repr(draw(1).bytes)).replace("NETWORK", repr(str(network)))
    ini = "rekognition_mode = reference\nrekognition_engine = haar\nrekognition_embedder = nets/own.onnx"
    nets = pytester.mkdir("nets")
    (nets / "own.onnx").write_bytes(network.read_bytes())
    result = run(suite, ini=ini)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*there is no file nowhere.onnx: name an ONNX file*"])


def test_the_ini_file_may_not_name_a_network_that_is_not_there(run):
    """A file that is not there ends the run at once, with its path."""
    result = run("def test(): pass", ini="rekognition_embedder = nets/own.onnx")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["ERROR: rekognition: there is no file nets/own.onnx: name an ONNX file *"])


class Own:
    """An embedder that returns what it was given."""

    name, size = "own", 2

    def __init__(self, vector):
        self.vector = vector

    def embed(self, *_):
        """Return the vector."""
        return self.vector

    def similarity(self, cosine):
        """Return a percentage."""
        return cosine * 100


@pytest.mark.parametrize("vector", [(0.6, 0.8), np.array([0.6, 0.8]), np.float32([0.6, 0.8]), [0, 0]])
def test_any_vector_of_an_embedders_size_and_length_1_will_do(vector):
    """Numbers of whatever kind are compared as 32-bit ones; zeros are like nobody."""
    expected = 100 if any(vector) else 0
    assert pytest.approx(expected, abs=0.001) == likeness(embedder=Own(vector))[0]


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        ([3, 4], "2 numbers of length 5"),
        ([float("nan"), 1], "2 numbers of length nan"),
        ([1, 0, 0], "3 numbers of length 1"),
        ([[1, 0]], "1 x 2 numbers of length 1"),
    ],
)
def test_an_embedders_vector_is_looked_at(vector, told):
    """A vector of another size or length, whose similarities would mean nothing, is told with its embedder."""
    with pytest.raises(
        UsageError, match=f"the embedder 'own' has returned {told}: a vector of 2 numbers and length 1"
    ):
        ReferenceBackend("haar", embedder=Own(vector)).reply(Call("CompareFaces", TWICE))


def test_the_pages_own_embedder_works(run):
    """The embedder that docs/engines.md shows works as printed."""
    page = Path(__file__).resolve().parents[1] / "docs" / "engines.md"
    example, *_ = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    run(example, ini="rekognition_engine = haar").assert_outcomes(passed=1)


def test_auto_is_settled_for_each_backend(monkeypatch, tmp_path):
    """A network that the environment brings later is taken by the next backend, not only by a new process."""
    (tmp_path / files.MOBILEFACENET.name).write_bytes(bytes(files.MOBILEFACENET.size))
    first = ReferenceBackend("haar")
    first.load()
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    first.load()
    with pytest.raises(WeightsError, match="is not the file that the arcface embedder"):
        ReferenceBackend("haar").load()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arcfase", "'arcfase' is no embedder .*did you mean 'arcface'"),
        ("nowhere.onnx", r"there is no file nowhere\.onnx"),
        ("nets/own", "there is no file nets/own"),
    ],
)
def test_an_option_that_names_nothing_is_refused(text, told):
    """Neither a name nor a file is told before anything is looked at, in any mode."""
    with pytest.raises(UsageError, match=told):
        Rekognition(embedder=text)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("arcfase",), "did you mean 'arcface'"),
        (("auto", Path("nowhere.onnx")), r"there is no file nowhere\.onnx"),
        (("descriptor", Path("net.onnx")), "reads no file"),
    ],
)
def test_wrong_arguments_are_refused(arguments, told):
    """A misspelt name, a file that is not there and a file for nothing are usage errors."""
    with pytest.raises(UsageError, match=told):
        load_embedder(*arguments)


def test_arcface_without_a_network_is_refused():
    """Asked for by name, the embedder says what it lacks."""
    with pytest.raises(
        WeightsError, match=r"arcface embedder needs mobilefacenet\.onnx.*bring a network of your own"
    ):
        load_embedder("arcface")


def test_a_file_that_is_no_network_is_refused(tmp_path):
    """What OpenCV cannot run as an ArcFace network is a clear error."""
    (tmp_path / "net.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="takes an ONNX network with an input of 1 x 3 x 112 x 112"):
        load_embedder(path=tmp_path / "net.onnx")


def test_a_network_of_another_kind_is_refused(models):
    """A detector is no embedder."""
    with pytest.raises(WeightsError, match="takes an ONNX network"):
        load_embedder(path=models / files.YUNET_DETECTOR.name)


def test_auto_is_the_descriptor_without_a_network():
    """With nothing downloaded, photographs are recognised, and no people."""
    assert embedder_entry().name == "descriptor"


def test_a_known_network_with_another_content_is_refused(tmp_path):
    """A network that is found by its name has to be the one that was pinned."""
    (tmp_path / files.MOBILEFACENET.name).write_bytes(bytes(files.MOBILEFACENET.size))
    with pytest.raises(WeightsError, match="is not the file that the arcface embedder was measured with"):
        load_embedder(folder=tmp_path)


def test_a_face_is_aligned():
    """However a face is turned and scaled, its main landmarks lie at their places in the crop."""
    places = {"eyeLeft": (38.3, 51.7), "eyeRight": (73.5, 51.5), "nose": (56.0, 71.7)}
    places |= {"mouthLeft": (41.5, 92.4), "mouthRight": (70.7, 92.2)}
    cos, sin = 1.4 * math.cos(0.5), 1.4 * math.sin(0.5)
    seen = {name: Point(150 + cos * x - sin * y, 30 + sin * x + cos * y) for name, (x, y) in places.items()}
    image = np.zeros((400, 400, 3), np.uint8)
    for point in seen.values():
        cv2.circle(image, (round(point.x - 0.5), round(point.y - 0.5)), 3, (255, 255, 255), -1)
    landmarks = dict.fromkeys(FACE_TEMPLATE, Point(0, 0))
    landmarks |= {name: Point(point.x / 400, point.y / 400) for name, point in seen.items()}
    face = MeasuredFace(
        box=Box(0, 0, 1, 1),
        confidence=99.0,
        landmarks=landmarks,
        pose=Pose(),
        quality=Quality(50.0, 50.0),
        measured=frozenset(),
    )
    crop = aligned(image, face, ALIGNED_SIDE)
    for x, y in places.values():
        assert crop[int(y), int(x)].min() > 200


def test_a_face_without_a_shape_is_aligned_by_its_box():
    """Landmarks that coincide, or lie as in no face, as a test may state them, leave the square of the box."""
    image = np.zeros((100, 400, 3), np.uint8)
    image[20:60, 120:200] = 255
    box = {"Left": 0.3, "Top": 0.2, "Width": 0.2, "Height": 0.4}
    one_place = dict.fromkeys(MAIN_LANDMARKS, (0.5, 0.5))
    mirrored = {name: (1 - FACE_TEMPLATE[name].x, FACE_TEMPLATE[name].y) for name in MAIN_LANDMARKS}
    for landmarks in (one_place, dict.fromkeys(MAIN_LANDMARKS, (0.1, 0.7)), {"nose": (0.5, 0.5)}, mirrored):
        face = known_face(face_detail(bounding_box=box, landmarks=landmarks))
        assert (112, 112, 3) == aligned(image, face, ALIGNED_SIDE).shape
    crop = aligned(image, known_face(face_detail(bounding_box=box, landmarks=one_place)), ALIGNED_SIDE)
    assert crop[28:84].mean() > 250
    assert crop[[*range(26), *range(86, 112)]].max() == 0
