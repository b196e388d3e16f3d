"""Only one module writes to the terminal."""

import ast

from commands import REPOSITORY

# Files that write to a stream, and why.
WRITERS = {
    "landmark_lib/console.py": "the one place",
    "landmark_lib/launch.py": "what ranks print passes through a stream of its own",
    "jobs/preprocess.py": "the version of Python is checked before any package is imported",
}


def writes(tree):
    """Return the calls that write to a stream of the process, in the order of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield "print"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in {"sys.stdout", "sys.stderr", "click.echo", "click.secho", "click.progressbar"}:
                yield name
        if isinstance(node, ast.ImportFrom) and node.module in {"click", "sys"}:
            yield from (alias.name for alias in node.names if alias.name in {"echo", "stdout", "stderr"})


def test_only_one_module_writes_to_stdout_and_stderr():
    folders = ("landmark_lib", "landmark_sample", "jobs")
    files = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")]
    found = {
        str(path.relative_to(REPOSITORY)): names
        for path in files
        if (names := list(writes(ast.parse(path.read_text("utf-8")))))
    }
    assert set(found) == set(WRITERS)
