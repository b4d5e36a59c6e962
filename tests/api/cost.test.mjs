// What requests may cost: however large what is sent unpacks to, and though sixty-four come at once, the program takes little more memory for it, and
// everybody else is served meanwhile.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { deflateSync } from "node:zlib";
import { Server } from "../support/server.mjs";

const MOST_MEGABYTES = 256;
const MOST_WAIT_MS = 1000;
const AT_ONCE = 64;

/** Megabytes of a field of the process's status. */
const memory = (server, field) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))[1]) / 1024;

/** A PNG of one colour: a few kilobytes that unpack to four bytes a pixel. */
function png(side) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((side * 4 + 1) * side));
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** A workbook of some kilobytes, each of whose many cells names the one long text that they share. */
const workbook = () =>
  execFileSync("python3", ["-c", `
import io, sys, zipfile
main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
out = io.BytesIO()
book = zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED)
book.writestr('[Content_Types].xml', '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
book.writestr('xl/workbook.xml', '<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>' % (main, rel))
book.writestr('xl/_rels/workbook.xml.rels', '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="b" Type="%s/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="c" Type="%s/sharedStrings" Target="sharedStrings.xml"/></Relationships>' % (rel, rel))
book.writestr('xl/sharedStrings.xml', '<sst xmlns="%s"><si><t>%s</t></si></sst>' % (main, 'x' * 30000))
rows = ''.join('<row r="%d">%s</row>' % (r, ''.join('<c t="s"><v>0</v></c>' for c in range(50))) for r in range(1, 4001))
book.writestr('xl/worksheets/sheet1.xml', '<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, rows))
book.close()
sys.stdout.write(__import__('base64').b64encode(out.getvalue()).decode())
`], { encoding: "utf8", maxBuffer: 1 << 26 });

/** Somebody else, in a thread of their own, so that what this one has to send keeps nobody waiting: how long a write and /health took them at most. */
function somebodyElse(base, token) {
  const worker = new Worker(
    `
const { parentPort, workerData: { base, token } } = require("node:worker_threads");
const { randomUUID } = require("node:crypto");
const waits = { write: 0, health: 0 };
let isOver = false;
parentPort.once("message", () => (isOver = true));
const timed = async (what, path, expected, options) => {
  const began = performance.now();
  const answer = await fetch(base + path, options);
  waits[what] = Math.max(waits[what], performance.now() - began);
  const text = await answer.text();
  if (answer.status !== expected) throw new Error(path + ": " + answer.status + " " + text);
};
(async () => {
  while (!isOver) {
    await timed("health", "/health", 200);
    const headers = { authorization: "Bearer " + token, "content-type": "application/json", "idempotency-key": randomUUID() };
    await timed("write", "/api/v1/customers", 201, { method: "POST", headers, body: JSON.stringify({ name: "مشتری" }) });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  parentPort.postMessage(waits);
})();`,
    { eval: true, workerData: { base, token } },
  );
  const told = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  return {
    async end() {
      worker.postMessage("over");
      return told.finally(() => worker.terminate());
    },
  };
}

