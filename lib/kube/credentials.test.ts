import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { inClusterCredentials } from "./credentials.ts";
import { FakeClock } from "./testing/fake-clock.ts";

let directory: string;
let clock: FakeClock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "herald-credentials-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  clock = new FakeClock();
  write("1");
});

function write(token: string): void {
  writeFileSync(join(directory, "token"), `${token}\n`);
  writeFileSync(join(directory, "ca.crt"), `authority ${token}`);
}

function credentials(host = "192.0.2.1") {
  return inClusterCredentials({ directory, host, port: "443", clock });
}

const access = (token: string) => ({
  tls: { ca: `authority ${token}` },
  headers: { authorization: `Bearer ${token}` },
});

test.each([
  ["192.0.2.1", "https://192.0.2.1/"],
  ["2001:db8::1", "https://[2001:db8::1]/"],
  ["kubernetes.default.svc", "https://kubernetes.default.svc/"],
])("finds the API server at %s", (host, origin) => {
  expect(credentials(host).origin.href).toBe(origin);
});

test("reads token and authority again when they are a minute old", async () => {
  const account = credentials();
  expect(await account.access()).toEqual(access("1"));
  write("2");
  await clock.advance(59_999);
  expect(await account.access()).toEqual(access("1"));
  await clock.advance(1);
  expect(await account.access()).toEqual(access("2"));
});

test("reads them again at once when the server refused them", async () => {
  const account = credentials();
  await account.access();
  write("2");
  account.invalidate();
  expect(await account.access()).toEqual(access("2"));
});

test.each(["token", "ca.crt"])(
  "names a missing %s and the mend, and recovers when it is there",
  async (name) => {
    rmSync(join(directory, name));
    const account = credentials();
    await expect(account.access()).rejects.toMatchObject({
      name: "KubeError",
      temporary: true,
      message: `Cannot read the service account's ${join(directory, name)}: set automountServiceAccountToken to true in the Pod, or give a kubeconfig`,
    });
    write("2");
    expect(await account.access()).toEqual(access("2"));
  },
);
