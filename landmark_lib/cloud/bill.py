"""What a whole run costs, computed from measured rates (docs/scale.md) and list prices.

Nothing of it was billed. What was measured, and what is assumed, stands beside each line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landmark_lib.cloud.prices import DCU, DCU_PER_CORE, DCU_PER_GB, MILLION_READS, REGISTRY_GB, Prices
from landmark_lib.digits import dollars, duration
from landmark_lib.errors import UserError

# The paper's corpus, and what docs/scale.md measured or computed for it.
PAPER_PHOTOS, PAPER_GB = 1_200_000, 336
PHOTOS_PER_SECOND = 121  # of a core, outside Spark
IN_SPARK = 0.91  # the share of this speed inside Spark
PLAN_CORE_SECONDS = 131
ROWS = 950_000  # of the shards, three members
ROW_CORE_SECONDS = 0.002
LATENCY_SECONDS = 60
CORPUS_GB, SHARDS_GB = 35, 24

# Assumed: images per second of one GPU, ResNet50 at 224 pixels, and what a training has.
IMAGES_PER_SECOND = {
    "nvidia-tesla-t4": 300,
    "nvidia-l4": 600,
    "nvidia-tesla-a100": 1500,
    "nvidia-a100-80gb": 1500,
    "nvidia-h100-80gb": 3000,
}
MEMBERS, EPOCHS = 3, 10
START_SECONDS = {"cluster": 600, "serverless": 120}
NODE_START_SECONDS = 600
# Serverless batches, as terraform/ submits them; with Spark's overhead of a tenth of the driver's memory.
EXECUTORS, EXECUTOR_CORES, EXECUTOR_GB = 40, 4, 10
DRIVER_CORES, DRIVER_GB = 4, 9
MASTER, MASTER_CORES, WORKER, WORKER_CORES = "n2-standard-4", 4, "n2-standard-8", 8
IMAGES_GB = 6.3  # in the registry: serverless and train, unpacked
DISK_GB = 160  # of a node


@dataclass(frozen=True)
class Run:
    """What is to be computed.

    Attributes:
        photos: How many.
        gigabytes: Of all photos.
        spark: `serverless` or `cluster`.
        workers: Of the cluster, permanent ones.
        spot_workers: Of the cluster, at most.
        gpu: Its type.
        gpus: Per node.
        nodes: With GPUs.
        machine: Type of the nodes.
        spot: Whether the nodes are spot machines.
    """

    photos: int = PAPER_PHOTOS
    gigabytes: float = PAPER_GB
    spark: str = "serverless"
    workers: int = 2
    spot_workers: int = 16
    gpu: str = "nvidia-tesla-t4"
    gpus: int = 2
    nodes: int = 1
    machine: str = "n1-standard-16"
    spot: bool = False

    @property
    def size(self) -> float:
        """Photos, relative to the paper's."""
        return self.photos / PAPER_PHOTOS

    @property
    def photo_size(self) -> float:
        """Bytes of a photo, relative to the paper's; a smaller photo counts as one of the paper's."""
        return max(1.0, self.gigabytes / self.photos / (PAPER_GB / PAPER_PHOTOS))


@dataclass(frozen=True)
class Line:
    """A line of the bill."""

    what: str
    seconds: float
    dollars: float
    basis: str


def preprocess_seconds(run: Run, cores: float) -> float:
    """Return how long so many cores preprocess; larger photos take at most in proportion to their bytes."""
    decoding = run.photos * run.photo_size / (PHOTOS_PER_SECOND * IN_SPARK)
    rest = run.size * (PLAN_CORE_SECONDS + ROW_CORE_SECONDS * ROWS)
    return (decoding + rest) / cores + LATENCY_SECONDS


def preprocessing(run: Run, prices: Prices) -> Line:
    """Return the line of preprocessing."""
    start, basis = START_SECONDS[run.spark], "speed measured, start and number of cores assumed"
    if run.spark == "serverless":
        cores = EXECUTORS * EXECUTOR_CORES
        seconds = start + preprocess_seconds(run, cores)
        units = (cores + DRIVER_CORES) * DCU_PER_CORE + (EXECUTORS * EXECUTOR_GB + DRIVER_GB) * DCU_PER_GB
        return Line("preprocess, serverless", seconds, seconds / 3600 * units * DCU, basis)
    seconds = start + preprocess_seconds(run, WORKER_CORES * (run.workers + run.spot_workers))
    worker, dataproc = prices.machine(WORKER), prices.table["dataproc_core"]
    permanent = prices.machine(MASTER) + run.workers * worker
    permanent += dataproc * (MASTER_CORES + run.workers * WORKER_CORES)
    spot = run.spot_workers * (prices.table["spot_share"] * worker + dataproc * WORKER_CORES)
    return Line("preprocess, cluster", seconds, seconds / 3600 * (permanent + spot), basis)


