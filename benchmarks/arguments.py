"""Command lines of the benchmarks that use TensorFlow, parsed before it is imported: --help is quick."""

import argparse


def parse(description: str | None, **options: tuple[str | int | None, str]) -> argparse.Namespace:
    """Return the arguments of this process.

    Args:
        description: What --help prints above the options.
        options: Defaults and explanations by name. If the default is a number, so is the value.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    for name, (default, explanation) in options.items():
        kind = int if isinstance(default, int) else str
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=explanation)
    return parser.parse_args()
