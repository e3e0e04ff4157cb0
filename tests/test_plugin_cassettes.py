"""The plugin's cassettes, through suites that run in processes of their own, with a real endpoint on loopback."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from pytest_rekognition import Violation
from pytest_rekognition.cassettes.settings import Usage
from pytest_rekognition.cassettes.storage import read
from pytest_rekognition.report.summary import Tally, shortened, unused_lines

pytestmark = pytest.mark.usefixtures("no_aws")

#: Where nobody listens.
GONE = "http://127.0.0.1:9"
APP = """
    import boto3

    client = boto3.client("rekognition", region_name="eu-west-1")

    def count(image=b"x"):
        return len(client.detect_faces(Image={"Bytes": image})["FaceDetails"])

    def describe(name):
        return client.describe_collection(CollectionId=name)["FaceCount"]
"""
RECORD = "--rekognition-mode=record"
VERDICT = ".pytest_cache/v/rekognition/unused"


@pytest.fixture
def suite(pytester, endpoint, monkeypatch):
    """Run a suite beside a small application that calls the endpoint, or nobody."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)

    def suite(*args, offline=False, ini="", **files):
        monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", GONE if offline else endpoint.url)
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(app=APP, **files)
        return pytester.runpytest_subprocess(*args)

    return suite


@pytest.fixture
def cassettes(pytester):
    """Return what each cassette holds: by its path, the operations or collections that were called."""

    def cassettes(folder="cassettes"):
        root = pytester.path / folder
        files = [path for path in root.rglob("*.yaml") if ".recording" not in path.parts]
        return {path.relative_to(root).as_posix(): [told(one) for one in read(path)] for path in files}

    def told(interaction):
        return interaction.request.get("CollectionId", interaction.operation)

    return cassettes


def test_what_was_recorded_is_replayed(suite, cassettes, endpoint):
    """Each test has its own cassette, a marker names a shared one, and the endpoint can go away afterwards."""
    tests = """
        import app, pytest

        def test_plain(rekognition):
            assert app.count() == 1

        class TestX:
            @pytest.mark.parametrize("name", ["one", "Two"])
            def test_y(self, rekognition, name):
                app.describe(name)

        @pytest.mark.rekognition("shared/staff")
        class TestShared:
            def test_a(self):
                app.describe("a")

            def test_b(self):
                app.describe("b")
                app.describe("a")
    """
    result = suite("--rekognition-mode=new_episodes", test_suite=tests)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["rekognition: 6 calls * 5 recorded*"])
    found = cassettes()
    (capital,) = (path for path in found if path.startswith("test_suite/TestX.test_y[Two]-"))
    expected = {
        "test_suite/test_plain.yaml": ["DetectFaces"],
        "test_suite/TestX.test_y[one].yaml": ["one"],
        capital: ["Two"],
        "shared/staff.yaml": ["a", "b"],
    }
    assert expected == found
    assert 5 == len(endpoint.calls)
    result = suite("--rekognition-mode=none", offline=True)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["rekognition: 6 calls · 6 cassette"])
    result.stdout.no_fnmatch_line("*prune*")


def test_a_failed_test_records_and_does_not_rerecord(suite, pytester, monkeypatch):
    """What a failed test recorded was paid for, and is kept; its rerecording leaves the old cassette alone."""
    tests = """
        import app, os

        def test_one(rekognition):
            app.count()
            assert os.environ["GOES"] == "well"
    """
    cassette = pytester.path / "cassettes/test_suite/test_one.yaml"
    monkeypatch.setenv("GOES", "wrong")
    suite(RECORD, test_suite=tests).assert_outcomes(failed=1)
    first = cassette.read_bytes()
    suite("--rekognition-mode=all").assert_outcomes(failed=1)
    assert first == cassette.read_bytes()
    monkeypatch.setenv("GOES", "well")
    suite("--rekognition-mode=rerecord").assert_outcomes(passed=1)
    assert first != cassette.read_bytes()
    assert 1 == len(read(cassette))


