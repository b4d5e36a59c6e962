// The road of the product in a real browser, by keyboard alone where the counter is concerned, in both languages; and what every page must keep to.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = require.resolve("axe-core/axe.min.js");
const port = 18080;
const base = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(tmpdir(), "zamen-browser-"));
const screens = process.env.TEST_SCREENS;
let server, browser;

before(async () => {
  server = spawn(process.env.TEST_BINARY, ["demo", "--listen", `127.0.0.1:${port}`, "--data", data], { stdio: ["ignore", "ignore", "inherit"] });
  const until = Date.now() + 240_000;
  for (;;) {
    const answer = await fetch(`${base}/health`).catch(() => null);
    if (answer?.ok) break;
    assert.equal(server.exitCode, null, "the demo stopped");
    assert.ok(Date.now() < until, "the demo does not answer");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  server?.kill("SIGTERM");
  await new Promise((resolve) => (server ? server.on("exit", resolve) : resolve()));
  rmSync(data, { recursive: true, force: true });
});

async function signedIn(login, width = 1440, locale = "fa") {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.fill("#login", login);
  await page.fill("#password", "zamen-demo");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/`);
  return page;
}

async function accessible(page) {
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(async () => (window.axe ? (await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations : null));
  assert.notEqual(found, null, "axe did not run");
  assert.deepEqual(found.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), [], page.url());
}

async function picture(page, name) {
  if (!screens) return;
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
}

async function language(page, code) {
  await page.goto(`${base}/me`);
  if ((await page.getAttribute("html", "lang")) !== code) {
    await page.locator('form[action="/language"] button').click();
    await page.waitForSelector(`html[lang="${code}"]`);
  }
}

/** Receives a known device by keyboard alone and counts the key presses besides the words typed. */
async function receive(page, serial) {
  let presses = 0;
  const press = async (key) => {
    presses += 1;
    await page.keyboard.press(key);
  };
  await page.goto(base);
  await press("/");
  await page.keyboard.type(serial);
  await press("Enter");
  await page.waitForURL(/\/devices\//);
  await press("Enter"); // the primary action has the focus
  await page.waitForURL(/\/receive/);
  await page.waitForFunction(() => document.activeElement?.getAttribute("name") === "devices[0].faults[]");
  await page.keyboard.type("C01");
  await page.waitForSelector("#answer .verdict");
  await press("Control+Enter");
  await page.waitForURL(/\/receptions\//);
  return presses;
}

test("the counter receives a known device with at most 12 key presses, in Persian", async () => {
  const page = await signedIn("maryam");
  const presses = await receive(page, "SRF0173741");
  assert.ok(presses <= 12, `${presses} key presses`);
  assert.equal(await page.getAttribute("html", "dir"), "rtl");
  await accessible(page);
  await picture(page, "reception-fa-1440");
});

test("bad input comes back filled, with the fault beside its field, in the person's language", async () => {
  const page = await signedIn("maryam");
  await language(page, "fa");
  await page.goto(`${base}/receive`);
  await page.fill('input[name="customer.new.name"]', "زهرا کریمی");
  await page.fill('input[name="customer.new.phones[]"]', "0912");
  await page.fill('input[name="devices[0].new_device.serial"]', "X-1");
  await page.fill('input[name="devices[0].new_device.product"]', "SRF-1000");
  await page.fill('input[name="devices[0].faults[]"]', "C01");
  await page.locator("button[data-main]").click();
  await page.waitForSelector('[role="alert"]');
  assert.equal(await page.inputValue('input[name="customer.new.name"]'), "زهرا کریمی");
  assert.match(await page.textContent(".field-fault"), /۰۹۱۲۳۴۵۶۷۸۹/);
});
