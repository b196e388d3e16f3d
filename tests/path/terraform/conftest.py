"""Terraform with each version of Google's provider that the configuration allows."""

import pytest
from terraform_runs import Terraform, started


@pytest.fixture(scope="session", params=["7", "8"])
def terraform(request, tmp_path_factory) -> Terraform:
    """Terraform with either version of the provider that versions.tf allows."""
    return started(tmp_path_factory.mktemp("terraform"), request.param)


@pytest.fixture(scope="session")
def newest(tmp_path_factory) -> Terraform:
    """Terraform with the newest version of the provider."""
    return started(tmp_path_factory.mktemp("terraform"), "8")
