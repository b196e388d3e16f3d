"""Measure the structure of this project's code and print it as Markdown tables.

    python scripts/structure.py [ROOT]

ROOT is a checkout of this repository; the default is the one that holds this script. Files of fewer than five
lines are left out. A *body* is the lines of a function that hold code: no docstring, comments or blank lines,
and not the `def` with its parameters. *Private, one use*: functions and methods named `_x` whose name occurs
exactly once more in their module, as a share of all functions. It counts names, so it is good to a few
points.
"""

import ast
import io
import math
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

FEWEST_LINES = 5
LONG_BODY, MANY_PARAMETERS = 40, 8
PACKAGES_APART = ("landmark_sample",)
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
NO_CODE |= {tokenize.ENCODING, tokenize.ENDMARKER}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """What was measured of one module.

    Attributes:
        lines: All lines of the file.
        code, docstring, comment: Lines that hold code, a docstring, a comment.
        bodies: Lines of code in each function.
        parameters: Number of parameters of each function, without self and cls.
        public, documented: Public functions, and those of them with a docstring.
        single_use: Private functions with one use.
        openers: First words of docstrings of functions.
        tests: Functions named test_….
    """

    lines: int = 0
    code: int = 0
    docstring: int = 0
    comment: int = 0
    bodies: list[int] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    public: int = 0
    documented: int = 0
    single_use: int = 0
    openers: Counter[str] = field(default_factory=Counter)
    tests: list["Test"] = field(default_factory=list)


@dataclass(frozen=True)
class Test:
    """What was measured of one test."""

    body: int
    words: int
    asserts: int
    parametrized: bool
    documented: bool


def main() -> None:
    """Measure the checkout and print the tables."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    library = measure_all(root / "landmark_lib")
    packages = {"**landmark_lib**": list(library.values())}
    for name in sorted({path.parts[0] for path in library if len(path.parts) > 1}):
        packages[f"- {name}"] = [module for path, module in library.items() if path.parts[0] == name]
    packages["- modules at the top"] = [module for path, module in library.items() if len(path.parts) == 1]
    for name in (*PACKAGES_APART, "jobs", "benchmarks", "scripts"):
        if modules := list(measure_all(root / name).values()):
            packages[name] = modules
    tests = measure_all(root / "tests")
    shipped = [*library.values(), *measure_all(root / "jobs").values()]
    shipped += [module for name in PACKAGES_APART for module in measure_all(root / name).values()]

    print(code_table(packages), end="\n\n")
    test_lines = sum(module.lines for module in tests.values())
    source_lines = sum(module.lines for module in shipped)
    print(f"Lines of tests to lines of source: {test_lines:,} : {source_lines:,}", end="")
    print(f" = {test_lines / source_lines:.2f}\n")
    print(test_table(tests), end="\n\n")
    print("First words of the docstrings of functions in landmark_lib:", end=" ")
    openers = sum((module.openers for module in library.values()), Counter[str]())
    print(", ".join(f"{word} {count}" for word, count in openers.most_common(30)))


def measure_all(folder: Path) -> dict[Path, Module]:
    """Measure each module below a folder, by its path there."""
    texts = {path.relative_to(folder): path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}
    return {path: measure(text) for path, text in texts.items() if text.count("\n") >= FEWEST_LINES}


def measure(text: str) -> Module:
    """Measure one module."""
    tree = ast.parse(text)
    docstrings = {line for node in documented_nodes(tree) for line in docstring_lines(node)}
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    code = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
        if line not in docstrings
    }
    module = Module(
        lines=len(text.splitlines()),
        code=len(code),
        docstring=len(docstrings),
        comment=sum(token.type == tokenize.COMMENT for token in tokens),
    )
    for function in functions(tree):
        body = lines_of_body(function, code)
        module.bodies.append(body)
        module.parameters.append(number_of_parameters(function))
        docstring = ast.get_docstring(function)
        if docstring:
            module.openers[docstring.split(maxsplit=1)[0].rstrip(".,;:")] += 1
        if not function.name.startswith("_"):
            module.public += 1
            module.documented += docstring is not None
        elif not function.name.startswith("__"):
            module.single_use += len(re.findall(rf"\b{re.escape(function.name)}\b", text)) == 2
        if function.name.startswith("test_"):
            module.tests.append(measure_test(function, body))
    return module


def measure_test(function: Function, body: int) -> Test:
    """Measure one test; `pytest.raises` and numpy's `assert_…` count as asserts."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = [func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls]
    return Test(
        body=body,
        words=len(function.name.split("_")) - 1,
        asserts=sum(isinstance(node, ast.Assert) for node in ast.walk(function))
        + sum(name == "raises" or name.startswith("assert_") for name in names),
        parametrized=any("parametrize" in ast.unparse(decorator) for decorator in function.decorator_list),
        documented=ast.get_docstring(function) is not None,
    )


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield all functions and methods of a module, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def documented_nodes(tree: ast.AST) -> Iterator[Documented]:
    """Yield the module, classes and functions that have a docstring."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, Documented))
    return (node for node in nodes if ast.get_docstring(node) is not None)


def docstring_lines(node: Documented) -> range:
    """Return the lines that a node's docstring takes."""
    first = node.body[0]
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)


