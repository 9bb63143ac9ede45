"""Label Studio: a config and tasks. Not faithful to the protocol: its player limits neither time nor plays."""

import json

from evaluation.study.key import Key

WARNING = "Not faithful to the study's protocol: Label Studio limits neither exposure nor plays, and shows no practice."
CONFIG = f"""<!-- {WARNING} -->
<View>
  <Header value="Was this clip real or fake?"/>
  <Video name="clip" value="$clip"/>
  <Choices name="answer" toName="clip" choice="single" required="true" showInline="true">
    <Choice value="real" hotkey="r"/>
    <Choice value="fake" hotkey="f"/>
  </Choices>
</View>
"""


def files(key: Key, address: str) -> dict[str, str]:
    """Config and tasks by name; a task is an item, in the order of the sheets."""
    tasks = [
        {
            "data": {
                "clip": f"{address.rstrip('/')}/media/{item}.mp4",
                "study": key.study, "sheet": sheet, "item": item, "position": position,
            }
        }
        for sheet, items in key.sheets.items()
        for position, item in enumerate(items, 1)
    ]  # fmt: skip
    return {"config.xml": CONFIG, "tasks.json": json.dumps(tasks, indent=1) + "\n"}
