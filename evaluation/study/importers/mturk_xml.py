"""MTurk's assignments: XML with `Assignment` elements, or the JSON of the API's response with the same names.

Each has `WorkerId`, `SubmitTime` and `Answer`, which holds a `QuestionFormAnswers` document, as elements or as text:

    <Answer><QuestionIdentifier>ITEM</QuestionIdentifier><FreeText>real</FreeText></Answer>

No document type is allowed: without one there are no entities, so none can grow or fetch anything.
"""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from datasets.errors import InputError
from evaluation.study.importers.found import Found
from evaluation.study.importers.mturk_csv import take_assignment
from evaluation.study.spreadsheet import quoted

_DEEPEST = 50
_DOCUMENT = "QuestionFormAnswers"


def read_xml(text: str, name: str) -> Found:
    """The answers of assignments in XML; lines are the numbers of the assignments.

    Raises:
        InputError: it is no XML, has a document type, or no assignment.
    """
    root = parse_xml(text, name)
    assignments = [element for element in root.iter() if element.tag == "Assignment"]
    if root.tag == _DOCUMENT:
        raise InputError(f"{name}: says no worker; give the whole Assignment, not only its answers")
    if not assignments:
        raise InputError(f"{name}: holds no Assignment; give the file as it was downloaded")
    found = Found()
    for number, element in enumerate(assignments, 1):
        parts = {child.tag: child for child in element}
        answer = parts.get("Answer")
        inner = None if answer is None else next((one for one in answer.iter() if one.tag == _DOCUMENT), None)
        document = inner if inner is not None or answer is None else (answer.text or "")
        fields = {tag: (child.text or "").strip() for tag, child in parts.items()}
        _take(found, fields, document, name, number)
    return found


def is_response(value: Any) -> bool:
    """Whether JSON is a response of the API (`ListAssignmentsForHIT`, `GetAssignment`), or a list of them."""
    return all(isinstance(one, dict) and ("Assignments" in one or "Assignment" in one) for one in _listed(value))


def read_response(value: Any, name: str) -> Found:
    """The answers of the assignments in the API's response; lines are the numbers of the assignments.

    Raises:
        InputError: an assignment is no object of texts.
    """
    found = Found()
    assignments = [one for part in _listed(value) for one in _listed(part.get("Assignments", part.get("Assignment")))]
    for number, assignment in enumerate(assignments, 1):
        if not isinstance(assignment, dict):
            raise InputError(f"{name}: assignment {number} is no object; give the file as it was downloaded")
        fields = {key: str(text).strip() for key, text in assignment.items()}
        _take(found, fields, fields.get("Answer", ""), name, number)
    return found


def parse_xml(text: str, name: str) -> Element:
    """XML from outside as elements, their tags without namespaces.

    Raises:
        InputError: it is no XML, has a document type, or is nested too deeply.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise InputError(f"{name}: XML nested deeper than {_DEEPEST}; give the file as it was downloaded")
        builder.start(tag.rpartition("}")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition("}")[2])

    def refuse(*_: Any) -> None:
        raise InputError(f"{name}: XML with a document type or an entity, which is not read; take it out")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(text.lstrip(), True)
    except (expat.ExpatError, ValueError) as error:
        raise InputError(f"{name}: not readable as XML ({error}); give the file as it was downloaded") from error
    return builder.close()


def _take(found: Found, fields: Mapping[str, str], document: Element | str | None, name: str, number: int) -> None:
    """Add the answers of an assignment."""
    if fields.get("AssignmentStatus", "").lower() == "rejected":
        found.rejected += 1
    if isinstance(document, str):
        try:
            document = parse_xml(document, name) if document.strip() else None
        except InputError as error:
            found.remark(name, number, "an assignment", str(error).removeprefix(f"{name}: "))
            return
    if document is None:
        found.remark(name, number, "an assignment", "has no answers")
        return
    answers: dict[str, str] = {}
    for element in (one for one in document.iter() if one.tag == "Answer"):
        parts = {child.tag: (child.text or "").strip() for child in element}
        field = parts.get("QuestionIdentifier", "")
        if field in answers:
            found.total += 1
            found.refuse(name, number, f"item {quoted(field)}", "answered twice in one assignment")
        else:
            answers[field] = parts.get("FreeText") or parts.get("SelectionIdentifier") or ""
    take_assignment(
        found, answers, name, number,
        worker=fields.get("WorkerId", ""), sheet="", at=fields.get("SubmitTime", ""),
    )  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
