"""Run the steps of a stage, which `stages` decides, with terraform, gcloud and bash."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from landmark_lib.cloud.losses import losses, removable
from landmark_lib.cloud.memory import Memory, recall, remember
from landmark_lib.cloud.stages import Apply, Ask, Output, Program, Remember, Remove, Step
from landmark_lib.console import note, show
from landmark_lib.errors import RESUME, LandmarkError, UserError

PROGRAMS = ("terraform", "gcloud", "bash")
TERRAFORM = ("terraform", "-chdir=terraform")
UNCHANGED, CHANGED = 0, 2  # of `terraform plan -detailed-exitcode`
RUNNING, COST = "running", "cost_per_hour"  # outputs


def run_to_its_end(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
    """Run a program and return its status; after Ctrl-C, which it receives too, wait until it has ended.

    Terraform writes its state then. Without a handler, Python would kill it after a quarter of a second.
    """
    interrupts = list[int]()
    previous = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        status = subprocess.run(words, cwd=folder, env=environ, check=False).returncode  # noqa: S603 - Terraform's and the project's own
    finally:
        signal.signal(signal.SIGINT, previous)
    if interrupts:
        raise KeyboardInterrupt
    return status


class Driver:
    """Runs steps, and remembers what is done.

    Attributes:
        memory: What is remembered.
    """

    def __init__(self, checkout: Path, memory: Memory, *, yes: bool) -> None:
        """Begin with the choices of this call; they are written when they are used.

        Args:
            checkout: The repository's root, where commands run.
            memory: What is remembered, with those choices.
            yes: Agree to every question.
        """
        self.memory = memory
        self._checkout = checkout
        self._folder = checkout / "terraform"
        self._yes = yes
        self._printed_outputs: dict[str, Any] = {}  # until the next apply

    def run(self, steps: Sequence[Step]) -> None:
        """Run steps one after another, and report at the end what runs and what it costs.

        Raises:
            UserError: A program is missing, or a question was not answered.
            LandmarkError: A step failed, or was declined.
        """
        for program in PROGRAMS:
            if not shutil.which(program):
                raise UserError(f"{program} is not installed; docs/cloud.md lists what is needed")
        try:
            for number, step in enumerate(steps, start=1):
                if title := getattr(step, "does", ""):
                    note(f"== {number}/{len(steps)} {title}")
                self._run(step)
        except UserError:
            raise
        except LandmarkError:
            with suppress(LandmarkError):  # the first one is to be reported
                self.report()
            raise
        remember(self._folder, self.memory)
        self.report()

    def report(self) -> None:
        """Print what runs now, and what it costs by the hour."""
        outputs = self._outputs()
        if RUNNING not in outputs:  # all is destroyed
            return
        show("Running now, apart from storage:")
        if self._status(outputs[RUNNING]):
            note("gcloud cannot list what runs, see above")
        show(f"Cost by the hour while all machines run, in dollars: {outputs[COST]}")

    def _run(self, step: Step) -> None:
        match step:
            case Program():
                self._start(step.words, step.does)
            case Output():
                self._output(step)
            case Apply():
                self._apply(step)
            case Ask():
                self._confirm(step.question)
            case Remove():
                self._remove(step)
            case Remember():
                self._remember(self.memory.with_done(step.name))

    def _remember(self, memory: Memory) -> None:
        self.memory = memory
        remember(self._folder, memory)

    def _output(self, step: Output) -> None:
        """Run the command of an output, unless it was done once and for all."""
        if step.once and step.once in self.memory.done:
            note("done already")
            return
        outputs = self._outputs()
        command = outputs[step.name]
        if step.runs and self._status(outputs[step.runs]) == 0:
            note("it runs already")
            command = outputs[step.follow]
        note(command.rstrip("\n"))
        try:
            self._bash(command, step.does)
        except KeyboardInterrupt:
            if step.follow:
                note("\nthe job continues in the cloud, and so do its costs; the same command follows it")
            raise
        if step.once:
            self._remember(self.memory.with_done(step.once))

    def _apply(self, step: Apply) -> None:
        """Plan and apply the choices; keep the previous ones if the plan is not carried out."""
        proposed = self.memory.with_variables(**step.variables)
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan"
            with self._proposed(proposed):
                changed = self._plan(plan, step.does)
                if changed and not step.agreed and (lost := self._losses(plan)):
                    question = f"This plan deletes {', '.join(lost)}, with what is stored there. Apply it?"
                    self._confirm(question)
            self.memory = proposed
            if changed:
                self._carry_out(plan, step.does)

    def _remove(self, step: Remove) -> None:
        """Destroy all that can be destroyed without a bucket of data."""
        held = self._printed("state", "list").splitlines()
        targets = [f"-target={address}" for address in removable(held)]
        if not targets:
            return
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan"
            self._plan(plan, step.does, "-destroy", *targets)
            if lost := self._losses(plan):
                raise LandmarkError(f"{step.does}: this would delete {', '.join(lost)}; nothing was changed")
            self._carry_out(plan, step.does)
        self._remember(replace(self.memory, done=()))

    @contextmanager
    def _proposed(self, proposed: Memory) -> Iterator[None]:
        """Let Terraform see other choices; restore the previous ones if the block fails."""
        previous = recall(self._folder)
        remember(self._folder, proposed)
        try:
            yield
        except BaseException:
            remember(self._folder, previous)
            raise

    def _plan(self, plan: Path, does: str, *arguments: str) -> bool:
        """Write a plan, and return whether it changes anything."""
        words = [*TERRAFORM, "plan", "-input=false", "-detailed-exitcode", f"-out={plan}", *arguments]
        return self._start(words, does, expected=(UNCHANGED, CHANGED)) == CHANGED

    def _carry_out(self, plan: Path, does: str) -> None:
        self._printed_outputs = {}
        self._start([*TERRAFORM, "apply", "-input=false", str(plan)], does)

    def _losses(self, plan: Path) -> list[str]:
        return losses(json.loads(self._printed("show", "-json", str(plan))))

    def _confirm(self, question: str) -> None:
        if self._yes:
            return
        if not sys.stdin.isatty():
            raise UserError(f"{question} Nobody can answer here; --yes agrees")
        if not click.confirm(question, err=True):
            raise LandmarkError("declined; nothing was changed")

    def _outputs(self) -> dict[str, Any]:
        if not self._printed_outputs:
            outputs = json.loads(self._printed("output", "-json"))
            self._printed_outputs = {name: output["value"] for name, output in outputs.items()}
        return self._printed_outputs

    def _printed(self, *arguments: str) -> str:
        """Return what a command of Terraform prints."""
        done = subprocess.run(  # noqa: S603 - Terraform
            [*TERRAFORM, *arguments], cwd=self._checkout, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise LandmarkError(f"terraform {arguments[0]} failed; its message is above")
        return done.stdout

    def _status(self, command: str) -> int:
        """Return the status of a command of Terraform's outputs."""
        return subprocess.run(["bash", "-c", command], cwd=self._checkout, check=False).returncode  # noqa: S603, S607 - Terraform's

    def _bash(self, command: str, does: str) -> None:
        self._start(["bash", "-eo", "pipefail", "-c", command], does)

    def _start(self, words: Sequence[str], does: str, expected: Sequence[int] = (0,)) -> int:
        """Run a program, and return its status.

        Raises:
            LandmarkError: Another status than those expected.
        """
        environ = {**os.environ, "PHOTOS": self.memory.photos}
        status = run_to_its_end(words, self._checkout, environ)
        if status not in expected:
            program = shlex.join(words[:2]) if words[0] != "bash" else "its command"
            raise LandmarkError(f"{does}: {program} ended with status {status}, see above; {RESUME}")
        return status