def training(run: Run, prices: Prices) -> Line:
    """Return the line of training."""
    images = MEMBERS * EPOCHS * ROWS * run.size
    seconds = NODE_START_SECONDS + images / (run.nodes * run.gpus * IMAGES_PER_SECOND[run.gpu])
    price = run.nodes * prices.node(run.machine, run.gpu, run.gpus)
    price *= prices.table["spot_share"] if run.spot else 1
    what = f"train, {run.nodes} x {run.machine} with {run.gpus} x {run.gpu.removeprefix('nvidia-')}"
    basis = f"{IMAGES_PER_SECOND[run.gpu]:,} images/s per GPU assumed, {EPOCHS} epochs, {MEMBERS} members"
    return Line(what + (", spot" if run.spot else ""), seconds, seconds / 3600 * price, basis)


def once(run: Run, prices: Prices) -> list[Line]:
    """Return what a run costs once."""
    reads = Line("read each photo once", 0, run.photos / 1e6 * MILLION_READS, "list price")
    return [reads, preprocessing(run, prices), training(run, prices)]


def monthly(run: Run, prices: Prices) -> list[Line]:
    """Return what is kept costs in a month, until it is deleted."""
    made, gb = run.size * (CORPUS_GB + SHARDS_GB), prices.table["bucket"]
    return [
        Line("photos in their bucket", 0, run.gigabytes * gb, f"{run.gigabytes:,.0f} GB"),
        Line("corpus and shards", 0, made * gb, f"{made:,.0f} GB"),
        Line("images in the registry", 0, IMAGES_GB * REGISTRY_GB, f"{IMAGES_GB} GB"),
    ]


UNCERTAIN = """\
Computed, not billed; nothing of it ran in a cloud. List prices of us-central1 in US dollars, read
{dates} (terraform/prices.yaml).
- Preprocessing: the speed of a core was measured (docs/scale.md), on photos of 286 kB. How many cores
  Google adds, and how soon, is assumed: expect a half to three times this.
- Training: the images per second of a GPU are assumed. The first epoch prints the real figure; hours
  and dollars are in proportion to it: expect a half to twice this.
- Not included: traffic out of the region, logs, taxes."""


def text(run: Run, prices: Prices) -> str:
    """Return the bill as text."""
    lines, months = once(run, prices), monthly(run, prices)
    disk = run.nodes * DISK_GB * prices.table["disks"]["pd-balanced"]
    rows = [
        f"{run.photos:,} photos, {run.gigabytes:,.0f} GB",
        "",
        *map(_row, lines),
        _row(Line("together", sum(line.seconds for line in lines), sum(line.dollars for line in lines), "")),
        "",
        *(_row(line, " a month") for line in months),
        _row(Line("together", 0, sum(line.dollars for line in months), ""), " a month"),
        _row(Line("a GPU node's disk", 0, disk, "until `down`"), " a month"),
        "",
        UNCERTAIN.format(dates=prices.dates),
    ]
    return "\n".join(rows)


def _row(line: Line, unit: str = "") -> str:
    """Return a line as columns."""
    time = duration(line.seconds) if line.seconds else ""
    cost = dollars(line.dollars) + unit
    return f"{line.what:<48} {time:>10} {cost:>16}  {line.basis}".rstrip()


def run_of(
    variables: Mapping[str, Any], machine: str, nodes: int, spark: str, photos: int, gigabytes: float | None
) -> Run:
    """Return the run that is chosen.

    Args:
        variables: Of Terraform, with their defaults.
        machine: Type of the GPU nodes.
        nodes: With GPUs.
        spark: `serverless` or `cluster`.
        photos: How many.
        gigabytes: Of all; None if they are as large as the paper's.

    Raises:
        UserError: Nobody knows how fast the chosen GPU is.
    """
    gpu = variables["gpu_type"]
    if gpu not in IMAGES_PER_SECOND:
        raise UserError(f"plan: no speed is known of {gpu}; expected {', '.join(IMAGES_PER_SECOND)}")
    return Run(
        photos,
        photos * PAPER_GB / PAPER_PHOTOS if gigabytes is None else gigabytes,
        spark,
        variables["primary_workers"],
        variables["secondary_workers_max"],
        gpu,
        variables["gpu_count"],
        nodes,
        machine,
        variables["spot"],
    )
