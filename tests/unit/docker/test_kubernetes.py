"""The manifests have only fields that their resources have, with their types, and jobs take their commands.

The fields below are those that the manifests use or that are required, written down by hand from
kubeflow/mpi-operator (manifests/base/kubeflow.org_mpijobs.yaml at 013fa15b), kubeflow/spark-operator
(api/v1beta2/sparkapplication_types.go at 07f3cecd, from which its resource is generated) and
Kubernetes' core API v1. A field that ends in `!` is required.
"""

import copy
import re
import shlex

import pytest
import yaml
from commands import REPOSITORY
from dockerfiles import DOCKER, whole

from landmark_lib.command_line import exit_status
from landmark_lib.settings import PreprocessSettings, TrainSettings

QUANTITY = re.compile(r"\d+(\.\d+)?([KMGTPE]i?|[numk])?")
JAVA_MEMORY = re.compile(r"\d+[kmgt]")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
TEXTS = {"*": str}

POD_SECURITY = {
    "runAsNonRoot": bool,
    "runAsUser": int,
    "runAsGroup": int,
    "fsGroup": int,
    "seccompProfile": {"type!": {"RuntimeDefault", "Unconfined", "Localhost"}},
}
CONTAINER_SECURITY = {"allowPrivilegeEscalation": bool, "capabilities": {"add": [str], "drop": [str]}}
MOUNTS = [{"name!": NAME, "mountPath!": str, "readOnly": bool}]
VOLUMES = [
    {
        "name!": NAME,
        "persistentVolumeClaim": {"claimName!": NAME, "readOnly": bool},
        "emptyDir": {"medium": {"", "Memory"}, "sizeLimit": QUANTITY},
    }
]
CONTAINER = {
    "name!": NAME,
    "image": str,
    "command": [str],
    "args": [str],
    "ports": [{"containerPort!": int}],
    "resources": {"requests": {"*": QUANTITY}, "limits": {"*": QUANTITY}},
    "securityContext": CONTAINER_SECURITY,
    "volumeMounts": MOUNTS,
}
REPLICAS = {
    "replicas": int,
    "restartPolicy": {"Always", "OnFailure", "Never", "ExitCode"},
    "template": {
        "spec": {
            "automountServiceAccountToken": bool,
            "securityContext": POD_SECURITY,
            "containers!": [CONTAINER],
            "volumes": VOLUMES,
        }
    },
}
SPARK_POD = {
    "cores": int,
    "memory": JAVA_MEMORY,
    "memoryOverhead": JAVA_MEMORY,
    "secrets": [
        {
            "name!": NAME,
            "path!": str,
            "secretType!": {"GCPServiceAccount", "HadoopDelegationToken", "Generic"},
        }
    ],
    "volumeMounts": MOUNTS,
    "podSecurityContext": POD_SECURITY,
    "securityContext": CONTAINER_SECURITY,
    "serviceAccount": NAME,
}
RESOURCES = {
    "mpijob": {
        "apiVersion!": {"kubeflow.org/v2beta1"},
        "kind!": {"MPIJob"},
        "metadata!": {"name!": NAME},
        "spec!": {
            "mpiImplementation": {"OpenMPI", "Intel"},
            "slotsPerWorker": int,
            "sshAuthMountPath": str,
            "runPolicy": {
                "activeDeadlineSeconds": int,
                "backoffLimit": int,
                "cleanPodPolicy": {"None", "Running", "All"},
                "suspend": bool,
                "ttlSecondsAfterFinished": int,
            },
            "mpiReplicaSpecs!": {"Launcher!": REPLICAS, "Worker": REPLICAS},
        },
    },
    "sparkapplication": {
        "apiVersion!": {"sparkoperator.k8s.io/v1beta2"},
        "kind!": {"SparkApplication"},
        "metadata!": {"name!": NAME},
        "spec!": {
            "type!": {"Java", "Python", "Scala", "R"},
            "pythonVersion": {"2", "3"},
            "mode": {"cluster", "client"},
            "sparkVersion!": str,
            "image": str,
            "mainApplicationFile!": str,
            "arguments": [str],
            "sparkConf": TEXTS,
            "volumes": VOLUMES,
            "restartPolicy": {
                "type": {"Never", "Always", "OnFailure"},
                "onFailureRetries": int,
                "onFailureRetryInterval": int,
                "onSubmissionFailureRetries": int,
                "onSubmissionFailureRetryInterval": int,
            },
            "driver!": SPARK_POD,
            "executor!": SPARK_POD | {"instances": int},
        },
    },
}
MANIFESTS = {name: yaml.safe_load((DOCKER / f"kubernetes/{name}.yaml").read_text()) for name in RESOURCES}
SPARK = MANIFESTS["sparkapplication"]["spec"]
PODS = {
    name: replicas["template"]["spec"]
    for name, replicas in MANIFESTS["mpijob"]["spec"]["mpiReplicaSpecs"].items()
}

every_manifest = pytest.mark.parametrize("name", MANIFESTS)


