"""Makes the decks: a notebook becomes slides that need neither a kernel nor a network.

    python slides/build.py [--without-pdf] [--into FOLDER] [NOTEBOOK …]     what `make slides` runs, for all

Each notebook is executed on a copy in which a lab shows its player: the picture for about 20 places of its
most telling slider, or for 30 moments of its work. nbconvert then makes a reveal.js deck of it,
build/slides/NAME.html; Chromium measures how tall each cell is, and what does not fit on a slide of
1280 × 720 goes on the next one, is drawn a little smaller, or is split. build/slides/NAME.pdf is the same,
printed. What all decks need (reveal.js and MathJax) comes from npm and is copied beside them, into assets.
"""

import argparse
import copy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import SlidesExporter
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILT = ROOT / "build" / "slides"
WIDTH, HEIGHT = 1280, 720
ROOM = HEIGHT - 44  # below are the arrows
SMALLEST = 0.62  # of its size: a cell that would have to be smaller than this to fit on a slide is an error
GOOD = 0.8  # of its size: a cell may be drawn as small as this to stay on the slide of those before it
SMALLEST_LETTERS = 11  # points, of a player's picture on its slide
ROUNDS = 25
PACKAGES = {  # what of each npm package a deck needs
    "reveal.js": ("dist", "plugin/notes"),
    "mathjax": (
        "MathJax.js", "config/TeX-AMS_CHTML-full.js", "config/Safe.js", "extensions", "localization/en",
        "jax/element", "jax/input/TeX", "jax/output/CommonHTML", "fonts/HTML-CSS/TeX/woff",
    ),
}  # fmt: skip

# Runs before the notebook, and shows a lab as its player.
SETUP = """
from IPython import get_ipython
from bptt_helpers.labs.lab import Lab
from bptt_helpers.pictures.canvas import smallest_letters

shown = []

def player(lab, *moves):
    letters = smallest_letters(lab._declaration.picture)
    return {"text/html": f'<div data-letters="{letters}">{lab.frames(*moves).data}</div>'}

def as_player(lab):
    if any(lab is other for other in shown):  # a notebook may show one lab several times
        return {"text/html": "<p>The same lab: its player is some slides back.</p>"}
    shown.append(lab)
    if lab.works is not None:
        return player(lab)
    setting = lab._declaration.telling
    control, now = lab._declaration.controls[setting], lab.settings[setting]
    values = control.around(now)
    every = -(-len(values) // 21)
    some = [value for n, value in enumerate(values) if n % every == 0 or value == now]
    return player(lab, setting, some)

get_ipython().display_formatter.mimebundle_formatter.for_type(Lab, as_player)
"""

# The speaker's view lacks MathJax's style: without this a formula is seen twice there, also as MathML.
NOTE_STYLE = "\n\n<style>.speaker-controls-notes .mjx-math { display: none; }</style>"

# Of the slide on show: the cells by number, each from where to where, in pixels of the stage; then how large
# the smallest letters are of the player in it, in points, or null.
CELLS = """
() => {
  const slide = Reveal.getCurrentSlide(), top = slide.getBoundingClientRect().top, scale = Reveal.getScale();
  const cells = [...slide.querySelectorAll(".jp-Cell[data-number]")].filter(cell => !cell.closest("aside"));
  return cells.map(cell => {
    const box = cell.getBoundingClientRect(), image = cell.querySelector("[data-letters] img");
    const drawn = image && image.getBoundingClientRect().height / scale / image.naturalHeight;
    const letters = image && image.closest("[data-letters]").dataset.letters * drawn * 100 / 96;
    return [Number(cell.dataset.number), (box.top - top) / scale, (box.bottom - top) / scale, letters];
  });
}
"""
# Reveal is up, and every formula of the deck is set.
READY = """() => new Promise(done => {
  const look = () => window.Reveal?.isReady() && window.MathJax?.isReady
    ? MathJax.Hub.Queue(() => done(true)) : setTimeout(look, 50);
  look();
})"""


