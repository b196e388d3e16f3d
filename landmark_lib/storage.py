"""Files and folders on this machine and in object stores, and atomic writing.

What a user wrote (`~/photos`, `file:///a%20b`, `gs://bucket/photos`) is converted to an address once, in
`resolve`. An address is either a path of this machine, used unchanged whatever characters it contains, or the
URI of a store. Lists of photos also contain addresses that begin with `file://`; the path after it is used
unchanged, too.
"""

import hashlib
import os
import re
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import fsspec
from fsspec.implementations.local import LocalFileSystem

from landmark_lib.errors import AddressError, StorageError, UserError

FILE = "file"
GOOGLE = ("gs", "gcs")
RENAMING = ("hdfs",)  # stores that show a file while it is written, and rename atomically
PARTIAL = ".partial-"  # prefix of an incomplete file
OLD_PARTIAL = ".partial"  # its suffix in earlier releases
REMOVED_AT_ONCE = 16  # objects; a store answers in 50 ms
MAX_SUFFIX = 20  # characters
CHUNK = 1 << 20  # bytes
LOCAL = LocalFileSystem()  # fsspec takes longer to find its only instance than the disk to open a file
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
ONE_SLASH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/(?!/)")
# Packages whose errors are failures of a store; not all are OSErrors.
STORE_PACKAGES = ("aiobotocore", "aiohttp", "botocore", "gcsfs", "google", "requests", "s3fs")


def resolve(written: str) -> str:
    """Return the address of what a user wrote: a path, a `file:` URI, or the URI of a store.

    `~` is the home directory. Percent signs are decoded only in `file:` URIs, the only ones with a rule for
    them. Everything else stays unchanged, including `#`, `?`, brackets and blanks.

    Raises:
        AddressError: The text is empty, the URI is invalid, or the home directory is unknown.
    """
    if not written:
        raise AddressError("expected a path or a URI, received nothing")
    if written.lower().startswith("file:"):
        return _path_of_uri(written)
    scheme = scheme_of(written)
    if scheme:
        rest = written.partition("://")[2]
        if not rest.strip("/"):
            raise AddressError(f"expected a bucket or a host in {written}")
        return f"{scheme}://{rest}"
    mistaken = ONE_SLASH.match(written)
    if mistaken and mistaken[1].lower() in fsspec.available_protocols():
        raise AddressError(f"expected {mistaken[1]}:// with two slashes, received {written}")
    path = os.path.expanduser(written)  # noqa: PTH111 - pathlib would normalise the path and drop a slash
    if path.startswith("~"):
        raise AddressError(f"unknown home directory: {written}; write ./{written} for a file of this name")
    return path


def _path_of_uri(uri: str) -> str:
    rest = uri[len("file:") :]
    host, path = "", rest
    if rest.startswith("//"):
        host, _, path = rest[2:].partition("/")
        path = f"/{path}"
    path = unquote(path, errors="surrogateescape")
    if host.lower() not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        raise AddressError(f"expected file:///<path from the root>, received {uri}")
    return path


def scheme_of(address: str) -> str:
    """Return the scheme of an address in lower case; empty for a path."""
    found = SCHEME.match(address)
    return found[1].lower() if found else ""


def is_local(address: str) -> bool:
    """Return whether an address is a path of this machine."""
    return scheme_of(address) in {"", FILE}


