"""What a lab brings along once it is on the page: its style, and the names that ipywidgets leaves out.

ipywidgets names neither the handle of a slider nor the buttons of Play, gives a picture no text in its place,
and has no live region: who cannot see the page would hear "slider, 0.8" and no more. Nothing in Python can
change that, so a few lines of script do, here and nowhere else. They touch what is nameless only: should
ipywidgets come to name its handles, its names stand.

The script also keeps JupyterLab's shortcuts away from sliders and drop-down lists, with the attribute that
JupyterLab has for this: there an arrow moves the value, not the notebook's selection, and a letter inserts no
cell.
"""

from html import escape

import ipywidgets

# Dark themes: the picture's lightness is turned over and its hues kept, so every colour keeps its role.
# In a live lecture (jupyterlab-slideshow) the whole lab fits on the slide: the picture takes what room is
# left, and of the cell's source nothing is shown.
STYLE = """
.bptt-lab {overflow: hidden;}
.bptt-on-the-page {display: none;}
.bptt-picture {background: white;}
body[data-jp-theme-light="false"] .bptt-picture, body.vscode-dark .bptt-picture,
html[theme="dark"] .bptt-picture {filter: invert(0.93) hue-rotate(180deg);}
.bptt-words {font-size: 16px; line-height: 1.45; min-height: 2.9em; padding: 2px 4px;
  color: var(--jp-content-font-color1, inherit); white-space: normal;}
.bptt-words.bptt-error {border-left: 4px solid #BE4B00; padding-left: 8px;}
.bptt-call {user-select: all; font-family: var(--jp-code-font-family, monospace); font-size: 14px;
  color: var(--jp-content-font-color1, inherit); overflow-wrap: anywhere;}
body[data-jp-deck-mode="presenting"] {--jp-content-font-size1: 20px; --jp-code-font-size: 17px;}
body[data-jp-deck-mode="presenting"] .jp-CodeCell:has(.bptt-lab) .jp-Cell-inputWrapper {display: none;}
body[data-jp-deck-mode="presenting"] .jp-CodeCell:has(.bptt-lab) .jp-Cell-outputWrapper {margin-top: -9px;}
body[data-jp-deck-mode="presenting"] .bptt-lab {display: grid; max-height: calc(100vh - 4px);
  grid-template: auto auto minmax(0, 1fr) auto / auto 1fr;
  --jp-widgets-font-size: 15px; --jp-widgets-inline-height: 25px; --jp-widgets-margin: 1px;}
body[data-jp-deck-mode="presenting"] .bptt-panel {font-size: 15px; max-width: 100% !important;
  gap: 0 8px !important; grid-template-columns: repeat(auto-fit, minmax(17em, 1fr)) !important;}
body[data-jp-deck-mode="presenting"] .bptt-panel > [style*="grid-area"] {grid-area: auto / span 2 !important;}
body[data-jp-deck-mode="presenting"] .bptt-lab > * {grid-column: 1 / -1; min-height: 0;}
body[data-jp-deck-mode="presenting"] .bptt-lab > .bptt-picture {grid-row: 3; max-height: 100%;}
body[data-jp-deck-mode="presenting"] .bptt-lab > .bptt-below {grid-area: 4 / 1; align-self: start;}
body[data-jp-deck-mode="presenting"] .bptt-lab > .bptt-said {grid-area: 4 / 2;}
body[data-jp-deck-mode="presenting"] .bptt-called {display: none;}
"""

SCRIPT = """
const name = lab => {
  const nameless = selector => lab.querySelectorAll(selector + ':not([aria-label])');
  for (const handle of nameless('.noUi-handle')) {
    const label = handle.closest('.widget-hbox')?.querySelector('.widget-label');
    handle.setAttribute('aria-label', label?.textContent || 'value');
  }
  for (const button of nameless('.widget-play button')) {
    const icon = button.querySelector('i')?.className || '';
    button.setAttribute('aria-label', icon.includes('stop') ? 'Back to the first step' : 'Play or pause');
  }
  for (const picture of lab.querySelectorAll('img.bptt-picture:not([alt])')) {
    picture.alt = this.dataset.alt;
  }
  for (const words of lab.querySelectorAll('.bptt-said:not([role])')) {
    words.setAttribute('role', 'status');
  }
  for (const control of lab.querySelectorAll('.noUi-handle, select')) {
    control.dataset.lmSuppressShortcuts = 'true';
  }
};
let tries = 0;
const begin = () => {
  const lab = this.closest('.bptt-lab');
  if (lab) {
    name(lab);
    new MutationObserver(() => name(lab)).observe(lab, {childList: true, subtree: true});
  } else if (++tries < 100) {
    setTimeout(begin, 100);
  }
};
begin();
"""
# An image of one pixel, in the page's own text: a script in an HTML widget runs only when something loads.
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def on_the_page(alt):
    """A widget that is not seen: the style, and the script that names the parts of the lab it stands in.

    alt : what the lab's picture is, in words
    """
    script = escape(" ".join(SCRIPT.split()))
    widget = ipywidgets.HTML(
        f'<style>{STYLE}</style><img alt="" src="{PIXEL}" data-alt="{escape(alt)}" onload="{script}">'
    )
    widget.add_class("bptt-on-the-page")
    return widget
