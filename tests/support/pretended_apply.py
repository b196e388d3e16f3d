"""Terraform with a stand-in for Google: plans are real; an apply writes the state as if all had worked.

Run as a program, it takes Terraform's place in the path. `apply FILE` writes the state that the plan in FILE
promises; values that only Google would know are made up. Everything else is the real terraform.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

MADE_UP = {"string": "made-up", "number": 0, "bool": False}
REAL, SCHEMA, PLANS = "REAL_TERRAFORM", "TERRAFORM_SCHEMA", "APPLIED_PLANS"  # environment


def made_up(kind):
    """Return a value of a type of Terraform."""
    return MADE_UP[kind] if isinstance(kind, str) else {} if kind[0] in ("map", "object") else []


def completed(block, values, unknown):
    """Return the values of a block of a schema, made up where only the provider would know them."""
    values = dict(values or {})
    for name, attribute in block.get("attributes", {}).items():
        if values.get(name) is None:
            is_unknown = attribute.get("computed") or unknown.get(name)
            values[name] = made_up(attribute["type"]) if is_unknown else None
        elif isinstance(values[name], list):
            values[name] = [made_up("string") if each is None else each for each in values[name]]
    for name, nested in block.get("block_types", {}).items():
        if nested["nesting_mode"] != "single":
            found = values.get(name) or []
            theirs = unknown.get(name) or [{}] * len(found)
            values[name] = [
                completed(nested["block"], each, its) for each, its in zip(found, theirs, strict=True)
            ]
    return values


def state_of(plan, schema, serial):
    """Return the state after a plan, as in a state file."""
    planned = plan["planned_values"]
    unknown = {each["address"]: each["change"]["after_unknown"] for each in plan["resource_changes"]}
    resources = {}
    for resource in planned.get("root_module", {}).get("resources", []):
        if resource["mode"] != "managed":
            continue
        block = schema[resource["type"]]["block"]
        values = completed(block, resource["values"], unknown[resource["address"]])
        instance = {"schema_version": 0, "attributes": values, "sensitive_attributes": []}
        if "index" in resource:
            instance["index_key"] = resource["index"]
        named = resources.setdefault(
            (resource["type"], resource["name"]),
            {
                "mode": "managed",
                "type": resource["type"],
                "name": resource["name"],
                "provider": f'provider["{resource["provider_name"]}"]',
                "instances": [],
            },
        )
        named["instances"].append(instance)
    outputs = {
        name: {"value": output.get("value", "made-up"), "type": output.get("type", "string")}
        for name, output in planned.get("outputs", {}).items()
    }
    return {
        "version": 4,
        "terraform_version": plan["terraform_version"],
        "serial": serial,
        "lineage": "a-test",
        "outputs": outputs,
        "resources": list(resources.values()),
    }


def main(arguments):
    """Run terraform, except for an apply."""
    real = os.environ[REAL]
    chdir, command = arguments[0], arguments[1]
    if command != "apply":
        return subprocess.run([real, *arguments], check=False).returncode
    folder = chdir.removeprefix("-chdir=")
    shown = subprocess.run([real, chdir, "show", "-json", arguments[-1]], check=True, capture_output=True)
    plan, schema = json.loads(shown.stdout), json.loads(Path(os.environ[SCHEMA]).read_text())
    state = Path(folder, "terraform.tfstate")
    serial = json.loads(state.read_text())["serial"] + 1 if state.exists() else 1
    state.write_text(json.dumps(state_of(plan, schema, serial)))
    with Path(os.environ[PLANS]).open("a") as file:
        file.write(json.dumps(plan["resource_changes"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
