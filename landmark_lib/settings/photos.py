"""How photos are fetched and which are too large: the same options for every job that reads photos."""

from dataclasses import dataclass, fields

from landmark_lib.settings.declare import flag, require, setting

LONGEST_TIMEOUT = 86_400  # seconds; sockets take no more than 24 days


@dataclass(frozen=True)
class FetchSettings:
    """How the bytes of photos are fetched.

    Raises:
        UserError: A value out of its range.
    """

    max_megabytes: int = setting(
        200,
        "Reject photos whose file is larger than this, in millions of bytes.",
        "corpus",
        formerly="most_megabytes",
    )
    timeout: float = setting(
        30.0, "Seconds without a byte before an attempt to download is given up.", "fetching"
    )
    retries: int = setting(3, "Further attempts to download, each after a longer pause.", "fetching")
    connections_per_host: int = setting(
        8, "Connections that a task or a process opens to one host at a time.", "fetching"
    )
    user_agent: str = setting(
        "landmark-recognition",
        "User agent that downloads send; many sites want an address in it to write to.",
        "fetching",
    )
    allow_private_addresses: bool = flag(
        "Download from addresses that the internet does not route too: loopback, private networks. Behind a"
        " proxy (http_proxy, https_proxy, all_proxy) without this, only what is plainly private is refused"
        " here: the proxy looks names up, and must refuse the rest.",
        "fetching",
    )

    def __post_init__(self) -> None:
        within = {"max_megabytes": (1, 10**6), "retries": (0, 100), "connections_per_host": (1, 1000)}
        for name, (least, most) in within.items():
            received = getattr(self, name)
            require(least <= received <= most, name, f"at least {least}, at most {most}", received)
        possible = 0 < self.timeout <= LONGEST_TIMEOUT  # false for not a number, too
        require(possible, "timeout", f"above 0, at most {LONGEST_TIMEOUT} seconds", self.timeout)
        # Headers take no other characters.
        printable = self.user_agent.isascii() and self.user_agent.isprintable()
        require(printable, "user_agent", "printable ASCII", repr(self.user_agent))


@dataclass(frozen=True)
class PhotoSettings(FetchSettings):
    """How photos are fetched, and which are too large to decode.

    Raises:
        UserError: A value out of its range.
    """

    max_megapixels: int = setting(
        200,
        "Reject photos with more pixels than this, in millions, and those whose decoder would take more than"
        " 480 MB, or 2.4 MB for each of these if that is more.",
        "corpus",
        formerly="most_megapixels",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        possible = 1 <= self.max_megapixels <= 10**6
        require(possible, "max_megapixels", "at least 1, at most 1000000", self.max_megapixels)

    @property
    def fetch(self) -> FetchSettings:
        """How photos are fetched, without the job's other settings."""
        return FetchSettings(**{field.name: getattr(self, field.name) for field in fields(FetchSettings)})
