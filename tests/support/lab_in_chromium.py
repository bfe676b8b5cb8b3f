"""A real JupyterLab and a real Chromium, for the browser tests and the picture scripts.

Plain context managers, no pytest: `serve_lab()` starts a server on a copy of the lessons,
`start_chromium()` a browser, `LabBrowser.open()` opens one notebook: in a page of its own, or
in a Lab that is kept open for the next (loading Lab costs more than most tests do). How tests
use them is told at the top of tests/browser/conftest.py.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

PROJECT = Path(__file__).parents[2]
LESSONS = PROJECT / "lessons"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A request that leaves the machine is logged and fails the test; this makes it go nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
# Lab's own news and update checks are the only things it would fetch from outside.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # The harder case for "a saved notebook stays small"; Lab's own default is not to save it.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
# A notebook that is opened before its kernel is connected loses "Run All" without a word.
KERNEL_IS_READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const session = panel?.sessionContext;
    return panel?.content?.widgets?.length > 0 && session?.isReady
        && session.session?.kernel?.connectionStatus === 'connected';
}"""
RUN_ALL = """() => {
    window.testRun = {state: 'running'};
    window.jupyterapp.commands.execute('notebook:run-all-cells').then(
        ok => { window.testRun = {state: ok === false ? 'failed' : 'done'}; },
        error => { window.testRun = {state: 'failed', error: String(error)}; });
}"""
OPEN_BESIDE = """async path => {
    sessionStorage.clear();
    await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""
CLOSE_ALL = """() => {
    for (const document of [...window.jupyterapp.shell.widgets('main')]) {
        if (document.context) document.context.model.dirty = false;
        document.dispose();
    }
    return document.querySelectorAll('.jp-Dialog').length === 0;
}"""
IN_KERNEL = """async ([expression, setup]) => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({
        code: setup, silent: true, store_history: false, stop_on_error: false,
        user_expressions: {value: `__import__('json').dumps(${expression})`}});
    const reply = (await future.done).content;
    return reply.status === 'ok' ? reply.user_expressions.value : reply;
}"""


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome on this machine; WORKBENCH_CHROMIUM names one by hand."""
    named = os.environ.get("WORKBENCH_CHROMIUM")
    if named:
        return shutil.which(named)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        if found := shutil.which(name):
            return found
    usual = [
        Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
        Path(os.environ.get("PROGRAMFILES", "C:/Program Files"))
        / "Google/Chrome/Application/chrome.exe",
    ]
    return next((str(path) for path in usual if path.exists()), None)


@dataclass(frozen=True)
class LabServer:
    """A running JupyterLab: where it answers, and the folder that it serves."""

    url: str
    root: Path
    process: subprocess.Popen[bytes]
    log: Path

    def api(self, method: str, path: str) -> Any:
        """One call of the server's REST interface; None where there is no body."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def shut_kernels(self) -> None:
        """End every kernel, so that one test's memory and threads do not reach the next."""
        for kind in ("sessions", "kernels"):
            for one in self.api("GET", kind):
                with contextlib.suppress(urllib.error.HTTPError):
                    self.api("DELETE", f"{kind}/{one['id']}")


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve_lab(lessons: Path = LESSONS) -> Iterator[LabServer]:
    """JupyterLab of the running interpreter on a copy of `lessons`, with nobody's settings."""
    with tempfile.TemporaryDirectory(prefix="workbench-lab-", ignore_cleanup_errors=True) as temp:
        home = Path(temp)
        root = home / "files"
        shutil.copytree(lessons, root / "lessons", ignore=shutil.ignore_patterns(".*"))
        config = home / "config"
        (config / "labconfig").mkdir(parents=True)
        (config / "labconfig" / "default_setting_overrides.json").write_text(
            json.dumps(LAB_SETTINGS), encoding="utf-8"
        )
        port = free_port()
        private = {
            "JUPYTER_CONFIG_DIR": config,
            "JUPYTER_DATA_DIR": home / "data",
            "JUPYTER_RUNTIME_DIR": home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
            "IPYTHONDIR": home / "ipython",
        }
        options = [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={port}",
            f"--ServerApp.root_dir={root}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]
        log = home / "lab.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=root,
                env={**os.environ, **{name: str(path) for name, path in private.items()}},
            )
        server = LabServer(f"http://127.0.0.1:{port}", root, process, log)
        try:
            _wait_until_it_answers(server)
            yield server
        finally:
            with contextlib.suppress(OSError):
                server.shut_kernels()
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(server: LabServer, limit_s: float = 90.0) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            server.api("GET", "status")
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{server.log.read_text(errors='replace')}")


