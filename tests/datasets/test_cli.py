import pytest

from datasets.cli import OneLineParser, run
from datasets.errors import InputError, PartialError


def _raising(error):
    def main(arguments):
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("a.gif: bad;\n  do this"), 2, "error: a.gif: bad; do this\n"),
        (PartialError("not got: b"), 3, "error: not got: b\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_errors_of_input_are_one_line_and_a_status(capsys, error, status, line):
    assert run(_raising(error), []) == status
    assert capsys.readouterr().err == line


def test_the_status_of_main_is_handed_on():
    assert run(lambda arguments: None, []) == 0
    assert run(lambda arguments: len(arguments), ["a", "b", "c"]) == 3


def test_our_own_bugs_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(_raising(ZeroDivisionError()), [])


def test_usage_errors_are_one_line_with_status_2(capsys):
    parser = OneLineParser(prog="thing")
    parser.add_argument("--size", type=int)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--size", "big"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: argument --size") and error.endswith("see 'thing --help'\n")
    assert error.count("\n") == 1
