"""Show the tested source of a packaged function as the solution of an exercise: it cannot go stale."""

import inspect
import sys
import textwrap

from IPython.display import display


def show(function, *more):
    """Display the source of one or several functions, folded; the plain source where there is no browser.

    function, more : functions or classes written in Python

    Returns None. Raises TypeError for anything that has no Python source.
    """
    sources = [(_source(one), _name(one)) for one in (function, *more)]
    for source, name in sources:
        # Markdown, not HTML: Jupyter then highlights the code as in its own editor, light or dark.
        folded = (
            f"<details><summary>Show the solution: <code>{name}</code></summary>\n\n"
            f"````python\n{source}````\n\n"
            "</details>"
        )
        display({"text/markdown": folded, "text/plain": source}, raw=True)


def _source(thing):
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (TypeError, OSError) as error:
        raise TypeError(f"function: expected something with a Python source, got {thing!r}") from error


def _name(thing):
    """The name a reader would type: rnn.backward; flow.blame, although it stands in flow/untied.py."""
    module = getattr(thing, "__module__", thing.__name__)
    name = getattr(thing, "__qualname__", "")
    package = module.rpartition(".")[0]
    if getattr(sys.modules.get(package), name, None) is thing:
        module = package
    return f"{module.rpartition('.')[2]}.{name}".strip(".")
