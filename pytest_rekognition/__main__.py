"""`python -m pytest_rekognition` is the command `pytest-rekognition`."""

from pytest_rekognition.cli import main

if __name__ == "__main__":
    main()
