"""Every notebook where learners meet it: run to its end, its labs moved by keys, axe-core, live slides."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDTH, HEIGHT = 1280, 720
MOST_SLIDES = 80

# What axe-core finds in the outputs of cells: [rule, element], for each violation.
AXE = """
async () => {
  const found = await axe.run({include: [[".jp-OutputArea-output"]]}, {resultTypes: ["violations"]});
  return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200)]));
}
"""
# Of the slide on show: each cell's number, top and bottom in the window.
CELLS = """
() => window.jupyterapp.shell.currentWidget.content.widgets
  .map((cell, number) => [number, cell.node])
  .filter(([number, node]) => node.classList.contains("jp-deck-mod-onscreen"))
  .map(([number, node]) => [number, node.getBoundingClientRect()])
  .map(([number, box]) => [number, box.top, box.bottom, box.right])
"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The text of axe-core, from npm: str."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text(json.dumps({"dependencies": {"axe-core": "4.14.1"}}))
    install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(install, cwd=folder, check=True, timeout=120)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def labs_of(page):
    """How many labs the page has: int."""
    return page.locator(".bptt-lab").count()


def move_by_key(notebook, number):
    """Moves the `number`-th lab's first slider or list by an arrow key, and waits for another picture."""
    page, lab = notebook.page, notebook.page.locator(".bptt-lab").nth(number)
    lab.scroll_into_view_if_needed()
    image, control = lab.locator("img.bptt-picture"), lab.locator(".noUi-handle, select").first
    before = image.get_attribute("src")
    control.focus()
    at_the_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
    is_list = control.evaluate("element => element.matches('select')")
    last = is_list and control.evaluate("list => list.selectedIndex === list.options.length - 1")
    if is_list:
        page.keyboard.press("ArrowUp" if last else "ArrowDown")
    else:
        page.keyboard.press("ArrowLeft" if at_the_end else "ArrowRight")
    page.wait_for_function(
        "([image, before]) => image.src !== before", arg=[image.element_handle(), before], timeout=20_000
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_its_labs_move_by_key_and_axe_finds_nothing(open_notebook, axe, name):
    notebook = open_notebook(f"notebooks/{name}.ipynb")
    notebook.run_all()
    page = notebook.page
    assert labs_of(page) > 0
    for number in range(labs_of(page)):
        move_by_key(notebook, number)
    notebook.wait_until_idle()
    assert notebook.errors() == []
    page.evaluate(axe)
    assert page.evaluate(AXE) == []
    for said in page.locator(".bptt-said").all():
        assert said.get_attribute("role") == "status"
    for picture in page.locator("img.bptt-picture").all():
        assert len(picture.get_attribute("alt")) > 40
    assert slides_that_do_not_fit(page) == []
    assert notebook.errors() == []


def slides_that_do_not_fit(page):
    """Starts the slideshow and goes through it: (first cell, height) of each slide that is too tall."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.evaluate("() => {window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0}")
    page.evaluate("() => window.jupyterapp.commands.execute('deck:start')")
    page.wait_for_function("() => document.body.dataset.jpDeckMode === 'presenting'")
    page.wait_for_timeout(1500)  # side bars fold away
    seen, too_tall = set(), []
    for _ in range(MOST_SLIDES * 5):
        page.wait_for_timeout(50)
        cells = page.evaluate(CELLS)
        numbers = tuple(number for number, *_ in cells)
        if numbers and numbers not in seen:
            page.wait_for_timeout(150)
            cells = page.evaluate(CELLS)
            seen.add(numbers)
            height = cells[-1][2] - cells[0][1]
            if height > HEIGHT or cells[0][3] > WIDTH:
                too_tall.append((numbers[0], round(height)))
        before = page.evaluate(ACTIVE)
        page.keyboard.press("Space")
        page.wait_for_timeout(50)
        if page.evaluate(ACTIVE) == before:
            break
    cell_count = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    assert {number for numbers in seen for number in numbers} == set(range(cell_count))
    assert 8 < len(seen) < MOST_SLIDES
    page.evaluate("() => window.jupyterapp.commands.execute('deck:stop')")
    return too_tall