def test_a_miss_names_the_command_that_records_it(suite):
    """A call that was not recorded fails with the command, which names the test as the shell takes it."""
    result = suite(
        test_suite="""
        import app, pytest

        @pytest.mark.parametrize("name", ["a b"])
        def test_one(rekognition, name):
            app.count()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*pytest "test_suite.py::test_one[[]a b[]]" --rekognition-mode=record*'])


WIDE = """
    import app, pytest
    from pytest_rekognition import Rekognition

    def setup_module():
        app.describe("module")

    def teardown_module():
        app.describe("module-end")

    @pytest.fixture(scope="module")
    def staff():
        app.describe("staff")
        yield lambda: app.describe("from-a-test")
        app.describe("staff-end")

    @pytest.fixture(scope="class", params=["eu", "us"])
    def region(request):
        return app.describe(request.param)

    @pytest.fixture(scope="session")
    def own():
        with Rekognition(mode="replay") as rekognition:
            rekognition.on("DescribeCollection").returns(FaceCount=7)
            assert app.describe("stubbed") == 7

    @pytest.fixture(scope="session")
    def idle():
        pass

    def test_one(rekognition, staff, everywhere, own, idle):
        staff()

    class TestX:
        def test_two(self, rekognition, region):
            pass
"""
EVERYWHERE = """
    import app, pytest

    @pytest.fixture(scope="session")
    def everywhere():
        app.describe("everywhere")
"""
WIDE_CASSETTES = {
    "conftest/fixture-everywhere.yaml": ["everywhere"],
    "test_suite/fixture-setup_module.yaml": ["module", "module-end"],
    "test_suite/fixture-staff.yaml": ["staff", "staff-end"],
    "test_suite/fixture-region[eu].yaml": ["eu"],
    "test_suite/fixture-region[us].yaml": ["us"],
    "test_suite/test_one.yaml": ["from-a-test"],
}


def test_wide_fixtures_have_cassettes_of_their_own(suite, cassettes):
    """What a fixture calls while it is set up and torn down is its own, whichever test it is set up for."""
    suite(RECORD, test_suite=WIDE, conftest=EVERYWHERE).assert_outcomes(passed=3)
    assert WIDE_CASSETTES == cassettes()
    result = suite(offline=True)
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*prune*")
    suite("-k", "TestX", offline=True).assert_outcomes(passed=2, deselected=1)
    suite("--rekognition-mode=rerecord").assert_outcomes(passed=3)
    assert WIDE_CASSETTES == cassettes()


def test_a_wide_fixture_answers_for_what_it_swallowed(suite):
    """A miss that a fixture hides fails its setup, or its teardown, with the message alone."""
    result = suite(
        offline=True,
        test_suite="""
        import app, contextlib, pytest

        @pytest.fixture(scope="module")
        def at_setup():
            with contextlib.suppress(Exception):
                app.describe("one")

        @pytest.fixture(scope="module")
        def at_teardown():
            yield
            with contextlib.suppress(Exception):
                app.describe("two")

        @pytest.fixture(scope="module")
        def skipping():
            with contextlib.suppress(Exception):
                app.describe("three")
            pytest.skip("not here")

        def test_one(rekognition, at_setup):
            pass

        def test_three(rekognition, skipping):
            pass

        def test_two(rekognition, at_teardown):
            pass
        """,
    )
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(
        [
            "Rekognition, in the setup of the fixture 'at_setup':",
            "1. nobody answers DescribeCollection in mode 'replay'.",
            "Rekognition, in the setup of the fixture 'skipping':",
            "Rekognition, in the teardown of the fixture 'at_teardown':",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_hook_scrubs_what_is_recorded_and_what_is_looked_up(suite, pytester):
    """A conftest edits requests and responses in place; the scrubbed recording is found again."""
    scrub = """
        def pytest_rekognition_before_record(operation, request, response):
            assert operation == "DescribeCollection"
            request["CollectionId"] = "hidden"
            if response is not None:
                response["FaceCount"] = 42
    """
    tests = """
        import app

        def test_one(rekognition):
            print("COUNTED", app.describe("secret-customer"))
    """
    suite(RECORD, test_suite=tests, conftest=scrub).assert_outcomes(passed=1)
    (recorded,) = read(pytester.path / "cassettes/test_suite/test_one.yaml")
    assert ("hidden", 42) == (recorded.request["CollectionId"], recorded.document["FaceCount"])
    result = suite("-s", offline=True)
    result.stdout.fnmatch_lines(["*COUNTED 42*"])


def test_folder_and_name_can_be_overridden(suite, cassettes):
    """Fixtures say where cassettes lie and what they are called; the marker's name wins over the fixture's."""
    result = suite(
        RECORD,
        test_suite="""
        import app, pytest

        @pytest.fixture(scope="session")
        def rekognition_cassette_dir(pytestconfig):
            return str(pytestconfig.rootpath / "elsewhere")

        @pytest.fixture
        def rekognition_cassette_name(rekognition_cassette_name):
            return f"{rekognition_cassette_name}-v2.yaml"

        def test_one(rekognition):
            assert rekognition.options.shared_cassette
            app.describe("one")

        @pytest.mark.rekognition("named")
        def test_two():
            app.describe("two")
        """,
    )
    result.assert_outcomes(passed=2)
    assert {"test_suite/test_one-v2.yaml": ["one"], "named.yaml": ["two"]} == cassettes("elsewhere")


def test_cassettes_that_differ_in_case_alone_are_refused(suite):
    """Two tests whose cassettes are one file on some file systems are told so on every one."""
    result = suite(
        test_suite="""
        class TestA:
            def test_one(self, rekognition):
                pass

        class Testa:
            def test_one(self, rekognition):
                pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*Testa.test_one.yaml and *TestA.test_one.yaml are one file where*"])


# --- the end of a run ------------------------------------------------------------------------------------------

BEFORE = """
    import app, pytest

    def test_less(rekognition):
        app.describe("kept")
        app.describe("dropped")

    def test_gone(rekognition):
        app.describe("gone")

    def test_skipped(rekognition):
        app.describe("skipped")

    @pytest.mark.rekognition("named")
    def test_failing():
        app.describe("failing")
"""
AFTER = """
    import app, pytest

    def test_less(rekognition):
        app.describe("kept")

    @pytest.mark.skip
    def test_skipped(rekognition):
        pass

    @pytest.mark.rekognition("named")
    @pytest.mark.xfail
    def test_failing():
        assert False

    def test_other():
        pass
"""
UNUSED = [
    "rekognition: 2 cassettes with recordings that no test used:",
    "  cassettes/test_suite/test_gone.yaml: no test uses it",
    "  cassettes/test_suite/test_less.yaml: 1 of 2 interactions unused",
    "  To remove them: pytest-rekognition cassettes prune",
]


@pytest.fixture(scope="module")
def recorded_before():
    """Keep what the suite recorded before it changed, so that it is recorded once: contents, by path."""
    return {}


@pytest.fixture
def stale(suite, pytester, recorded_before):
    """Return a suite whose cassettes hold more than it uses."""
    folder = pytester.path / "cassettes"
    if not recorded_before:
        suite(RECORD, test_suite=BEFORE).assert_outcomes(passed=4)
        (pytester.path / VERDICT).unlink()
        paths = [path for path in folder.rglob("*.yaml") if path.is_file()]
        recorded_before.update({path.relative_to(folder): path.read_bytes() for path in paths})
    others = {"vcr.yaml": b"interactions: []\nversion: 1\n", "test_suite/test_less.interrupted.yaml": b""}
    for name, content in {**recorded_before, **others}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    pytester.makepyfile(test_suite=AFTER)
    return suite


def test_a_whole_run_tells_what_is_unused(stale, pytester):
    """Recordings and cassettes that no test used are told, and left to the command that removes them."""
    result = stale(offline=True)
    assert 0 == result.ret
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in UNUSED], consecutive=True)
    verdict = json.loads((pytester.path / VERDICT).read_text("utf-8"))
    kept = read(pytester.path / "cassettes/test_suite/test_less.yaml")
    row = verdict["cassettes"]["test_suite/test_less.yaml"]
    assert ([kept[1].digest], 64) == (row["unused"], len(row["sha256"]))
    assert (["test_suite/test_gone.yaml"], "cassettes") == (verdict["orphans"], verdict["folder"])


