"""What arrives from a bench is appended, checked against the chain, and never taken twice or out of order."""

import json
import uuid

import pytest

from devices.models import CaptureSession, Frame, Reading
from devices.selectors import first_broken_frame
from devices.services import ingest, open_session
from lims.audit.models import Event
from lims.core.text import DataError, Refused

from .conftest import TOKEN, frames, header, reading


@pytest.fixture
def session(line) -> CaptureSession:
    return open_session(line.port, by=line.technician)


def batch(session: CaptureSession, **parts: object) -> dict[str, object]:
    return {"session": str(session.pk), "header": header(session), **parts}


def test_a_batch_is_stored_and_acknowledged(line, session):
    answer = ingest(line.bench, batch(session, frames=frames(session, 3), readings=[reading(1), reading(2)]))
    assert answer == {"acked_frame": 3, "acked_reading": 2}
    session.refresh_from_db()
    assert session.state == "capturing"
    assert first_broken_frame(session) is None
    assert Reading.objects.get(seq_no=1).value == "1.234567"


def test_the_same_batch_twice_changes_nothing(line, session):
    body = batch(session, frames=frames(session, 3), readings=[reading(1)])
    assert ingest(line.bench, body) == ingest(line.bench, body)
    assert Frame.objects.count() == 3 and Reading.objects.count() == 1


def test_a_batch_that_overlaps_continues_where_the_server_stands(line, session):
    made = frames(session, 5)
    ingest(line.bench, batch(session, frames=made[:3]))
    assert ingest(line.bench, batch(session, frames=made[1:]))["acked_frame"] == 5


@pytest.mark.parametrize("code", ["fork", "gap", "chain_broken", "header_changed", "session_unknown"])
def test_what_does_not_continue_the_chain_is_refused_whole(line, session, code):
    made = frames(session, 4)
    ingest(line.bench, batch(session, frames=made[:2]))
    body = batch(session, frames=made[2:])
    match code:
        case "fork":
            body["frames"] = [{**made[1], "hash": "00" * 32}]
        case "gap":
            body["frames"] = made[3:]
        case "chain_broken":
            body["frames"] = [{**made[2], "raw": "ffff"}]
        case "header_changed":
            body["header"] = {**header(session), "equipment": "another"}
        case "session_unknown":
            body["session"] = str(uuid.uuid4())
    with pytest.raises(Refused) as refused:
        ingest(line.bench, body)
    assert refused.value.reasons[0].code == code
    assert Frame.objects.count() == 2


@pytest.mark.parametrize(
    "frame",
    [{}, {"seq": "x"}, {"seq": 1, "mono_ns": 1, "wall_ns": 1, "dir": "q", "raw": "00", "hash": "00"},
     {"seq": 1, "mono_ns": -5, "wall_ns": 1, "dir": "t", "raw": "00", "hash": "00"},
     {"seq": 1, "mono_ns": 1, "wall_ns": 1, "dir": "t", "raw": "zz", "hash": "00"}],
)  # fmt: skip
def test_a_malformed_frame_is_named_and_nothing_is_stored(line, session, frame):
    with pytest.raises(DataError) as wrong:
        ingest(line.bench, batch(session, frames=[frame]))
    assert wrong.value.path.startswith("frames[0].")
    assert not Frame.objects.exists()


def test_closing_states_count_and_head(line, session):
    made = frames(session, 3)
    with pytest.raises(Refused):
        ingest(line.bench, batch(session, frames=made, close={"count": 2, "head": made[2]["hash"]}))
    ingest(line.bench, batch(session, frames=made, close={"count": 3, "head": made[2]["hash"]}))
    session.refresh_from_db()
    assert session.state == "closed"
    assert Event.objects.filter(verb="session.closed").count() == 1


def test_editing_one_stored_byte_is_found(line, session, django_db_blocker):
    from django.db import connection

    from lims.core import frozen

    ingest(line.bench, batch(session, frames=frames(session, 6)))
    frozen.remove(connection, Frame)
    row = Frame.objects.get(seq=4)
    row.raw = b"\x05\x03"
    row.save()
    session.refresh_from_db()
    assert first_broken_frame(session) == 4


def test_the_door_asks_for_the_bench_token(client, line, session):
    body = json.dumps(batch(session))
    for authorization in ("", "Bench wrong", f"Bearer {TOKEN}"):
        answer = client.post("/devices/api/ingest", body, "application/json", headers={"Authorization": authorization})
        assert answer.status_code == 401
    line.bench.active = False
    line.bench.save()
    assert (
        client.post(
            "/devices/api/ingest", body, "application/json", headers={"Authorization": f"Bench {TOKEN}"}
        ).status_code
        == 401
    )


def test_the_door_answers_in_json_what_is_wrong(client, line, session):
    headers = {"Authorization": f"Bench {TOKEN}"}
    assert client.post("/devices/api/ingest", "{", "application/json", headers=headers).status_code == 400
    assert client.post("/devices/api/ingest", "[]", "application/json", headers=headers).status_code == 400
    answer = client.post("/devices/api/ingest", json.dumps({"session": "x"}), "application/json", headers=headers)
    assert answer.status_code == 400 and answer.json()["path"] == "session" and answer.json()["error"]["zh"]
    body = json.dumps({"session": str(uuid.uuid4())})
    answer = client.post("/devices/api/ingest", body, "application/json", headers=headers)
    assert answer.status_code == 409 and answer.json()["error"]["en"]


def test_one_bench_cannot_write_into_the_session_of_another(line, session):
    from devices.models import Bench

    other = Bench.objects.create(name="工位二", token_sha256="0" * 64)
    with pytest.raises(Refused):
        ingest(other, batch(session, frames=frames(session, 1)))
