// What a stranger or a person may cost: connections that keep still, and much at once. Whatever it is, others are served within a second, and the program
// takes no more than 256 MB more.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { crc32, deflateRawSync, deflateSync } from "node:zlib";
import { Server } from "../support/server.mjs";

const MEGABYTE = 1024 * 1024;
const MOST = 256;
const PATIENCE = 1000;

/** A connection that sends so much and no more: what came back, and after how many milliseconds it ended. */
function still(server, sent) {
  return new Promise((resolve) => {
    const begun = performance.now();
    let told = "";
    const socket = connect(server.port, "127.0.0.1", () => sent && socket.write(sent));
    socket.on("data", (data) => (told += data));
    socket.on("error", () => {});
    socket.on("close", () => resolve({ told, after: performance.now() - begun }));
  });
}

/** How long somebody else waits for a page, in milliseconds. */
async function waits(server) {
  const begun = performance.now();
  const health = await fetch(`${server.base}/health`);
  assert.equal(health.status, 200);
  return performance.now() - begun;
}

test("heads and bodies that do not come to their end keep nobody waiting, and are ended", async () => {
  const server = await Server.start("sqlite");
  try {
    const body = still(server, "POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nlogin=");
    // The one whose body is awaited counts as one that waits for us: heads do not push it out.
    await waits(server);
    const heads = Array.from({ length: 300 }, (_, index) => still(server, ["", "GE", "GET /health HTTP/1.1\r\nhost: x\r\n"][index % 3]));
    for (let round = 0; round < 20; round += 1) {
      const waited = await waits(server);
      assert.ok(waited < PATIENCE, `${waited} ms`);
    }
    const ended = await Promise.all(heads);
    assert.ok(ended.every(({ after }) => after < 15_000), `${Math.max(...ended.map(({ after }) => after))} ms`);
    const stopped = await body;
    assert.ok(stopped.after > 25_000 && stopped.after < 40_000, `${stopped.after} ms`);
    assert.match(stopped.told, /^HTTP\/1\.1 422 /);
  } finally {
    await server.remove();
  }
});

const kilobytes = (server, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))[1]);

/** Does something while somebody else writes and looks; tells what came of it, and checks what it cost. */
async function costs(what, server, work) {
  // The high-water mark begins anew.
  writeFileSync(`/proc/${server.process.pid}/clear_refs`, "5");
  const before = kilobytes(server, "VmRSS");
  let isDone = false;
  const working = work().finally(() => (isDone = true));
  let slowest = 0;
  do {
    slowest = Math.max(slowest, await waits(server));
    const begun = performance.now();
    await server.call("admin", "POST", "/customers", { name: "زهرا" });
    slowest = Math.max(slowest, performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 25));
  } while (!isDone);
  const came = await working;
  const megabytes = Math.round((kilobytes(server, "VmHWM") - before) / 1024);
  assert.ok(megabytes < MOST, `${what}: ${megabytes} MB`);
  assert.ok(slowest < PATIENCE, `${what}: others waited ${Math.round(slowest)} ms`);
  return came;
}

