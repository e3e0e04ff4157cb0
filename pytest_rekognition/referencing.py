"""From options to a reference backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.engines import embedder_choice, engine_entry, missing_weights
from pytest_rekognition.backends.reference.weights import places
from pytest_rekognition.errors import UsageError
from pytest_rekognition.surroundings import Surroundings

if TYPE_CHECKING:
    from pytest_rekognition.options import Options


def check_reference(settings: Options) -> None:
    """Refuse here what no reference backend can work with, and not at the first image: `UsageError`.

    Weights that an engine or embedder needs may be missing where the reference answers nothing, as in replay.
    """
    check_names(settings)
    if settings.uses_reference and (lacking := lacking_weights(settings)) is not None:
        raise UsageError(lacking)


def check_names(settings: Options) -> None:
    """Refuse names, files and folders that the reference does not know, or that are not there: `UsageError`."""
    engine_entry(settings.engine, settings.models)
    if isinstance(settings.embedder, str):
        embedder_choice(settings.embedder, settings.models)
    places(settings.models)
    Surroundings(session=settings.session, s3_root=settings.s3_root)


def lacking_weights(settings: Options) -> str | None:
    """Say which weights the engine or the embedder that is asked for lacks, and how to bring them, or None."""
    return missing_weights(settings.engine, str(settings.embedder), settings.models)


def reference_backend(settings: Options, *, aws: bool = False) -> ReferenceBackend:
    """Return a new reference backend, whose S3 and SNS are AWS's own only where `aws` says so."""
    return ReferenceBackend(
        settings.engine,
        embedder=settings.embedder,
        models=settings.models,
        neighbours=Surroundings(session=settings.session, s3_root=settings.s3_root, aws=aws),
    )