def collect_assets(folder):
    """Fetches the npm packages and copies what the decks in `folder` need of them."""
    fetched = ROOT / "build" / "npm"
    fetched.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", fetched)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"],
        cwd=fetched,
        check=True,
    )
    for package, parts in PACKAGES.items():
        for part in parts:
            source, target = fetched / "node_modules" / package / part, folder / "assets" / package / part
            target.parent.mkdir(parents=True, exist_ok=True)
            copied = shutil.copytree if source.is_dir() else shutil.copy
            copied(source, target, **({"dirs_exist_ok": True} if source.is_dir() else {}))


def executed(path):
    """The notebook with its outputs, each lab as a player: NotebookNode."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute(
        stderr=subprocess.DEVNULL  # what went wrong in a cell is raised
    )
    del notebook.cells[0]
    notebook.metadata.pop("widgets", None)  # players need none
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_progress(output)]
    return notebook


def is_progress(output):
    """Whether this is a bar that has come to its end: as a widget, or as text."""
    return output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in output.get(
        "data", {}
    )


def with_notes(notebook):
    """The same with speaker's notes: after each Predict what the next Explain says."""
    cells = []
    for index, cell in enumerate(notebook.cells):
        cells.append(cell)
        if cell.cell_type == "markdown" and "**Predict.**" in cell.source:
            following = (c.source for c in notebook.cells[index:] if c.source.startswith("**Explain.**"))
            answer = next(following, None)
            if answer:
                note = nbformat.v4.new_markdown_cell(answer + NOTE_STYLE)
                note.metadata["slideshow"] = {"slide_type": "notes"}
                cells.append(note)
    notebook.cells = cells
    return notebook


def exported(notebook, name, style):
    """The deck as HTML: str."""
    exporter = SlidesExporter(
        template_name="template",
        extra_template_basedirs=[str(HERE)],
        reveal_url_prefix="assets/reveal.js",
        mathjax_url="assets/mathjax/MathJax.js?config=TeX-AMS_CHTML-full,Safe",
        reveal_theme="white",
        reveal_width=str(WIDTH),
        reveal_height=str(HEIGHT),
    )
    html, _ = exporter.from_notebook_node(
        copy.deepcopy(notebook), {"metadata": {"name": name}, "deck_style": style}
    )
    return html


def slides_of(page, deck):
    """What stands on each slide: for every slide a list of (cell's number, top, bottom, letters)."""
    page.goto(deck.as_uri())
    page.evaluate(READY)
    found = []
    while True:
        found.append(page.evaluate(CELLS))
        if page.evaluate("() => Reveal.isLastSlide()"):
            return found
        page.evaluate("() => Reveal.next()")


class TooTallError(Exception):
    """A cell that fits on no slide, not even drawn smaller."""

    def __init__(self, number, height):
        super().__init__(f"cell {number} is {height:.0f} px tall, a slide has {ROOM}")
        self.number = number


