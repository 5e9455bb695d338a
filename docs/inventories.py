"""Small inventories for Sphinx: the objects of other projects that the reference names."""

from __future__ import annotations

import zlib
from pathlib import Path

__all__ = ["LOCAL", "write_inventories"]

# project → its address, and for each name the role and the page
LOCAL: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "python": (
        "https://docs.python.org/3",
        {
            "collections.abc.Callable": ("class", "library/collections.abc.html#$"),
            "collections.abc.Iterable": ("class", "library/collections.abc.html#$"),
            "collections.abc.Iterator": ("class", "library/collections.abc.html#$"),
            "collections.abc.Mapping": ("class", "library/collections.abc.html#$"),
            "collections.abc.Sequence": ("class", "library/collections.abc.html#$"),
            "fractions.Fraction": ("class", "library/fractions.html#$"),
            "pathlib.Path": ("class", "library/pathlib.html#$"),
            "typing.Any": ("data", "library/typing.html#$"),
            "typing.Literal": ("data", "library/typing.html#$"),
            "bool": ("class", "library/functions.html#$"),
            "dict": ("class", "library/stdtypes.html#$"),
            "float": ("class", "library/functions.html#$"),
            "int": ("class", "library/functions.html#$"),
            "list": ("class", "library/stdtypes.html#$"),
            "set": ("class", "library/stdtypes.html#$"),
            "str": ("class", "library/stdtypes.html#$"),
            "tuple": ("class", "library/stdtypes.html#$"),
            "bytes": ("class", "library/stdtypes.html#$"),
            "ArithmeticError": ("exception", "library/exceptions.html#$"),
            "ConnectionError": ("exception", "library/exceptions.html#$"),
            "FileExistsError": ("exception", "library/exceptions.html#$"),
            "FileNotFoundError": ("exception", "library/exceptions.html#$"),
            "FloatingPointError": ("exception", "library/exceptions.html#$"),
            "KeyError": ("exception", "library/exceptions.html#$"),
            "ModuleNotFoundError": ("exception", "library/exceptions.html#$"),
            "OSError": ("exception", "library/exceptions.html#$"),
            "RuntimeError": ("exception", "library/exceptions.html#$"),
            "TypeError": ("exception", "library/exceptions.html#$"),
            "ValueError": ("exception", "library/exceptions.html#$"),
        },
    ),
    "torch": (
        "https://docs.pytorch.org/docs/stable",
        {
            "torch.Generator": ("class", "generated/torch.Generator.html#$"),
            "torch.Tensor": ("class", "tensors.html#$"),
            "torch.device": ("class", "tensor_attributes.html#$"),
            "torch.dtype": ("class", "tensor_attributes.html#$"),
            "torch.nn.Module": ("class", "generated/torch.nn.Module.html#$"),
            "torch.optim.Optimizer": ("class", "optim.html#$"),
            "torch.utils.data.Dataset": ("class", "data.html#$"),
        },
    ),
    "numpy": (
        "https://numpy.org/doc/stable",
        {
            "numpy.ndarray": ("class", "reference/generated/numpy.ndarray.html#$"),
            "numpy.typing.ArrayLike": ("data", "reference/typing.html#$"),
            "numpy.typing.NDArray": ("data", "reference/typing.html#$"),
        },
    ),
    "sklearn": (
        "https://scikit-learn.org/stable",
        {
            "sklearn.base.BaseEstimator": (
                "class",
                "modules/generated/sklearn.base.BaseEstimator.html#$",
            ),
            "sklearn.base.TransformerMixin": (
                "class",
                "modules/generated/sklearn.base.TransformerMixin.html#$",
            ),
        },
    ),
}


def write_inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory per project; what ``intersphinx_mapping`` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (url, names) in LOCAL.items():
        head = "# Sphinx inventory version 2\n"
        head += f"# Project: {project}\n# Version: 0\n"
        head += "# The remainder of this file is compressed using zlib.\n"
        lines = [f"{name} py:{role} 1 {page} -\n" for name, (role, page) in names.items()]
        file = folder / f"{project}.inv"
        file.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
        mapping[project] = (url, str(file))
    return mapping
