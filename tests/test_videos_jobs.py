import gc
import json
import logging
import math
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.neighbours import UnavailableObjectError
from pytest_rekognition.backends.reference.videos import analysis, handlers, reading
from pytest_rekognition.backends.reference.videos.jobs import Job, Jobs
from pytest_rekognition.backends.reference.videos.tracking import Tracker, on_whole_pixels
from pytest_rekognition.checking import check_exchange
from pytest_rekognition.drawing import DrawnFace, MovingFace, draw, draw_video
from pytest_rekognition.errors import NoReferenceError, ReferenceFailedError, ServiceError, UsageError
from pytest_rekognition.exchange import Call, ErrorReply, Exchange
from pytest_rekognition.geometry import Box, single

ANNA = DrawnFace(place=(0.3, 0.5), size=0.45)
BOB = DrawnFace(place=(0.72, 0.5), size=0.4, skin="dark", hair="black", beard=True, eyeglasses=True)
#: Anna is there all the time and walks, Bob comes and goes
VIDEO = draw_video(
    [MovingFace({0: ANNA, 1500: DrawnFace(place=(0.36, 0.5), size=0.5)}), MovingFace({400: BOB}, leaves=1400)]
)
SHORT = draw_video([ANNA], duration=300)
TOPIC = "arn:aws:sns:us-east-1:123456789012:AmazonRekognitionDone"
CHANNEL = {"SNSTopicArn": TOPIC, "RoleArn": "arn:aws:iam::123456789012:role/publisher"}
WEEK, DAY = 7 * 24 * 3600, 24 * 3600
#: the results of each kind of job that needs no collection
GETS = {"FaceDetection": "Faces", "PersonTracking": "Persons"}


class Nearby:
    """S3 with videos by their keys, and SNS that keeps what is published."""

    def __init__(self):
        self.objects = {"walk.mp4": VIDEO.bytes, "short.mp4": SHORT.bytes, "broken.mp4": b"no video"}
        self.sent = []

    def read(self, name, _, most):
        if name.key not in self.objects:
            raise UnavailableObjectError
        return self.objects[name.key][: most + 1]

    def publisher(self, _):
        return lambda topic, message: self.sent.append((topic, json.loads(message)))


class Service:
    """A reference service and its neighbours; every exchange with it is held against the contract."""

    def __init__(self):
        self.nearby = Nearby()
        self.backend = ReferenceBackend("haar", embedder="descriptor", neighbours=self.nearby)
        self.backend.clock.stop(1_750_000_000)

    def __call__(self, operation, region="us-east-1", **request):
        try:
            response = self.backend.reply(Call(operation, request, region)).response
        except ServiceError as error:
            answer = {"error": ErrorReply(error.code, error.message), "status": error.status}
            assert [] == check_exchange(
                Exchange(operation=operation, request=request, source="reference", **answer)
            )
            raise
        assert [] == check_exchange(Exchange(operation=operation, request=request, response=response))
        return response

    def start(self, kind="FaceDetection", key="short.mp4", **members):
        video = {"S3Object": {"Bucket": "videos", "Name": key}}
        return self(f"Start{kind}", Video=video, **members)["JobId"]

    def index(self, face, name):
        image = draw([face], width=320, height=240)
        return self("IndexFaces", CollectionId="staff", Image={"Bytes": image.bytes}, ExternalImageId=name)


@pytest.fixture
def service():
    """Return a service whose clock stands still, and which has a collection `staff`."""
    service = Service()
    service("CreateCollection", CollectionId="staff")
    yield service
    service.backend.close()


def refusal(call, *args, **kwargs):
    with pytest.raises(ServiceError) as caught:
        call(*args, **kwargs)
    return caught.value.code, caught.value.message


# --- what is found ---------------------------------------------------------------------------------------------


def test_the_faces_of_a_video_are_found(service):
    """GetFaceDetection has the faces of a frame every 500 ms, where the ground truth has them, sorted by time."""
    answer = service("GetFaceDetection", JobId=service.start(key="walk.mp4", JobTag="walks"))
    assert "SUCCEEDED" == answer["JobStatus"]
    assert "walks" == answer["JobTag"]
    assert {"S3Object": {"Bucket": "videos", "Name": "walk.mp4"}} == answer["Video"]
    assert ("mpeg4", 2000) == (answer["VideoMetadata"]["Codec"], answer["VideoMetadata"]["DurationMillis"])
    assert [0, 500, 500, 1000, 1000, 1500] == [face["Timestamp"] for face in answer["Faces"]]
    for face in answer["Faces"]:
        wire = face["Face"]["BoundingBox"]
        box = Box(wire["Left"], wire["Top"], wire["Width"], wire["Height"])
        assert max(box.overlap(true.box) for true in VIDEO.faces_at(face["Timestamp"])) > 0.7


@pytest.mark.parametrize(
    ("asked", "landmarks", "attributes"),
    [
        ({}, 5, set()),
        ({"FaceAttributes": "DEFAULT"}, 5, set()),
        (
            {"FaceAttributes": "ALL"},
            30,
            {
                "AgeRange",
                "Beard",
                "Emotions",
                "Eyeglasses",
                "EyesOpen",
                "Gender",
                "MouthOpen",
                "Mustache",
                "Smile",
                "Sunglasses",
            },
        ),
    ],
)
def test_all_brings_all_but_occlusion_and_gaze(service, asked, landmarks, attributes):
    """ALL brings every attribute but FaceOccluded and EyeDirection, which are always null for videos."""
    default = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    (face,) = service("GetFaceDetection", JobId=service.start(**asked))["Faces"]
    assert default | attributes == set(face["Face"])
    assert landmarks == len(face["Face"]["Landmarks"])


