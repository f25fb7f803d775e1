"""Lines of keys, against `tomllib` and against where each stands in the text."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from jaxeval.benchmark.toml_lines import key_lines, line_of

ODD = '''
title = "a [table] # no comment"  # [[none]]
long = """
name = "no key"
[no table]
"""
array = [
  "x", # ]
  { name = "inline" },
]
"quoted key" = 1
dotted.inner = 2

[statistics]
level = 0.9
[[methods]]
name = 'a'

[[ methods ]]
name = "b"
[methods.values]
fps = 1
[[methods]]
  name = "c"
'''


def test_odd_places():
    lines = key_lines(ODD)
    rows = ODD.split("\n")
    told = {place: rows[line - 1].strip() for place, line in lines.items() if place}
    assert told == {
        ("title",): 'title = "a [table] # no comment"  # [[none]]',
        ("long",): 'long = """',
        ("array",): "array = [",
        ("quoted key",): '"quoted key" = 1',
        ("dotted",): "dotted.inner = 2",
        ("statistics",): "[statistics]",
        ("statistics", "level"): "level = 0.9",
        ("methods", 0): "[[methods]]",
        ("methods", 0, "name"): "name = 'a'",
        ("methods", 1): "[[ methods ]]",
        ("methods", 1, "name"): 'name = "b"',
        ("methods", 1, "values"): "[methods.values]",
        ("methods", 1, "values", "fps"): "fps = 1",
        ("methods", 2): "[[methods]]",
        ("methods", 2, "name"): 'name = "c"',
    }


def test_what_has_no_line_has_that_of_what_is_around_it():
    lines = key_lines(ODD)
    assert line_of(lines, ("array", 1, "name")) == lines[("array",)]
    assert line_of(lines, ("methods", 1, "year")) == lines[("methods", 1)]
    assert line_of(lines, ("nothing",)) == 1


VALUES = ("1", '"a = b"', "'[c]'", "[\n 1, # ]\n 2 ]", '"""\nx = 1\n[y]\n"""', "{ z = 1 }", "'''\n'''", r'"\" [[q]]"')


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(VALUES), max_size=4)), max_size=6))
def test_every_key_of_any_file_is_found_where_it_stands(tables):
    text = "".join(
        f"[[{name}]]\n" + "".join(f"key{k} = {value}\n" for k, value in enumerate(values)) for name, values in tables
    )
    lines, rows = key_lines(text), text.split("\n")
    expected = {()}
    for name, entries in tomllib.loads(text).items():
        for number, entry in enumerate(entries):
            expected |= {(name, number), *((name, number, key) for key in entry)}
    assert set(lines) == expected
    assert all(rows[line - 1].startswith((f"{place[-1]} =", "[[")) for place, line in lines.items() if place)
