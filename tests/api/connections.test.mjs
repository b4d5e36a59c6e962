// Connections that keep still: they keep nobody waiting, and end.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { Server } from "../support/server.mjs";

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
    const begun = "POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nlogin=";
    // Where there is room for it, a body is waited for.
    const body = still(server, begun);
    await waits(server);
    const heads = Array.from({ length: 150 }, (_, index) => still(server, ["", "GE", "GET /health HTTP/1.1\r\nhost: x\r\n"][index % 3]));
    for (let round = 0; round < 20; round += 1) {
      const waited = await waits(server);
      assert.ok(waited < PATIENCE, `${waited} ms`);
    }
    const ended = await Promise.all(heads);
    assert.ok(ended.every(({ after }) => after < 15_000), `${Math.max(...ended.map(({ after }) => after))} ms`);
    const stopped = await body;
    assert.ok(stopped.after > 25_000 && stopped.after < 40_000, `${stopped.after} ms`);
    assert.match(stopped.told, /^HTTP\/1\.1 422 /);
    // Where there is none, what lets us wait for longest makes it, heads and bodies alike.
    const many = Array.from({ length: 400 }, (_, index) => still(server, index % 2 ? begun : "GET /health HTTP/1.1\r\nhost: x\r\n"));
    for (let round = 0; round < 20; round += 1) {
      const waited = await waits(server);
      assert.ok(waited < PATIENCE, `${waited} ms`);
    }
    await Promise.all(many);
  } finally {
    await server.remove();
  }
});