def test_persons_are_followed_by_their_faces(service):
    """GetPersonTracking gives each person an index, kept from frame to frame, and a box on whole pixels."""
    persons = service("GetPersonTracking", JobId=service.start("PersonTracking", "walk.mp4"))["Persons"]
    found = [(item["Timestamp"], item["Person"]["Index"]) for item in persons]
    assert [(0, 0), (500, 0), (500, 1), (1000, 0), (1000, 1), (1500, 0)] == found
    for item in persons:
        box, face = item["Person"]["BoundingBox"], item["Person"]["Face"]["BoundingBox"]
        edges = [box["Left"] * 320, box["Width"] * 320, box["Top"] * 240, box["Height"] * 240]
        assert edges == pytest.approx([round(edge) for edge in edges], abs=1e-4)
        assert box["Left"] <= face["Left"]
        assert box["Left"] + box["Width"] >= face["Left"] + face["Width"] - 1e-6


def test_tracked_persons_can_be_sorted_by_index(service):
    """INDEX sorts by person, and each person's elements by the confidence in the face."""
    job = service.start("PersonTracking", "walk.mp4")
    persons = service("GetPersonTracking", JobId=job, SortBy="INDEX")["Persons"]
    keys = [(item["Person"]["Index"], -item["Person"]["Face"]["Confidence"]) for item in persons]
    assert sorted(keys) == keys
    assert [0, 0, 0, 0, 1, 1] == [index for index, _ in keys]


def test_faces_of_a_collection_are_found_in_a_video(service):
    """GetFaceSearch has every person seen, with FaceMatches for those who are in the collection."""
    service.index(BOB, "bob")
    job = service.start("FaceSearch", "walk.mp4", CollectionId="staff", FaceMatchThreshold=90)
    persons = service("GetFaceSearch", JobId=job)["Persons"]
    matched = [
        (
            item["Timestamp"],
            item["Person"]["Index"],
            [match["Face"]["ExternalImageId"] for match in item.get("FaceMatches", [])],
        )
        for item in persons
    ]
    assert [
        (0, 0, []),
        (500, 0, []),
        (500, 1, ["bob"]),
        (1000, 0, []),
        (1000, 1, ["bob"]),
        (1500, 0, []),
    ] == matched
    assert all(match["Similarity"] >= 90 for item in persons for match in item.get("FaceMatches", []))
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(persons[0]["Person"]["Face"])
    by_index = service("GetFaceSearch", JobId=job, SortBy="INDEX")["Persons"]
    assert [0, 0, 0, 0, 1, 1] == [item["Person"]["Index"] for item in by_index]


def test_a_search_keeps_to_its_threshold(service):
    """With a threshold that everything reaches, everybody matches; the default is 80."""
    service.index(BOB, "bob")
    loose = service.start("FaceSearch", "walk.mp4", CollectionId="staff", FaceMatchThreshold=0)
    assert all("FaceMatches" in item for item in service("GetFaceSearch", JobId=loose)["Persons"])
    default = service.start("FaceSearch", "walk.mp4", CollectionId="staff")
    assert 2 == sum("FaceMatches" in item for item in service("GetFaceSearch", JobId=default)["Persons"])


def test_celebrities_are_recognized_in_a_video(service):
    """GetCelebrityRecognition has those whom the test has named, and nobody else, by time or by their ids."""
    celebrities = service.backend.celebrities
    faces = {"Anna Example": ANNA, "Bob Example": BOB}
    ids = {}
    for name, face in faces.items():
        image = draw([face], width=320, height=240)
        ids[name] = celebrities.add(name, image, urls=["www.example.com"], known_gender="Nonbinary").id
        job = service.start("CelebrityRecognition", "walk.mp4")
        found = service("GetCelebrityRecognition", JobId=job)["Celebrities"]
        by_id = service("GetCelebrityRecognition", JobId=job, SortBy="ID")["Celebrities"]
    assert sorted(item["Timestamp"] for item in found) == [item["Timestamp"] for item in found]
    assert {"Anna Example": [0, 500, 1000, 1500], "Bob Example": [500, 1000]} == {
        name: [item["Timestamp"] for item in found if item["Celebrity"]["Name"] == name] for name in faces
    }
    assert sorted([ids["Anna Example"]] * 4 + [ids["Bob Example"]] * 2) == [
        item["Celebrity"]["Id"] for item in by_id
    ]
    celebrity = found[0]["Celebrity"]
    assert (["www.example.com"], {"Type": "Nonbinary"}) == (celebrity["Urls"], celebrity["KnownGender"])
    assert 80 <= celebrity["Confidence"] <= 100
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(celebrity["Face"])


def test_without_celebrities_nobody_is_recognized(service):
    """Who was not named is not recognized."""
    job = service.start("CelebrityRecognition", "walk.mp4")
    assert [] == service("GetCelebrityRecognition", JobId=job)["Celebrities"]


def test_a_video_without_faces_has_no_results(service):
    """Nobody in the video is a success with an empty list."""
    service.nearby.objects["wall.mp4"] = draw_video(0, duration=300).bytes
    answer = service("GetFaceDetection", JobId=service.start(key="wall.mp4"))
    assert ("SUCCEEDED", []) == (answer["JobStatus"], answer["Faces"])


