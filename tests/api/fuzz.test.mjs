// Schemathesis against a running server: no 500, no status that is not described, no answer that breaks its schema. First everything but what takes
// the caller's own access away, then that too.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

const TAKE_ACCESS_AWAY = ["revokeToken", "disableUser", "updateUser", "resetPassword", "changePermission"];
const tool = process.env.SCHEMATHESIS;

test("schemathesis finds nothing that the document does not say", { skip: tool ? false : "SCHEMATHESIS names no schemathesis" }, async () => {
  assert.ok(tool || !process.env.CI);
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    await furnish(server);
    // One worker: with two, Python 3.11 now and then dies of "AST constructor recursion depth mismatch", because both parse at once.
    for (const [filter, examples] of [["--exclude-operation-id", 12], ["--include-operation-id", 4]]) {
      const words = [
        `--config-file=${fileURLToPath(new URL("../schemathesis.toml", import.meta.url))}`, "run", `${server.base}/api/v1/openapi.json`,
        "-H", `Authorization: Bearer ${server.token("admin")}`, "--phases", "examples,coverage,fuzzing", "-n", `${examples}`, "--continue-on-failure", "-w", "1", "--warnings", "off",
        ...TAKE_ACCESS_AWAY.flatMap((id) => [filter, id]),
      ];
      const told = spawnSync(tool, words, { encoding: "utf8", timeout: 900_000 });
      assert.equal(told.status, 0, told.stdout.slice(-20_000) + told.stderr.slice(-2_000));
    }
  } finally {
    await server.remove();
  }
});
