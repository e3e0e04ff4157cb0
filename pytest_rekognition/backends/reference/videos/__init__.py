"""Stored videos: jobs that look at a video's faces, and what they found.

`reading` opens videos, `headers` and `movie` read what OpenCV does not tell of them, `tracking` follows persons,
`analysis` is what each kind of job looks for, `jobs` how long it takes and who is told, `handlers` the operations.
OpenCV is imported when the first video comes.
"""

from __future__ import annotations

from pytest_rekognition.backends.reference.videos.handlers import HANDLERS
from pytest_rekognition.backends.reference.videos.jobs import Jobs

__all__ = ["HANDLERS", "Jobs"]
