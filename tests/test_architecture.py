import ast
import re
from pathlib import Path

import pytest

import pytest_rekognition

PACKAGE = Path(pytest_rekognition.__file__).parent
NAME = "pytest_rekognition"

#: An arrow points from a layer to a lower one, or stays inside one package. Modules by their first name.
LAYERS = [
    {"attributes", "environment", "folders", "geometry", "images", "matching", "members", "onimport"},
    {"showing"},
    {"exchange", "wire_request"},
    {"errors"},
    {"options"},
    {"catalog", "drawing", "derivation", "sentences"},
    {"contract", "backends", "cassettes"},
    {"builders", "checking", "criteria", "wire", "report"},
    {
        "answers",
        "attach",
        "clients",
        "documents",
        "recording",
        "records",
        "stating",
        "strategies",
        "surroundings",
    },
    {"referencing", "seam", "serve"},
    {"harness"},
    {"plugin", "cli", "__init__"},
    {"__main__"},
]

#: Third-party packages, and the only places that may import them.
HOMES = {
    "pytest": {"plugin"},
    "botocore": {"wire", "attach", "clients", "environment", "derivation", "surroundings"},
    "boto3": {"clients"},
    "jsonschema": {"contract"},
    "jsonschema_rs": {"contract"},
    "regex": {"contract", "backends.reference.validation"},
    "hypothesis": {"strategies"},
    "typer": {"cli"},
    "rich": {"cli"},
    "waitress": {"serve"},
    "vcr": {"cassettes"},
    "yaml": {"cassettes"},
    "filelock": {"cassettes", "backends.reference.engines.downloads"},
    "requests": {"backends.reference.engines.downloads"},
    "platformdirs": {"backends.reference.weights"},
    "cv2": {"backends.reference.engines", "backends.reference.videos", "drawing"},
    "numpy": {"backends.reference", "drawing"},
    "mypy_boto3_rekognition": {"clients", "harness", "plugin", "serve"},
    "_pytest": set(),
    "aiobotocore": set(),
    "moto": set(),
}

#: Packages that no module imports at its top level, outside TYPE_CHECKING.
NEVER_AT_TOP = {"boto3", "aiobotocore", "mypy_boto3_rekognition"}

MOST_LINES = 400


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def dotted(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports(path):
    """Every import of a module, lazy and TYPE_CHECKING ones included, and whether it runs at import time."""
    tree = ast.parse(path.read_text("utf-8"))
    at_top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in at_top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else node.module, id(node) in at_top


def is_module(name):
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def internal_edges():
    names = {dotted(path): path for path in modules()}
    for name, path in names.items():
        for imported, _ in imports(path):
            target = imported.removeprefix(f"{NAME}.")
            if imported.startswith(f"{NAME}.") and target in names and target != name:
                yield name, target


def layer_of(name):
    head = name.split(".")[0]
    found = [number for number, layer in enumerate(LAYERS) if head in layer]
    assert found, f"{head} is in no layer: give it one"
    return found[0]


def test_every_module_is_in_a_layer():
    """A new module has to be given its place."""
    assert all(layer_of(dotted(path)) >= 0 for path in modules())


def test_arrows_point_down():
    """A module imports lower layers, or its own package, and nothing else."""
    wrong = [
        f"{source} -> {target}"
        for source, target in internal_edges()
        if source.split(".")[0] != target.split(".")[0] and layer_of(target) >= layer_of(source)
    ]
    assert wrong == []


def test_there_is_no_import_cycle():
    """No module reaches itself, not even through lazy or TYPE_CHECKING imports."""
    graph = {}
    for source, target in internal_edges():
        graph.setdefault(source, set()).add(target)
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            path.append(name)
            for target in sorted(graph.get(name, ())):
                visit(target)
            path.pop()
            done.add(name)

    for name in sorted(graph):
        visit(name)


@pytest.mark.parametrize("package", sorted(HOMES))
def test_a_third_party_package_has_one_home(package):
    """A third-party package is imported only where it belongs."""
    strangers = [
        dotted(path)
        for path in modules()
        for imported, _ in imports(path)
        if imported.split(".")[0] == package
        and not any(dotted(path) == home or dotted(path).startswith(f"{home}.") for home in HOMES[package])
    ]
    assert strangers == []


def test_optional_packages_are_imported_lazily():
    """What the base install does not bring is imported where it is used."""
    eager = [
        (dotted(path), imported)
        for path in modules()
        for imported, at_top in imports(path)
        if at_top and imported.split(".")[0] in NEVER_AT_TOP
    ]
    assert eager == []


def test_modules_stay_short():
    """A module that grows past 400 lines wants to be two."""
    long = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines >= MOST_LINES} == {}


def test_the_document_draws_the_same_layers():
    """ARCHITECTURE.md lists each layer's modules as they are enforced here."""
    page = Path(__file__).resolve().parents[1] / "ARCHITECTURE.md"
    rows = re.findall(r"^\| \d+ \| (.*?) \|", page.read_text("utf-8"), re.MULTILINE)
    drawn = [set(re.findall(r"`(\w+)/?`", row)) for row in reversed(rows)]
    assert LAYERS == drawn
