"""What holds for every test: swallowed exceptions are failures, and chance is kept in hand."""

import logging
import os
import threading
from pathlib import Path

import hypothesis
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]

# No deadline: on a busy machine a slow example is no defect. In CI every run draws the same examples, so that
# no change is blamed for what chance found; at home each run draws new ones, first what failed before.
hypothesis.settings.register_profile(
    "home", deadline=None, database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis")
)
hypothesis.settings.register_profile("ci", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "home")


def pytest_configure(config):
    """Makes a warning in a notebook's cell an error, and training short: kernels inherit the environment."""
    os.environ["PYTHONWARNINGS"] = "error:::__main__"
    os.environ["BPTT_QUICK"] = "1"
    if "MUTANT_UNDER_TEST" in os.environ:
        # tqdm's own lock is one for all forks: a mutant stopped while it holds it would stop the rest.
        tqdm.set_lock(threading.RLock())


class Swallowed(logging.Handler):
    """Keeps the records that tell of an exception."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        if record.exc_info:
            self.messages.append(logging.Formatter().format(record))


@pytest.fixture(autouse=True)
def no_swallowed_exception():
    """Fails a test in which a widget's callback raised: `interact` and `on_click` log that and go on."""
    swallowed = Swallowed()
    logger = logging.getLogger("traitlets")
    logger.addHandler(swallowed)
    yield
    logger.removeHandler(swallowed)
    if swallowed.messages:
        pytest.fail("a widget's callback raised:\n" + "\n".join(swallowed.messages), pytrace=False)


@pytest.fixture
def repository():
    """The folder of the repository: Path."""
    return ROOT
