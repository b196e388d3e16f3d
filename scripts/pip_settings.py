"""Print pip's settings for indexes and networks as uv's variables, from `pip config list` on stdin.

uv does not read pip's files and variables. Each line is `NAME=value`; a variable that is set is left out.
"""

import ast
import os
import sys
from collections.abc import Iterable, Mapping

# Keys that pip accepts, the variable of uv, and what separates its values. pip separates them by white space.
VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "proxy": ("ALL_PROXY", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
}
SECTIONS = ("global", "install", ":env:")  # a later one takes precedence


def uv_variables(listed: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make uv use the same indexes, certificates and proxy as pip.

    Args:
        listed: The lines of `pip config list`, each `section.key='value'`.
        environ: The environment, whose variables take precedence.
    """
    found: dict[str, str] = {}
    settings = [line.strip().partition("=") for line in listed if "=" in line]
    for section in SECTIONS:
        for name, _, value in settings:
            key = name.removeprefix(f"{section}.")
            if key != name and key in VARIABLES:
                variable, separator = VARIABLES[key]
                found[variable] = separator.join(ast.literal_eval(value).split())
    return {variable: value for variable, value in found.items() if variable not in environ}


if __name__ == "__main__":
    for variable, value in uv_variables(sys.stdin, os.environ).items():
        print(f"{variable}={value}")
