"""Photos that predictions and evaluations download obey the same options as those of preprocessing."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from landmark_lib.errors import UserError
from landmark_lib.evaluation.no_landmark import find_no_landmark
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.method.recipes import CENTRE
from landmark_lib.settings import EvaluateSettings, PredictSettings

CONTACT = "landmarks (mailto:me@example.org)"


class WantsContact(BaseHTTPRequestHandler):
    """Gives a photo to who says whom to write to, as some hosts do, and is busy at first."""

    def do_GET(self):
        self.server.asked.append(self.headers["User-Agent"])
        self.send_response(403 if "mailto:" not in self.headers["User-Agent"] else self.server.statuses.pop())
        self.send_header("Retry-After", "0")
        self.end_headers()
        Image.new("RGB", (300, 300)).save(photo := io.BytesIO(), "PNG")
        self.wfile.write(photo.getvalue())

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    with ThreadingHTTPServer(("127.0.0.1", 0), WantsContact) as host:
        host.asked, host.statuses = [], [200, 503]
        thread = threading.Thread(target=host.serve_forever, args=[0.01])
        thread.start()
        yield host
        host.shutdown()
        thread.join()


@pytest.fixture(params=["predict", "evaluate"])
def read(request, host, tmp_path, monkeypatch):
    """Return a function that reads a photo listed in a CSV, and returns the ids, or why there is none."""
    monkeypatch.delenv("http_proxy", raising=False)
    listed = tmp_path / "list.csv"
    listed.write_text(f"id,url\na,HTTP://127.0.0.1:{host.server_port}/a.png\n")

    def read(**how):
        if request.param == "predict":
            photos = find_photos(PredictSettings(input=str(listed), **how), "")
        else:
            photos = find_no_landmark(EvaluateSettings(no_landmark=str(listed), **how))
        rejected = []
        groups = photos.read(0, lambda *why: rejected.append(why[1]), CENTRE)
        ids = [name for names, _ in groups for name in names]
        return ids or rejected

    return read


def test_a_host_that_wants_a_contact_gets_it(read, host):
    assert read(allow_private_addresses=True, user_agent=CONTACT) == ["a"]
    assert host.asked == [CONTACT] * 2


def test_other_options_hold_too(read, host):
    assert read(allow_private_addresses=True) == ["download failed"]
    assert read(allow_private_addresses=True, user_agent=CONTACT, retries=0) == ["download failed"]
    assert read(user_agent=CONTACT) == ["refused address"]
    assert host.asked == ["landmark-recognition", CONTACT]


def test_an_impossible_proxy_is_reported_in_one_line(read, monkeypatch):
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    with pytest.raises(UserError, match="http_proxy: expected"):
        read(allow_private_addresses=True)
