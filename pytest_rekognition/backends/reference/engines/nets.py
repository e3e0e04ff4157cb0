"""Neural networks, run by OpenCV on the CPU."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_rekognition.backends.reference.engines.base import Floats, Pixels

#: levels of an 8-bit channel above 0
_LEVELS: Final = 255.0


class Net:
    """A network that was read from a file's content; threads wait for each other, for OpenCV's nets need it.

    OpenCV gives the same numbers on every run, thread and process of one machine.
    """

    def __init__(self, read: Callable[[Any], cv2.dnn.Net], content: bytes) -> None:
        self._net = read(np.frombuffer(content, np.uint8))
        self._names = list(self._net.getUnconnectedOutLayersNames())
        self._lock = threading.Lock()

    @classmethod
    def tflite(cls, content: bytes) -> Net:
        """Read a TensorFlow Lite file's content."""
        return cls(cv2.dnn.readNetFromTFLite, content)

    @classmethod
    def onnx(cls, content: bytes) -> Net:
        """Read an ONNX file's content."""
        return cls(cv2.dnn.readNetFromONNX, content)

    def run(self, values: Floats) -> dict[str, Floats]:
        """Return the outputs for one input, by their names, each as a flat vector."""
        with self._lock:
            self._net.setInput(values)
            results = self._net.forward(self._names)
            return {
                name: np.array(result, np.float32).ravel()
                for name, result in zip(self._names, results, strict=True)
            }


def blob(pixels: Pixels, low: float = 0.0, high: float = 1.0) -> Floats:
    """Return an image as red, green and blue planes of a network's input, with 0..255 spread over `low..high`."""
    middle = -low * _LEVELS / (high - low)
    planes = cv2.dnn.blobFromImage(pixels, (high - low) / _LEVELS, mean=(middle,) * 3, swapRB=True)
    return np.asarray(planes, np.float32)


def logistic(value: float) -> float:
    """Return 0..1, .5 at 0."""
    return float(1.0 / (1.0 + np.exp(-np.clip(value, -60.0, 60.0))))
