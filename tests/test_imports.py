"""The order of the rooms: who may import whom, read from the syntax trees."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
PACKAGE = SOURCE / "equipoise"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A room may import rooms of a lower number, and those of its own number that are listed below.
ORDER = {
    "errors": 0,
    "extras": 0,
    "files": 0,
    "frames": 0,
    "rooms": 0,
    "data": 1,
    "metrics": 1,
    "weights": 1,
    "samplers": 1,
    "losses": 1,
    "decisions": 1,
    "schedules": 1,
    "ensembles": 1,
    "integrations": 2,
    "strategies": 3,
    "learners": 3,
    "stats": 3,
    "compare": 4,
    "results": 5,
    "diagnose": 6,
    "report": 6,
    "testing": 6,
    "jobs": 7,
    "cli": 8,
    "__main__": 9,
}
# The public methods Comparison.report() and .plot() open these doors when they are called. What is
# behind renders plain summaries and never looks back, so no cycle comes of it.
LATE = {("results", "report")}
FRAME_LIBRARIES = {"pandas", "polars", "pyarrow", "narwhals"}
# Who else may know one: readers hand on frames of narwhals, the checks of samplers make frames of every
# library, and files larger than memory are lazy queries, which polars alone has.
KNOWN_FRAMES = {
    "equipoise.data": {"narwhals"},
    "equipoise.testing": {"narwhals"},
    "equipoise.samplers.files": {"polars"},
}
TORCH_ROOMS = {"losses", "schedules", "integrations"}
TORCH_MODULES = ("equipoise.learners.neural.",)  # imported when such a learner is trained
LONGEST = 400


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and full module name of every import, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in NAMES else str(node.module)


def at_module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def test_every_room_has_its_place() -> None:
    rooms = {room_of(name_of(path)) for path in MODULES} - {""}
    assert rooms <= set(ORDER), "give the new room a place in the order"


def test_imports_point_one_way(trees: dict[str, ast.Module]) -> None:
    wrong = []
    for module, tree in trees.items():
        room = room_of(module)
        at_once = {node.lineno for node in at_module_level(tree)}
        for line, target in imports(tree):
            other = room_of(target)
            if not target.startswith("equipoise.") or not room or other == room:
                continue
            if (room, other) in LATE and line not in at_once:
                continue
            if other not in ORDER or ORDER[other] > ORDER[room]:
                wrong.append(f"{module}:{line} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_rooms_form_no_cycle(trees: dict[str, ast.Module]) -> None:
    edges: dict[str, set[str]] = {}
    for module, tree in trees.items():
        for _, target in imports(tree):
            if target.startswith("equipoise.") and room_of(module) not in ("", room_of(target)):
                edges.setdefault(room_of(module), set()).add(room_of(target))
    assert not (cycle := find_cycle(edges)), " -> ".join(cycle)


def test_modules_form_no_cycle(trees: dict[str, ast.Module]) -> None:
    edges: dict[str, set[str]] = {}
    for module, tree in trees.items():
        at_import = [ast.Module([node], []) for node in at_module_level(tree) if is_import(node)]
        found = {target for part in at_import for _, target in imports(part)}
        edges[module] = {target for target in found if target in trees and target != module}
    edges.pop("equipoise", None)  # its imports are for type checkers alone
    assert not (cycle := find_cycle(edges)), " -> ".join(cycle)


def is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def find_cycle(edges: dict[str, set[str]]) -> list[str]:
    """Return one cycle of a graph, or nothing."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for other in sorted(edges.get(node, ())):
            if cycle := walk(other, [*path, node]):
                return cycle
        done.add(node)
        return []

    return next((cycle for node in sorted(edges) if (cycle := walk(node, []))), [])


def test_only_frames_knows_the_frame_libraries(trees: dict[str, ast.Module]) -> None:
    wrong = [
        f"{module}:{line} imports {target}"
        for module, tree in trees.items()
        if room_of(module) != "frames"
        for line, target in imports(tree)
        if target.split(".")[0] in FRAME_LIBRARIES - known_frames(module)
    ]
    assert not wrong, "\n".join(wrong)


def known_frames(module: str) -> set[str]:
    """Return the frame libraries that a module may import all the same."""
    rooms = (name for name in KNOWN_FRAMES if f"{module}.".startswith(f"{name}."))
    return {library for name in rooms for library in KNOWN_FRAMES[name]}


def test_torch_stays_in_its_rooms(trees: dict[str, ast.Module]) -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in trees.items()
        if room_of(module) not in TORCH_ROOMS and not module.startswith(TORCH_MODULES)
        for node in at_module_level(tree)
        if is_import(node)
        for _, target in imports(ast.Module([node], []))
        if target.split(".")[0] == "torch"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_file_is_short_and_named_for_what_it_does(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines"
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import equipoise",
            {"numpy", "scipy", "sklearn", "torch", "lightgbm", "polars", "pandas", "typer"},
        ),
        (
            "from equipoise.cli import main; main(['--help'])",
            {"numpy", "scipy", "sklearn", "torch", "lightgbm", "polars", "pandas", "altair"},
        ),
    ],
    ids=["import", "help"],
)
def test_light_start(code: str, absent: set[str]) -> None:
    look = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint(*sys.modules, sep=',', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.strip().splitlines()[-1].split(","))
    assert not loaded & absent


def test_public_names_are_listed_where_they_live(trees: dict[str, ast.Module]) -> None:
    """What `equipoise` looks up lazily is there, and type checkers are told the same."""
    import equipoise

    tree = trees["equipoise"]
    typed = {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("equipoise.")
        for alias in node.names
    }
    # The rooms stand in for these.
    assert typed.pop("compare") == "equipoise.jobs.comparing"
    assert typed.pop("diagnose") == "equipoise.diagnose.run"
    assert typed == equipoise._PUBLIC
    assert set(equipoise.__all__) == {*typed, "compare", "diagnose", "__version__"}
    assert all(hasattr(equipoise, name) for name in equipoise.__all__)


def test_a_room_can_be_called() -> None:
    """Whatever is imported first, `equipoise.compare` is the package and the function."""
    import equipoise.compare.events
    from equipoise.jobs.comparing import compare

    assert inspect.ismodule(equipoise.compare)
    assert inspect.signature(equipoise.compare) == inspect.signature(compare)
    with pytest.raises(equipoise.errors.DataError, match="no file 'absent\\.csv'"):
        equipoise.compare("absent.csv", target="y")
