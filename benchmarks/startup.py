"""What the plugin adds to the start of a pytest run that does not use it.

Runs pytest over one empty test with and without the plugin, in turn, and prints the medians and the median of the
differences pair by pair, with compiled modules in place as on any machine that has run pytest once. Aim: at most
10 ms.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 30
COMMAND = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
OTHERS = ["-p", "no:hypothesispytest", "-p", "no:benchmark", "-p", "no:xdist", "-p", "no:cov"]


def seconds(folder, *options):
    """Return the wall time of one run, in seconds."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    start = time.perf_counter()
    command = [*COMMAND, *OTHERS, *options]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing(): pass\n", "utf-8")
        pairs = [(seconds(folder), seconds(folder, "-p", "no:rekognition")) for _ in range(RUNS + 2)][2:]
    with_plugin, without = (statistics.median(column) for column in zip(*pairs, strict=True))
    difference = statistics.median(left - right for left, right in pairs)
    print(
        f"pytest start-up over {RUNS} pairs: {with_plugin * 1000:.0f} ms with the plugin, {without * 1000:.0f} ms"
        f" without; median difference {difference * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