def test_the_same_video_gives_the_same_results(service):
    """An analysis is a function of the video."""
    first, second = (service("GetPersonTracking", JobId=service.start("PersonTracking")) for _ in range(2))
    assert first["Persons"] == second["Persons"]


def test_an_answer_cannot_be_used_to_change_the_next(service):
    """What a caller does to a page changes nothing of the job."""
    job = service.start()
    before = service("GetFaceDetection", JobId=job)
    service("GetFaceDetection", JobId=job)["Faces"][0]["Face"].clear()
    assert before == service("GetFaceDetection", JobId=job)


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(GETS))
@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 5000])
def test_pages_bring_everything_once(service, kind, size):
    """The pages of any size, one after another, are the whole result, and each describes the video."""
    job = service.start(kind, "walk.mp4")
    whole = service(f"Get{kind}", JobId=job)
    found, token = [], ""  # the documentation's own examples begin with an empty token
    while token is not None:
        page = service(f"Get{kind}", JobId=job, MaxResults=size, NextToken=token)
        found += page[GETS[kind]]
        assert whole["VideoMetadata"] == page["VideoMetadata"]
        token = page.get("NextToken")
    assert whole[GETS[kind]] == found


def test_a_page_has_a_thousand_results_at_most(service, monkeypatch):
    """Asked for more than the largest page, or for nothing, the service sends the largest page."""
    monkeypatch.setattr(handlers, "LARGEST_PAGE", 4)
    job = service.start(key="walk.mp4")
    for asked in ({}, {"MaxResults": 5}):
        call = Call("GetFaceDetection", {"JobId": job, **asked}, "us-east-1")  # the contract's page has 1000
        assert 4 == len(service.backend.reply(call).response["Faces"])


def test_a_token_is_good_for_its_own_results_alone(service):
    """A token of another job, another order, made up, or older than a day is refused."""
    job, other = (service.start("PersonTracking", "walk.mp4") for _ in range(2))
    token = service("GetPersonTracking", JobId=job, MaxResults=2)["NextToken"]
    refused = ("InvalidPaginationTokenException", "Invalid Token")
    assert refused == refusal(service, "GetPersonTracking", JobId=other, NextToken=token)
    assert refused == refusal(service, "GetPersonTracking", JobId=job, NextToken=token, SortBy="INDEX")
    assert refused == refusal(service, "GetPersonTracking", JobId=job, NextToken="made-up")
    service.backend.clock.advance(DAY - 1)
    assert 4 == len(service("GetPersonTracking", JobId=job, NextToken=token)["Persons"])
    service.backend.clock.advance(1)
    assert refused == refusal(service, "GetPersonTracking", JobId=job, NextToken=token)


def test_a_token_that_a_job_never_gave_is_refused_whatever_its_status(service):
    """Jobs in progress and failed ones have given no token; an empty one asks for the first page."""
    refused = ("InvalidPaginationTokenException", "Invalid Token")
    failed = service.start(key="broken.mp4")
    service.backend.jobs.takes = 30
    running = service.start()
    for job, status in ((failed, "FAILED"), (running, "IN_PROGRESS")):
        assert refused == refusal(service, "GetFaceDetection", JobId=job, NextToken="made-up")
        assert status == service("GetFaceDetection", JobId=job, NextToken="")["JobStatus"]


# --- time ------------------------------------------------------------------------------------------------------


def test_a_job_is_done_when_it_is_started(service):
    """By default a job takes no time, and its end is published before its start is answered."""
    job = service.start(NotificationChannel=CHANNEL, JobTag="walks:1")
    assert [
        (
            TOPIC,
            {
                "JobId": job,
                "Status": "SUCCEEDED",
                "API": "StartFaceDetection",
                "JobTag": "walks:1",
                "Timestamp": 1_750_000_000_000,
                "Video": {"S3ObjectName": "short.mp4", "S3Bucket": "videos"},
            },
        )
    ] == service.nearby.sent


def test_a_stopped_clock_finishes_a_job_when_it_is_advanced(service):
    """A job that takes 30 seconds is in progress until then, and its end is published once."""
    service.backend.jobs.takes = 30
    job = service.start(NotificationChannel=CHANNEL)
    service.backend.clock.advance(29.999)
    answer = service("GetFaceDetection", JobId=job)
    assert ("IN_PROGRESS", [], False) == (answer["JobStatus"], answer["Faces"], "VideoMetadata" in answer)
    assert [] == service.nearby.sent
    service.backend.clock.advance(0.001)
    (sent,) = service.nearby.sent
    assert ("SUCCEEDED", 1_750_000_030_000) == (sent[1]["Status"], sent[1]["Timestamp"])
    assert "JobTag" not in sent[1]
    assert 1 == len(service("GetFaceDetection", JobId=job)["Faces"])
    service.backend.clock.advance(1000)
    assert [sent] == service.nearby.sent


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_running_clock_finishes_a_job_by_itself():
    """On the machine's own time jobs end without being asked, in the order in which they are due, once each."""
    service = Service()
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    service.backend.jobs.takes = 1200
    late = service.start(NotificationChannel=CHANNEL)
    service.backend.jobs.takes = 600
    early = service.start(NotificationChannel=CHANNEL)
    for ended in ([], [early], [early, late]):
        until(lambda ended=ended: len(service.nearby.sent) == len(ended))
        assert ended == [message["JobId"] for _, message in service.nearby.sent]
        status = service("GetFaceDetection", JobId=early)["JobStatus"]
        assert ("SUCCEEDED" if ended else "IN_PROGRESS") == status
        service.backend.clock.advance(599.9)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=late)["JobStatus"]
    until(lambda: threads() == [])


