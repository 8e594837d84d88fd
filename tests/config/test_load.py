"""leadhub.toml: what is wrong with it is said all at once, with file, line and mend, and no secret is ever repeated."""

import tomllib
from pathlib import Path

import pytest

from leadhub import config
from leadhub.errors import ConfigError

GOOD = """version = 1

[defaults]
trust = "sfdc"        # who wins

[system.sfdc]
plugin = "salesforce"
client_secret = "${SECRET}"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.load(write(folder, text), environ)
    return caught.value.problems


def test_a_reference_is_filled_from_the_environment(tmp_path: Path) -> None:
    """A secret stands in the environment, not in the file."""
    loaded = config.load(write(tmp_path, GOOD), {"SECRET": "s3cret"})
    assert loaded.document.system["sfdc"].settings == {"client_secret": "s3cret"}


def test_a_file_reference_is_read_from_the_deployments_folder(tmp_path: Path) -> None:
    """A secret may stand in a file of its own."""
    (tmp_path / "secret.txt").write_text("from-file\n", encoding="utf-8")
    loaded = config.load(write(tmp_path, GOOD.replace("${SECRET}", "file:secret.txt")), {})
    assert loaded.document.system["sfdc"].settings == {"client_secret": "from-file"}


def test_the_hash_does_not_depend_on_secrets(tmp_path: Path) -> None:
    """A changed secret is no change of the configuration, and the hash tells nothing about it."""
    write(tmp_path, GOOD)
    assert config.load(tmp_path, {"SECRET": "one"}).hash == config.load(tmp_path, {"SECRET": "two"}).hash


def test_a_missing_variable_is_named_with_its_line(tmp_path: Path) -> None:
    """The message says which variable, for which key, and where."""
    assert problems(tmp_path, GOOD) == (
        'leadhub.toml:8: the environment variable SECRET is not set (system.sfdc.client_secret). Set it, or use "file:PATH".',
    )


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Nobody mends one line only to meet the next complaint."""
    text = (
        GOOD.replace('trust = "sfdc"', 'trust = "sfcd"') + '\n[system.hub]\nplugin = "hubspot"\ncreate = "always"\n\n[fields.phone]\nowner = "crm"\n'
    )
    found = problems(tmp_path, text, SECRET="x")
    assert len(found) == 3
    assert found[0].startswith('leadhub.toml:4: M23 defaults.trust names "sfcd", which is no system here. Did you mean "sfdc"?')
    assert found[2].startswith('leadhub.toml:15: M23 fields.phone.owner names "crm"')
    assert found[1].startswith("leadhub.toml:12: hub may create records, but nothing says whose they become.")


def test_an_unknown_key_is_refused_with_its_line(tmp_path: Path) -> None:
    """A typing error does not pass as a setting."""
    assert problems(tmp_path, GOOD.replace("trust =", "trusted ="), SECRET="x") == (
        'leadhub.toml:4: M24 unknown key "trusted" in defaults. Did you mean "trust"? Keys: trust, region, approval, sweep_every.',
    )


def test_a_wrong_type_is_refused_without_repeating_the_value(tmp_path: Path) -> None:
    """The value may be a secret."""
    (found,) = problems(tmp_path, GOOD + "create_cap = 'hunter2'\n", SECRET="x")
    assert found.startswith("leadhub.toml:9: system.sfdc.create_cap: ")
    assert "hunter2" not in found


def test_broken_toml_names_line_and_column(tmp_path: Path) -> None:
    """The parser's own place is passed on."""
    (found,) = problems(tmp_path, "version = \n")
    assert "line 1" in found


def test_a_folder_without_a_configuration_says_how_to_begin(tmp_path: Path) -> None:
    """The next command is part of the error."""
    with pytest.raises(ConfigError, match=r"There is no leadhub\.toml") as caught:
        config.load(tmp_path)
    assert "leadhub init" in (caught.value.next_step or "")


def test_pinning_an_organization_keeps_comments_and_order(tmp_path: Path) -> None:
    """The file is a person's: leadhub adds a line and touches no other."""
    write(tmp_path, GOOD)
    config.pin(tmp_path / "leadhub.toml", "sfdc", "00D000000000001AAA")
    text = (tmp_path / "leadhub.toml").read_text(encoding="utf-8")
    assert text == GOOD.replace('plugin = "salesforce"\n', 'plugin = "salesforce"\norg = "00D000000000001AAA"\n')