test("nothing that is sent costs much, and nobody waits for who sends it", { skip: process.platform === "linux" ? false : "memory is read from /proc" }, async () => {
  const server = await Server.place("sqlite");
  // Each sender counts as one of their own.
  server.flags.push("--trusted-proxies", "127.0.0.1", "--requests-per-minute", "1000000");
  await server.run();
  try {
    await server.setUp();
    const token = server.token("admin");
    const api = (path, body) => fetch(`${server.base}/api/v1${path}`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() }, body });
    let sender = 0;
    const form = (path, body) => fetch(`${server.base}${path}`, { method: "POST", redirect: "manual", headers: { "content-type": "application/x-www-form-urlencoded", "x-forwarded-for": `10.1.${(sender += 1) >> 8}.${sender & 255}` }, body });
    const photo = JSON.stringify({ purpose: "condition", content: png(6000).toString("base64") });
    const sheet = JSON.stringify({ kind: "customers", file_name: "x.xlsx", is_dry_run: true, content: workbook() });
    const names = Array.from({ length: 5000 }, (_, at) => `k[${at % 1000}][999]=x`).join("&");
    const kinds = {
      "sign-ins": (at) => form("/sign-in", `login=nobody${at}&password=wrong`),
      photos: () => api("/photos", photo),
      workbooks: () => api("/imports", sheet),
      "names of fields": () => form("/sign-in", names),
      "fields of the first start": () => form("/setup", names),
      "JSON in JSON": () => api("/receptions", "[".repeat(1_900_000)),
      "a query of names": () => fetch(`${server.base}/sign-in?${names.slice(0, 8000)}`, { redirect: "manual" }),
    };
    // Much that is sent: nobody can read the photo, and the sheet would run on by itself.
    const row = Buffer.from(`زهرا کریمی,0912345678,${"x".repeat(98)}\n`);
    const rows = (megabytes) => Buffer.concat([Buffer.from("name,phone,note\n"), Buffer.alloc(Math.floor((megabytes * 1024 * 1024) / row.length) * row.length, row)]);
    const bytes = JSON.stringify({ content: Buffer.alloc(4 * 1024 * 1024, "zamen").toString("base64") });
    const long = Buffer.from(JSON.stringify({ kind: "customers", file_name: "x.csv", is_dry_run: true, content: rows(23).toString("base64") }));
    const { cookie, csrf } = await server.signIn("admin", "correct horse");
    const field = (name) => `--part\r\ncontent-disposition: form-data; name="${name}"`;
    const parts = [`${field("_csrf")}\r\n\r\n${csrf}\r\n${field("kind")}\r\n\r\ncustomers\r\n${field("file")}; filename="x.csv"\r\n\r\n`, rows(63), "\r\n--part--\r\n"];
    const upload = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const headers = { cookie, "content-type": "multipart/form-data; boundary=part" };
    kinds["bodies that are no photos"] = () => api("/photos", bytes);
    const none = Buffer.from(JSON.stringify({ kind: "customers", file_name: "x.csv", content: "!".repeat(16_000_000) }));
    kinds["files that are none"] = () => api("/imports", none);
    // A case of as many pairs as are decided at once, each of which is told of.
    const { paths } = await (await fetch(`${server.base}/api/v1/openapi.json`)).json();
    const operation = Object.values(paths).flatMap(Object.values).find(({ operationId }) => operationId === "decideCoverage");
    const example = operation.requestBody.content["application/json"].examples.usual.value;
    const many = (one, length) => Array.from({ length }, (_, at) => ({ ...one, id: `N${at}`.padEnd(120, "x") }));
    const decide = JSON.stringify({ ...example, covers: many(example.covers[0], 20), question: { ...example.question, lines: many(example.question.lines[0], 100) } });
    kinds.cases = async () => {
      const answer = await api("/coverage/decide", decide);
      assert.equal(answer.status, 200);
      return answer;
    };
    const few = {
      "large sheets": async () => {
        const made = await api("/imports", long);
        const { id } = await made.clone().json();
        await (await api(`/imports/${id}/cancel`, "{}")).arrayBuffer();
        return made;
      },
      "the largest sheets": () => fetch(`${server.base}/imports`, { method: "POST", redirect: "manual", headers, body: upload }),
    };
    // A list of thousands, as a file.
    const people = Array.from({ length: 3000 }, (_, at) => `زهرا کریمی ${at},0912${String(at).padStart(7, "0")}\n`);
    const listed = async (at) => {
      if (people.length > 0) {
        const sent = { kind: "customers", file_name: "x.csv", content: Buffer.from(`name,phone\n${people.splice(0).join("")}`).toString("base64") };
        const { id } = await (await api("/imports", JSON.stringify(sent))).json();
        while ((await server.call("admin", "GET", `/imports/${id}`)).state !== "done") await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return fetch(`${server.base}/customers?format=${at % 2 ? "xlsx" : "csv"}`, { headers: { cookie } });
    };
    const report = [];
    for (const [kind, send] of Object.entries({ ...kinds, ...few, "lists as files": listed })) {
      const warm = await send(0);
      await warm.arrayBuffer();
      assert.ok(warm.status < 500 || warm.status === 503, `${kind}: ${warm.status}`);
      writeFileSync(`/proc/${server.process.pid}/clear_refs`, "5");
      const before = memory(server, "VmRSS");
      const others = somebodyElse(server.base, token);
      const answers = await Promise.all(Array.from({ length: kind in few ? 2 : AT_ONCE }, (_, at) => send(at).then(async (answer) => (await answer.arrayBuffer(), answer.status))));
      const waits = await others.end();
      const added = memory(server, "VmHWM") - before;
      report.push(`${kind}: ${answers.length} at once add ${added.toFixed(0)} MB; meanwhile a write waits ${waits.write.toFixed(0)} ms, /health ${waits.health.toFixed(0)} ms; ${[...new Set(answers)].join(", ")}`);
      console.log(report.at(-1));
      assert.ok(added <= MOST_MEGABYTES, report.at(-1));
      assert.ok(answers.every((status) => status < 500 || status === 503), report.at(-1));
      assert.ok(Math.max(waits.write, waits.health) <= MOST_WAIT_MS, report.at(-1));
    }
  } finally {
    await server.remove();
  }
});
