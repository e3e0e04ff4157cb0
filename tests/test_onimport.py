import sys

import pytest

from pytest_rekognition.onimport import when_imported


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return the name of a module that can be imported, and has not been."""
    (tmp_path / "imported_late.py").write_text("VALUE = 1\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "imported_late"
    sys.modules.pop("imported_late", None)


def test_the_callback_waits_for_the_import(module):
    """Nothing happens until the module is imported; then the callback gets it, whole."""
    seen = []
    when_imported(module, lambda imported: seen.append(imported.VALUE))
    assert seen == []

    __import__(module)

    assert [1] == seen


def test_the_module_keeps_its_own_loader(module):
    """Inspection, reloading and tracebacks see the module's real loader."""
    when_imported(module, lambda _: None)

    imported = __import__(module)

    assert "SourceFileLoader" == type(imported.__loader__).__name__
    assert "SourceFileLoader" == type(imported.__spec__.loader).__name__


def test_an_imported_module_is_told_at_once(module):
    """For a module that is there already the callback runs immediately."""
    __import__(module)
    seen = []

    when_imported(module, seen.append)

    assert [sys.modules[module]] == seen


def test_a_module_that_does_not_exist_stays_an_import_error():
    """Waiting for a module that is not installed changes nothing about importing it."""
    when_imported("no_such_module_anywhere", lambda _: None)

    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        __import__("no_such_module_anywhere")
