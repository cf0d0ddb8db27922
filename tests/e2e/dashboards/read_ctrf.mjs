// What the reference implementation of CTRF makes of a file: validity, counts, flaky tests. usage: node read_ctrf.mjs FILE
import fs from "node:fs";
import { calculateSummary, filterTests, isTestFlaky, parse, validate } from "ctrf";

const report = parse(fs.readFileSync(process.argv[2], "utf8"));
const { valid, errors } = validate(report);
const { tests, summary } = report.results;
console.log(JSON.stringify({
  valid, errors, said: summary, counted: calculateSummary(tests),
  failed: filterTests(report, { status: "failed" }).map((test) => test.name),
  flaky: tests.filter(isTestFlaky).map((test) => test.name),
}));
