// node read.mjs CONSUMER FILE...: what a real reader of JUnit sees, as JSON: [{suite, name, status, flaky}].
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const consumers = {
  // The reader of Allure 3. Names stay as they are escaped in the file.
  async allure(files) {
    const { junitXml } = await import("@allurereport/reader");
    const { PathResultFile } = await import("@allurereport/reader-api");
    const seen = [];
    const visitor = {
      visitTestResult: async (result) => {
        const suite = result.labels.find((label) => label.name === "suite")?.value;
        seen.push({ suite, name: unescaped(result.name), status: { broken: "error" }[result.status] ?? result.status });
      },
      visitAttachmentFile: async () => {},
      visitMetadata: async () => {},
      visitTestFixtureResult: async () => {},
      visitGlobals: async () => {},
    };
    for (const file of files) {
      const taken = await junitXml.read(visitor, new PathResultFile(file, basename(file)));
      if (!taken) throw new Error(`Allure does not take ${file}`);
    }
    return seen;
  },
  async junit2json(files) {
    const { parse } = await import("junit2json");
    const seen = [];
    for (const file of files) {
      const root = await parse(readFileSync(file, "utf8"));
      for (const suite of root.testsuite) {
        if (suite.testcase.length !== suite.tests) throw new Error(`${suite.name}: tests="${suite.tests}" is not true`);
        for (const test of suite.testcase) {
          const status = test.failure ? "failed" : test.error ? "error" : test.skipped ? "skipped" : "passed";
          seen.push({ suite: suite.name, name: test.name, status, flaky: Boolean(test.flakyFailure) });
        }
      }
    }
    return seen;
  },
  // Knows no errors: they are failed too.
  async "junit-to-ctrf"(files) {
    const { convertJUnitToCTRFReport } = await import("junit-to-ctrf");
    const seen = [];
    for (const file of files) {
      const report = await convertJUnitToCTRFReport(file, {});
      for (const test of report.results.tests) {
        seen.push({ suite: test.suite[0], name: test.name, status: test.status, flaky: test.flaky === true });
      }
    }
    return seen;
  },
  // Likewise.
  async "test-results-parser"(files) {
    const { default: parser } = await import("test-results-parser");
    const seen = [];
    const { result, errors } = parser.parseV2({ type: "junit", files });
    if (errors.length > 0) throw new Error(errors.join());
    for (const suite of result.suites) {
      for (const test of suite.cases) {
        seen.push({ suite: suite.name, name: test.name, status: { PASS: "passed", FAIL: "failed", SKIP: "skipped" }[test.status] });
      }
    }
    return seen;
  },
  // Merges files into one, which is then read by its attributes.
  async "junit-report-merger"(files) {
    const { mergeFiles } = await import("junit-report-merger");
    const { parse } = await import("junit2json");
    const merged = join(mkdtempSync(join(tmpdir(), "merged-")), "merged.xml");
    await mergeFiles(merged, files);
    const root = await parse(readFileSync(merged, "utf8"));
    const counted = { total: root.tests, failed: root.failures, error: root.errors, skipped: root.skipped };
    return { counted, tests: await consumers.junit2json([merged]) };
  },
};

function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

const [consumer, ...files] = process.argv.slice(2);
console.log = console.error; // some readers chat
process.stdout.write(JSON.stringify(await consumers[consumer](files)));
