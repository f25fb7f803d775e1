"""The noise floor beside the scores: what a codec alone makes of a reference."""

from jaxeval.results.document import Document


def floor_of(document: Document) -> dict[str, float]:
    """The noise floor of every score that has one; empty without any.

    Returns:
        Name to the mean over the references that were coded again.
    """
    return {name: entry.mean for name, entry in document.floor.summary.items() if entry.mean is not None}


def floor_words(document: Document) -> list[str]:
    """What the noise floor is, and why it isn't there if it should be; nothing if none was asked for.

    Example:
        >>> from jaxeval.results.document import document_of
        >>> row = {"id": "floor/a", "status": "failed", "reason": "the disk is full"}
        >>> floor_words(document_of({"clips": [], "summary": {}, "floor": {"crf": 18, "clips": [row]}}))
        ['Noise floor: floor/a failed: the disk is full']
    """
    rows = document.floor.clips
    failed = [f"Noise floor: {row.id} failed: {row.reason}" for row in rows if row.status != "ok"]
    count = len(rows) - len(failed)
    if not count:
        return failed
    whose = "1 reference against itself" if count == 1 else f"{count} references against themselves"
    text = f"Noise floor: {whose}, re-encoded at CRF {document.floor.crf}"
    return [f"{text}: a distance below it is within re-encoding noise.", *failed]
