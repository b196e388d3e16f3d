"""What a saved model may be made of: what ours are.

A .keras file tells which Python objects to import and call. The safe mode of Keras 3.8, which is locked here,
stops Lambda layers, but not a file that names any function of any module (CVE-2025-1550, CVE-2025-8747). So
what a file names is compared with a list before Keras sees it.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landmark_lib.training.weights_file import check_weights

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
LARGEST_CONFIG = 100_000_000  # bytes; the largest of keras.applications has 2 million

# By module, the classes of which keras.applications and our own head are made.
KNOWN: dict[str | None, frozenset[str]] = {
    "keras": frozenset({"DTypePolicy", "Sequential"}),
    "keras.initializers": frozenset({"GlorotUniform", "HeNormal", "Ones", "VarianceScaling", "Zeros"}),
    "keras.layers": frozenset(
        {
            "Activation",
            "Add",
            "AveragePooling2D",
            "BatchNormalization",
            "Concatenate",
            "Conv2D",
            "Cropping2D",
            "Dense",
            "DepthwiseConv2D",
            "Dropout",
            "GlobalAveragePooling2D",
            "InputLayer",
            "LayerNormalization",
            "MaxPooling2D",
            "Multiply",
            "Normalization",
            "ReLU",
            "Rescaling",
            "Reshape",
            "SeparableConv2D",
            "ZeroPadding2D",
        }
    ),
    "keras.regularizers": frozenset({"L2"}),
    "keras.src.applications.convnext": frozenset({"LayerScale"}),
    "keras.src.applications.inception_resnet_v2": frozenset({"CustomScaleLayer"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.ops.core": frozenset({"Cast"}),  # of mixed precision
    "keras.src.ops.numpy": frozenset({"Add", "Multiply"}),
    "landmark_lib.training.model": frozenset({"ImageNetPreprocessing", "WithFixedStatistics"}),
    None: frozenset({"__keras_tensor__"}),
}


def check_parts(path: Path) -> None:
    """Make sure that a .keras file names nothing but what models of ours are made of, and holds its weights.

    Raises:
        OSError: There is no such file.
        ValueError: It is no .keras file, it names something else, or its weights are not in it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(CONFIG).file_size
            if size > LARGEST_CONFIG:
                raise ValueError(f"its {CONFIG} has {size} bytes")
            _check_names(json.loads(archive.read(CONFIG)))
            with archive.open(WEIGHTS) as weights:
                check_weights(weights)
    except (zipfile.BadZipFile, KeyError, RecursionError) as error:
        raise ValueError(f"not a .keras file ({error})") from None


def _check_names(config: Any) -> None:
    for module, name in _named(config):
        if not isinstance(name, str) or name not in KNOWN.get(module, frozenset()):
            raise ValueError(f"no model of ours has a part {name!r:.60} of {module!r:.60}")


def _named(config: Any) -> Iterator[tuple[Any, Any]]:
    """Give the module and the name of every object in a configuration, whatever lies around it."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part.get("module"), part["class_name"]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