@dataclass
class LabPage:
    """One notebook in a page; `page` is Playwright's, for everything else."""

    page: Page
    path: str
    requests: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)

    @property
    def outside_requests(self) -> list[str]:
        """Every address asked for that is not this machine's; must stay empty."""
        return [url for url in self.requests if not is_local(url)]

    def wait_for_kernel(self, limit_s: float = 90) -> None:
        """Until the notebook is drawn and its kernel's socket is connected."""
        self.page.wait_for_function(KERNEL_IS_READY, timeout=limit_s * 1000)

    def run_all(self, limit_s: float = 180, allow_errors: bool = False) -> None:
        """Run every cell and wait until the last has finished; a raised error fails."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function(
            "() => window.testRun.state !== 'running'", timeout=limit_s * 1000
        )
        state = self.page.evaluate("() => window.testRun")
        errors = self.cell_errors()
        if not allow_errors and (errors or state["state"] != "done"):
            raise AssertionError(f"Run All ended with {state}: {errors}")

    def cell_errors(self) -> list[str]:
        """The error of every cell that raised, as 'name: message'."""
        outputs = self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
                .flatMap(cell => cell.outputs ?? [])
                .filter(output => output.output_type === 'error')
                .map(output => `${output.ename}: ${output.evalue}`)"""
        )
        return list(outputs)

    def cell_count(self) -> int:
        """How many cells the notebook has now (Lab's own keys delete and add them)."""
        return int(
            self.page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
            )
        )

    def cell(self, index: int) -> Locator:
        """The cell with this index, brought into view (Lab draws only what is near)."""
        self.page.evaluate(
            """async index => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                await notebook.scrollToItem(index, 'start');
            }""",
            index,
        )
        found = self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')
        found.wait_for(state="visible")
        return found

    def in_kernel(self, expression: str, setup: str = "pass") -> Any:
        """The value of a Python expression in the notebook's kernel, by way of JSON.

        `setup` is run before it. This is a test's way to ask the kernel, past the page.
        """
        reply = self.page.evaluate(IN_KERNEL, [expression, setup])
        if reply.get("status") != "ok":
            raise AssertionError(f"the kernel raised {reply.get('ename')}: {reply.get('evalue')}")
        text: str = reply["data"]["text/plain"]
        return json.loads(ast.literal_eval(text))

    def kernel_pid(self) -> int:
        """The kernel's process, for tests that stop or end it."""
        return int(self.in_kernel("__import__('os').getpid()"))

    def run_command(self, command: str) -> None:
        """One command of JupyterLab by its id, such as 'docmanager:save'."""
        self.page.evaluate("async id => { await window.jupyterapp.commands.execute(id); }", command)

    def set_viewport(self, width: int = 1280, height: int = 800) -> None:
        """Resize the window: 1280 is a laptop, 360 a telephone."""
        self.page.set_viewport_size({"width": width, "height": height})

    def set_theme(self, theme: str) -> None:
        """Switch Lab to "light" or "dark" and wait until its style sheet is in force."""
        wanted = THEMES[theme]
        if self.page.evaluate("() => document.body.dataset.jpThemeName") != wanted:
            self.page.evaluate(
                """async theme => {
                    await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
                }""",
                wanted,
            )
        self.page.wait_for_function(
            "theme => document.body.dataset.jpThemeName === theme", arg=wanted
        )

    def axe(self, root: str, impacts: Sequence[str] = ("serious", "critical")) -> list[str]:
        """The faults that axe-core finds inside `root` (a CSS selector), one line each.

        It sees nothing inside a canvas, so give each canvas a twin in the page.
        """
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(axe_source())
        result = self.page.evaluate(
            """async root => {
                if (!document.querySelector(root)) throw new Error(`nothing matches ${root}`);
                return await window.axe.run(root, {resultTypes: ['violations']});
            }""",
            root,
        )
        return [
            f"{fault['impact']} {fault['id']}: {fault['help']} at "
            + ", ".join(str(node["target"]) for node in fault["nodes"])
            for fault in result["violations"]
            if fault["impact"] in impacts
        ]


def is_local(url: str) -> bool:
    """Whether an address stays on this machine, or is no address at all (blob:, data:)."""
    parts = urlsplit(url)
    return parts.scheme in {"blob", "data", "about"} or parts.hostname == "127.0.0.1"