def lines_of_body(function: Function, code: set[int]) -> int:
    """Count the lines of code from a function's first statement to its last."""
    first, last = function.body[0].lineno, function.body[-1].end_lineno or 0
    return sum(line in code for line in range(first, last + 1))


def number_of_parameters(function: Function) -> int:
    """Count the parameters of a function without self and cls."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    return sum(argument.arg not in {"self", "cls"} for argument in every)


def code_table(packages: dict[str, list[Module]]) -> str:
    """Return the table of the code, a row a package."""
    header = ["package", "modules", "lines/module med · p90 · max", "body med · p90 · max"]
    header += [f"> {LONG_BODY}", f"max params (> {MANY_PARAMETERS})", "public docstrings"]
    header += ["docstring : code", "comment : code", "private, one use", "lines"]
    rows = []
    for name, modules in packages.items():
        bodies = [body for module in modules for body in module.bodies]
        parameters = [count for module in modules for count in module.parameters]
        code = sum(module.code for module in modules)
        lines = [module.lines for module in modules]
        rows.append(
            [
                name,
                str(len(modules)),
                spread(lines),
                spread(bodies),
                share(sum(body > LONG_BODY for body in bodies), len(bodies)),
                f"{max(parameters, default=0)} ({sum(count > MANY_PARAMETERS for count in parameters)})",
                share(sum(m.documented for m in modules), sum(m.public for m in modules)),
                share(sum(m.docstring for m in modules), code),
                share(sum(m.comment for m in modules), code),
                share(sum(m.single_use for m in modules), len(bodies)),
                f"{sum(lines):,}",
            ]
        )
    return markdown_table(header, rows)


def test_table(modules: dict[Path, Module]) -> str:
    """Return the table of the tests, a row for each folder of tests/."""
    header = ["tests", "n", "body med · p90", "words in the name med · p90", "asserts med"]
    header += ["without", "docstring", "parametrized"]
    groups = {"**all**": [test for module in modules.values() for test in module.tests]}
    for name in sorted({path.parts[0] for path in modules if len(path.parts) > 1}):
        groups[f"- {name}"] = [
            test for path, module in modules.items() if path.parts[0] == name for test in module.tests
        ]
    rows = [
        [
            name,
            str(len(tests)),
            spread([test.body for test in tests], longest=False),
            spread([test.words for test in tests], longest=False),
            f"{median(test.asserts for test in tests):g}",
            share(sum(test.asserts == 0 for test in tests), len(tests)),
            share(sum(test.documented for test in tests), len(tests)),
            share(sum(test.parametrized for test in tests), len(tests)),
        ]
        for name, tests in groups.items()
        if tests
    ]
    return markdown_table(header, rows)


def spread(values: Sequence[int], *, longest: bool = True) -> str:
    """Write median, 90th percentile (nearest rank) and maximum."""
    if not values:
        return "-"
    ninetieth = sorted(values)[math.ceil(0.9 * len(values)) - 1]
    shown = [median(values), ninetieth, *([max(values)] if longest else [])]
    return " · ".join(f"{value:,.0f}" for value in shown)


def share(part: int, whole: int) -> str:
    """Write a share in percent."""
    return f"{part / whole:.0%}".replace("%", " %") if whole else "-"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table, its first column to the left and the others to the right."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
