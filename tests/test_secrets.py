import json
from base64 import b32encode, b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import build, catalog
from pytest_rekognition.cassettes.accounts import (
    account_of_key,
    mask_accounts,
    masked_interaction,
    unmasked,
)
from pytest_rekognition.cassettes.secrets import find_secrets, refuse_secrets
from pytest_rekognition.errors import CassetteError, SecretError

KEY_ID = "AKIA" + "QYLPMN5HHHFPZAM2"
SECRET = "wJalr/XUtnFEMI+K7MDENGbPxRfiCYzEXAMPLEKE"
TOKEN = "IQoJb3JpZ2lu" + "X2VjEJr/+" * 20
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N"
ACCOUNT = "609629065308"
MASK, OTHER_MASK = "000000000001", "000000000002"

#: Each form of a credential, as it may stand in a recording.
LEAKS = [
    ("AWS access key id", f"key {KEY_ID}"),
    ("AWS access key id", f"first line\\n{KEY_ID}\\nnext"),
    ("AWS access key id", f"a%3D{KEY_ID}%2Fb"),
    ("AWS access key id", f"a\\u003d{KEY_ID}"),
    ("AWS secret access key", f"aws_secret_access_key = {SECRET}"),
    ("AWS secret access key", f"export AWS_SECRET_ACCESS_KEY='{SECRET}'"),
    ("AWS secret access key", json.dumps({"SecretAccessKey": SECRET}, indent=2)),
    ("AWS secret access key", json.dumps(json.dumps(json.dumps({"secretAccessKey": SECRET})))),
    ("AWS secret access key", json.dumps({"SecretAccessKey": SECRET}).replace("/", "\\/")),
    ("AWS secret access key", f"<SecretAccessKey>{SECRET}</SecretAccessKey>"),
    ("AWS secret access key", f"--secret-key {SECRET}"),
    ("AWS secret access key", f"AWS_SECRET_ACCESS_KEY: str = '{SECRET}'"),
    ("AWS secret access key", json.dumps([{"Key": "SecretAccessKey", "Value": SECRET}])),
    ("AWS secret access key", f"&quot;SecretAccessKey&quot;: &quot;{SECRET}&quot;"),
    ("AWS secret access key", quote(f"secret_key={SECRET}", safe="")),
    ("AWS session token", TOKEN),
    ("AWS session token", quote(TOKEN, safe="")),
    ("AWS session token", f'"SessionToken": "{"Zm9v" * 30}"'),
    ("AWS session token", f"X-Amz-Security-Token:\n      - {'Zm9v' * 6}"),
    ("AWS request signature", "AWS4-HMAC-SHA256 Credential=redacted"),
    ("AWS request signature", f"https://b.s3.amazonaws.com/a?X-Amz-Signature={'0a' * 32}"),
    ("AWS request signature", "X-Amz-Credential=AKIDEXAMPLE%2F20261121"),
    ("signature in a URL", "https://d1.cloudfront.net/a?Expires=1&Signature=Zm9vYmFyZm9vYmFyZm9v"),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN " + "PRIVATE KEY-----\\nMIIE"),
    ("GitHub token", "ghp_" + "aB3" * 12),
    ("GitHub token", "github_pat_" + "aB3_" * 14),
    ("Slack token", "xoxb-" + "123456789012-abcdef"),
    ("JSON web token", JWT),
    ("bearer token", "Authorization: Bearer " + "abcDEF123" * 4),
    ("HTTP password", '"Authorization": "Basic ' + 'dXNlcjpwYXNz"'),
    ("password in a URL", "https://somebody:secret@example.com/"),
]


#: Those that are written without escapes. Inside base64, escapes are not undone.
PLAIN = [(kind, text) for kind, text in LEAKS if "\\" not in text and "%" not in text]


@pytest.mark.parametrize(("kind", "text"), LEAKS)
def test_each_form_of_a_credential_is_found(kind, text):
    """A credential is found by its form, plain or escaped, and the line on which it ends is told."""
    line = 3 + text.rstrip("\n}").count("\n")
    assert (kind, line) in find_secrets(f"a: 1\nb: 2\nc: {text}\nd: 3\n")


@pytest.mark.parametrize(("kind", "text"), PLAIN)
@pytest.mark.parametrize("before", ["", "x", "xy", "/", "ab/"])
def test_each_form_is_found_in_base64(kind, text, before):
    """A credential inside base64 is found, also where the base64 does not begin at its own beginning."""
    encoded = before + b64encode(f"payload: {text} ".encode()).decode()
    assert (kind, 2) in find_secrets(f'a\n"{encoded}"\n')


def test_base64_in_lines_is_read_as_one():
    """What YAML's `!!binary` wraps after 76 characters is joined before it is looked through."""
    header = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20261121/eu-west-1/rekognition/aws4_request"
    encoded = b64encode(b"x" * 50 + header.encode()).decode()
    wrapped = "\n        ".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    kinds = {found.kind for found in find_secrets(f"Authorization:\n- !!binary |\n        {wrapped}\n")}
    assert {"AWS access key id", "AWS request signature"} == kinds


