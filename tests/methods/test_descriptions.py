"""Every hyper-parameter is described once, has its default once, and reaches the help."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from cyclopts import Group

from nearfar import methods, objectives
from nearfar._docstrings import described
from nearfar.cli._flags import flags_of
from nearfar.methods._preset import is_preset, method_class
from nearfar.modules import _siamese_heads

PRESETS = {name: one for name, one in vars(methods).items() if is_preset(one)}
CLASSES = {name: one for name, one in vars(methods).items() if inspect.isclass(one)}
FILES = [
    Path(_siamese_heads.__file__),
    *(file for room in (methods, objectives) for file in Path(room.__path__[0]).glob("*.py")),
]
# a sentence with a default cannot follow one with another default
REPLACED = {("byol", "hidden"), ("wide_projector", "hidden")}
# the published values of a method that uses another method's objective, or the authors' choice
OWN_DEFAULTS = {
    ("CPCv2", "skip"),
    ("CPCv2", "temperature"),
    ("DeepInfoMax", "estimator"),
    ("MultiView", "symmetric"),
}


@dataclass
class Author:
    """A function or class as it is written.

    Attributes:
        arguments: Names of its keyword-only arguments.
        texts: Its own descriptions of them.
        sources: Names of the functions and classes that describe others.
        defaults: Defaults written as a number, a string or a bool.
    """

    arguments: set[str]
    texts: dict[str, str]
    sources: list[str]
    defaults: dict[str, object]


class Documented:
    def __init__(self, doc: str) -> None:
        self.__doc__ = doc


def names_in(*nodes: ast.AST | None) -> list[str]:
    return [n.id for node in nodes if node for n in ast.walk(node) if isinstance(n, ast.Name)]


def sources_of(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Those of its decorators; for a preset its class, for a class its objective's."""
    found = names_in(*(d for d in node.decorator_list if isinstance(d, ast.Call)))
    if isinstance(node, ast.FunctionDef):
        return [*found, *names_in(node.returns)]
    annotated = [line for line in node.body if isinstance(line, ast.AnnAssign)]
    return found + names_in(*(a.annotation for a in annotated if "objective" in names_in(a.target)))


def authors(source: str) -> dict[str, Author]:
    """The functions and classes of a file."""
    found = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in inside:
            if isinstance(function, ast.FunctionDef) and function.name in (node.name, "__init__"):
                arguments = [argument.arg for argument in function.args.kwonlyargs]
                given = zip(arguments, function.args.kw_defaults, strict=True)
                texts = described(Documented(ast.get_docstring(node) or ""))
                found[node.name] = Author(
                    arguments=set(arguments),
                    texts={name: text for name, text in texts.items() if name in arguments},
                    sources=sources_of(node),
                    defaults={
                        name: default.value
                        for name, default in given
                        if isinstance(default, ast.Constant) and default.value is not None
                    },
                )
    functions = {name.replace("_", ""): name for name in found if name.endswith("_loss")}
    for name, author in found.items():
        if name.endswith("Loss"):
            author.sources += [functions[name.lower()]]
    return found


def others(name: str, argument: str, known: dict[str, Author]) -> Iterator[str]:
    """All sources that have the argument too, directly or through one another."""
    for source in dict.fromkeys(known[name].sources):
        if source in known and source != name and argument in known[source].arguments:
            yield source
            yield from others(source, argument, known)


def described_twice(known: dict[str, Author]) -> list[tuple[str, str, str]]:
    """Arguments that an author describes although a source does, or in another's very words."""
    found, first = [], dict[tuple[str, str], str]()
    for name, author in known.items():
        for argument, text in author.texts.items():
            whole = not text.startswith("…")
            by_source = {s for s in others(name, argument, known) if argument in known[s].texts}
            if whole and by_source and (name, argument) not in REPLACED:
                found.append((name, argument, min(by_source)))
            elif whole and first.setdefault((argument, text), name) != name:
                found.append((name, argument, first[argument, text]))
            elif not whole and not by_source:
                found.append((name, argument, "nothing to follow"))
    return found


KNOWN = {name: author for file in FILES for name, author in authors(file.read_text()).items()}


def test_no_hyper_parameter_is_described_twice() -> None:
    assert len(KNOWN) > 100
    assert {"simclr", "SimCLR", "NTXentLoss", "nt_xent_loss", "shared", "projector"} <= KNOWN.keys()
    assert described_twice(KNOWN) == []


