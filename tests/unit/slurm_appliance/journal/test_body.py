"""Bodies: whole ones come through, whatever their size and packing; others are refused."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slurm_appliance.journal.body import BodyError, read_body

LIMIT = 200_000


@given(content=st.binary(max_size=300), times=st.integers(0, 600), packed=st.booleans())
def test_a_whole_body_comes_through_unless_it_is_too_large(content: bytes, times: int, packed: bool) -> None:
    plain = content * times
    raw = gzip.compress(plain) if packed else plain
    if max(len(raw), len(plain)) > LIMIT:
        with pytest.raises(BodyError) as refused:
            read_body(io.BytesIO(raw), str(len(raw)), packed=packed, limit=LIMIT)
        assert refused.value.status == 413
    else:
        assert read_body(io.BytesIO(raw + b"next"), str(len(raw)), packed=packed, limit=LIMIT) == plain


@given(content=st.binary(min_size=1, max_size=300), cut=st.integers(1, 300), more=st.binary(min_size=1, max_size=9))
def test_a_damaged_one_is_refused(content: bytes, cut: int, more: bytes) -> None:
    raw = gzip.compress(content)
    for bad in (raw[: -min(cut, len(raw) - 1)], raw + more, content):
        if bad == content and content.startswith(b"\x1f\x8b"):
            continue
        with pytest.raises(BodyError):
            read_body(io.BytesIO(bad), str(len(bad)), packed=True, limit=LIMIT)
    with pytest.raises(BodyError) as refused:
        read_body(io.BytesIO(content), str(len(content) + cut), packed=False, limit=LIMIT)
    assert refused.value.status == 400
