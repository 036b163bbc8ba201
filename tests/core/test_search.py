"""Searching by one Chinese character, by two, by the beginning or the end of a number, on the database of the run."""

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from lims.core import search

ROWS = {
    1: ("示范区充电桩 交流", "ZC-2024-000871"),
    2: ("加油机 双枪", "JYJ99120087"),
    3: ("数字指示秤", "S-0087"),
    4: ("Ångström 充电机", "DC120kW"),
}


@pytest.fixture
def things(db):
    """A table with a search column; made by hand because models of tests have no migrations."""
    with isolate_apps("tests"), connection.cursor() as cursor:

        class Thing(models.Model):
            name = models.TextField()
            search = models.TextField()
            search_index = search_declaration

            class Meta:
                app_label = "tests"
                db_table = "tests_thing"

        key = "bigint PRIMARY KEY" if connection.vendor == "postgresql" else "integer PRIMARY KEY"
        cursor.execute(f"CREATE TABLE tests_thing (id {key}, name text NOT NULL, search text NOT NULL)")
        cursor.execute("INSERT INTO tests_thing VALUES (1, 'old', %s)", [search.tokens(*ROWS[1])])
        search.install(connection, "tests_thing", "search")
        for pk, parts in list(ROWS.items())[1:]:
            Thing.objects.create(pk=pk, name=parts[0], search=search.tokens(*parts))
        yield Thing


search_declaration = search.SearchIndex("search")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("桩", {1}),
        ("充", {1, 4}),
        ("充电", {1, 4}),
        ("充电桩", {1}),
        ("电充", set()),
        ("zc", {1}),
        ("ZC-2024", {1}),
        ("jyj99", {2}),
        ("0087", {2, 3}),
        ("871", {1}),
        ("充电 120", set()),
        ("充电 dc120", {4}),
        ("加油 0087", {2}),
        ("  ", {1, 2, 3, 4}),
        ('"; DROP TABLE x --', set()),
        ("桩 OR 秤", set()),
        ("%", {1, 2, 3, 4}),
    ],
)
def test_what_is_found(things, query, found):
    assert set(search.matching(things.objects.all(), query).values_list("pk", flat=True)) == found


def test_a_changed_row_is_found_by_its_new_words_only(things):
    things.objects.filter(pk=2).update(search=search.tokens("压力表"))
    assert set(search.matching(things.objects.all(), "压力").values_list("pk", flat=True)) == {2}
    assert not search.matching(things.objects.all(), "加油").exists()
    things.objects.filter(pk=2).delete()
    assert not search.matching(things.objects.all(), "压力").exists()


def test_an_index_lost_in_a_rebuild_is_filled_again(things):
    if connection.vendor == "postgresql":
        pytest.skip("an expression index cannot lag behind its table")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER tests_thing_fts_insert")
    things.objects.create(pk=9, name="", search=search.tokens("心电图机"))
    assert not search.matching(things.objects.all(), "心电").exists()
    search.install(connection, "tests_thing", "search")
    assert set(search.matching(things.objects.all(), "心电").values_list("pk", flat=True)) == {9}


def test_tokens_do_not_depend_on_order_and_a_long_word_stays_small():
    assert search.tokens("甲乙", "a1") == search.tokens("a1", "甲乙")
    assert len(search.tokens("a" * 10_000).split()) <= search.LONGEST + 8


def test_a_hostile_query_stays_small():
    assert len(search.query_tokens("检 " * 5000 + "定" * 5000)) <= 16 * 16