/** Sends a body; its status, or 0 where the connection ended before an answer could be read. */
function send(server, path, headers, body) {
  return new Promise((resolve) => {
    const asked = request(`${server.base}${path}`, { method: "POST", agent: false, headers: { ...headers, "content-length": body.length } }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    asked.on("error", () => resolve(0));
    asked.end(body);
  });
}

const many = (count, one) => Promise.all(Array.from({ length: count }, one));
const call = (server, path, body) => send(server, `/api/v1${path}`, { authorization: `Bearer ${server.token("admin")}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() }, body);
const inJson = (fields, content) => Buffer.from(JSON.stringify({ ...fields, content: content.toString("base64") }));

/** A PNG of one colour. */
function png(width, height) {
  const chunk = (kind, data) => {
    const out = Buffer.alloc(12 + data.length);
    out.writeUInt32BE(data.length, 0);
    out.write(kind, 4, "latin1");
    data.copy(out, 8);
    out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc(height * (1 + 3 * width)), { level: 1 });
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** A ZIP of texts. */
function zip(texts) {
  const parts = [];
  const listed = [];
  let at = 0;
  for (const [name, text] of Object.entries(texts)) {
    const data = Buffer.from(text);
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const here = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    listed.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, place, Buffer.from(name)]));
    parts.push(here);
    at += here.length;
  }
  const list = Buffer.concat(listed);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

/** A workbook of a few kilobytes in which one long text stands in each of very many cells. */
function bomb() {
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const packages = "http://schemas.openxmlformats.org/package/2006/relationships";
  const row = `<row>${'<c t="s"><v>0</v></c>'.repeat(20)}</row>`;
  return zip({
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": `<Relationships xmlns="${packages}"><Relationship Id="a" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${packages}"><Relationship Id="a" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="${office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    "xl/sharedStrings.xml": `<sst xmlns="${main}"><si><t>${"long ".repeat(6000)}</t></si></sst>`,
    "xl/worksheets/sheet1.xml": `<worksheet xmlns="${main}"><sheetData>${row.repeat(50_000)}</sheetData></worksheet>`,
  });
}

test("no request, nor sixty-four at once, takes more memory than there is or keeps others waiting", async () => {
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    server.token("admin");
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const signIn = Buffer.from("login=admin&password=correct+horse");
    assert.deepEqual(new Set(await costs("sign-ins", server, () => many(64, () => send(server, "/sign-in", form, signIn)))), new Set([303]));

    for (const name of [`k${"[999]".repeat(2)}`, "k[999].k[999].k[999]"]) {
      const fields = Buffer.from(Array(Math.floor(60_000 / (name.length + 3))).fill(`${name}=x`).join("&"));
      const answered = await costs("a form with a deep name", server, () => many(64, () => send(server, "/sign-in", form, fields)));
      assert.deepEqual(new Set(answered), new Set([422]));
    }

    const photo = inJson({ purpose: "condition" }, png(2400, 1600));
    const photos = await costs("photos", server, () => many(64, () => call(server, "/photos", photo)));
    assert.ok(photos.includes(201) && photos.every((status) => [201, 503].includes(status)), `${photos}`);
    assert.equal(await costs("a large photo", server, () => call(server, "/photos", inJson({}, png(8000, 6000)))), 201);

    // Nobody can decode them, but all of them are sent.
    const bodies = inJson({}, Buffer.alloc(11 * MEGABYTE, "zamen"));
    const held = await costs("bodies", server, () => many(64, () => call(server, "/photos", bodies)));
    assert.ok(held.includes(422) && held.every((status) => [422, 503, 0].includes(status)), `${held}`);

    assert.equal(await costs("a workbook", server, () => call(server, "/imports", inJson({ kind: "customers", file_name: "a.xlsx" }, bomb()))), 422);

    const rows = (bytes) => Buffer.from(`name,phone,note\n${`زهرا کریمی,0912345678,${"x".repeat(100)}\n`.repeat(Math.floor(bytes / 132))}`);
    const sheet = inJson({ kind: "customers", file_name: "a.csv", is_dry_run: true }, rows(23 * MEGABYTE));
    await costs("a large sheet", server, async () => {
      assert.equal(await call(server, "/imports", sheet), 201);
      const [{ id }] = (await server.call("admin", "GET", "/imports")).items;
      for (;;) {
        const { good, bad, known } = await server.call("admin", "GET", `/imports/${id}`);
        if (good + bad + known > 2000) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await server.call("admin", "POST", `/imports/${id}/cancel`, {});
    });

    const entered = await fetch(`${server.base}/sign-in`, { method: "POST", headers: form, body: signIn, redirect: "manual" });
    const cookie = entered.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    const csrf = /name="_csrf" value="([^"]+)"/.exec(await (await fetch(`${server.base}/imports`, { headers: { cookie } })).text())[1];
    const field = (name) => `--part\r\ncontent-disposition: form-data; name="${name}"`;
    const parts = [`${field("_csrf")}\r\n\r\n${csrf}\r\n${field("kind")}\r\n\r\ncustomers\r\n${field("file")}; filename="a.csv"\r\n\r\n`, rows(63 * MEGABYTE), "\r\n--part--\r\n"];
    const upload = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const kept = await costs("the largest sheet", server, () => send(server, "/imports", { cookie, "content-type": "multipart/form-data; boundary=part" }, upload));
    assert.equal(kept, 303);
  } finally {
    await server.remove();
  }
});
