"""What is around the database: settings, keys, packages, mail, limits, the disk."""

import os
import re
import shutil
import stat
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from limits.storage import storage_from_string
from sqlalchemy import make_url

from moderation import keyring, mail
from moderation.doctor.finding import Finding, failure, ok, warning
from moderation.settings import KEYS_FILE, Settings

# What nobody would draw at random.
EXAMPLE = re.compile(
    r"change.?me|example|replace|secret|password|default|abcdef|123456|(.)\1{5}", re.IGNORECASE
)
NETWORKED = frozenset(
    {"9p", "afs", "ceph", "cifs", "davfs", "fuse.sshfs", "glusterfs", "nfs", "nfs4", "smb3", "smbfs"}
)
LITTLE = 100 * 2**20  # bytes
FEW_FILES = 1000


def _site(settings: Settings) -> list[Finding]:
    host = urlsplit(settings.site_url).hostname or ""
    if settings.secure:
        return [ok("site", settings.site_url)]
    if settings.local:
        return [ok("site", f"{settings.site_url} is this machine’s own: nobody else follows its links")]
    if host.endswith(".onion"):
        return [ok("site", f"{settings.site_url} is encrypted by Tor")]
    told = f"{settings.site_url} is not encrypted: sessions can be overheard"
    return [warning("site", told, "Give SITE_URL as https, with a web server that has a certificate.")]


def _keys(settings: Settings) -> list[Finding]:
    advice = "Run: moderation rotate-keys, start anew, then: moderation rotate-keys --drop-old"
    if not settings.secret_keys and not KEYS_FILE.exists():
        return [warning("keys", "none yet", "One is made at the first start.")]
    try:
        keys = settings.keys()
    except keyring.Unreadable as error:
        return [failure("keys", str(error), "Put a backup of it in its place, or remove it.")]
    if any(EXAMPLE.search(key) or len(set(key)) < 12 for key in keys):
        return [failure("keys", "one looks like an example, or can be guessed", advice)]
    if settings.secret_keys:
        return [ok("keys", f"{len(keys)} in SECRET_KEYS")]
    mode = stat.S_IMODE(KEYS_FILE.stat().st_mode)
    if mode & 0o077:
        return [
            failure(
                "keys", f"{KEYS_FILE} can be read by others ({mode:o})", f"chmod 600 {KEYS_FILE}; {advice}"
            )
        ]
    return [ok("keys", f"{len(keys)} in {KEYS_FILE}, the owner’s alone")]


def _packages(settings: Settings) -> list[Finding]:
    wanted = {
        re.split(r"[^\w.-]", line)[0] for line in requires("moderation") or [] if "extra ==" not in line
    }
    if make_url(settings.database_url).get_backend_name() == "postgresql":
        wanted.add("psycopg")
    scheme = urlsplit(settings.limits_url).scheme
    wanted |= {name for name in ("redis", "valkey") if scheme.startswith(name)}
    missing = sorted(name for name in wanted if not _is_installed(name))
    if missing:
        return [failure("packages", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")]
    return [ok("packages", f"{len(wanted)} installed")]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _mail(settings: Settings) -> list[Finding]:
    if settings.smtp_url is None:
        return [
            warning("mail", "none is sent", "Set SMTP_URL, or hand links on: moderation sign-in-link EMAIL")
        ]
    try:
        return [ok("mail", mail.greet(settings))]
    except mail.NotSent as error:
        return [failure("mail", f"the server does not take letters: {error}", "Look at SMTP_URL.")]


def _limits(settings: Settings) -> list[Finding]:
    if not settings.submit_limit:
        return [
            warning("limits", "one sender may send without end", "Set SUBMIT_LIMIT, as in: 10 per minute")
        ]
    if settings.limits_url.startswith("memory:"):
        told = "each process counts for itself: with several, a sender may send as many times more"
        return [ok("limits", told)]
    if not storage_from_string(settings.limits_url).check():
        return [failure("limits", "where servers count together does not answer", "Look at LIMITS_URL.")]
    return [ok("limits", "where servers count together answers")]


def _metrics(settings: Settings) -> list[Finding]:
    if settings.metrics_token is not None:
        return [ok("metrics", "for who has METRICS_TOKEN")]
    if settings.local:
        return [ok("metrics", "for this machine alone")]
    return [ok("metrics", "for nobody: a site that others reach shows them to the bearer of METRICS_TOKEN")]


def _disk(settings: Settings) -> list[Finding]:
    folders = {KEYS_FILE.absolute().parent} if not settings.secret_keys else set()
    address, size = make_url(settings.database_url), 0
    if address.get_backend_name() == "sqlite":
        file = Path(str(address.database)).absolute()
        folders.add(file.parent)
        size = file.stat().st_size if file.exists() else 0
        if (kind := _kind(file.parent)) in NETWORKED:
            told = f"{file.parent} is on a network ({kind}), where SQLite loses data"
            return [failure("disk", told, "Move the database to a disk of this machine, or to PostgreSQL.")]
    return [_room(folder, size) for folder in sorted(folders)] or [ok("disk", "nothing is kept on it")]


def _room(folder: Path, size: int) -> Finding:
    if not folder.exists():
        return warning("disk", f"{folder} is not there", "Run: moderation upgrade")
    with TemporaryFile(dir=folder) as trial:
        trial.write(b"moderation")
    free, files = shutil.disk_usage(folder).free, os.statvfs(folder)
    told = f"{folder}: {free // 2**20} MB free"
    if free < LITTLE // 5 or (files.f_files and files.f_favail < FEW_FILES // 10):
        return failure("disk", told, "Make room: soon nothing more can be written.")
    if free < max(LITTLE, 2 * size) or (files.f_files and files.f_favail < FEW_FILES):
        return warning(
            "disk", told, "Make room: an upgrade and a restore need as much again as the database."
        )
    return ok("disk", told)


def _kind(folder: Path) -> str:
    """Which file system the folder is on; empty where the system does not tell."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    kinds = {
        fields[1].encode().decode("unicode_escape"): fields[2]
        for fields in map(str.split, mounts.read_text(encoding="utf-8").splitlines())
    }
    real = folder.resolve()
    return next((kinds[str(place)] for place in (real, *real.parents) if str(place) in kinds), "")


LOOKS: dict[str, Callable[[Settings], list[Finding]]] = {
    "site": _site,
    "keys": _keys,
    "packages": _packages,
    "mail": _mail,
    "limits": _limits,
    "metrics": _metrics,
    "disk": _disk,
}
