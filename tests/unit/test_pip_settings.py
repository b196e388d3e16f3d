"""Set-up hands pip's settings to uv, which does not read them."""

import runpy

from commands import REPOSITORY

uv_variables = runpy.run_path(str(REPOSITORY / "scripts/pip_settings.py"))["uv_variables"]
LISTED = [
    ":env:.cert='/etc/certificates.pem'\n",
    "global.extra-index-url='https://one/simple\\nhttps://two/simple?a=b'\n",
    "global.find-links='/wheels /more'\n",
    "global.index-url='https://all/simple'\n",
    "install.index-url='https://mine/simple'\n",
    "list.format='columns'\n",
]


def test_uv_uses_the_indexes_and_certificates_of_pip():
    assert uv_variables(LISTED, {}) == {
        "UV_DEFAULT_INDEX": "https://mine/simple",  # more specific than the global one
        "UV_INDEX": "https://one/simple https://two/simple?a=b",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/etc/certificates.pem",
    }


def test_uvs_own_variables_take_precedence():
    assert "UV_INDEX" not in uv_variables(LISTED, {"UV_INDEX": ""})


def test_without_settings_of_pip_uv_has_its_own():
    assert uv_variables([], {}) == {}
