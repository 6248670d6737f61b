"""Take one submission out of a pull request as data: `take_submission.py REPO BASE HEAD TARGET`.

Prints `id=<id>` for the workflow. Reads blobs from git, never a working tree, so that links, hooks
and filters of the pull request have no effect; refuses changes anywhere else than in one folder of
leaderboard/submissions/. Needs nothing but Python and git.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDER = "leaderboard/submissions/"
MOST_FILES = 500
LARGEST = 2**23
ID = re.compile(r"[a-z0-9](?:[a-z0-9._=,\[\]-]{0,62}[a-z0-9\]])?", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+=,\[\]-]{0,120}", re.ASCII)


def git(repository: str, *words: str) -> bytes:
    """Return what git prints."""
    return subprocess.run(
        ["git", "-C", repository, *words], check=True, stdout=subprocess.PIPE
    ).stdout


def changed(repository: str, base: str, head: str) -> list[str]:
    """Return the paths that differ from the point where the pull request left its base."""
    listed = git(repository, "diff", "--name-only", "--no-renames", "-z", f"{base}...{head}")
    return [decoded(name) for name in listed.split(b"\0") if name]


def decoded(name: bytes) -> str:
    """Return a path as text; bytes that are no UTF-8 stay, to be refused by name."""
    return name.decode("utf-8", "surrogateescape")


def submission(paths: list[str]) -> str:
    """Return the id of the one submission these paths belong to."""
    outside = [path for path in paths if not path.startswith(FOLDER)]
    if outside:
        sys.exit(f"a submission changes {FOLDER}<id> only, not {outside[0]!a}")
    names = {path[len(FOLDER) :].split("/")[0] for path in paths}
    if len(names) != 1:
        sys.exit("a pull request brings one submission; open one for each")
    (name,) = names
    if not ID.fullmatch(name) or ".." in name:
        sys.exit(f"{name!a} cannot be the id of a submission")
    return name


def take(repository: str, head: str, name: str, target: Path) -> None:
    """Write the files of a submission as they are in the pull request."""
    listed = git(repository, "ls-tree", "-r", "-l", "-z", head, "--", f"{FOLDER}{name}/")
    entries = [entry for entry in listed.split(b"\0") if entry]
    if not 0 < len(entries) <= MOST_FILES:
        sys.exit(f"the submission has {len(entries)} files; it needs 1 to {MOST_FILES}")
    for entry in entries:
        facts, _, path = decoded(entry).partition("\t")
        mode, kind, blob, size = facts.split()
        parts = path[len(FOLDER) :].split("/")[1:]
        plain = mode == "100644" and kind == "blob"
        if not plain or not all(NAME.fullmatch(part) for part in parts) or ".." in parts:
            sys.exit(f"{path!a} is no plain file of a plain name")
        if int(size) > LARGEST:
            sys.exit(f"{path!a} is larger than any file of a submission")
        place = target.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(git(repository, "cat-file", "blob", blob))


def main() -> None:
    """Take the submission of a pull request."""
    repository, base, head, target = sys.argv[1:]
    name = submission(changed(repository, base, head))
    folder = Path(target) / name
    for old in sorted(folder.rglob("*"), reverse=True):
        if old.is_dir():
            old.rmdir()
        else:
            old.unlink()
    take(repository, head, name, folder)
    print(f"id={name}")


if __name__ == "__main__":
    main()