PLANTED = '''
def my_loss(z, *, weight=1.0, clip=2.0):
    """A loss.

    Args:
        weight: Weight of the penalty.
        clip: Bound.
    """

class MyLoss(Objective):
    """Stored."""
    def __init__(self, *, weight=1.0): ...

class Mine(Method):
    """A method.

    Args:
        weight: {of_class}
        clip: Another one.
    """
    objective: MyLoss
    def __init__(self, encoder, *, weight=1.0, clip=3.0): ...

@preset(parts=(head,))
def mine(encoder, width, *, dim=1, weight=1.0) -> Mine:
    """A preset.

    Args:
        weight: {of_preset}
        dim: {of_dim}
    """

def head(*, dim):
    """A head.

    Args:
        dim: Dimension.
    """

def other(*, dim):
    """Another.

    Args:
        dim: {elsewhere}
    """
'''
CLEAN = {"of_class": "… 3.", "of_preset": "… 4.", "of_dim": "… 5.", "elsewhere": "Length."}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"of_class": "In other words."}, [("Mine", "weight", "my_loss")]),
        ({"of_preset": "In other words."}, [("mine", "weight", "Mine")]),
        ({"of_dim": "In other words."}, [("mine", "dim", "head")]),
        ({"elsewhere": "Dimension."}, [("other", "dim", "head")]),
        ({"elsewhere": "… Longer."}, [("other", "dim", "nothing to follow")]),
    ],
)
def test_a_second_description_is_found(
    changed: dict[str, str], found: list[tuple[str, str, str]]
) -> None:
    assert described_twice(authors(PLANTED.format(**CLEAN | changed))) == found


# --- help -----------------------------------------------------------------------------------------


def public() -> dict[str, Any]:
    found = {
        f"{room.__name__}.{name}": getattr(room, name)
        for room in (methods, objectives)
        for name in room.__all__
    }
    kinds = (methods.Method, objectives.Objective)
    return {
        name: one
        for name, one in found.items()
        if inspect.isfunction(one) or (inspect.isclass(one) and issubclass(one, kinds))
    }


@pytest.mark.parametrize("name", public())
def test_the_help_describes_every_argument(name: str) -> None:
    one = public()[name]
    texts = described(one)
    named = [
        parameter.name
        for parameter in inspect.signature(one).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    assert [argument for argument in named if not texts.get(argument)] == []
    assert [text for text in texts.values() if text.startswith("…")] == []


@pytest.mark.parametrize("name", PRESETS)
def test_every_flag_has_a_help(name: str) -> None:
    flags = flags_of(PRESETS[name], group=Group("Method"), table="method")
    shown = {flag.name: flag.annotation.__metadata__[0] for flag in flags}
    assert [name for name, flag in shown.items() if flag.show is not False and not flag.help] == []


def test_a_flag_is_described_by_the_objective_with_what_the_method_adds() -> None:
    text = described(objectives.nt_xent_loss)["temperature"]
    flags = flags_of(methods.simclr, group=Group("Method"), table="method")
    shown = {flag.name: flag.annotation.__metadata__[0].help for flag in flags}
    assert shown["method__temperature"] == f"{text} The paper: 0.1 on ImageNet, 0.5 on CIFAR-10."
    assert shown["method__ring"] == described(objectives.nt_xent_loss)["ring"]


# --- defaults -------------------------------------------------------------------------------------


def defaults(one: Any) -> dict[str, object]:
    found = inspect.signature(one).parameters.values()
    return {p.name: p.default for p in found if p.default is not p.empty}


def test_a_method_has_the_defaults_of_its_objective() -> None:
    differing = set()
    for name, one in CLASSES.items():
        if issubclass(one, methods.Method) and one is not methods.Method:
            theirs = defaults(get_type_hints(one)["objective"])
            mine = {k: value for k, value in defaults(one).items() if k in theirs}
            differing |= {(name, k) for k, value in mine.items() if value != theirs[k]}
    assert differing == OWN_DEFAULTS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_does_not_write_the_default_of_its_class_again(name: str) -> None:
    of_class = defaults(method_class(PRESETS[name]))
    written = KNOWN[inspect.unwrap(PRESETS[name]).__name__].defaults
    assert [k for k, value in written.items() if k in of_class and of_class[k] == value] == []
