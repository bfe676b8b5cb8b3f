"""The command `workbench`: the lessons in a folder of yours, and JupyterLab on them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import workbench
from workbench import deck, lesson_files, serve
from workbench.errors import WorkbenchError

DEFAULT_FOLDER = "mixnet-lessons"
DESCRIPTION = """\
Understand mix networks by hand: build real Sphinx packets, mix live traffic, measure
anonymity, and play the rewards game, in Jupyter notebooks on your own machine."""
EPILOG = f"""\
examples:
  workbench lab                   the lessons in ./{DEFAULT_FOLDER}, opened in your browser
  workbench lab ~/mixnets         the same in a folder of your choice
  workbench lab --no-browser      on a machine without a screen: prints the link
  workbench lessons ~/mixnets     only copy, or bring a copy up to date
  workbench present 05            lesson 5 for a room: full screen, next and back by key

A lesson that you changed is never overwritten: what was kept is said, and the rest is
brought up to date. Nothing leaves your machine."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; a new command is a few lines here and one function."""
    parser = argparse.ArgumentParser(
        prog="workbench",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"workbench {workbench.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    lab = _command(commands, "lab", open_lab, "copy the lessons to a folder and open Lab there")
    _folder(lab, f"folder for your copy (default: ./{DEFAULT_FOLDER})")
    _server(lab)
    lab.add_argument(
        "--in-place", action="store_true", help="open Lab on DIR as it is and copy nothing"
    )

    lessons = _command(
        commands, "lessons", copy_only, "copy the lessons to a folder, or bring a copy up to date"
    )
    _folder(lessons, f"folder for your copy (default: ./{DEFAULT_FOLDER})")

    present = _command(
        commands, "present", show_to_a_room, "show a lesson to a room: full screen, big type"
    )
    present.add_argument(
        "lesson", metavar="LESSON", nargs="?", default="00", help="its number (default: 00)"
    )
    present.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        help="folder of your copy (default: the lessons as they were shipped)",
    )
    _server(present)
    return parser


def _server(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--port",
        type=int,
        default=serve.FIRST_PORT,
        help="port of the server; the next free one if it is taken (default: %(default)s)",
    )
    command.add_argument(
        "--no-browser", action="store_true", help="only print the link, open no browser"
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    action: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.set_defaults(action=action)
    return parser


def _folder(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, default=Path(DEFAULT_FOLDER), help=summary
    )


def open_lab(arguments: argparse.Namespace) -> int:
    """`workbench lab`: bring the copy up to date, then serve it."""
    folder: Path = arguments.folder
    index = serve.INDEX
    if arguments.in_place:
        # A checkout holds its lessons one level down, as Binder shows it.
        index = index if (folder / index).is_file() else f"lessons/{index}"
    else:
        copy_only(arguments)
    return serve.serve(folder, index, arguments.port, browser=not arguments.no_browser)


def show_to_a_room(arguments: argparse.Namespace) -> int:
    """`workbench present`: one hidden cell in a folder of its own, run ahead, then served."""
    lesson = lesson_files.find_lesson(arguments.lesson, arguments.folder)
    print(f"Preparing {lesson.stem}; then press Enter in the browser.", flush=True)
    with tempfile.TemporaryDirectory(prefix="present-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        path = deck.write(root, lesson)

        def before(url: str, token: str) -> None:
            try:
                deck.run_ahead(url, token, root, path, lesson)
            except deck.DeckError as error:
                print(f"workbench: {error}", file=sys.stderr)

        return serve.serve(
            root, path.name, arguments.port, browser=not arguments.no_browser, before=before
        )


def copy_only(arguments: argparse.Namespace) -> int:
    """`workbench lessons`: copy, and say what was done."""
    print(lesson_files.copy_lessons(arguments.folder).summary(), flush=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code, 1 with one line for an error of ours."""
    parsed = build_parser().parse_args(arguments)
    action: Callable[[argparse.Namespace], int] = parsed.action
    try:
        return action(parsed)
    except WorkbenchError as error:
        print(f"workbench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
