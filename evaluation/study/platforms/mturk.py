"""Amazon Mechanical Turk: a batch (CSV and template), and HTMLQuestions for CreateHIT.

Both show the study's page in a frame. The page hands over its export when a sheet is finished; answers then come back
as one field an item, named by its id, and the whole export in the field `export`.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from datasets.errors import InputError
from evaluation.report.document import render
from evaluation.study.key import Key

NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd"
MOST_BYTES = 65_535
HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")
"""Answers are posted to these and to no other."""
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
LIVE = "https://mturk-requester.us-east-1.amazonaws.com"
_DAY = 86_400


@dataclass(frozen=True)
class Offer:
    """What workers are offered.

    Attributes:
        reward: US dollars for a sheet, as "0.50".
        title, description, keywords: as workers see them.
        minutes: until an assignment must be submitted; there is no other limit of time.
        days: for which a HIT stays open.
    """

    reward: str
    title: str = "Judge short video clips: real or fake?"
    description: str = "Watch short clips of natural scenes and say of each whether it is real or fake."
    keywords: str = "video, judgement, study"
    minutes: int = 60
    days: int = 7


def sheet_url(page: str, sheet: str) -> str:
    """The address of a sheet that is shown inside another page."""
    return f"{page}?sheet={sheet}&embedded=1"


def files(key: Key, page: str) -> dict[str, str]:
    """Batch CSV, template and questions, by path.

    Raises:
        InputError: a question is too large for the platform.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["sheet_id", "sheet_url"])
    writer.writerows((sheet, sheet_url(page, sheet)) for sheet in key.sheets)
    return {
        "batch.csv": table.getvalue(),
        "template.html": render("study/mturk.html", {"url": "${sheet_url}", "sheet": "${sheet_id}", "whole": False}),
        **{f"questions/{sheet}.xml": html_question(page, sheet) for sheet in key.sheets},
    }


def html_question(page: str, sheet: str) -> str:
    """The HTMLQuestion of a sheet.

    Raises:
        InputError: it is larger than the platform takes.
    """
    html = render("study/mturk.html", {"url": sheet_url(page, sheet), "sheet": sheet, "whole": True, "hosts": HOSTS})
    if "]]>" in html:
        raise InputError(f"{page}: cannot stand in a question; choose another address")
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<HTMLQuestion xmlns="{NAMESPACE}">\n'
        f"<HTMLContent><![CDATA[{html}]]></HTMLContent>\n<FrameHeight>0</FrameHeight>\n</HTMLQuestion>\n"
    )
    size = len(text.encode())
    if size > MOST_BYTES:
        raise InputError(f"question of sheet {sheet}: {size} bytes, MTurk takes {MOST_BYTES}; choose a shorter address")
    return text


def connect(*, live: bool = False) -> Any:
    """A client of the requester's interface: of the sandbox, which pays nobody, unless told otherwise.

    Raises:
        InputError: boto3 is not installed, or finds no credentials.
    """
    try:
        boto3 = import_module("boto3")
    except ModuleNotFoundError as error:
        raise InputError("boto3: not installed; install it with 'pip install boto3' (extra mturk)") from error
    client = boto3.client("mturk", region_name="us-east-1", endpoint_url=LIVE if live else SANDBOX)
    if client._request_signer._credentials is None:
        raise InputError("boto3: finds no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return client


def create_hits(client: Any, study: str, votes: int, questions: Mapping[str, str], offer: Offer) -> dict[str, str]:
    """Create one HIT a sheet, each for `votes` workers; asked again, the platform refuses to create them twice.

    Args:
        client: of `connect`.
        study: hash of the study.
        votes: wanted votes an item.
        questions: HTMLQuestion by sheet id.
        offer: to the workers.

    Returns:
        The HIT's id by sheet id.

    Raises:
        InputError: the platform refuses; the message says how many HITs were created before.
    """
    exceptions = import_module("botocore.exceptions")
    created: dict[str, str] = {}
    for sheet, question in questions.items():
        try:
            answer = client.create_hit(
                Title=offer.title,
                Description=offer.description,
                Keywords=offer.keywords,
                Reward=offer.reward,
                MaxAssignments=votes,
                AssignmentDurationInSeconds=60 * offer.minutes,
                LifetimeInSeconds=_DAY * offer.days,
                RequesterAnnotation=f"study {study} sheet {sheet}",
                UniqueRequestToken=f"{study}-{sheet}",
                Question=question,
            )
        except (exceptions.BotoCoreError, exceptions.ClientError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"MTurk: sheet {sheet}: {reason}; {len(created)} HITs were created before it") from error
        created[sheet] = answer["HIT"]["HITId"]
    return created