def open_address(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the path in it.

    Listings are never cached: other processes write, and the cache of a long-lived process would grow.

    Raises:
        AddressError: Its scheme is unknown or does not allow the rest.
        UserError: The package for its scheme is not installed.
    """
    scheme = scheme_of(address)
    if scheme in {"", FILE}:
        path = address.partition("://")[2] if scheme else address
        return LOCAL, str(Path(path.rstrip("/") or "/").absolute())
    if scheme in GOOGLE:
        # gcsfs would ask Google before every call what kind of bucket it is, and warns where it cannot.
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        # Google's packages announce the end of Python 3.11 in every process.
        warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)
    try:
        # Not fsspec.core.url_to_fs, which would read `::` in a name as a chain of file systems.
        kind, address = fsspec.get_filesystem_class(scheme), f"{scheme}://{address.partition('://')[2]}"
        options = kind._get_kwargs_from_urls(address)  # noqa: SLF001
        options.pop("version_aware", None)  # `#1` at the end is part of the name, not a version
        filesystem = kind(**options, use_listings_cache=False)
        return filesystem, str(kind._strip_protocol(address))  # noqa: SLF001 - every file system has it
    except ValueError as error:
        raise AddressError(f"{address}: {error}") from None
    except ImportError as error:
        raise UserError(f"{address}: {error}") from None


def join(root: str, path: str) -> str:
    """Return the address of a path below another address."""
    return f"{root.rstrip('/')}/{path}"


@dataclass(frozen=True, order=True)
class Place:
    """A file or folder, local or in a store; `address` is the result of `resolve`.

    Methods that call a store raise StorageError, an OSError, if it fails or refuses.
    """

    address: str

    def __truediv__(self, name: str) -> "Place":
        return Place(join(self.address, name))

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """Last part of the address."""
        return self.address.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> "Place":
        """The folder that contains it."""
        folder, slash, _ = self.address.rstrip("/").rpartition("/")
        return Place(folder or ("/" if slash else "."))

    def is_same(self, other: "Place") -> bool:
        """Return whether both are the same place, like `photos`, `./photos/` and links to it."""
        if self.is_local and other.is_local:
            return self.path.resolve() == other.path.resolve()
        return self.address.rstrip("/") == other.address.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return is_local(self.address)

    @property
    def path(self) -> Path:
        """Its path on this machine."""
        return Path(open_address(self.address)[1])

    @property
    def uri(self) -> str:
        """The address with a scheme, as in lists of photos; a local path is absolute and not encoded."""
        return f"{FILE}://{self.path}" if self.is_local else self.address.rstrip("/")

    def exists(self) -> bool:
        """Return whether there is a file or a folder."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            return bool(filesystem.exists(path))

    def is_file(self) -> bool:
        """Return whether there is a file."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            return bool(filesystem.isfile(path))

    def is_dir(self) -> bool:
        """Return whether there is a folder."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            return bool(filesystem.isdir(path))

    def names(self) -> list[str]:
        """Return the sorted names of the files and folders in a folder; none if it does not exist."""
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            try:
                listed = filesystem.ls(folder, detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        # Stores may list a marker for the folder itself.
        paths = {path.rstrip("/") for path in listed} - {folder.rstrip("/")}
        return sorted(path.rpartition("/")[2] for path in paths)

    def entries(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield fsspec's records of the files and folders in a folder: name (a path), type, size.

        Args:
            limit: Maximum number; ends Google's listing early, while other stores are listed completely.

        Raises:
            FileNotFoundError: The folder does not exist.
        """
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            bound = {"max_results": limit} if limit and scheme_of(self.address) in GOOGLE else {}
            listed = filesystem.ls(folder, detail=True, **bound)
        for entry in listed[:limit]:
            # Object stores may list a marker for the folder as a file of its name.
            if entry["name"].rstrip("/") != folder.rstrip("/"):
                yield entry

    def files(self) -> Iterator["Place"]:
        """Yield all files below a folder; none if it does not exist."""
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            for path in filesystem.find(folder):
                yield self / path[len(folder.rstrip("/")) + 1 :]

    def make(self) -> None:
        """Make a folder; object stores have none."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            if renames(filesystem):
                filesystem.makedirs(path, exist_ok=True)

    def open(self) -> IO[bytes]:
        """Open a file for reading bytes."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            file: IO[bytes] = filesystem.open(path, "rb")
            return file

    def read_bytes(self) -> bytes:
        """Return the content of a file."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            return bytes(filesystem.cat_file(path))

    def read_text(self) -> str:
        """Return the content of a UTF-8 file.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        return self.read_bytes().decode("utf-8")

    def write(self, content: bytes, *, sync: bool = False) -> None:
        """Write a file atomically.

        Args:
            content: Its bytes.
            sync: Whether it must survive a power failure from now on; files in stores always do.
        """
        filesystem, target = open_address(self.address)
        if not renames(filesystem):
            with _as_storage_errors():
                filesystem.pipe_file(target, content)  # objects appear when they are complete
            return
        with self.atomic_file(sync=sync) as partial:
            partial.write_bytes(content)

    def overwrite(self, content: bytes) -> None:
        """Write a file in place: readers may see a part of it meanwhile, but never that it is missing."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            filesystem.pipe_file(path, content)

    @contextmanager
    def atomic_file(self, *, sync: bool = False) -> Iterator[Path]:
        """Yield a temporary local path, whose file replaces the one of this place atomically at the end.

        If the body fails, the temporary file is removed, because it may have filled the disk.

        Args:
            sync: As in `write`.
        """
        filesystem, target = open_address(self.address)
        if not isinstance(filesystem, LocalFileSystem):
            with tempfile.TemporaryDirectory() as temporary:
                partial = Path(temporary, self.name)
                yield partial
                with _as_storage_errors():
                    if not renames(filesystem):
                        filesystem.put_file(str(partial), target)
                        return
                    folder = target.rpartition("/")[0]
                    filesystem.makedirs(folder, exist_ok=True)
                    uploaded = f"{folder}/{PARTIAL}{uuid.uuid4().hex}"
                    filesystem.put_file(str(partial), uploaded)
                    filesystem.mv(uploaded, target)
            return
        folder, _, name = target.rpartition("/")
        Path(folder or "/").mkdir(parents=True, exist_ok=True)
        # Spark and pyarrow ignore names that begin with a dot; Keras needs the suffix.
        partial = Path(folder or "/", f"{PARTIAL}{uuid.uuid4().hex}{Path(name).suffix[-MAX_SUFFIX:]}")
        try:
            yield partial
            if sync:
                with partial.open("rb+") as file:
                    os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Check that files can be written into a folder, by writing and removing one.

        Raises:
            OSError: They cannot.
        """
        probe = self / f"{PARTIAL}{uuid.uuid4().hex}"
        probe.write(b"")
        probe.remove()

    def remove(self) -> None:
        """Remove a file, or a folder with its content, if it exists."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            if isinstance(filesystem, LocalFileSystem):
                is_folder = Path(path).is_dir() and not Path(path).is_symlink()
                shutil.rmtree(path) if is_folder else Path(path).unlink(missing_ok=True)
            elif renames(filesystem):
                if filesystem.exists(path):
                    filesystem.rm(path, recursive=True)
            else:
                objects = [path] if filesystem.isfile(path) else filesystem.find(path)
                # One by one, because `rm` would read brackets in a name as a pattern.
                with ThreadPoolExecutor(REMOVED_AT_ONCE) as removing:
                    list(removing.map(filesystem.rm_file, objects))

    def digest(self) -> str:
        """Return the SHA-256 checksum of a file."""
        with _as_storage_errors(), self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a readable file

    @contextmanager
    def local_file(self) -> Iterator[Path]:
        """Yield a local path of a file: its own, or that of a copy that is removed at the end."""
        if self.is_local:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, self.name)
            with self.open() as file, copy.open("wb") as out, _as_storage_errors():
                shutil.copyfileobj(file, out, CHUNK)
            yield copy


def renames(filesystem: Any) -> bool:
    """Return whether a file is visible while it is written, and can be renamed atomically."""
    return isinstance(filesystem, LocalFileSystem) or any(name in filesystem.protocol for name in RENAMING)


def is_partial(name: str) -> bool:
    """Return whether an interrupted `Place.write` left a file, in this release or an earlier one."""
    return name.startswith(PARTIAL) or (name.startswith(".") and name.endswith(OLD_PARTIAL))


@contextmanager
def _as_storage_errors() -> Iterator[None]:
    """Convert errors of a store's package to OSErrors, like those of a local disk.

    Raises:
        StorageError: The store failed or refused.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in STORE_PACKAGES:
            raise
        raise StorageError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
