// The papers of a visit as PDF: their text as it is read, in the language of their customer, in every format.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server, binary } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

const screens = process.env.TEST_SCREENS;

/** Text and number of pages of a PDF, and its picture where pictures are kept. */
function read(bytes, name) {
  const folder = mkdtempSync(join(tmpdir(), "zamen-paper-"));
  try {
    const path = join(folder, "paper.pdf");
    writeFileSync(path, bytes);
    const text = execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" });
    const info = execFileSync("pdfinfo", [path], { encoding: "utf8" });
    if (screens) {
      mkdirSync(screens, { recursive: true });
      execFileSync("pdftoppm", ["-png", "-r", "80", path, join(screens, `paper-${name}`)]);
    }
    // Direction marks and ligatures are how a PDF writes it, not what it says.
    return { text: text.normalize("NFKC").replaceAll(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, ""), pages: Number(/Pages:\s+(\d+)/.exec(info)[1]), size: /Page size:\s+([\d.]+) x ([\d.]+)/.exec(info).slice(1, 3).map(Number) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const [language, digits] of [["fa", "fa-IR"], ["en", "en-US"]]) {
  test(`receipts, label, entry sheet, card, invoices and report are drawn and say what they should (${language})`, async () => {
    const server = await Server.start("sqlite", { clock: "2026-11-23T10:41:00+03:30" });
    try {
      await server.setUp();
      const made = await furnish(server);
      const call = (login, method, path, body) => server.call(login, method, path, body);
      const customer = await call("maryam", "POST", "/customers", { name: "زهرا کریمی", phones: ["09123456789"], language });
      const device = await call("admin", "POST", "/devices", { product: "SRF-7300", serial: "SRF7300-0148812", events: [{ type: "sold", on: "2023-04-03" }], owner: customer.id });
      const card = await call("admin", "POST", "/cards", { device: device.id, policy: made.gold, number: "G-884213" });
      const visit = await call("maryam", "POST", "/receptions", { customer: { id: customer.id }, devices: [{ device: device.id, faults: ["no-cooling"], accessories: ["کارت گارانتی"], note: "از دیروز" }] });
      const token = server.token("maryam");
      const paper = async (kind, id, format = "", name = kind) => {
        const { items } = await call("maryam", "GET", `/documents/of/${kind}/${id}`);
        const answer = await fetch(`${server.base}/api/v1/documents/${items[0].id}${format}`, { headers: { authorization: `Bearer ${token}` } });
        assert.equal(answer.headers.get("content-type"), "application/pdf");
        return read(Buffer.from(await answer.arrayBuffer()), `${name}-${language}`);
      };
      const group = (number) => number.toLocaleString(digits);
      const tracking = visit.tracking_number.replace(/(\d{4})(\d{4})(\d{4})/, "$1-$2-$3").replaceAll(/\d/g, (digit) => Number(digit).toLocaleString(digits));
      for (const [format, width] of [["receipt-a5", 420], ["receipt-80", 227], ["receipt-58", 164], ["label", 170], ["entry-a4", 595]]) {
        const { text, size, pages } = await paper("reception", visit.id, `?format=${format}`, format);
        assert.ok(Math.abs(Math.min(...size) - Math.min(width, 420)) < 180 && pages === 1, `${format}: ${size} on ${pages} pages`);
        for (const word of [visit.number, "SRF7300-0148812"]) assert.ok(text.includes(word), `${format} without ${word}: ${text}`);
        assert.ok(text.includes(tracking) || text.includes(visit.tracking_number), `${format} without the tracking number ${tracking}: ${text}`);
      }
      const printed = await paper("card", card.id);
      for (const word of ["G-884213", "SRF7300-0148812"]) assert.ok(printed.text.includes(word), printed.text);
      const on = (login, noun, body) => call(login, "POST", `/repairs/${visit.repairs[0].id}/${noun}`, body);
      await on("maryam", "moves", { transition: "to-diagnosis" });
      await on("saeed", "diagnose", { fault: "no-cooling", cause: "wear", accept_coverage_change: true });
      await on("saeed", "operations", { service: "SVC-TRAVEL" });
      await on("saeed", "operations", { service: "SVC-COMP" });
      await on("saeed", "estimates", { ask: true });
      await on("maryam", "estimates/answer", { answer: "accepted" });
      await on("saeed", "moves", { transition: "repaired" });
      await on("saeed", "checklist", { items: ["runs"] });
      await on("saeed", "moves", { transition: "passed" });
      const { invoices } = await call("maryam", "POST", `/receptions/${visit.id}/hand-over`, {});
      for (const invoice of invoices) {
        const { text } = await paper("invoice", invoice.id, "", `invoice-${invoice.kind}`);
        for (const word of [invoice.number, group(invoice.total)]) assert.ok(text.includes(word), `${invoice.kind} without ${word}: ${text}`);
      }
      const report = execFileSync(binary, ["report", "failure-causes", "--format", "pdf", ...server.flags]);
      assert.match(read(report, `report-${language}`).text, /Fail|appliance/);
    } finally {
      await server.remove();
    }
  });
}
