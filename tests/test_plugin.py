"""The plugin, through small suites that run in processes of their own."""

import json
import re

import pytest

from pytest_rekognition import build

pytestmark = pytest.mark.usefixtures("no_aws")

APP = """
    import boto3

    client = boto3.client("rekognition")

    def count(image=b"x", **options):
        return len(client.detect_faces(Image={"Bytes": image}, **options)["FaceDetails"])

    def careless(image=b"x"):
        try:
            return count(image)
        except Exception:
            return 0
"""


@pytest.fixture
def suite(run):
    """Run a suite beside a small application."""

    def suite(source, *args, ini="", **files):
        return run(source, *args, ini=ini, files={"app": APP, **files})

    return suite


def test_a_swallowed_miss_is_an_error_at_teardown(suite):
    """The test passes, its teardown does not, and the text says what to do."""
    result = suite(
        """
        import app

        def test_careless(rekognition):
            assert app.careless() == 0
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")
    result.stdout.fnmatch_lines(
        [
            "1 Rekognition problem in this test:",
            "*nobody answers DetectFaces*",
            "*To mend it*",
        ]
    )


def test_a_failed_test_is_not_failed_once_more(suite):
    """What a failed test left behind is shown under it, not counted as a second failure."""
    result = suite(
        """
        import app

        def test_fails(rekognition):
            rekognition.on("IndexFaces").returns()
            app.count()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UnansweredCallError: nobody answers DetectFaces*"])


def test_a_test_that_did_not_run_to_its_end_is_not_held_to_its_stubs(suite):
    """A skipped or expectedly failing test may leave stubs unused."""
    result = suite(
        """
        import pytest

        def test_skips(rekognition):
            rekognition.on("IndexFaces").returns()
            pytest.skip("not here")

        @pytest.mark.xfail(strict=True)
        def test_fails_as_expected(rekognition):
            rekognition.on("IndexFaces").returns()
            assert False
        """
    )
    result.assert_outcomes(skipped=1, xfailed=1)


def test_the_marker_alone_is_enough(suite):
    """A marked test is answered and verified without asking for the fixture."""
    result = suite(
        """
        import app, pytest, unittest

        @pytest.mark.rekognition(mode="reference")
        def test_reference(face_image):
            assert app.count(face_image(2).bytes) == 2

        @pytest.mark.rekognition
        class TestClass:
            def test_inside(self):
                assert app.careless() == 0

        class Case(unittest.TestCase):
            @pytest.mark.rekognition(allow_unanswered_calls=True)
            def test_unittest(self):
                self.assertEqual(app.careless(), 0)
        """
    )
    result.assert_outcomes(passed=3, errors=1)


def test_precedence_of_the_mode(suite):
    """The command line wins over the marker, the marker over the fixture, the fixture over the ini file."""
    source = """
        import pytest

        @pytest.fixture(scope="session")
        def rekognition_config():
            return {"mode": "live", "strict": True}

        @pytest.mark.rekognition(mode="reference")
        def test_marker(rekognition):
            print("marker", rekognition.options.mode.value)

        def test_fixture(rekognition):
            print("fixture", rekognition.options.mode.value, rekognition.options.strict)
    """
    result = suite(source, "-s", ini="rekognition_mode = replay")
    result.stdout.fnmatch_lines(["*marker reference*", "*fixture live True*"])
    result = suite(source, "-s", "--rekognition-mode=replay")
    result.stdout.fnmatch_lines(["*marker replay*", "*fixture replay True*"])


def test_the_closest_marker_wins(suite):
    """A marker on the function wins over one on the module."""
    result = suite(
        """
        import pytest

        pytestmark = pytest.mark.rekognition(mode="live", strict=True)

        @pytest.mark.rekognition(mode="reference")
        def test_one(rekognition):
            assert (rekognition.options.mode.value, rekognition.options.strict) == ("reference", True)
        """
    )
    result.assert_outcomes(passed=1)


def test_unrecorded_calls_can_go_to_the_reference(suite):
    """With rekognition_unrecorded = reference, replay asks the reference backend, and the summary counts it."""
    result = suite(
        """
        import app

        def test_drawn(rekognition, face_image):
            assert app.count(face_image(1).bytes) == 1
            assert app.count(face_image(1).bytes, Attributes=["ALL"]) == 1
        """,
        ini="rekognition_unrecorded = reference",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*rekognition: mode=replay, engine=haar*", "*rekognition: 2 calls · 2 reference*"]
    )


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("mod='live'", "unknown option 'mod', did you mean 'mode'? The options are mode, strict, "),
        ("shared_casette=True", "unknown option 'shared_casette'. The options are "),
        ("mode='lve'", "not 'lve', did you mean 'live'?"),
        ("'../cassette'", "'../cassette' is no name for a cassette: '..' leads out of the folder."),
        ("1", "takes one name of a cassette, such as 'shared/staff', not 1"),
        ("cassette='mine.yaml'", "'cassette' follows from the test itself. Name a cassette with"),
        ("engine='har'", "'har'"),
    ],
)
def test_a_misspelt_marker_says_what_was_meant(suite, marker, message):
    """A marker keyword or value that means nothing fails the test with a guess."""
    result = suite(
        f"""
        import app, pytest

        @pytest.mark.rekognition({marker})
        def test_one(rekognition, face_image):
            app.count(face_image(1).bytes)
        """,
        "--rekognition-mode=reference" if "engine" in marker else "-q",
    )
    assert 0 != result.ret
    result.stdout.fnmatch_lines([f"*{message.replace('[', '[[]')}*"])