def test_workers_are_heard_before_anything_is_called_unused(stale, pytester):
    """A distributed run tells the same, once, from what all of its workers used."""
    result = stale("-n", "2", offline=True)
    result.stdout.fnmatch_lines(UNUSED, consecutive=True)
    assert 1 == result.stdout.str().count("To remove them")
    assert (pytester.path / VERDICT).is_file()


@pytest.mark.parametrize(
    ("args", "files"),
    [
        ("-k not_other_but_test", {}),
        ("test_suite.py", {}),
        ("--collect-only", {}),
        ("--rekognition-mode=live", {}),
        ("--ignore=nothing", {}),
        ("-x", {"test_another": "def test_fails(): assert False"}),
        ("-v", {"test_another": "import pytest; pytest.skip('not here', allow_module_level=True)"}),
        ("-p dropping", {"dropping": "def pytest_collection_modifyitems(items): del items[-1]"}),
        (
            "-p leaving",
            {"leaving": "import pytest\ndef pytest_runtest_logfinish(): pytest.exit('enough', returncode=0)"},
        ),
        ("-n 2 -k not_other_but_test", {}),
    ],
)
def test_a_partial_run_tells_nothing(stale, pytester, args, files):
    """A run that did not see every test, or did not go well, knows nothing of what is unused."""
    words = [word.replace("not_other_but_test", "not test_other") for word in args.split()]
    result = stale(*words, offline="live" not in args, **files)
    result.stdout.no_fnmatch_line("*no test used*")
    assert not (pytester.path / VERDICT).exists()


