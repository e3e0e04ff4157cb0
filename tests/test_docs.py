import re
import runpy
from pathlib import Path

import pytest

from pytest_rekognition import draw, draw_video

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_page_of_rules_is_fresh():
    """docs/rules.md is what the rules themselves say; `python docs/write_rules.py` mends it."""
    rendered = runpy.run_path(str(ROOT / "docs" / "write_rules.py"))["rendered"]()
    assert rendered == (ROOT / "docs" / "rules.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """A relative link of a page names a file that is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def examples(page):
    """Return a page's Python blocks."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


#: the application that the README is about, as anybody would write it
ALBUM = """
    import boto3

    client = boto3.client("rekognition")

    def count_people(photo):
        return len(client.detect_faces(Image={"Bytes": photo}, Attributes=["ALL"])["FaceDetails"])

    def open_register():
        client.create_collection(CollectionId="staff")

    def enrol(name, photo):
        found = client.index_faces(CollectionId="staff", ExternalImageId=name, Image={"Bytes": photo})
        return len(found["FaceRecords"])

    def who_is(photo):
        found = client.search_faces_by_image(CollectionId="staff", Image={"Bytes": photo})["FaceMatches"]
        return found[0]["Face"]["ExternalImageId"] if found else None
"""


@pytest.mark.usefixtures("no_aws")
def test_the_readmes_first_example_holds(run):
    """The README's tests pass as printed, given an application that calls nothing but what each is about."""
    run(examples("README.md")[0], files={"my_app": ALBUM}).assert_outcomes(passed=5)


@pytest.mark.usefixtures("no_aws")
def test_the_readmes_second_example_holds():
    """The README's harness outside pytest runs as printed."""
    names = {}
    exec(examples("README.md")[1], names)  # noqa: S102  our own page
    assert 2 == len(names["faces"])


#: an application that watches cameras
WATCHER = """
    import boto3

    client = boto3.client("rekognition")

    def watch(name):
        client.create_stream_processor(
            Name=name,
            Input={"KinesisVideoStream": {"Arn": "arn:aws:kinesisvideo:us-east-1:123456789012:stream/door/1"}},
            Output={"KinesisDataStream": {"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/faces"}},
            Settings={"FaceSearch": {"CollectionId": "staff"}},
            RoleArn="arn:aws:iam::123456789012:role/reader",
        )
        client.start_stream_processor(Name=name)
        return client.describe_stream_processor(Name=name)["Status"]

    def state(name):
        return client.describe_stream_processor(Name=name)["StatusMessage"]
"""
#: an application that looks at videos
CINEMA = """
    import boto3

    client = boto3.client("rekognition")

    def upload(name):
        return client.start_face_detection(Video={"S3Object": {"Bucket": "videos", "Name": name}})["JobId"]

    def state(ticket):
        status = client.get_face_detection(JobId=ticket)["JobStatus"]
        return {"IN_PROGRESS": "working", "SUCCEEDED": "done"}[status]
"""


@pytest.mark.usefixtures("no_aws")
def test_the_examples_of_people_hold(run):
    """The tests of docs/people.md pass as printed, given an application that watches cameras."""
    source = "\n".join(["import pytest", "import my_app", *examples("docs/people.md")])
    run(source, files={"my_app": WATCHER}).assert_outcomes(passed=3)


@pytest.mark.usefixtures("no_aws")
def test_the_example_of_waiting_holds(run, pytester):
    """The test of docs/videos.md that waits for a job passes as printed, given an application that polls."""
    (waiting,) = [text for text in examples("docs/videos.md") if "test_the_app_waits" in text]
    folder = pytester.mkdir("objects") / "videos"
    folder.mkdir()
    (folder / "visit.mp4").write_bytes(draw_video(1).bytes)
    result = run(
        f"import pytest\nimport my_app\n{waiting}",
        ini="rekognition_s3_root = objects\nrekognition_engine = haar",
        files={"my_app": CINEMA},
    )
    result.assert_outcomes(passed=1)


@pytest.mark.usefixtures("no_aws")
def test_the_endpoint_of_a_session_reads_objects(run, pytester):
    """The fixture of docs/serve.md serves as printed, and images in S3 are files of its folder."""
    (fixture,) = [text for text in examples("docs/serve.md") if 's3_root="objects"' in text]
    folder = pytester.mkdir("objects") / "photos"
    folder.mkdir()
    (folder / "group.jpg").write_bytes(draw(2).bytes)
    test = """

def test_group(service):
    image = {"S3Object": {"Bucket": "photos", "Name": "group.jpg"}}
    assert len(service.client().detect_faces(Image=image)["FaceDetails"]) == 2
"""
    run(fixture + test).assert_outcomes(passed=1)
