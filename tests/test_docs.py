import re
import runpy
from pathlib import Path

import pytest

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


@pytest.mark.usefixtures("no_aws")
def test_the_readmes_first_example_holds(run):
    """The README's example of stubs works as printed, given an application to call."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    application = """
        import boto3
        from pathlib import Path

        client = boto3.client("rekognition")

        def count_people(image):
            image = image if isinstance(image, bytes) else b"group"
            faces = client.detect_faces(Image={"Bytes": image}, Attributes=["ALL"])["FaceDetails"]
            if image == b"group":
                client.index_faces(CollectionId="staff", Image={"Bytes": image})
                client.search_faces(CollectionId="staff", FaceId="11111111-2222-4333-8444-555555555555")
            return len(faces)

        def enrol(name, image):
            client.create_collection(CollectionId="staff")
            client.index_faces(CollectionId="staff", ExternalImageId=name, Image={"Bytes": image})

        def who_is(image):
            found = client.search_faces_by_image(CollectionId="staff", Image={"Bytes": image})
            return found["FaceMatches"][0]["Face"]["ExternalImageId"]
    """
    result = run(blocks[0], files={"my_app": application})
    result.assert_outcomes(passed=3)
