"""A process that records until it is killed: imported once, forked for each run, so that many runs are quick.

Reads lines `MODE CASSETTE_DIR URL FIRST` from standard input; for each it forks a child, whose process id is the
first line of the answer. The child records four cassettes of three calls, and writes a line for each answer it
has in its hands; the last line of a run, written by the parent, is `end`.
"""

import os
import sys
from pathlib import Path

import boto3

from pytest_rekognition import Rekognition


def record(mode, root, url, first):
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40}
    client = boto3.client("rekognition", region_name="eu-west-1", endpoint_url=url, **keys)
    for number in range(first, first + 4):
        with Rekognition(mode=mode, cassette=root / f"{number % 4}.yaml", cassette_dir=root):
            for step in range(3):
                name = f"{number}-{step}"
                client.describe_collection(CollectionId=name)
                tell(f"{number % 4} {name}")
        tell(f"closed {number % 4}")


def tell(line):
    os.write(1, f"{line}\n".encode())


def main():
    for line in sys.stdin:
        mode, root, url, first = line.split()
        child = os.fork()
        if child == 0:
            tell(str(os.getpid()))
            record(mode, Path(root), url, int(first))
            os._exit(0)
        os.waitpid(child, 0)
        tell("end")


if __name__ == "__main__":
    main()