def axe_source() -> str:
    """axe-core's script, from the Python package that carries it: no download."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class LabBrowser:
    """A Chromium beside a Lab server; opens notebooks and keeps a log of what they ask for."""

    server: LabServer
    browser: Browser
    keeps_lab: bool = False
    _kept: _Window | None = None

    @contextlib.contextmanager
    def open(
        self,
        notebook: str,
        *,
        view: str = "doc",
        viewport: tuple[int, int] = (1280, 800),
        theme: str = "light",
        run: bool = False,
        scale: float = 1.0,
        fresh: bool = False,
    ) -> Iterator[LabPage]:
        """Open a lesson by its file name (a fresh copy), with its kernel connected.

        `view` is "doc" (the single-document view that visitors get) or "lab" (with side
        bars). `scale` is device pixels per CSS pixel, for pictures. `fresh` asks for a page
        that has shown nothing before, also where this browser keeps its Lab.
        """
        target = self.server.root / "lessons" / notebook
        if (LESSONS / notebook).exists():
            shutil.copyfile(LESSONS / notebook, target)
        is_plain = self.keeps_lab and not fresh and view == "doc" and scale == 1.0
        opened = self._beside if is_plain else self._page
        with opened(f"lessons/{notebook}", view, viewport, scale) as lab_page:
            lab_page.set_theme(theme)
            if run:
                lab_page.run_all()
            yield lab_page

    @contextlib.contextmanager
    def open_cells(self, cells: Sequence[str], **options: Any) -> Iterator[LabPage]:
        """Open a notebook made of these code cells; options as for `open`."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
        )
        with tempfile.NamedTemporaryFile(
            "w",
            dir=self.server.root / "lessons",
            prefix="adhoc-",
            suffix=".ipynb",
            encoding="utf-8",
            delete=False,
        ) as out:
            nbformat.write(notebook, out)
        try:
            with self.open(Path(out.name).name, **options) as lab_page:
                yield lab_page
        finally:
            Path(out.name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _page(
        self, path: str, view: str, viewport: tuple[int, int], scale: float
    ) -> Iterator[LabPage]:
        """A page of its own, closed at the end."""
        window = self._window(viewport, scale)
        try:
            yield self._shown(window, path, view)
        finally:
            window.close()
            with contextlib.suppress(OSError):
                self.server.shut_kernels()

    @contextlib.contextmanager
    def _beside(
        self, path: str, view: str, viewport: tuple[int, int], scale: float
    ) -> Iterator[LabPage]:
        """The Lab that is kept: its last notebook was closed, this one is opened."""
        window, self._kept = self._kept or self._window(viewport, scale), None
        try:
            if not window.loads:
                lab_page = self._shown(window, path, view)
            else:
                lab_page = window.show(path)
                lab_page.set_viewport(*viewport)
                lab_page.page.evaluate(OPEN_BESIDE, path)
                lab_page.wait_for_kernel()
            yield lab_page
        finally:
            if window.is_tidied():
                self._kept = window
            else:
                window.close()
            with contextlib.suppress(OSError):
                self.server.shut_kernels()

    def _window(self, viewport: tuple[int, int], scale: float) -> _Window:
        return _Window(
            self.browser.new_context(
                viewport={"width": viewport[0], "height": viewport[1]}, device_scale_factor=scale
            )
        )

    def _shown(self, window: _Window, path: str, view: str) -> LabPage:
        lab_page = window.show(path)
        # A lab view would otherwise come back with the last test's tabs.
        address = f"{self.server.url}/{view}/tree/{quote(path)}?reset"
        lab_page.page.goto(address, timeout=90_000)
        lab_page.wait_for_kernel()
        window.loads = 1
        return lab_page


class _Window:
    """One browser window with one page, and where its log goes."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page = page = context.new_page()
        page.set_default_timeout(30_000)
        self.log = LabPage(page, "")
        self.loads = 0
        context.on("request", lambda request: self.log.requests.append(request.url))
        page.on("websocket", lambda socket: self.log.requests.append(socket.url))
        page.on("pageerror", lambda error: self.log.page_errors.append(str(error)))
        page.on("console", self._console)
        page.on("domcontentloaded", self._loaded)

    def _console(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.log.console_errors.append(line.text)

    def _loaded(self, _: Page) -> None:
        self.loads += 1

    def show(self, path: str) -> LabPage:
        """What this window shows from now on, with an empty log."""
        self.log = LabPage(self.page, path)
        return self.log

    def is_tidied(self) -> bool:
        """Close the notebook; False for a window that the next notebook should not get."""
        if self.page.is_closed() or len(self.context.pages) > 1 or self.loads > 1:
            return False
        if self.log.page_errors:
            return False
        try:
            return bool(self.page.evaluate(CLOSE_ALL))
        except PlaywrightError:
            return False

    def close(self) -> None:
        self.context.close()


@contextlib.contextmanager
def start_chromium(server: LabServer, *, keeps_lab: bool = False) -> Iterator[LabBrowser]:
    """A headless Chromium for pages of `server`; `keeps_lab`: one Lab for many notebooks."""
    executable = find_chromium()
    if executable is None:
        raise RuntimeError("no Chromium here: install it, or name one in WORKBENCH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        try:
            yield LabBrowser(server, browser, keeps_lab)
        finally:
            browser.close()
