// A zamen of its own for a test: a store on either engine, a clock that can be set, a person for each role, and calls of its API.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

assert.ok(process.env.TEST_BINARY, "TEST_BINARY names the program that is tested");
/** The program, by a path that holds from every folder. */
export const binary = resolve(process.env.TEST_BINARY);

/** The engines to test on: SQLite always, PostgreSQL where a cluster is at hand; in CI it must be. */
export function engines() {
  const cluster = process.env.TEST_CLUSTER;
  assert.ok(cluster || !process.env.CI, "TEST_CLUSTER names no PostgreSQL cluster");
  return cluster ? ["sqlite", "postgres"] : ["sqlite"];
}

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

let databases = 0;

export class Server {
  /** @param {"sqlite" | "postgres"} engine */
  static async start(engine, { command = "serve", clock = null } = {}) {
    const self = await Server.place(engine, command);
    await self.run(clock);
    return self;
  }

  /** An empty place for a store, where nothing runs yet. */
  static async place(engine, command = "serve") {
    const self = new Server();
    self.command = command;
    self.data = mkdtempSync(join(tmpdir(), "zamen-test-"));
    self.port = await freePort();
    self.base = `http://127.0.0.1:${self.port}`;
    self.flags = ["--data", self.data, "--listen", `127.0.0.1:${self.port}`];
    if (engine === "postgres") {
      const name = `node_${process.pid}_${Date.now()}_${(databases += 1)}`;
      execFileSync("psql", [`${process.env.TEST_CLUSTER}/postgres`, "-qc", `CREATE DATABASE ${name}`]);
      self.flags.push("--database-url", `${process.env.TEST_CLUSTER}/${name}`);
    }
    self.tokens = new Map();
    return self;
  }

  /** Starts the program; with a clock that begins at an instant. */
  async run(clock = null) {
    this.clock = clock;
    const flags = clock ? [...this.flags, "--training-clock", clock] : this.flags;
    this.process = spawn(binary, [this.command, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.process.on("exit", resolve));
    let said = "";
    // What it prints while the store is empty is read by who makes the first start.
    this.invitation = new Promise((resolve) => {
      this.process.stdout.setEncoding("utf8").on("data", (more) => {
        said += more;
        const secret = /\/setup\?secret=([0-9a-z]+)\n/.exec(said)?.[1];
        if (secret) resolve(secret);
      });
      this.process.on("exit", () => resolve(null));
    });
    const until = Date.now() + 240_000;
    for (;;) {
      const answer = await fetch(`${this.base}/health`).catch(() => null);
      if (answer?.ok) return;
      assert.equal(this.process.exitCode, null, "the program stopped");
      assert.ok(Date.now() < until, "the program does not answer");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(signal = "SIGTERM") {
    this.process.kill(signal);
    await this.ended;
  }

  /** The same store at another time. */
  async at(clock) {
    await this.stop();
    this.tokens.clear();
    await this.run(clock);
  }

  async remove() {
    if (this.process) await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Runs a command of the program on the same store. */
  cli(...words) {
    const clock = this.clock ? ["--training-clock", this.clock] : [];
    // The demo keeps its store in a folder of its own.
    const flags = this.command === "demo" ? this.flags.map((flag) => (flag === this.data ? join(this.data, "demo") : flag)) : this.flags;
    return execFileSync(binary, [...words, ...flags, ...clock], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** The same, while this process goes on with other things. */
  async cliBeside(...words) {
    return (await promisify(execFile)(binary, [...words, ...this.flags])).stdout;
  }

  token(login) {
    if (!this.tokens.has(login)) this.tokens.set(login, this.cli("token", "create", "--login", login).trim());
    return this.tokens.get(login);
  }

  /** A call of the API; what is not answered with 2xx is an error that bears the problem's code. */
  async call(login, method, path, body) {
    const headers = { authorization: `Bearer ${this.token(login)}`, "accept-language": "en", "idempotency-key": crypto.randomUUID() };
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(`${this.base}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const told = await answer.json();
    if (answer.ok) return told;
    const error = new Error(`${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${JSON.stringify(told)}`);
    Object.assign(error, { status: answer.status, code: told.errors?.[0]?.code ?? told.code, problem: told });
    throw error;
  }

  /** The first start: an empty store gets its legal entity, centre and administrator. */
  async setUp({ legal_entity = "خدمات ولیعصر", fa = "مرکز خدمات ولیعصر", en = "Valiasr Service Centre" } = {}) {
    const fields = { legal_entity, "centre.fa": fa, "centre.en": en, login: "admin", name: "admin", password: "correct horse", calendar: "jalali", money_unit: "IRR" };
    const begin = (more) => fetch(`${this.base}/setup`, { method: "POST", body: new URLSearchParams({ ...fields, ...more }), redirect: "manual" });
    const stranger = await begin({});
    assert.equal(stranger.status, 422, "an empty store is nobody's who cannot read what the program prints");
    await stranger.text();
    const answer = await begin({ _secret: await this.invitation });
    assert.equal(answer.status, 303, await answer.text());
  }

  /** Signs in on the pages, as a browser does: the cookies, and the key that forms carry. */
  async signIn(login, password) {
    const signed = await fetch(`${this.base}/sign-in`, { method: "POST", body: new URLSearchParams({ login, password }), redirect: "manual" });
    assert.equal(signed.status, 303, await signed.text());
    const cookie = signed.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
    const page = await (await fetch(`${this.base}/me`, { headers: { cookie } })).text();
    return { cookie, csrf: /name="_csrf" value="([^"]+)"/.exec(page)[1] };
  }

  /** Somebody's first sign-in: the first password opens nothing but its own change. */
  async settle(login, first, password) {
    const { cookie, csrf } = await this.signIn(login, first);
    const body = new URLSearchParams({ _csrf: csrf, old_password: first, new_password: password });
    const changed = await fetch(`${this.base}/me/password`, { method: "POST", headers: { cookie }, body, redirect: "manual" });
    assert.equal(changed.status, 303, await changed.text());
  }
}
