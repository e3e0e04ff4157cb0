"""Write docs/rules.md from the rules themselves; a test fails when it is stale."""

from pathlib import Path

from pytest_rekognition import catalog
from pytest_rekognition.contract import all_rules

HEAD = """# The rules

Written by `python docs/write_rules.py`. What a schema can say is in `schemas/`; these are the rules that it
cannot. Each rests on a sentence of the documentation, in quotes, or on what recordings of the real service showed.

| rule | severity | rests on | checked in |
|---|---|---|---|
"""


def rendered() -> str:
    """Return the page."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for operation in catalog.operations():
        for rule in all_rules(operation):
            rows.setdefault((rule.name, rule.severity, rule.source), []).append(operation)
    lines = [
        f"| `{name}` | {severity} | {source.replace('|', '/')} | {', '.join(dict.fromkeys(operations))} |"
        for (name, severity, source), operations in sorted(rows.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("rules.md").write_text(rendered(), "utf-8")
