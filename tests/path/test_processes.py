"""What files and locks are to processes that end, are killed or fork."""

import os
import subprocess
import sys

from landmark_lib.storage import (
    is_partial,
)

SIMPLE = "id,name\n0001,Château\n0002,mill\n"


def test_a_process_may_end_right_after_it_read_a_list(tmp_path):
    (tmp_path / "list.csv").write_text(SIMPLE)
    program = (
        "import os, sys\nfrom landmark_lib.inputs.csv_file import read_columns\n"
        "from landmark_lib.storage import Place\n"
        "for _ in range(20):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        f"        read_columns(Place({str(tmp_path / 'list.csv')!r}), '--names', ['id'])\n"
        "        sys.exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


KILLED = """
import os, sys
from landmark_lib.storage import Place
with Place(sys.argv[1]).atomic_file() as partial:
    partial.write_bytes(b"new")
    os._exit(9)
"""


def test_a_killed_write_leaves_the_old_file_and_a_partial_one(tmp_path):
    (tmp_path / "a.json").write_bytes(b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.json")], check=False)
    assert killed.returncode == 9
    assert (tmp_path / "a.json").read_bytes() == b"old"
    (partial,) = {path.name for path in tmp_path.iterdir()} - {"a.json"}
    assert is_partial(partial)


IMPORTED = """
import os, warnings
before = dict(os.environ), list(warnings.filters)
import landmark_lib.storage, landmark_lib.dataset
assert before[0] == dict(os.environ), set(os.environ) - set(before[0])
assert not any("Python version" in str(each[1]) for each in warnings.filters)
"""


def test_importing_it_changes_nothing_for_the_process():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GCSFS")}
    subprocess.run([sys.executable, "-c", IMPORTED], check=True, env=environment)
