"""JupyterLab on a folder of lessons: a port, a link, a browser, and a clean end."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from workbench.errors import WorkbenchError

HOST = "127.0.0.1"
FIRST_PORT = 8888
PORTS_TRIED = 100
INDEX = "00_workbench.ipynb"
START_LIMIT_S = 90.0
# Lab asks newcomers whether it may fetch news, and looks for updates: neither leaves here.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


# The server is on this machine: a proxy that the environment names does not know it.
_here = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServeError(WorkbenchError):
    """JupyterLab that cannot be started, with what was expected."""


def serve(
    root: Path,
    index: str = INDEX,
    port: int = FIRST_PORT,
    browser: bool = True,
    before: Callable[[str, str], None] | None = None,
) -> int:
    """Serve a folder with JupyterLab until Ctrl-C.

    Parameters
    ----------
    root : Path
        The folder that Lab shows.
    index : str
        The notebook to open, relative to `root`; Lab's launcher when it is not there.
    port : int
        1 to 65535; the next free one is taken, and said, when somebody listens there.
    browser : bool
        Open a browser where there is one. The link is printed in any case.
    before : callable, optional
        Called with the server's address and token when it answers, before the browser opens.

    Returns
    -------
    int
        0 after Ctrl-C or a shutdown from Lab's menu.

    Raises
    ------
    ServeError
        When there is no JupyterLab, no free port, or the server ends by itself.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ServeError("JupyterLab is not installed here; expected it beside the workbench")
    if not root.is_dir():
        raise ServeError(f"{root} is no folder; expected one that holds the lessons")
    chosen = free_port(port)
    if chosen != port:
        print(f"Port {port} is taken; using {chosen}.")
    token = secrets.token_hex(24)
    page = f"doc/tree/{quote(index)}" if (root / index).is_file() else "lab"
    link = f"http://{HOST}:{chosen}/{page}?token={token}"
    with _signals_end_it(), _lab_process(root, chosen, token) as process:
        try:
            _wait_until_it_answers(process, chosen)
            if before is not None:
                before(f"http://{HOST}:{chosen}", token)
            print(f"JupyterLab is running; Ctrl-C ends it.\n\n    {link}\n", flush=True)
            if browser and has_browser():
                webbrowser.open(link)
            code = process.wait()
        except KeyboardInterrupt:
            _shut_down(process, chosen, token)
            print("\nJupyterLab has ended.")
            return 0
    if code:
        raise ServeError(f"JupyterLab ended by itself with code {code}; see its lines above")
    return 0


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on."""
    if not 1 <= first <= 65535:
        raise ServeError(f"port {first} is out of range; expected 1 to 65535")
    last = min(first + PORTS_TRIED, 65536)
    for port in range(first, last):
        with socket.socket() as probe, contextlib.suppress(OSError):
            if os.name == "posix":
                # A port that was closed a moment ago may be bound again, as Jupyter does.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise ServeError(f"no free port from {first} to {last - 1}; expected one, choose with --port")


def has_browser() -> bool:
    """Whether a window could open here: a screen, or a browser named by hand."""
    if os.environ.get("BROWSER"):
        return True
    on_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(on_screen) or sys.platform in ("win32", "darwin")


@contextlib.contextmanager
def _lab_process(root: Path, port: int, token: str) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory(prefix="workbench-", ignore_cleanup_errors=True) as temp:
        labconfig = Path(temp) / "labconfig"
        labconfig.mkdir()
        (labconfig / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS))
        paths = [temp, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--log-level=WARN"),
            *("--LabApp.log_level=WARN", "--LabApp.extension_manager=readonly"),
            *(f"--ip={HOST}", f"--port={port}", "--ServerApp.port_retries=0"),
            f"--ServerApp.root_dir={root.resolve()}",
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
        environment = {
            **os.environ,
            "JUPYTER_TOKEN": token,  # not on the command line, where everybody could read it
            "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
        }
        # A group of its own: Ctrl-C reaches us alone, and we end the server in order.
        apart = {"creationflags": 0x200} if os.name == "nt" else {"process_group": 0}
        process = subprocess.Popen(command, env=environment, **apart)  # type: ignore[call-overload]
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def ask(request: str | urllib.request.Request, timeout_s: float) -> http.client.HTTPResponse:
    """Send a request to a server of this machine, past any proxy; an OSError as of urllib."""
    answer: http.client.HTTPResponse = _here.open(request, timeout=timeout_s)
    return answer


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_LIMIT_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(f"http://{HOST}:{port}/api", 2).close()
            return
        time.sleep(0.05)
    if process.poll() is None:
        raise ServeError(f"JupyterLab did not answer on port {port} in {START_LIMIT_S:.0f} s")
    raise ServeError(f"JupyterLab did not start (code {process.returncode}); see its lines above")


def _shut_down(process: subprocess.Popen[bytes], port: int, token: str) -> None:
    """Ask the server to end, kernels and all; `_lab_process` ends it if it does not."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api/shutdown",
        method="POST",
        headers={"Authorization": f"token {token}"},
    )
    with contextlib.suppress(
        OSError, http.client.HTTPException, subprocess.TimeoutExpired, KeyboardInterrupt
    ):
        ask(request, 5).close()
        process.wait(10)


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """A closed terminal or a polite kill ends the server just as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {}
    for name in names:
        number = getattr(signal, name)
        with contextlib.suppress(ValueError):  # not in the main thread
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