@pytest.mark.parametrize(
    ("args", "ini", "message"),
    [
        (["--rekognition-mode=refrence"], "", "*: mode must be *, not 'refrence', did you mean 'reference'?*"),
        ([], "rekognition_mode = foo", "*: mode must be one of replay, record, *, not 'foo'.*"),
        ([], "rekognition_max_age = soon", "*rekognition_max_age is 'soon'; it is a number of days*"),
        ([], "rekognition_strict = maybe", "ERROR: rekognition_strict: invalid truth value 'maybe'"),
        (
            [],
            "rekognition_variants = yes",
            "ERROR: rekognition_variants is 'yes'; it is a number of re-runs, such as 20, or 0 for not at all.",
        ),
        ([], "rekognition_block_network = always", "*rekognition_block_network is 'always'; it is one of*"),
        ([], "rekognition_unrecorded = live", "*: unrecorded must be one of fail, reference, not 'live'.*"),
        (
            [],
            "rekognition_engine = har",
            "*'har' is no engine of*(auto, yunet, blaze, haar), did you mean 'haar'?*",
        ),
    ],
)
def test_a_misspelt_setting_stops_the_run(suite, args, ini, message):
    """A wrong command line or ini file is a usage error before any test runs."""
    result = suite("def test_one(): pass", *args, ini=ini)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([message])


