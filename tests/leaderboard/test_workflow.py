"""The GitHub workflow: least privilege, and a submission reaches the checks as data alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".github" / "take_submission.py"
WORKFLOW = ROOT / ".github" / "workflows" / "leaderboard.yml"
FOLDER = "leaderboard/submissions"


def git(repository, *words):
    found = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        cwd=repository, check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    return found.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with one submission, `old`."""
    root = tmp_path / "repository"
    (root / FOLDER / "old").mkdir(parents=True)
    (root / FOLDER / "old" / "card.yaml").write_text("name: Old\n", encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "base")
    return root


def propose(repository, change):
    """Commit a change on a branch of its own; return the base and the head."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "switch", "-q", "-c", "proposal")
    change(repository)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a submission")
    return base, git(repository, "rev-parse", "HEAD")


def take(repository, change, target):
    base, head = propose(repository, change)
    words = [sys.executable, SCRIPT, repository, base, head, target]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def write(path, content="x", mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)


def test_a_submission_is_taken_as_it_is_in_the_pull_request(repository, tmp_path):
    def change(root):
        write(root / FOLDER / "mynet[t=0.9]" / "card.yaml", "name: MyNet\n")
        write(root / FOLDER / "mynet[t=0.9]" / "crops" / "set5_x4" / "a (1).png")

    found = take(repository, change, tmp_path / "board")
    assert (found.returncode, found.stdout) == (0, "id=mynet[t=0.9]\n")
    taken = tmp_path / "board" / "mynet[t=0.9]"
    assert (taken / "card.yaml").read_text("utf-8") == "name: MyNet\n"
    assert (taken / "crops" / "set5_x4" / "a (1).png").is_file()


def test_files_that_the_pull_request_drops_are_dropped(repository, tmp_path):
    write(tmp_path / "board" / "old" / "stale.csv")

    def change(root):
        write(root / FOLDER / "old" / "card.yaml", "name: New\n")

    assert take(repository, change, tmp_path / "board").returncode == 0
    assert [path.name for path in (tmp_path / "board" / "old").iterdir()] == ["card.yaml"]


BAD = {
    "code beside it": lambda root: write(root / "pdbench" / "evil.py"),
    "the workflow": lambda root: write(root / ".github" / "workflows" / "evil.yml"),
    "a second submission": lambda root: write(root / FOLDER / "other" / "card.yaml"),
    "a program": lambda root: write(root / FOLDER / "mynet" / "run.sh", mode=0o755),
    "a link": lambda root: (root / FOLDER / "mynet" / "link.csv").symlink_to("/etc/passwd"),
    "a hidden file": lambda root: write(root / FOLDER / "mynet" / ".gitattributes"),
    "a huge file": lambda root: write(root / FOLDER / "mynet" / "a.csv", "x" * (2**23 + 1)),
    "a strange id": lambda root: write(root / FOLDER / "My Net" / "card.yaml"),
    "no folder": lambda root: write(root / FOLDER / "card.yaml"),
    "a linked folder": lambda root: (root / FOLDER / "mynet").symlink_to("/etc"),
    "a flood of files": lambda root: [write(root / FOLDER / "mynet" / str(n)) for n in range(501)],
    "a name over two lines": lambda root: write(root / FOLDER / "mynet" / "a\nid=old"),
    "a name that is no text": lambda root: write(
        root / FOLDER / "mynet" / os.fsdecode(b"a\xff.csv")
    ),
}
ALONE = {"a strange id", "no folder", "a linked folder"}


@pytest.mark.parametrize("what", BAD)
def test_a_pull_request_with_anything_else_is_refused(repository, tmp_path, what):
    def change(root):
        if what not in ALONE:
            write(root / FOLDER / "mynet" / "card.yaml")
        BAD[what](root)

    found = take(repository, change, tmp_path / "board")
    assert found.returncode == 1
    assert len(found.stderr.strip().splitlines()) == 1
    assert found.stdout == ""
    assert not list((tmp_path / "board").rglob("*.sh"))


def hash_object(repository, kind, content):
    """Write an object that git itself would not make."""
    words = ["git", "hash-object", "-w", "-t", kind, "--literally", "--stdin"]
    found = subprocess.run(words, cwd=repository, check=True, capture_output=True, input=content)
    return found.stdout.decode().strip()


@pytest.mark.parametrize(
    "entry", [b"100644 ..", b"40000 ..", b"160000 net.csv", b"120000 net.csv"],
    ids=["parent file", "parent folder", "submodule", "link"],
)  # fmt: skip
def test_a_tree_that_git_would_not_make_leads_nowhere(repository, tmp_path, entry):
    base = git(repository, "rev-parse", "HEAD")
    blob = hash_object(repository, "blob", b"evil")
    inner = hash_object(repository, "tree", b"100644 evil\0" + bytes.fromhex(blob))
    name = inner if entry.startswith(b"40000") else blob
    tree = hash_object(repository, "tree", entry + b"\0" + bytes.fromhex(name))
    old = git(repository, "rev-parse", f"HEAD:{FOLDER}/old")
    both = b"".join(
        f"40000 {part}\0".encode() + bytes.fromhex(place)
        for part, place in (("mynet", tree), ("old", old))
    )
    tree = hash_object(repository, "tree", both)
    for part in ("submissions", "leaderboard"):
        tree = hash_object(repository, "tree", f"40000 {part}\0".encode() + bytes.fromhex(tree))
    head = git(repository, "commit-tree", tree, "-p", base, "-m", "evil")
    words = [sys.executable, SCRIPT, repository, base, head, tmp_path / "board"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "is no plain file of a plain name" in found.stderr
    assert found.stdout == ""
    assert not [path for path in tmp_path.rglob("evil") if ".git" not in path.parts]


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def test_the_workflow_has_no_rights_but_those_a_job_names(workflow):
    assert workflow["permissions"] == {}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights == {
        "verify": {"contents": "read"},
        "build": {"contents": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
    }


def test_actions_are_pinned_by_commit():
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert used
    pinned = re.compile(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []


def test_pull_requests_get_no_secrets_and_no_trusted_event(workflow):
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "pull_request_target" not in text
    assert "secrets." not in text
    # YAML reads the key "on" as true
    assert set(workflow[True]) == {"pull_request", "push", "workflow_dispatch"}


def test_no_text_of_a_pull_request_is_pasted_into_a_command(workflow):
    commands = [s["run"] for job in workflow["jobs"].values() for s in job["steps"] if "run" in s]
    assert commands
    assert not [command for command in commands if "${{" in command]


def test_what_checks_a_pull_request_comes_from_its_base(workflow):
    first, second = workflow["jobs"]["verify"]["steps"][:2]
    assert first["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert second["with"]["path"] == "incoming"
    checkouts = [s for job in workflow["jobs"].values() for s in job["steps"]
                 if str(s.get("uses", "")).startswith("actions/checkout")]  # fmt: skip
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_a_pull_request_brings_is_never_published(workflow):
    assert workflow["jobs"]["deploy"]["needs"] == "build"
    assert "github.event_name != 'pull_request'" in workflow["jobs"]["build"]["if"]