def threads():
    """Return the threads of jobs; others may have timers too, as pytest-timeout has."""
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    return [timer for timer in timers if timer.function.__module__ == Jobs.__module__]


def test_advancing_a_running_clock_finishes_what_is_due():
    """A clock that runs can be moved on as well: what is due then is done at once, the rest in its time."""
    service = Service()
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    service.backend.jobs.takes = 3600
    first = service.start(NotificationChannel=CHANNEL)
    service.backend.jobs.takes = 7200
    second = service.start(NotificationChannel=CHANNEL)
    service.backend.clock.advance(3601)
    assert [first] == [message["JobId"] for _, message in service.nearby.sent]
    service.backend.clock.stop()
    assert [] == [thread for thread in threads() if not thread.finished.is_set()]
    service.backend.clock.advance(3600)
    assert [first, second] == [message["JobId"] for _, message in service.nearby.sent]


@pytest.mark.parametrize("end", ["close", "forget"])
def test_no_thread_outlives_the_backend(end):
    """A backend that is closed, or just forgotten, leaves no thread and finishes nothing."""
    service = Service()
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    service.backend.jobs.takes = 60
    service.start(NotificationChannel=CHANNEL)
    assert 1 == len(threads())
    if end == "close":
        service.backend.close()
    else:
        service.backend = None
        gc.collect()
    until(lambda: threads() == [])
    assert [] == service.nearby.sent


class Slow:
    """Looks at each frame for a while, and tells when it began."""

    def __init__(self, monkeypatch, detector):
        self.begun, self.frames = threading.Event(), 0
        monkeypatch.setattr(type(detector), "look", self.look)

    def look(self, _):
        self.frames += 1
        self.begun.set()
        time.sleep(0.3)
        return []


def test_closing_breaks_off_the_job_that_is_being_looked_at(service, monkeypatch):
    """Once a backend is closed no thread is left, nothing is published, and the job is never finished."""
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    slow = Slow(monkeypatch, service.backend.detector)
    service.backend.jobs.takes = 0.01
    job = service.start(key="walk.mp4", NotificationChannel=CHANNEL)
    assert slow.begun.wait(20)
    service.backend.close()
    assert ([], []) == (threads(), service.nearby.sent)
    assert slow.frames < 4
    service.backend.clock.advance(60)
    assert ("IN_PROGRESS", []) == (service("GetFaceDetection", JobId=job)["JobStatus"], service.nearby.sent)


@pytest.mark.parametrize("is_stopped", [True, False])
def test_jobs_in_the_background_hold_up_no_start(monkeypatch, is_stopped):
    """Starts are answered at once, whatever the clock does; the jobs end one after the other, by themselves."""
    service, gate, looking = Service(), threading.Event(), []
    if not is_stopped:
        service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    looked = Job.run

    def run(self, look):
        looking.append(self.job_id)
        gate.wait(20)
        looked(self, look)

    monkeypatch.setattr(Job, "run", run)
    service.backend.jobs.in_background = True
    jobs = [service.start(NotificationChannel=CHANNEL) for _ in range(3)]
    until(lambda: looking)
    time.sleep(0.1)
    assert ["IN_PROGRESS"] * 3 == [service("GetFaceDetection", JobId=job)["JobStatus"] for job in jobs]
    assert 1 == len(looking)
    gate.set()
    until(lambda: len(service.nearby.sent) == 3)
    assert ["SUCCEEDED"] * 3 == [service("GetFaceDetection", JobId=job)["JobStatus"] for job in jobs]
    until(lambda: threads() == [])
    assert sorted(jobs) == sorted(looking)


def test_a_job_in_the_background_takes_what_it_is_told(service):
    """With a stopped clock and `takes`, a job in the background is finished when the clock is advanced."""
    service.backend.jobs.in_background = True
    service.backend.jobs.takes = 30
    job = service.start()
    assert ([], "IN_PROGRESS") == (threads(), service("GetFaceDetection", JobId=job)["JobStatus"])
    service.backend.clock.advance(30)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]


def test_closing_ends_what_is_in_the_background(service, monkeypatch):
    """Once a backend is closed neither the job that was looked at goes on, nor one that was to come next."""
    slow = Slow(monkeypatch, service.backend.detector)
    service.backend.jobs.in_background = True
    jobs = [service.start(key="walk.mp4", NotificationChannel=CHANNEL) for _ in range(3)]
    assert slow.begun.wait(20)
    service.backend.close()
    assert ([], []) == (threads(), service.nearby.sent)
    assert slow.frames < 4
    assert ["IN_PROGRESS"] * 3 == [service("GetFaceDetection", JobId=job)["JobStatus"] for job in jobs]


def test_what_holds_up_a_thread_can_be_broken_off(service, monkeypatch):
    """The job that a thread's start waits for ends at its next frame; those of others and later ones go on."""
    slow = Slow(monkeypatch, service.backend.detector)
    service.backend.jobs.takes = 60
    late = service.start()
    service.backend.jobs.takes = 0
    idents = []

    def start():
        idents.append(threading.get_ident())
        return service.start(key="walk.mp4")

    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(start)
        assert slow.begun.wait(20)
        service.backend.jobs.break_off({threading.get_ident()})
        assert not started.done()
        service.backend.jobs.break_off(set(idents))
        held = started.result(20)
    assert slow.frames < 4
    service.backend.clock.advance(60)
    statuses = [service("GetFaceDetection", JobId=job)["JobStatus"] for job in (late, held)]
    assert ["SUCCEEDED", "IN_PROGRESS"] == statuses