SECRETS = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=12, max_size=60).filter(
    lambda value: "%" not in value and "\\" not in value
)


@given(
    SECRETS,
    st.sampled_from(["raw", "url", "json", "base64", "urlsafe"]),
    st.binary(max_size=4),
    st.binary(max_size=4),
)
def test_a_credential_in_use_is_found_however_it_is_written(secret, how, before, after):
    """A known value is found as it is, escaped for JSON or a URL, and in base64 wherever it begins and ends."""
    written = {
        "raw": secret,
        "url": quote(secret, safe=""),
        "json": json.dumps(json.dumps(secret)),
        "base64": b64encode(before + secret.encode() + after).decode(),
        "urlsafe": urlsafe_b64encode(before + secret.encode() + after).decode(),
    }[how]
    assert ("credential in use", 2) in find_secrets(f'\n"{written}"\n', [secret])


def test_short_and_fake_credentials_are_not_looked_for():
    """What tests use for credentials, and what is short enough to occur by chance, stops no recording."""
    assert [] == find_secrets(
        '"testing minioadmin real rekognition"', ["testing", "minioadmin", "real", "", "rekognition"]
    )


def test_a_refusal_names_place_and_remedy_and_never_the_value():
    """A refusal says where, which kinds, on which lines and what to do; the credentials are not in it."""
    text = f"a\n{KEY_ID}\n{KEY_ID}\n{TOKEN}\nmy-own-credential"
    with pytest.raises(SecretError) as caught:
        refuse_secrets(text, ["my-own-credential"], "cassettes/a.yaml")
    message = str(caught.value)
    assert message.startswith("cassettes/a.yaml: nothing was written")
    assert "AWS access key id (lines 2, 3), AWS session token (line 4), credential in use (line 5)" in message
    assert "pytest_rekognition_before_record" in message
    assert [] == [value for value in (KEY_ID, TOKEN, "my-own-credential") if value in message]
    assert 2 == caught.value.line


def test_many_finds_are_not_all_listed():
    """A file full of credentials gives a message of a line."""
    with pytest.raises(SecretError, match=r"lines 1, 2, 3, 4, 5 and 95 more"):
        refuse_secrets(f"{KEY_ID}\n" * 100, (), "a")


@pytest.mark.parametrize("operation", catalog.operations())
def test_ordinary_answers_hold_no_credential(operation):
    """No operation's answer is refused for its identifiers, dates and tokens."""
    refuse_secrets(json.dumps(build(operation), indent=2), [SECRET, TOKEN, KEY_ID], operation)


def test_identifiers_and_page_tokens_are_no_credentials():
    """Digests, job ids, ARNs, ETags and page tokens, long base64 as they are, are no credentials."""
    document = {
        "JobId": "0a1b" * 16,
        "FaceId": "3f1c9a52-7d0e-4b6a-9c84-5e2d1f0a7b63",
        "ETag": '"9b2cf535f27731c974343645a3985328"',
        "NextToken": b64encode(bytes(range(256)) * 3).decode(),
        "ClientRequestToken": b64encode(bytes(range(200))).decode(),
        "Name": "photos/2026/11/21/secret-key-ceremony_A1B2C3D4E5F6A7B8.jpg",
        "Arn": f"arn:aws:rekognition:eu-west-1:{MASK}:collection/staff",
    }
    assert [] == find_secrets(json.dumps(document, indent=2))


def test_recorded_answers_hold_no_credential(shared):
    """No answer of the real service is taken for one that holds a credential."""
    texts = {path: path.read_text("utf-8") for path in (shared / "real-responses").glob("*/*.json")}
    assert len(texts) > 0
    assert [] == [path for path, text in texts.items() if find_secrets(text, [SECRET])]


