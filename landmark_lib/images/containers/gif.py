"""GIF: a palette, then blocks of sub-blocks with a length before each."""

from landmark_lib.images.containers.pixels import Pixels, pieces_of

HEADER = 13  # bytes
EXTENSION, FRAME, END = 0x21, 0x2C, 0x3B
# The extension with the transparent colour, and its total size.
CONTROL, CONTROL_SIZE = 0xF9, 8


def is_gif(content: bytes) -> bool:
    """Return whether a file begins like a GIF."""
    return content[:6] in {b"GIF87a", b"GIF89a"}


def pixels_of_gif(content: bytes) -> Pixels:
    """Return a GIF without comments and application data before the first frame."""
    packed = content[10] if len(content) > 10 else 0
    palette = 3 << (packed & 7) + 1 if packed & 0x80 else 0
    at = HEADER + palette
    control = (at, at)
    while at + 2 < len(content) and content[at] not in {FRAME, END}:
        end = at + 1
        if content[at] == EXTENSION:
            end = at + 2
            while end < len(content) and content[end]:
                end += 1 + content[end]
            end += 1
        if end > len(content):
            break
        if content[at + 1] == CONTROL and end - at == CONTROL_SIZE:
            control = (at, end)
        at = end
    return Pixels(pieces_of(content, ((0, HEADER + palette), control, (at, len(content)))))
