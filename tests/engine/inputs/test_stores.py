"""Photos and lists in a bucket are found and read as those on a disk are."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.evaluation.no_landmark import find_no_landmark
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.inputs.layout import look_into
from landmark_lib.method.recipes import CENTRE
from landmark_lib.settings import EvaluateSettings, PredictSettings
from landmark_lib.storage import Place

# Google's packages announce to everybody when they will drop this Python.
pytestmark = pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning")

NAMES = ["0/a #1%20?.png", "0/b.png", "1/[c]*.png"]


def draw(number):
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((64, 64)).save(photo := io.BytesIO(), "PNG")
    return photo.getvalue()


def tar_of(files):
    with tarfile.open(fileobj=(content := io.BytesIO()), mode="w") as tar:
        for name, photo in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(photo)
            tar.addfile(header, io.BytesIO(photo))
    return content.getvalue()


@pytest.fixture(scope="module")
def filled_bucket(bucket, store):
    """Make photos in a folder, in a tar and on lists, with files of tools beside them; return the address."""
    photos = {name: draw(number) for number, name in enumerate(NAMES)}
    files = {f"images/{name}": photo for name, photo in photos.items()}
    files["images/.DS_Store"] = files["images/@eaDir/b.png"] = b"x"
    files["tars/images_000.tar"] = tar_of({**photos, "__MACOSX/._b.png": b"x"})
    urls = [f"../images/{NAMES[0]}", f"{bucket}/images/{NAMES[1]}", "../images/gone.png"]
    rows = [f"{number},{url}\n" for number, url in enumerate(urls)]
    files["lists/urls.csv"] = f"id,url\n{''.join(rows)}".encode()
    files["beside/ids.csv"] = b"id\nb.png\ngone\n"
    files["beside/b.png"] = photos[NAMES[1]]
    store.pipe({f"{bucket}/{name}": content for name, content in files.items()})
    return bucket


@pytest.fixture(params=["predict", "evaluate"])
def answers_for(request, filled_bucket):
    """Return a function that lists the ids of the photos at an address, and why others are rejected."""

    def answers(path):
        if request.param == "predict":
            photos = find_photos(PredictSettings(input=f"{filled_bucket}/{path}"), "")
        else:
            photos = find_no_landmark(EvaluateSettings(no_landmark=f"{filled_bucket}/{path}"))
        rejected, read = {}, []

        def reject(image_id, reason, _):
            rejected[image_id] = reason

        for unit in range(len(photos.sizes)):
            for ids, _ in photos.read(unit, reject, CENTRE):
                read += ids.tolist()
        assert sorted([*read, *rejected]) == sorted(photos.image_ids())
        return read, rejected

    return answers


@pytest.mark.parametrize(
    ("path", "read", "rejected"),
    [
        ("images", NAMES, {}),
        ("images/", NAMES, {}),
        ("images/0", ["a #1%20?.png", "b.png"], {}),
        ("images/0/b.png", ["b.png"], {}),
        ("tars", ["a #1%20?", "b", "[c]*"], {}),
        ("tars/images_000.tar", ["a #1%20?", "b", "[c]*"], {}),
        ("lists/urls.csv", ["0", "1"], {"2": Reason.MISSING_FILE}),
        ("beside/ids.csv", ["b.png"], {"gone": Reason.MISSING_FILE}),
    ],
)
def test_every_kind_of_input_is_read_from_a_bucket(answers_for, path, read, rejected):
    assert answers_for(path) == (read, rejected)


def test_a_missing_file_is_reported_in_one_line(answers_for):
    with pytest.raises(UserError, match=r"no such folder or file: gs://b/nowhere$"):
        answers_for("nowhere")


def test_a_look_into_a_bucket_asks_for_no_more_than_it_looks_at(filled_bucket, monkeypatch):
    from gcsfs import GCSFileSystem

    asked = []
    real = GCSFileSystem._do_list_objects

    def list_objects(self, path, **how):
        asked.append(how.get("max_results"))
        return real(self, path, **how)

    monkeypatch.setattr(GCSFileSystem, "_do_list_objects", list_objects)
    look_into(Place(f"{filled_bucket}/images"), 2)
    assert asked == [2]
