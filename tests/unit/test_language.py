"""The project's English keeps to the glossary of CONTRIBUTING.md.

Looks at docstrings, comments and strings of all Python files, at names of tests, and at whole files of
documentation, configuration, Terraform, Docker and shell. Each failure prints file:line, the phrase and a
better one.

    python -m pytest tests/unit/test_language.py -n 0
"""

import ast
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Openers of the docstrings of functions and methods. "Name of the file." is a noun.
OPENERS = {
    r"Gives?\b": "Return, Yield",
    r"(Tells?|Says?)\b": "Return, Print, Report, Describe, Write",
    r"Names?\b(?! of)": "Return",
    r"Hands?\b": "Return, Pass",
}
# Phrases, and what to write instead. Words are separated by any white space.
PHRASES = {
    r"(go|goes|going|gone|went) on(?! (top|the|a|an|each|every|one|both|its|white)\b)": "resume, continue",
    r"(carry|carries|carried|carrying) on": "resume, continue",
    r"anew": "again",
    r"(?<!changes\x20)no number(?! of)": "NaN, not finite",
    r"in (the )?place of": "instead of",
    r"that there (is|are) not": "that does not exist, missing",
    r"of ours": "this project's, our",
    r"of one's own": "its own, your own",
    r"without effect": "no-op",
    r"likeness(es)?": "similarity",
    r"sketch(es)?(?!\.npz)": "feature statistics",
    r"as it comes|as they come": "unchanged, in any order",
    r"(told|tells?|telling)(?!( [\w-]+){0,4} (apart|from))": "report, print, log, describe; detect; return",
    r"speaks up|who speaks|which speaks|rank that (speaks|talks)": "rank 0, log",
    r"(give|gives|given|gave|giving) up(?! (the|its|a) lock)": "reject; abandon, stop",
    r"passed over": "skipped",
    r"got(?! unexpected)": "received; found, has",
    r"mend(s|ed|ing)?": "fix, patch, repair",
    r"(has|have|had) heard of": "knows",
    r"needs a second reading": "rewrite it",
    r"(?<=[;:]\x20)gives?(?= (the|a|an|what|its|all|each)\b)": "return, yield",
    r"tries again in vain": "fails again",
    r"no news": "known",
    r"by which( \w+){1,4} is told": "used to detect",
    r"what is (\w+ed) of": "name the thing",
}
# One metaphor too many for the packages. The renderer draws real ones.
PLACES = {r"wings?": "package, engine", r"halls?": "shared code", r"rooms?": "package, layer; space"}
RENDERED = ("landmark_sample/", "tests/unit/sample/", "tests/engine/sample/")

PROSE = {".md", ".tf", ".hcl", ".tfvars", ".tftpl", ".example", ".yaml", ".yml", ".toml", ".env"}
PROSE |= {
    ".properties",
    ".Dockerfile",
    ".html",
    ".css",
    ".js",
    ".j2",
    "",
}  # "" are shell scripts and the Makefile
AREAS = [
    *(f"landmark_lib/{path.name}" for path in sorted(ROOT.glob("landmark_lib/*/")) if path.name[0] != "_"),
    *("landmark_lib", "landmark_sample", "jobs", "benchmarks", "scripts", "tests"),
    *("docs", "docker", "terraform", ".ci", "."),
]
WHOLE_FOLDERS = {"landmark_sample", "benchmarks", "scripts", "tests", "docs", "docker", "terraform", ".ci"}
SELF = Path(__file__).relative_to(ROOT)
GLOSSARY = re.compile(r"^## Words\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A piece of prose and the lines of the file that its parts stand in."""

    text: str
    starts: tuple[int, ...]
    lines: tuple[int, ...]

    def line_of(self, offset: int) -> int:
        part = bisect_right(self.starts, offset) - 1
        return self.lines[part] + self.text.count("\n", self.starts[part], offset)


def joined(parts: list[tuple[int, str]]) -> Text:
    """Join parts, each (line, text), to one text."""
    starts, offset = [], 0
    for _, text in parts:
        starts.append(offset)
        offset += len(text)
    return Text("".join(text for _, text in parts), tuple(starts), tuple(line for line, _ in parts))


def python_texts(source: str) -> Iterator[Text]:
    """Yield comments, strings and names of tests; adjacent comments and adjacent strings are one text."""
    kind, parts = None, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.NL, tokenize.INDENT, tokenize.DEDENT}:
            continue
        # A comment after code is no part of the comments below it.
        own_line = token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
        if (
            token.type not in {tokenize.COMMENT, tokenize.STRING}
            or token.type != kind
            or not (own_line or token.type == tokenize.STRING)
        ):
            if parts:
                yield joined(parts)
            kind, parts = token.type, []
        if token.type == tokenize.COMMENT:
            parts.append((token.start[0], token.string.lstrip("#") + "\n"))
        elif token.type == tokenize.STRING:
            prefix = re.match(r"\w*(\"\"\"|'''|\"|')", token.string)[0]
            text = token.string[len(prefix) : -len(prefix.lstrip("rbfuRBFU"))]
            if "f" in prefix.lower():  # names in braces are code
                text = re.sub(r"\{[^{}]*\}", lambda braces: "_" * len(braces[0]), text)
            # A string of one word is a key or a name, not prose.
            parts.append((token.start[0], "" if re.fullmatch(r"\w*", text) else text))
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            yield joined([(token.start[0], token.string.replace("_", " "))])
    if parts:
        yield joined(parts)