def test_a_start_that_waits_for_another_threads_work_is_not_held_up(service, monkeypatch):
    """Where a clock's thread looks at the job of a start that waits, the start's thread can still be let go."""
    slow, jobs, opened = Slow(monkeypatch, service.backend.detector), service.backend.jobs, Jobs.open
    idents, pool = [], ThreadPoolExecutor(2)

    def open_and_lose(self, job, clock):
        opened(self, job, clock)
        idents.append(threading.get_ident())
        pool.submit(self.settle)
        assert slow.begun.wait(20)

    monkeypatch.setattr(Jobs, "open", open_and_lose)
    with pool:
        started = pool.submit(service.start, key="walk.mp4")
        until(lambda: any(job.starter for job in list(jobs._jobs.values())))
        jobs.break_off(set(idents))
        held = started.result(20)
    assert slow.frames < 4
    assert "IN_PROGRESS" == service("GetFaceDetection", JobId=held)["JobStatus"]


def test_a_closed_backend_takes_new_jobs(service):
    """Jobs that were dropped do not count as running, and a harness that is opened again is as good as new."""
    service.backend.jobs.takes = 60
    for _ in range(20):
        service.start()
    service.backend.close()
    job = service.start(NotificationChannel=CHANNEL)
    service.backend.clock.advance(60)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]
    assert [job] == [message["JobId"] for _, message in service.nearby.sent]


@pytest.mark.parametrize("end", ["backend.close()", "pass"])
def test_the_process_ends_well_while_a_job_runs(tmp_path, end):
    """The interpreter may end in the middle of an analysis, whether or not somebody has closed the backend."""
    (tmp_path / "long.mp4").write_bytes(draw_video(2, fps=2, duration=20_000, width=640, height=480).bytes)
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from pytest_rekognition import Call\n"
        "from pytest_rekognition.backends.reference import ReferenceBackend\n"
        "class Nearby:\n"
        "    def read(self, *_): return Path(sys.argv[1]).read_bytes()\n"
        "backend = ReferenceBackend('haar', neighbours=Nearby())\n"
        "backend.jobs.takes = 0.01\n"
        "video = {'S3Object': {'Bucket': 'videos', 'Name': 'long.mp4'}}\n"
        "job = backend.reply(Call('StartFaceDetection', {'Video': video})).response['JobId']\n"
        "time.sleep(0.2)\n"
        "print(backend.reply(Call('GetFaceDetection', {'JobId': job})).response['JobStatus'])\n"
        f"{end}\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "long.mp4")]
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (0, "IN_PROGRESS\n", "") == (run.returncode, run.stdout, run.stderr)


def test_advancing_waits_until_the_end_is_published(service):
    """What a clock has brought about is published when advancing it returns, whichever thread does so."""
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    begun, sent = threading.Event(), []

    def publish(*message):
        begun.set()
        time.sleep(0.3)
        sent.append(message)

    service.nearby.publisher = lambda _: publish
    service.backend.jobs.takes = 0.01
    service.start(NotificationChannel=CHANNEL)
    assert begun.wait(20)
    service.backend.clock.advance(0)
    assert 1 == len(sent)


@pytest.mark.parametrize("act", ["advance", "close", "start"])
def test_who_is_told_may_use_the_service(service, act):
    """A subscriber that runs in the publishing thread can move the clock, close the backend, and start a job."""
    sent, backend = [], service.backend

    def publish(_, message):
        sent.append(message)
        if len(sent) == 1:
            {"advance": lambda: backend.clock.advance(60), "close": backend.close, "start": service.start}[act]()

    service.nearby.publisher = lambda _: publish
    job = service.start(NotificationChannel=CHANNEL)
    assert [job] == [json.loads(message)["JobId"] for message in sent]
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]


@pytest.mark.parametrize("takes", [-1, "30", None, float("inf"), float("nan"), True])
def test_a_time_that_makes_no_sense_is_refused(takes):
    """A job takes 0 seconds or more."""
    with pytest.raises(UsageError, match=r"takes is .*: a number of seconds is needed, 0 or more"):
        Jobs().takes = takes


def test_a_short_job_does_not_wait_for_a_long_one(monkeypatch):
    """A start whose job takes no time is answered while another job is being looked at."""
    service, gate, begun = Service(), threading.Event(), threading.Event()
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    looked = Job.run

    def run(self, look):
        if self.operation == "StartPersonTracking":
            begun.set()
            gate.wait(20)
        looked(self, look)

    monkeypatch.setattr(Job, "run", run)
    service.backend.jobs.takes = 0.05
    long = service.start("PersonTracking")
    assert begun.wait(20)
    service.backend.jobs.takes = 0
    short = service.start()
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=short)["JobStatus"]
    assert "IN_PROGRESS" == service("GetPersonTracking", JobId=long)["JobStatus"]
    gate.set()
    service.backend.clock.advance(0)  # waits for what is due, whoever looks at it
    assert "SUCCEEDED" == service("GetPersonTracking", JobId=long)["JobStatus"]


