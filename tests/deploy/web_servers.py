"""The nginx and Caddy examples, on free ports and in a folder of their own, otherwise as they are."""

import os
import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.started import DEPLOY, certificate, needed, replaced, running

NGINX = """
daemon off;
{user}
pid nginx.pid;
error_log errors.log;
worker_processes 1;
events {{ worker_connections 768; }}
http {{
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Ports:
    http: int
    https: int
    onion: int
    program: int


@contextmanager
def nginx(folder: Path, ports: Ports, example: str, changes: dict[str, str]) -> Generator[Path]:
    """Yields the folder its logs are in."""
    command = (needed("nginx"), "-p", folder, "-c", folder / "nginx.conf")
    shutil.copytree(DEPLOY / "nginx" / "snippets", folder / "snippets")
    (folder / "conf.d").mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(user="user root;" if os.geteuid() == 0 else ""))
    pair = certificate(folder, "*.example.org" if example == "sites" else "localhost")
    server = folder / "snippets" / "moderation-server.conf"
    server.write_text(replaced(server.read_text(), {"/var/log/nginx/": f"{folder}/"}))
    names = ["moderation.conf", f"{example}.conf", *(["onion.conf"] if example == "site" else [])]
    for name in names:
        text = (DEPLOY / "nginx" / name).read_text(encoding="utf-8")
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
        text = text.replace("listen 80", f"listen 127.0.0.1:{ports.http}")
        text = text.replace("listen 443", f"listen 127.0.0.1:{ports.https}")
        text = text.replace("127.0.0.1:8081", f"127.0.0.1:{ports.onion}")
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{ports.program}")
        text = re.sub(r"/etc/letsencrypt/live/.*/fullchain.pem", str(pair[0]), text)
        text = re.sub(r"/etc/letsencrypt/live/.*/privkey.pem", str(pair[1]), text)
        text = text.replace("/var/www/html", str(folder))
        (folder / "conf.d" / name).write_text(
            replaced(text, changes if name == f"{example}.conf" else {}), encoding="utf-8"
        )
    checked = subprocess.run([*map(str, command), "-t"], capture_output=True, text=True, check=False)  # noqa: S603
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr, checked.stderr
    with running(*command, port=ports.https, folder=folder):
        yield folder


@contextmanager
def caddy(folder: Path, ports: Ports, example: str, changes: dict[str, str]) -> Generator[Path]:
    """Yields the folder its logs are in."""
    pair = certificate(folder, "*.example.org" if example == "sites" else "localhost")
    text = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    if example == "site":
        text += (DEPLOY / "caddy" / "onion.caddy").read_text(encoding="utf-8")
    else:
        text = text[: text.index("# One site on a name of its own")]
        text += (DEPLOY / "caddy" / f"{example}.caddy").read_text(encoding="utf-8")
    text = re.sub(r"^(\S*example\.org}? {)$", rf"\1\n\ttls {pair[0]} {pair[1]}", text, flags=re.MULTILINE)
    options = f"{{\n\thttp_port {ports.http}\n\thttps_port {ports.https}\n\tskip_install_trust\n\tadmin"
    text = replaced(
        text,
        {
            "{\n\tadmin": options,
            "/var/lib/caddy": str(folder),
            "/var/log/caddy": str(folder),
            **changes,
        },
    )
    for old, new in {
        ":8081": f":{ports.onion}",
        ":8000": f":{ports.program}",
        "/var/www/html": str(folder),
    }.items():
        text = text.replace(old, new)
    file = folder / "Caddyfile"
    file.write_text(text, encoding="utf-8")
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder)}
    command = (needed("caddy"), "run", "--config", file, "--adapter", "caddyfile")
    validate = [command[0], "validate", "--config", str(file), "--adapter", "caddyfile"]
    checked = subprocess.run(validate, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    assert checked.returncode == 0, checked.stderr
    with running(*command, port=ports.https, folder=folder, environment=environment):
        yield folder


SERVERS = {"nginx": nginx, "caddy": caddy}
