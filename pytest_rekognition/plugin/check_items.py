"""`--rekognition-check`: each recording of each cassette as a test item that holds it against the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin.run import tally
from pytest_rekognition.plugin.settings import cassette_dir, checked_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_rekognition.cassettes.interaction import Interaction
    from pytest_rekognition.errors import CassetteError


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CassetteFile | None:
    """Collect the cassettes, where they are to be checked."""
    config = parent.config
    if not config.getoption("rekognition_check") or not file_path.is_relative_to(cassette_dir(config)):
        return None
    from pytest_rekognition.cassettes.naming import INTERRUPTED, SUFFIX  # noqa: PLC0415  not at plugin load

    is_cassette = file_path.suffix == SUFFIX and not file_path.name.endswith(INTERRUPTED)
    return CassetteFile.from_parent(parent, path=file_path) if is_cassette else None


class CassetteFile(pytest.File):
    """A cassette: an item for each of its interactions, or one that says why it cannot be read."""

    def collect(self) -> Iterator[pytest.Item]:
        """Read the cassette."""
        from pytest_rekognition.cassettes.storage import read  # noqa: PLC0415  not at plugin load
        from pytest_rekognition.errors import CassetteError  # noqa: PLC0415

        try:
            interactions = read(self.path)
        except CassetteError as error:
            yield UnreadableItem.from_parent(self, name="cassette", error=error)
            return
        for number, interaction in enumerate(interactions):
            name = f"{number}-{interaction.operation}"
            yield InteractionItem.from_parent(self, name=name, interaction=interaction)


class _CheckItem(pytest.Item):
    def reportinfo(self) -> tuple[Path, None, str]:
        """Say where the recording lies."""
        return self.path, None, self.name


class UnreadableItem(_CheckItem):
    """A cassette that cannot be read."""

    def __init__(self, *, error: CassetteError, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._error = error

    def runtest(self) -> None:
        """Fail with the reason."""
        pytest.fail(str(self._error), pytrace=False)


class InteractionItem(_CheckItem):
    """One recorded call and its answer."""

    def __init__(self, *, interaction: Interaction, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._interaction = interaction

    def runtest(self) -> None:
        """Fail for what breaks the contract, and count what the contract does not know."""
        from pytest_rekognition.checking import check_interaction  # noqa: PLC0415  not at plugin load
        from pytest_rekognition.report.messages import broken_exchange  # noqa: PLC0415

        fatal = {"breach", "drift"} if checked_settings(self.config).strict else {"breach"}
        found = check_interaction(self._interaction)
        broken = [violation for violation in found if violation.severity in fatal]
        drifts = [violation for violation in found if violation.severity == "drift"]
        tally(self.config).check(drifts)
        if broken:
            pytest.fail(broken_exchange(self._interaction.operation, "cassette", broken), pytrace=False)