def cassette(stale_folder, name):
    """Copy a recording to where another test's lies."""
    path = stale_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((stale_folder / "test_suite/test_gone.yaml").read_bytes())


@pytest.mark.parametrize("args", [[], ["-n", "2"]])
def test_a_module_that_was_not_collected_silences_the_run(stale, pytester, args):
    """Where cassettes tell of a module that is there and that the run did not collect, nothing is told."""
    cassette(pytester.path / "cassettes", "integ/test_b/test_x.yaml")
    (pytester.path / "integ").mkdir()
    (pytester.path / "integ/test_b.py").write_text("def test_x(rekognition): pass\n")
    result = stale(*args, offline=True, ini="testpaths = test_suite.py")
    result.assert_outcomes(passed=2, skipped=1, xfailed=1)
    result.stdout.no_fnmatch_line("*no test used*")
    assert not (pytester.path / VERDICT).exists()


def test_only_cassettes_of_the_plugins_own_tests_are_orphans(stale, pytester):
    """Those that tests may open without the fixture are left alone, and those of gone modules told."""
    tests = """
        import pytest

        def test_own():
            pass

        @pytest.mark.skip
        def test_dynamic(request):
            request.getfixturevalue("rekognition")

        def test_user(rekognition):
            pass
    """
    kept = [
        "shared/staff",
        "test_more/own",
        "test_more/test_own",
        "test_more/test_dynamic",
        "nowhere/test_a/test_b",
    ]
    for name in [*kept, "test_lost/test_x", "test_more/test_lost"]:
        cassette(pytester.path / "cassettes", f"{name}.yaml")
    stale(offline=True, test_more=tests)
    verdict = json.loads((pytester.path / VERDICT).read_text("utf-8"))
    expected = ["test_lost/test_x.yaml", "test_more/test_lost.yaml", "test_suite/test_gone.yaml"]
    assert expected == verdict["orphans"]


def test_no_part_of_a_fixtures_cassette_is_unused(suite):
    """Each worker of a distributed run records its own calls into it, and another run may use fewer."""
    tests = """
        import app, pytest

        @pytest.fixture(scope="session")
        def staff():
            app.describe("kept")
            {more}

        def test_one(rekognition, staff):
            pass
    """
    suite(RECORD, test_suite=tests.format(more='app.describe("dropped")')).assert_outcomes(passed=1)
    result = suite(offline=True, test_suite=tests.format(more=""))
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*no test used*")


def test_old_recordings_are_told(suite, pytester):
    """With rekognition_max_age the summary names the older cassettes, and the command that renews them."""
    tests = """
        import app

        def test_one(rekognition):
            app.describe("one")
    """
    suite(RECORD, test_suite=tests)
    cassette = pytester.path / "cassettes/test_suite/test_one.yaml"
    text = cassette.read_text("utf-8")
    old = re.sub(r"at: '\d{4}-\d\d-\d\d", "at: '2020-01-02", text)
    assert old != text
    cassette.write_text(old, "utf-8")
    result = suite(offline=True, ini="rekognition_max_age = 90")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "rekognition: 1 cassette with recordings older than 90 days:",
            "  cassettes/test_suite/test_one.yaml: 2020-01-02, * days old",
            "*pytest --rekognition-mode=rerecord",
        ]
    )
    suite(offline=True).stdout.no_fnmatch_line("*older than*")


# --- --rekognition-check ---------------------------------------------------------------------------------------


@pytest.fixture
def recorded(suite, pytester):
    """Return a suite with four cassettes: one good, one that breaks the contract, one drifting, one broken."""
    tests = "import app, pytest\n" + "".join(
        f"\n@pytest.mark.rekognition({name!r})\ndef test_{name}():\n    app.describe({name!r})\n"
        for name in ("good", "wrong", "drifting", "broken")
    )
    suite(RECORD, test_suite=tests).assert_outcomes(passed=4)
    folder = pytester.path / "cassettes"
    edit(folder / "wrong.yaml", lambda answer: answer | {"FaceCount": "many"})
    edit(folder / "drifting.yaml", lambda answer: answer | {"Freckles": 1})
    (folder / "broken.yaml").write_text("interactions: [\n", "utf-8")
    (pytester.path / "test_suite.py").unlink()
    return suite


