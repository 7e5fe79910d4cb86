import { expect, test } from "vitest";
import { service } from "#lib/api/testing/fixture.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { sameStatus } from "./status-patch.ts";
import { StatusWriter } from "./status-writer.ts";

const NEVER = new AbortController().signal;
const WEB = service("default/web", { resourceVersion: "7" });

test("is busy while it writes, and for a moment after that", async () => {
  const answer = Promise.withResolvers<unknown>();
  const paths: string[] = [];
  const client = {
    strategicPatch<Result>(path: string): Promise<Result> {
      paths.push(path);
      return answer.promise as Promise<Result>;
    },
  };
  const clock = new FakeClock();
  const writer = new StatusWriter(client, clock);
  expect(writer.isBusy).toBe(false);

  const written = writer.write(WEB, sameStatus(WEB), NEVER);
  await clock.advance(1000);
  expect(writer.isBusy).toBe(true);
  answer.resolve({ metadata: { resourceVersion: "8" } });
  expect(await written).toBe("8");
  expect(paths).toEqual(["/api/v1/namespaces/default/services/web/status"]);

  await clock.advance(199);
  expect(writer.isBusy).toBe(true);
  await clock.advance(1);
  expect(writer.isBusy).toBe(false);
});
