import collecting
import pytest

pytestmark = pytest.mark.usefixtures("no_aws")

ARN = "arn:aws:rekognition:eu-west-1:123456789012:collection/staff"
UNKNOWN = ("ResourceNotFoundException", f"The resource: {ARN} does not exist", 400)


@pytest.fixture
def scene():
    """Return a scene without collections."""
    with collecting.scene() as opened:
        yield opened


def tags_of(scene):
    return scene.client.list_tags_for_resource(ResourceArn=ARN)["Tags"]


def many(count, prefix="key"):
    return {f"{prefix}-{number}": "" for number in range(count)}


def test_a_collection_is_tagged_when_it_is_made(scene):
    """CreateCollection's Tags are those of the ARN that DescribeCollection tells."""
    scene.client.create_collection(CollectionId="staff", Tags={"team": "doors"})
    assert ARN == scene.client.describe_collection(CollectionId="staff")["CollectionARN"]
    assert {"team": "doors"} == tags_of(scene)


def test_tags_are_added_changed_and_removed(scene):
    """A key that is there gets the new value; one to remove that is not there is passed over."""
    scene.client.create_collection(CollectionId="staff")
    assert {} == tags_of(scene)
    scene.client.tag_resource(ResourceArn=ARN, Tags={"team": "doors", "stage": "test"})
    scene.client.tag_resource(ResourceArn=ARN, Tags={"team": "gates"})
    assert {"team": "gates", "stage": "test"} == tags_of(scene)
    scene.client.untag_resource(ResourceArn=ARN, TagKeys=["stage", "nothing"])
    assert {"team": "gates"} == tags_of(scene)


def test_an_unknown_resource_has_no_tags(scene):
    """Before it is made, and after it is deleted; nor is the ARN of CreateCollection, without `arn:`, one."""
    for _ in range(2):
        assert UNKNOWN == scene.refusal("list_tags_for_resource", ResourceArn=ARN)
        assert UNKNOWN == scene.refusal("tag_resource", ResourceArn=ARN, Tags={"a": "b"})
        assert UNKNOWN == scene.refusal("untag_resource", ResourceArn=ARN, TagKeys=["a"])
        made = scene.client.create_collection(CollectionId="staff", Tags={"a": "b"})["CollectionArn"]
        code, *_ = scene.refusal("list_tags_for_resource", ResourceArn=made)
        assert "ResourceNotFoundException" == code
        scene.client.delete_collection(CollectionId="staff")


def test_a_resource_has_at_most_50_tags(scene):
    """The 51st is over the quota, and a refused call leaves everything as it was."""
    over = ("ServiceQuotaExceededException", "A resource can have 50 tags, and would have 51.", 400)
    assert over == scene.refusal("create_collection", CollectionId="staff", Tags=many(51))
    assert [] == scene.client.list_collections()["CollectionIds"]
    scene.client.create_collection(CollectionId="staff", Tags=many(50))
    assert over == scene.refusal("tag_resource", ResourceArn=ARN, Tags={"one": "more"})
    scene.client.tag_resource(ResourceArn=ARN, Tags={"key-0": "another value"})
    assert many(50) | {"key-0": "another value"} == tags_of(scene)
