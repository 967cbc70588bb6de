"""A deck of `make slides`, opened as a file: no network, everything fits, the slider moves, a PDF."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
NAME = "01_unroll_the_loop"
WIDTH, HEIGHT = 1280, 720


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder with the deck, its PDF and what both need."""
    into = tmp_path_factory.mktemp("slides")
    build = [sys.executable, "-W", "ignore", ROOT / "slides" / "build.py", "--into", into, NAME]
    made = subprocess.run(build, cwd=into, capture_output=True, text=True, timeout=400)
    assert made.returncode == 0, made.stderr
    return into


@pytest.fixture
def page(folder, chromium):
    """The deck, open, in a browser that is cut off; page.tried are the requests that wanted out."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.tried, page.wrong = [], []
        page.route(lambda url: not url.startswith(("file:", "data:", "blob:")), lambda route: route.abort())
        page.on("request", lambda request: page.tried.append(request.url))
        page.on("requestfailed", lambda request: page.wrong.append(f"not found: {request.url}"))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto((folder / f"{NAME}.html").as_uri())
        page.wait_for_function("() => window.Reveal?.isReady() && window.MathJax?.isReady")
        yield page
        browser.close()


def all_slides(page):
    """Yields on every slide."""
    while True:
        yield
        if page.evaluate("() => Reveal.isLastSlide()"):
            return
        page.evaluate("() => Reveal.next()")


def test_it_needs_no_network_and_every_slide_fits(page):
    bottoms = []
    for _ in all_slides(page):
        boxes = page.evaluate(
            """() => [...Reveal.getCurrentSlide().querySelectorAll(".jp-Cell")]
              .filter(cell => !cell.closest("aside") && !cell.closest("section section section"))
              .map(cell => cell.getBoundingClientRect()).map(box => [box.right, box.bottom])"""
        )
        bottoms.append(max((bottom for _, bottom in boxes), default=0))
    assert len(bottoms) > 8
    assert max(bottoms) <= HEIGHT
    assert [url for url in page.tried if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.wrong == []


def test_formulas_are_set_and_none_is_wrong(page):
    assert page.locator(".MathJax_CHTML, .mjx-chtml").count() > 10
    assert page.locator(".MathJax_Error, .mjx-merror").count() == 0


def test_the_slider_of_a_player_moves_its_picture(page):
    for _ in all_slides(page):
        slider = page.locator("section.present .animation input[type=range]:visible")
        if slider.count():
            break
    image = page.locator("section.present .animation img:visible").first
    before = image.get_attribute("src")
    slider.first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("([image, before]) => image.src !== before", arg=[image.element_handle(), before])
    assert page.wrong == []


def test_the_answer_to_each_predict_is_a_speaker_note(page):
    cells = nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", as_version=4).cells
    asked = sum("**Predict.**" in cell.source for cell in cells if cell.cell_type == "markdown")
    notes = page.locator("aside.notes")
    assert notes.count() == asked > 1
    assert all("Explain." in text for text in notes.all_text_contents())


def test_deck_and_pdf_are_there_and_light(folder):
    deck, pdf = folder / f"{NAME}.html", folder / f"{NAME}.pdf"
    assert deck.stat().st_size < 8_000_000
    assert pdf.read_bytes().startswith(b"%PDF")
    assert (folder / "assets" / "reveal.js" / "dist" / "reveal.js").exists()
    assert "http://cdn" not in deck.read_text(encoding="utf-8")


def test_the_pdf_has_a_page_for_every_slide_and_room_around_it(page, folder):
    slides = sum(1 for _ in all_slides(page))
    pdf = (folder / f"{NAME}.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == slides > 8
    page.goto((folder / f"{NAME}.html").as_uri() + "?print-pdf")
    page.wait_for_selector(".pdf-page")
    assert page.locator(".pdf-page").count() == slides
    assert page.locator(".MathJax_Error, .mjx-merror").count() == 0
    room = page.evaluate(
        """() => [...document.querySelectorAll(".pdf-page")].map(paper => {
          const edge = paper.getBoundingClientRect();
          const boxes = [...paper.querySelectorAll(".jp-Cell")].filter(cell => !cell.closest("aside"))
            .map(cell => cell.getBoundingClientRect());
          return boxes.flatMap(
            box => [box.left - edge.left, edge.right - box.right, edge.bottom - box.bottom]);
        })"""
    )
    assert min(min(distances) for distances in room) >= 0
    assert min(min(distances[0::3] + distances[1::3]) for distances in room) > 20
