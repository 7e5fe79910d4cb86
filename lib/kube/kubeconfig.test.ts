import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { kubeconfigCredentials } from "./kubeconfig.ts";

let path: string;

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), "herald-kubeconfig-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  path = join(directory, "config");
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

function write(cluster: object, user: object, context = "lab"): void {
  const content = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [{ name: "c", cluster: { server: "https://192.0.2.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "lab", context: { cluster: "c", user: "u" } }],
  };
  writeFileSync(path, stringify(content));
}

test.each([
  ["a token", {}, { token: "t" }, { tls: {}, headers: { Authorization: "Bearer t" } }],
  [
    "an authority and a server name",
    { "certificate-authority-data": base64("ca"), "tls-server-name": "kubernetes" },
    {},
    { tls: { ca: Buffer.from("ca"), servername: "kubernetes" }, headers: {} },
  ],
  [
    "a client certificate",
    {},
    { "client-certificate-data": base64("cert"), "client-key-data": base64("key") },
    { tls: { cert: Buffer.from("cert"), key: Buffer.from("key") }, headers: {} },
  ],
  [
    "a server that is not verified",
    { "insecure-skip-tls-verify": true },
    {},
    { tls: { rejectUnauthorized: false }, headers: {} },
  ],
])("takes from a kubeconfig %s", async (_, cluster, user, expected) => {
  write(cluster, user);
  const credentials = await kubeconfigCredentials(path);
  expect(credentials.origin.href).toBe("https://192.0.2.1:6443/");
  expect(await credentials.access()).toEqual(expected);
});

test("says which file it cannot use, and what to do", async () => {
  await expect(kubeconfigCredentials(path)).rejects.toMatchObject({
    name: "KubeError",
    message: expect.stringMatching(
      /^Cannot use the kubeconfig .*config: .*ENOENT.*: give the path of one that kubectl accepts$/,
    ),
  });
});

test("refuses a kubeconfig whose context names no cluster", async () => {
  write({}, {}, "another");
  await expect(kubeconfigCredentials(path)).rejects.toThrow("its current context names no cluster");
});
