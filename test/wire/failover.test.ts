import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { N1, N2, PATIENCE, ROW, Stage, VIP, VIP6, whyNoWire } from "./lab/stage.ts";

const why = whyNoWire();

describe.skipIf(why)(`Addresses that two nodes may own ${why ?? ""}`, () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage[Symbol.asyncDispose]());

  async function ownedBy(mac: string): Promise<void> {
    for (const ip of [VIP, VIP6]) {
      await vi.waitFor(async () => expect(await stage.owners(ip)).toEqual([mac]), PATIENCE);
    }
  }

  /** Of the addresses, as last told. */
  function lastChange(speaker: SpeakerHandle) {
    const change = speaker.lines("owner changed").findLast((fields) => fields["ip"] === VIP);
    return change && { from: change["from"], to: change["to"], because: change["because"] };
  }

  test("move with the life of their owner, and one node alone answers", async () => {
    const [n1, n2] = await stage.startBoth();
    await ownedBy(N1.mac);

    n1.kill();
    await ownedBy(N2.mac);
    const because = expect.stringMatching(/^n1 is dead: no heartbeat/);
    expect(lastChange(n2)).toEqual({ from: "n1", to: "n2", because });

    n2.said.length = 0;
    const again = await stage.start(N1);
    await stage.announced(again, ...ROW.ips);
    await vi.waitFor(() => expect(lastChange(n2)?.to).toBe("n1"), PATIENCE);
    await ownedBy(N1.mac);

    await again.stop();
    await ownedBy(N2.mac);
    expect(lastChange(n2)).toEqual({
      from: "n1",
      to: "n2",
      because: "n1 left: its speaker was stopped",
    });
  }, 40_000);

  test("are one node's though the other one has no InternalIP, for it is answered where it speaks", async () => {
    const unaddressed = { name: "n2", addresses: [] };
    const members = [{ name: "n1", addresses: [N1.ip] }, unaddressed];
    const n1 = await stage.start(N1, { members });
    const n2 = await stage.start(N2, { members: [unaddressed] });
    await stage.announced(n2, VIP);

    n2.send({ kind: "members", members });
    await vi.waitFor(() => {
      expect([n1.alive.toSorted(), n2.alive.toSorted()]).toEqual([
        ["n1", "n2"],
        ["n1", "n2"],
      ]);
    }, PATIENCE);
    await ownedBy(N1.mac);
  }, 40_000);
});
