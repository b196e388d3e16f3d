"""Nodes let each other in by key alone, and know each other."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from dockerfiles import DOCKER

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.mark.skipif(not Path("/usr/bin/ssh").exists(), reason="no /usr/bin/ssh: install openssh-client")
def test_a_host_key_is_checked_whatever_horovodrun_says():
    # As horovodrun calls it.
    command = [
        DOCKER / "ssh",
        "-G",
        "-o",
        "PasswordAuthentication=no",
        "-o",
        "StrictHostKeyChecking=no",
        "node",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "\nstricthostkeychecking true\n" in done.stdout
    assert "\nuserknownhostsfile /run/landmark/ssh/known_hosts\n" in done.stdout


@pytest.fixture
def effective(tmp_path):
    """What sshd makes of the image's settings."""
    if SSHD is None:
        pytest.skip("no sshd: install openssh-server")
    key = tmp_path / "host"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    settings = (DOCKER / "sshd_config").read_text().replace("/run/landmark/ssh/host", str(key))
    (tmp_path / "sshd_config").write_text(settings)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it shuts itself in
    done = subprocess.run(
        [SSHD, "-T", "-f", tmp_path / "sshd_config"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize(
    "line",
    [
        "port 2222",
        "authorizedkeysfile /run/landmark/ssh/authorized_keys",
        "allowusers landmark",
        "authenticationmethods publickey",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "permitrootlogin no",
        "permitemptypasswords no",
        "strictmodes yes",
        "disableforwarding yes",
        "permituserenvironment no",
    ],
)
def test_sshd_reads_its_settings_as_meant(effective, line):
    assert line in effective
