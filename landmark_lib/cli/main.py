"""The command `landmark`. What a subcommand needs is imported when it is called."""

import os
import sys
from functools import wraps
from importlib import import_module
from typing import Any, NamedTuple, NoReturn, get_type_hints

import click
from click.shell_completion import CompletionItem, shell_complete

from landmark_lib.console import show
from landmark_lib.running import help_and_version, run_command

NAME = "landmark"
ARGUMENTS = "landmark.arguments"  # in a context: the subcommand's command line, as written
COMPLETE = "_LANDMARK_COMPLETE"  # set by shells
WIDTH = {"max_content_width": 110}
HELP = f"""Landmark recognition at scale: photos to balanced shards, networks trained on them, and their vote.

`{NAME} COMMAND --help` explains the options of a command.

\b
Completion in bash (zsh and fish alike): eval "$({COMPLETE}=bash_source {NAME})"
"""


class Job(NamedTuple):
    """Where the function of a job is, and what it does."""

    module: str
    function: str
    summary: str


JOBS = {
    "sample": Job("landmark_sample.__main__", "render", "Render photos of landmarks, to try the others."),
    "preprocess": Job(
        "landmark_lib.jobs.preprocess", "preprocess", "Turn photos into a data set with Spark."
    ),
    "train": Job("landmark_lib.jobs.train", "train", "Train the members of the ensemble."),
    "tune": Job("landmark_lib.jobs.tune", "tune", "Search for better settings of the members."),
    "evaluate": Job("landmark_lib.jobs.evaluate", "evaluate", "Evaluate the members and their vote."),
    "predict": Job("landmark_lib.jobs.predict", "predict", "Predict the landmarks of photos."),
}
DOCTOR, CLOUD = "doctor", "cloud"
SUMMARIES = {name: job.summary for name, job in JOBS.items()} | {
    CLOUD: "Do all this on Google Cloud, stage by stage, from a checkout.",
    DOCTOR: "Report what is installed, and what is missing for which command.",
}


def main() -> NoReturn:
    """Run `landmark`, or complete its command line for a shell."""
    command = landmark()
    if instruction := os.environ.get(COMPLETE):
        sys.exit(shell_complete(command, {}, NAME, COMPLETE, instruction))
    run_command(command, NAME)


def landmark() -> click.Group:
    """Return the command with all its subcommands."""

    @click.pass_context
    def callback(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            show(context.get_help())

    return Subcommands(
        NAME,
        callback=callback,
        invoke_without_command=True,
        params=help_and_version(),
        help=HELP,
        add_help_option=False,
        context_settings=WIDTH,
    )


class Subcommands(click.Group):
    """A group that imports a subcommand when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all subcommands."""
        return list(SUMMARIES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return a subcommand."""
        if name == DOCTOR:
            return _doctor()
        if name == CLOUD:
            from landmark_lib.cli.cloud import command

            return command()
        return _job(name) if name in JOBS else None

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand that a command line names, and record its part of the line."""
        found = super().resolve_command(context, arguments)
        context.meta[ARGUMENTS] = tuple(found[2])
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the subcommands with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the subcommands, and the options, that begin so."""
        names = [name for name in SUMMARIES if name.startswith(incomplete)]
        items = [CompletionItem(name, help=SUMMARIES[name]) for name in names]
        return [*items, *click.Command.shell_complete(self, context, incomplete)]


def _job(name: str) -> click.Command:
    """Return the command of a job, which another program may have to start."""
    from landmark_lib.cli.launch import options_of_launch, start
    from landmark_lib.cli.needs import require_installed
    from landmark_lib.command_line import job_command

    function = getattr(import_module(JOBS[name].module), JOBS[name].function)

    @wraps(function)
    def run(settings: Any) -> None:
        context = click.get_current_context()
        require_installed(name)
        start(name, context.meta[ARGUMENTS], context.params)
        function(settings)

    return job_command(get_type_hints(function)["settings"], run, options_of_launch(name))


def _doctor() -> click.Command:
    """Return the command that reports what is installed."""

    @click.pass_context
    def callback(context: click.Context) -> None:
        from landmark_lib.cli.doctor import report

        text, ready = report()
        show(text)
        context.exit(0 if ready else 1)

    return click.Command(
        DOCTOR,
        callback=callback,
        params=help_and_version(),
        help=f"{SUMMARIES[DOCTOR]}\n\nEnds with status 1 if a command lacks something.",
        add_help_option=False,
        context_settings=WIDTH,
    )
