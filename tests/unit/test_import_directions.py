"""Imports point one way: the rules of the architecture, held against the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# From the ground up. A module imports from its own layer's row or from rows above it here.
LAYERS = (
    {
        *("chalicelib", "chalicelib.metering.usage", "chalicelib.settings", "chalicelib.errors"),
        *("chalicelib.json_text", "chalicelib.stream_event", "chalicelib.http_answer"),
        *("chalicelib.runtime", "chalicelib.runtime_api", "chalicelib.delivery"),
    },
    {
        "chalicelib.usage_record",
        "chalicelib.metrics",
        "chalicelib.signing",
        "chalicelib.recent",
        "chalicelib.connection",
    },
    {
        *("chalicelib.transport", "chalicelib.aws_json", "chalicelib.tenant_role"),
        *("chalicelib.catalog", "chalicelib.pricing"),
    },
    {"chalicelib.tenants", "chalicelib.ledger"},
    {"chalicelib.metering", "chalicelib.backends"},
    {"chalicelib.endings", "chalicelib.async_jobs"},
    {"chalicelib.router", "chalicelib.admission"},
    {"chalicelib.streams"},
    {
        *("chalicelib.surfaces", "chalicelib.repeats"),
        *("chalicelib.reporting", "chalicelib.reconciliation"),
    },
    {"chalicelib.parts"},
    {"app"},
)
LISTED = [name for row in LAYERS for name in row]
MAKES_CALLS = {"router", "endings", "backends", "transport", "surfaces", "async_jobs", "ledger"}

PURE = (
    *("chalicelib/catalog.py", "chalicelib/json_text.py"),
    *("chalicelib/metering", "chalicelib/pricing"),
)
NOT_PURE = {
    *("boto3", "botocore", "chalice", "http", "socket", "urllib", "subprocess"),
    *("os", "pathlib", "shutil", "tempfile"),
}
READS_WHAT_IT_SHIPS_WITH = {  # prices.csv
    ("chalicelib.pricing.listed", "pathlib.Path"),
    ("chalicelib.pricing.price_book", "pathlib.Path"),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> int | None:
    """The row of the longest name that the module is, or is in."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        for row, names in enumerate(LAYERS):
            if name in names:
                return row
    return None


def sources(*folders: str) -> list[Path]:
    found = [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]
    return [*found, ROOT / "app.py"] if "chalicelib" in folders else found


@pytest.mark.parametrize("path", sources("chalicelib"), ids=module_name)
def test_every_module_is_in_a_layer(path: Path) -> None:
    module = module_name(path)
    of_a_package = [name for name in LISTED if name != "chalicelib"]
    assert module in LISTED or module.startswith(tuple(f"{name}." for name in of_a_package))


def test_no_module_is_in_two_layers_or_gone() -> None:
    modules = {module_name(path) for path in sources("chalicelib")}
    assert sorted(LISTED) == sorted(modules & set(LISTED))


@pytest.mark.parametrize("path", sources("chalicelib"), ids=module_name)
def test_a_module_imports_only_from_its_own_layer_or_below(path: Path) -> None:
    own = layer(module_name(path))
    upward = [name for name in imports(path) if (layer(name) or 0) > (own or 0)]
    assert upward == []


@pytest.mark.parametrize("path", sources("chalicelib"), ids=module_name)
def test_what_is_deployed_never_imports_what_is_not(path: Path) -> None:
    own_side = {"local", "ops", "bench", "tests"}
    assert [name for name in imports(path) if name.split(".")[0] in own_side] == []


@pytest.mark.parametrize("folder", PURE)
def test_pure_modules_do_no_input_or_output(folder: str) -> None:
    files = [ROOT / folder] if folder.endswith(".py") else sources(folder)
    found = [(module_name(path), name) for path in files for name in imports(path)]
    impure = {pair for pair in found if pair[1].split(".")[0] in NOT_PURE}
    assert impure <= READS_WHAT_IT_SHIPS_WITH


@pytest.mark.parametrize("path", sources("chalicelib/reporting"), ids=module_name)
def test_a_report_makes_no_model_call(path: Path) -> None:
    ours = [name.split(".")[1] for name in imports(path) if name.startswith("chalicelib.")]
    assert MAKES_CALLS.isdisjoint(ours)


def test_the_simulator_shares_nothing_with_what_it_proves() -> None:
    shared = {"chalicelib", "app", "ops"}
    found = [(p.name, n) for p in sources("local/simulator") for n in imports(p)]
    assert [pair for pair in found if pair[1].split(".")[0] in shared] == []


def test_the_report_makes_no_model_call() -> None:
    found = [n for path in sources("chalicelib/reporting") for n in imports(path)]
    assert [n for n in found if n.startswith(("chalicelib.router", "chalicelib.backends"))] == []
