"""The adapters against the real libraries; each is skipped where its library is not installed."""

from __future__ import annotations

import copy
import pickle
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from docs.pages import ROOT, blocks_of
from docs.python import run_python
from nearfar.diagnostics import (
    Alignment,
    CenterResidual,
    EffectiveRank,
    Uniformity,
    alignment,
    center_residual,
    effective_rank,
    uniformity,
)
from nearfar.monitor import Monitor, lightning_callback, metric_of, trainer_callback
from nearfar.objectives import nt_xent_loss
from nearfar.parallel import rank
from nearfar.testing._diagnostic_contract import DiagnosticContract
from tests.cases.diagnostic_cases import DIAGNOSTIC_CASES
from tests.distributed.harness import run_processes

# warnings of packages that are not ours
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.full]


def pairs(count: int = 8, rows: int = 32) -> list[tuple[Tensor, Tensor]]:
    source = torch.Generator().manual_seed(0)
    made = torch.randn(count, rows, 12, generator=source)
    moved = made + 0.1 * torch.randn(made.shape, generator=source)
    return list(zip(made, moved, strict=True))


def metrics() -> Any:
    torchmetrics = pytest.importorskip("torchmetrics")
    kinds = (Alignment(), Uniformity(), EffectiveRank(), CenterResidual())
    return torchmetrics.MetricCollection({type(one).__name__: metric_of(one) for one in kinds})


def by_functions(z1: Tensor, z2: Tensor) -> dict[str, Any]:
    return {
        "Alignment": alignment(z1, z2),
        "Uniformity": uniformity(z1),
        "EffectiveRank": effective_rank(z1),
        "CenterResidual": center_residual(z1),
    }


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-9)


def test_metrics_of_a_collection_are_the_diagnostics() -> None:
    collection = metrics()
    for z1, z2 in pairs():
        assert_equal(collection(z1, z2), by_functions(z1, z2))
    first, second = (torch.cat(views) for views in zip(*pairs(), strict=True))
    assert_equal(collection.compute(), by_functions(first, second))
    collection.reset()
    collection.update(*pairs()[0])
    assert_equal(collection.compute(), by_functions(*pairs()[0]))


@pytest.mark.parametrize("case", DIAGNOSTIC_CASES, ids=str)
def test_every_diagnostic_is_a_metric(case: DiagnosticContract) -> None:
    pytest.importorskip("torchmetrics")
    metric, diagnostic = metric_of(case.make()), case.make()
    for rows in pairs(count=2)[: case.views]:
        metric.update(*rows[: case.views])
        diagnostic.update(*rows[: case.views])
    torch.testing.assert_close(metric.compute(), diagnostic.compute(), rtol=0, atol=0)


def test_a_metric_is_copied_stored_and_merged() -> None:
    pytest.importorskip("torchmetrics")
    (a1, a2), (b1, b2), *_ = pairs()
    one = metric_of(Alignment(alpha=1))
    one.persistent(True)
    one.update(a1, a2)
    two = metric_of(Alignment(alpha=1))
    two.load_state_dict(one.state_dict())
    copies = [copy.deepcopy(one), pickle.loads(pickle.dumps(one)), two]
    assert [float(each.compute()) for each in copies] == [float(one.compute())] * 3
    two = metric_of(Alignment(alpha=1))
    two.update(b1, b2)
    one.merge_state(two)
    joined = alignment(torch.cat([a1, b1]), torch.cat([a2, b2]), alpha=1)
    assert float(one.compute()) == pytest.approx(float(joined), rel=1e-12)
    assert (one.higher_is_better, metric_of(EffectiveRank()).higher_is_better) == (False, True)


def gathered(second_has_rows: bool) -> dict[str, Any]:
    collection = metrics()
    for number, (z1, z2) in enumerate(pairs(count=5)):  # three of the first, two of the second
        if number % 2 == rank() and (second_has_rows or rank() == 0):
            collection.update(z1, z2)
    return dict(collection.compute())


@pytest.mark.parametrize("second_has_rows", [True, False])
def test_metrics_of_two_processes_are_those_of_all_rows(second_has_rows: bool) -> None:
    pytest.importorskip("torchmetrics")
    rows = pairs(count=5)[:: 1 if second_has_rows else 2]
    expected = by_functions(*(torch.cat(views) for views in zip(*rows, strict=True)))
    for found in run_processes(gathered, 2, second_has_rows):
        assert_equal(found, expected)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
