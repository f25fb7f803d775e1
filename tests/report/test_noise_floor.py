"""The noise floor in words and numbers."""

from jaxeval.report.noise_floor import floor_of, floor_words
from jaxeval.results.document import Document, Entry, Floor, Row


def document(**floor):
    return Document(clips=(), summary={}, floor=Floor(**floor))


def test_the_noise_floor_in_words():
    rows = [Row(id=f"floor/{name}") for name in "ab"]
    broken = Row(id="floor/c", status="failed", reason="no disk")
    found = document(crf=18, clips=(*rows, broken), summary={"l1": Entry(mean=0.01), "psnr": Entry(mean=None)})
    assert floor_of(found) == {"l1": 0.01}
    told, failed = floor_words(found)
    assert "2 references against themselves, re-encoded at CRF 18" in told
    assert failed == "Noise floor: floor/c failed: no disk"
    assert floor_words(document()) == []
    assert floor_of(document(crf=18)) == {}


def test_one_reference_is_one():
    (told,) = floor_words(document(crf=23, clips=(Row(id="floor/a"),)))
    assert told.startswith("Noise floor: 1 reference against itself, re-encoded at CRF 23")
