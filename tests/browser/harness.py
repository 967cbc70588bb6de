"""A real JupyterLab, and a notebook open in it: for the tests in this folder and for benchmarks/browser.py.

Not here: fixtures (conftest).
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

SECONDS = 1000  # playwright counts in milliseconds
START_TIMEOUT = 90
RUN_TIMEOUT = 180 * SECONDS
REST = 1 * SECONDS

# Without a sandbox it runs as root too; without the rest it stays off the network and out of small /dev/shm.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

KERNEL_IS_IDLE = """
() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle"
"""
# JupyterLab skips empty cells, and stops at the first error.
EVERY_CELL_HAS_RUN = """
() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model);
  const code = cells.filter(cell => cell.type === "code" && cell.sharedModel.getSource().trim() !== "");
  const failed = cell => cell.sharedModel.getOutputs().some(output => output.output_type === "error");
  return code.every(cell => cell.executionCount !== null) || code.some(failed);
}
"""
ERROR_OUTPUTS = """
() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code")
  .flatMap(cell => cell.model.sharedModel.getOutputs())
  .filter(output => output.output_type === "error" || output.name === "stderr")
  .map(output => output.output_type === "error" ? `${output.ename}: ${output.evalue}` : String(output.text))
"""


@dataclass
class Server:
    """A running JupyterLab. root: the folder it shows, a copy. port: where it listens. token: its key."""

    root: Path
    port: int
    token: str


@dataclass
class Notebook:
    """A notebook open in JupyterLab. page: playwright's page; console: its errors so far."""

    page: Page
    console: list = field(default_factory=list)

    def run_all(self):
        """Runs all cells, and waits until each has run and the kernel rests."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(EVERY_CELL_HAS_RUN, timeout=RUN_TIMEOUT)
        self.wait_until_idle()

    def wait_until_idle(self):
        """Waits until the kernel has nothing to do."""
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=RUN_TIMEOUT)

    def output(self, number=0):
        """The output area of the `number`-th cell that shows widgets: a playwright locator."""
        return (
            self.page.locator(".jp-OutputArea").filter(has=self.page.locator(".jupyter-widgets")).nth(number)
        )

    def picture(self, number=0):
        """What the `number`-th ipywidgets Image shows when it has come to rest, as its address: str.

        A lab redraws its picture sharper a moment after its sliders rest; only then does it stay as it is.
        """
        image = self.page.locator("img.widget-image").nth(number)
        before, now = None, image.get_attribute("src")
        while before != now:
            self.page.wait_for_timeout(REST)
            before, now = now, image.get_attribute("src")
        return now

    def wait_for_another_picture(self, than, number=0):
        """Waits until that picture is another one. The slider's readout is no sign: it runs ahead."""
        changed = "([than, number]) => document.querySelectorAll('img.widget-image')[number].src !== than"
        self.page.wait_for_function(changed, arg=[than, number], timeout=30 * SECONDS)

    def handle(self, number=0):
        """The handle of the `number`-th slider, brought into view: a playwright locator."""
        handle = self.page.locator(".widget-slider .noUi-handle").nth(number)
        handle.scroll_into_view_if_needed()
        return handle

    def press(self, key, number=0):
        """Presses a key on the `number`-th slider."""
        handle = self.handle(number)
        handle.focus()
        handle.press(key)

    def drag(self, right, number=0, steps=10):
        """Drags the `number`-th slider by so many pixels to the right, in so many moves of the mouse."""
        drag(self.page, self.handle(number), right, steps)

    def close(self):
        """Shuts the kernel down and closes the page."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget?.sessionContext?.shutdown()")
        self.page.close()

    def errors(self):
        """What went wrong: cells' error outputs, errors that labs show, the console's errors: list of str."""
        shown = self.page.locator(".bptt-error").all_inner_texts()
        return self.page.evaluate(ERROR_OUTPUTS) + shown + self.console


def drag(page, handle, right, steps=10):
    """Drags a slider's handle by so many pixels to the right, in so many moves of the mouse."""
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y, steps=steps)
    page.mouse.up()


def find_chromium():
    """The path of Chromium or Chrome, or None: CHROMIUM names one that is not on the path."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return path and shutil.which(path)


@contextmanager
def running_jupyterlab(home):
    """A JupyterLab that keeps all that is its own in the folder `home`, and shows home/root: Server."""
    root = home / "root"
    root.mkdir(exist_ok=True)
    server = Server(root, free_port(), secrets.token_hex(16))
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            jupyterlab(server), cwd=root, env=own_settings(home), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(server, process, home / "log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def opened(page, server, path):
    """The notebook at `path` below the server's root, in this playwright page, its kernel idle: Notebook."""
    notebook = Notebook(page)
    page.on("console", lambda said: notebook.console.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: notebook.console.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{path}?reset&token={server.token}")
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=START_TIMEOUT * SECONDS)
    notebook.wait_until_idle()
    return notebook


def jupyterlab(server):
    """The command that starts JupyterLab: list of str."""
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        f"--ServerApp.root_dir={server.root}",
        f"--ServerApp.port={server.port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={server.token}",
    ]


def own_settings(home):
    """The environment of a JupyterLab that neither reads nor writes the user's settings: dict."""
    settings = home / "config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    # The question about news would cover a corner of the page.
    settings.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}))
    places = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    return os.environ | {name: str(place) for name, place in places.items()}


def free_port():
    """A port that nobody listens on now: int."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(server, process, log):
    """Waits until the server listens. Raises RuntimeError with its log if it ends or takes too long."""
    patience = time.monotonic() + START_TIMEOUT
    while time.monotonic() < patience and process.poll() is None:
        with closing(socket.socket()) as caller:
            if caller.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start. It said:\n{log.read_text()}")
