"""The browser fixtures themselves, on tiny notebooks: they see a slider move, and what goes wrong."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

SLIDER = """
import io, ipywidgets
from PIL import Image
slider, words, image = ipywidgets.IntSlider(3, 0, 10), ipywidgets.Label("3"), ipywidgets.Image(format="png")
def draw(change=None):
    png = io.BytesIO()
    Image.new("L", (100, 20), 20 * slider.value).save(png, "png")
    image.value, words.value = png.getvalue(), f"n is {slider.value}"
slider.observe(draw, "value")
draw()
ipywidgets.VBox([slider, image, words])
"""


def written(server, name, *sources):
    """Writes a notebook of these code cells at the server's root, and gives its name: str."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.root / name)
    return name


def test_a_slider_moves_the_picture(jupyter_server, open_notebook):
    notebook = open_notebook(written(jupyter_server, "slider.ipynb", SLIDER))
    notebook.run_all()
    before = notebook.picture()
    notebook.press("ArrowRight")
    notebook.wait_for_another_picture(before)
    notebook.page.get_by_text("n is 4").wait_for()
    before = notebook.picture()
    notebook.drag(60)
    notebook.wait_for_another_picture(before)
    notebook.wait_until_idle()
    assert "n is 4" not in notebook.output().inner_text()
    assert notebook.errors() == []


def test_what_goes_wrong_is_seen(jupyter_server, open_notebook):
    broken = ("import sys; print('careful', file=sys.stderr)", "1 / 0", "never_reached")
    notebook = open_notebook(written(jupyter_server, "broken.ipynb", *broken))
    notebook.run_all()
    careful, trace = notebook.errors()
    assert "careful" in careful
    assert "ZeroDivisionError" in trace
    notebook.page.evaluate("() => console.error('on the page')")
    assert "on the page" in notebook.errors()
