"""The server that `make lab` and `workbench lab` start: link, port, browser, and its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from workbench import serve

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/\S+")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my lessons").mkdir()
    (tmp_path / "my lessons" / serve.INDEX).write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    return tmp_path / "my lessons"


def start(folder, *arguments, **environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "lab", str(folder), "--in-place", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if LINK.search(line):
            return process, lines, LINK.search(line)
    raise AssertionError(f"no link in {lines}")


def end(process, how=signal.SIGINT):
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert children
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    return rest


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_link_opens_the_index_and_the_end_leaves_no_process(folder, how):
    """A taken port is said and passed over; with a token only; nobody is asked anything."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process, lines, link = start(folder, f"--port={port}", "--no-browser")
        try:
            assert int(link[1]) > port
            assert f"Port {port} is taken; using {link[1]}." in lines[0]
            assert f"/doc/tree/{serve.INDEX}?token=" in link[0]
            with urllib.request.urlopen(link[0], timeout=30) as page:
                assert page.status == 200
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"http://127.0.0.1:{link[1]}/api/contents", timeout=30)
            token = link[0].rpartition("=")[2]
            for child in psutil.Process(process.pid).children(recursive=True):
                assert token not in " ".join(child.cmdline()), "the token is on a command line"
            assert "has ended" in end(process, how)
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(folder):
    nobody = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
    process, _, _ = start(folder, "--no-browser", **nobody)
    try:
        assert "has ended" in end(process)
    finally:
        process.kill()


@pytest.mark.skipif(os.name == "nt", reason="the browser here is a script with a first line")
def test_the_browser_is_opened_at_the_link_once_the_server_answers(folder, tmp_path):
    seen = tmp_path / "seen.txt"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{seen}.part"; mv "{seen}.part" "{seen}"\n')
    browser.chmod(0o755)
    process, _, link = start(folder, BROWSER=str(browser))
    try:
        limit = time.monotonic() + 30
        while not seen.exists() and time.monotonic() < limit:
            time.sleep(0.05)
        assert seen.read_text().strip() == link[0]
        end(process)
    finally:
        process.kill()


def test_without_a_screen_no_browser_is_tried(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not serve.has_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    assert serve.has_browser()


def test_a_free_port_is_taken_as_it_is_and_a_taken_one_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = serve.free_port(port)
        assert port < found < port + serve.PORTS_TRIED
    assert serve.free_port(found) == found


def test_no_free_port_is_an_error_that_says_which_were_tried(monkeypatch):
    class Full(socket.socket):
        def bind(self, address):
            raise OSError("in use")

    monkeypatch.setattr(serve.socket, "socket", Full)
    with pytest.raises(serve.ServeError, match="no free port from 65500 to 65535"):
        serve.free_port(65500)


def test_a_server_that_cannot_start_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(serve.sys, "executable", "/bin/false" if os.name == "posix" else "cmd")
    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(serve.ServeError, match="did not start"):
        serve.serve(tmp_path, browser=False)


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(serve.ServeError, match="expected one that holds the lessons"):
        serve.serve(Path("nowhere-at-all"))
