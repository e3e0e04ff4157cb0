"""From options to a reference backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.engines import engine_entry
from pytest_rekognition.backends.reference.weights import places
from pytest_rekognition.surroundings import Surroundings

if TYPE_CHECKING:
    from pytest_rekognition.options import Options


def check_reference(settings: Options) -> None:
    """Refuse here what no reference backend can be made of, and not at the first image: `UsageError`."""
    engine_entry(settings.engine, settings.models)
    places(settings.models)
    Surroundings(session=settings.session, s3_root=settings.s3_root)


def reference_backend(settings: Options, *, aws: bool = False) -> ReferenceBackend:
    """Return a new reference backend, whose S3 and SNS are AWS's own only where `aws` says so."""
    return ReferenceBackend(
        settings.engine,
        embedder=settings.embedder,
        models=settings.models,
        neighbours=Surroundings(session=settings.session, s3_root=settings.s3_root, aws=aws),
    )
