"""The spine on real images of each kind."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import nearfar
from nearfar.data import OmittedSamplesWarning, Subset, open_source
from tests.slow import mostly_slow


@pytest.mark.data
@pytest.mark.parametrize(
    "name", mostly_slow(["cifar10", "omniglot", "tiny-imagenet"], slow=["cifar10"])
)
def test_a_run_on_real_images_by_name(tmp_path, data_dir, name):
    source = Subset(open_source(name, data_dir=data_dir), range(0, 5120, 10))
    run = nearfar.pretrain("simclr", source, epochs=1, batch_size=64, out=tmp_path / "run")
    assert run.record.finished
    assert run.health.samples == 51
    assert run.embed(source).shape == (512, 256)


@pytest.mark.data
@pytest.mark.slow
def test_a_folder_of_mixed_files_trains_and_names_what_it_skipped(tmp_path, data_dir):
    photos = tmp_path / "photos"
    source = open_source("tiny-imagenet", data_dir=data_dir)
    generator = np.random.default_rng(0)
    for sample in range(60):
        pixels = source.read([sample]).inputs.pixels[0].permute(1, 2, 0).numpy()
        image = Image.fromarray(pixels).resize(tuple(generator.integers(40, 120, size=2)))
        kind = ("jpg", "png", "webp", "tiff")[sample % 4]
        mode = ("RGB", "L", "RGB", "RGB")[sample // 4 % 4]
        folder = photos / str(sample % 3) / "deeper"
        folder.mkdir(parents=True, exist_ok=True)
        image.convert(mode).save(folder / f"picture {sample}.{kind}")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    run = nearfar.pretrain(
        "byol", photos, epochs=2, batch_size=16, image_size=32, out=tmp_path / "run"
    )
    assert run.record.finished
    assert any("broken.jpg" in note for note in run.record.notes)
    with pytest.warns(OmittedSamplesWarning, match="broken.jpg"):
        embeddings, ids = nearfar.embed(run, photos, ids=True)
    assert embeddings.shape == (60, 256)
    assert "0/deeper/picture 0.jpg" in ids
    report = (run.path / "report.html").read_text()
    assert "broken.jpg" in report
