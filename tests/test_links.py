"""Links in notebooks and pages lead somewhere: to a file that is here, or, on Binder, to a notebook."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]
LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)")
NOTEBOOKS = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))


def links(page):
    """The targets of all links of a page, or of a notebook's text: list of str."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    return LINK.findall(text)


def target(address):
    """The path in this repository that an address of Binder opens: str."""
    (path,) = parse_qs(urlsplit(address).query)["urlpath"]
    return path.removeprefix("lab/tree/")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_links_lead_to_files_that_are_here(page):
    for link in links(page):
        if link.startswith("https://mybinder.org/v2/"):
            assert (ROOT / target(link)).is_file(), link
        elif not link.startswith(("https://", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_each_notebook_has_its_link_to_binder():
    found = {target(link) for link in links(ROOT / "docs" / "binder.md") if "mybinder.org/v2/" in link}
    assert found == {f"notebooks/{name}.ipynb" for name in NOTEBOOKS}


def test_the_hubs_link_opens_a_notebook_that_is_here():
    text = (ROOT / "docs" / "binder.md").read_text(encoding="utf-8")
    (address,) = re.findall(r"https://YOUR\.HUB/\S+", text)
    wanted = parse_qs(urlsplit(address).query)
    assert unquote(wanted["repo"][0]).startswith("https://github.com/")
    folder, _, path = wanted["urlpath"][0].removeprefix("lab/tree/").partition("/")
    assert wanted["repo"][0].endswith("/" + folder)
    assert (ROOT / path).is_file()
