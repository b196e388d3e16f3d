"""Addresses in lists written by people."""

import posixpath
import re

from landmark_lib.dataset import Reason
from landmark_lib.errors import AddressError
from landmark_lib.inputs.names import printable
from landmark_lib.storage import FILE, resolve, scheme_of

WEB = ("http://", "https://")
# Addresses that `resolve` must parse: schemes in any case, `file:` with one or three slashes, home
# directories.
TO_RESOLVE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:file|https?):/|~(?:/|$)", re.IGNORECASE)
DOTS = re.compile(r"(?:^|/)\.\.?(?:/|$)")

Located = tuple[str | None, Reason | None, str | None]


def locate(written: str | None, folder: str) -> Located:
    """Return the URI that an address in a list means.

    Percent signs are decoded only in `file:` URIs. An address without a scheme is a path, whatever characters
    it contains; a relative path starts at the list's folder, on a disk and in an object store.

    Args:
        written: The address.
        folder: URI of the list's folder.

    Returns:
        The URI, and if it cannot be a photo, the reason and its detail.
    """
    if not written:
        return None, Reason.MISSING_FILE, None
    if written.startswith(WEB):
        return written, None, None
    if TO_RESOLVE.match(written):
        return _resolved(written)
    if written.startswith("/"):
        return f"{FILE}://{written}", None, None
    if folder.startswith(FILE) or not DOTS.search(written):
        return f"{folder}/{written}", None, None
    # In an object store, `..` is a name like any other.
    scheme, _, path = folder.partition("://")
    return f"{scheme}://{posixpath.normpath(f'{path}/{written}')}", None, None


def _resolved(written: str) -> Located:
    try:
        address = resolve(written)
    except AddressError as error:
        return written, Reason.UNSUPPORTED_ADDRESS, str(error)
    uri = address if scheme_of(address) else f"{FILE}://{address}"
    if printable(uri) != uri:
        return printable(uri), Reason.UNREADABLE_FILE, "its name is not UTF-8"
    return uri, None, None
