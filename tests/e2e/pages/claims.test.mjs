// What the page promises a reader.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { AXE, closeBrowser, closeOpened, expected, file, JENKINS_POLICY, newPage, open, openBrowser, ready, search, serve, shown } from "./browser.mjs";

before(openBrowser);
after(closeBrowser);
afterEach(closeOpened);

async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious (${colorScheme})`, async () => {
    const { page } = await open("big", { colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await axe(page), [], "as it opens");
    await page.locator(".opener").first().click();
    assert.deepEqual(await axe(page), [], "with a test open");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    assert.deepEqual(await axe(page), [], "with the help open");
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 400, height: 800 });
    await page.locator("summary").last().click();
    assert.deepEqual(await axe(page), [], "narrow, with the table of lanes");
  });
}

test("axe finds nothing serious where the script never ran", async () => {
  const { page } = await newPage({ init: "window.atob = () => { throw new Error('no data'); };" });
  await page.goto(String(pathToFileURL(file("big"))));
  await page.waitForFunction(() => document.getElementById("scriptless").textContent.includes("no data"));
  assert.equal(await page.locator("article.failure").count(), 50);
  assert.deepEqual(await axe(page), []);
});

test("no request leaves, and nothing complains", async () => {
  const { page, watched } = await open("big", { hash: "#q=cart" });
  await page.getByRole("button", { name: /^Copy the command/ }).first().click();
  await page.locator(".opener").first().click();
  assert.deepEqual(watched.requests, [String(pathToFileURL(file("big")))]);
  assert.deepEqual(watched.errors, []);
});

function saysEverything(text, { verdict, command, test: name, fault, lostShard }) {
  for (const part of [verdict, command, name, fault, `shard ${lostShard} (`]) {
    assert.ok(text.includes(part), `${part} is not in the page`);
  }
}

test("without script the page names tests, faults, commands and lost shards", async () => {
  const { page } = await newPage({ javaScriptEnabled: false });
  await page.goto(String(pathToFileURL(file("big"))));
  saysEverything(await page.locator("body").innerText(), expected("big").plain);
  assert.equal(await page.locator("article.failure:visible").count(), 50);
  assert.equal(await page.locator("#bar").isVisible(), false);
});

test("under Jenkins' policy the page is whole and unstyled", async () => {
  const server = await serve("big", { "Content-Security-Policy": JENKINS_POLICY });
  const { page, context } = await newPage();
  await context.setOffline(false);
  await page.goto(server);
  saysEverything(await page.locator("body").innerText(), expected("big").plain);
  assert.equal(await page.locator("article.failure").first().evaluate((one) => getComputedStyle(one).borderStyle), "none");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.ready), undefined);
});

test("served with its own policy alone it works", async () => {
  const server = await serve("big", {});
  const { page, context, watched } = await newPage();
  await context.setOffline(false);
  await page.goto(server);
  await ready(page);
  assert.deepEqual(watched.requests, [server]);
  assert.deepEqual(watched.errors, []);
});

test("hostile names and messages stay text", async () => {
  const { page, watched } = await open("hostile");
  const openers = page.locator("#clusters .opener");
  const count = await openers.count();
  assert.ok(count > 5);
  for (let i = 0; i < count; i++) {
    await openers.nth(i).evaluate((opener) => opener.click());
    assert.equal(await page.locator("#detail").isVisible(), true);
  }
  await page.keyboard.press("Escape");
  for (const query of ["<script>", "onerror", "javascript:", "__proto__"]) {
    await search(page, query);
    assert.ok((await shown(page)) > 0, query);
  }
  await page.locator("summary").last().click();
  assert.equal(await page.evaluate(() => Object.keys(window).filter((key) => key === "pwned").length), 0);
  assert.equal(await page.locator("script").count(), 2);
  assert.equal(await page.locator("body img, body svg, body iframe, body object").count(), 0);
  const text = await page.evaluate(() => document.documentElement.outerHTML);
  assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
  const links = await page.locator("a[href]").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  assert.deepEqual(links.filter((href) => !/^(#|\.\/|data:,$)/.test(href)), []);
  assert.deepEqual(watched.errors, []);
});

test("hostile names stay text without script too", async () => {
  const { page, context } = await newPage();
  let dialogs = 0;
  page.on("dialog", () => dialogs++);
  const server = await serve("hostile", { "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'" });
  await context.setOffline(false);
  await page.goto(server);
  assert.match(await page.locator("body").innerText(), /<\/script>.*\n[^]*<(img|svg|!--)[^]*window\.pwned=/);
  assert.equal(await page.locator("body img, body svg, body iframe").count(), 0);
  assert.equal(dialogs, 0);
});

test("a browser without DecompressionStream reads the same", async () => {
  const { page, watched } = await open("big", { init: "delete window.DecompressionStream" });
  assert.equal(await shown(page), expected("big").rows);
  assert.deepEqual(watched.errors, []);
});

test("a sandbox that refuses history, storage and clipboard takes nothing away", async () => {
  const { page, watched } = await open("big", { init: `
    const refuse = () => { throw new DOMException("no", "SecurityError"); };
    History.prototype.replaceState = refuse;
    Object.defineProperty(window, "localStorage", { get: refuse });
    Object.defineProperty(navigator, "clipboard", { get: refuse });` });
  await search(page, "cart");
  assert.ok((await shown(page)) < expected("big").rows);
  const copy = page.getByRole("button", { name: /^Copy the command/ }).first();
  await copy.click();
  await page.waitForFunction(() => ["copied", "selected"].includes(document.querySelector(".copy").textContent));
  assert.match(await page.evaluate(() => String(getSelection())), /^itrun run /);
  assert.deepEqual(watched.errors, []);
});

test("each word of the search box chooses what the journal says", async () => {
  const { page } = await open("big");
  const { rows, queries } = expected("big");
  assert.equal(await shown(page), rows);
  for (const [query, count] of Object.entries(queries)) {
    await search(page, query);
    assert.equal(await shown(page), count, query);
  }
});

test("chips count the outcomes and choose them", async () => {
  const { page } = await open("big");
  const { outcomes } = expected("big");
  for (const [outcome, count] of Object.entries(outcomes)) {
    assert.equal(await page.locator(`.chip.${outcome} strong`).textContent(), count.toLocaleString("en"), outcome);
  }
  await page.locator(".chip.failed").click();
  await page.locator(".chip.timeout").click();
  assert.equal(await shown(page), outcomes.failed + outcomes.timeout);
  assert.equal(await page.getByLabel("Filter tests").inputValue(), "outcome:failed,timeout");
  assert.equal(await page.locator(".chip.failed").getAttribute("aria-pressed"), "true");
});

test("query, order and test stand in the address", async () => {
  const { page } = await open("big", { hash: "#q=outcome%3Afailed&sort=time" });
  const count = expected("big").outcomes.failed;
  assert.equal(await shown(page), count);
  assert.equal(await page.locator("th.col-time").getAttribute("aria-sort"), "ascending");
  await page.locator(".opener").first().click();
  const title = await page.locator("#detail-title").innerText();
  const address = page.url();
  assert.match(address, /[#&]t=[0-9a-f]{16}$/);
  const again = await open("big", { hash: new URL(address).hash });
  assert.equal(await again.page.locator("#detail-title").innerText(), title);
  assert.equal(await shown(again.page), count);
});

test("links of the plain page and of the script are the same", async () => {
  const plain = await newPage({ javaScriptEnabled: false });
  await plain.page.goto(String(pathToFileURL(file("hostile"))));
  const ids = await plain.page.locator("article.failure").evaluateAll((all) => all.map((one) => one.id));
  assert.ok(ids.length > 5);
  const { page } = await open("hostile", { hash: `#${ids[0]}` });
  assert.equal(await page.locator("#detail").isVisible(), true);
  for (const id of ids) {
    await page.keyboard.press("Escape");
    await page.evaluate((hash) => (location.hash = hash), id);
    await page.locator("#detail").waitFor({ state: "visible" });
  }
});

