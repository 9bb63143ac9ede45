"""Prolific: the parameters of a study as its interface (api.prolific.com/api/v1/studies/) takes them."""

import json

from evaluation.study.key import Key

SECONDS_AN_ITEM = 15
_PARAMETERS = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"


def parameters(key: Key, page: str, completion: str) -> str:
    """JSON of a study with one address a sheet; reward and name of the researcher's account are left to fill in.

    Args:
        key: of the study.
        page: address of the study's page.
        completion: the code that the page shows at the end.
    """
    items = len(key.practice) + len(next(iter(key.sheets.values())))
    value = {
        "name": "Judge short video clips: real or fake?",
        "internal_name": f"study {key.study}",
        "description": "Watch short clips of natural scenes and say of each whether it is real or fake. At the end, "
        "save the file with your answers and send it to us in a message.",
        "prolific_id_option": "url_parameters",
        "access_details": [
            {"external_url": f"{page}?sheet={sheet}&{_PARAMETERS}", "total_allocation": key.design.votes}
            for sheet in key.sheets
        ],
        "completion_codes": [
            {"code": completion, "code_type": "COMPLETED", "actions": [{"action": "MANUALLY_REVIEW"}]}
        ],
        "total_available_places": key.design.votes * len(key.sheets),
        "estimated_completion_time": max(1, round(items * SECONDS_AN_ITEM / 60)),
        "reward": None,
        "device_compatibility": ["desktop", "tablet", "mobile"],
        "peripheral_requirements": [],
    }
    return json.dumps(value, indent=2) + "\n"
