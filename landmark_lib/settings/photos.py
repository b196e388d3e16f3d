"""How photos are fetched and which are too large: options of every job that reads photos."""

from dataclasses import dataclass, fields

from landmark_lib.settings.declare import Settings, flag, require, setting

MAX_TIMEOUT = 86_400  # seconds; sockets accept at most 24 days


@dataclass(frozen=True)
class FetchSettings(Settings):
    """How the bytes of photos are fetched.

    Raises:
        UserError: A value is out of its range.
    """

    max_megabytes: int = setting(
        200,
        "Reject photos whose file is larger than this (millions of bytes).",
        "corpus",
        formerly="most_megabytes",
        at_least=1,
        at_most=10**6,
    )
    timeout: float = setting(
        30.0,
        "Stop a download attempt after this many seconds without data.",
        "fetching",
        unit="seconds",
        above=0,
        at_most=MAX_TIMEOUT,
    )
    retries: int = setting(
        3, "Retries of a download, with growing pauses.", "fetching", at_least=0, at_most=100
    )
    connections_per_host: int = setting(
        8, "Connections per task or process to one host.", "fetching", at_least=1, at_most=1000
    )
    user_agent: str = setting(
        "landmark-recognition",
        "User-Agent header; include a contact address.",
        "fetching",
    )
    allow_private_addresses: bool = flag(
        "Also allow loopback and private addresses. Without this option, downloads through a proxy"
        " (http_proxy, https_proxy, all_proxy) refuse private IP addresses and local names; the proxy"
        " resolves all other names and must check them.",
        "fetching",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # Headers allow no other characters.
        printable = self.user_agent.isascii() and self.user_agent.isprintable()
        require(printable, "user_agent", "printable ASCII", repr(self.user_agent))


@dataclass(frozen=True)
class PhotoSettings(FetchSettings):
    """How photos are fetched, and which are too large to decode.

    Raises:
        UserError: A value is out of its range.
    """

    max_megapixels: int = setting(
        200,
        "Reject photos with more pixels than this (millions). Also reject photos that need more than 480 MB"
        " to decode, or 2.4 MB per megapixel of this limit if that is more.",
        "corpus",
        formerly="most_megapixels",
        at_least=1,
        at_most=10**6,
    )

    @property
    def fetch(self) -> FetchSettings:
        """How photos are fetched, without the job's other settings."""
        return FetchSettings(**{field.name: getattr(self, field.name) for field in fields(FetchSettings)})
