"""The client against a real service: WHENCE_TEST_URL and WHENCE_TEST_KEY say which. `npm test` starts one."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Any

import whence

URL = os.environ.get("WHENCE_TEST_URL", "")
KEY = os.environ.get("WHENCE_TEST_KEY", "")
MODEL = "facts-gpt2"
TEXT = "The capital of France is"
#: Takes longer than a person needs to press Ctrl-C.
LONG = {"method": "integrated_gradients", "method_args": {"n_steps": 1000}, "generation_args": {"max_new_tokens": 40, "min_new_tokens": 40}}


def installed(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


@unittest.skipUnless(URL, "WHENCE_TEST_URL names no service")
class ServiceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = whence.Client(URL, KEY, progress=False)

    def test_a_text_becomes_scores(self) -> None:
        result = self.client.attribute(
            MODEL, TEXT, generation_args={"max_new_tokens": 2}, step_scores=["probability"], top_alternatives=3
        )
        self.assertEqual(len(result), 1)
        (sequence,) = result
        self.assertEqual([token.token for token in sequence.generated][0], "ĠParis")
        self.assertEqual(sequence.strongest(0, 1)[0][0], "ĠFrance")
        rows, columns = len(sequence.target), len(sequence.generated)
        self.assertEqual(columns, 2)
        if installed("numpy"):
            self.assertEqual(sequence.scores.shape, (rows, columns))
        self.assertEqual((len(sequence.scores), len(sequence.scores[0])), (rows, columns))
        self.assertTrue(math.isnan(sequence.scores[rows - 1][0]), "what comes after a step does not apply")
        self.assertAlmostEqual(sum(value for value in sequence.scores[:, 0].tolist() if not math.isnan(value)) if installed("numpy") else 1, 1, places=4)
        best = sequence.top_alternatives[0][0]
        self.assertEqual(best.token, "ĠParis")
        self.assertAlmostEqual(best.probability, float(sequence.step_scores["probability"][0]), places=5)
        self.assertIsNone(sequence.source_scores)
        again = self.client.attribute(**result.info["request"])
        self.assertEqual(again[0].data, sequence.data)

    def test_an_answer_has_its_sources(self) -> None:
        documents = [{"id": "staff", "text": "Ana lives in Oslo. Ben works for Carla."}, {"text": "Dora was born in Lima."}]
        messages = [{"role": "user", "content": "Where does Ana live?"}]
        result = self.client.attribute_context(
            "sources-llama", documents, messages=messages, output_current_text="Ana lives in Oslo.", approach="leave_one_out"
        )
        (citation,) = result.citations
        self.assertEqual(citation.text, "Ana lives in Oslo.")
        best = citation.sources[0]
        self.assertEqual((best.unit.document_id, best.unit.text), ("staff", "Ana lives in Oslo."))
        self.assertEqual(documents[0]["text"][best.unit.start : best.unit.end], best.unit.text)
        self.assertFalse(citation.unsupported)
        self.assertGreater(citation.support or 0, 1)
        self.assertEqual((len(result.scores), len(result.scores[0])), (3, 1))
        self.assertIn("<whence-result>", result._repr_html_())
        self.assertIn("Ana lives in Oslo.", result._repr_html_())
        self.assertIn("Ana lives in Oslo.", result.text("text"))
        self.assertIsNone(result.pecore)
        again = self.client.job(result.job.id).result()
        self.assertIsInstance(again, whence.ContextResult)
        with self.assertRaises(whence.InvalidRequestError) as refused:
            self.client.attribute_context("sources-llama", documents, "?", approach="guess")
        self.assertEqual(refused.exception.errors[0].field, "#/approach")

    def test_a_context_of_texts_gives_pecore(self) -> None:
        result = self.client.attribute_context(
            MODEL, input_current_text=TEXT, input_context_text="France.", generation_args={"max_new_tokens": 2}
        )
        assert result.pecore is not None
        self.assertEqual(len(result.pecore["cti_scores"]), len(result.pecore["output_current_tokens"]))
        self.assertEqual(result.citations, [])

    def test_scores_have_metrics_beside_a_random_ranking(self) -> None:
        calls = ["sufficiency", {"name": "deletion", "args": {"points": 2}}, "sufficiency"]
        result = self.client.attribute(MODEL, TEXT, generation_args={"max_new_tokens": 2}, metrics=calls)
        (metrics,) = result.metrics
        self.assertEqual(list(metrics), ["sufficiency", "deletion", "sufficiency_2"])
        self.assertEqual((metrics["sufficiency"].better, metrics["deletion"].better), ("lower", "lower"))
        self.assertEqual(metrics["sufficiency"], metrics["sufficiency_2"])
        self.assertEqual([units for units, _, _ in metrics["deletion"].points][0], 0)
        self.assertIsNotNone(metrics["deletion"].random)
        self.assertEqual(self.client.attribute(MODEL, TEXT, generation_args={"max_new_tokens": 2}).metrics, [{}])

    def test_methods_are_compared_and_kept(self) -> None:
        texts = [TEXT, "The capital of Italy is"]
        result = self.client.evaluate(MODEL, texts, methods=["saliency", "occlusion"], generation_args={"max_new_tokens": 2})
        self.assertEqual(sorted(method.method for method in result.ranking), ["occlusion", "saliency"])
        best = result.ranking[0]
        self.assertEqual(best.rank, 1)
        mean = best.metrics["comprehensiveness"].mean
        assert mean is not None and mean.low is not None and mean.high is not None
        self.assertTrue(mean.low <= mean.mean <= mean.high)
        self.assertGreater(best.passes, 0)
        self.assertIn("higher is better", result.text())
        self.assertIsInstance(self.client.job(result.job.id).result(), whence.EvaluationResult)
        newest = self.client.evaluations(MODEL)[0]
        self.assertEqual([one["method"] for one in newest["ranking"]], [one.method for one in result.ranking])
        self.assertEqual(newest["model_hash"], result.info["model_hash"])
        self.assertNotIn("capital", str(newest))

    def test_a_translation_has_source_and_target(self) -> None:
        result = self.client.attribute(
            "numbers-m2m100", "two hundred", src_lang="en", tgt_lang="de", attribute_target=True
        )
        (sequence,) = result
        self.assertEqual(len(sequence.source_scores), len(sequence.source))
        self.assertEqual(len(sequence.target_scores), len(sequence.target))
        self.assertEqual(len(sequence.scores), len(sequence.source))

    def test_raw_scores_have_further_axes(self) -> None:
        result = self.client.attribute(MODEL, TEXT, TEXT + " Paris", method="attention", aggregators=[])
        (sequence,) = result
        scores = sequence.scores
        shape = scores.shape if installed("numpy") else (len(scores), len(scores[0]), len(scores[0][0]), len(scores[0][0][0]))
        self.assertEqual(len(shape), 4)
        self.assertEqual(sequence.data["axes"], ["layer", "head"])

    def test_any_number_of_texts_in_their_order(self) -> None:
        facts = [("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo")]
        texts = [f"The capital of {country} is" for country, _ in facts * 7]
        texts[5] = "capital " * 200  # refused before it is computed: more tokens than the model has positions
        sequences = list(
            self.client.attribute_many(MODEL, (text for text in texts), chunk=4, generation_args={"max_new_tokens": 1})
        )
        self.assertEqual(len(sequences), 21)
        for i, sequence in enumerate(sequences):
            if i == 5:
                self.assertIsNotNone(sequence.error)
                self.assertEqual(sequence.error.field, "#/input_texts")
                with self.assertRaisesRegex(whence.TextFailedError, "tokens"):
                    sequence.scores
            else:
                self.assertEqual(sequence.generated[0].token, "Ġ" + facts[i % 3][1])
        self.assertEqual(list(self.client.attribute_many(MODEL, [])), [])
        with self.assertRaisesRegex(whence.InvalidRequestError, "saliancy"):
            next(self.client.attribute_many(MODEL, [TEXT], method="saliancy"))
        with self.assertRaisesRegex(ValueError, "one for each"):
            list(self.client.attribute_many(MODEL, [TEXT], []))

    def test_events_as_they_happen(self) -> None:
        events = list(self.client.stream(MODEL, TEXT, generation_args={"max_new_tokens": 2}, top_alternatives=2))
        names = [event.name for event in events]
        self.assertEqual(names[-1], "done")
        steps = [event.data for event in events if event.name == "step"]
        self.assertEqual(steps[0]["token"]["token"], "ĠParis")
        self.assertEqual(len(steps[0]["top_alternatives"]), 2)

    def test_leaving_a_stream_cancels_its_job(self) -> None:
        stream = self.client.stream(MODEL, TEXT, **LONG)
        next(stream)
        stream.close()
        self.assertEqual(self.client._transport.json("GET", "/jobs?limit=1")["jobs"][0]["status"], "canceled")

    def test_errors_name_field_and_remedy(self) -> None:
        with self.assertRaises(whence.InvalidRequestError) as caught:
            self.client.attribute(MODEL, TEXT, method="saliancy")
        self.assertEqual(caught.exception.field, "#/method")
        self.assertIn('Did you mean "saliency"?', caught.exception.remedy)
        with self.assertRaises(whence.AuthenticationError):
            whence.Client(URL, "not-the-key").models()
        with self.assertRaises(whence.NotFoundError):
            self.client.job("no-such-job")

    def test_a_job_that_was_canceled_says_so(self) -> None:
        job = self.client.submit(MODEL, TEXT, **LONG).cancel()
        with self.assertRaises(whence.JobCanceledError):
            job.wait(progress=False)

    def test_ctrl_c_cancels_the_job(self) -> None:
        program = (
            "import whence\n"
            f"client = whence.Client({URL!r}, {KEY!r})\n"
            f"job = client.submit({MODEL!r}, {TEXT!r}, **{LONG!r})\n"
            "print(job.id, flush=True)\n"
            "job.wait()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        job = self.client.job(process.stdout.readline().strip())
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        self.assertIn("KeyboardInterrupt", errors)
        self.assertEqual(job.refresh().status, "canceled")

    def test_files_and_a_link_for_others(self) -> None:
        result = self.client.attribute(MODEL, TEXT, generation_args={"max_new_tokens": 1})
        with tempfile.TemporaryDirectory() as folder:
            for name, start in (("a.html", "<!doctype html>"), ("a.csv", "sequence,kind"), ("a.txt", "text 1"), ("a.json", "{")):
                result.save(Path(folder) / name)
                self.assertTrue((Path(folder) / name).read_text(encoding="utf-8").startswith(start), name)
            result.save(Path(folder) / "inseq.json", format="inseq")
            self.assertIn("__instance_type__", json.loads((Path(folder) / "inseq.json").read_text()))
            with self.assertRaisesRegex(ValueError, r"\.png"):
                result.save(Path(folder) / "a.png")
        with urllib.request.urlopen(f"{result.job.share_url}/result?format=csv") as shared:  # without the key
            self.assertEqual(shared.read().decode(), result.text("csv"))
        rows = list(csv.DictReader(io.StringIO(result.text("csv"))))
        self.assertEqual(max(rows, key=lambda row: float(row["value"]))["token"], "ĠFrance")
        result.job.delete()
        with self.assertRaises(whence.NotFoundError):
            result.text("csv")

    def test_a_result_shows_itself(self) -> None:
        result = self.client.attribute(MODEL, TEXT, generation_args={"max_new_tokens": 1})
        page = result._repr_html_()
        self.assertIn("<whence-result>", page)
        self.assertNotIn("<html", page)
        self.assertIn("France", page)
        self.assertIn(MODEL, repr(result))
        result.job.delete()
        self.assertEqual(result._repr_html_(), page, "it stays after the job has gone")

    @unittest.skipUnless(installed("pandas"), "pandas is not installed")
    def test_data_frames(self) -> None:
        result = self.client.attribute(MODEL, [TEXT, "The capital of Italy is"], generation_args={"max_new_tokens": 1})
        frame: Any = result.to_pandas()
        self.assertEqual(frame.loc[frame["score"].idxmax()]["token"] in ("ĠFrance", "ĠItaly"), True)
        self.assertEqual(set(frame["sequence"]), {0, 1})
        matrix = result[0].to_pandas()
        self.assertEqual(list(matrix.columns), ["ĠParis"])
        self.assertEqual(matrix["ĠParis"].idxmax(), "ĠFrance")

    @unittest.skipUnless(installed("inseq"), "inseq is not installed")
    def test_inseq_takes_it(self) -> None:
        result = self.client.attribute(MODEL, TEXT, generation_args={"max_new_tokens": 1})
        self.assertEqual(len(result.to_inseq().sequence_attributions), 1)

    @unittest.skipUnless(installed("nbclient", "ipykernel"), "nbclient and ipykernel are not installed")
    def test_in_a_notebook(self) -> None:
        import nbclient
        import nbformat

        cell = f"import whence\nwhence.Client({URL!r}, {KEY!r}).attribute({MODEL!r}, {TEXT!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
        nbclient.NotebookClient(notebook, timeout=60).execute()
        shown = [output for output in notebook.cells[0].outputs if output.output_type == "execute_result"]
        self.assertIn("<whence-result>", shown[0]["data"]["text/html"])


if __name__ == "__main__":
    unittest.main()
