"""The machine that users subclass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis.stateful import precondition, rule

from pytest_rekognition.strategies.stateful.associations import NO_FACE, AssociationRules

if TYPE_CHECKING:
    from collections.abc import Mapping

#: every operation that names a collection, with what else it needs
_ON_A_COLLECTION: Final[Mapping[str, Mapping[str, Any]]] = {
    "AssociateFaces": {"UserId": "nobody", "FaceIds": [NO_FACE]},
    "CreateUser": {"UserId": "nobody"},
    "DeleteCollection": {},
    "DeleteFaces": {"FaceIds": [NO_FACE]},
    "DeleteUser": {"UserId": "nobody"},
    "DescribeCollection": {},
    "DisassociateFaces": {"UserId": "nobody", "FaceIds": [NO_FACE]},
    "ListFaces": {},
    "ListUsers": {},
    "SearchFaces": {"FaceId": NO_FACE},
    "SearchUsers": {"FaceId": NO_FACE},
}


class CollectionsMachine(AssociationRules):
    """A `RuleBasedStateMachine` of collections, faces and users; subclass it and give it a client.

    It creates and deletes collections, indexes images into them, lists, searches and deletes faces, creates users,
    gives them faces and takes them away, searches users, and asks for what is not there. After every step it lists
    everything and compares it with a model. Each single answer is held against its operation's contract too.
    `DivergenceError` tells what differs.

    Of the documentation it holds what is said plainly, and of what is not documented it takes either. Images
    are asked for with QualityFilter NONE.

    Attributes of the class, for subclasses to set:

    - `client`: a boto3 or botocore client, of the harness, of any endpoint, or of the real service. Or override
      `connect()`, which returns the client of one run, and `disconnect()`.
    - `prefix`: what its CollectionIds begin with. They are the prefix with 1, 2 …, are **deleted at the beginning
      and the end of each run**, and no other collection is touched. Two runs at once in one account need two.
    - `max_collections`, `max_faces`: how many collections it has at once (default 2), and from how many faces on a
      collection gets no more (default 24).
    - `tells_persons`: whether whoever answers can tell the persons of the images apart: because it was told
      (`rekognition.know(portrait, portrait.stated)`), or because they are photographs. Then all that
      a search finds, and the matches of AssociateFaces, are checked; otherwise, which is the default, that a face
      finds itself.
    - `saves_duplicates`: what becomes of an image that is indexed again. False holds the documentation's word ('If
      you provide the same image, specify the same collection, and use the same external ID … doesn't save
      duplicate face metadata'), True expects a new FaceId each time, None (default) takes either.
    - `settle`: seconds for which a step may take to show, for the real service is eventually consistent (default
      0); `pause`: seconds between looks (default .5).

    `images()` returns the images, by default drawn ones.
    """

    def __init__(self) -> None:
        super().__init__()
        #: whether operations were tried on a collection that was never made
        self.asked_for_nothing = False

    @precondition(lambda self: not self.asked_for_nothing)
    @rule()
    def ask_for_a_collection_never_made(self) -> None:
        """Every operation on a CollectionId that nobody created, once a run."""
        self.asked_for_nothing = True
        for operation, others in _ON_A_COLLECTION.items():
            self.exists(operation, f"{self.prefix}never-made", **others)
