"""slides/build.py: what is decided before and after Chromium has measured (the decks: browser/test_decks)."""

import importlib.util
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("slides_build", ROOT / "slides" / "build.py")
build = importlib.util.module_from_spec(SPEC)
sys.modules["slides_build"] = build
SPEC.loader.exec_module(build)


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source) for source in sources])


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_a_cell_that_does_not_fit_below_others_goes_on_the_next_slide():
    layout = build.Layout()
    assert layout.improve([[(0, 0, 300, None), (1, 300, 1000, None)], [(2, 0, 650, None)]]) == 1
    assert (layout.breaks, layout.zooms) == ({1}, {})
    assert layout.improve([[(0, 0, 300, None)], [(1, 0, 650, None)], [(2, 0, 650, None)]]) == 0


def test_one_that_nearly_fits_is_drawn_smaller_instead():
    layout = build.Layout()
    layout.improve([[(0, 0, 300, None), (1, 300, 750, None)]])
    assert layout.breaks == set()
    assert layout.zooms[1] * 450 <= build.ROOM - 300
    assert (
        'data-number="1"] { zoom: 0.8' in layout.style() or 'data-number="1"] { zoom: 0.9' in layout.style()
    )


def test_a_player_goes_on_a_slide_of_its_own_instead():
    layout = build.Layout()
    layout.improve([[(0, 0, 300, None), (1, 300, 750, 12.0)]])
    assert (layout.breaks, layout.zooms) == ({1}, {})


def test_letters_below_eleven_points_are_found():
    assert build.illegible([[(0, 0, 300, None), (1, 300, 750, 10.9)], [(2, 0, 650, 11.0)]]) == {1: 10.9}


def test_one_that_is_too_tall_alone_is_drawn_smaller_or_split():
    layout = build.Layout()
    layout.improve([[(4, 0, 900, None)]])
    assert layout.zooms[4] * 900 <= build.ROOM
    with pytest.raises(build.TooTallError, match="cell 4 is 1400 px tall") as raised:
        layout.improve([[(4, 0, 1400, None)]])
    assert raised.value.number == 4


def test_split_cuts_between_paragraphs_and_keeps_every_line():
    whole = notebook("before", "one\n\ntwo\n\nthree", "after")
    parts = build.split(whole, build.TooTallError(1, 2000))
    assert sources(parts) == ["before", "one", "two\n\nthree", "after"]
    assert parts.cells[2].metadata["slideshow"]["slide_type"] == "subslide"
    assert len({cell.id for cell in parts.cells}) == 4
    assert sources(whole) == ["before", "one\n\ntwo\n\nthree", "after"]  # a copy


def test_split_repeats_the_head_of_a_table():
    rows = [f"| {n} | x |" for n in range(5)]
    parts = build.split(notebook("\n".join(["| a | b |", "|---|---|", *rows])), build.TooTallError(0, 2000))
    first, second = (source.split("\n") for source in sources(parts))
    assert first[:2] == second[:2] == ["| a | b |", "|---|---|"]
    assert first[2:] + second[2:] == rows


def test_what_cannot_be_split_is_an_error():
    with pytest.raises(build.TooTallError):
        build.split(notebook("one paragraph"), build.TooTallError(0, 2000))
    code = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1\n\nb = 2")])
    with pytest.raises(build.TooTallError):
        build.split(code, build.TooTallError(0, 2000))


def test_each_predict_gets_the_next_explain_as_its_note():
    noted = build.with_notes(
        notebook(
            "## A\n\n**Predict.** Which?", "**Observe.** It.", "**Explain.** Two.", "**Predict.** And?", "end"
        )
    )
    assert sources(noted)[1].startswith("**Explain.** Two.")
    assert noted.cells[1].metadata["slideshow"]["slide_type"] == "notes"
    assert len(noted.cells) == 6  # the last question has no answer


def test_bars_are_no_part_of_a_deck():
    widget = nbformat.v4.new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})
    assert build.is_progress(widget)
    assert build.is_progress(nbformat.v4.new_output("stream", name="stderr", text="adding: 100%"))
    assert not build.is_progress(nbformat.v4.new_output("stream", name="stdout", text="0.0012"))
    assert not build.is_progress(nbformat.v4.new_output("display_data", {"text/html": "<div>a player</div>"}))


def test_cells_are_numbered_in_their_order():
    html = build.numbered('<div class="jp-Cell a">x</div><div class="jp-Cell b">y</div>')
    assert (
        html == '<div data-number="0" class="jp-Cell a">x</div><div data-number="1" class="jp-Cell b">y</div>'
    )


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_section_of_a_notebook_begins_a_slide(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and cell.source.startswith(("# ", "## ")):
            assert cell.metadata.get("slideshow", {}).get("slide_type") == "slide", cell.source[:40]