test("failures of one cause are one cluster, AWS's by its error code", async () => {
  const { page } = await open("big");
  const { causes, outcomes } = expected("big");
  assert.match(await page.locator(".causes li").first().innerText(), /^×\d\d\s+✗ failed\s+TimeoutError: order <uuid> was not settled within <n>$/);
  const more = page.getByRole("button", { name: /more causes?$/ });
  if (await more.count()) {
    await more.first().click();
  }
  assert.equal(await page.locator("#fault-tests .failure").count(), causes);
  assert.match(await page.locator("#fault-account .cluster h4").first().innerText(), /ThrottlingException/);
  assert.equal(await page.locator("#fault-account .cluster .times").first().innerText(), `×${outcomes.infra}`);
  assert.equal(await page.locator("#fault-deploy .failure").count(), 1);
});

test("attempts stand side by side", async () => {
  const { page } = await open("big", { hash: "#q=outcome%3Aflaky" });
  await page.locator("#fault-flake .opener").first().click();
  const columns = page.locator("#detail .columns").last().locator(".column");
  assert.equal(await columns.count(), 2);
  assert.match(await columns.nth(0).innerText(), /Attempt 1\s+✗ failed/);
  assert.match(await columns.nth(1).innerText(), /Attempt 2\s+✓ passed/);
  const [first, second] = [await columns.nth(0).boundingBox(), await columns.nth(1).boundingBox()];
  assert.ok(Math.abs(first.y - second.y) < 2 && second.x > first.x + 100);
  assert.match(await columns.nth(0).locator("a").getAttribute("href"), /^\.\/suites\/.*\/1\/output\.log$/);
});

