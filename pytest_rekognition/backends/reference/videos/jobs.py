"""Jobs: analyses of videos that are started, take their time, are published, and are kept for a week."""

from __future__ import annotations

import atexit
import json
import logging
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pytest_rekognition.backends.reference.clock import checked_seconds
from pytest_rekognition.backends.reference.refusals import not_found
from pytest_rekognition.backends.reference.region import ACCOUNT
from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pytest_rekognition.backends.reference.clock import Clock
    from pytest_rekognition.backends.reference.neighbours import Publish

#: "Amazon Rekognition Video supports a maximum of 20 concurrent jobs per account" (Guidelines and quotas); counted
#: in each region by itself, as everything else of an account is
MOST_JOBS: Final = 20
#: seconds: "Amazon Rekognition retains the results of a video analysis operation for 7 days"
KEPT: Final = 7 * 24 * 3600
_MILLISECONDS: Final = 1000
#: seconds, the shortest time that a timer is set to, and the longest: some systems know none of more than 49 days
_SHORTEST: Final = 0.001
_LONGEST: Final = 3600.0
#: what a job's status says that failed by a mistake of this project, as the service's own error does
_MISTAKE: Final = "Internal server error"
_LOGGER: Final = logging.getLogger("pytest_rekognition")
#: the jobs of every service of this process
_EVERYBODYS: Final[weakref.WeakSet[Jobs]] = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class Findings:
    """What an analysis found."""

    #: the `VideoMetadata` structure
    metadata: Mapping[str, Any]
    #: the results as JSON: a long video has many, and a text takes a fifth of the memory
    items: tuple[str, ...]
    #: by the values of `SortBy`, the numbers of the results in that order
    orders: Mapping[str, Sequence[int]]


#: looks at a job's video, until the event is set; then raises `DroppedJobError`
Look: TypeAlias = "Callable[[threading.Event], Findings]"


class FailedJobError(Exception):
    """An analysis that ends in the status FAILED; its text is the `StatusMessage`."""


class DroppedJobError(Exception):
    """An analysis that breaks off, because nobody wants it any more."""


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """One analysis of a video."""

    job_id: str
    #: the operation that started it, such as `StartFaceDetection`
    operation: str
    #: the region's name
    region: str
    request: Mapping[str, Any]
    #: looks at the video; raises `FailedJobError` or `ServiceError` for a job that fails. Whoever finishes the job
    #: takes it away.
    look: Look | None
    #: tells the topic of `NotificationChannel`, if there is one
    publish: Publish | None
    #: seconds since the epoch
    due: float = 0.0
    #: the thread that finishes it, or has
    thread: int | None = None
    #: the thread whose start is not answered before it is finished; it need not be the one that finishes it
    starter: int | None = None
    #: set when the service is closed, or who waits for it gives up, before it is finished: it rests for ever
    dropped: threading.Event = field(default_factory=threading.Event)
    #: set when nothing more will become of it: it was finished and its end published, or it was dropped
    settled: threading.Event = field(default_factory=threading.Event)
    #: seconds since the epoch, or None where it is not finished
    finished: float | None = None
    findings: Findings | None = None
    #: the `StatusMessage` of a job that failed
    failure: str | None = None
    #: what went wrong where that is no failure that the service has: it is raised to who asks for the results
    mistake: Exception | None = None
    #: when each `NextToken` was given out, in seconds since the epoch
    tokens: dict[str, float] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """`JobStatus`."""
        if self.finished is None:
            return "IN_PROGRESS"
        return "FAILED" if self.findings is None else "SUCCEEDED"

    @property
    def is_open(self) -> bool:
        """Whether it is neither finished nor dropped."""
        return self.finished is None and not self.dropped.is_set()

    def run(self, look: Look) -> None:
        """Look at the video, and keep what was found or what failed."""
        self.failure = _MISTAKE  # of a job that is interrupted, too
        try:
            self.findings = look(self.dropped)
        except FailedJobError as failed:
            self.failure = str(failed)
        except ServiceError as refused:
            self.failure = refused.message
        except DroppedJobError:
            pass
        except Exception as mistake:  # noqa: BLE001  told to who asks: it may come up in a timer's thread
            self.mistake = mistake

    def is_over(self, now: float) -> bool:
        """Tell whether its results are no longer kept."""
        return self.finished is not None and now >= self.finished + KEPT

    def announce(self) -> None:
        """Publish how it ended; where that fails, a warning is logged and the job stays as it is."""
        if self.publish is None:
            return
        topic = self.request["NotificationChannel"]["SNSTopicArn"]
        try:
            self.publish(topic, self._message())
        except Exception as reason:  # noqa: BLE001  whatever SNS answers, the results are there
            _LOGGER.warning("the end of job %s could not be published to %s: %s", self.job_id, topic, reason)

    def _message(self) -> str:
        """Return the completion message, member for member as a recorded one."""
        place = self.request["Video"]["S3Object"]
        tag = {"JobTag": self.request["JobTag"]} if self.request.get("JobTag") else {}
        message = {
            "JobId": self.job_id,
            "Status": self.status,
            "API": self.operation,
            **tag,
            "Timestamp": round((self.finished or 0.0) * _MILLISECONDS),
            "Video": {"S3ObjectName": place["Name"], "S3Bucket": place["Bucket"]},
        }
        return json.dumps(message, separators=(",", ":"))


