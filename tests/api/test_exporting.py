"""An exported encoder computes what the encoder computes, for inputs of any number and length."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import nearfar
from nearfar import api
from nearfar.modalities import OnnxCall
from nearfar.modules import exportable
from tests.api.kinds import KINDS
from tests.slow import mostly_slow


def whole(call: OnnxCall, batch: int, _: int) -> tuple[Tensor, ...]:
    """Samples of one shape: images, vectors."""
    return (torch.randn(batch, *call.arguments[0].shape[1:]),)


def sounds(_: OnnxCall, batch: int, length: int) -> tuple[Tensor, ...]:
    return (torch.randn(batch, 1, 400 * length),)


def texts(_: OnnxCall, batch: int, length: int) -> tuple[Tensor, ...]:
    lengths = torch.arange(batch) % length + 1
    ids = torch.randint(1, 8, (batch, length))
    return torch.where(torch.arange(length) < lengths[:, None], ids, 0), lengths


def graphs(call: OnnxCall, batch: int, nodes: int) -> tuple[Tensor, ...]:
    features = torch.randn(nodes, call.arguments[0].shape[1])
    return features, torch.randint(nodes, (2, 3 * nodes)), torch.randint(nodes, (batch,))


Inputs = Callable[[OnnxCall, int, int], tuple[Tensor, ...]]
ENCODERS: dict[str, tuple[str, str | None, Inputs]] = {
    "images": ("images", None, whole),
    "images by timm": ("images", "resnet18", whole),
    "sounds": ("sequences", None, sounds),
    "texts as bags": ("text", "bag", texts),
    "texts by a recurrent network": ("text", "gru", texts),
    "graphs": ("graphs", None, graphs),
    "vectors": ("vectors", None, whole),
    "the first of pairs": ("pairs", None, texts),
}


@pytest.mark.parametrize(
    "case",
    mostly_slow(
        ENCODERS, slow=["images", "texts by a recurrent network", "images by timm", "graphs"]
    ),
)
def test_an_export_computes_the_same_for_every_batch_size_and_length(case: str, tmp_path: Path):
    kind, encoder, inputs = ENCODERS[case]
    made = KINDS[kind]
    options = {"method_options": made.method_options, **made.options}
    options |= {} if encoder is None else {"encoder": encoder}
    run = nearfar.pretrain(
        made.method,
        made.make(tmp_path),
        out=tmp_path / "run",
        epochs=1,
        batch_size=8,
        precision="32",
        **options,
    )
    path = api.export(run, "onnx", tmp_path / "encoder.onnx")
    call = run.kind.onnx(run.encoder, run.description.form)
    session = onnxruntime.InferenceSession(path)
    taken = {given.name: given.shape for given in session.get_inputs()}
    for name, axes in zip(call.names, call.dynamic, strict=True):
        if name in taken:  # a bag of words does not look at lengths
            assert {axis: taken[name][axis] for axis in axes} == axes
    for batch, length in ((2, 4), (1, 1), (5, 9), (8, 2)):
        arguments = inputs(call, batch, length)
        feeds = {n: a.numpy() for n, a in zip(call.names, arguments, strict=True) if n in taken}
        (found,) = session.run(None, feeds)
        with torch.no_grad():
            expected = call.module(*arguments).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "network",
    [
        nn.GRU(3, 4),
        nn.GRU(3, 4, batch_first=True, bias=False),
        nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True),
    ],
    ids=["one layer", "no bias", "two layers in both directions"],
)
def test_a_recurrent_network_stays_what_it_is_while_it_is_exportable(network: nn.GRU):
    x = torch.randn(5, 6, 3)
    begun = torch.randn(2 * 2 if network.bidirectional else 1, 5 if network.batch_first else 6, 4)
    for arguments in ((x,), (x, begun), (x[0], begun[:, 0])):
        expected = network(*arguments)
        with exportable(network):
            found = network(*arguments)
        torch.testing.assert_close(found, expected)
    packed = nn.utils.rnn.pack_sequence([x[0], x[1, :2]])
    with exportable(network):
        torch.testing.assert_close(network(packed)[0].data, network(packed)[0].data)
    assert "forward" not in vars(network)


@pytest.mark.parametrize("padding", [None, 0])
def test_a_bag_of_vectors_stays_what_it_is_while_it_is_exportable(padding: int | None):
    bag = nn.EmbeddingBag(9, 4, mode="mean", padding_idx=padding)
    ids = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6], [0, 0, 0, 0]])
    with exportable(bag):
        found, flat = bag(ids), bag(ids.flatten(), torch.tensor([0, 3]))
    torch.testing.assert_close(found, bag(ids))
    torch.testing.assert_close(flat, bag(ids.flatten(), torch.tensor([0, 3])))


def test_the_operator_of_a_recurrent_layer_is_well_formed():
    layer = nn.GRU(3, 4)
    arguments = (torch.randn(5, 2, 3), torch.zeros(2, 4), *layer.parameters())
    torch.library.opcheck(torch.ops.nearfar.gru_layer.default, [a.detach() for a in arguments])
