"""The pytest plugin: what pytest finds here are its hooks and fixtures, each from its own module.

Nothing heavy is imported here: botocore, jsonschema and OpenCV come in with the first test that needs them.
"""

from __future__ import annotations

from pytest_rekognition import seam
from pytest_rekognition.plugin.check_items import pytest_collect_file
from pytest_rekognition.plugin.fixtures import (
    face_image,
    face_video,
    rekognition,
    rekognition_cassette_dir,
    rekognition_cassette_name,
    rekognition_client,
    rekognition_config,
    rekognition_endpoint,
)
from pytest_rekognition.plugin.items import (
    pytest_collection_finish,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)
from pytest_rekognition.plugin.run import (
    pytest_collection_modifyitems,
    pytest_deselected,
    pytest_make_collect_report,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from pytest_rekognition.plugin.settings import (
    pytest_addhooks,
    pytest_addoption,
    pytest_configure,
    pytest_report_header,
)
from pytest_rekognition.plugin.wide import pytest_fixture_setup

__all__ = [
    "face_image",
    "face_video",
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_deselected",
    "pytest_fixture_setup",
    "pytest_make_collect_report",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "rekognition",
    "rekognition_cassette_dir",
    "rekognition_cassette_name",
    "rekognition_client",
    "rekognition_config",
    "rekognition_endpoint",
]

seam.install()
