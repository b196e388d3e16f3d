"""Places: where files are, on this machine and in stores, and how whole files get there.

What a user wrote (`~/photos`, `file:///a%20b`, `gs://bucket/photos`) becomes an address once, in `resolve`.
An address is either a path of this machine, taken as it is whatever characters it has, or the URI of a store.
Lists of photos also hold addresses that begin with `file://`; the path behind that is taken as it is, too.
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
RENAMING = ("hdfs",)  # stores that show a file while it is written, and rename it in one step
PARTIAL = ".partial-"  # how the name of a file begins that is not whole yet
OLD_PARTIAL = ".partial"  # how it ended in earlier releases
REMOVED_AT_ONCE = 16  # objects; a store answers in 50 ms
LONGEST_ENDING = 20  # characters of a name
COPIED_BYTES = 1 << 20  # at a time
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
ONE_SLASH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/(?!/)")
# Packages whose errors are failures of a store; not all of them are OSErrors.
STORE_PACKAGES = ("aiobotocore", "aiohttp", "botocore", "gcsfs", "google", "requests", "s3fs")


def resolve(written: str) -> str:
    """Return the address of what a user wrote: a path, a `file:` URI, or the URI of a store.

    `~` stands for the home directory; percent signs are decoded in `file:` URIs alone, as only these have a
    rule for them. Everything else stays as it is, `#`, `?`, brackets and blanks included.

    Raises:
        AddressError: Nothing was written, or a URI or a home directory that cannot be.
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
        raise AddressError(f"no home directory is known for {written}; ./{written} names a file called so")
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
    """Return the scheme of an address in lower case; nothing for a path."""
    found = SCHEME.match(address)
    return found[1].lower() if found else ""


def is_local(address: str) -> bool:
    """Return whether an address is a path of this machine."""
    return scheme_of(address) in {"", FILE}


