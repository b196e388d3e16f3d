"""The bill of a run follows docs/scale.md's measurements and docs/cloud.md's prices."""

import re
from dataclasses import replace

import pytest
from commands import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.cloud import bill, configuration
from landmark_lib.cloud.bill import Run, monthly, once, preprocess_seconds, preprocessing, run_of, training
from landmark_lib.cloud.prices import (
    DCU,
    DCU_PER_CORE,
    DCU_PER_GB,
    MILLION_READS,
    REGISTRY_GB,
    read_prices,
)
from landmark_lib.digits import number
from landmark_lib.errors import UserError

SCALE = (REPOSITORY / "docs/scale.md").read_text("utf-8")
CLOUD = (REPOSITORY / "docs/cloud.md").read_text("utf-8")
TERRAFORM = REPOSITORY / "terraform"
DEFAULTS = configuration.defaults(TERRAFORM)
PRICES = read_prices(TERRAFORM)
runs = st.builds(
    Run,
    st.integers(1, 10**8),
    st.floats(0.001, 10**6),
    st.sampled_from(["serverless", "cluster"]),
    st.integers(2, 50),
    st.integers(0, 200),
)


def total(run):
    return sum(line.dollars for line in once(run, PRICES))


@pytest.mark.parametrize(
    "row",
    [
        f"| photos, N | {bill.PAPER_PHOTOS:,} of 280 kB |",
        f"| photos/s per core, r: read, decode, crop, resize, encode | {bill.PHOTOS_PER_SECOND} |",
        f"| share of this speed inside Spark, s | {bill.IN_SPARK} |",
        f"| core seconds for list, label counts and plan | {bill.PLAN_CORE_SECONDS} |",
        f"| rows of the shards, M (the final approach, three members) | {bill.ROWS:,} of 25 kB |",
        f"| core seconds per row of the shards | {bill.ROW_CORE_SECONDS} |",
        f"| latency of stages too small to fill the cores | {bill.LATENCY_SECONDS} s |",
        f"| corpus written, then read for the shards | {bill.CORPUS_GB} GB |",
        f"| shards written | {bill.SHARDS_GB} GB |",
    ],
)
def test_the_rates_are_those_of_the_page_of_measurements(row):
    assert row in SCALE


@pytest.mark.parametrize(("cores", "hours"), [(16, "0.24"), (160, "0.04")])
def test_the_hours_are_those_of_the_page_of_measurements(cores, hours):
    assert f"{preprocess_seconds(Run(), cores) / 3600:.2f}" == hours
    assert hours in re.search(r"\| \*\*total\*\* \|.*", SCALE)[0]


def test_the_page_has_the_same_bill():
    assert bill.text(Run(), PRICES) in CLOUD
    cluster = preprocessing(Run(spark="cluster"), PRICES)
    assert f"preprocessing costs {cluster.dollars:.2f} dollars" in CLOUD


@pytest.mark.parametrize("example", ["t4", "l4", "two-nodes", "a100", "h100"])
def test_the_page_has_the_bill_of_each_node(example):
    chosen = configuration.example(TERRAFORM, example)
    variables = {**DEFAULTS, **chosen}
    nodes = variables["train_nodes"]
    run = run_of(variables, chosen["machine_type"], nodes, "serverless", bill.PAPER_PHOTOS, None)
    line, speed = training(run, PRICES), bill.IMAGES_PER_SECOND[run.gpu]
    assert f"| `{example}` | {speed:,} | {line.seconds / 3600:.1f} | {line.dollars:.2f} |" in CLOUD


def test_the_page_has_the_prices_that_only_the_bill_uses():
    price = PRICES.node("a3-highgpu-2g", "nvidia-h100-80gb", 2)
    for row in (
        f"| a3-highgpu-2g | {price:.2f} |",
        f"| U | {DCU} | serverless, per hour and data compute unit: {DCU_PER_CORE} for a core, {DCU_PER_GB}",
        f", {REGISTRY_GB:.2f} | per GB and month of a balanced disk, of a bucket, of images in the",
        f"| reading objects | {MILLION_READS:.2f} | per million |",
    ):
        assert row in CLOUD


