"""What a plan of Terraform would destroy that it cannot create again: trained models, data, photos."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# A GPU node's disk holds checkpoints and models. Whatever else is planned, Terraform can create again.
HOLD_DATA = re.compile(
    r'google_compute_(instance|disk)\.\w+|google_storage_bucket\.this\["(raw|dataset|models)"\]'
)
# Removing APIs or the rights to an own key would take buckets with it.
UNDER_BUCKETS = re.compile(r"google_project_service\.|google_kms_crypto_key_iam_member\.")


def losses(plan: Mapping[str, Any]) -> list[str]:
    """Return the addresses of what a plan deletes or replaces and that holds something.

    Args:
        plan: What `terraform show -json` prints.
    """
    return [
        change["address"]
        for change in plan.get("resource_changes", [])
        if "delete" in change["change"]["actions"] and HOLD_DATA.match(change["address"])
    ]


def removable(addresses: Iterable[str]) -> list[str]:
    """Return the resources that can be destroyed without a bucket of data, or what it depends on."""
    return [
        address
        for address in addresses
        if not (address.startswith("data.") or UNDER_BUCKETS.match(address) or HOLD_DATA.match(address))
    ]
