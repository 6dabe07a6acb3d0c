"""Recorded agent runs: replayed step by step, every version comes back text-identical."""
import json
import os
import pathlib

from harness import Case, unique

ROOT = pathlib.Path(__file__).resolve().parents[3]


def recordings():
    """The folder in WFSTATE_TRACES, else shared/data beside the project, else its own sample."""
    if os.environ.get("WFSTATE_TRACES"):
        return sorted(pathlib.Path(os.environ["WFSTATE_TRACES"]).glob("*.json"))
    beside = sorted((ROOT.parent / "shared" / "data").glob("*.json"))
    return beside or sorted((ROOT / "tests" / "demo").glob("sample*.json"))


def steps(recording):
    """The first state, then (list, entry) for every entry of every list, the longest list last."""
    if not isinstance(recording, dict):
        recording = {"entries": recording if isinstance(recording, list) else [recording]}
    lists = {key: value for key, value in recording.items() if isinstance(value, list)}
    first = {key: [] if key in lists else value for key, value in recording.items()}
    order = sorted(lists, key=lambda key: len(json.dumps(lists[key])))
    return first, [(key, entry) for key in order for entry in lists[key]]


class Traces(Case):
    def replay(self, conn, execution, path, how):
        """Saves a version a step; the text of each as the server prints it, by version."""
        state, entries = steps(json.loads(path.read_text()))
        document = json.dumps(state)
        text, version = conn.execute("SELECT %s::jsonb::text, wf_save_state(%s, %s)",
                                     (document, execution, document)).fetchone()
        texts = {version: text}
        for number, (key, entry) in enumerate(entries):
            state[key].append(entry)
            document = json.dumps(state)
            if how(number):
                call, sent = "wf_save_state", document
            else:
                pointer = key.replace("~", "~0").replace("/", "~1")
                call = "wf_patch_state"
                sent = json.dumps([{"op": "add", "path": f"/{pointer}/-", "value": entry}])
            text, version = conn.execute(
                f"SELECT %s::jsonb::text, {call}(%s, %s, %s)",
                (document, execution, sent, number + 1)).fetchone()
            texts[version] = text
        self.assertEqual(sorted(texts), list(range(1, len(entries) + 2)))
        return texts

    def test_text_identical(self):
        paths = recordings()
        self.assertTrue(paths, "no recording found: set WFSTATE_TRACES to a folder with *.json")
        ways = {"save": lambda n: True, "patch": lambda n: False, "both": lambda n: n % 3 == 0}
        versions = 0
        for path in paths:
            for way, how in ways.items():
                with self.subTest(file=path.name, way=way):
                    execution = unique(path.stem[:60])
                    texts = self.replay(self.session(), execution, path, how)
                    reader = self.session()
                    for version, text in texts.items():
                        self.assertEqual(self.value(
                            reader, "SELECT wf_state_at(%s, %s)::text", execution, version), text)
                    self.assertEqual(reader.execute(
                        "SELECT versions, valid, problem FROM wf_verify(%s)",
                        (execution,)).fetchone(), (len(texts), True, None))
                    self.rebuilt_from_export(reader, execution, texts)
                    versions += len(texts)
        print(f"\n  {versions} versions of {', '.join(path.name for path in paths)} ", end="")

    def rebuilt_from_export(self, conn, execution, texts):
        """The head of the imported copy is the same text again."""
        copy = unique("copy")
        conn.execute("SELECT wf_import(wf_export(%s), %s)", (execution, copy))
        self.assertEqual(self.value(conn, "SELECT wf_load_state(%s)::text", copy),
                         texts[len(texts)])