test("everything by keyboard", async () => {
  const { page } = await open("big");
  const focused = () => page.evaluate(() => document.activeElement.className || document.activeElement.id);
  await page.keyboard.press("/");
  assert.equal(await focused(), "search");
  await page.keyboard.type("cart");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "name");
  const first = await page.evaluate(() => document.activeElement.closest("tr").dataset.at);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  assert.equal(await page.evaluate(() => document.activeElement.closest("tr").dataset.at), String(Number(first) + 1));
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "detail-title");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#detail").isVisible(), false);
  assert.equal(await focused(), "name");
  await page.keyboard.press("f");
  assert.match(await focused(), /opener/);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
  await page.keyboard.press("?");
  assert.equal(await page.locator("#help").evaluate((help) => help.open), true);
});

test("the timeline opens the suite under the pointer", async () => {
  const { page } = await open("big");
  const box = page.locator(".lane-box");
  await box.scrollIntoViewIfNeeded();
  const frame = await box.boundingBox();
  let suite = "";
  for (let x = 130; x < frame.width && !suite; x += 12) {
    await page.mouse.move(frame.x + x, frame.y + 14);
    suite = /passed\s+(\S+)/.exec(await page.locator(".tip").innerText())?.[1] || "";
    if (suite) {
      await page.mouse.click(frame.x + x, frame.y + 14);
    }
  }
  assert.match(suite, /test_/);
  const text = await page.locator("#detail").innerText();
  assert.ok(text.includes(`${suite}\n`) && text.includes("shard 1 · account-001"), text);
});

test("the critical path ends with the last suite, and the bound is told", async () => {
  const { page } = await open("big");
  const { lastSuite, lastShard } = expected("big");
  const steps = await page.locator(".path li").allInnerTexts();
  assert.ok(steps[steps.length - 1].startsWith(`shard ${lastShard} ran`), steps[steps.length - 1]);
  await page.locator(".path li button").last().click();
  assert.ok((await page.locator("#detail").innerText()).includes(lastSuite));
  assert.ok((await page.locator("#timeline").innerText()).includes("at best 1m 28s"));
});

test("zoom shows less time, and all of it again", async () => {
  const { page } = await open("big");
  const picture = () => page.locator(".axis").evaluate((canvas) => canvas.toDataURL());
  const drawn = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const whole = await picture();
  await page.locator(".lane-box").focus();
  await page.keyboard.press("+");
  await drawn();
  assert.notEqual(await picture(), whole);
  await page.keyboard.press("0");
  await drawn();
  assert.equal(await picture(), whole);
});

test("sorted by time the slowest stands first", async () => {
  const { page } = await open("big");
  await page.getByRole("button", { name: "Time", exact: true }).click();
  assert.ok((await page.locator("#tests tr[data-at='0']").innerText()).includes(expected("big").slowest));
});

test("print shows failures and no tools", async () => {
  const { page } = await open("big");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#bar").isVisible(), false);
  assert.equal(await page.locator(".failure").first().isVisible(), true);
});

test("dark and still where the reader asked for it", async () => {
  const { page } = await open("big", { colorScheme: "dark", reducedMotion: "reduce" });
  const style = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor,
    getComputedStyle(document.querySelector(".opener")).transitionDuration]);
  assert.deepEqual(style, ["rgb(21, 23, 26)", "0s"]);
});

test("a narrow window needs no sideways scrolling", async () => {
  const { page } = await open("big", { viewport: { width: 380, height: 800 } });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 380);
  await page.locator(".opener").first().click();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 380);
});

test("a real run's page says what its suites did", async () => {
  const { page, watched } = await open("real");
  for (const [outcome, names] of Object.entries(expected("real").tests)) {
    await search(page, `outcome:${outcome}`);
    assert.equal(await shown(page), names.length, outcome);
    const text = await page.locator("#tests tbody").innerText();
    for (const name of names) {
      assert.ok(text.includes(name), `${name} is not among the ${outcome}`);
    }
  }
  await search(page, "");
  const command = await page.locator("#fault-tests .repro code").first().innerText();
  assert.match(command, /^itrun run api\/tests\/test_sums\.py --seed \d+ --test \S*test_subtracts$/);
  assert.deepEqual(watched.errors, []);
});
