"""Objects of other libraries: the same samples, labels and names on each road."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from nearfar.data import DataPreview, Source, modality_of, open_labeled, open_source
from nearfar.data import _read_once as read_once
from tests.data.foreign import (
    COUNT,
    IMAGES,
    LABELS,
    TEXTS,
    VECTORS,
    LightlyDataset,
    Listed,
    Streamed,
    hub,
    hub_images,
)

PLAIN = list(zip(VECTORS, LABELS, strict=True))


def pandas() -> Any:
    return pytest.importorskip("pandas")


def polars() -> Any:
    return pytest.importorskip("polars")


def sparse() -> Any:
    return pytest.importorskip("scipy.sparse")


def loader(items: Any, **options: Any) -> DataLoader[Any]:
    return DataLoader(items, **{"batch_size": 5, **options})


OF_VECTORS: dict[str, Callable[[], Any]] = {
    "tensors": lambda: TensorDataset(VECTORS, torch.tensor(LABELS)),
    "loader": lambda: loader(TensorDataset(VECTORS, torch.tensor(LABELS)), shuffle=True),
    "map-style": lambda: Listed(PLAIN),
    "iterable": lambda: Streamed(PLAIN),
    "loader of an iterable": lambda: loader(Streamed(PLAIN)),
    "collated": lambda: loader(
        Listed(list(range(COUNT))), collate_fn=lambda i: (VECTORS[i], torch.tensor(i) % 2)
    ),
    "generator": lambda: (item for item in PLAIN),
    "batches": lambda: list(zip(VECTORS.split(7), torch.tensor(LABELS).split(7), strict=True)),
    "list of pairs": lambda: PLAIN,
    "list of mappings": lambda: [{"embedding": v, "label": y} for v, y in PLAIN],
    "dictionary": lambda: {"x": VECTORS, "y": torch.tensor(LABELS)},
    "other names": lambda: {"Features": VECTORS.numpy(), "Target": LABELS},
    "pandas": lambda: pandas().DataFrame(VECTORS.numpy(), columns=list("abcdef")).assign(y=LABELS),
    "polars": lambda: polars().DataFrame(
        {**dict(zip("abcdef", VECTORS.T.numpy(), strict=True)), "y": LABELS}
    ),
    "hub": lambda: hub(embedding=VECTORS.tolist()),
    "hub columns": lambda: hub(**dict(zip("abcdef", VECTORS.T.tolist(), strict=True))),
    "hub streamed": lambda: hub(embedding=VECTORS.tolist()).to_iterable_dataset(),
    "part": lambda: Subset(Listed([*PLAIN, (VECTORS[0], 9)]), range(COUNT)),
    "joined": lambda: ConcatDataset([Listed(PLAIN[:9]), Listed(PLAIN[9:])]),
}
UNLABELED: dict[str, Callable[[], Any]] = {
    "list of tensors": lambda: list(VECTORS),
    "list of lists": VECTORS.tolist,
    "scipy": lambda: sparse().csr_matrix(VECTORS.numpy()),
    "scipy array": lambda: sparse().coo_array(VECTORS.numpy()),
    "sparse tensor": VECTORS.to_sparse,
    "compressed tensor": VECTORS.to_sparse_csr,
    "objects": lambda: np.array([*VECTORS.numpy(), None], dtype=object)[:-1],
    "series of arrays": lambda: pandas().Series(list(VECTORS.numpy())),
    "polars column": lambda: polars().Series(VECTORS.tolist()),
}
OF_IMAGES: dict[str, Callable[[], Any]] = {
    "map-style": lambda: Listed(list(zip(IMAGES, LABELS, strict=True))),
    "loader": lambda: loader(Listed(list(zip(IMAGES, LABELS, strict=True))), collate_fn=list),
    "lightly": LightlyDataset,
    "part of lightly's": lambda: Subset(LightlyDataset(), range(COUNT)),  # type: ignore[arg-type]
    "iterable": lambda: Streamed(list(zip(IMAGES, LABELS, strict=True))),
    "generator": lambda: zip(IMAGES, LABELS, strict=True),
    "list of pairs": lambda: list(zip(IMAGES, LABELS, strict=True)),
    "arrays": lambda: [(np.asarray(i), y) for i, y in zip(IMAGES, LABELS, strict=True)],
    "mappings": lambda: [{"photo": i, "y": y} for i, y in zip(IMAGES, LABELS, strict=True)],
    "pandas": lambda: pandas().DataFrame({"photo": IMAGES, "y": LABELS}),
    "hub": hub_images,
    "part of the hub's": lambda: Subset(hub_images(), range(COUNT)),
    "loader of the hub's": lambda: loader(hub_images()),
    "hub streamed": lambda: hub_images().to_iterable_dataset(),
    "joined": lambda: ConcatDataset([hub_images(), Listed([])]),
}
OF_TEXTS: dict[str, Callable[[], Any]] = {
    "map-style": lambda: Listed(list(zip(TEXTS, LABELS, strict=True))),
    "loader": lambda: loader(Listed(list(zip(TEXTS, LABELS, strict=True)))),
    "generator": lambda: zip(TEXTS, LABELS, strict=True),
    "mappings": lambda: [{"text": t, "label": y} for t, y in zip(TEXTS, LABELS, strict=True)],
    "columns": lambda: {"text": TEXTS, "label": LABELS},
    "rows of the hub's": lambda: hub(text=TEXTS)[:],
    "pandas": lambda: pandas().DataFrame({"review": TEXTS, "y": LABELS}),
    "hub": lambda: hub(text=TEXTS),
    "hub streamed": lambda: hub(text=TEXTS).to_iterable_dataset(),
}


def whole(source: Source) -> Any:
    return source.read(range(len(source))).inputs


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta state")
@pytest.mark.parametrize("road", [*OF_VECTORS, *UNLABELED])
def test_vectors_are_the_same_on_every_road(road: str) -> None:
    source = open_source((OF_VECTORS | UNLABELED)[road]())
    assert source.modality == "vectors"
    assert torch.equal(whole(source).float(), VECTORS)


@pytest.mark.parametrize("road", OF_VECTORS)
def test_labels_of_vectors_are_read_from_every_road(road: str) -> None:
    data = open_labeled(OF_VECTORS[road]())
    assert torch.equal(whole(data.train).float(), VECTORS)
    assert data.train_labels.tolist() == LABELS
    assert len(data.class_names) == 2


@pytest.mark.parametrize("road", OF_IMAGES)
def test_images_and_labels_are_the_same_on_every_road(road: str) -> None:
    data = open_labeled(OF_IMAGES[road]())
    assert data.train.modality == "images"
    assert data.train_labels.tolist() == LABELS
    for row, image in enumerate(IMAGES):
        expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        assert torch.equal(data.train.read([row]).inputs.pixels[0], expected)


@pytest.mark.parametrize("road", OF_TEXTS)
def test_texts_and_labels_are_the_same_on_every_road(road: str) -> None:
    data = open_labeled(OF_TEXTS[road]())
    assert list(whole(data.train).strings) == TEXTS
    assert data.train_labels.tolist() == LABELS


def test_texts_without_labels() -> None:
    for given in (iter(TEXTS), Listed(TEXTS), pandas().Series(TEXTS), polars().Series(TEXTS)):
        assert list(whole(open_source(given)).strings) == TEXTS


def test_columns_of_the_hub_are_samples_and_labels() -> None:
    held = hub_images()
    source = open_source(held["image"])
    assert source.modality == "images"
    assert source.fingerprint == open_source(list(held["image"])).fingerprint
    assert list(whole(open_source(hub(text=TEXTS)["text"])).strings) == TEXTS
    assert open_labeled(VECTORS, labels=held["label"]).train_labels.tolist() == LABELS


def test_one_picture_is_one_sample() -> None:
    assert len(open_source(IMAGES[0])) == 1


def test_series_of_any_length() -> None:
    series = [torch.arange(100.0 + n) for n in range(COUNT)]
    for given in (series, iter(series), Listed(series), loader(Listed(series), collate_fn=list)):
        source = open_source(given)
        assert source.modality == "sequences"
        assert whole(source).extents().tolist() == [100 + n for n in range(COUNT)]
    data = open_labeled(list(zip(series, LABELS, strict=True)))
    assert data.train_labels.tolist() == LABELS
    both = [torch.zeros(2, 100 + n) for n in range(4)]
    assert "in 2 channels" in open_source(both, modality="sequences").describe()


@pytest.mark.parametrize("kind", [np.asarray, lambda values: torch.from_numpy(np.array(values))])
def test_a_list_of_equal_images_is_an_array(kind: Callable[[Any], Any]) -> None:
    same = [image.crop((0, 0, 16, 16)) for image in IMAGES]
    array = np.stack([np.asarray(image) for image in same])
    listed = open_source([kind(image) for image in same])
    assert torch.equal(whole(listed).pixels, whole(open_source(array)).pixels)


def test_batches_of_images_are_taken_apart() -> None:
    images = torch.rand(COUNT, 3, 16, 16)
    held = TensorDataset(images, torch.tensor(LABELS))
    batches = zip(images.split(9), torch.tensor(LABELS).split(9), strict=True)
    for given in (iter(loader(held)), list(batches)):
        data = open_labeled(given)
        assert torch.equal(whole(data.train).pixels, images)
        assert data.train_labels.tolist() == LABELS
        assert "are batches: their 24 rows are the samples" in data.train.notes[-1]
    with pytest.raises(ValueError, match="samples of one shape, got 3×16×16, 3×8×8: take them"):
        open_source([images, torch.rand(2, 3, 8, 8)])


def test_files_of_images_are_named_by_their_paths(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.png" for n in range(6)]
    for path, image in zip(paths, IMAGES, strict=False):
        image.save(path)
    source = open_source(list(map(str, paths)))
    assert (source.modality, source.identify(2)) == ("images", str(paths[2]))
    frame = pandas().DataFrame({"path": list(map(str, paths)), "y": LABELS[:6]})
    assert open_labeled(frame).train_labels.tolist() == LABELS[:6]
    assert open_source(frame).notes[0] == "images are column 'path'; not used: y"


def test_files_of_a_dataset_name_its_rows() -> None:
    names = LightlyDataset().get_filenames()
    source = open_source(LightlyDataset())
    assert [source.identify(row) for row in range(COUNT)] == names
    part = open_source(Subset(LightlyDataset(), [7, 3]))  # type: ignore[arg-type]
    assert [part.identify(row) for row in range(2)] == [names[7], names[3]]


def test_files_of_torchvision_name_its_rows(tmp_path: Path) -> None:
    folders = pytest.importorskip("torchvision").datasets.ImageFolder
    for label, image in zip(LABELS, IMAGES, strict=True):
        folder = tmp_path / ("cat", "dog")[label]
        folder.mkdir(exist_ok=True)
        image.save(folder / f"{len(list(folder.iterdir()))}.png")
    data = open_labeled(folders(tmp_path))
    assert data.train.identify(1) == "cat/1.png"
    assert data.train_labels.tolist() == sorted(LABELS)


def test_repeated_names_of_files_are_not_used() -> None:
    class Repeated(LightlyDataset):
        def get_filenames(self) -> list[str]:
            return ["a.png"] * COUNT

    assert open_source(Repeated()).identify(3) == "row 3"


def test_splits_of_the_hub_are_parts() -> None:
    datasets = pytest.importorskip("datasets")
    for made in (hub(embedding=VECTORS.tolist()), hub(text=TEXTS), hub_images()):
        both = datasets.DatasetDict(train=made, test=made.select(range(10)))
        sizes = [len(open_source(both, split=s)) for s in ("train", "test", "all")]
        assert sizes == [COUNT, 10, COUNT + 10]
        data = open_labeled(both)
        assert data.test is not None
        assert data.test_labels is not None
        assert data.test_labels.tolist() == LABELS[:10]
    streams = datasets.IterableDatasetDict(
        train=hub(text=TEXTS).to_iterable_dataset(),
        test=hub(text=TEXTS[:COUNT]).to_iterable_dataset(),
    )
    assert len(open_source(streams, split="all")) == 2 * COUNT


SELECTED: dict[str, tuple[Callable[[Any], dict[str, Any]], list[int]]] = {
    "in order": (lambda d: {"sampler": SequentialSampler(d)}, list(range(COUNT))),
    "at random": (lambda d: {"sampler": RandomSampler(d, num_samples=3)}, list(range(COUNT))),
    "first ones": (lambda d: {"sampler": SequentialSampler(range(4))}, [0, 1, 2, 3]),
    "a subset": (lambda d: {"sampler": SubsetRandomSampler([9, 2, 5])}, [2, 5, 9]),
    "a list": (lambda d: {"sampler": [4, 3, 4]}, [3, 4]),
    "weights": (
        lambda d: {"sampler": WeightedRandomSampler([0.0] * 20 + [1.0] * 4, 50)},
        [20, 21, 22, 23],
    ),
    "batches": (lambda d: {"batch_sampler": [[8, 1], [4]], "batch_size": 1}, [1, 4, 8]),
    "processes": (lambda d: {"sampler": DistributedSampler(d, 2, 0)}, list(range(COUNT))),
    "no batches": (lambda d: {"batch_size": None}, list(range(COUNT))),
}


@pytest.mark.parametrize("case", SELECTED)
def test_a_loader_gives_the_samples_of_its_sampler(case: str) -> None:
    make, rows = SELECTED[case]
    held = TensorDataset(VECTORS, torch.tensor(LABELS))
    data = open_labeled(loader(held, **make(held)))
    assert torch.equal(whole(data.train), VECTORS[rows])
    assert data.train.notes[0].startswith("of the DataLoader")
    if len(rows) < COUNT:
        assert f"the {len(rows)} of 24 samples are used" in data.train.notes[0]
    part = open_source(loader(hub_images(), **make(held)))
    assert len(part) == len(rows)


def test_a_note_says_what_of_a_loader_is_not_used() -> None:
    def merged(items: list[Any]) -> Any:
        return items

    (note,) = open_source(
        loader(TensorDataset(VECTORS), shuffle=True, collate_fn=merged, num_workers=1)
    ).notes
    assert note == (
        "of the DataLoader only its dataset is used, in its own order; not used: batch_size=5,"
        " RandomSampler, collate_fn=merged, num_workers=1"
    )


def test_a_collate_function_makes_samples_where_items_are_none() -> None:
    def made(rows: Any) -> Any:
        return VECTORS[rows], torch.tensor(rows) % 2

    numbers = Listed(list(range(COUNT)))
    ways = {"batch_size": 5, "shuffle": True, "drop_last": True}, {"batch_size": None}
    for options in ways:
        data = open_labeled(loader(numbers, collate_fn=made, **options))
        assert torch.equal(whole(data.train), VECTORS)
        assert data.train_labels.tolist() == LABELS
        assert data.train.notes[1].startswith("samples are what made makes of each item: 24 items")


@pytest.mark.usefixtures("as_users_run_it")
def test_samplers_without_an_end_or_samples_are_refused() -> None:
    class Endless:
        def __iter__(self) -> Iterator[int]:
            return itertools.cycle([1, 2])

    held = TensorDataset(VECTORS)
    with pytest.raises(ValueError, match=r"sampler that ends, got Endless of .*pass data\.dataset"):
        open_source(loader(held, sampler=Endless()))
    with pytest.raises(ValueError, match="at least 1 sample, got a sampler without any"):
        open_source(loader(held, sampler=SubsetRandomSampler([])))


def test_an_iterable_is_read_once_and_says_so() -> None:
    read = []

    class Counted(IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            read.append(1)
            return iter(PLAIN)

    source = open_source(Counted())
    assert (len(source), len(whole(source)), len(read)) == (COUNT, COUNT, 1)
    assert source.notes[0].startswith(
        "24 items read once (Counted) and kept in memory (768 bytes): their names are their places"
    )
    assert open_source(Listed(PLAIN)).notes == (
        "24 vectors of Listed read into memory (576 bytes)",
    )


@pytest.mark.usefixtures("as_users_run_it")
def test_iterables_without_an_end_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = (itertools.count(), itertools.repeat("a"), itertools.cycle("ab"))
    for given in endless:
        with pytest.raises(ValueError, match=r"`data` must end, got itertools.*islice\(data"):
            open_source(given)
    monkeypatch.setattr(read_once, "MOST_ITEMS", 100)
    with pytest.raises(ValueError, match=r"more than 100 items \(generator\)"):
        open_source(vector for _ in itertools.count() for vector in VECTORS)
    monkeypatch.setattr(read_once, "free_memory", lambda: 1000)
    with pytest.raises(ValueError, match="half of the free memory, 500 bytes, got 21 items of 504"):
        open_source(vector for vector in VECTORS)
    monkeypatch.setattr(read_once, "free_memory", lambda: None)
    assert len(open_source(vector for vector in VECTORS)) == COUNT
    with pytest.raises(ValueError, match=r"at least 1 sample, got none \(list_iterator\)"):
        open_source(iter([]))


@pytest.mark.usefixtures("as_users_run_it")
def test_looking_at_an_iterator_would_use_it_up() -> None:
    given = iter(TEXTS)
    with pytest.raises(TypeError, match=r"must not be an iterator.*pass list\(data\)"):
        modality_of(given)
    assert len(list(given)) == COUNT
    assert modality_of(Streamed(list(TEXTS))) == "text"


def test_random_transforms_are_noted() -> None:
    class Random(Dataset[Any]):
        def __len__(self) -> int:
            return 9

        def __getitem__(self, position: int) -> Any:
            return torch.rand(3, 8, 8)

    assert "differ when they are read again" in " ".join(open_source(Random()).notes)
    steady = open_source(Listed(list(torch.rand(9, 3, 8, 8))))
    assert "differ" not in " ".join(steady.notes)


def adjacency() -> Any:
    edges = sparse().coo_array((np.ones(4), ([0, 1, 2, 3], [1, 2, 3, 0])), shape=(6, 6))
    return edges.tocsr()


def test_an_adjacency_matrix_is_a_graph_where_one_is_asked_for() -> None:
    assert open_source(adjacency()).modality == "vectors"
    graph = open_source(adjacency(), modality="graphs", undirected=False)
    assert graph.describe() == "6 nodes, 4 edges, 32 features"
    assert "theirs are one-hot degrees" in "; ".join(graph.notes)
    tensor = torch.from_numpy(adjacency().toarray()).to_sparse()
    assert open_source(tensor, modality="graphs", undirected=False).describe() == graph.describe()


def test_the_rows_of_an_adjacency_matrix_are_where_edges_start() -> None:
    x = np.eye(6, 3)
    for key, matrix in (("adj", adjacency()), ("adj_t", adjacency().T), ("adjacency", None)):
        given = adjacency().toarray() if matrix is None else matrix
        graph = open_source({"x": x, key: given, "y": [0, 1] * 3}, undirected=False)
        expected = open_source(
            {"x": x, "edge_index": np.array([[0, 1, 2, 3], [1, 2, 3, 0]])}, undirected=False
        )
        assert graph.fingerprint == expected.fingerprint


def test_entries_of_an_adjacency_matrix_are_weights() -> None:
    heavy = adjacency() * 2.5
    notes = open_source({"x": np.eye(6, 3), "adj": heavy}, undirected=False).notes
    assert "edge weights of 2.5" in " ".join(notes) or "2.5" in " ".join(notes)


def test_features_of_an_adjacency_matrix_are_read_from_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(6, 3))
    graph = open_source(adjacency(), features=tmp_path / "x.npy")
    assert graph.describe() == "6 nodes, 4 edges, 3 features"


def test_sparse_features_of_a_graph() -> None:
    parts = {"x": sparse().csr_array(np.eye(6, 3)), "adj": adjacency(), "y": [0, 1] * 3}
    assert open_source(parts).describe() == "6 nodes, 4 edges, 3 features"
    assert open_labeled(parts).train_labels.tolist() == [0, 1] * 3


@pytest.mark.filterwarnings("ignore:Using 'NeighborSampler' without a 'pyg-lib'")
def test_graphs_of_pytorch_geometric() -> None:
    geometric = pytest.importorskip("torch_geometric")
    edges = torch.tensor([[0, 1, 2], [1, 2, 3]])
    graph = geometric.data.Data(x=torch.eye(4, 3), edge_index=edges, y=torch.tensor([0, 1, 0, 1]))
    expected = open_source(graph)
    batched = geometric.loader.NeighborLoader(graph, num_neighbors=[-1])
    assert open_source([graph]).fingerprint == expected.fingerprint
    assert open_source(batched).fingerprint == expected.fingerprint
    assert open_source(batched).notes[0].startswith("of the NeighborLoader only its graph is used")
    with pytest.raises(TypeError, match=r"got 2 graphs in a list: pass .*from_data_list"):
        open_source(geometric.loader.DataLoader([graph, graph]))


def test_graphs_of_networkx() -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.path_graph(6)
    for node in graph:
        graph.nodes[node].update(size=float(node % 4), y=node % 2)
    assert open_source(graph).describe() == "6 nodes, 5 edges, 1 features"
    assert open_labeled(graph).train_labels.tolist() == [0, 1] * 3


def test_halves_of_pairs_are_objects_too() -> None:
    pairs = open_source((IMAGES, TEXTS))
    assert pairs.describe().startswith("24 pairs (colour images")
    mixed = open_source((loader(TensorDataset(VECTORS)), iter(TEXTS)))
    assert mixed.describe() == "24 pairs (vectors of 6 features, texts of 7 words)"
    assert open_source((["a", "b"], ["c", "d"])).modality == "pairs"


PAIRS: dict[str, Callable[[], Any]] = {
    "hub": lambda: hub_images().add_column("text", TEXTS),
    "mappings": lambda: [{"image": i, "text": t} for i, t in zip(IMAGES, TEXTS, strict=True)],
    "map-style": lambda: Listed(
        [{"image": i, "text": t} for i, t in zip(IMAGES, TEXTS, strict=True)]
    ),
    "pandas": lambda: pandas().DataFrame({"image": IMAGES, "text": TEXTS}),
    "iterable": lambda: ({"image": i, "text": t} for i, t in zip(IMAGES, TEXTS, strict=True)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_entries_of_items_are_halves_of_pairs(name: str) -> None:
    source = open_source(PAIRS[name](), x="image", s="text")
    assert source.describe().startswith("24 pairs (colour images ")
    pair = source.read([5]).inputs
    assert torch.equal(pair.x.pixels[0], torch.from_numpy(np.array(IMAGES[5])).permute(2, 0, 1))
    assert list(pair.s.strings) == [TEXTS[5]]


def test_items_of_two_are_pairs_where_these_are_asked_for() -> None:
    items = list(zip(VECTORS, TEXTS, strict=True))
    assert open_source(items).modality == "vectors"
    assert open_source(Listed(items), modality="pairs").describe().startswith("24 pairs (vectors")
    with pytest.raises(ValueError, match="must be keys of the items of pairs, got a and image"):
        open_source(PAIRS["mappings"](), x="a", s="image")


def test_nested_tensors_are_lists() -> None:
    series = [torch.arange(100.0 + n) for n in range(4)]
    nested = torch.nested.nested_tensor(series, layout=torch.jagged)
    assert whole(open_source(nested)).extents().tolist() == [100, 101, 102, 103]


def test_labels_have_names() -> None:
    named = {"x": VECTORS, "y": LABELS, "speaker": ["a", "b", "c"] * 8, "more": np.eye(3)}
    assert open_labeled(named).train_labels.tolist() == LABELS
    assert open_labeled(named, labels="speaker").class_names == ("a", "b", "c")
    assert open_source(named).notes == ("arrays not used: speaker, more",)
    items = [{"x": v, "y": y, "speaker": y + 5} for v, y in PLAIN]
    assert open_labeled(items, labels="speaker").class_names == ("5", "6")
    with pytest.raises(ValueError, match=r"got 'tone': the arrays .* are y, speaker"):
        open_labeled(named, labels="tone")
    with pytest.raises(ValueError, match="must be \\(sample, label\\) pairs"):
        open_labeled(items, labels="tone")
    with pytest.raises(ValueError, match="`labels` must be one label per item of list, got the na"):
        open_labeled(PLAIN, labels="speaker")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (lambda: None, "got NoneType"),
    "a number": (lambda: 7, "a data loader, a table or a graph, got int"),
    "an empty list": (list, "got empty list"),
    "one number each": (lambda: [1, 2, 3], r"pass numpy\.reshape\(data, \(-1, 1\)\)"),
    "a set": (lambda: set(TEXTS), r"must be ordered, got a set: pass sorted\(data\)"),
    "numbers in a column": (lambda: pandas().Series([1, 2]), r"pass data\.to_frame\(\)"),
    "a lazy table": (lambda: polars().LazyFrame({"a": [1]}), r"pass data\.collect\(\)"),
    "records": (lambda: np.zeros(3, [("a", "f4")]), r"structured_to_unstructured\(data\)"),
    "parts": (lambda: {"train": Listed([])}, r"the first a Listed: pass data\['train'\]"),
    "columns": (lambda: {"a": LABELS, "y": LABELS}, r"pass pandas\.DataFrame\(data\)"),
    "rows": (lambda: [{"a": 1, "b": 2}], r"pandas\.DataFrame\(list\(data\)\)"),
    "two arrays": (lambda: {"a": VECTORS, "b": VECTORS}, r"pass data\['a'\], or call it x"),
    "an empty dictionary": (dict, "got an empty mapping"),
    "views": (
        lambda: Listed([([image, image], 0) for image in IMAGES]),
        r"got 2 views of it: pass the dataset without its transform",
    ),
    "objects": (lambda: [object()], "got list of object"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("as_users_run_it")
def test_what_is_refused_names_the_conversion(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(TypeError, match=message):
        open_source(make())


@pytest.mark.usefixtures("as_users_run_it")
def test_the_wrong_kind_of_object_for_a_modality() -> None:
    with pytest.raises(TypeError, match=r"square adjacency matrix.*got 24×6: pass torch_geometric"):
        open_source(VECTORS.to_sparse(), modality="graphs")
    with pytest.raises(TypeError, match="must be texts, got Tensor in row 0 of a list"):
        open_source(list(VECTORS), modality="text")
    with pytest.raises(TypeError, match=r"vectors must be lists, arrays or tensors.*got str in"):
        open_source(TEXTS, modality="vectors")
    with pytest.raises(ValueError, match="one length, got items of shape 3, 6 in list"):
        open_source([VECTORS[0], VECTORS[1, :3]], modality="vectors")
    with pytest.raises(TypeError, match=r"pass \[numpy\.asarray\(values\) for values in data\["):
        open_source(hub(embedding=VECTORS.tolist()), modality="sequences")
    with pytest.raises(TypeError, match=r"dataset of files: pass data\.select_columns"):
        open_source(hub_images(), modality="vectors")
    with pytest.raises(ValueError, match="a sparse matrix has no labels: pass them as `labels`"):
        open_labeled(VECTORS.to_sparse())
    with pytest.raises(ValueError, match=r"\(sample, label\) pairs to be probed, got Image"):
        open_labeled(IMAGES)


def test_a_library_of_a_kind_of_its_own_keeps_its_object() -> None:
    class Odd:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, position: int) -> str:
            return "a text"

    assert DataPreview([Odd()]).kind_of_items is None
    assert open_source(Odd()).modality == "text"
