"""The notebook behind a talk: one hidden cell, run before the browser opens.

A page that had to start a kernel first could not go full screen by the first key: browsers
want the gesture and the call together. So the command runs the cell, and the page that
opens finds the live widget, as it does after a reload.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench import serve
from workbench.errors import WorkbenchError

_WIDGET = "application/vnd.jupyter.widget-view+json"
_LIMIT_S = 120.0
_SILENCE_S = 20.0


class DeckError(WorkbenchError):
    """A talk that could not be prepared, with what was expected."""


def write(root: Path, lesson: Path) -> Path:
    """Write the notebook that presents a lesson into `root`; its path."""
    path = root / f"present_{lesson.name}"
    _write(path, lesson, [])
    return path


def _source(lesson: Path) -> str:
    call = f"present({lesson.name!r}, {str(lesson.resolve().parent)!r})"
    return f"from workbench.panels.presenter import present\n\n{call}"


def _write(path: Path, lesson: Path, outputs: list[dict[str, Any]]) -> None:
    import nbformat
    from nbformat.sign import NotebookNotary

    cell = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
        _source(lesson),
        outputs=[*map(nbformat.from_dict, outputs)],
        metadata={"jupyter": {"source_hidden": True}},
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[cell], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        # Lab shows no widget of a notebook that it does not trust. Without a signature the
        # cell is still there to be run by hand.
        warnings.simplefilter("ignore")
        # What stands in the file is what Lab will check, so that is what is signed.
        written = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        NotebookNotary().sign(written)  # type: ignore[no-untyped-call]


def run_ahead(url: str, token: str, root: Path, path: Path, lesson: Path) -> None:
    """Start the notebook's kernel on the server, run its cell, and keep what it shows.

    Raises
    ------
    DeckError
        When the kernel cannot be reached or the cell fails; the notebook is then as
        :func:`write` made it, and its cell can be run by hand.
    """
    try:
        kernel = _new_session(url, token, path.relative_to(root).as_posix())
        outputs = _execute(kernel, _source(lesson))
    except (OSError, ValueError, KeyError, RuntimeError, TimeoutError) as error:
        raise DeckError(f"the slides were not prepared ({error}); run the cell by hand") from error
    _write(path, lesson, outputs)


def _new_session(url: str, token: str, name: str) -> str:
    body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    request = urllib.request.Request(
        f"{url}/api/sessions",
        data=json.dumps(body).encode(),
        method="POST",
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    with serve.ask(request, 60) as answer:
        return str(json.load(answer)["kernel"]["id"])


def _execute(kernel: str, code: str) -> list[dict[str, Any]]:
    """Run code in a kernel of this machine, by its connection file; the widgets it shows."""
    with _client(kernel) as client:
        shown: list[dict[str, Any]] = []

        def hook(message: Any) -> None:
            content = message["content"]
            if message["msg_type"] == "error":
                raise RuntimeError(f"{content['ename']}: {content['evalue']}")
            if _WIDGET in content.get("data", {}):
                shown.append(
                    {"output_type": "display_data", "data": content["data"], "metadata": {}}
                )

        client.execute_interactive(code, timeout=_LIMIT_S, output_hook=hook, allow_stdin=False)
    if not shown:
        raise RuntimeError("the cell showed no widget")
    return shown


@contextlib.contextmanager
def _client(kernel: str) -> Iterator[Any]:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_core.paths import jupyter_runtime_dir

    client = BlockingKernelClient(
        connection_file=str(Path(jupyter_runtime_dir()) / f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    # A kernel that starts on a busy machine may be silent for longer than the second after
    # which Jupyter's client takes it for dead.
    client.hb_channel.time_to_dead = _SILENCE_S
    client.start_channels()
    try:
        client.wait_for_ready(timeout=_LIMIT_S)
        yield client
    finally:
        client.stop_channels()