@pytest.mark.parametrize("example", configuration.example_names(TERRAFORM))
def test_every_example_that_exists_has_a_bill(example):
    variables = {**DEFAULTS, **configuration.example(TERRAFORM, example)}
    arguments = (variables, variables["machine_type"], 1, "serverless", bill.PAPER_PHOTOS, None)
    if example == "paper-k80":
        with pytest.raises(UserError, match="plan: no speed is known of nvidia-tesla-k80"):
            run_of(*arguments)
    else:
        assert total(run_of(*arguments)) > 1


def test_a_machine_or_gpu_without_a_price_is_reported():
    for name in ("m3-ultramem-32", "n1-highmem-8", "custom"):
        with pytest.raises(UserError, match=f"prices.yaml has no price of {name}"):
            PRICES.machine(name)
    with pytest.raises(UserError, match="has no price of nvidia-b200"):
        PRICES.node("n1-standard-8", "nvidia-b200", 1)


def test_the_numbers_of_machines_are_those_of_terraform():
    text = "".join((TERRAFORM / name).read_text("utf-8") for name in ("outputs.tf", "dataproc.tf"))
    submitted = dict(re.findall(r'"(spark\.[\w.]+)" += "(\d+)g?"', text))
    assert submitted["spark.dynamicAllocation.maxExecutors"] == str(bill.EXECUTORS)
    assert submitted["spark.executor.cores"] == str(bill.EXECUTOR_CORES)
    assert submitted["spark.driver.cores"] == str(bill.DRIVER_CORES)
    memory = ("spark.executor.memory", "spark.executor.memoryOverhead")
    assert sum(int(submitted[name]) for name in memory) == bill.EXECUTOR_GB
    assert round(1.1 * int(submitted["spark.driver.memory"])) == bill.DRIVER_GB
    assert (DEFAULTS["primary_workers"], DEFAULTS["secondary_workers_max"]) == (2, 16)
    assert (DEFAULTS["worker_machine_type"], DEFAULTS["master_machine_type"]) == (bill.WORKER, bill.MASTER)
    assert DEFAULTS["boot_disk_gb"] == bill.DISK_GB
    default = configuration.first_machine(TERRAFORM, DEFAULTS["gpu_type"], DEFAULTS["gpu_count"])
    assert (Run().gpu, Run().gpus, Run().machine) == (DEFAULTS["gpu_type"], DEFAULTS["gpu_count"], default)


@given(runs, st.integers(2, 10))
def test_more_photos_never_cost_less_and_at_most_in_proportion(run, factor):
    larger = replace(run, photos=run.photos * factor, gigabytes=run.gigabytes * factor)
    for lines in (once, monthly):
        before, after = (sum(line.dollars for line in lines(each, PRICES)) for each in (run, larger))
        assert before <= after <= before * factor * 1.000001


@given(runs, st.floats(1, 100))
def test_larger_photos_take_longer_at_most_in_proportion(run, factor):
    larger = replace(run, gigabytes=run.gigabytes * factor)
    before, after = preprocess_seconds(run, 16), preprocess_seconds(larger, 16)
    assert before * 0.999999 <= after <= before * factor * 1.000001


def test_spot_nodes_take_as_long_for_less():
    spot = training(Run(spot=True), PRICES)
    assert spot.seconds == training(Run(), PRICES).seconds
    assert spot.dollars == pytest.approx(PRICES.table["spot_share"] * training(Run(), PRICES).dollars)


def test_the_bill_says_that_nothing_was_billed_what_is_assumed_and_of_when_the_prices_are():
    text = bill.text(Run(), PRICES)
    assert "Computed, not billed" in text
    assert PRICES.dates in text
    assert "300 images/s per GPU assumed" in text
    assert f"{number(bill.PAPER_PHOTOS)} photos, 336 GB" in text
    assert all(len(line) <= 130 for line in text.splitlines())
