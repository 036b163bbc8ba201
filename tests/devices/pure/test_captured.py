"""Captures of other programs read through a profile: what was asked decides what an answer means."""

import pytest

from devices.captured import LARGEST, read, through
from devices.profiles import shipped_profile
from devices.protocols import dlt645, modbus_rtu
from lims.core.text import DataError

CLIMATE, BALANCE, METER = (shipped_profile(one) for one in ("climate-modbus", "balance-mtsics", "meter-dlt645"))
ASKED = modbus_rtu.sealed(bytes.fromhex("010400010002"))
SAID = modbus_rtu.sealed(bytes.fromhex("01040401310222"))
OTHER = modbus_rtu.sealed(bytes.fromhex("010400050002"))


def hexed(raw: bytes) -> str:
    return raw.hex(" ").upper()


def values(rows):
    return [" ".join(one.printed for one in row.readings) or "?" for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        f"TX: {hexed(ASKED)}\nRX: {hexed(SAID)}\n",
        f">> {hexed(ASKED)}\n<< {hexed(SAID)}",
        f"2026-11-22 09:00:00.123  -> {hexed(ASKED).lower()}\n2026-11-22 09:00:00.140  <- {hexed(SAID).lower()}",
        f"[09:00:00.123]发→◇{hexed(ASKED)} □\n[09:00:00.140]收←◆{hexed(SAID)} \n",
        f"[2026-11-22 09:00:00.123]# SEND HEX>\n{hexed(ASKED)}\n\n[2026-11-22 09:00:00.140]# RECV HEX>\n{hexed(SAID)}\n",
        f"发送: {hexed(ASKED)}\r\n接收: 0x{hexed(SAID).replace(' ', ', 0x')}\r\n",
        f"{hexed(ASKED)}\n{hexed(SAID)}\n",
        f"{hexed(ASKED + SAID)}",
    ],
)
def test_dumps_of_serial_monitors(text):
    captured = read(text.encode())
    assert captured.form == "hex" and values(through(CLIMATE, captured)) == ["30.5 54.6"]


def test_dumps_with_offsets_and_text_beside():
    raw = ASKED + SAID
    xxd = "".join(
        f"{at:08x}: {' '.join(raw[i : i + 2].hex() for i in range(at, min(at + 16, len(raw)), 2))}  .|..1.\n"
        for at in (0, 16)
    )
    dump = "".join(
        f'{at:08x}  {raw[at : at + 8].hex(" ")}  {raw[at + 8 : at + 16].hex(" ")}  |...1"...|\n' for at in (0, 16)
    )
    for text in (xxd, dump):
        captured = read(text.encode())
        assert b"".join(one for _, one in captured.pieces) == raw
        assert values(through(CLIMATE, captured)) == ["30.5 54.6"]


def test_raw_bytes_are_cut_at_the_questions_of_the_profile():
    rows = through(CLIMATE, read(b"\x00\x07" + ASKED + SAID + ASKED + SAID[:-1]))
    assert values(rows) == ["?", "30.5 54.6", "?"]
    assert rows[0].received == b"\x00\x07" and "不完整" in rows[2].trouble.zh


def test_an_answer_to_another_question_is_never_a_value():
    rows = through(CLIMATE, read(f"TX {hexed(OTHER)}\nRX {hexed(SAID)}\nTX {hexed(ASKED)}\nRX {hexed(SAID)}".encode()))
    assert values(rows) == ["?", "30.5 54.6"] and rows[0].trouble.zh == "配置中没有这个询问"


def test_answers_without_questions_are_shown_as_unsure():
    """Modbus answers do not say which registers they carry."""
    rows = through(CLIMATE, read(b"\x55" + SAID + b"\x99" + SAID))
    assert [row.unsure for row in rows if row.readings] == [True, True] and values(rows) == [
        "?",
        "30.5 54.6",
        "?",
        "30.5 54.6",
    ]


def test_meter_frames_say_themselves_what_they_carry():
    address = "123456781012"
    reply = dlt645.Frame(address, 0x91, bytes.fromhex("00010102") + bytes.fromhex("3122")).encode(4)
    unknown = dlt645.Frame(address, 0x91, bytes.fromhex("FF010102") + bytes.fromhex("3122")).encode(0)
    assert values(through(METER, read(b"\x12" + reply + unknown, "raw"))) == ["223.1", "?"]
    asked = dlt645.Read(address, "02010100", 0).request  # logged without the preamble
    assert values(through(METER, read(f"TX {hexed(asked)}\nRX {hexed(reply)}".encode()))) == ["223.1"]


def test_the_log_of_a_terminal_is_read_line_by_line():
    log = b"SI\r\nS S      1.2340 g\r\nSI\r\nS D     12.0000 g\r\nS +\r\nhello\r\nS S      9.87"
    rows = through(BALANCE, read(log))
    assert values(rows) == ["1.2340", "12.0000", "?", "?", "?"]
    assert [row.readings[0].quality.value for row in rows[:2]] == ["ok", "unstable"]
    assert "过载" in rows[2].trouble.zh and "不认识" in rows[3].trouble.zh and "没有结束" in rows[4].trouble.zh
    assert values(through(BALANCE, read(log.replace(b"\r\n", b"\n"))))[:2] == ["1.2340", "12.0000"]


def test_a_person_may_say_what_a_file_is():
    text = b"12 34\n56 78\n"
    assert [read(text, form).form for form in ("", "hex", "raw")] == ["hex", "hex", "raw"]
    mixed = b"opened COM3\nRX 01 02\nclosed\n"
    assert read(mixed).form == "raw" and read(mixed, "hex").pieces == (("r", b"\x01\x02"),)


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (b"", "", "空"),
        (b"\x00" * (LARGEST + 1), "", "256 KB"),
        (b"hello", "hex", "没有十六进制"),
        (b"{}", "session", "schema"),
        (b'{"schema": "session-export/9"}', "", "schema"),
        (b"\xff\xfe", "session", "UTF-8"),
    ],
)
def test_what_is_no_capture_is_said(data, form, said):
    with pytest.raises(DataError) as error:
        read(data, form)
    assert said in error.value.path + error.value.text.zh
