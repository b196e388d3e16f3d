"""What a plan would destroy that holds something."""

import pytest

from landmark_lib.cloud.losses import losses, removable

DELETE, REPLACE, RECREATE = ["delete"], ["delete", "create"], ["create", "delete"]
NODE, MODELS = "google_compute_instance.train[0]", 'google_storage_bucket.this["models"]'


def plan(*changes):
    return {"resource_changes": [{"address": a, "change": {"actions": b}} for a, b in changes]}


@pytest.mark.parametrize("actions", [DELETE, REPLACE, RECREATE])
@pytest.mark.parametrize(
    "address",
    [
        NODE,
        MODELS,
        'google_storage_bucket.this["raw"]',
        'google_storage_bucket.this["dataset"]',
        "google_compute_disk.models[0]",
    ],
)
def test_deleting_or_replacing_what_holds_data_is_a_loss(address, actions):
    assert losses(plan((address, actions))) == [address]


@pytest.mark.parametrize("actions", [["create"], ["update"], ["no-op"], ["read"], ["forget"]])
def test_what_stays_is_no_loss(actions):
    assert losses(plan((NODE, actions), (MODELS, actions))) == []


@pytest.mark.parametrize(
    "address",
    [
        "google_dataproc_cluster.this[0]",
        'google_storage_bucket.this["staging"]',
        "google_compute_network.this",
    ],
)
def test_what_terraform_creates_again_is_no_loss(address):
    assert losses(plan((address, DELETE))) == []


def test_a_plan_without_changes_loses_nothing():
    assert losses({}) == []


def test_neither_buckets_of_data_nor_what_they_need_are_removable():
    kept = [
        MODELS,
        'google_project_service.this["storage.googleapis.com"]',
        'google_kms_crypto_key_iam_member.this["storage"]',
        "data.google_project.this[0]",
    ]
    others = ['google_storage_bucket.this["staging"]', "google_compute_network.this"]
    assert removable([*kept, *others]) == others
