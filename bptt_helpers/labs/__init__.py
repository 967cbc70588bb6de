"""Labs: one a file, each a call that makes a widget. `lab = labs.unroll(w=1.2)`, then `lab` shows it.

What all labs need is imported here, a lab's own file when the lab is first asked for: all fifteen would take
a fifth of a second more, and a notebook shows one to three.
"""

import sys
from importlib import import_module
from types import ModuleType

import bptt_helpers.labs.lab  # noqa: F401  what all labs need, matplotlib and ipywidgets among it

__all__ = [
    "backward_sweep",
    "blame",
    "bug_zoo",
    "cliff",
    "ellipse",
    "epsilon",
    "flow",
    "gates",
    "loss",
    "phase",
    "race",
    "truncate",
    "two_steps",
    "unroll",
    "writer",
]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no lab {name!r}, expected one of {', '.join(__all__)}")
    import_module(f"{__name__}.{name}")
    return globals()[name]


def __dir__():
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Import puts a lab's file under its name into this package; the lab of that name belongs there."""

    def __setattr__(self, name, value):
        is_file = isinstance(value, ModuleType) and name in __all__
        super().__setattr__(name, getattr(value, name) if is_file else value)


sys.modules[__name__].__class__ = _Package
