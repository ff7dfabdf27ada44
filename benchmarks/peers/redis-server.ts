import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { whenProcessEnds } from "../probes/scratch-folder.ts";

/** A Redis of this process alone, whose files are in a folder. */
export interface RedisServer {
  readonly port: number;
  /** A figure of its `INFO`, such as "used_memory_rss". */
  info(name: string): Promise<number>;
  /** Ends it. What it has answered is in its files. */
  stop(): Promise<void>;
}

const PROGRAM = "redis-server";
const HOST = "127.0.0.1";
const longestStartMs = 60_000;
let version: string | null | undefined;

/** @returns nothing where it is not installed */
export function redisServerVersion(): string | undefined {
  version ??= readVersion();
  return version ?? undefined;
}

/** Starts one that syncs before it answers, on a port that is free; resolves when it has read what is in the folder. */
export async function startRedis(folder: string): Promise<RedisServer> {
  const port = await freePort();
  const words = ["--bind", HOST, "--port", String(port), "--dir", folder];
  const keeping = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
  const server = spawn(PROGRAM, [...words, ...keeping], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  whenProcessEnds(() => server.kill("SIGKILL"));
  const exited = once(server, "exit");
  await untilReady(server);
  return {
    port,
    info: (name) => readInfo(port, name),
    stop: async () => {
      server.kill("SIGTERM");
      await exited;
    },
  };
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let told = "";
    const failed = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(`redis-server ${reason}\n${told}`));
    };
    const timer = setTimeout(() => failed("is not ready"), longestStartMs);
    server.once("error", (error) => failed(error.message));
    server.once("exit", (code) => failed(`ended with ${code}`));
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      told = `${told}${text}`.slice(-1_000);
      if (!told.includes("Ready to accept connections")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function readInfo(port: number, name: string): Promise<number> {
  const socket = connect(port, HOST).setEncoding("utf8");
  socket.write("INFO\r\nQUIT\r\n");
  let answer = "";
  for await (const text of socket) answer += text as string;
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(answer)?.[1];
  if (value === undefined) throw new Error(`redis-server does not tell its ${name}`);
  return Number(value);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function readVersion(): string | null {
  const { status, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  if (status !== 0) return null;
  return /v=(\S+)/.exec(stdout)?.[1] ?? "unknown";
}
