"""What each stage does, as a list of steps: a pure function of what is remembered.

Each step can be repeated, except those with a name under which they are remembered. So a stage that was
interrupted is resumed by the same command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from landmark_lib import __version__
from landmark_lib.cloud.memory import KEYS, OFF, Memory
from landmark_lib.errors import UserError

SPARK = ("serverless", "cluster")
IMAGES = ("cloud", "docker")
UP = "up"  # what is done when it is complete
APIS = ("serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com")


@dataclass(frozen=True)
class Program:
    """Run a program of this machine."""

    does: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """Run a command that Terraform prints.

    Attributes:
        does: What it does, for people.
        name: Of the output.
        once: The name under which it is remembered, if it must not be repeated.
        runs: The output that succeeds if an earlier call started it and it still runs.
        follow: The output that follows it then.
    """

    does: str
    name: str
    once: str = ""
    runs: str = ""
    follow: str = ""


@dataclass(frozen=True)
class Apply:
    """Plan what exists and apply the plan.

    Attributes:
        does: What it does, for people.
        variables: Of Terraform, that it changes.
        agreed: Whether the user was asked already about what it destroys.
    """

    does: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    agreed: bool = False


@dataclass(frozen=True)
class Ask:
    """Ask before something is deleted."""

    question: str


@dataclass(frozen=True)
class Remove:
    """Destroy everything except the buckets with data."""

    does: str


@dataclass(frozen=True)
class Remember:
    """Remember that something is done."""

    name: str


Step = Program | Output | Apply | Ask | Remove | Remember

SERVERLESS = Output(
    "Preprocess, serverless",
    "submit_preprocess_serverless",
    runs="serverless_runs",
    follow="follow_serverless",
)
ON_CLUSTER = Output(
    "Preprocess on the cluster", "submit_preprocess", runs="cluster_job_runs", follow="follow_cluster_job"
)
KEY_PAIRS = Output("Create the keys for ssh between the nodes", "create_node_keys", once=KEYS)
START = Output("Start the nodes that stopped", "start_nodes")
WAIT = Output("Wait until every node is ready", "wait")
TRAIN = Output("Train", "train", runs="training_runs", follow="follow_training")


def up(memory: Memory) -> list[Step]:
    """Create what costs next to nothing: network, buckets, accounts, registry, and the images in it."""
    once = f"images {memory.variables.get('image_tag') or __version__}"
    if memory.images == "cloud":
        images: list[Step] = [Output("Build the images in the cloud", "build_images", once=once)]
    else:
        build = Program("Build the images with Docker", ("make", "images", "IMAGES=serverless train"))
        images = [build, Output("Push the images", "push_images", once=once)]
    enable = ("gcloud", "services", "enable", *APIS, "--project", memory.project)
    return [
        Program("Enable the APIs that Terraform asks", enable),
        Program("Prepare Terraform", ("terraform", "-chdir=terraform", "init", "-input=false")),
        Apply("Network, buckets, accounts, registry"),
        *images,
        Remember(UP),
    ]


def photos(memory: Memory) -> list[Step]:
    """Upload the photos that are not in their bucket yet."""
    if not memory.photos:
        raise UserError("--photos: expected where the photos are: a folder, gs://… or s3://…")
    return [Output(f"Upload {memory.photos}", "upload_photos")]


def preprocess(memory: Memory) -> list[Step]:
    """Turn the photos into a data set with Spark; what is complete is not computed again."""
    package = Output("Package the code", "package_code")
    if memory.spark == "serverless":
        return [package, SERVERLESS]
    return [
        package,
        Apply("The cluster", {"preprocess_cluster": True}),
        ON_CLUSTER,
        Apply("Delete the cluster, which holds no data", {"preprocess_cluster": False}),
    ]


def train(memory: Memory) -> list[Step]:
    """Train on GPU nodes, or resume; checkpoints and models are written to their bucket."""
    keys = [KEY_PAIRS] if memory.nodes > 1 else []
    return [
        # A cluster that deleted itself after a failed job would be created again.
        Apply(f"GPU nodes: {memory.nodes}", {"train_nodes": memory.nodes, "preprocess_cluster": False}),
        *keys,
        START,
        WAIT,
        TRAIN,
    ]


def evaluate(memory: Memory) -> list[Step]:
    """Evaluate the members and their vote on the first GPU node."""
    if not memory.variables["train_nodes"]:
        raise UserError("evaluate: expected a GPU node, which STAGE=train creates")
    return [START, WAIT, Output("Evaluate", "evaluate")]


def fetch(memory: Memory) -> list[Step]:  # noqa: ARG001 - as the others
    """Copy models and results from their bucket into data/models."""
    return [Output("Fetch the models", "fetch_models")]


def down(memory: Memory) -> list[Step]:
    """Delete all machines; buckets, images and network stay."""
    ask = Ask("Delete the GPU nodes? A training there stops; its last checkpoint stays in the bucket.")
    return [
        *([ask] if memory.variables["train_nodes"] else []),
        Apply("Delete all machines", OFF, agreed=True),
    ]


def down_all(memory: Memory) -> list[Step]:
    """Delete everything except the buckets with photos, data set and models."""
    ask = Ask("Delete network, images and accounts too? The buckets with photos, data set and models stay.")
    return [*down(memory), ask, Remove("Destroy everything else")]


def status(memory: Memory) -> list[Step]:  # noqa: ARG001 - as the others
    """Report what runs now and what it costs by the hour."""
    return []


STAGES: dict[str, Callable[[Memory], list[Step]]] = {
    "up": up,
    "photos": photos,
    "preprocess": preprocess,
    "train": train,
    "evaluate": evaluate,
    "fetch": fetch,
    "down": down,
    "status": status,
}


def steps(stage: str, memory: Memory, *, everything: bool = False) -> list[Step]:
    """Return the steps of a stage.

    Args:
        stage: One of `STAGES`.
        memory: What is remembered, with the choices of this call.
        everything: For `down`: also what costs nothing by the hour.

    Raises:
        UserError: A choice, or an earlier stage, is missing.
    """
    if not memory.project:
        raise UserError("--project: expected the id of a Google Cloud project; it is remembered")
    if stage != "up" and UP not in memory.done:
        raise UserError(f"{stage} comes after up, which is not complete")
    return (down_all if everything and stage == "down" else STAGES[stage])(memory)
