"""The photographs of the tests."""

import cv2
import pytest
import skimage


@pytest.fixture
def astronaut():
    """Return scikit-image's photograph of astronaut Eileen Collins (NASA, public domain), as a JPEG."""
    pixels = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    encoded, jpeg = cv2.imencode(".jpg", pixels)
    assert encoded
    return jpeg.tobytes()
