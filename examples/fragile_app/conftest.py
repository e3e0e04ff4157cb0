"""Which of the two applications is tested: `PHOTO_APP=mended_app pytest` tests the one without weaknesses."""

import importlib
import os

import pytest


@pytest.fixture
def app():
    """Return the application."""
    return importlib.import_module(os.environ.get("PHOTO_APP", "fragile_app"))