def test_an_interrupted_job_has_failed(service, monkeypatch):
    """A job whose analysis is interrupted from the keyboard fails, and holds up no other."""
    detector = type(service.backend.detector)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(detector, "look", interrupt)
        with pytest.raises(KeyboardInterrupt):
            service.start(ClientRequestToken="one")
    answer = service("GetFaceDetection", JobId=service.start(ClientRequestToken="one"))
    assert ("FAILED", "Internal server error") == (answer["JobStatus"], answer["StatusMessage"])
    service.backend.clock.advance(1)


def test_a_job_may_take_longer_than_any_timer(service):
    """A running clock copes with jobs that take years."""
    service.backend = ReferenceBackend("haar", neighbours=service.nearby)
    service.backend.jobs.takes = 1e11
    job = service.start()
    assert "IN_PROGRESS" == service("GetFaceDetection", JobId=job)["JobStatus"]
    service.backend.clock.advance(1e11)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]


def test_results_are_kept_for_seven_days(service):
    """After a week a job is as if it had never been."""
    job = service.start()
    service.backend.clock.advance(WEEK - 1)
    assert 1 == len(service("GetFaceDetection", JobId=job)["Faces"])
    service.backend.clock.advance(1)
    assert ("ResourceNotFoundException", "Could not find JobId") == refusal(service, "GetFaceDetection", JobId=job)


def test_a_job_is_found_by_its_own_kind_and_region_alone(service):
    """An unknown id, another kind's and another region's are not found."""
    job = service.start()
    for operation, asked in (
        ("GetFaceDetection", {"JobId": "0" * 64}),
        ("GetPersonTracking", {"JobId": job}),
        ("GetFaceSearch", {"JobId": job}),
        ("GetFaceDetection", {"JobId": job, "region": "eu-west-1"}),
    ):
        assert "ResourceNotFoundException" == refusal(service, operation, **asked)[0]


def test_twenty_jobs_run_at_a_time(service):
    """The 21st job of a region is refused until one is finished; another region has twenty of its own."""
    service.backend.jobs.takes = 60
    for _ in range(20):
        service.start()
    refused = refusal(service.start)
    message = "20 open Jobs for User arn:aws:iam::123456789012:root Maximum limit: 20"
    assert ("LimitExceededException", message) == refused
    assert service.start(region="eu-west-1")
    service.backend.clock.advance(60)
    assert service.start()


def test_a_job_that_is_being_looked_at_is_in_progress(service, monkeypatch):
    """Asked for in the middle of its analysis, a job is in progress, without results."""
    service.backend.jobs.takes = 1
    job = service.start()
    answers, looked = [], Job.run

    def run(self, look):
        looked(self, look)
        answers.append(service("GetFaceDetection", JobId=job))

    monkeypatch.setattr(Job, "run", run)
    service.backend.clock.advance(1)
    assert [("IN_PROGRESS", [])] == [(answer["JobStatus"], answer["Faces"]) for answer in answers]
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]


# --- tokens of starts ------------------------------------------------------------------------------------------


def test_a_start_with_a_token_is_done_once(service):
    """The same start with the same token is the same job for a week, and nothing is done or published again."""
    asked = {"ClientRequestToken": "once", "NotificationChannel": CHANNEL}
    job = service.start(**asked)
    del service.nearby.objects["short.mp4"]
    assert job == service.start(**asked)
    assert 1 == len(service.nearby.sent)
    service.nearby.objects["short.mp4"] = SHORT.bytes
    service.backend.clock.advance(WEEK - 1)
    assert job == service.start(**asked)
    service.backend.clock.advance(1)
    assert job != service.start(**asked)


def test_a_start_is_remembered_beyond_its_collection(service):
    """A token of StartFaceSearch brings its job for as long as that is kept, also when the collection is gone."""
    asked = {"CollectionId": "staff", "ClientRequestToken": "once"}
    job = service.start("FaceSearch", **asked)
    service("DeleteCollection", CollectionId="staff")
    assert job == service.start("FaceSearch", **asked)
    assert "SUCCEEDED" == service("GetFaceSearch", JobId=job)["JobStatus"]


def test_a_token_is_good_for_one_start(service):
    """With the same token, another start of the same kind is refused; one of another kind is its own job."""
    job = service.start(ClientRequestToken="once")
    assert (
        "IdempotentParameterMismatchException"
        == refusal(service.start, ClientRequestToken="once", JobTag="another")[0]
    )
    assert job != service.start("PersonTracking", ClientRequestToken="once")


def test_a_refused_start_does_not_use_its_token_up(service):
    """What was refused can be tried again with the same token."""
    assert "InvalidS3ObjectException" == refusal(service.start, key="late.mp4", ClientRequestToken="again")[0]
    service.nearby.objects["late.mp4"] = SHORT.bytes
    assert service.start(key="late.mp4", ClientRequestToken="again")


def test_starts_at_the_same_time_are_one_job():
    """Eight threads that start with one token get one id of a finished job, whose end is published once."""
    service = Service()
    with ThreadPoolExecutor(8) as pool:
        asked = {"ClientRequestToken": "once", "NotificationChannel": CHANNEL}
        started = [pool.submit(service.start, **asked) for _ in range(8)]
        (job,) = {future.result() for future in started}
    assert 1 == len(service.nearby.sent)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]


