"""Terraform, with Google's real provider or with a stand-in that knows its schema."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import REPOSITORY

# A directory with a program `terraform-check DIR 7|8 ARGUMENTS…`, which runs terraform against the schema of
# that version of the provider. Without it terraform fetches the provider itself, where it can.
STUB = os.environ.get("LANDMARK_TERRAFORM_STUB", "")
ENVIRONMENT = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_REGISTRY_DISCOVERY_RETRY": "0"}
if not Path(ENVIRONMENT.get("TF_CLI_CONFIG_FILE", "/")).exists():
    del ENVIRONMENT["TF_CLI_CONFIG_FILE"]  # every command would warn of it


@dataclass(frozen=True)
class Terraform:
    """Terraform on a copy of our configuration.

    Attributes:
        folder: The copy.
        provider: Major version of Google's provider.
    """

    folder: Path
    provider: str

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run one of terraform's commands."""
        program = (
            [f"{STUB}/terraform-check", str(self.folder), self.provider]
            if STUB
            else ["terraform", f"-chdir={self.folder}"]
        )
        return subprocess.run(
            [*program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=ENVIRONMENT,
        )

    def plan(self, *arguments: str) -> subprocess.CompletedProcess:
        """Plan for a project that nobody has."""
        return self("plan", "-no-color", "-input=false", "-var", "project=my-project-1", *arguments)


def told(done: subprocess.CompletedProcess) -> str:
    """What a command said, on one line: terraform breaks its own at some width."""
    return re.sub(r"\s*[│╷╵]?\s*\n[│╷╵]?\s*", " ", done.stdout + done.stderr)


def copy_of_configuration(folder: Path, provider: str) -> Path:
    """Copy what terraform reads, so that what it writes is not in the repository."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "choices.*", "progress.json")
    shutil.copytree(REPOSITORY / "terraform", folder / "terraform", ignore=ignored)
    for read in ("landmark_lib/__init__.py", "requirements/dataproc.txt"):
        (folder / read).parent.mkdir()
        shutil.copy(REPOSITORY / read, folder / read)
    (folder / "terraform/provider_override.tf").write_text(
        'terraform {\n  required_providers {\n    google = {\n      source  = "hashicorp/google"\n'
        f'      version = "~> {provider}.0"\n    }}\n  }}\n}}\n'
    )
    return folder / "terraform"


def started(folder: Path, provider: str) -> Terraform:
    """Initialise a copy, or skip with the reason why this machine cannot."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    terraform = Terraform(copy_of_configuration(folder, provider), provider)
    done = terraform("init", "-backend=false", "-input=false", "-no-color")
    if done.returncode and STUB:
        pytest.fail(f"LANDMARK_TERRAFORM_STUB={STUB}: {told(done)}")
    if done.returncode:
        reason = told(done).partition("Error: ")[2]
        pytest.skip(f"terraform cannot fetch Google's provider {provider}: {reason}")
    return terraform
