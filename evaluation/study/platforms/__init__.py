"""Platforms: what a crowd platform is given so that its people judge the sheets of a study.

Role: one module a platform. All but Label Studio lead to the study's page, which a web server of the requester shows;
none of the files says what an item is.
Layer: part of `evaluation.study`; imports its key and bundle.
"""

from pathlib import Path

from datasets.files import write_text
from evaluation.study.bundle import Built, page_address
from evaluation.study.platforms import label_studio, mturk, prolific

ADDRESS = "https://example.org/study/"
"""Stands for where the bundle will lie on the web; `study hits` refuses it."""
README = """Made by `python -m evaluation study build`. Every address in here begins with {address}: put the
bundle there, or build again with --address. No file in here says what an item is; the key folder does: never hand it
out.

mturk/batch.csv, mturk/template.html   a batch project: the template as the project's design, the CSV as its data
mturk/questions/SHEET.xml              HTMLQuestion for CreateHIT: `python -m evaluation study hits`
prolific.json                          parameters of a Prolific study, one address a sheet
label_studio/                          config and tasks; NOT faithful to the protocol: it limits neither time nor plays
"""


def write_platforms(folder: Path, built: Built, address: str) -> None:
    """Write the files of all platforms.

    Args:
        folder: for the files.
        built: the study.
        address: of the bundle on the web.

    Raises:
        InputError: the address is no web address, or a file cannot be written.
    """
    page = page_address(address)
    for name, text in {
        "README.txt": README.format(address=address),
        **{f"mturk/{name}": text for name, text in mturk.files(built.key, page).items()},
        "prolific.json": prolific.parameters(built.key, page, built.completion),
        **{f"label_studio/{name}": text for name, text in label_studio.files(built.key, address).items()},
    }.items():
        write_text(folder / name, text)