def test_a_quiet_run_says_nothing(suite):
    """Installed and unused, the plugin adds no line, and imports nothing heavy."""
    result = suite(
        """
        import sys

        def test_one():
            heavy = {"botocore", "boto3", "jsonschema", "jsonschema_rs", "hypothesis", "cv2", "numpy", "vcr"}
            assert heavy & set(sys.modules) == set()
        """,
        "-p",
        "no:hypothesispytest",
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*rekognition:*")


def test_drift_is_counted_and_told_with_v(suite, service):
    """The summary counts what drifted in the service's answers; -v names each; strict fails for it."""
    response = build("DetectFaces", faces=1)
    response["FaceDetails"][0]["Freckles"] = 1
    with service((200, json.dumps(response).encode())) as server:
        source = f"""
            import boto3

            def test_drift(rekognition):
                client = boto3.client(
                    "rekognition", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                    endpoint_url="http://127.0.0.1:{server.server_port}",
                )
                client.detect_faces(Image={{"Bytes": b"x"}})
        """
        result = suite(source, "--rekognition-mode=live")
        result.stdout.fnmatch_lines(["*rekognition: 1 call · 1 live · 1 drift*"])
        result = suite(source, "-v", "--rekognition-mode=live")
        result.stdout.fnmatch_lines(["*drift 1x DetectFaces $.FaceDetails[[]0[]].Freckles*"])
        result = suite(source, "--rekognition-strict", "--rekognition-mode=live")
        result.assert_outcomes(passed=1, errors=1)


def test_a_marker_added_late_counts(suite):
    """A marker that a conftest adds to the collected tests is as good as one in the source."""
    result = suite(
        """
        import app

        def test_careless():
            assert app.careless() == 0
        """,
        conftest="""
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.rekognition)
        """,
    )
    result.assert_outcomes(passed=1, errors=1)


def test_a_marked_parameter_leaves_its_siblings_alone(suite):
    """The harness is given to the parameter that is marked, and to no other."""
    result = suite(
        """
        import botocore.exceptions, app, pytest

        @pytest.mark.parametrize(
            "case", ["plain", pytest.param("ours", marks=pytest.mark.rekognition(allow_unanswered_calls=True))]
        )
        def test_case(case):
            expected = "nobody answers" if case == "ours" else "credentials"
            with pytest.raises(Exception, match=expected):
                app.count()
        """
    )
    result.assert_outcomes(passed=2)


def test_other_fixtures_cannot_leak_a_call(suite, service):
    """Whatever the scope and the order of the fixtures of a test, none reaches the network around its harness."""
    with service((200, b'{"CollectionIds": [], "FaceModelVersions": []}')) as server:
        result = suite(
            f"""
            import boto3, pytest

            def call():
                client = boto3.client(
                    "rekognition", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                    endpoint_url="http://127.0.0.1:{server.server_port}",
                )
                try:
                    client.list_collections()
                except Exception as error:
                    print("REFUSED", type(error).__name__)

            def fixture(scope):
                @pytest.fixture(scope=scope)
                def leaking():
                    call()
                    yield
                    call()
                return leaking

            wide, narrow = fixture("module"), fixture("function")

            @pytest.fixture(scope="module")
            def late():
                yield
                call()

            def test_set_up_by_another_test(late):
                pass

            @pytest.mark.rekognition(allow_unanswered_calls=True)
            def test_leak(wide, narrow, late):
                pass
            """,
            "-s",
        )
        assert [] == server.signatures
    result.assert_outcomes(passed=2)
    lines = [line.rpartition("REFUSED ")[2] for line in result.outlines if "REFUSED" in line]
    assert ["NetworkBlockedError", *["UnansweredCallError"] * 4] == sorted(lines)


def test_a_skip_does_not_excuse_a_swallowed_miss(suite):
    """A test that hides a miss and then skips is failed for the miss."""
    result = suite(
        """
        import app, pytest

        def test_skips(rekognition):
            app.careless()
            pytest.skip("not here")
        """
    )
    result.assert_outcomes(skipped=1, errors=1)


def test_botocore_imported_anew_is_attached_anew(suite):
    """A test that drops botocore from sys.modules and imports it again is answered all the same."""
    result = suite(
        """
        import sys

        def test_again(rekognition):
            for name in [name for name in sys.modules if name.partition(".")[0] in {"boto3", "botocore"}]:
                del sys.modules[name]
            import boto3
            rekognition.on("DetectFaces").returns(faces=2)
            client = boto3.client("rekognition")
            assert len(client.detect_faces(Image={"Bytes": b"x"})["FaceDetails"]) == 2
        """
    )
    result.assert_outcomes(passed=1)


def test_botocore_reloaded_answers_each_call_once(suite):
    """A client that has the handlers already does not get them twice."""
    result = suite(
        """
        import importlib
        import app, botocore.handlers

        def test_reloaded(rekognition):
            importlib.reload(botocore.handlers)
            rekognition.on("DetectFaces").returns(faces=1, times=1).returns(faces=2)
            assert [app.count(), app.count()] == [1, 2]
            assert len(rekognition.calls()) == 2
        """
    )
    result.assert_outcomes(passed=1)


def test_a_configuration_that_is_none_is_told(suite):
    """A `rekognition_config` that returns nothing is a clear error."""
    result = suite(
        """
        import pytest

        @pytest.fixture
        def rekognition_config():
            pass

        def test_one(rekognition):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the fixture rekognition_config returns options by name, not None"])


def test_a_breach_is_shown_as_a_table(suite):
    """A failing check shows each violation in a row: severity, side, path, rule, sentence."""
    result = suite(
        """
        import app

        def test_breach(rekognition):
            rekognition.on("DetectFaces").answers(lambda request: {"FaceDetails": [{"Confidence": 101}]})
            app.count()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*DetectFaces, answered by stub, breaks the contract:*",
            "*breach  response  $.FaceDetails[[]0[]].BoundingBox  required*",
            "*breach  response  $.FaceDetails[[]0[]].Confidence   maximum*",
        ]
    )


