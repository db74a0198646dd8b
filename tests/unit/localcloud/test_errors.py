import pytest

from localcloud import errors


def test_an_error_says_what_where_evidence_and_what_to_do() -> None:
    error = errors.ServiceError("ended", where="nova", evidence="line 1\nline 2", remedy="cloud logs nova")
    assert str(error) == "nova: ended\n  │ line 1\n  │ line 2\n  → cloud logs nova"


def test_an_error_with_nothing_but_a_sentence_is_that_sentence() -> None:
    assert str(errors.LocalCloudError("it rains")) == "it rains"


@pytest.mark.parametrize(("kind", "builtin"), [(errors.FaultError, ValueError), (errors.NotFoundError, LookupError)])
def test_errors_are_of_the_builtin_kind_too(kind: type[errors.LocalCloudError], builtin: type[Exception]) -> None:
    assert issubclass(kind, builtin)
