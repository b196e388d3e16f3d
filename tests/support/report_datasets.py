"""Small data sets made only with method/ and dataset.py, without Spark, for the report."""

import io
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
from PIL import Image

from landmark_lib import dataset
from landmark_lib.dataset import LandmarkClass, Manifest
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.hold_out import hold_out_size
from landmark_lib.method.label_counts import histogram, kept_labels, percentiles
from landmark_lib.method.placement import place_row, training_sets
from landmark_lib.method.recipes import CENTRE, Recipe
from landmark_lib.method.sampling_plan import SamplingSettings, plan_class

SETTINGS = {"input": "photos", "min_label_count": 2, "cutoff": 8, "target": 5, "hold_out": 1}
SETTINGS |= {"ensemble_size": 3, "seed": 4}
SCHEMAS = {dataset.VALIDATION: dataset.VALIDATION_SCHEMA}  # of directories with other columns than train/
FILES = 2  # of the corpus, the plan and each training set


def ids_of(label, count):
    return [f"{label}-{i}" for i in range(count)]


USUAL = {"big": ids_of("big", 20), "small": ids_of("small", 3), "fair": ids_of("fair", 7), "one": ["one-0"]}
SCRIPT = "<script>document.title = 'taken'</script>"
# Markup, quotes, text that turns around, templates, length.
HOSTILE = [
    SCRIPT,
    '"><img src=x onerror="document.title=\'taken\'">',
    "'; alert(1) //&amp;</style></title></table>",
    "\u202egnp.exe",
    "\u0645\u0633\u062c\u062f/1.jpg",
    "{{ 7 * 7 }}{% raw %}",
    "long" * 500,
]


def draw_fields(image_id, _label):
    """Return a photo of nine fields of random colour."""
    fields = np.random.default_rng(list(image_id.encode())).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(fields).resize((250, 250))


def write_dataset(root, ids_by_label, rejected=(), size=(300, 200), draw=draw_fields, **changed):
    """Write a data set of the images named, by label; `rejected` has rows of rejected/."""
    settings = {**SETTINGS, **changed}
    counts = {label: len(ids) for label, ids in ids_by_label.items()}
    kept = kept_labels(counts, settings["min_label_count"])
    hold_out = settings["hold_out"]
    classes = [
        LandmarkClass(index, label, counts[label], counts[label] - hold_out_size(counts[label], hold_out))
        for index, label in enumerate(kept)
    ]
    plan = _plan(ids_by_label, kept, _sampling(settings))
    corpus = _corpus(ids_by_label, size, draw)
    tables = {
        "corpus": (corpus, dataset.CORPUS_SCHEMA),
        "rejected": (list(rejected), dataset.REJECTED_SCHEMA),
        "labels": ([{"landmark_id": k, "label_count": n} for k, n in counts.items()], dataset.LABELS_SCHEMA),
        "plan": (plan, dataset.PLAN_SCHEMA),
    }
    files = [r for name, (rows, schema) in tables.items() for r in _write(root, name, rows, schema)]
    files += _shards(root, plan, {row["image_id"]: row["image"] for row in corpus}, settings)
    dataset.write_classes(root, classes)
    manifest = Manifest(
        settings=settings,
        versions={"pillow": "12"},
        photos={"listed": len(corpus) + len(rejected), "corpus": len(corpus), "enlarged": 3},
        rejected=dict(Counter(row["reason"] for row in rejected)),
        label_counts={
            "labels": len(counts),
            "percentiles": {str(p): n for p, n in percentiles(list(counts.values())).items()},
            "histogram": [list(part) for part in histogram(list(counts.values()))],
        },
        classes=len(classes),
        classes_with_fewer_held_out=0,
        roles=dict(Counter(row["role"] for row in plan)),
        files=files,
    )
    dataset.write_manifest(root, manifest)
    return manifest


def write_unlabelled(root, ids):
    """Write what --unlabelled makes: a corpus and nothing else."""
    files = _write(root, "corpus", _corpus({None: ids}, (300, 200), draw_fields), dataset.CORPUS_SCHEMA)
    manifest = Manifest(
        settings={"input": "photos", "unlabelled": True, "ensemble_size": 3},
        versions={},
        photos={"listed": len(ids), "corpus": len(ids)},
        rejected={},
        label_counts={},
        classes=0,
        classes_with_fewer_held_out=0,
        roles={},
        files=files,
    )
    dataset.write_manifest(root, manifest)
    return manifest