def function_openers(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the start of the docstring of each function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring[:40]


def compiled(phrases: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    """Compile phrases so that a line break, with the next line's #, is white space too."""
    spaced = {phrase.replace(" ", r"[\s#]+"): better for phrase, better in phrases.items()}
    return [
        (re.compile(rf"(?<![\w-])(?:{phrase})(?![\w-])", re.IGNORECASE), better)
        for phrase, better in spaced.items()
    ]


EVERYWHERE, OUTSIDE_RENDERER = compiled(PHRASES), compiled(PHRASES | PLACES)


def findings(path: Path) -> list[str]:
    """Return what is to be reworded in a file, one line each."""
    name = path.relative_to(ROOT).as_posix()
    source = path.read_text("utf-8")
    python = path.suffix == ".py" or source.startswith("#!/bin/sh\n'''exec'")
    if path.name == "CONTRIBUTING.md":
        source = GLOSSARY.sub(lambda found: "\n" * found[0].count("\n"), source)
    found = []
    if python:
        for line, opener in function_openers(source):
            found += [
                f"{name}:{line}: docstring opens with '{opener.split()[0]}': {better}"
                for phrase, better in OPENERS.items()
                if re.match(phrase, opener)
            ]
    texts = python_texts(source) if python else [joined([(1, source)])]
    for text in texts:
        for phrase, better in EVERYWHERE if name.startswith(RENDERED) else OUTSIDE_RENDERER:
            found += [
                f"{name}:{text.line_of(match.start())}: '{' '.join(match[0].split())}': {better}"
                for match in phrase.finditer(text.text)
            ]
    return sorted(set(found), key=lambda line: int(line.split(":")[1]))


def files_of(area: str) -> list[Path]:
    """Return the files of an area that hold prose."""
    folder = ROOT / area
    every = folder.rglob("*") if area.count("/") or area in WHOLE_FOLDERS else folder.glob("*")
    return [
        path
        for path in sorted(every)
        if path.is_file()
        and "__pycache__" not in path.parts
        and ".terraform" not in path.parts
        and (path.suffix in PROSE or path.suffix == ".py")
        and path.relative_to(ROOT) != SELF
        and not path.name.startswith((".", "LICENSE"))
    ]


@pytest.mark.parametrize("area", [area for area in AREAS if (ROOT / area).exists()])
def test_prose_keeps_to_the_glossary(area):
    found = [line for path in files_of(area) for line in findings(path)]
    assert not found, f"{len(found)} to reword:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def f():\n    """Give a thing."""\n', ["x.py:2: docstring opens with 'Give': Return, Yield"]),
        ('def f():\n    """Name of a file."""\n', []),
        ("# A run that was\n# gone\n# on\n", ["x.py:2: 'gone on': resume, continue"]),
        ('f("a loss that is"\n  " no number")\n', ["x.py:2: 'no number': NaN, not finite"]),
        ("def test_it_is_made_anew(): ...\n", ["x.py:1: 'anew': again"]),
        ("# It shall be placed on the wall; a shallow swing; they are told well apart.\n", []),
        ("x = 1  # anew\n# again\n", ["x.py:1: 'anew': again"]),
        ('f(f"{got} it", "got", "it got on")\n', ["x.py:1: 'got': received; found, has"]),
    ],
)
def test_findings_name_line_phrase_and_better_words(source, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "x.py").write_text(source)
    assert findings(tmp_path / "x.py") == expected


def test_the_glossary_of_contributing_may_name_the_words_to_avoid(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    page = tmp_path / "CONTRIBUTING.md"
    page.write_text("# Contributing\n\n## Words\n\n| again | anew |\n\n## Tests\n\nmade anew\n")
    assert findings(page) == ["CONTRIBUTING.md:9: 'anew': again"]


def test_the_readme_fits_two_screens_of_text():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150
