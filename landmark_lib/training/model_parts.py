"""The parts that a saved model may have: those of models that this project writes.

A .keras file names Python objects to import and call. The safe mode of Keras 3.8, which is locked here, stops
Lambda layers, but not a file that names any function of any module (CVE-2025-1550, CVE-2025-8747). So the
names in a file are checked against a list before Keras sees them. Keras also unpacks everything in the
archive, so it receives a folder with the checked parts, and never the file.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from landmark_lib.training.weights_file import check_weights
from landmark_lib.zip_archive import open_zip

METADATA = "metadata.json"  # version of Keras and date; unused
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
MEMBERS = (METADATA, CONFIG, WEIGHTS)
MAX_CONFIG = 10_000_000  # bytes; the largest of keras.applications has 2 million

# The classes of keras.applications and of the head, by module.
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
            "UnitNormalization",
            "ZeroPadding2D",
        }
    ),
    "keras.regularizers": frozenset({"L2"}),
    "keras.src.applications.convnext": frozenset({"LayerScale"}),
    "keras.src.applications.inception_resnet_v2": frozenset({"CustomScaleLayer"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.ops.core": frozenset({"Cast"}),  # of mixed precision
    "keras.src.ops.numpy": frozenset({"Add", "Multiply"}),
    "landmark_lib.training.arcface": frozenset({"ArcFaceLogits"}),
    "landmark_lib.training.class_similarity": frozenset({"ClassSimilarity"}),
    "landmark_lib.training.logits_by_class": frozenset({"LogitsByClass"}),
    "landmark_lib.training.pooling": frozenset({"GeneralisedMean"}),
    "landmark_lib.training.model": frozenset({"ImageNetPreprocessing", "WithFixedStatistics"}),
    None: frozenset({"__keras_tensor__"}),
}


def unpack_model(file: BinaryIO, folder: Path) -> int:
    """Check the configuration and the weights of a .keras file, and unpack them for Keras.

    Args:
        file: The .keras file, open and seekable.
        folder: An empty one.

    Returns:
        The size of its weights, in bytes.

    Raises:
        OSError: The file cannot be read, or the folder cannot be written.
        ValueError: It is not a .keras file of a known model, or holds less than it claims.
    """
    with open_zip(file, len(MEMBERS)) as archive:
        found = sorted(archive.namelist())
        if found != sorted(MEMBERS):
            raise ValueError(f"not a .keras file: expected {', '.join(sorted(MEMBERS))}, found {found!r:.80}")
        if archive.getinfo(CONFIG).file_size > MAX_CONFIG:
            raise ValueError(f"its {CONFIG} is larger than {MAX_CONFIG} bytes")
        config = _read_config(archive.read(CONFIG))
        # In ASCII, Keras reads exactly what was checked, whatever encoding it expects.
        (folder / CONFIG).write_text(json.dumps(config), "ascii")
        with archive.open(WEIGHTS) as packed, (folder / WEIGHTS).open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    return check_weights(folder / WEIGHTS)


def _read_config(content: bytes) -> Any:
    try:
        config = json.loads(content.decode())
    except RecursionError:
        raise ValueError(f"its {CONFIG} is nested too deeply") from None
    for module, name in _named(config):
        if not isinstance(name, str) or name not in KNOWN.get(module, frozenset()):
            raise ValueError(f"unexpected layer {name!r:.60} from {module!r:.60}")
    return config


def _named(config: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the module and the name of every object in a configuration, however deep."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part.get("module"), part["class_name"]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
