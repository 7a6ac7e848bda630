"""What cannot work is refused before anything starts, with the place and the remedy."""

from pathlib import Path

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.model import Output
from ocr_inbox.settings import Settings, load_settings


def _loaded(folder: Path, text: str) -> Settings:
    path = folder / "ocr-inbox.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def _refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        _loaded(folder, text)
    assert caught.value.exit_code == 78
    message = str(caught.value)
    assert message.startswith(f"cannot use the configuration {folder / 'ocr-inbox.toml'}:\n  ")
    return message


def _inbox(name: str, folder: Path | str, more: str = "") -> str:
    return f'[[inboxes]]\nname = "{name}"\nfolder = "{folder}"\n{more}\n'


def test_a_state_directory_is_all_that_must_be_said(tmp_path: Path) -> None:
    settings = _loaded(tmp_path, 'state_dir = "state"')
    assert settings.state_dir == tmp_path / "state"
    assert settings.inboxes == ()


def test_secrets_of_the_unit_are_found_in_it_and_by_who_types_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'state_dir = "state"\n[api]\nkey_file = "${CREDENTIALS_DIRECTORY}/secret_api-keys"'
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/other.service")
    assert _loaded(tmp_path, text).api.key_file == Path("/run/credentials/other.service/secret_api-keys")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    given = tmp_path / "credentials"
    monkeypatch.setattr("ocr_inbox.settings.loading._OF_THE_DAEMON", str(given))
    assert _loaded(tmp_path, text).api.key_file == Path("/etc/ocr-inbox/secrets/api-keys"), "no daemon runs"
    assert _loaded(tmp_path, text.replace("secret_", "")).api.key_file == given / "api-keys"
    given.mkdir()
    assert _loaded(tmp_path, text).api.key_file == given / "secret_api-keys"


def test_paths_are_relative_to_the_file_and_know_home_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/reader")
    monkeypatch.setenv("SCANS", "/srv/scans")
    monkeypatch.chdir("/")
    settings = _loaded(
        tmp_path,
        'state_dir = "~/state"\n[api]\nkey_file = "/etc/keys"\n'
        + _inbox("one", "../one", 'after = "archive"\narchive = "$SCANS/archive"'),
    )
    (inbox,) = settings.inboxes
    assert settings.state_dir == Path("/home/reader/state")
    assert settings.api.key_file == Path("/etc/keys")
    assert (inbox.folder, inbox.archive) == (tmp_path.parent / "one", Path("/srv/scans/archive"))


def test_the_home_of_nobody_is_refused(tmp_path: Path) -> None:
    assert "state_dir: cannot find the home folder" in _refusal(tmp_path, 'state_dir = "~no-such-user/state"')


def test_an_editors_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert _loaded(tmp_path, '\ufeffstate_dir = "state"').state_dir == tmp_path / "state"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"state_dir = \n", "line 1"),
        (b'state_dir = "a"\nstate_dir = "b"\n', "line 2"),
        (b'state_dir = "caf\xe9"', "utf-8"),
        (b"\xff\xfes\x00t\x00", "utf-8"),
    ],
)
def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "ocr-inbox.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"cannot read the configuration {path}: .*{reason}"):
        load_settings(path)


def test_a_file_that_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigurationError, match=f"cannot read the configuration {path}"):
            load_settings(path)


STATE = 'state_dir = "state"\n'


@pytest.mark.parametrize(
    ("text", "place_and_remedy"),
    [
        ("", "state_dir: is missing"),
        (STATE + 'colour = "red"', "colour: unknown key; see configs/ocr-inbox.toml for all of them"),
        (STATE + "[api]\nprot = 1", "api.prot: unknown key"),
        (STATE + "[pipelines.vl]", "pipelines.vl: unknown key"),
        (STATE + '[pipelines.text]\nsize = "huge"', "PP-OCRv5 comes in the sizes mobile, server, not huge"),
        (STATE + '[pipelines.text]\ndevice = "tpu"', "pipelines.text.device"),
        (STATE + '[pipelines.text]\nsize = "server"', 'set models.source = "official"'),
        (STATE + "[retry]\nattempts = 0", "retry.attempts: Input should be greater than or equal to 1"),
        (STATE + "[api]\nport = 70000", "api.port"),
        (STATE + '[api]\nkeys = [""]', "api.keys.0"),
        (STATE + "grace_seconds = nan", "grace_seconds"),
        (STATE + "[limits]\nmax_mb = inf", "limits.max_mb: Input should be a finite number"),
        (STATE + "[api]\nmax_upload_mb = inf", "api.max_upload_mb: Input should be a finite number"),
        (STATE + "[api]\ntimeout_seconds = 1e300", "api.timeout_seconds"),
        (STATE + "[api]\nmax_waiting = 19", "api: max_batch_files = 20 is more than max_waiting = 19"),
        (STATE + "[retry]\nput_off_seconds = 1e300", "retry.put_off_seconds"),
        (STATE + _inbox("A B", "a"), "inboxes.0.name: use lower-case letters"),
        (STATE + _inbox("uploads", "a"), "which is built in"),
        (STATE + '[[inboxes]]\nname = "a"', "inboxes.0.folder: is missing"),
        (STATE + _inbox("a", "a", 'after = "burn"'), "inboxes.0.after"),
        (STATE + _inbox("a", "a", 'rules = [{match = "", pipeline = "text"}]'), "inboxes.0.rules.0.match"),
        (STATE + _inbox("a", "a", 'rules = [{match = "**", pipeline = "poetry"}]'), "inboxes.0.rules.0.pipeline"),
        (STATE + _inbox("a", "a\\u0000b"), "null"),
        (STATE + '[pipelines.document]\nfallback = "text"', "pipelines.document.fallback"),
        (
            STATE + _inbox("a", "a", 'rules = [{match = "**", pipeline = "text", fallback = "none"}]'),
            "inboxes.0.rules.0: only the document pipeline has a fallback, not text",
        ),
    ],
)
def test_every_refusal_names_the_place(tmp_path: Path, text: str, place_and_remedy: str) -> None:
    assert place_and_remedy in _refusal(tmp_path, text)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    message = _refusal(tmp_path, 'colour = "red"\n[api]\nport = -1\n[retry]\nattempts = 0')
    assert all(place in message for place in ("state_dir", "colour", "api.port", "retry.attempts"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "scanner.example.org", ""])  # noqa: S104 - refused