def edit(path, change):
    """Change the answer that a cassette holds."""
    document = yaml.safe_load(path.read_text("utf-8"))
    body = document["interactions"][0]["response"]["body"]
    body["string"] = json.dumps(change(json.loads(body["string"])))
    path.write_text(yaml.safe_dump(document), "utf-8")


def test_recordings_are_checked_as_tests(recorded):
    """Each interaction is an item: a breach fails with its table, drift is counted, a broken file says where."""
    result = recorded("--rekognition-check", "-v", offline=True)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "cassettes/broken.yaml::cassette FAILED*",
            "cassettes/drifting.yaml::0-DescribeCollection PASSED*",
            "*cassettes/broken.yaml:*",
            "*breach  response  $.FaceCount*",
            "rekognition: 3 checked · 1 drift",
            "  drift 1x DescribeCollection $.Freckles*(recorded 20??-??-??)",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_checks_can_be_chosen_and_distributed(recorded):
    """The items are pytest's own: -k chooses among them, workers share them, strict fails for drift."""
    recorded("--rekognition-check", "-k", "good or wrong").assert_outcomes(passed=1, failed=1, deselected=2)
    result = recorded("--rekognition-check", "--rekognition-strict", "-n", "2", offline=True)
    result.assert_outcomes(passed=1, failed=3)


def test_the_folder_may_lie_beside_the_root(suite, pytester):
    """A path that leads out of the root is made plain, so that its cassettes are found and checked."""
    ini = f"rekognition_cassette_dir = ../{pytester.path.name}/cass"
    tests = """
        import app

        def test_one(rekognition):
            app.describe("one")
    """
    suite(RECORD, ini=ini, test_suite=tests).assert_outcomes(passed=1)
    suite("--rekognition-check", offline=True, ini=ini).assert_outcomes(passed=2)


# --- counting --------------------------------------------------------------------------------------------------


def usage(name, at, recorded):
    return Usage(Path(name), (), frozenset(), at, recorded, 0)


def test_counts_of_several_processes_add_up():
    """What workers send, by way of JSON, is the same as if one process had counted."""
    drift = Violation(
        operation="DetectFaces",
        side="response",
        path="$.Freckles",
        rule="unknown-member",
        severity="drift",
        message="is not known.",
        recorded="2026-01-02T03:04:05Z",
    )
    whole, parts = Tally(), [Tally(), Tally()]
    for part, name, at in zip(parts, ["a", "b"], ["2026-01-02T00:00:00Z", "2025-12-01T00:00:00Z"], strict=True):
        for tally in (whole, part):
            tally.add(["cassette", "live"], [drift], usage(name, at, 1))
            tally.check([])
    merged = Tally()
    for part in parts:
        merged.merge(json.loads(json.dumps(part.dump())))
    assert whole.dump() == merged.dump()
    assert "rekognition: 4 calls · 2 cassette · 2 live · 2 recorded · 2 checked · 2 drifts" == merged.line()
    assert ["  drift 2x DetectFaces $.Freckles: is not known. (recorded 2026-01-02)"] == merged.details()
    assert ["  b: 2025-12-01, 33 days old"] == merged.aged(30, datetime(2026, 1, 3, tzinfo=UTC))[1:-1]


def test_long_lists_are_cut():
    """Without -v, ten rows stand for all, between the head and the remedy."""
    lines = unused_lines({}, [f"{number:02}.yaml" for number in range(30)])
    assert [*lines[:11], "  … and 20 more, which -v names", lines[-1]] == shortened(lines)
    assert lines[:4] == shortened(lines[:4])


def test_pruning_mends_what_a_whole_run_tells(stale):
    """The command that the summary names removes what no test used, and the next run has nothing to tell."""
    stale(offline=True).stdout.fnmatch_lines(UNUSED, consecutive=True)
    command = [sys.executable, "-m", "pytest_rekognition", "cassettes", "prune", "--yes"]
    subprocess.run(command, check=True)
    result = stale(offline=True)
    result.assert_outcomes(passed=2, skipped=1, xfailed=1)
    result.stdout.no_fnmatch_line("*no test used*")