def test_the_client_fixture_is_ready(suite):
    """`rekognition_client` needs no configuration."""
    result = suite(
        """
        def test_client(rekognition, rekognition_client):
            rekognition.on("ListCollections").returns()
            assert "CollectionIds" in rekognition_client.list_collections()
        """
    )
    result.assert_outcomes(passed=1)


def test_without_opencv_the_reference_says_what_to_install(suite):
    """A missing optional dependency is named with the command that brings it."""
    result = suite(
        """
        import app, sys

        def test_one(rekognition, monkeypatch):
            from pytest_rekognition.drawing import draw
            image = draw(1).bytes
            monkeypatch.setitem(sys.modules, "cv2", None)
            app.count(image)
        """,
        "--rekognition-mode=reference",
    )
    assert 0 != result.ret
    result.stdout.fnmatch_lines(["*pip install 'pytest-rekognition[[]reference[]]'*"])


def test_without_boto3_the_client_is_botocores(suite):
    """The base install has botocore alone, and that is enough."""
    result = suite(
        """
        def test_one(rekognition, monkeypatch):
            import importlib.util
            real = importlib.util.find_spec
            monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "boto3" else real(name))
            rekognition.on("DetectFaces").returns(faces=1)
            client = rekognition.client(region_name="us-east-1")
            assert len(client.detect_faces(Image={"Bytes": b"x"})["FaceDetails"]) == 1
        """
    )
    result.assert_outcomes(passed=1)


MISTAKES = """
    import pytest
    from pytest_rekognition import MovingFace

    def test_celebrities(rekognition): rekognition.celebrities.add("", b"x")
    def test_liveness(rekognition): rekognition.liveness.outcome(status="OK")
    def test_clock(rekognition): rekognition.clock.advance(-3)
    def test_jobs(rekognition): rekognition.jobs.takes = "3"
    def test_video(face_video): face_video(-1)
    def test_moving_face(): MovingFace({})
    def test_operation(rekognition): rekognition.on("DetectFacez")
    def test_stub(rekognition): rekognition.on("DetectFaces").returns(faces=1, confidence=250)
    def test_endpoint(rekognition_endpoint): rekognition_endpoint.serve()
    def test_unanswered(rekognition_client): rekognition_client.detect_faces(Image={"Bytes": b"x"})

    @pytest.mark.rekognition(mode="reference")
    def test_know(rekognition): rekognition.know("nowhere.jpg", 2)
"""


def test_an_error_is_told_at_the_users_line(run):
    """Whatever a test gets wrong, its failure shows its own line and the sentence, no line of an SDK or ours."""
    result = run(MISTAKES)
    result.assert_outcomes(failed=11)
    assert [] == [line for line in result.outlines if re.match(r"(?!test_suite\.py)\S+\.py:\d+: ", line)]
    assert 11 == len([line for line in result.outlines if re.match(r"test_suite\.py:\d+: \w+Error$", line)])


def test_a_full_trace_leaves_nothing_out(run):
    """With `--full-trace` the lines that led to an error are all there."""
    result = run(MISTAKES, "--full-trace", "-k", "unanswered")
    result.stdout.fnmatch_lines(["*harness.py:*", "E *nobody answers DetectFaces*"])


def test_another_error_is_shown_with_all_that_led_to_it(run):
    """Of what is no error of this package nothing is left out, also after one of this package was told."""
    result = run(
        """
        import pytest

        def test_told(rekognition): rekognition.clock.advance(-3)

        def test_all(rekognition):
            rekognition.clock.on_change(lambda: 1 / 0)
            rekognition.clock.stop()
        """
    )
    result.stdout.fnmatch_lines(["test_suite.py:*: UsageError", "*clock.py:*: in stop", "*clock.py:*: in _tell"])