def wrong(value, form, where=""):
    """Yield where a value differs from the form of a resource."""
    if isinstance(form, dict):
        yield from wrong_fields(value, form, where) if isinstance(value, dict) else [where]
    elif isinstance(form, list):
        for item in value if isinstance(value, list) else [None]:
            yield from wrong(item, form[0], f"{where}[]")
    elif not fits(value, form):
        yield where


def wrong_fields(value, form, where):
    """Yield where the fields of an object differ."""
    forms = {field.rstrip("!"): of for field, of in form.items()}
    for field in form:
        if field.endswith("!") and field[:-1] not in value:
            yield f"{where}.{field}"
    for field, of in value.items():
        if field in forms or "*" in forms:
            yield from wrong(of, forms.get(field, forms.get("*")), f"{where}.{field}")
        else:
            yield f"{where}.{field}"


def fits(value, form):
    """Return whether a value is in a set, has a type, or matches a pattern. Quantities may be numbers."""
    if isinstance(form, set):
        return value in form
    if isinstance(form, re.Pattern):
        text = str(value) if form is QUANTITY and type(value) is int else value
        return isinstance(text, str) and form.fullmatch(text) is not None
    return type(value) is form


def places(value, path=()):
    """Yield the path of each field, but for those of free texts."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, of in items:
        if isinstance(value, dict) and path[-1:] not in (("sparkConf",), ("requests",), ("limits",)):
            yield (*path, key)
        yield from places(of, (*path, key))


@every_manifest
def test_a_manifest_has_the_fields_and_types_of_its_resource(name):
    assert list(wrong(MANIFESTS[name], RESOURCES[name])) == []


@every_manifest
def test_any_misspelt_field_and_any_wrong_type_is_found(name):
    for *path, field in places(MANIFESTS[name]):
        for change in ("misspelt", "of another type"):
            changed = copy.deepcopy(MANIFESTS[name])  # also takes YAML's aliases apart from the original
            holder = changed
            for key in path:
                holder = holder[key]
            if change == "misspelt":
                holder[f"{field}s"] = holder.pop(field)
            else:
                holder[field] = 1.5
            assert list(wrong(changed, RESOURCES[name])), f"{path} {field} {change}"


def settings_of(job, arguments):
    taken = []
    assert exit_status(job, taken.append, arguments) == 0
    return taken[0]


def launcher():
    """Return the launcher's script, with continued lines joined."""
    return PODS["Launcher"]["containers"][0]["args"][-1].replace("\\\n", " ")


def test_training_takes_its_command():
    command = shlex.split(launcher().splitlines()[-1])
    settings = settings_of(TrainSettings, command[command.index("jobs/train.py") + 1 :])
    mounts = PODS["Worker"]["containers"][0]["volumeMounts"]
    assert {settings.dataset, settings.models} == {"/data/dataset", "/data/models"}
    assert "/data" in [mount["mountPath"] for mount in mounts]


def test_there_are_as_many_ranks_as_gpus():
    spec = MANIFESTS["mpijob"]["spec"]
    gpus = PODS["Worker"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"]
    assert gpus == spec["slotsPerWorker"]
    assert f"-np {spec['mpiReplicaSpecs']['Worker']['replicas'] * gpus} " in launcher()


def test_preprocessing_takes_its_command():
    settings = settings_of(PreprocessSettings, SPARK["arguments"])
    assert (settings.input, settings.output) == ("/data/photos", "/data/dataset")
    job = SPARK["mainApplicationFile"].removeprefix("local:///app/")
    assert (REPOSITORY / job).exists()


def test_spark_has_the_version_of_the_image():
    locked = (REPOSITORY / "requirements/preprocess.txt").read_text()
    assert f"pyspark=={SPARK['sparkVersion']} " in locked


def test_spark_is_protected_as_on_the_cluster_of_containers():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["spark-secret"]["command"][-1]
    given = dict(re.findall(r"^(spark\.\S+) (.+)$", compose, re.MULTILINE))
    del given["spark.authenticate.secret"], given["spark.master.rest.enabled"]  # a file; only of a master
    secret = SPARK["sparkConf"]["spark.authenticate.secret.file"]
    assert SPARK["sparkConf"] == given | {"spark.authenticate.secret.file": secret}
    for pod in ("driver", "executor"):
        assert secret.startswith(SPARK[pod]["secrets"][0]["path"])


def test_pods_run_as_the_user_of_the_image_without_further_rights():
    securities = [(pod["securityContext"], pod["containers"][0]["securityContext"]) for pod in PODS.values()]
    securities += [
        (SPARK[pod]["podSecurityContext"], SPARK[pod]["securityContext"]) for pod in ("driver", "executor")
    ]
    for pod, container in securities:
        assert ("USER", str(pod["runAsUser"])) in [*whole("train", "gpu"), *whole("spark", "spark")]
        assert pod["runAsNonRoot"]
        assert container == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_the_image_of_spark_has_the_words_that_kubernetes_starts_it_by():
    copies = [rest for word, rest in whole("spark", "spark") if word == "COPY"]
    assert "--chmod=0755 docker/kubernetes/driver docker/kubernetes/executor /usr/local/bin/" in copies
