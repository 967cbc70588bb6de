"""Jupyter's protection stays as it comes: no file of ours, and no command that it holds, turns it off.

Nor does any read or write pickles, in which code can hide.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WEAKER = {
    "an empty token or password": r"(token|password)['\"]?\s*[=:]\s*(''|\"\"|None\b|null\b|--|$|\\)",
    "requests from other sites": r"allow_origin|disable_check_xsrf|allow_credentials",
    "everybody on the network": r"\bip['\"]?\s*[= :]\s*['\"]?(0\.0\.0\.0|\*|::)|allow_remote_access",
    "pickles": r"allow_pickle\s*=\s*True|^\s*(import|from) (pickle|dill|cloudpickle|joblib|shelve)\b",
    "no login at all": r"allow_unauthenticated_access|PasswordIdentityProvider|NoAuth",
}


@pytest.fixture(scope="module")
def committed():
    """{path: text} of all that git holds, but for this file."""
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    texts = {}
    for name in names.splitlines():
        if not name.endswith((".png", "test_protection.py")):
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
    return texts


@pytest.mark.parametrize("weaker", WEAKER)
def test_nothing_turns_it_off(weaker, committed):
    assert "Makefile" in committed
    found = {
        name
        for name, text in committed.items()
        if re.search(WEAKER[weaker], text, re.IGNORECASE | re.MULTILINE)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("weaker", "line"),
    [
        ("an empty token or password", "jupyter lab --ServerApp.token='' --no-browser"),
        ("an empty token or password", "c.IdentityProvider.token = ''"),
        ("pickles", "np.load(path, allow_pickle=True)"),
        ("pickles", "from pickle import loads"),
        ("requests from other sites", "c.ServerApp.disable_check_xsrf = True"),
        ("an empty token or password", "jupyter lab --ServerApp.token= --no-browser"),
        ("an empty token or password", '{"IdentityProvider": {"token": ""}}'),
        ("an empty token or password", "token: ''"),
        ("everybody on the network", "jupyter lab --ip=0.0.0.0"),
        ("everybody on the network", "jupyter lab --ServerApp.ip=0.0.0.0"),
        ("everybody on the network", 'jupyter lab --ip="*"'),
        ("everybody on the network", "c.ServerApp.ip = '0.0.0.0'"),
        ("everybody on the network", '{"ServerApp": {"ip": "*"}}'),
        ("no login at all", "c.ServerApp.allow_unauthenticated_access = True"),
    ],
)
def test_what_would_is_seen(weaker, line):
    assert re.search(WEAKER[weaker], line, re.IGNORECASE | re.MULTILINE)
