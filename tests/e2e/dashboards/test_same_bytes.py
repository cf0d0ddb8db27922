"""What `itrun report` writes from the journal is what the run wrote."""

from __future__ import annotations

import json
import shutil

FILES = ["metrics.prom", "trace.json"]
OPTIONS = {"metrics.prom": "--metrics", "trace.json": "--trace"}


def test_report_gives_the_same_bytes(shop, cold, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(cold.folder, copy)
    for name in FILES:
        (copy / name).unlink()
    again = shop.run("report", str(copy), TRACEPARENT="", CI="", OTEL_SERVICE_NAME="another")
    assert again.code == 0, again.stderr
    for name in FILES:
        assert (copy / name).read_bytes() == (cold.folder / name).read_bytes(), name


def test_every_copy_that_is_asked_for_is_the_same(shop, cold, tmp_path):
    arguments = [word for name in FILES for word in (OPTIONS[name], str(tmp_path / name))]
    assert shop.run("report", str(cold.folder), *arguments).code == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (cold.folder / name).read_bytes(), name


def test_the_journal_holds_to_its_schema(cold, changed):
    import jsonschema
    from bed import ROOT
    schema = json.loads((ROOT / "include/itrun/events.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for told in (cold, changed):
        for event in told.result.events:
            validator.validate(event)