@pytest.mark.parametrize("module", [None, "network"])
def test_lightning_judges_what_the_steps_return(
    package: str, module: str | None, tmp_path: Path
) -> None:
    pytest.importorskip(package.split(".", maxsplit=1)[0])
    library = import_module(package)
    loggers = import_module(f"{package}.loggers")
    seen: list[Tensor] = []

    class Pairs(library.LightningModule):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(12, 6)

        def training_step(self, batch: Any, index: int) -> dict[str, Tensor]:
            z1, z2 = map(self.network, batch)
            seen.append(z1.detach().clone())
            return {"loss": nt_xent_loss(z1, z2, temperature=0.2), "z1": z1, "z2": z2}

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    usual: dict[str, Any] = {} if module is None else {"module": module, "outputs": None}
    callback = lightning_callback(Monitor(every=10, chance=4.1), **usual)
    log = loggers.CSVLogger(tmp_path)
    trainer = library.Trainer(
        max_epochs=6, callbacks=[callback], logger=log, accelerator="cpu",
        enable_progress_bar=False, enable_checkpointing=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Pairs(), torch.utils.data.DataLoader(pairs(), batch_size=None))
    assert callback.monitor.updates == 48
    assert callback.record.verdict == "healthy"
    uniform = callback.record.measurements["uniformity"]
    assert uniform == pytest.approx(float(uniformity(torch.cat(seen[-8:]))), abs=1e-6)
    assert callback.record.measurements["loss"] < 4
    assert "nearfar/uniformity" in trainer.callback_metrics
    written = (Path(log.log_dir) / "metrics.csv").read_text(encoding="utf-8")
    assert len([line for line in written.splitlines() if line.strip(",")]) == 1 + 5


def test_a_collapse_ends_training_with_lightning(tmp_path: Path) -> None:
    library = pytest.importorskip("lightning.pytorch")

    class Constant(library.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.ones(6))

        def training_step(self, batch: Any, index: int) -> dict[str, Tensor]:
            z = self.bias.expand(len(batch[0]), 6)
            return {"loss": z.mean(), "z1": z, "z2": z}

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    callback = lightning_callback(Monitor(every=4), stop_on=["complete collapse"], patience=2)
    trainer = library.Trainer(
        max_epochs=10, callbacks=[callback], logger=False, accelerator="cpu",
        enable_progress_bar=False, enable_checkpointing=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Constant(), torch.utils.data.DataLoader(pairs(), batch_size=None))
    assert callback.monitor.updates == 8
    assert callback.record.verdict == "complete collapse"


def test_transformers_judge_the_outputs_of_the_model(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(12, 6)

        def forward(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
            z1, z2 = self.network(first), self.network(second)
            return {"loss": nt_xent_loss(z1, z2, temperature=0.2), "z1": z1, "z2": z2}

    samples = [{"first": a, "second": b} for z1, z2 in pairs() for a, b in zip(z1, z2, strict=True)]
    callback = trainer_callback(Monitor(every=8, chance=4.1), outputs=("z1", "z2"))
    options = transformers.TrainingArguments(
        str(tmp_path), per_device_train_batch_size=32, num_train_epochs=4, use_cpu=True,
        gradient_accumulation_steps=2, logging_steps=2, report_to=[], save_strategy="no",
        disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = transformers.Trainer(Model(), options, train_dataset=samples, callbacks=[callback])
    trainer.train()
    assert callback.monitor.updates == 32
    assert callback.record.verdict == "healthy"
    assert callback.record.measurements["loss"] > 0
    lines = [line for line in trainer.state.log_history if "nearfar/uniformity" in line]
    assert [line["step"] for line in lines] == [4, 8, 12, 16]


def test_sentence_transformers_judge_both_columns(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    datasets = pytest.importorskip("datasets")
    pytest.importorskip("accelerate")
    sentences = [f"{animal} number {number}" for animal in ("cat", "dog") for number in range(32)]
    words = sorted({word for text in sentences for word in text.split()})
    models = import_module("sentence_transformers.models")
    bag, dense = models.BoW(words), models.Dense(len(words), 16)
    model = library.SentenceTransformer(modules=[bag, dense], device="cpu")
    columns = {"anchor": sentences, "positive": [f"the {text}" for text in sentences]}
    callback = trainer_callback(Monitor(every=4))
    options = library.SentenceTransformerTrainingArguments(
        str(tmp_path), per_device_train_batch_size=32, num_train_epochs=20, use_cpu=True,
        report_to=[], save_strategy="no", disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = library.SentenceTransformerTrainer(
        model,
        options,
        datasets.Dataset.from_dict(columns),
        loss=import_module("sentence_transformers.losses").MultipleNegativesRankingLoss(model),
        callbacks=[callback],
    )
    trainer.train()
    assert callback.monitor.updates == 40
    assert {"alignment", "order"} <= callback.record.measurements.keys()


NEEDS = re.compile(r"needs (.+)")
EXAMPLES = {
    NEEDS.fullmatch(block.marks["skip"])[1]: block  # type: ignore[index]
    for block in blocks_of(ROOT / "docs" / "guides" / "other-trainers.md")
    if "skip" in block.marks and block.language == "python"
}


@pytest.mark.parametrize("packages", EXAMPLES)
def test_the_examples_of_the_guide_run_as_printed(
    packages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in packages.split(", "):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    known = {"torch": torch, "nn": nn, "nt_xent_loss": nt_xent_loss}
    rows = torch.randn(64, 8)
    namespace: dict[str, Any] = {"__name__": "__main__", **known, "z1": rows, "z2": rows}
    assert run_python(EXAMPLES[packages], namespace).strip()
