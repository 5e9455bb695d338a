"""Cells of 0.1 are found in the cache although one of their fields has another name."""

from __future__ import annotations

from nearfar.studies._cell import Cell


def test_the_key_of_a_cell_is_that_of_0_1() -> None:
    cell = Cell(
        method="raw pixels",
        seed=0,
        data="digits",
        fingerprint="f",
        samples=None,
        labeled=10,
        encoder="convnet",
    )
    assert cell.key == "ec5f11d89362f29c"
