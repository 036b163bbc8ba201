"""A session whose data are refused: seen on the server, and in nobody's way."""

from devices.models import CaptureSession
from devices.services import ingest, open_session, poll
from lims.audit.models import Event
from lims.core.text import Refused
from tests.devices.server.conftest import frames, header


def test_a_fork_ends_the_session_on_the_server_and_frees_its_port(line):
    session = open_session(line.port, by=line.technician)
    ingest(line.bench, {"session": str(session.pk), "header": header(session), "frames": frames(session, 3)})
    forked = [{**frames(session, 3)[2], "raw": "ff"}]
    try:
        ingest(line.bench, {"session": str(session.pk), "frames": forked})
    except Refused as refused:
        text = refused.reasons[0].text
    told = {"refused": [{"session": str(session.pk), "text": text.as_json()}]}
    for _ in range(2):
        poll(line.bench, told)
    session.refresh_from_db()
    assert (session.state, session.frame_count) == (CaptureSession.State.INTERRUPTED, 3)
    assert "第 3 帧" in session.text
    assert Event.objects.filter(verb="session.interrupted").count() == 1
    assert open_session(line.port, by=line.other).pk != session.pk


def test_a_bench_cannot_end_the_session_of_another(line):
    from devices.models import Bench

    session = open_session(line.port, by=line.technician)
    other = Bench.objects.create(name="工位二", token_sha256="0" * 64)
    poll(other, {"refused": [{"session": str(session.pk), "text": "x"}]})
    session.refresh_from_db()
    assert session.state == CaptureSession.State.REQUESTED