@pytest.mark.parametrize(
    "text",
    [
        'version = 1\nsystem.sfdc = { plugin = "salesforce" }\n',
        'version = 1\nsystem.sfdc.plugin = "salesforce"\n',
        'version = 1\n[system.sfdc]\nclient_id = """\nplugin = 1"""\nplugin = "salesforce"\n',
        'version = 1\n[system.sfdc]\nplugin = "salesforce"\norg = "an older one"\n',
        'version = 1\n[system.sfdc]\nplugin = "salesforce"',
        'version = 1\r\n[system.sfdc]\r\nplugin = "salesforce"  # ours\r\n# the end\r\n',
    ],
    ids=["inline", "dotted", "in a text", "older", "no line end", "windows"],
)
def test_however_the_table_is_written_it_alone_is_pinned(tmp_path: Path, text: str) -> None:
    """The organization is added to what the file says, and nothing else of it changes."""
    path = tmp_path / "leadhub.toml"
    path.write_bytes(text.encode())
    config.pin(path, "sfdc", '0"0')
    said, before = tomllib.loads(path.read_bytes().decode()), tomllib.loads(text)
    before["system"]["sfdc"]["org"] = '0"0'
    assert said == before
    assert path.read_bytes().count(b"\r") - text.count("\r") in {0, int("\r" in text)}


def test_a_reference_ends_without_blanks(tmp_path: Path) -> None:
    """A line end that came into the environment with a secret is no part of it."""
    loaded = config.load(write(tmp_path, GOOD), {"SECRET": " s3cret\n"})
    assert loaded.document.system["sfdc"].settings == {"client_secret": "s3cret"}


def test_a_private_key_keeps_its_lines(tmp_path: Path) -> None:
    """A key in PEM has many lines, in a file as in the environment; whatever else has some is a mistake."""
    key = "-----BEGIN PRIVATE KEY-----\nMIIB+/=\nAAAA\n-----END PRIVATE KEY-----"
    loaded = config.load(write(tmp_path, GOOD), {"SECRET": f"{key}\n"})
    assert loaded.document.system["sfdc"].settings == {"client_secret": key}
    (problem,) = problems(tmp_path, GOOD, SECRET=f"{key}\nmore")
    assert "line break" in problem


def test_control_characters_in_a_reference_are_refused_and_not_repeated(tmp_path: Path) -> None:
    """The key and the variable or file are named; the value is not, for it may be a secret."""
    (tmp_path / "secret.txt").write_text("hun\tter2", encoding="utf-8")
    more = GOOD + 'client_id = "file:secret.txt"\n'
    first, second = problems(tmp_path, more, SECRET="hun\nter2")
    assert first == "leadhub.toml:8: the environment variable SECRET (system.sfdc.client_secret) holds a line break or another control character."
    assert second.startswith("leadhub.toml:9: the file ")
    assert second.endswith("secret.txt (system.sfdc.client_id) holds a line break or another control character.")
    assert "ter2" not in first + second


def test_offline_a_systems_missing_references_are_kept_for_later(tmp_path: Path) -> None:
    """What calls no system needs no secret: what is missing is noted by system, and everything else is still checked."""
    text = GOOD + '[system.files]\nplugin = "files"\npath = "x"\n'
    loaded = config.load(write(tmp_path, text), {}, offline=True)
    (missing,) = loaded.missing["sfdc"]
    assert "SECRET is not set" in missing
    assert "files" not in loaded.missing
    with pytest.raises(ConfigError, match="LEADHUB_STORE is not set"):
        config.load(write(tmp_path, 'store = "${LEADHUB_STORE}"\n' + text), {}, offline=True)


def test_a_fault_of_the_schema_does_not_hide_the_others(tmp_path: Path) -> None:
    """A wrong type in one table and a wrong name in another are told together."""
    found = problems(tmp_path, GOOD.replace('trust = "sfdc"', 'trust = "sfcd"') + "create_cap = 'x'\n", SECRET="x")
    assert [f.partition(":")[2].partition(":")[0] for f in found] == ["4", "9"]


def test_a_missing_key_is_told_with_the_line_of_its_table(tmp_path: Path) -> None:
    """There is no line of what is not there: the table's header is where it belongs."""
    (found,) = problems(tmp_path, GOOD + "[system.hub]\nmode = 'read'\n", SECRET="x")
    assert found == "leadhub.toml:9: system.hub needs plugin."
    assert problems(tmp_path, GOOD.replace("version = 1\n", ""), SECRET="x") == ("leadhub.toml:1: the file needs version, before its first table.",)


def test_a_file_of_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    """An editor that saves Latin-1 costs one clear sentence."""
    (tmp_path / "leadhub.toml").write_bytes(b"version = 1\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"leadhub\.toml:2: this is no UTF-8 text") as caught:
        config.load(tmp_path, {})
    assert caught.value.next_step == "save leadhub.toml as UTF-8"


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    """`init` in the wrong folder costs nothing."""
    write(tmp_path, GOOD)
    with pytest.raises(ConfigError, match="exists already"):
        config.write_new(tmp_path / "leadhub.toml", "version = 1\n")
    assert (tmp_path / "leadhub.toml").read_text(encoding="utf-8") == GOOD
