"""Collections: faces that are stored, the users that they belong to, and the searches among them.

`store` holds them, `vectors` finds the nearest, `matching` turns what was found into the wire's matches. The other
modules answer the operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.collections import (
    associations,
    faces,
    indexing,
    manage,
    searches,
    users,
)

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.region import Handler

HANDLERS: Final[dict[str, Handler]] = {
    **manage.HANDLERS,
    **indexing.HANDLERS,
    **faces.HANDLERS,
    **searches.HANDLERS,
    **users.HANDLERS,
    **associations.HANDLERS,
}
