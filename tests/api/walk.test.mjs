// docs/guide/api-walk.md, block by block, against an empty store.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server } from "../support/server.mjs";

test("the guide's walk with curl ends at a paid invoice", async () => {
  const server = await Server.start("sqlite");
  const cwd = mkdtempSync(join(tmpdir(), "walk-"));
  try {
    await server.setUp();
    const text = readFileSync(new URL("../../docs/guide/api-walk.md", import.meta.url), "utf8");
    const script = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");
    const env = { PATH: process.env.PATH, BASE: server.base, TOKEN: server.token("admin") };
    execFileSync("bash", ["-euo", "pipefail", "-c", script], { env, encoding: "utf8", cwd });
    assert.match(readFileSync(join(cwd, "invoice.pdf"), "latin1"), /^%PDF-/);
  } finally {
    rmSync(cwd, { recursive: true });
    await server.remove();
  }
});
