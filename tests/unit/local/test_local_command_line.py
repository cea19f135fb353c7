"""`python -m local invoke`, where there is nothing to run."""

import pytest

from local import project
from local.__main__ import main


@pytest.mark.parametrize("command", [["env"], ["invoke", "settle_jobs"]])
def test_what_needs_a_stack_says_that_none_runs(command, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(project, "RUNNING", tmp_path / "running.json")

    assert main(command) == 1
    assert "python -m local serve" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["api_handler"], ["no_such_function"], ["settle_jobs", "--time", "soon"]]
)
def test_only_a_scheduled_function_is_invoked_at_a_time(arguments, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["invoke", *arguments])

    assert "usage: python -m local invoke" in capsys.readouterr().err
