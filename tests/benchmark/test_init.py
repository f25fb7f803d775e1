"""A first file from folders: what it says reads back, and leads to the files."""

import pytest

from jaxeval.benchmark.init import first_bench
from jaxeval.benchmark.layouts import sources
from jaxeval.benchmark.plan import read_bench
from jaxeval.errors import JaxevalError


def tree(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_every_output_is_found_by_what_it_says(tmp_path):
    names = ["wild/a.mp4", "wild/sub/b.mp4", 'it\'s {odd} "one"/c.mp4']
    tree(tmp_path / "references", *names)
    tree(tmp_path / "outputs", *(f"{method}/{name}" for method in ("m1", "m{2}") for name in names), "m1/notes.txt")
    file = tmp_path / "here" / "bench.toml"
    file.parent.mkdir()
    file.write_text(first_bench(tmp_path / "outputs", tmp_path / "references", file.parent))
    text = file.read_text()
    with pytest.raises(JaxevalError) as refused:
        read_bench(file)
    assert str(refused.value).count("expected letters, digits") == 2, "of the odd names, and of nothing else"
    file.write_text(
        text.replace('name = "it\'s {odd} \\"one\\""', 'name = "odd"').replace('name = "m{2}"', 'name = "m2"')
    )
    bench = read_bench(file)
    assert [method.name for method in bench.methods] == ["m1", "m2"]
    for method in bench.methods:
        for dataset in bench.datasets:
            root = file.parent / dataset.root
            for clip in sources(root, dataset.layout):
                path = file.parent / method.outputs.format(dataset=root.name, id=clip.id)
                assert path.is_file()


@pytest.mark.parametrize(
    ("outputs", "references", "words"),
    [
        ([], ["wild/a.mp4"], "outputs: expected a folder, found none. Check the path."),
        (["a.mp4"], ["wild/a.mp4"], "outputs: expected one folder for each method, found none."),
        (["m/wild/a.mp4"], ["a.mp4"], "references: expected one folder for each dataset, found none."),
        (["m/other/a.mp4"], ["wild/a.mp4"], "outputs/m: expected a folder for one of wild, found other. Rename it."),
        (["m/a.mp4"], ["wild/a.mp4"], "outputs/m: expected a folder for one of wild, found none. Rename it."),
    ],
)
def test_folders_of_another_form(tmp_path, outputs, references, words):
    tree(tmp_path / "outputs", *outputs)
    tree(tmp_path / "references", *references)
    with pytest.raises(JaxevalError) as refused:
        first_bench(tmp_path / "outputs", tmp_path / "references", tmp_path)
    assert words in str(refused.value)