def test_jobs_of_many_threads_are_done_when_they_are_started():
    """Whoever's thread looks at a video, its start is answered when that is done, and once."""
    service = Service()

    def start():
        job = service.start(NotificationChannel=CHANNEL)
        return job, service("GetFaceDetection", JobId=job)["JobStatus"]

    with ThreadPoolExecutor(8) as pool:
        done = [future.result() for future in [pool.submit(start) for _ in range(16)]]
    assert {"SUCCEEDED"} == {status for _, status in done}
    assert sorted(job for job, _ in done) == sorted(message["JobId"] for _, message in service.nearby.sent)


# --- failures --------------------------------------------------------------------------------------------------


def test_a_job_on_no_video_fails(service):
    """A file that is no video is taken; its job fails, says why, and its message tells the same."""
    job = service.start(key="broken.mp4", NotificationChannel=CHANNEL)
    answer = service("GetFaceDetection", JobId=job)
    failed = ("FAILED", "Unsupported codec/format.", [])
    assert failed == (answer["JobStatus"], answer["StatusMessage"], answer["Faces"])
    assert "FAILED" == service.nearby.sent[0][1]["Status"]
    assert 1 == len(service("GetFaceDetection", JobId=service.start())["Faces"])


def test_a_video_that_is_not_there_is_refused(service):
    """A missing object, and a Video that names none, start no job."""
    message = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
    assert ("InvalidS3ObjectException", message) == refusal(service.start, key="missing.mp4")
    nameless = Call("StartFaceDetection", {"Video": {}})  # a request that breaks the contract
    assert "InvalidParameterException" == refusal(service.backend.reply, nameless)[0]


def test_a_video_that_is_too_large_is_refused(service, monkeypatch):
    """More bytes, or a longer time, than the service takes start no job."""
    monkeypatch.setattr(handlers, "MAX_BYTES", 1000)
    assert (
        "VideoTooLargeException",
        "Video size in bytes: 1001 is more than the maximum limit of: 1000 bytes.",
    ) == refusal(service.start)
    monkeypatch.setattr(handlers, "MAX_BYTES", 10**6)
    monkeypatch.setattr(handlers, "MAX_DURATION", 299)
    assert "VideoTooLargeException" == refusal(service.start)[0]
    monkeypatch.setattr(handlers, "MAX_DURATION", 300)
    assert service.start()


def test_a_search_needs_its_collection(service):
    """A collection that is missing refuses the start; one that is deleted meanwhile fails the job."""
    missing = ("ResourceNotFoundException", "The collection id: nobody does not exist")
    assert missing == refusal(service.start, "FaceSearch", CollectionId="nobody")
    service.backend.jobs.takes = 5
    job = service.start("FaceSearch", CollectionId="staff")
    service("DeleteCollection", CollectionId="staff")
    service.backend.clock.advance(5)
    answer = service("GetFaceSearch", JobId=job)
    assert ("FAILED", "The collection id: staff does not exist") == (answer["JobStatus"], answer["StatusMessage"])


def test_a_message_that_cannot_be_published_is_told(service, caplog):
    """Where SNS refuses, the job stays as it is, and a warning says why."""

    def refuse(*_):
        raise RuntimeError("the topic is closed")

    service.nearby.publisher = lambda _: refuse
    job = service.start(NotificationChannel=CHANNEL)
    assert "SUCCEEDED" == service("GetFaceDetection", JobId=job)["JobStatus"]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    expected = f"the end of job {job} could not be published to {TOPIC}: the topic is closed"
    assert ("pytest_rekognition", expected) == (record.name, record.getMessage())


def test_without_sns_a_channel_is_refused(service):
    """Where there is no SNS, a start that wants a message says so, and one that wants none is done."""
    service.backend = ReferenceBackend("haar")
    with pytest.raises(NoReferenceError, match="leave NotificationChannel away"):
        service.start(NotificationChannel=CHANNEL)


