"""The command line, run as a user runs it."""

import os
import subprocess
import sys

import pytest

from weft.cli import main

SECONDS = 1500


@pytest.fixture(scope="session")
def weft():
    """Run the command with these arguments and variables."""

    def run(*arguments, **environment):
        env = {**os.environ, **environment}
        command = [sys.executable, "-m", "weft.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=env)

    return run


@pytest.fixture
def mistake(weft, capfd):
    """Run the command, which is to end with one line on stderr that has these words."""

    def check(*words, arguments, **environment):
        if environment:
            run = weft(*arguments, **environment)
            status, error = run.returncode, run.stderr
        else:  # in this process: there are many of them
            with pytest.raises(SystemExit) as exit:
                main(list(map(str, arguments)))
            status, error = exit.value.code, capfd.readouterr().err
        assert status == 2, error
        assert error.count("\n") == 1, error
        for word in words:
            assert word in error

    return check
