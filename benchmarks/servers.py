"""What is measured and what it is measured against, each in processes of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEY = "a-key-of-the-benchmarks-which-is-long-enough"
PATIENCE = 120
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 10000000;
  gzip_static on;
  etag off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type "text/html; charset=utf-8";
  server {{
    listen 127.0.0.1:{port};
    root {folder}/pages;
{headers}
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


class NotStarted(Exception):
    """A server that does not answer; what it wrote is on standard error."""


@contextmanager
def program(folder: Path, url: str, *, workers: int = 1, **settings: object) -> Generator[Server]:
    """`moderation serve`, as it is run, with every limit on submissions lifted."""
    unlimited = {"submit_limit": "", "waiting_per_thread": 0, "waiting": 0}
    chosen = {"database_url": url, "secret_keys": KEY, **unlimited, **settings}
    environment = {f"MODERATION_{name.upper()}": str(value) for name, value in chosen.items()}
    port = free_port()
    command = ["-m", "moderation", "serve", "--port", str(port), "--workers", str(workers)]
    with _running([sys.executable, *command], port, folder, environment) as server:
        yield server


@contextmanager
def baseline(
    app: str, folder: Path, environment: Mapping[str, str], *, workers: int = 1
) -> Generator[Server]:
    """One of the apps of `baselines`, served with the options `moderation serve` gives uvicorn."""
    port = free_port()
    command = ["-m", "benchmarks.baselines", app, str(port), str(workers)]
    with _running([sys.executable, *command], port, folder, environment) as server:
        yield server


@contextmanager
def nginx(folder: Path, pages: Mapping[str, bytes], headers: Mapping[str, str]) -> Generator[Server | None]:
    """Serves these files with these headers from the disk; None where nginx is not installed."""
    command = _nginx()
    if command is None:
        yield None
        return
    port = free_port()
    for name, content in pages.items():
        file = folder / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    escaped = {name: value.replace('"', '\\"') for name, value in headers.items()}
    fields = "\n".join(f'    add_header {name} "{value}";' for name, value in escaped.items())
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, headers=fields, user=user))
    with _running([command, "-c", str(folder / "nginx.conf"), "-e", "stderr"], port, folder, {}) as server:
        yield server


def nginx_version() -> str:
    """Empty where it is not installed."""
    command = _nginx()
    if command is None:
        return ""
    told = subprocess.run([command, "-v"], capture_output=True, text=True, check=True).stderr  # noqa: S603
    return told.strip().rpartition(": ")[2].replace("/", " ")


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def _running(
    command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str]
) -> Generator[Server]:
    log = folder / f"{port}.log"
    with log.open("w") as written:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=written,
            stderr=written,
        )
    try:
        _wait(process, port, log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotStarted(log.read_text())


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