@given(st.text(st.characters(), max_size=200), st.text(st.characters(), min_size=8, max_size=20))
def test_any_text_can_be_looked_through(text, known):
    """Lone surrogates and control characters break neither the search nor the line numbers."""
    assert all(1 <= found.line <= text.count("\n") + 1 for found in find_secrets(text, [known]))


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "\\",
        "%25",
        "-",
        "eyJ",
        "AKIA",
        "ghp_",
        "://a:",
        "secret_key=",
        "-----BEGIN ",
        f"{'a' * 76}\n",
        "\\u0041",
    ],
)
def test_hostile_texts_are_looked_through_in_linear_time(part):
    """A megabyte of what begins like a credential, and never is one, does not hang the run."""
    assert [] == find_secrets(part * (1_000_000 // len(part)))


# --- accounts ----------------------------------------------------------------------------------------------


def key_of(account, generation=1):
    """Return an access key id in which an account is encoded."""
    number = (generation << 47) | (int(account) << 7) | 0b1010101
    return "ASIA" + b32encode(number.to_bytes(6, "big") + b"\x12\x34\x56\x78").decode()


ACCOUNTS = st.integers(0, 999_999_999_999).map("{:012d}".format)


@given(ACCOUNTS)
def test_an_access_key_tells_its_account(account):
    """The account that a key of the present generation encodes is read back, leading zeros included."""
    assert account == account_of_key(key_of(account))


def test_a_published_key_tells_its_published_account():
    """The key and the account that were published together with the format are a pair."""
    assert ACCOUNT == account_of_key("ASIA" + "Y34FZKBOKMUTVV7A")


@pytest.mark.parametrize(
    "key",
    [key_of(ACCOUNT, generation=0), "AKIAIOSFODNN7EXAMPLE", "AKIA" + "7" * 16, "testing", "", "ASIA" + "Q" * 17],
)
def test_a_key_that_tells_no_account_gives_none(key):
    """Keys of the old generation, fake ones, and ones beyond the highest account tell nothing."""
    assert account_of_key(key) is None


def test_accounts_are_masked_wherever_they_stand_alone():
    """An id that an ARN names is masked there, and in every other place, keys of maps included."""
    arn = f"arn:aws:rekognition:eu-west-1:{ACCOUNT}:collection/staff"
    document = {
        "CollectionArn": f"aws:rekognition:us-east-1:{ACCOUNT}:collection/staff",
        "Topic": [f"arn:aws-us-gov:sns:us-gov-west-1:{ACCOUNT}:topic", f"bucket-{ACCOUNT}-eu", ACCOUNT],
        "Tags": {arn: f"%3A{ACCOUNT}%3A"},
    }
    text = json.dumps(document)
    assert json.loads(text.replace(ACCOUNT, MASK)) == mask_accounts(document)
    assert text == json.dumps(document)


def test_other_digits_stay():
    """Numbers, UUIDs, longer runs, timestamps, and ids that nothing calls an account are left alone."""
    document = {
        "Arn": f"arn:aws:iam::{MASK}:role/x",
        "Number": int(ACCOUNT),
        "Uuid": f"00000000-0000-4000-8000-{ACCOUNT}",
        "Longer": f"{ACCOUNT}1 1{ACCOUNT}",
        "Milliseconds": "1763700000000",
        "Name": "210987654321",
        "Flag": True,
        "Nothing": None,
    }
    assert document == mask_accounts(document, [ACCOUNT, "testing"])


def test_an_account_found_on_one_side_is_masked_on_both():
    """What the answer's ARN tells is masked in the request too, and what the access key tells in both."""
    request = {"Bucket": f"media{ACCOUNT}", "Other": "staff-111122223333"}
    answer = {"StreamArn": f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/a"}
    masked = (
        {"Bucket": f"media{OTHER_MASK}", "Other": f"staff-{MASK}"},
        {"StreamArn": f"arn:aws:kinesis:eu-west-1:{OTHER_MASK}:stream/a"},
    )
    assert masked == masked_interaction(request, answer, ["111122223333"])


def test_a_structure_beyond_reason_is_refused():
    """What is nested a hundred thousand deep gives an error of this package."""
    nested = [f"arn:aws:iam::{ACCOUNT}:x"]
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(CassetteError, match="nested too deeply"):
        mask_accounts(nested)


@given(ACCOUNTS.filter(lambda account: account != account[::-1]), st.text(max_size=8), st.text(max_size=8))
def test_a_masked_text_is_the_call_that_it_was(account, before, after):
    """A recorded text is the call that it came from, whatever the accounts, each mask being one of them."""
    called = f"{before}:{account}:{after}:{account[::-1]}"
    if any(part.isdigit() for part in before[-1:] + after[:1] + after[-1:]):
        return
    stored = f"{before}:{MASK}:{after}:{OTHER_MASK}"
    assert {MASK: account, OTHER_MASK: account[::-1]} == unmasked(stored, called)
    assert unmasked(stored, f"{called}x") is None
    assert unmasked(stored, f"{before}:{account}:{after}:{account}") is None
    assert unmasked(f"{before}:{MASK}:{after}:{MASK}", called) is None


def test_only_the_masks_places_may_differ():
    """Beside the masks, the texts are equal; AWS's example number is no mask."""
    assert unmasked(f"a:{MASK}:b", f"a:{ACCOUNT}:c") is None
    assert unmasked("a:123456789012:b", f"a:{ACCOUNT}:b") is None
    assert unmasked(ACCOUNT, MASK) is None


def test_each_account_has_a_mask_of_its_own():
    """Two accounts of one recording, or of several with the same masks, stay two."""
    masks = {}
    arns = ["arn:aws:iam::111111111111:x", "arn:aws:iam::222222222222:x"]
    assert [f"arn:aws:iam::{MASK}:x", f"arn:aws:iam::{OTHER_MASK}:x"] == mask_accounts(arns, (), masks)
    assert f"arn:aws:iam::{OTHER_MASK}:y" == mask_accounts("arn:aws:iam::222222222222:y", (), masks)
