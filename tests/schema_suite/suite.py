"""The official JSON Schema test suite, through SQL: each case is a state held against a definition that has its schema.

Arguments: the suite's folder, the file of what is known to fail. Each failure must be known, and each known one fail.
"""

import json
import pathlib
import sys

import psycopg

DRAFTS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
CASE = "SELECT count(*) = 0 FROM wf_definition_violations(jsonb_build_object('schema', %s::jsonb), %s::jsonb)"


def cases(folder, draft):
    """Name, schema, instance and verdict of each mandatory case and each of a format."""
    files = [*sorted((folder / draft).glob("*.json")), *sorted((folder / draft / "optional" / "format").glob("*.json"))]
    for file in files:
        for group in json.loads(file.read_text()):
            schema = group["schema"]
            if isinstance(schema, dict) and "$schema" not in schema:
                schema = {"$schema": DRAFTS[draft], **schema}
            for test in group["tests"]:
                name = " / ".join((draft, file.stem, group["description"], test["description"]))
                yield name, json.dumps(schema), json.dumps(test["data"]), test["valid"]


def fails(connection, schema, instance, valid):
    """Why the answer is not the suite's; None where it is."""
    try:
        answer = connection.execute(CASE, (schema, instance)).fetchone()[0]
    except psycopg.Error as error:
        return f"{error.sqlstate} {error.diag.message_detail or error.diag.message_primary}"
    return None if answer == valid else f"says {'valid' if answer else 'invalid'}"


def known(path):
    """Names of what fails, below a comment that says why."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def main():
    folder, listed = pathlib.Path(sys.argv[1]), known(pathlib.Path(sys.argv[2]))
    failed, wrong, right = {}, 0, 0
    with psycopg.connect("", autocommit=True) as connection:
        for draft in DRAFTS:
            total = passed = 0
            for name, schema, instance, valid in cases(folder, draft):
                total += 1
                why = fails(connection, schema, instance, valid)
                if why is None:
                    passed += 1
                else:
                    failed[name] = why
            print(f"{draft}: {passed} of {total} cases, {100 * passed / total:.1f} %", flush=True)
            right += passed
    for name in sorted(failed.keys() - listed):
        print(f"not ok - {name}: {failed[name]}")
        wrong += 1
    for name in sorted(listed - failed.keys()):
        print(f"not ok - {name}: known to fail, and does not")
        wrong += 1
    print(f"{right} passed, {wrong} failed")
    return wrong > 0 or right == 0


if __name__ == "__main__":
    sys.exit(main())
