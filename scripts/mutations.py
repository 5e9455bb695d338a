"""Small changes of a source file, one at a time: for `scripts/mutants.py`."""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

ROOT = Path(__file__).resolve().parents[1]
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NOT_COMPUTED = ("annotation", "returns", "decorator_list", "bases", "op", "ops")
IS_FUNCTION = 0x1  # CO_OPTIMIZED: not a module, not the body of a class


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: Relative to the repository.
        number: Which of the file's changes, in the order of :func:`changes`.
        line: Of the node that is changed.
        kind: Of change.
        change: Before and after.
    """

    file: str
    number: int
    line: int
    kind: str
    change: str


def positions(node: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """Every node that computes something, and what puts another in its place."""
    if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return
    for field, value in ast.iter_fields(node):
        if field in NOT_COMPUTED:
            continue
        if isinstance(value, ast.AST):
            yield value, lambda new, field=field: setattr(node, field, new)
            yield from positions(value)
        elif isinstance(value, list):
            for index, child in enumerate(value):
                if not isinstance(child, ast.AST) or _is_said(child):
                    continue
                yield child, lambda new, at=index, into=value: into.__setitem__(at, new)
                if not isinstance(child, ast.Raise):  # its message is no computation
                    yield from positions(child)


def _is_said(node: ast.AST) -> bool:
    """Docstrings, `__all__` and what only the type checker reads."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    text = ast.unparse(node) if isinstance(node, (ast.Assign, ast.If)) else ""
    return text.startswith(("__all__", "if TYPE_CHECKING"))


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.AST, Callable[[], None]]]:
    """A node, the kind of change, what would stand in its place, and what puts it there."""
    for node, replace in positions(tree):
        for kind, new in _variants(node):
            ast.copy_location(new, node)
            yield node, kind, new, lambda new=new, put=replace: put(new)


def _variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            ops = [*node.ops]
            ops[index] = SWAPPED[type(op)]()  # type: ignore[call-overload]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPPED:
        fields = dict(ast.iter_fields(node)) | {"op": SWAPPED[type(node.op)]()}
        yield "arithmetic", type(node)(**fields)
    elif isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(SWAPPED[type(node.op)](), node.values)  # type: ignore[arg-type]
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        value = node.value
        wrong = not value if isinstance(value, bool) else value + 1 if value != -1 else 1
        yield "constant", ast.Constant(wrong)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "negation", node.operand
    elif isinstance(node, (ast.If, ast.IfExp)):
        no = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        yield "negation", type(node)(no, node.body, node.orelse)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return", ast.Return(ast.copy_location(ast.Constant(None), node))
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Name, ast.Tuple))
    if called or stored or isinstance(node, (ast.AugAssign, ast.Raise)):
        yield "deletion", ast.Pass()


def mutants_of(file: Path) -> list[Mutant]:
    name = str(file.relative_to(ROOT))

    def first_line(node: ast.AST) -> str:
        return ast.unparse(node).splitlines()[0]

    return [
        Mutant(name, number, node.lineno, kind, f"{first_line(node)}  →  {first_line(new)}")  # type: ignore[attr-defined]
        for number, (node, kind, new, _) in enumerate(changes(_parsed(name)))
    ]


def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def mutated(mutant: Mutant) -> ast.Module:
    tree = _parsed(mutant.file)
    *_, apply = [*changes(tree)][mutant.number]
    apply()
    return ast.fix_missing_locations(tree)


# --- in functions that are there already ----------------------------------------------------------


@cache
def _functions(file: str) -> tuple[CodeType, dict[str, list[CodeType]]]:
    code = compile(_parsed(file), str(ROOT / file), "exec")
    return code, _by_name(code)


def _by_name(code: CodeType) -> dict[str, list[CodeType]]:
    found: dict[str, list[CodeType]] = {}
    for part in code.co_consts:
        if isinstance(part, CodeType):
            if part.co_flags & IS_FUNCTION:
                found.setdefault(part.co_qualname, []).append(part)
            for name, inner in _by_name(part).items():
                found.setdefault(name, []).extend(inner)
    return found


def _run_on_import(code: CodeType) -> list[object]:
    """What a module and its classes do themselves, without the functions they define."""
    own: list[object] = [code.co_code, code.co_names]
    for part in code.co_consts:
        if not isinstance(part, CodeType):
            own.append((type(part), part))
        elif not part.co_flags & IS_FUNCTION:
            own += _run_on_import(part)
    return own


def new_functions(mutant: Mutant) -> dict[str, CodeType] | None:
    """Changed functions by name; nothing if the change is one of what runs on import."""
    path = str(ROOT / mutant.file)
    code, functions = _functions(mutant.file)
    new = compile(mutated(mutant), path, "exec")
    if _run_on_import(new) != _run_on_import(code):
        return None
    others = _by_name(new)
    changed = {name for name in functions if functions[name] != others.get(name)}
    if not changed or any(len(others.get(name, [])) != 1 for name in changed):
        return None
    return {name: others[name][0] for name in changed}


def functions_below(folder: Path) -> list[FunctionType]:
    """The functions of this process whose source is in a folder."""
    # not isinstance, which asks an object for its class: some warn, which is an error in the tests
    every = [thing for thing in gc.get_objects() if type(thing) is FunctionType]
    return [one for one in every if one.__code__.co_filename.startswith(str(folder))]


def put_in_place(mutant: Mutant, new: dict[str, CodeType], there: list[FunctionType]) -> bool:
    """Give the functions of this process their new code; false if one could not take it."""
    path = str(ROOT / mutant.file)
    changed = [
        (one, new[one.__code__.co_qualname])
        for one in there
        if one.__code__.co_filename == path and one.__code__.co_qualname in new
    ]
    if any(one.__code__.co_freevars != code.co_freevars for one, code in changed):
        return False
    for one, code in changed:
        one.__code__ = code
    return bool(changed)
