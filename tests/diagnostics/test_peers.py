"""Our readings against other packages', with the differences that the documentation states.

Those packages are no dependency of nearfar: without one its tests are skipped.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from benchmarks.readings import COMPARISONS, PAGE, Comparison, embedded, page

# of packages that are not ours
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.full]


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "one",
    [
        pytest.param(one, id=f"{one.name} of {one.package}", marks=needs(one.package))
        for one in COMPARISONS
    ],
)
def test_a_reading_of_a_peer_differs_as_the_page_says(one: Comparison, seed: int) -> None:
    views = embedded(seed)
    theirs = one.theirs(views)
    assert theirs == pytest.approx(one.translated(views), rel=1e-5)
    same = theirs == pytest.approx(one.ours(views), rel=1e-6)
    assert same == (one.why == "equal")


def test_the_page_of_readings_is_what_its_command_writes() -> None:
    missing = sorted({one.package for one in COMPARISONS if find_spec(one.package) is None})
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    assert PAGE.read_text(encoding="utf-8") == page()
