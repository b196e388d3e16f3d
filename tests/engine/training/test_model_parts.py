"""A model file holds the three parts that Keras writes, and nothing gets to Keras that was not checked."""

import json
import re
import stat
import struct
import tempfile
import zipfile

import h5py
import keras
import numpy as np
import pytest
from commands import REPOSITORY

from landmark_lib.errors import LandmarkError
from landmark_lib.storage import Place
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import build_model, load_trained
from landmark_lib.training.model_parts import MEMBERS, unpack_model

SIDE = 32
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the path of a small model."""
    images = keras.Input((SIDE, SIDE, 3))
    features = keras.layers.Conv2D(4, 3, name="a_conv")(images)
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(features))
    path = tmp_path_factory.mktemp("model") / "best.keras"
    model = build_model(
        keras.Model(images, features), "tf", HeadOptions(classes=3, dropout=0.5, l2=1e-4, seed=0)
    )
    model.save(path)
    return path


@pytest.fixture
def parts(whole):
    """Return the files of a valid model by name, to be changed."""
    with zipfile.ZipFile(whole) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def refused(path, told):
    """Expect one line that names the file."""
    with pytest.raises(LandmarkError, match=told) as refusal:
        load_trained(Place(str(path)))
    line = str(refusal.value)
    assert line.startswith(f"{path} cannot be loaded: ")
    assert "\n" not in line
    assert len(line) < len(str(path)) + 250


def test_keras_files_load_from_any_working_directory_and_leave_no_files(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(whole) as archive:
        assert sorted(archive.namelist()) == sorted(MEMBERS)
    images = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.uint8)
    expected = keras.models.load_model(whole, compile=False)(images)
    np.testing.assert_array_equal(load_trained(Place(str(whole)))(images), expected)
    assert list(tmp_path.iterdir()) == []


def test_model_rewritten_by_python_unchanged_is_loaded(parts, tmp_path):
    path = zipped(tmp_path / "again.keras", parts.items())
    assert load_trained(Place(str(path))).output_shape == (None, 3)


@pytest.mark.parametrize(
    "more",
    [
        ("assets/zeros", bytes(10_000_000)),
        ("assets/", b""),
        ("../config.json", b"{}"),
        ("/etc/config.json", b"{}"),
        ("./config.json", b"{}"),
        ("CONFIG.JSON", b"{}"),
        ("model.weights.npz", b""),
    ],
)
def test_additional_files_are_refused_before_unpacking(more, parts, tmp_path, monkeypatch):
    stored, packed = (
        zipped(tmp_path / f"{compression}.keras", [*parts.items(), more], compression)
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    )
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member was read"))
    refused(stored, "expected at most 3 members, found 4")
    refused(packed, "expected at most 3 members, found 4")


@pytest.mark.parametrize("gone", MEMBERS)
@pytest.mark.parametrize("instead", [None, "./config.json", "Config.json", "model.weights.npz", "a\x1b[2Jb"])
def test_replaced_files_are_refused(gone, instead, parts, tmp_path):
    content = parts.pop(gone)
    if instead:
        parts[instead] = content
    refused(
        zipped(tmp_path / "other.keras", parts.items()), "expected config.json, metadata.json, model.weigh"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_repeated_file_is_refused(parts, tmp_path):
    del parts[METADATA]
    path = zipped(tmp_path / "twice.keras", [*parts.items(), (CONFIG, b"{}")])
    refused(path, "its member 'config.json' occurs twice")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_file_of_any_size_is_refused(compression, parts, tmp_path):
    parts[METADATA] = bytes(10_000_000)
    refused(zipped(tmp_path / "packed.keras", parts.items(), compression), "compressed or encrypted")


def headers(content, name):
    """Find where the headers of a member begin, the one in the directory first."""
    local, central = (content.index(name.encode(), start) for start in (0, content.index(b"PK\1\2")))
    return central - 46, local - 30


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (8, struct.pack("<H", 1), "compressed or encrypted"),
        (10, struct.pack("<H", 99), "compressed or encrypted"),  # no method that there is
        (20, struct.pack("<L", 10**9), "compressed or encrypted"),  # packed to more than it is
        (24, struct.pack("<L", 10**9), "compressed or encrypted"),  # unpacked to more than it is
        (20, struct.pack("<LL", 10**9, 10**9), "its members claim more than the file holds"),
        (
            20,
            struct.pack("<LL", 2000, 2000),
            "its members claim more|not a whole zip archive",
        ),  # into the next
        (42, struct.pack("<L", 5), "not a zip archive|not a whole zip archive"),  # where it begins
    ],
)
def test_archive_directory_with_wrong_sizes_is_refused(field, value, told, whole, tmp_path):
    content = bytearray(whole.read_bytes())
    central, _ = headers(content, METADATA if field == 42 else CONFIG)
    content[central + field : central + field + len(value)] = value
    (tmp_path / "lies.keras").write_bytes(content)
    refused(tmp_path / "lies.keras", told)


def test_file_with_two_names_is_refused(whole, tmp_path):
    content = bytearray(whole.read_bytes())
    _, local = headers(content, CONFIG)
    content[local + 30 : local + 36] = b"secret"
    (tmp_path / "two-names.keras").write_bytes(content)
    refused(tmp_path / "two-names.keras", "not a whole zip archive .*differ")


def test_data_around_the_archive_or_a_second_end_is_refused(whole, tmp_path):
    content = whole.read_bytes()
    second_end = b"PK\6\6" + bytes(52) + b"PK\6\7" + bytes(16)
    for changed, told in [
        (b"#!/bin/sh\n" + content, "other data comes first"),
        (content + b"more", "other data follows it"),
        (content[:-2] + b"\4\0more", "other data follows it"),
        (content[:-22] + second_end + content[-22:], "it has two directories of members"),
    ]:
        (tmp_path / "around.keras").write_bytes(changed)
        refused(tmp_path / "around.keras", told)


def test_a_link_in_an_archive_is_not_followed(parts, tmp_path):
    link = zipfile.ZipInfo(CONFIG)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    members = [(link, "/etc/passwd"), *((name, parts[name]) for name in (METADATA, WEIGHTS))]
    refused(zipped(tmp_path / "link.keras", members), "Expecting value")


def test_truncated_or_changed_model_is_reported_in_one_line(whole, tmp_path):
    content = whole.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 1
    for changed in (b"", content[:10], content[: len(content) // 2], content[:-1], bytes(flipped)):
        (tmp_path / "damaged.keras").write_bytes(changed)
        refused(tmp_path / "damaged.keras", "not a (whole )?zip archive")
    refused(tmp_path / "nowhere.keras", "No such file")
    (tmp_path / "folder.keras").mkdir()
    refused(tmp_path / "folder.keras", "Is a directory")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe" + "{}".encode("utf-16-le"), "can't decode"),
        (b"9" * 5_000, "4300 digits"),
        (b" " * 10_000_001, "config.json is larger than 10000000 bytes"),
        (b"[]", "list"),
        (b"{}", "KerasSaveable"),
    ],
)
def test_invalid_configuration_is_refused(config, told, parts, tmp_path):
    refused(zipped(tmp_path / "odd.keras", (parts | {CONFIG: config}).items()), told)


def changed(parts, change):
    """Change the layers of the model's configuration."""
    config = json.loads(parts[CONFIG])
    change({layer["name"]: layer["config"] for layer in config["config"]["layers"]})
    return parts | {CONFIG: json.dumps(config)}