def test_an_open_api_needs_a_key_or_a_clear_word(tmp_path: Path, host: str) -> None:
    open_api = f'{STATE}[api]\nhost = "{host}"\n'
    message = _refusal(tmp_path, open_api)
    assert "api: host" in message
    assert "allow_anonymous = true" in message
    for word in ("allow_anonymous = true", 'keys = ["k"]', 'key_file = "keys"'):
        assert _loaded(tmp_path, open_api + word).api.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_an_api_for_this_machine_needs_no_key(tmp_path: Path, host: str) -> None:
    assert _loaded(tmp_path, f'{STATE}[api]\nhost = "{host}"').api.host == host


def test_as_many_files_may_come_at_once_as_may_wait(tmp_path: Path) -> None:
    assert _loaded(tmp_path, STATE + "[api]\nmax_waiting = 5\nmax_batch_files = 5").api.max_batch_files == 5


def test_json_is_always_written(tmp_path: Path) -> None:
    rule = 'rules = [{match = "**", pipeline = "text", outputs = ["markdown"]}]'
    settings = _loaded(tmp_path, STATE + _inbox("a", "a", rule))
    assert settings.inboxes[0].rules[0].outputs == (Output.JSON, Output.MARKDOWN)


_NO_TABLE = STATE + "[pipelines.table]\nenabled = false\n"
_DOCUMENTS = 'rules = [{match = "**", pipeline = "document", fallback = "%s"}]'


def test_a_fallback_needs_the_pipeline_that_it_names(tmp_path: Path) -> None:
    default = _refusal(tmp_path, _NO_TABLE + '[pipelines.document]\nfallback = "table"')
    assert "pipelines.document: fallback" in default
    assert "set pipelines.table.enabled = true" in default
    assert "inbox a, rule **: fallback" in _refusal(tmp_path, _NO_TABLE + _inbox("a", "a", _DOCUMENTS % "table"))
    assert _loaded(tmp_path, _NO_TABLE + _inbox("a", "a", _DOCUMENTS % "none")).inboxes[0].rules[0].fallback == "none"


def test_two_inboxes_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "two inboxes have the name a" in _refusal(tmp_path, STATE + _inbox("a", "a") + _inbox("a", "b"))


def test_two_inboxes_on_one_folder_are_refused_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for other in ("real", "real/", "./x/../real", "link"):
        assert "watch the same folder" in _refusal(tmp_path, STATE + _inbox("a", "real") + _inbox("b", other))


def test_an_inbox_inside_another_is_refused_unless_that_does_not_look_below(tmp_path: Path) -> None:
    nested = STATE + _inbox("inner", "outer/inner")
    assert "inner lies inside inbox outer" in _refusal(tmp_path, nested + _inbox("outer", "outer"))
    (tmp_path / "outer").mkdir()
    (tmp_path / "link").symlink_to("outer")
    assert "inner lies inside inbox outer" in _refusal(tmp_path, nested + _inbox("outer", "link"))
    assert len(_loaded(tmp_path, nested + _inbox("outer", "outer", "recursive = false")).inboxes) == 2


@pytest.mark.parametrize(("what", "key"), [('after = "archive"', "archive"), ('after_failure = "move"', "failed")])
def test_documents_are_never_moved_where_they_would_arrive_again(tmp_path: Path, what: str, key: str) -> None:
    def moved_to(target: str) -> str:
        return STATE + _inbox("a", "a", f'{what}\n{key} = "{target}"') + _inbox("b", "b")

    assert "must not be the inbox or lie above it" in _refusal(tmp_path, moved_to("a"))
    assert "must not be the inbox or lie above it" in _refusal(tmp_path, moved_to("."))
    assert "inside inbox b: a loop" in _refusal(tmp_path, moved_to("b"))
    assert "inside inbox b: a loop" in _refusal(tmp_path, moved_to("b/deep/inside"))
    below = STATE + _inbox("a", "a", f'{what}\n{key} = "out"') + _inbox("b", "out/b")
    assert "b lies inside" in _refusal(tmp_path, below)
    for target in ("a/done", "elsewhere"):
        assert _loaded(tmp_path, moved_to(target)).inboxes[0].targets() == (tmp_path / target,)
    assert _loaded(tmp_path, STATE + _inbox("a", "a", what)).inboxes[0].targets() == (tmp_path / "a" / key,)


def test_a_target_that_is_not_used_may_lie_anywhere(tmp_path: Path) -> None:
    assert _loaded(tmp_path, STATE + _inbox("a", "a", 'archive = "b"') + _inbox("b", "b")).inboxes[0].targets() == ()


@pytest.mark.parametrize(("state", "folder"), [("a/state", "a"), ("state", "state/a"), ("same", "same")])
def test_the_ledger_and_the_inboxes_lie_apart(tmp_path: Path, state: str, folder: str) -> None:
    assert "must lie apart" in _refusal(tmp_path, f'state_dir = "{state}"\n' + _inbox("a", folder))


def test_a_link_that_leads_to_itself_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert _loaded(tmp_path, STATE + _inbox("a", "loop")).inboxes[0].folder == tmp_path / "loop"
