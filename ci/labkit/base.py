"""The base image of a release, below the disks of its hosts: built when first wanted, and kept in the cache folder.

In: the recipe, and the package sources that this machine's own apt is set up with. Out: the folder of a
complete image. Nothing of the sources or of a proxy stays in the image.
"""

import hashlib
import os
import re
import shutil
import time
from pathlib import Path

from labkit import recipe
from labkit.mounts import unmount_below
from labkit.shell import LabError, attempt, demand
from labkit.state import flock, known

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
IMAGE = re.compile(r"[0-9a-f]{12}")  # the name of an image's folder: `recipe.digest`
BUILD_SECONDS = 1800.0
KEPT_SECONDS = 24 * 3600.0
# A build ends with its builder, even one that is killed, and its mounts with it: the next may begin at once.
TIED = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def cache_folder() -> Path:
    """Return the folder of images and disks: $XDG_CACHE_HOME/opspact-lab, ~/.cache/opspact-lab without it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opspact-lab"


def image(release: str) -> Path:
    """Given a release, return where the image of its recipe as it is now lies, or will lie."""
    return cache_folder() / recipe.digest(release) / "root"


def build(release: str = recipe.RELEASES[0]) -> Path:
    """Given a release, have its image, building it if there is none yet, and return it.

    Images that nobody asked for in a day go, unless in use: checkouts with different recipes leave each other's. A
    second builder waits for the first. Raise `LabError` for a release that has no recipe, and when the build fails;
    nothing half-made is taken for done.
    """
    if release not in recipe.RELEASES:
        raise LabError(f"no recipe for the release {release!r}; there is one for {', '.join(recipe.RELEASES)}")
    cache_folder().mkdir(parents=True, exist_ok=True)
    with flock(cache_folder() / "base.lock"):
        for left in [*cache_folder().glob("*.partial"), *filter(_is_left, cache_folder().glob("probe-*"))]:
            _discard(left)
        if not image(release).exists():
            partial = cache_folder() / f"{recipe.digest(release)}.partial"
            partial.mkdir(mode=0o755)
            _bootstrap(partial / "root", release)
            _settle(partial / "root", release)
            partial.rename(image(release).parent)
        os.utime(image(release).parent)
        _discard_older()
    return image(release)


def _bootstrap(root: Path, release: str) -> None:
    options = [f"--aptopt={line}" for line in _apt_options()]
    options += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "locale", "doc", "info")]
    if KEYRING.exists():
        options.append(f"--keyring={KEYRING}")
    shelf = f'"$1{recipe.SHELF_FOLDER}"'
    fetch = (
        f'mkdir -p {shelf} && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" && apt-get clean && apt-get install --yes '
        f"--no-install-recommends --reinstall --download-only {' '.join(recipe.shelf(release))} && "
        f'cp "$1"/var/cache/apt/archives/*.deb {shelf}'
    )
    sources = _sources(release)
    arguments = ["--mode=root", "--variant=apt", "--format=directory", f"--include={','.join(recipe.PACKAGES)}"]
    target = [release, str(root), *(["-"] if sources else [])]
    command = [*TIED, "mmdebstrap", *arguments, *options, f"--customize-hook={fetch}", *target]
    done = attempt(command, stdin=sources, timeout=BUILD_SECONDS)
    if done.rc != 0:
        raise LabError(
            f"the base image of {release} could not be built (mmdebstrap, exit code {done.rc}):\n{done.err[-3000:]}"
        )


def _sources(release: str) -> str:
    """Given a release, return this machine's own sources as apt lines for it.

    A machine with another release of Debian takes this one from where it takes its own. Empty where it has none of
    them: mmdebstrap's own then.
    """
    form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    lines = attempt(["apt-get", "indextargets", "--no-release-info", "--format", form, "Created-By: Packages"]).out
    for own in (release, *recipe.RELEASES):
        suites = [[f"{own}{part}", "main"] for part in ("", "-updates", "-security")]
        wanted = {line for line in lines.splitlines() if line.split()[2:] in suites}
        if any(f" {own} " in line for line in wanted):
            return "".join(sorted(f"{line.replace(f' {own}', f' {release}')}\n" for line in wanted))
    return ""


def _apt_options() -> list[str]:
    """Return how this machine's apt reaches its sources: proxies, certificates, tolerance of old indexes."""
    words = ("Proxy", "Check-Valid-Until", "Check-Date", "CaInfo", "CAInfo", "CaPath", "Retries", "Timeout")
    lines = attempt(["apt-config", "dump"]).out.splitlines()
    return [line for line in lines if line.startswith("Acquire::") and any(f"::{word}" in line for word in words)]


def _settle(root: Path, release: str) -> None:
    for path, text in recipe.FILES.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for path in recipe.UNWANTED:
        (root / path.lstrip("/")).unlink(missing_ok=True)
    _write_index(root, root / recipe.SHELF_FOLDER.lstrip("/"))
    demand(["chroot", str(root), "/bin/sh", "-c", recipe.settle(release)])
    hosts = [
        str(path) for name in ("sources.list.d", "apt.conf.d") for path in (root / "etc/apt" / name).glob("*proxy*")
    ]
    if hosts:
        raise LabError(f"the base image kept settings of this machine: {', '.join(hosts)}")


def _write_index(root: Path, shelf: Path) -> None:
    """Write the shelf's `Packages` (apt's flat repository format: control fields, then where and how large)."""
    entries = []
    for package in sorted(shelf.glob("*.deb")):
        inside = f"{recipe.SHELF_FOLDER}/{package.name}"
        control = demand(["chroot", str(root), "dpkg-deb", "--field", inside]).rstrip("\n")
        checksum = hashlib.sha256(package.read_bytes()).hexdigest()
        entries.append(f"{control}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {checksum}\n")
    (shelf / "Packages").write_text("\n".join(entries))


def _discard_older() -> None:
    used = {Path(host.base).parent for state in known() for host in state.hosts.values()}
    used |= {image(release).parent for release in recipe.RELEASES}
    for folder in cache_folder().iterdir():
        is_image = IMAGE.fullmatch(folder.name) is not None and (folder / "root").is_dir()
        if is_image and folder not in used and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            _discard(folder)


def _is_left(probe: Path) -> bool:
    """Whether the process that made the folder of an overlay probe (`capability`) is gone."""
    return not Path("/proc", probe.name.split("-")[1]).exists()


def _discard(folder: Path) -> None:
    unmount_below(folder)  # a killed build leaves /proc and /sys mounted; removing the tree must not reach into them
    shutil.rmtree(folder)