def open_address(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the path there.

    Listings are never cached: another process may have written meanwhile, and a long-lived one would fill up.

    Raises:
        AddressError: Its scheme is unknown, or the rest is not as its scheme has it.
        UserError: The package that its scheme needs is not installed.
    """
    scheme = scheme_of(address)
    if scheme in {"", FILE}:
        path = address.partition("://")[2] if scheme else address
        return LocalFileSystem(), str(Path.cwd() / (path.rstrip("/") or "/"))
    if scheme in GOOGLE:
        _quieten_google()
    try:
        # Not fsspec's own way from a URL to a file system: it takes `::` in a name for a chain of them.
        kind, address = fsspec.get_filesystem_class(scheme), f"{scheme}://{address.partition('://')[2]}"
        options = kind._get_kwargs_from_urls(address)  # noqa: SLF001
        options.pop("version_aware", None)  # `#1` at the end of a name is no version of the name before it
        filesystem = kind(**options, use_listings_cache=False)
        return filesystem, str(kind._strip_protocol(address))  # noqa: SLF001 - every file system has it
    except ValueError as error:
        raise AddressError(f"{address}: {error}") from None
    except ImportError as error:
        raise UserError(f"{address}: {error}") from None


def _quieten_google() -> None:
    # gcsfs would ask Google before every call what kind of bucket it is, and warns where it cannot.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    # Google's packages announce in every process when Python 3.11 ends.
    warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)


def join(root: str, path: str) -> str:
    """Return the address of a path below another address."""
    return f"{root.rstrip('/')}/{path}"


@dataclass(frozen=True, order=True)
class Place:
    """A file or folder, wherever it is; `address` is what `resolve` returns.

    Every method that asks a store raises StorageError, an OSError, where it does not answer or refuses.
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
        """The folder that holds it."""
        folder, slash, _ = self.address.rstrip("/").rpartition("/")
        return Place(folder or ("/" if slash else "."))

    def is_same(self, other: "Place") -> bool:
        """Return whether another address names the same place, as `photos`, `./photos/` and links do."""
        if self.is_local and other.is_local:
            return self.path.resolve() == other.path.resolve()
        return self.address.rstrip("/") == other.address.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return is_local(self.address)

    @property
    def path(self) -> Path:
        """Where it is on this machine."""
        return Path(open_address(self.address)[1])

    @property
    def uri(self) -> str:
        """The address as lists hold it, whole and with a scheme; a path stands in it as it is."""
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
        """Return the names of the files and folders in a folder, sorted; none where there is no folder."""
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            try:
                listed = filesystem.ls(folder, detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        # Stores list the mark that a folder exists under the folder's own name.
        paths = {path.rstrip("/") for path in listed} - {folder.rstrip("/")}
        return sorted(path.rpartition("/")[2] for path in paths)

    def entries(self, most: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield what fsspec tells of the files and folders in a folder: name (a path), type, size.

        Args:
            most: Look at so many at most; Google's listing then ends early, of other stores all is asked for.

        Raises:
            FileNotFoundError: There is no such folder.
        """
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            bound = {"max_results": most} if most and scheme_of(self.address) in GOOGLE else {}
            listed = filesystem.ls(folder, detail=True, **bound)
        for entry in listed[:most]:
            # Object stores show the mark that a folder exists as a file of the folder's name.
            if entry["name"].rstrip("/") != folder.rstrip("/"):
                yield entry

    def files(self) -> Iterator["Place"]:
        """Yield all files below a folder; none where there is no folder."""
        with _as_storage_errors():
            filesystem, folder = open_address(self.address)
            for path in filesystem.find(folder):
                yield self / path[len(folder.rstrip("/")) + 1 :]

    def make(self) -> None:
        """Make a folder, where folders are made; stores have none."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            if renames(filesystem):
                filesystem.makedirs(path, exist_ok=True)

    def open(self) -> IO[bytes]:
        """Open a file to read bytes."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            file: IO[bytes] = filesystem.open(path, "rb")
            return file

    def read_bytes(self) -> bytes:
        """Read a whole file."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            return bytes(filesystem.cat_file(path))

    def read_text(self) -> str:
        """Read a whole file of UTF-8.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        return self.read_bytes().decode("utf-8")

    def write(self, content: bytes, *, sync: bool = False) -> None:
        """Write a file whole or not at all.

        Args:
            content: Its bytes.
            sync: Whether it has to outlast a loss of power from now on; a store's files always do.
        """
        filesystem, target = open_address(self.address)
        if not renames(filesystem):
            with _as_storage_errors():
                filesystem.pipe_file(target, content)  # objects appear when they are whole
            return
        with self.whole_file(sync=sync) as partial:
            partial.write_bytes(content)

    def overwrite(self, content: bytes) -> None:
        """Write a file in place: who reads it meanwhile may find a part of it, but never that it is gone."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            filesystem.pipe_file(path, content)

    @contextmanager
    def whole_file(self, *, sync: bool = False) -> Iterator[Path]:
        """Yield a path of this machine to write to; what is there at the end becomes the file of this place.

        It becomes that in one step. Where the body fails, nothing does, and what was written goes: on a full
        disk it would take the room of what could be.

        Args:
            sync: As `write` has it.
        """
        filesystem, target = open_address(self.address)
        if not isinstance(filesystem, LocalFileSystem):
            with tempfile.TemporaryDirectory() as folder:
                partial = Path(folder, self.name)
                yield partial
                with _as_storage_errors():
                    _upload(filesystem, partial, target)
            return
        folder, _, name = target.rpartition("/")
        Path(folder or "/").mkdir(parents=True, exist_ok=True)
        # Spark and pyarrow pass over names that begin with a dot; Keras insists on the ending of the name.
        partial = Path(folder or "/", f"{PARTIAL}{uuid.uuid4().hex}{Path(name).suffix[-LONGEST_ENDING:]}")
        try:
            yield partial
            if sync:
                with partial.open("rb+") as file:
                    os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Make sure that files can be written into a folder, by writing one and removing it.

        Raises:
            OSError: They cannot.
        """
        probe = self / f"{PARTIAL}{uuid.uuid4().hex}"
        probe.write(b"")
        probe.remove()

    def remove(self) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        with _as_storage_errors():
            filesystem, path = open_address(self.address)
            if isinstance(filesystem, LocalFileSystem):
                is_folder = Path(path).is_dir() and not Path(path).is_symlink()
                shutil.rmtree(path) if is_folder else Path(path).unlink(missing_ok=True)
            elif renames(filesystem):
                if filesystem.exists(path):
                    filesystem.rm(path, recursive=True)
            else:
                # One by one, because `rm` would take brackets in a name for a pattern.
                with ThreadPoolExecutor(REMOVED_AT_ONCE) as removing:
                    list(removing.map(filesystem.rm_file, _objects(filesystem, path)))

    def digest(self) -> str:
        """Return the SHA-256 checksum of a file."""
        with _as_storage_errors(), self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a readable file

    @contextmanager
    def local_file(self) -> Iterator[Path]:
        """Yield the path of a file on this machine: its own, or that of a copy that is removed at the end."""
        if self.is_local:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, self.name)
            with self.open() as file, copy.open("wb") as out, _as_storage_errors():
                shutil.copyfileobj(file, out, COPIED_BYTES)
            yield copy


def renames(filesystem: Any) -> bool:
    """Return whether files are seen while they are written, and renamed in one step."""
    return isinstance(filesystem, LocalFileSystem) or any(name in filesystem.protocol for name in RENAMING)


def is_partial(name: str) -> bool:
    """Return whether a file is what an interrupted `Place.write` left, of this release or an earlier one."""
    return name.startswith(PARTIAL) or (name.startswith(".") and name.endswith(OLD_PARTIAL))


def _upload(filesystem: Any, file: Path, target: str) -> None:
    if not renames(filesystem):
        filesystem.put_file(str(file), target)
        return
    folder = target.rpartition("/")[0]
    filesystem.makedirs(folder, exist_ok=True)
    partial = f"{folder}/{PARTIAL}{uuid.uuid4().hex}"
    filesystem.put_file(str(file), partial)
    filesystem.mv(partial, target)


def _objects(filesystem: Any, path: str) -> list[str]:
    """List an object and all objects below it."""
    return [path] if filesystem.isfile(path) else list(filesystem.find(path))


@contextmanager
def _as_storage_errors() -> Iterator[None]:
    """Turn what a store's package raises into an OSError, as a local disk would raise.

    Raises:
        StorageError: Instead.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in STORE_PACKAGES:
            raise
        raise StorageError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
