"""horovodrun on two hosts: this machine, and this machine again behind a secure shell of its own address."""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import REPOSITORY, horovodrun
from loopback import free_port

from landmark_lib.training.model_directory import read_member

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
OTHER_HOST = "127.0.0.2"

pytestmark = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="no sshd: install openssh-server and openssh-client"
)


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def other_host(tmp_path, monkeypatch):
    """Start a secure shell on the other address; give its port and the key to it."""
    port, host_key, key = free_port(), make_key(tmp_path / "host"), make_key(tmp_path / "client")
    config = tmp_path / "sshd_config"
    config.write_text(
        f"ListenAddress {OTHER_HOST}\nPort {port}\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {key}.pub\nStrictModes no\nPasswordAuthentication no\n"
        f"AllowUsers {getpass.getuser()}\n"
    )
    known = tmp_path / "known_hosts"
    known.write_text(f"[{OTHER_HOST}]:{port} {host_key.with_suffix('.pub').read_text()}")
    # horovodrun turns the check of host keys off; of an option given twice, ssh keeps the first.
    shim = tmp_path / "bin" / "ssh"
    shim.parent.mkdir()
    options = f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={known}"
    shim.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {options} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it shuts itself in
    command = [SSHD, "-D", "-e", "-f", config]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert any("Server listening" in line for line in process.stderr), "sshd ended"
            yield port, key
        finally:
            process.terminate()


def test_members_train_across_them(other_host, small_dataset, tmp_path):
    port, key = other_host
    done = horovodrun(
        *("-H", f"localhost:1,{OTHER_HOST}:1", "-p", str(port), "-i", str(key)),
        *("python", str(REPOSITORY / "jobs/train.py"), "--dataset", small_dataset, "--models", str(tmp_path)),
        *("--member", "0", "--epochs", "1", "--weights", "random", "--image-size", "32", "--batch-size", "4"),
        *("--backbone", "MobileNet", "--trainable-layers", "1", "--learning-rate", "0.001"),
    )
    assert done.returncode == 0, done.stderr
    assert "8 steps an epoch of 2 x 4 rows" in done.stdout
    assert read_member(tmp_path / "member-0").finished