def split(notebook, too_tall):
    """The notebook with that cell in two: between paragraphs, or a table between rows, its head repeated."""
    notebook = copy.deepcopy(notebook)
    cell = notebook.cells[too_tall.number]
    blocks = cell.source.split("\n\n")
    lines = cell.source.split("\n")
    if cell.cell_type != "markdown":
        raise too_tall
    if len(blocks) > 1:
        halves = ["\n\n".join(part) for part in (blocks[: len(blocks) // 2], blocks[len(blocks) // 2 :])]
    elif len(lines) > 5 and lines[0].startswith("|"):
        middle = 2 + (len(lines) - 2) // 2
        halves = ["\n".join(lines[:middle]), "\n".join(lines[:2] + lines[middle:])]
    else:
        raise too_tall
    second = copy.deepcopy(cell)
    cell.source, second.source, second.id = halves[0], halves[1], f"{cell.id}-2"
    second.metadata["slideshow"] = {"slide_type": "subslide"}
    notebook.cells.insert(too_tall.number + 1, second)
    return notebook


class Layout:
    """Which cells begin a new slide, and which are drawn smaller: a player only where it stands alone."""

    def __init__(self):
        self.breaks, self.zooms = set(), {}

    def improve(self, slides):
        """Mends the first thing that is wrong with each slide; returns how many slides there were to mend."""
        wrong = 0
        for cells in slides:
            for position, (number, top, bottom, letters) in enumerate(cells):
                if bottom <= ROOM:
                    continue
                wrong += 1
                zoom = self.zooms.get(number, 1) * (ROOM - top) / (bottom - top) * 0.995
                if position == 0 and zoom < SMALLEST:
                    raise TooTallError(number, bottom - top)
                if position == 0 or (zoom >= GOOD and letters is None):
                    self.zooms[number] = zoom
                else:
                    self.breaks.add(number)
                    self.zooms.pop(number, None)
                break
        return wrong

    def style(self):
        """The style of the cells that are drawn smaller."""
        return "".join(
            f'.jp-Cell[data-number="{n}"] {{ zoom: {zoom:.3f}; }}' for n, zoom in self.zooms.items()
        )

    def applied(self, notebook):
        """The notebook with these slides."""
        notebook = copy.deepcopy(notebook)
        for number, cell in enumerate(notebook.cells):
            if number in self.breaks:
                cell.metadata["slideshow"] = {"slide_type": "subslide"}
        return notebook


def numbered(html):
    """Every cell with its number, which the style of smaller ones goes by."""
    parts = html.split('<div class="jp-Cell ')
    return parts[0] + "".join(
        f'<div data-number="{number}" class="jp-Cell {part}' for number, part in enumerate(parts[1:])
    )


def illegible(slides):
    """{cell's number: points} of the players whose smallest letters are too small on their slide."""
    every = ((number, letters) for cells in slides for number, *_, letters in cells if letters is not None)
    return {number: round(letters, 2) for number, letters in every if letters < SMALLEST_LETTERS}


def build(path, folder, page, pdf):
    """One notebook's deck, and its PDF."""
    style = (HERE / "deck.css").read_text(encoding="utf-8")
    deck, notebook, layout = folder / f"{path.stem}.html", with_notes(executed(path)), Layout()
    for _ in range(ROUNDS):
        html = exported(layout.applied(notebook), path.stem, style + layout.style())
        deck.write_text(numbered(html), encoding="utf-8")
        slides = slides_of(page, deck)
        try:
            if layout.improve(slides) == 0:
                break
        except TooTallError as too_tall:
            notebook, layout = split(notebook, too_tall), Layout()
    else:
        raise RuntimeError(f"{path.stem}: some slides do not fit, after {ROUNDS} rounds")
    if small := illegible(slides):
        raise RuntimeError(f"{path.stem}: the letters of these cells' players are too small: {small}")
    if pdf:
        page.goto(f"{deck.as_uri()}?print-pdf")
        page.wait_for_selector(".pdf-page", timeout=60_000)
        page.evaluate(READY)
        page.pdf(path=deck.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
    print(f"{deck}  {len(slides)} slides, {deck.stat().st_size / 1e6:.1f} MB")


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="names such as 06_vanish_or_explode; all unless given")
    parser.add_argument("--without-pdf", action="store_true")
    parser.add_argument("--into", type=Path, default=BUILT, help="the folder; build/slides unless given")
    options = parser.parse_args()
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if options.notebooks:
        unknown = set(options.notebooks) - {path.stem for path in paths}
        if unknown:
            parser.error(f"no such notebook: {', '.join(sorted(unknown))}")
        paths = [path for path in paths if path.stem in options.notebooks]
    if shutil.which("npm") is None:
        sys.exit("reveal.js and MathJax come from npm: sudo apt-get install npm, or install Node.js")
    folder = options.into.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    collect_assets(folder)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("The decks are measured and printed by Chromium: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for path in paths:
            build(path, folder, page, pdf=not options.without_pdf)


if __name__ == "__main__":
    main()
