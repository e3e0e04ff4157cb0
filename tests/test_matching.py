from unittest.mock import ANY

from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition.matching import mismatches

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_everything_matches_itself(value):
    """A value matches itself, however deep."""
    assert [] == list(mismatches(value, value))


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), st.data())
def test_part_of_a_structure_matches_the_whole(members, data):
    """Members that are not named do not matter."""
    names = data.draw(st.sets(st.sampled_from(sorted(members)))) if members else set()
    assert [] == list(mismatches({name: members[name] for name in names}, members))


@given(st.lists(st.text(max_size=4), max_size=5), st.randoms(use_true_random=False))
def test_lists_match_in_any_order(items, random):
    """A list matches its permutations."""
    shuffled = random.sample(items, len(items))
    assert [] == list(mismatches(items, shuffled))


@given(st.lists(st.text(max_size=4), max_size=5), st.text(max_size=4))
def test_a_list_with_one_item_more_does_not_match(items, extra):
    """Lists are compared whole."""
    assert ["$"] == [mismatch.path for mismatch in mismatches(items, [*items, extra])]


def test_the_path_of_each_difference_is_told():
    """Every member that differs is named, missing ones too."""
    expected = {"Image": {"S3Object": {"Bucket": "a", "Name": "b"}}, "MaxFaces": 1, "Attributes": ANY}
    actual = {"Image": {"S3Object": {"Bucket": "x"}}, "MaxFaces": 1}

    found = {mismatch.path: mismatch.missing for mismatch in mismatches(expected, actual)}

    assert {"$.Image.S3Object.Bucket": False, "$.Image.S3Object.Name": True, "$.Attributes": True} == found


def test_an_image_is_compared_by_its_bytes():
    """A bytearray, and whatever gives bytes, stands for an image."""

    class Drawn:
        def __bytes__(self):
            return b"pixels"

    assert [] == list(mismatches(Drawn(), b"pixels"))
    assert [] == list(mismatches(bytearray(b"pixels"), b"pixels"))
    assert ["$"] == [mismatch.path for mismatch in mismatches(Drawn(), b"other")]


def test_items_that_could_match_several_are_matched_as_a_whole():
    """An item that fits anything leaves to a choosier one the item that only it fits."""
    assert [] == list(mismatches([ANY, "ALL"], ["ALL", "DEFAULT"]))
    assert ["$"] == [mismatch.path for mismatch in mismatches([ANY, "ALL", "ALL"], ["ALL", "DEFAULT", "X"])]