def rejected_row(image_id, reason, uri=None, detail=None):
    return {"image_id": image_id, "landmark_id": None, "uri": uri, "reason": reason, "detail": detail}


def write_usual(root):
    rejected = [rejected_row(f"cut-{i}", "truncated image", f"file:///{i}", "cut") for i in range(5)]
    return write_dataset(root, USUAL, [*rejected, rejected_row("", "no image id")])


def write_hostile(root):
    labels = {
        f"{name}{k}": [f"{name}{k}/{image}{i}" for image in HOSTILE for i in range(times)]
        for k, (name, times) in enumerate([(SCRIPT, 2), ("x" * 2000, 1)])
    }
    labels[HOSTILE[1]] = HOSTILE[:3]
    reasons = zip(HOSTILE, dataset.Reason, strict=False)
    rejected = [rejected_row(name, reason.value, f"http://a/{name}", name) for name, reason in reasons]
    return write_dataset(root, labels, rejected, size=(200, 300), input=SCRIPT)


WRITERS = {
    "usual": write_usual,
    "hostile": write_hostile,
    "even": lambda root: write_dataset(root, {"a": ids_of("a", 7), "b": ids_of("b", 8)}, ensemble_size=1),
    "unlabelled": lambda root: write_unlabelled(root, ids_of("photo", 4)),
}


def _sampling(settings):
    names = ("hold_out", "cutoff", "target", "ensemble_size", "seed")
    return SamplingSettings(**{name: settings[name] for name in names})


def _plan(ids_by_label, kept, sampling):
    rows = []
    for label, ids in ids_by_label.items():
        if label not in kept:
            none = {"class_index": None, "role": "dropped", "members": [], "recipes": []}
            rows += [{"image_id": i, **none} for i in ids]
            continue
        rows += [
            {
                "image_id": plan.image_id,
                "class_index": kept.index(label),
                "role": plan.role,
                "members": list(plan.members),
                "recipes": list(plan.recipes),
            }
            for plan in plan_class(ids, sampling)
        ]
    return rows


def _corpus(ids_by_label, size, draw):
    width, height = size
    return [
        {
            "image_id": i,
            "landmark_id": label,
            "image": encode_jpeg(draw(i, label)),
            "width": width,
            "height": height,
        }
        for label, ids in ids_by_label.items()
        for i in ids
    ]


def _shards(root, plan, jpegs, settings):
    rows = defaultdict(list)
    for planned in plan:
        image = Image.open(io.BytesIO(jpegs[planned["image_id"]]))
        directories = _directories(planned, settings["ensemble_size"])
        for recipe in planned["recipes"]:
            row = {"image_id": planned["image_id"], "class_index": planned["class_index"], "recipe": recipe}
            row["image"] = encode_jpeg(apply_recipe(image, Recipe.parse(recipe), CENTRE))
            for directory in directories:
                shard, _ = place_row(directory, row["image_id"], recipe, FILES, settings["seed"])
                rows[directory, shard].append(row)
    return [
        dataset.write_table(
            root,
            dataset.shard_name(directory, shard, FILES),
            pa.Table.from_pylist(rows[directory, shard], SCHEMAS.get(directory, dataset.TRAIN_SCHEMA)),
            rows_per_group=8,
        )
        for directory in sorted({directory for directory, _ in rows})
        for shard in range(FILES)
    ]


def _directories(planned, members):
    if planned["role"] == "validation":
        return [dataset.VALIDATION]
    if planned["role"] == "train":
        return [dataset.training_directory(stored) for stored in training_sets(planned["members"], members)]
    return []


def _write(root, name, rows, schema):
    parts = [rows[k::FILES] for k in range(FILES)]
    return [
        dataset.write_table(root, dataset.part_name(name, k, FILES), pa.Table.from_pylist(part, schema), 8)
        for k, part in enumerate(parts)
        if part
    ]
