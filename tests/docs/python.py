"""Run the Python blocks of a page: as doctests where they have prompts, else line by line."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
from typing import Any

from docs.pages import Block

__all__ = ["run_python"]

# what is called with other numbers than those of the page
SMALL = {
    "pretrain": {"epochs": 1},
    "SelfSupervisedEncoder": {"epochs": 1},
    "Config": {"epochs": 1, "samples": 256, "labeled": 128},
}


def run_python(block: Block, namespace: dict[str, Any]) -> str:
    """Run a block in a page's namespace; what it prints."""
    if ">>>" in block.text:
        return _run_doctest(block, namespace)
    tree = Shorten().visit(ast.parse(block.text, filename=block.place))
    ast.increment_lineno(tree, block.line)
    code = compile(ast.fix_missing_locations(tree), str(block.page), "exec", dont_inherit=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


class Shorten(ast.NodeTransformer):
    """Trainings take one epoch."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if called in SMALL:
            others = [keyword for keyword in node.keywords if keyword.arg not in SMALL[called]]
            small = [ast.keyword(name, ast.Constant(n)) for name, n in SMALL[called].items()]
            node.keywords = [*others, *small]
        return node


def _run_doctest(block: Block, namespace: dict[str, Any]) -> str:
    parser = doctest.DocTestParser()
    test = parser.get_doctest(block.text, namespace, block.place, str(block.page), block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    result = runner.run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)
    assert result.attempted > 0, f"{block.place}: no example"
    assert result.failed == 0, "".join(said)
    return ""
