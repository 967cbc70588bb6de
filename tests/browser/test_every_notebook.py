"""Every notebook where learners meet it: run, its labs moved by key and mouse, axe-core, slides."""

import json
import subprocess
from pathlib import Path

import harness
import pytest

from bptt_helpers import labs
from bptt_helpers.pictures.canvas import smallest_letters

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDTH, HEIGHT = 1280, 720
MOST_SLIDES, MOST_STEPS, MOST_CONTROLS = 80, 200, 60
SMALLEST_LETTERS = 11  # points, at projection size

# What axe-core finds in the outputs of cells: [rule, element], for each violation.
AXE = """
async () => {
  const found = await axe.run({include: [[".jp-OutputArea-output"]]}, {resultTypes: ["violations"]});
  return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200)]));
}
"""
# Goes on to the end of the slideshow. Of each slide: its cells as [number, top, bottom, right] in the window,
# and its labs as [name, how tall the picture is drawn], which keeps its proportions.
WALK = """
async most => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content, slides = [];
  const rest = () => new Promise(done => setTimeout(() => requestAnimationFrame(done), 60));
  for (let step = 0; step < most; step++) {
    await rest();
    const onSlide = [...notebook.widgets.entries()]
      .filter(([number, cell]) => cell.node.classList.contains("jp-deck-mod-onscreen"));
    const cells = onSlide.map(([number, cell]) => [number, cell.node.getBoundingClientRect()])
      .map(([number, box]) => [number, box.top, box.bottom, box.right]);
    const labs = onSlide.flatMap(([_, cell]) => [...cell.node.querySelectorAll(".bptt-lab")]).map(lab => {
      const image = lab.querySelector("img.bptt-picture"), box = image.getBoundingClientRect();
      const height = Math.min(box.height, box.width * image.naturalHeight / image.naturalWidth);
      return [lab.querySelector(".bptt-call").textContent.match(/labs\\.(\\w+)/)[1], height];
    });
    slides.push([cells, labs]);
    const before = notebook.activeCellIndex;
    await app.commands.execute("deck:go", {direction: "down", alternate: "forward"});
    await rest();
    if (notebook.activeCellIndex === before) return slides;
  }
  throw new Error(`more than ${most} cells`);
}
"""
SELECT_ITS_CELL = """
number => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const lab = document.querySelectorAll(".bptt-lab")[number];
  notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.node.contains(lab));
  notebook.mode = "command";
  notebook.activeCell.node.focus();
}
"""
ITS_CELL_HAS_THE_FOCUS = """
number => document.activeElement === document.querySelectorAll(".bptt-lab")[number].closest(".jp-Cell")
"""
# Each control of a lab in the order of the page, and whether it is a slider or a list: arrows move these.
NUMBER_CONTROLS = """
lab => {
  const all = [...lab.querySelectorAll("select, input, button, .noUi-handle")]
    .filter(control => control.offsetParent && !control.disabled && control.type !== "file");
  all.forEach((control, number) => {control.dataset.control = `control ${number}`});
  const pairs = all.map(control => [control.dataset.control, control.matches("select, .noUi-handle")]);
  return Object.fromEntries(pairs);
}
"""
FOCUSED = """
lab => lab.contains(document.activeElement) ? document.activeElement.dataset.control || null : null
"""
ARROW_WITH_ROOM = """
control => {
  if (control.matches("select")) {
    return control.selectedIndex === control.options.length - 1 ? "ArrowUp" : "ArrowDown";
  }
  return control.ariaValueNow === control.ariaValueMax ? "ArrowLeft" : "ArrowRight";
}
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


def tab_through(notebook, number):
    """From the `number`-th lab's cell by Tab through its controls; an arrow on the first moves the picture.

    Only the keyboard is used, as by someone who has no mouse. What Tab does not reach is an error.
    """
    page, lab = notebook.page, notebook.page.locator(".bptt-lab").nth(number)
    lab.scroll_into_view_if_needed()
    page.evaluate(SELECT_ITS_CELL, number)
    page.wait_for_function(ITS_CELL_HAS_THE_FOCUS, arg=number)
    wanted, reached = lab.evaluate(NUMBER_CONTROLS), []
    for _ in range(MOST_CONTROLS):
        page.keyboard.press("Tab")
        now = lab.evaluate(FOCUSED)
        if now is None and reached:
            break
        if now is not None:
            reached.append(now)
            if wanted[now] and not any(wanted[before] for before in reached[:-1]):
                press_an_arrow(page, lab)
    assert reached == list(wanted)


def press_an_arrow(page, lab):
    """On the slider or list that has the focus; waits for another picture."""
    image, control = lab.locator("img.bptt-picture"), page.locator(":focus")
    before = image.get_attribute("src")
    page.keyboard.press(control.evaluate(ARROW_WITH_ROOM))
    page.wait_for_function(
        "([image, before]) => image.src !== before", arg=[image.element_handle(), before], timeout=20_000
    )


def drag_far(page, lab):
    """The lab's first slider by mouse, far towards its farther end; waits for a picture of another call."""
    handle, image, call = (lab.locator(part) for part in (".noUi-handle", "img.bptt-picture", ".bptt-called"))
    if handle.count() == 0:
        return  # it has lists and ticks only
    handle.first.scroll_into_view_if_needed()
    box, track = handle.first.bounding_box(), lab.locator(".noUi-base").first.bounding_box()
    before = call.inner_text(), image.get_attribute("src")
    to_left = box["x"] + box["width"] / 2 - track["x"]
    to_right = track["width"] - to_left
    harness.drag(page, handle.first, 0.7 * to_right if to_right > to_left else -0.7 * to_left)
    page.wait_for_function(
        "([call, image, before]) => call.innerText !== before[0] && image.src !== before[1]",
        arg=[call.element_handle(), image.element_handle(), before],
        timeout=20_000,
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_its_labs_move_by_key_and_mouse_and_axe_finds_nothing(open_notebook, axe, name):
    notebook = open_notebook(f"notebooks/{name}.ipynb")
    notebook.run_all()
    page = notebook.page
    assert labs_of(page) > 0
    for number in range(labs_of(page)):
        tab_through(notebook, number)
        drag_far(page, page.locator(".bptt-lab").nth(number))
    notebook.wait_until_idle()
    assert notebook.errors() == []
    page.evaluate(axe)
    assert page.evaluate(AXE) == []
    for said in page.locator(".bptt-said").all():
        assert said.get_attribute("role") == "status"
    for picture in page.locator("img.bptt-picture").all():
        assert len(picture.get_attribute("alt")) > 40
    check_the_slides(notebook)
    assert notebook.errors() == []


def check_the_slides(notebook):
    """A slideshow of all cells, every slide within the screen and legible, the sliders alive."""
    page = notebook.page
    try:
        slides, scales = go_through_the_slides(page)
        cell_count = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
        assert {number for numbers in slides for number in numbers} == set(range(cell_count))
        assert 8 < len(slides) < MOST_SLIDES
        too_large = {cells: size for cells, size in slides.items() if size[0] > HEIGHT or size[1] > WIDTH}
        assert too_large == {}
        assert len(scales) >= labs_of(page)
        assert letters_too_small(scales) == set()
        page.evaluate(SELECT_ITS_CELL, 0)
        lab = page.locator(".jp-deck-mod-onscreen .bptt-lab").first
        lab.locator("select, .noUi-handle").first.focus()
        press_an_arrow(page, lab)
    finally:  # JupyterLab remembers that it presents, and the next notebook would open so
        page.evaluate("() => window.jupyterapp.commands.execute('deck:stop')")


def go_through_the_slides(page):
    """Starts the slideshow and goes through it : {numbers of cells: (height, width), …}.

    Also returns, for each lab on the way, (its name, how tall its picture is drawn).
    """
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.evaluate("() => {window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0}")
    page.evaluate("() => window.jupyterapp.commands.execute('deck:start')")
    page.wait_for_function("() => document.body.dataset.jpDeckMode === 'presenting'")
    page.wait_for_timeout(1500)  # side bars fold away
    page.keyboard.press("Space")
    page.wait_for_function(f"() => ({ACTIVE})() > 0")
    page.keyboard.press("Shift+Space")
    page.wait_for_function(f"() => ({ACTIVE})() === 0")
    slides, scales = {}, []
    for cells, pictures in page.evaluate(WALK, MOST_STEPS):
        numbers = tuple(number for number, *_ in cells)
        slides[numbers] = (cells[-1][2] - cells[0][1], max(right for *_, right in cells))
        scales += pictures
    return slides, scales


def letters_too_small(scales):
    """Which of these pictures have letters that are too small on the slide: {(lab, points), …}."""
    small = set()
    for name, height in scales:
        picture = getattr(labs, name).picture
        points = smallest_letters(picture) * height / (picture.size[1] * 96)  # a CSS inch
        if points < SMALLEST_LETTERS:
            small.add((name, round(points, 2)))
    return small
