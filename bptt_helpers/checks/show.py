"""Show the tested source of a packaged function as the solution of an exercise: a solution that cannot go stale."""

import html
import inspect
import textwrap

from IPython.display import display
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

# JupyterLab's own editor colours, so the source is legible in its light and in its dark theme. The colour after the
# comma serves where these names do not exist (an exported page, which is light).
STYLE = """<style>
.bptt-source pre { margin: 0.5em 0; padding: 0.5em; overflow-x: auto; line-height: 1.35; background: transparent }
.bptt-source .k, .bptt-source .kn, .bptt-source .kc, .bptt-source .ow
  { color: var(--jp-mirror-editor-keyword-color, #007020); font-weight: bold }
.bptt-source .s1, .bptt-source .s2, .bptt-source .sa, .bptt-source .si
  { color: var(--jp-mirror-editor-string-color, #a02020) }
.bptt-source .c1, .bptt-source .sd { color: var(--jp-mirror-editor-comment-color, #3d6b6b); font-style: italic }
.bptt-source .mi, .bptt-source .mf { color: var(--jp-mirror-editor-number-color, #006040) }
.bptt-source .nf { color: var(--jp-mirror-editor-def-color, #0000c0) }
</style>"""


def show(function, *more):
    """Display the source of one or several functions, highlighted and folded; the plain source where there is no HTML.

    function, more : functions or classes written in Python

    Returns None. Raises TypeError for anything that has no Python source.
    """
    for one in (function, *more):
        source, title = _source(one), f"Show the solution: {_name(one)}"
        code = highlight(source, PythonLexer(), HtmlFormatter(cssclass="bptt-source"))
        folded = f"{STYLE}<details><summary>{html.escape(title)}</summary>{code}</details>"
        display({"text/html": folded, "text/plain": source}, raw=True)


def _source(thing):
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (TypeError, OSError) as error:
        raise TypeError(f"function: expected something with a Python source, got {thing!r}") from error


def _name(thing):
    """The name a reader would type: rnn.backward."""
    module = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
    return ".".join([module.rpartition(".")[2], getattr(thing, "__qualname__", "")]).strip(".")