def test_without_opencv_a_start_says_what_to_install():
    """Where OpenCV is not installed, the start says so, and the package imports all the same."""
    script = (
        "import sys; sys.modules['cv2'] = None\n"
        "from pytest_rekognition import Call, MissingDependencyError\n"
        "from pytest_rekognition.backends.reference import ReferenceBackend\n"
        "class Nearby:\n"
        "    def read(self, *_): return b'video'\n"
        "video = {'S3Object': {'Bucket': 'videos', 'Name': 'visit.mp4'}}\n"
        "try: ReferenceBackend('haar', neighbours=Nearby()).reply(Call('StartFaceDetection', {'Video': video}))\n"
        "except MissingDependencyError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "looking at videos needs OpenCV" in run.stdout


def test_a_mistake_is_raised_to_who_asks(service, monkeypatch):
    """What goes wrong here, and not with the video, fails the job, and is raised to who asks for its results."""
    detector = type(service.backend.detector)
    monkeypatch.setattr(detector, "look", lambda *_: 1 / 0)
    job = service.start(NotificationChannel=CHANNEL)
    assert "FAILED" == service.nearby.sent[0][1]["Status"]
    with pytest.raises(ReferenceFailedError, match="GetFaceDetection: ZeroDivisionError"):
        service("GetFaceDetection", JobId=job)


def test_an_interlaced_video_is_a_mistake_where_opencv_cannot_read_it(service, monkeypatch, tmp_path):
    """Its start is answered, its job fails, and who asks for its results is told what to do."""
    monkeypatch.setattr(reading, "reads_interlaced", lambda: False)
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    source, target = SHORT.save(tmp_path / "drawn.mp4"), tmp_path / "interlaced.mp4"
    options = ["-vf", "setfield=tff", "-flags", "+ilme+ildct", "-c:v", "libx264"]
    subprocess.run([program, "-loglevel", "error", "-i", source, *options, target], check=True)
    service.nearby.objects["interlaced.mp4"] = target.read_bytes()
    job = service.start(key="interlaced.mp4", NotificationChannel=CHANNEL)
    assert "FAILED" == service.nearby.sent[0][1]["Status"]
    with pytest.raises(NoReferenceError, match="cannot read interlaced video"):
        service("GetFaceDetection", JobId=job)


def test_a_long_job_tells_how_far_it_is(service, monkeypatch, caplog):
    """Every few seconds a line at INFO says how much of which video was looked at, and what is left."""
    monkeypatch.setattr(analysis, "_TOLD_EVERY", 0.0)
    with caplog.at_level(logging.INFO, "pytest_rekognition"):
        service.start(key="walk.mp4")
    lines = [record.getMessage() for record in caplog.records]
    assert 4 == len(lines)
    assert "StartFaceDetection of walk.mp4: 0 % of 2.0 s" == lines[0]
    assert lines[2].startswith("StartFaceDetection of walk.mp4: 50 % of 2.0 s, about ")


def test_no_file_is_left_by_any_job(service, monkeypatch, tmp_path):
    """The files that are looked at are gone, whatever becomes of the job."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for key in ("walk.mp4", "broken.mp4"):
        service.start(key=key)
    service.backend.jobs.takes = 10
    service.start()
    assert [] == list(tmp_path.iterdir())


# --- parts -----------------------------------------------------------------------------------------------------

EDGES = st.floats(-0.25, 1.25)
BOXES = st.builds(Box, EDGES, EDGES, st.floats(0.001, 1.0), st.floats(0.001, 1.0))
SIDES = st.integers(1, 4000)


@given(BOXES, SIDES, SIDES)
def test_a_box_on_whole_pixels_lies_in_the_frame_about_the_box(box, across, down):
    """Every edge lies between pixels, none outside, and what the frame has of the box is inside."""
    snapped = on_whole_pixels(box, across, down)
    for low, size, side in ((snapped.left, snapped.width, across), (snapped.top, snapped.height, down)):
        assert math.isclose(low * side, round(low * side), abs_tol=1e-6)
        assert round(size * side) >= 1
        assert 0 <= round(low * side) <= round((low + size) * side) <= side
    if 0 <= box.left < 1 and 0 <= box.top < 1:
        assert snapped.left <= box.left + 1e-9
        assert snapped.right >= min(1, box.right) - 1e-9
        assert snapped.bottom >= min(1, box.bottom) - 1e-9


def unit(angle):
    return np.array([math.cos(angle), math.sin(angle)], np.float32)


def alike(cosine):
    return 100.0 * max(0.0, cosine)


@given(st.lists(st.lists(st.tuples(EDGES, st.floats(0, 6)), max_size=4), max_size=5))
def test_a_person_is_in_a_sample_once(samples):
    """Whatever the faces, no two of a sample are one person, and new persons are numbered on."""
    tracker, most = Tracker(alike), -1
    for sample in samples:
        indices = tracker.follow([(Box(left, 0.2, 0.3, 0.3), unit(angle)) for left, angle in sample])
        assert len(set(indices)) == len(indices) == len(sample)
        new = [index for index in indices if index > most]
        assert list(range(most + 1, most + 1 + len(new))) == new
        most += len(new)
    assert most < sum(map(len, samples))


def test_a_person_who_comes_back_is_known_again():
    """Who was away, and appears elsewhere, has the same index where the vectors are alike, and a new one else."""
    tracker, here, there = Tracker(alike), Box(0.1, 0.1, 0.2, 0.2), Box(0.7, 0.7, 0.2, 0.2)
    assert [0] == tracker.follow([(here, unit(0))])
    assert [] == tracker.follow([])
    assert [1, 0] == tracker.follow([(here, unit(2)), (there, unit(0.1))])


def test_a_person_who_turns_away_is_followed_by_place():
    """A face whose vector changes is the same person where it lay in the sample before, not longer ago."""
    tracker, here = Tracker(alike), Box(0.1, 0.1, 0.2, 0.2)
    assert [0] == tracker.follow([(here, unit(0))])
    assert [0] == tracker.follow([(Box(0.12, 0.1, 0.2, 0.2), unit(1.5))])
    assert [] == tracker.follow([])
    assert [1] == tracker.follow([(here, unit(3))])


def test_likeness_counts_more_than_place():
    """Two persons who change places keep their indices."""
    tracker, here, there = Tracker(alike), Box(0.1, 0.1, 0.2, 0.2), Box(0.7, 0.7, 0.2, 0.2)
    assert [0, 1] == tracker.follow([(here, unit(0)), (there, unit(1.5))])
    assert [1, 0] == tracker.follow([(here, unit(1.5)), (there, unit(0))])


def test_numbers_are_single_precision(service):
    """Every fraction of an answer is a 32-bit float, as the service's are."""

    def fractions(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [number for member in value for number in fractions(member)]
        return [value] if isinstance(value, float) else []

    service.index(ANNA, "anna")
    job = service.start("FaceSearch", CollectionId="staff")
    numbers = fractions(service("GetFaceSearch", JobId=job))
    assert len(numbers) > 20
    assert [] == [number for number in numbers if number != single(number)]
