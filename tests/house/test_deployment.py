"""The deployment keeps step with the code: commands and settings exist, nothing is root, no password is written down."""

from __future__ import annotations

import json
import re
import shlex

import click
import pytest

from cli.main import social_crm
from cli.settings import PREFIX, Settings, from_environment
from tests.house.tree import ROOT, files, name, text_files

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
HARDENING = ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]')


def blocks(section: str) -> dict[str, str]:
    """The entries of a top-level section of the compose file, each as its text."""
    body = re.search(rf"^{section}:\n((?:  .*\n|\s*\n)*)", COMPOSE, re.MULTILINE)
    assert body, section
    parts = re.split(r"^  ([a-z-]+):\n", body.group(1), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SERVICES = blocks("services")


def anchor(title: str) -> str:
    found = re.search(rf"^x-{title}: &{title}\n((?:  .*\n)+)", COMPOSE, re.MULTILINE)
    assert found, title
    return found.group(1)


def our_commands() -> list[str]:
    written = [
        line for text in SERVICES.values() for line in re.findall(r"^    command: (social-crm .*)$", text, re.MULTILINE)
    ]
    health = [
        " ".join(json.loads(f"[{_quoted(found)}]")) for found in re.findall(r"test: \[CMD, (social-crm[^\]]*)\]", COMPOSE)
    ]
    image = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return [*written, *health, *(" ".join(json.loads(line)) for line in image)]


def _quoted(words: str) -> str:
    return ", ".join(json.dumps(word.strip().strip('"')) for word in words.split(","))


def test_the_compose_file_has_the_parts_of_the_service() -> None:
    assert set(SERVICES) == {"mongo", "mongo-setup", "api", "worker", "mongo-test"}
    assert len(our_commands()) == 4


@pytest.mark.parametrize("line", our_commands())
def test_every_command_of_the_deployment_is_one_that_exists(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "social-crm"
    context = click.Context(social_crm)
    command = social_crm.get_command(context, words[0])
    assert command is not None, words[0]
    command.make_context(words[0], words[1:], parent=context)  # refuses an option that does not exist


def test_every_setting_of_the_deployment_exists() -> None:
    given = set(re.findall(rf"\b{PREFIX}[A-Z_]+", COMPOSE + DOCKERFILE)) - {f"{PREFIX}TEST_MONGO_URL"}
    assert given
    assert given <= {PREFIX + field.upper() for field in Settings.__dataclass_fields__}


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/how-to/run-in-production.md").read_text(encoding="utf-8")
    assert [field for field in Settings.__dataclass_fields__ if f"`{PREFIX}{field.upper()}`" not in page] == []
    assert from_environment({}) == Settings()


def test_every_service_is_hardened_and_none_is_root() -> None:
    assert all(line in anchor("hardened") for line in HARDENING)
    assert "<<: *hardened" in anchor("service")
    for title, text in SERVICES.items():
        assert "<<: *hardened" in text or "<<: *service" in text, title
        assert "privileged" not in text, title
        assert '"999:999"' in text if "image: mongo:" in text else "user:" not in text, title
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert not {user.split(":")[0] for user in users} & {"0", "root"}
    assert DOCKERFILE.rindex("\nUSER ") > DOCKERFILE.rindex("\nFROM ")


def test_everything_that_stays_up_has_a_health_check() -> None:
    assert "/healthz" in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]
    for title, text in SERVICES.items():
        assert "healthcheck:" in text, title
        assert "test:" in text or title == "mongo-setup", title


def test_the_store_is_out_of_reach_from_outside() -> None:
    assert "internal: true" in blocks("networks")["store"]
    assert "ports:" not in SERVICES["mongo"]
    assert "networks: [store]" in SERVICES["mongo"]
    for published in re.findall(r'^ +- "(.*:\d+)"$', COMPOSE, re.MULTILINE):
        assert published.startswith(("127.0.0.1:", "${API_AT:-127.0.0.1:")), published


def test_no_password_is_written_down() -> None:
    for variable in ("MONGO_ROOT_PASSWORD", "MONGO_APP_PASSWORD"):
        uses = re.findall(rf"\${{{variable}([^}}]*)}}", COMPOSE)
        assert uses, variable
        assert all(use.startswith(":?") and len(use) > 10 for use in uses), "without it, it must say what to do"
    literal = re.compile(r"(?:password|secret|token)\w*\s*[:=]\s*[\"']?(?!\$|unused|%s)[\w-]{6,}", re.IGNORECASE)
    deployment = [ROOT / "docker-compose.yml", ROOT / "Dockerfile", *(ROOT / "scripts").rglob("*.sh")]
    assert [name(path) for path in deployment if literal.search(path.read_text(encoding="utf-8"))] == []
    in_url = re.compile(r"mongodb(?:\+srv)?://[^\s:/@]+:(?!\$|\*|<|password@)[^\s@/]+@(?!127\.0\.0\.1|localhost)")
    assert [name(path) for path, text in text_files() if "tests" not in path.parts and in_url.search(text)] == []


def test_no_file_with_secrets_is_kept() -> None:
    assert not [name(path) for path in files() if path.name == ".env" or path.suffix in {".pem", ".key"}]


def test_the_image_installs_what_the_lock_names_and_checks_it() -> None:
    for line in re.findall(r"pip install (.*)", DOCKERFILE):
        assert "--require-hashes" in line or "--no-deps dist/" in line, line
    assert re.search(r"^FROM python:\$\{PYTHON\}-slim$", DOCKERFILE, re.MULTILINE)
    copied = set(re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE))
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert f"!{path}\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8"), path
