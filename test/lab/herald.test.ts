import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLab } from "./describe-lab.ts";
import { Lab } from "./lab.ts";

describeLab("Herald in a lab", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ herald: { controllers: 2 } });
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  test("runs as Pods of the workloads in manifests/, with the accounts that these name", async () => {
    const columns = "custom-columns=:.metadata.name,:.spec.serviceAccountName,:.spec.nodeName";
    const pods = await lab.kubectl("get", "pods", "-n", "metallb-system", "--output", columns);
    const rows = pods.trim().split("\n");
    expect(rows.map((row) => row.trim().split(/\s+/))).toEqual([
      ["controller", "controller", "<none>"],
      ["controller2", "controller", "<none>"],
      ["speaker-n1", "speaker", "n1"],
      ["speaker-n2", "speaker", "n2"],
      ["speaker-n3", "speaker", "n3"],
    ]);
  });

  test("ends a speaker by a signal and starts it anew", async () => {
    const speaker = lab.speaker("n3");
    await speaker.waitForLog(({ msg }) => msg === "speaker ready");
    const { pid } = speaker;
    expect(await speaker.stop("SIGTERM")).toMatchObject({ signal: null, code: 0 });
    await speaker.start();
    await speaker.waitForLog(({ msg }) => msg === "speaker ready");
    expect(speaker.pid).not.toBe(pid);
  });
});
