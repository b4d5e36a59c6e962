// docs/guide/api-walk.md, block by block, against an empty store.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Server } from "../support/server.mjs";

test("the guide's walk with curl ends at a paid invoice", async () => {
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    const text = readFileSync(new URL("../../docs/guide/api-walk.md", import.meta.url), "utf8");
    const script = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");
    const env = { PATH: process.env.PATH, BASE: server.base, TOKEN: server.token("admin") };
    const told = execFileSync("bash", ["-euo", "pipefail", "-c", script], { env, encoding: "utf8" });
    if (!told.includes("%PDF-")) throw new Error(told);
  } finally {
    await server.remove();
  }
});