@pytest.mark.parametrize("units", [4, 10**6, 10**12])
def test_layers_larger_than_the_weights_are_refused_before_allocation(units, parts, tmp_path):
    parts = changed(parts, lambda layers: layers["logits"].update(units=units))
    told = "its layers claim more than the 572 bytes of its weights" if units > 4 else "could not be loaded"
    refused(zipped(tmp_path / "claims.keras", parts.items()), told)


def test_model_of_other_inputs_than_images_is_refused(parts, tmp_path):
    parts[CONFIG] = parts[CONFIG].replace(b"32, 32", b"32, 33").replace(b"30, 30", b"30, 31")
    refused(zipped(tmp_path / "narrow.keras", parts.items()), "expected a model of images")


def test_compressed_weights_in_hdf5_are_refused(parts, tmp_path):
    (tmp_path / WEIGHTS).write_bytes(parts[WEIGHTS])
    with h5py.File(tmp_path / WEIGHTS, "a") as content:
        content.create_dataset("more", data=np.zeros(10**6), compression="gzip")
    parts[WEIGHTS] = (tmp_path / WEIGHTS).read_bytes()
    refused(zipped(tmp_path / "packed.keras", parts.items()), "its weights 'more' are compressed")


def test_keras_reads_the_configuration_that_was_checked(parts, tmp_path):
    """What is unpacked is ASCII, so that no encoding reads something else into it."""
    config = json.loads(parts[CONFIG])
    config["note"] = "Zürich"
    parts[CONFIG] = json.dumps(config, ensure_ascii=False).encode()
    path = zipped(tmp_path / "note.keras", parts.items())
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with path.open("rb") as file:
        assert unpack_model(file, folder) == 572
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]
    assert json.loads((folder / CONFIG).read_bytes().decode("ascii")) == config


def test_models_and_arrays_are_loaded_only_by_functions_that_check_them():
    gates = {"landmark_lib/training/model.py", "landmark_lib/training/weights_file.py"}
    own = {"scripts/sample_weights.py"}  # rewrites a file that it has just written
    texts = [
        path
        for folder in ("landmark_lib", "jobs", "benchmarks", "scripts", "docs")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in {".py", ".md"}
    ]
    loads = re.compile(r"load_model\(|load_weights\(|h5py\.File\(|np\.load\(|allow_pickle=True|pickle\.load")
    found = {str(path.relative_to(REPOSITORY)) for path in texts if loads.search(path.read_text("utf-8"))}
    assert found <= gates | own
