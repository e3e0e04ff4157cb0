"""The whole way of a video, with real clients: into S3, started, told by SNS to a queue, and got page by page."""

import json
import re
import threading
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pytest_rekognition import DrawnFace, MovingFace, Rekognition, draw, draw_video

REGION = "eu-west-1"
ANNA = DrawnFace(place=(0.3, 0.5), size=0.45)
BOB = DrawnFace(place=(0.72, 0.5), size=0.4, skin="dark", hair="black", beard=True, eyeglasses=True)
STORED = {"S3Object": {"Bucket": "videos", "Name": "visit.mp4"}}
VIDEO = draw_video([MovingFace({0: ANNA}, leaves=1200), BOB])


@pytest.fixture
def aws(monkeypatch, no_aws):  # noqa: ARG001  for what it takes away
    """Start moto, with a bucket that has the video, and a topic whose messages a queue receives."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    with mock_aws():
        s3, sns, sqs = (boto3.client(service, REGION) for service in ("s3", "sns", "sqs"))
        s3.create_bucket(Bucket="videos", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="videos", Key="visit.mp4", Body=VIDEO.bytes)
        topic = sns.create_topic(Name="AmazonRekognitionDone")["TopicArn"]
        queue = sqs.create_queue(QueueName="done")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        channel = {"SNSTopicArn": topic, "RoleArn": "arn:aws:iam::123456789012:role/publisher"}

        def received():
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(json.loads(message["Body"])["Message"]) for message in found]

        yield channel, received


@pytest.fixture
def rekognition(aws):  # noqa: ARG001  within moto
    """Return a harness in mode reference, which reads from moto's S3 and publishes to its SNS."""
    with Rekognition(mode="reference", engine="haar", embedder="descriptor") as harness:
        yield harness
        harness.reference.close()


def test_the_example_of_the_documentation_holds(run, no_aws):  # noqa: ARG001  for what it takes away
    """docs/videos.md's first example works as printed, given an application that counts persons."""
    page = (Path(__file__).resolve().parents[1] / "docs" / "videos.md").read_text("utf-8")
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    application = """
        import boto3

        def count_visitors(bucket, key):
            client = boto3.client("rekognition", "us-east-1")
            job = client.start_person_tracking(Video={"S3Object": {"Bucket": bucket, "Name": key}})["JobId"]
            persons = client.get_person_tracking(JobId=job)["Persons"]
            return len({person["Person"]["Index"] for person in persons})
    """
    result = run(f"import pytest\nimport my_app\n{example}", files={"my_app": application})
    result.assert_outcomes(passed=1)


def test_a_video_is_searched_for_the_faces_of_a_collection(rekognition, aws):
    """Upload, index, start, receive the end from a queue, and get every page with boto3's own clients."""
    channel, received = aws
    client = boto3.client("rekognition", REGION)
    client.create_collection(CollectionId="staff")
    image = draw([BOB], width=320, height=240).bytes
    client.index_faces(CollectionId="staff", Image={"Bytes": image}, ExternalImageId="bob")
    job = client.start_face_search(
        Video=STORED, CollectionId="staff", NotificationChannel=channel, JobTag="visits", ClientRequestToken="one"
    )["JobId"]
    (message,) = received()
    assert (job, "SUCCEEDED", "StartFaceSearch", "visits") == (
        message["JobId"],
        message["Status"],
        message["API"],
        message["JobTag"],
    )
    assert {"S3ObjectName": "visit.mp4", "S3Bucket": "videos"} == message["Video"]
    persons, token = [], {}
    while True:
        page = client.get_face_search(JobId=job, MaxResults=2, **token)
        persons += page["Persons"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    bobs = [item["Timestamp"] for item in persons if "FaceMatches" in item]
    assert [0, 500, 1000, 1500] == bobs
    assert 7 == len(persons)
    assert [] == rekognition.problems()


def test_a_job_takes_its_time(rekognition, aws):
    """With a stopped clock the queue stays empty until the clock is advanced."""
    channel, received = aws
    rekognition.clock.stop()
    rekognition.jobs.takes = 30
    client = boto3.client("rekognition", REGION)
    job = client.start_face_detection(Video=STORED, NotificationChannel=channel)["JobId"]
    assert "IN_PROGRESS" == client.get_face_detection(JobId=job)["JobStatus"]
    assert [] == received()
    rekognition.clock.advance(30)
    assert [job] == [message["JobId"] for message in received()]
    answer = client.get_face_detection(JobId=job)
    assert ("SUCCEEDED", 7) == (answer["JobStatus"], len(answer["Faces"]))


def test_a_running_clock_tells_the_queue_by_itself(rekognition, aws):
    """On the machine's own time the message comes from another thread, with the credentials of the start."""
    channel, received = aws
    rekognition.jobs.takes = 0.2
    job = boto3.client("rekognition", REGION).start_face_detection(Video=STORED, NotificationChannel=channel)
    # not by asking: moto's queues lose messages that come while they are read; a timer that is early sets another
    while timers := [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        timers[0].join(20)
    assert [job["JobId"]] == [message["JobId"] for message in received()]


def test_a_missing_video_starts_no_job(rekognition, aws):  # noqa: ARG001  answers
    """What is not in the bucket is refused as the service refuses it, and told to nobody."""
    channel, received = aws
    client = boto3.client("rekognition", REGION)
    missing = {"S3Object": {"Bucket": "videos", "Name": "missing.mp4"}}
    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.start_face_detection(Video=missing, NotificationChannel=channel)
    assert [] == received()
