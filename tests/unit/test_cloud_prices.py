"""The prices that plans use are those of docs/cloud.md, and no machine or GPU lacks one."""

import re

import pytest
import yaml
from commands import REPOSITORY

TERRAFORM = REPOSITORY / "terraform"
PRICES = yaml.safe_load((TERRAFORM / "prices.yaml").read_text())
ZONES = yaml.safe_load((TERRAFORM / "gpu_zones.yaml").read_text())["zones"]
LOCALS = (TERRAFORM / "locals.tf").read_text()
GPU_TYPES = re.findall(r"^    (nvidia-[\w-]+) = \{$", LOCALS, re.MULTILINE)
SHORT = {"T4": "nvidia-tesla-t4", "L4": "nvidia-l4", "A100": "nvidia-tesla-a100"}


def family_of(machine):
    return PRICES["machines"][re.sub(r"-\d+g?$", "", machine)]


def machine_price(machine, gpu, gpus):
    """Return the price of a node per hour: cores with their memory, and GPUs."""
    family = family_of(machine)
    cores = int(re.search(r"(\d+)g?$", machine)[1]) * family.get("cores_per_gpu", 1)
    return cores * (family["core"] + family["gb_per_core"] * family["gb"]) + gpus * PRICES["gpus"][gpu]


EXPECTED = {
    "C": family_of("n2-standard-8")["core"],
    "G": family_of("n2-standard-8")["gb"],
    "D": PRICES["dataproc_core"],
    "S": PRICES["spot_share"],
    **{short: PRICES["gpus"][gpu] for short, gpu in SHORT.items()},
    "n1-standard-16 + 2 \N{MULTIPLICATION SIGN} T4": machine_price("n1-standard-16", SHORT["T4"], 2),
    "g2-standard-24": machine_price("g2-standard-24", SHORT["L4"], 2),
    "a2-highgpu-2g": machine_price("a2-highgpu-2g", SHORT["A100"], 2),
    "P": PRICES["disks"]["pd-balanced"],
    "B": PRICES["bucket"],
}


@pytest.fixture(scope="module")
def documented():
    """Prices in the tables of docs/cloud.md, by name, as written."""
    rows = re.findall(
        r"^\| ([^|]+) \| ([0-9.]+(?:, [0-9.]+)*) \|", (REPOSITORY / "docs/cloud.md").read_text(), re.MULTILINE
    )
    return {
        name: price
        for names, prices in rows
        for name, price in zip(names.replace("`", "").split(", "), prices.split(", "), strict=False)
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_a_documented_price_is_the_one_that_plans_use(documented, name):
    decimals = len(documented[name].partition(".")[2])
    assert f"{EXPECTED[name]:.{decimals}f}" == documented[name]


def test_n1_and_n2_cost_the_same_per_core_as_documented():
    n1, n2 = family_of("n1-standard-8"), family_of("n2-standard-8")
    assert (n1["core"], n1["gb"]) == (n2["core"], n2["gb"])


def test_every_machine_and_gpu_that_is_offered_has_a_price():
    offered = re.findall(r'"((?:n1|g2|a2|a3)-[\w-]+)"', LOCALS)
    assert len(offered) > 20
    assert all(family_of(machine) for machine in offered)
    assert set(PRICES["gpus"]) == set(GPU_TYPES)


def test_every_family_that_a_cluster_may_have_has_a_price():
    variables = (TERRAFORM / "variables.tf").read_text()
    (families,) = set(re.findall(r'regex\("\^\(([\w|]+)\)-standard-', variables))
    assert all(family_of(f"{family}-standard-8") for family in families.split("|"))


def test_local_disks_are_known_to_prices_as_to_the_machines():
    for block in re.findall(r"^    nvidia-.+?^    \}$", LOCALS, re.MULTILINE | re.DOTALL):
        has_disks = re.search(r"local_ssd += (\w+)", block)[1] == "true"
        for machine in re.findall(r'"((?:n1|g2|a2|a3)-[\w-]+)"', block):
            assert ("ssd_per_gpu" in family_of(machine)) == has_disks, machine


def test_zones_are_listed_for_every_gpu_that_is_sold():
    assert set(ZONES) == set(GPU_TYPES)
    assert [gpu for gpu, regions in ZONES.items() if not regions] == ["nvidia-tesla-k80"]
    letters = [zone for regions in ZONES.values() for zones in regions.values() for zone in zones]
    assert all(re.fullmatch("[a-z]", letter) for letter in letters)


def test_examples_are_in_zones_that_have_their_gpu():
    for example in (TERRAFORM / "examples").glob("*.tfvars"):
        values = dict(re.findall(r'^(\w+) += "(.+)"$', example.read_text(), re.MULTILINE))
        gpu = values.get("gpu_type", "nvidia-tesla-k80")
        region, _, zone = values.get("zone", "us-central1-b").rpartition("-")
        assert gpu == "nvidia-tesla-k80" or zone in ZONES[gpu][region], example.name
