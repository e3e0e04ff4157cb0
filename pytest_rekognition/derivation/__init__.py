"""Derives `schemas/` from botocore's service model and the reviewed overlay.

`python -m pytest_rekognition.derivation` writes, `--check` compares. Nothing else in the package reads the
service model, and nothing at run time imports this package: `catalog` reads what it wrote.
"""
