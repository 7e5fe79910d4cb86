import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NdpType } from "#lib/wire/ndp.ts";
import type { Row } from "#speaker/network/messages.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { N1, N2, PATIENCE, Stage, VIP6, whyNoWire } from "./lab/stage.ts";

const KEPT: Row = { service: "default/kept", ips: [VIP6], order: ["n1", "n2"] };
const GIVEN_UP: Row = { service: "default/given-up", ips: ["2001:db8::30"], order: ["n1", "n2"] };

const why = whyNoWire();

describe.skipIf(why)(`An IPv6 address whose owner's messages are lost ${why ?? ""}`, () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage[Symbol.asyncDispose]());

  /** Has the kernels of both nodes drop what goes to the other by IP; frames pass. */
  function cutMessages(): void {
    stage.segment.ip("n1", "route", "add", "blackhole", N2.ip);
    stage.segment.ip("n2", "route", "add", "blackhole", N1.ip);
  }

  const ownersOf = (speaker: SpeakerHandle, { service }: Row) =>
    speaker
      .lines("owner changed")
      .flatMap((line) => (line["service"] === service ? line["to"] : []));

  test("is asked for by a frame to its owner alone, and succeeded only where nothing answers", async () => {
    const [n1, n2] = await stage.startBoth({ rows: [KEPT, GIVEN_UP], surrogate: false });
    using tap = stage.tapOf("n1");
    cutMessages();
    n1.send({ kind: "remove", service: GIVEN_UP.service });
    await vi.waitFor(() => expect(ownersOf(n2, GIVEN_UP).at(-1)).toBe("n2"), PATIENCE);
    expect(ownersOf(n2, KEPT)).toEqual(["n1"]);

    const about = stage.ndp(tap).filter(({ target }) => target === VIP6);
    expect(about.find(({ source }) => source === N2.mac)).toMatchObject({
      type: NdpType.solicitation,
      destination: N1.mac,
      from: N2.linkLocal,
      to: VIP6,
      mac: N2.mac,
    });
    expect(about.find(({ destination }) => destination === N2.mac)).toMatchObject({
      type: NdpType.advertisement,
      source: N1.mac,
      from: VIP6,
      to: N2.linkLocal,
      mac: N1.mac,
      flags: "SO",
    });
  });
});
