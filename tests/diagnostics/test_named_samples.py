"""Findings name the samples that were planted, and no others."""

from __future__ import annotations

import json

import pytest
import torch

from nearfar.diagnostics import health, named_samples, samples_per_point, shared_points
from nearfar.diagnostics._named_samples import with_named_samples
from nearfar.records import HealthRecord, NamedSamples
from tests.every import every


def cloud(count: int, dim: int = 32, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def ids(count: int) -> list[str]:
    return [f"{row:04}.png" for row in range(count)]


def by_name(found: tuple[NamedSamples, ...]) -> dict[str, NamedSamples]:
    return {each.finding: each for each in found}


def test_a_sound_cloud_names_nobody() -> None:
    z = cloud(400)
    assert named_samples(z, z + 0.1 * cloud(400, seed=1), ids=ids(400)) == ()


def test_planted_copies_are_named_group_by_group() -> None:
    z = cloud(300)
    z[[7, 250]] = z[3].clone()
    z[120] = 2 * z[119]  # the same direction is the same point
    found = by_name(named_samples(z, ids=ids(300)))["repeated_share"]
    assert list(found.members) == [("0003.png", "0007.png", "0250.png"), ("0119.png", "0120.png")]
    assert found.rows == (3, 7, 250, 119, 120)
    assert (found.total, found.left, found.compared) == (5, 0, 300)
    assert "0003.png = 0007.png = … (3 samples); 0119.png = 0120.png" in found.sentence()


def test_shared_points_are_those_that_are_counted() -> None:
    points = cloud(40)
    z = points.repeat_interleave(5, dim=0) + 1e-4 * cloud(200, seed=1)
    assert shared_points(z) == tuple(tuple(range(5 * k, 5 * k + 5)) for k in range(40))
    rows, sizes = samples_per_point(z)
    of_row = {row: len(group) for group in shared_points(z) for row in group}
    assert [of_row[int(row)] for row in rows] == sizes.tolist()
    assert shared_points(cloud(100)) == ()


def test_groups_of_many_samples_leave_room_for_other_groups() -> None:
    z = cloud(10).repeat_interleave(60, dim=0)
    found = by_name(named_samples(z, ids=ids(600)))["repeated_share"]
    assert len(found.ids) == 200
    assert (found.groups, found.sizes) == ((20,) * 10, (60,) * 10)
    assert (found.total, found.left) == (600, 400)
    assert "(60 samples)" in found.sentence(most=1)
    assert found.sentence(most=1).endswith("and 540 more")
    one = by_name(
        named_samples(torch.cat([cloud(20), cloud(1, seed=5).repeat(500, 1)]), ids=ids(520))
    )
    assert len(one["repeated_share"].ids) == 200


def test_second_views_that_are_not_found_are_named_worst_first() -> None:
    z1 = cloud(200)
    z2 = z1 + 0.1 * cloud(200, seed=1)
    z2[40] = -z1[40]
    z2[[10, 11]] = z2[[11, 10]].clone()
    found = by_name(named_samples(z1, z2, ids=ids(200)))["recall_1"]
    assert found.ids[0] == "0040.png"
    assert found.values[0] == 1.0
    assert set(found.ids) <= {"0040.png", "0010.png", "0011.png"}
    assert found.values == tuple(sorted(found.values, reverse=True))
    assert "0040.png (100% of the others are nearer)" in found.sentence()


def test_a_hub_is_named_with_its_share() -> None:
    z = cloud(101) + 3  # around a common direction, which is nearer to all than they are
    z[100] = 1
    found = by_name(named_samples(z, ids=ids(101)))["largest_hub"]
    assert found.ids[0] == "0100.png"
    assert found.values[0] == 1.0


def test_long_rows_are_named_with_their_length_in_medians() -> None:
    z = torch.nn.functional.normalize(cloud(500), dim=1)
    z[13] *= 2_000
    z[77] *= 300
    found = by_name(named_samples(z, ids=ids(500)))["longest"]
    assert found.ids == ("0013.png", "0077.png")
    assert found.values == pytest.approx((2_000, 300), rel=1e-2)
    assert found.sentence() == (
        "rows far longer than the others: 0013.png (2,000 times the median), 0077.png (300 times"
        " the median)"
    )


def test_many_samples_are_named_in_part() -> None:
    z1 = cloud(3_000, dim=8)
    found = by_name(named_samples(z1, cloud(3_000, dim=8, seed=1), ids=ids(3_000)))["recall_1"]
    assert len(found.ids) == len(found.values) == 200
    assert found.compared == 2_048
    assert 0.9 * 2_048 < found.total <= 2_048
    assert every(name == f"{row:04}.png" for name, row in zip(found.ids, found.rows, strict=True))


def test_the_verdict_has_the_samples_of_its_findings_and_keeps_them() -> None:
    z = cloud(100)
    z[50:] = z[:50].clone()
    verdict = with_named_samples(health(z), z, ids=ids(100))
    assert verdict.verdict == "duplicates"
    (found,) = verdict.named_samples
    assert (found.finding, found.total) == ("repeated_share", 100)
    assert HealthRecord.from_json(verdict.to_json()) == verdict
    assert "0000.png = 0050.png" in verdict._repr_html_()
    few = cloud(6)
    few[1] = few[0].clone()
    assert with_named_samples(health(few), few, ids=ids(6)).named_samples == ()


def test_a_verdict_of_an_older_version_names_nobody() -> None:
    values = json.loads(health(cloud(50)).to_json())
    del values["named_samples"]
    assert HealthRecord.of_values(values).named_samples == ()


def test_names_must_match_the_rows() -> None:
    with pytest.raises(ValueError, match="`ids` must have one name per row, 30, got 29"):
        named_samples(cloud(30), ids=ids(29))
    with pytest.raises(ValueError, match="row 4"):
        named_samples(
            torch.full((5, 3), 1.0).index_fill(0, torch.tensor([4]), torch.nan), ids=ids(5)
        )