class Jobs:
    """The jobs of all regions, and how long they take.

    A job is finished as soon as `takes` seconds have passed on the service's clock. At 0 that is before its start
    is answered, in the caller's own thread. Else a stopped clock finishes it when it is advanced, in that thread,
    and a running clock in one of its own.
    """

    __slots__ = ("__weakref__", "_alarm", "_clock", "_jobs", "_lock", "_takes", "in_background")

    def __init__(self) -> None:
        #: Whether a start is answered at once even where `takes` is 0, and its job is finished in a thread of its
        #: own, one job after the other. A test gets its results without waiting; who serves callers that give up
        #: after a while, and start anew, wants the service's own way.
        self.in_background = False
        self._takes = 0.0
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._clock: Clock | None = None
        self._alarm = _Alarm()
        weakref.finalize(self, self._alarm.cancel)
        _EVERYBODYS.add(self)

    @property
    def takes(self) -> float:
        """The seconds that a job takes from its start on, 0 or more."""
        return self._takes

    @takes.setter
    def takes(self, seconds: float) -> None:
        self._takes = checked_seconds(seconds, "takes")

    def open(self, job: Job, clock: Clock) -> None:
        """Add a job, which `begin` then begins.

        Raises `LimitExceededException` where too many of its region are unfinished.
        """
        with self._lock:
            self._listen_to(clock)
            running = sum(other.is_open and other.region == job.region for other in self._jobs.values())
            if running >= MOST_JOBS:
                raise ServiceError(
                    "LimitExceededException",
                    f"{running} open Jobs for User arn:aws:iam::{ACCOUNT}:root Maximum limit: {MOST_JOBS}",
                )
            job.due = clock.now() + self._takes
            self._jobs[job.job_id] = job

    def begin(self, job: Job, clock: Clock) -> None:
        """Finish a job that takes no time, and see to it that any other one will be."""
        if job.due <= clock.now() and not self.in_background:
            job.starter = threading.get_ident()
            self._finish(job, clock)
            job.settled.wait()
        self._set_alarm(clock)

    def find(self, job_id: str, operation: str, region: str, now: float) -> Job:
        """Return a job of an operation and a region; raises `ResourceNotFoundException` for any other."""
        with self._lock:
            self._jobs = {key: job for key, job in self._jobs.items() if not job.is_over(now)}
            job = self._jobs.get(job_id)
        if job is None or (job.operation, job.region) != (operation, region):
            raise not_found("Could not find JobId")  # not documented: "Various messages depending on the API call"
        return job

    def settle(self) -> None:
        """Finish the jobs that are due, the first one first, and see to it that the others will be.

        One that another thread is finishing is waited for, until its end is published.
        """
        clock = self._clock
        if clock is None:
            return
        while due := self._due(clock.now()):
            for job in due:
                self._finish(job, clock)
                job.settled.wait()
        self._set_alarm(clock)

    def close(self) -> None:
        """Let the jobs that are not finished rest for ever; no thread of theirs is left, and nothing is published.

        One that is being looked at is broken off at its next frame, and waited for.
        """
        for job in self._drop():
            job.settled.wait()
        self._alarm.join()

    def break_off(self, threads: AbstractSet[int]) -> None:
        """Break off, at their next frame, the jobs that hold up one of these threads; they rest for ever.

        Any other job goes on, and one whose time has not come waits for it.
        """
        with self._lock:
            for job in self._jobs.values():
                if job.is_open and not threads.isdisjoint((job.thread, job.starter)):
                    job.dropped.set()

    def _drop(self) -> list[Job]:
        """Let the jobs that are not finished rest for ever; return those that have a thread which must notice."""
        here = threading.get_ident()
        with self._lock:
            self._alarm.cancel()
            running = [job for job in self._jobs.values() if not job.settled.is_set()]
            for job in running:
                job.dropped.set()
                if job.look is not None or job.thread == here:  # its own thread cannot wait for it
                    job.look = None
                    job.settled.set()
        return [job for job in running if not job.settled.is_set()]

    def _listen_to(self, clock: Clock) -> None:
        if self._clock is None:
            self._clock = clock
            clock.on_change(self.settle)

    def _due(self, now: float) -> list[Job]:
        """Return the jobs that are due and not settled, in the order in which they are due.

        Those that this very thread is finishing are left out: what it publishes may lead back to here.
        """
        here = threading.get_ident()
        with self._lock:
            open_jobs = [job for job in self._jobs.values() if not job.settled.is_set() and job.thread != here]
        due = [job for job in open_jobs if job.due <= now]
        return sorted(due, key=lambda job: job.due)

    def _finish(self, job: Job, clock: Clock) -> None:
        """Finish a job, unless somebody else does so or has."""
        with self._lock:
            look, job.look = job.look, None
            if look is None:
                return
            job.thread = threading.get_ident()
        try:
            try:
                job.run(look)
            finally:
                with self._lock:
                    if job.is_open:
                        job.finished = clock.now()
            if not job.dropped.is_set():
                job.announce()
        finally:
            job.settled.set()

    def _waiting(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.look is not None]

    def _set_alarm(self, clock: Clock) -> None:
        with self._lock:
            self._alarm.cancel()
            waiting = self._waiting()
            if not waiting:
                return
            seconds = min(job.due for job in waiting) - clock.now()
            if not clock.is_stopped or (self.in_background and seconds <= 0):
                self._alarm.set(min(max(_SHORTEST, seconds), _LONGEST), weakref.WeakMethod(self.settle))


class _Alarm:
    """One timer, whose thread keeps nothing alive."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None
        #: those whose threads may not have ended yet
        self._begun: list[threading.Timer] = []

    def set(self, seconds: float, action: weakref.WeakMethod[Callable[[], None]]) -> None:
        """Have something done after some seconds, if it is still there then."""
        self._timer = threading.Timer(seconds, _act, [action])
        self._timer.daemon = True
        self._timer.start()
        self._begun = [timer for timer in self._begun if timer.is_alive()] + [self._timer]

    def cancel(self) -> None:
        """Have nothing done."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def join(self) -> None:
        """Wait for the threads to end, but for the present one; an action that is being done is waited for."""
        for timer in self._begun:
            if timer is not threading.current_thread():
                timer.join()


@atexit.register
def _close_all() -> None:
    """Close what nobody has: a thread that is in OpenCV while the interpreter ends would abort the process."""
    for jobs in list(_EVERYBODYS):
        jobs.close()


def _act(action: weakref.WeakMethod[Callable[[], None]]) -> None:
    method = action()
    if method is not None:
        method()
