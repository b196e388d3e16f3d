"""A checkout on a cloud that is not there: terraform plans for real, gcloud only records what it is asked.

Terraform's provider is the schema of LANDMARK_TERRAFORM_STUB, served once for all commands. An apply writes
the state that the plan promises (`pretended_apply`). gcloud and pip are programs of a few lines.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pretended_apply
from commands import REPOSITORY
from terraform_runs import ENVIRONMENT, STUB, copy_of_configuration

# Answers as the scripted ones say, and otherwise with success and silence.
GCLOUD = """#!{python}
import json, os, sys
from pathlib import Path
asked = " ".join(sys.argv[1:])
folder = Path({folder!r})
with (folder / "calls").open("a") as file:
    file.write(asked + "\\n")
answers = json.loads((folder / "answers").read_text())
for part, (status, printed) in answers.items():
    if part in asked:
        print(printed)
        sys.exit(status)
"""
PIP = "#!/bin/sh\nmkdir -p dist/code/bin dist/code/landmark_sample\n"
SERVE = '#!/bin/sh\necho "$TF_REATTACH_PROVIDERS"\ncat >/dev/null\n'
LANDMARK = "from landmark_lib.cli.main import main; main()"
APPLY = '#!/bin/sh\nexec {python} {program} "$@"\n'


class Cloud:
    """A checkout, and the programs that the driver calls.

    Attributes:
        checkout: Its root.
    """

    def __init__(self, folder: Path) -> None:
        """Copy the configuration, and serve the provider until `close`."""
        self.checkout = copy_of_configuration(folder / "checkout", "8").parent
        self._folder = folder
        self._bin = folder / "bin"
        real = str(shutil.which("terraform"))
        self._environ = {
            **ENVIRONMENT,
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            pretended_apply.REAL: real,
            pretended_apply.SCHEMA: str(folder / "schema"),
            pretended_apply.PLANS: str(folder / "plans"),
            "PYTHONPATH": str(REPOSITORY),
        }
        self._program("terraform", SERVE)
        self._server = subprocess.Popen(
            [f"{STUB}/terraform-check", self.checkout / "terraform", "8", "@serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environ,
            text=True,
        )
        self._environ["TF_REATTACH_PROVIDERS"] = self._server.stdout.readline().strip()
        self._program("terraform", APPLY.format(python=sys.executable, program=pretended_apply.__file__))
        self._program("gcloud", GCLOUD.format(python=sys.executable, folder=str(folder)))
        self._program("pip", PIP)
        self.answer({})
        self._write_schema(real)

    def close(self) -> None:
        """End the provider."""
        self._server.communicate()

    def answer(self, answers: dict[str, tuple[int, str]]) -> None:
        """Let gcloud end with a status and print a text, by a part of what it is asked."""
        (self._folder / "answers").write_text(json.dumps(answers))

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run `landmark cloud` in the checkout, without a terminal."""
        return subprocess.run(
            [sys.executable, "-P", "-c", LANDMARK, "cloud", *arguments],
            cwd=self.checkout,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def calls(self) -> list[str]:
        """Return what gcloud was asked since the last time."""
        return self._taken("calls")

    def applied(self) -> list[dict[str, list[str]]]:
        """Return the actions of each plan that was applied since the last time, by address."""
        plans = [json.loads(line) for line in self._taken("plans")]
        return [{each["address"]: each["change"]["actions"] for each in plan} for plan in plans]

    def _taken(self, name: str) -> list[str]:
        path = self._folder / name
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def _program(self, name: str, text: str) -> None:
        self._bin.mkdir(exist_ok=True)
        path = self._bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def _write_schema(self, terraform: str) -> None:
        """Write the schema of all resources, which the state's made-up values follow."""
        for arguments in (["init", "-input=false"], ["providers", "schema", "-json"]):
            done = subprocess.run(
                [terraform, "-chdir=terraform", *arguments],
                cwd=self.checkout,
                env=self._environ,
                capture_output=True,
                check=True,
            )
        (schemas,) = json.loads(done.stdout)["provider_schemas"].values()
        (self._folder / "schema").write_text(json.dumps(schemas["resource_schemas"]))
