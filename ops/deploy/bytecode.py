"""Compiles a folder for Lambda: `python ops/deploy/bytecode.py FOLDER TASK_ROOT`.

A script that needs the standard library alone, because its process must have loaded nothing else.
"""

import ast
import marshal
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import Final

_UNCHECKED_HASH: Final = (1).to_bytes(4, "little")
"""The flags of a `.pyc` that is used whatever became of its source (PEP 552)."""


def compiled(source: bytes, path: str) -> bytes:
    """Return the `.pyc` of a source that will lie at `path`, without its docstrings.

    Its lines and its assertions stay, which `python -OO` would leave out with them.
    """
    tree = ast.parse(source, path)
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=body)
                | ast.ClassDef(body=body)
                | ast.FunctionDef(body=body)
                | ast.AsyncFunctionDef(body=body)
            ):
                _drop_docstring(body)
    code = compile(tree, path, "exec", dont_inherit=True)
    return MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)


def _drop_docstring(body: list[ast.stmt]) -> None:
    match body:
        case [ast.Expr(ast.Constant(str())) as docstring, *others]:
            body[:1] = [] if others else [ast.copy_location(ast.Pass(), docstring)]


def main(folder: str, task_root: str) -> None:
    root = Path(folder)
    for source in sorted(root.rglob("*.py")):
        path = Path(task_root, source.relative_to(root)).as_posix()
        target = Path(cache_from_source(str(source)))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(compiled(source.read_bytes(), path))


if __name__ == "__main__":
    main(*sys.argv[1:])
