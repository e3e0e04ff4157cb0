import hashlib
import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rekognition.cassettes.sidecar import ImageFinder, keep, kept
from pytest_rekognition.drawing import draw
from pytest_rekognition.errors import CassetteError
from pytest_rekognition.images import PNG_SIGNATURE


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def png():
    pytest.importorskip("cv2")
    return bytes(draw())


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a file of the project."""

    def write(name, data=b"pixels"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    (tmp_path / "project").mkdir()
    write.root = tmp_path / "project"
    return write


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_what_was_kept_is_read_back(tmp_path, data):
    """Any bytes come back under their sha256, and lie in a file of that name."""
    path = keep(tmp_path / "images", data)
    assert f"{digest(data)}.bin" == path.name
    assert data == kept(tmp_path / "images", digest(data))


def test_an_images_file_has_its_formats_name(tmp_path, png):
    """A PNG is kept as one, so that a reviewer can open it."""
    path = keep(tmp_path, png)
    assert (f"{digest(png)}.png" if png.startswith(PNG_SIGNATURE) else f"{digest(png)}.jpg") == path.name
    assert png == kept(tmp_path, digest(png))


def test_an_image_is_kept_once(tmp_path):
    """The same image again changes nothing; one that was cut off is written anew."""
    path = keep(tmp_path, b"pixels")
    before = path.stat().st_ino
    assert path == keep(tmp_path, b"pixels")
    assert before == path.stat().st_ino
    path.write_bytes(b"pix")
    keep(tmp_path, b"pixels")
    assert (b"pixels", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


def test_threads_may_keep_the_same_image(tmp_path):
    """Whoever comes first, one whole file lies there in the end."""
    threads = [threading.Thread(target=keep, args=(tmp_path, b"pixels" * 10_000)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [digest(b"pixels" * 10_000) + ".bin"] == [path.name for path in tmp_path.iterdir()]


def test_a_kept_image_that_changed_is_refused(tmp_path):
    """An image that is not what its name says is an error that names the file, and never an answer."""
    path = keep(tmp_path, b"pixels")
    path.write_bytes(b"pixelz")
    with pytest.raises(CassetteError, match=path.name):
        kept(tmp_path, digest(b"pixels"))


@pytest.mark.parametrize("name", ["", "0" * 64, "../secret", "None", "0" * 63 + "\n"])
def test_what_was_not_kept_is_not_there(tmp_path, name):
    """An unknown digest, and what is none, gives None; no other file is ever read."""
    (tmp_path / "secret.bin").write_bytes(b"secret")
    assert kept(tmp_path / "images", name) is None


@pytest.mark.parametrize("name", ["a.jpg", "tests/photos/b.PNG", "tests/c.JpEg", "name with space.jpg"])
def test_an_image_of_the_project_is_found(project, name):
    """The path of a file with the same bytes is given relative to the project."""
    project(name)
    assert name == ImageFinder(project.root).path_of(b"pixels")
    assert ImageFinder(project.root).path_of(b"pixelz") is None


def test_the_first_of_equal_files_is_named(project):
    """Of several files with the same bytes the first by path is given, whatever the file system's order."""
    for name in ("b/a.jpg", "c.jpg", "a/z.jpg", "a/b/c.png"):
        project(name)
    assert "a/b/c.png" == ImageFinder(project.root).path_of(b"pixels")


@pytest.mark.parametrize(
    "name",
    [
        "a.gif",
        ".hidden.jpg",
        ".git/a.jpg",
        "cassettes/.recording/a.jpg",
        "node_modules/pack/a.jpg",
        "env/lib/a.jpg",
        f"cassettes/images/{digest(b'pixels')}.jpg",
    ],
)
def test_files_that_are_not_the_projects_own_are_not_named(project, name):
    """Hidden folders, packages, virtual environments and kept images are left out."""
    project("env/pyvenv.cfg", b"")
    project(name)
    assert ImageFinder(project.root).path_of(b"pixels") is None


def test_links_out_of_the_project_are_not_followed(project, tmp_path):
    """A link counts if it leads to a file of the project; broken ones, and links to folders, do not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(b"outside")
    (project.root / "folder").symlink_to(outside)
    (project.root / "file.jpg").symlink_to(outside / "a.jpg")
    (project.root / "loop.jpg").symlink_to("loop.jpg")
    (project.root / "broken.jpg").symlink_to("nowhere.jpg")
    finder = ImageFinder(project.root)
    assert finder.path_of(b"outside") is None
    target = project("z.jpg")
    (project.root / "inside.jpg").symlink_to(target)
    assert "inside.jpg" == ImageFinder(project.root).path_of(b"pixels")


def test_odd_files_do_not_stop_the_search(project):
    """A pipe, a folder named like an image, a name that is no text, and a file gone meanwhile are passed over."""
    os.mkfifo(project.root / "pipe.jpg")
    (project.root / "folder.jpg").mkdir()
    (project.root / os.fsdecode(b"\xff.jpg")).write_bytes(b"pixels")
    gone = project("gone.jpg")
    finder = ImageFinder(project.root)
    assert finder.path_of(b"") is None
    gone.unlink()
    assert finder.path_of(b"pixels") is None
    assert ImageFinder(project.root / "nowhere").path_of(b"pixels") is None


def test_the_project_is_walked_once(project):
    """What is written after the first question is not looked for: a test's own files are not the project's."""
    finder = ImageFinder(project.root)
    assert finder.path_of(b"pixels") is None
    project("late.jpg")
    assert finder.path_of(b"pixels") is None


def test_threads_may_ask_at_once(project):
    """Every thread gets the same answer."""
    project("a.jpg")
    finder, found = ImageFinder(project.root), []
    threads = [threading.Thread(target=lambda: found.append(finder.path_of(b"pixels"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["a.jpg"] * 16 == found
