"""Weights come from the file that was given or from a download that was checked, and from nowhere else."""

import ast
import inspect
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from loopback import served

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.storage import Place
from landmark_lib.training.backbone import IMAGENET, UNCHECKED, load_backbone
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import build_model, load_trained
from landmark_lib.training.weights_file import check_weights


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model as training saves it."""
    path = tmp_path_factory.mktemp("model") / "best.keras"
    backbone = load_backbone("MobileNet", "random", 32, seed=0)
    build_model(backbone, "tf", HeadOptions(classes=3, dropout=0.5, l2=0.0, seed=0)).save(path)
    return path


def points_to_another_file(content, other):
    content["x"] = h5py.ExternalLink(other, "/")


def points_to_another_place(content, other):
    content["x"] = h5py.SoftLink("/elsewhere")


def lies_in_another_file(content, other):
    content.create_dataset("x", shape=(4,), dtype="u1", external=[(str(other), 0, 4)])


def is_put_together_of_another_file(content, other):
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource(str(other), "x", shape=(4,))
    content.create_virtual_dataset("x", layout)


def claims_more_than_memory(content, other):
    content.create_dataset("x", shape=(10**6, 10**6), dtype="f4", chunks=(100, 100))


def is_packed(content, other):
    content.create_dataset("x", data=np.zeros(10**6), compression="gzip")


def has_a_value_that_was_never_written(content, other):
    content.create_dataset("x", shape=(10**6,), dtype="f4", fillvalue=1)


def holds_text(content, other):
    content.create_dataset("x", data=["text"])


def names_an_array_again_and_again(content, other):
    content["x"] = np.zeros(100, np.float32)
    content.attrs["weight_names"] = [b"x", b"./x", b"/layer/x"] * 100


FORGERIES = [
    (points_to_another_file, "links and external data are not allowed"),
    (points_to_another_place, "links and external data are not allowed"),
    (lies_in_another_file, "links and external data are not allowed"),
    (is_put_together_of_another_file, "links and external data are not allowed"),
    (claims_more_than_memory, r"claim 40000\d{8} bytes, more than the file has"),
    (is_packed, "'x' are compressed by a filter"),
    (has_a_value_that_was_never_written, "claim 4000000 bytes, more than the file has"),
    (holds_text, "'x' are not numbers"),
    (names_an_array_again_and_again, "claim 120000 bytes, more than the file has"),
]


@pytest.mark.parametrize(("forge", "told"), FORGERIES)
def test_links_and_oversized_weights_are_refused(forge, told, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"secret")
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as content:
        forge(content.create_group("layer"), other)
    with pytest.raises(UserError, match=f"--weights: .*{told}"):
        load_backbone("MobileNet", str(path), 32, seed=0)


@pytest.mark.parametrize(("forge", "told"), [FORGERIES[k] for k in (2, 4, 5, 7)])
def test_a_model_with_such_weights_is_refused(forge, told, model, tmp_path):
    with zipfile.ZipFile(model) as archive:
        archive.extractall(tmp_path)
    with h5py.File(tmp_path / "model.weights.h5", "a") as content:
        forge(content, tmp_path / "other")
    forged = tmp_path / "forged.keras"
    with zipfile.ZipFile(forged, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.write(tmp_path / name, name)
    with pytest.raises(LandmarkError, match=told):
        load_trained(Place(str(forged)))


def test_cyclic_file_is_checked_once(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as content:
        layer = content.create_group("layer")
        layer["x"] = np.zeros(3)
        layer["again"] = content["/"]
    assert check_weights(tmp_path / "weights.h5") == 24


def test_weights_of_keras_2_name_their_arrays_once(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as content:
        layer = content.create_group("layer")
        layer["x"] = np.zeros(3)
        layer.attrs["weight_names"] = [b"x"]
    assert check_weights(tmp_path / "weights.h5") == 24


@pytest.mark.parametrize("name", ["both.keras", "both.weights.h5", "both.h5"])
def test_file_that_is_both_hdf5_and_keras_archive_is_read_as_checked(model, name, tmp_path):
    """Keras would read the archive behind the weights of a file that is called .keras."""
    with h5py.File(tmp_path / name, "w") as content:
        content["x"] = np.zeros(3)
    with zipfile.ZipFile(model) as archive, zipfile.ZipFile(tmp_path / name, "a") as behind:
        for part in archive.namelist():
            behind.writestr(part, archive.read(part))
    told = "expected a file name that ends in .h5 or .hdf5" if name.endswith("keras") else "does not fit"
    with pytest.raises(UserError, match=f"--weights: .*{told}"):
        load_backbone("MobileNet", str(tmp_path / name), 32, seed=0)


def test_file_without_weights_is_a_user_error(tmp_path):
    (tmp_path / "weights.h5").write_text("no weights")
    with pytest.raises(UserError, match=r"--weights: .*weights\.h5 cannot be read"):
        load_backbone("MobileNet", str(tmp_path / "weights.h5"), 32, seed=0)


def test_a_download_with_another_checksum_is_refused(tmp_path, monkeypatch):
    wrong = tmp_path / "resnet" / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    wrong.parent.mkdir()
    backbone = load_backbone("ResNet50", "random", 32, seed=0)
    backbone.save_weights(tmp_path / "other.weights.h5")
    shutil.move(tmp_path / "other.weights.h5", wrong)
    (tmp_path / "home").mkdir()
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path / "home"))
    with served(tmp_path) as address:
        monkeypatch.setattr("keras.src.applications.resnet.BASE_WEIGHTS_PATH", f"{address}/resnet/")
        with pytest.raises(LandmarkError, match=r"could not be downloaded .*corrupted file"):
            load_backbone("ResNet50", IMAGENET, 32, seed=0)
    assert (tmp_path / "home/models" / wrong.name).exists()  # it was downloaded


def downloads_without_a_checksum():
    """Return the modules of keras.applications that download without a checksum."""
    folder = Path(inspect.getfile(keras.applications.ResNet50)).parent
    for path in sorted(folder.glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        downloads = [call for call in calls if getattr(call.func, "attr", "") == "get_file"]
        if any("file_hash" not in {keyword.arg for keyword in call.keywords} for call in downloads):
            yield path.stem


def test_networks_without_a_checksum_are_not_downloaded():
    modules = set(downloads_without_a_checksum())
    assert modules == {"mobilenet", "mobilenet_v2"}
    for name in UNCHECKED:
        with pytest.raises(UserError, match=f"--weights: Keras has no checksum for the download of {name};"):
            load_backbone(name, IMAGENET, 32, seed=0)
