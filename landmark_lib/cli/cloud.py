"""`landmark cloud STAGE`: from an empty project of Google Cloud to a trained ensemble, and back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import landmark_lib
from landmark_lib.cloud import bill, configuration
from landmark_lib.cloud.driver import Driver
from landmark_lib.cloud.memory import OFF, Memory, recall
from landmark_lib.cloud.prices import read_prices
from landmark_lib.cloud.stages import IMAGES, SPARK, STAGES, steps
from landmark_lib.console import show
from landmark_lib.errors import UserError
from landmark_lib.running import help_and_version
from landmark_lib.storage import resolve, scheme_of

PLAN = "plan"
OF_CHECKOUT = ("terraform/driver.tf", "landmark_lib/__init__.py")  # no other project has both
HELP = f"""Run a stage of `terraform/` on Google Cloud, from a checkout of this project (docs/cloud.md).

\b
{PLAN:<11} What a whole run costs, from measured rates; needs no account.
{{stages}}

Choices are remembered, so each option is needed once. An interrupted stage is resumed by the same command.
"""


def command() -> click.Command:
    """Return the command."""
    listed = "\n".join(f"{name:<11} {_summary(stage.__doc__)}" for name, stage in STAGES.items())
    return click.Command(
        "cloud",
        callback=run,
        params=[
            click.Argument(["stage"], type=click.Choice([PLAN, *STAGES]), metavar="STAGE"),
            *_options(),
            *help_and_version(),
        ],
        help=HELP.format(stages=listed),
        add_help_option=False,
        context_settings={"max_content_width": 110},
    )


def run(stage: str, **given: Any) -> None:
    """Run a stage, or print what a run costs."""
    checkout = find_checkout()
    memory = chosen(recall(checkout / "terraform"), checkout / "terraform", given)
    if stage == PLAN:
        show(_bill(memory, checkout / "terraform", given["photo_count"], given["photo_gigabytes"]))
        return
    Driver(checkout, memory, yes=given["yes"]).run(steps(stage, memory, everything=given["all"]))


def _bill(memory: Memory, folder: Path, photos: int, gigabytes: float | None) -> str:
    """Return the bill of the run that is remembered."""
    variables = {**configuration.defaults(folder), **memory.variables}
    machine = variables["machine_type"] or configuration.first_machine(
        folder, variables["gpu_type"], variables["gpu_count"]
    )
    run = bill.run_of(variables, machine, memory.nodes, memory.spark, photos, gigabytes)
    return bill.text(run, read_prices(folder))


def chosen(memory: Memory, folder: Path, given: dict[str, Any]) -> Memory:
    """Return what is remembered, with the choices of this call.

    Args:
        memory: What is remembered.
        folder: The configuration, which knows the variables and examples.
        given: The options, by name.

    Raises:
        UserError: A choice does not exist.
    """
    if given["gpu"]:
        example = configuration.example(folder, given["gpu"])
        nodes = example.get("train_nodes", 1)
        memory = replace(memory, variables=configuration.with_example(memory.variables, example), nodes=nodes)
    names = configuration.variable_names(folder) - {*OFF, "project"}
    memory = memory.with_variables(**dict(configuration.setting(each, names) for each in given["set"]))
    if given["nodes"] is not None:
        memory = replace(memory, nodes=given["nodes"])
    if given["project"]:
        memory = memory.with_variables(project=given["project"])
    photos = address(given["photos"]) if given["photos"] else memory.photos
    spark, images = given["spark"] or memory.spark, given["images"] or memory.images
    return replace(memory, photos=photos, spark=spark, images=images)


def address(written: str) -> str:
    """Return the address of the photos, as it is from any working directory."""
    resolved = resolve(written)
    return resolved if scheme_of(resolved) else str(Path(resolved).absolute())


def find_checkout() -> Path:
    """Return the root of the checkout: the working directory, or the package's own.

    Raises:
        UserError: Neither has the configuration.
    """
    for folder in (Path.cwd(), Path(landmark_lib.__file__).parents[1]):
        if all((folder / name).is_file() for name in OF_CHECKOUT):
            return folder
    raise UserError(f"cloud: expected a checkout of this project, found none in {Path.cwd()}")


def _summary(docstring: str | None) -> str:
    return str(docstring).partition("\n")[0]


def _options() -> list[click.Parameter]:
    return [
        click.Option(["--project"], help="Id of the Google Cloud project."),
        click.Option(["--photos"], help="Photos to upload: a folder, gs://… or s3://…"),
        click.Option(["--spark"], type=click.Choice(SPARK), help="How to preprocess.  [default: serverless]"),
        click.Option(
            ["--images"], type=click.Choice(IMAGES), help="Where images are built.  [default: cloud]"
        ),
        click.Option(
            ["--gpu"], help="GPU node: l4, two-nodes or another of terraform/examples.  [default: t4]"
        ),
        click.Option(["--nodes"], type=click.IntRange(1, 16), help="GPU nodes.  [default: the example's]"),
        click.Option(
            ["--set"], multiple=True, metavar="NAME=VALUE", help="A variable of terraform/variables.tf."
        ),
        click.Option(["--yes"], is_flag=True, help="Agree to what deletes, without being asked."),
        click.Option(["--all"], is_flag=True, help="down: all but the buckets with data."),
        click.Option(
            ["--photo-count"],
            type=click.IntRange(1),
            default=bill.PAPER_PHOTOS,
            show_default=True,
            help="plan: number of photos.",
        ),
        click.Option(
            ["--photo-gigabytes"],
            type=click.FloatRange(0, min_open=True),
            help="plan: size of all photos.  [default: as large as the paper's]",
        ),
    ]
