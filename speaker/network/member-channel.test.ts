import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import type { Message } from "#lib/membership/message.ts";
import { keyId, memberId } from "#lib/wire/member-id.ts";
import { openPacket, readHeader, sealPacket } from "#lib/wire/sealed-packet.ts";
import type { MemberChannel } from "./member-channel.ts";
import { openWith, packetKey, sealWith, sha256 } from "./packet-crypto.ts";
import {
  deliver,
  draw,
  HELLO,
  KEY,
  meet,
  NEW_KEY,
  replyOf,
  say,
  start,
  verdict,
} from "./testing/member-channels.ts";

const COUNTS = { from: "n1", messages: [HELLO] };

let n1: MemberChannel;
let n2: MemberChannel;
let n3: MemberChannel;

beforeEach(() => {
  n1 = start("n1");
  n2 = start("n2");
  n3 = start("n3");
});

function turned(datagram: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(datagram);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test("two speakers that have just started know each other after the first packet and two replies", () => {
  expect(deliver(say(n1, "n2"), n1, n2).map(verdict)).toEqual(["not-fresh", "not-fresh", "counts"]);
  expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
  expect(n1.open(say(n2, "n1"))).toEqual({ ...COUNTS, from: "n2" });
});

test("messages too long for one packet arrive in several", () => {
  meet(n1, "n2", n2);
  const claims = Array.from({ length: 300 }, (_, index) => ({
    group: `198.51.100.${index % 256}`,
    epoch: 1,
    owner: "n1",
  }));
  const datagrams = n1.seal("n2", [HELLO, { kind: "records", members: [], claims }]);
  expect(datagrams).toHaveLength(4);
  const opened = datagrams.map((datagram) => n2.open(datagram));
  const messages = opened.flatMap((one): readonly Message[] =>
    "messages" in one ? one.messages : [],
  );
  expect(messages[0]).toEqual(HELLO);
  expect(messages.slice(1).flatMap((one) => (one.kind === "records" ? one.claims : []))).toEqual(
    claims,
  );
});

test("nothing is sealed without a key, for a stranger, or where nothing is said", () => {
  expect(start("n1", { keys: [] }).seal("n2", [HELLO])).toEqual([]);
  expect(n1.seal("n4", [HELLO])).toEqual([]);
  expect(n1.seal("n2", [])).toEqual([]);
});

test.for([
  { what: "memberlist's packet", datagram: () => new Uint8Array(100), refused: "other-magic" },
  { what: "another version", datagram: () => turned(say(n1, "n2"), 32), refused: "other-version" },
  { what: "an empty datagram", datagram: () => new Uint8Array(), refused: "bad-length" },
  { what: "its own packet", datagram: () => say(n2, "n1"), refused: "own-packet" },
  {
    what: "a packet of no member",
    datagram: () => say(start("n4"), "n2"),
    refused: "unknown-sender",
  },
  {
    what: "a packet of another key",
    datagram: () => say(start("n1", { keys: [NEW_KEY] }), "n2"),
    refused: "unknown-key",
  },
  { what: "a packet to another member", datagram: () => say(n1, "n3"), refused: "not-authentic" },
])("refuses $what", ({ datagram, refused }) => {
  meet(n1, "n2", n2);
  meet(n1, "n3", n3);
  expect(n2.open(datagram())).toMatchObject({ refused });
});

test("refuses every packet while there is no key, and has no reply", () => {
  expect(start("n2", { keys: [] }).open(say(n1, "n2"))).toEqual({ refused: "unknown-key" });
});

describe("a packet that was recorded", () => {
  beforeEach(() => meet(n1, "n2", n2));

  test("counts once", () => {
    const recorded = say(n1, "n2");
    expect(n2.open(recorded)).toEqual(COUNTS);
    expect(n2.open(recorded)).toEqual({ refused: "replayed" });
  });

  test("does not count after its receiver has restarted, before and after the two know each other again", () => {
    const recorded = say(n1, "n2");
    n2 = start("n2");
    expect(verdict(n2.open(recorded))).toBe("not-fresh");
    meet(n1, "n2", n2);
    expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
    expect(verdict(n2.open(recorded))).toBe("replayed");
  });

  test("does not count after its sender has restarted, though its receiver never had it", () => {
    const recorded = say(n1, "n2");
    n1 = start("n1");
    meet(n1, "n2", n2);
    expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
    expect(verdict(n2.open(recorded))).toBe("not-fresh");
    expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
  });

  test("does not count after its sender was off the list of members", () => {
    const recorded = say(n1, "n2");
    n2.setMembers(["n2", "n3"]);
    expect(n2.open(recorded)).toEqual({ refused: "unknown-sender" });
    n2.setMembers(["n1", "n2", "n3"]);
    expect(verdict(n2.open(recorded))).toBe("not-fresh");
    meet(n1, "n2", n2);
    expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
    expect(verdict(n2.open(recorded))).not.toBe("counts");
  });

  test("makes nobody heed what an earlier life of the other wanted to have echoed", () => {
    const earlier = start("n2").open(say(n1, "n2"));
    n2 = start("n2");
    meet(n1, "n2", n2);
    expect(verdict(n1.open(replyOf(earlier)))).toBe("not-fresh");
    expect(n2.open(say(n1, "n2"))).toEqual(COUNTS);
  });
});

test("packets that overtake each other count, each once, until 64 others were sent", () => {
  meet(n1, "n2", n2);
  const early = say(n1, "n2");
  const late = Array.from({ length: 64 }, () => say(n1, "n2"));
  const [first = early, ...rest] = late;
  for (const datagram of rest.reverse()) {
    expect(n2.open(datagram)).toEqual(COUNTS);
  }
  expect(n2.open(first)).toEqual(COUNTS);
  expect(n2.open(early)).toEqual({ refused: "replayed" });
});

describe("with a packet every 100 ms, a speaker that restarts", () => {
  let now = 1_000;
  const clock = () => now;

  beforeEach(() => {
    n1 = start("n1");
    n2 = start("n2");
    meet(n1, "n2", n2);
  });

  /** @param before played just before, to the same receiver */
  function packet(before: Iterable<Uint8Array> = []): string {
    now += 100;
    for (const datagram of before) {
      n2.open(datagram);
    }
    const [first] = deliver(say(n1, "n2"), n1, n2);
    return first === undefined ? "none" : verdict(first);
  }

  test("is understood from its second packet on", () => {
    n1 = start("n1", { clock });
    expect([packet(), packet()]).toEqual(["not-fresh", "counts"]);
  });

  test("is understood as soon among packets that were recorded of its earlier starts", () => {
    n2 = start("n2", { clock });
    const recorded = Array.from({ length: 3 }, () => {
      n1 = start("n1", { clock });
      return Array.from({ length: 10 }, () => say(n1, "n2"));
    });
    n1 = start("n1", { clock });
    const [first = [], second = [], third = []] = recorded;
    const heard = [packet([...first, ...second]), packet([...third, ...second])];
    expect(heard).toEqual(["not-fresh", "counts"]);
  });

  test("understands each of the others from their third packet on", () => {
    n2 = start("n2", { clock });
    expect([packet(), packet(), packet()]).toEqual(["not-fresh", "not-fresh", "counts"]);
  });
});

describe("by a clock that stands still", () => {
  const frozen = { clock: () => 5 };

  test("speakers know each other, and refuse what was recorded", () => {
    n1 = start("n1", frozen);
    n2 = start("n2", frozen);
    expect(deliver(say(n1, "n2"), n1, n2).map(verdict).at(-1)).toBe("counts");
    const recorded = say(n1, "n2");
    expect(n2.open(recorded)).toEqual(COUNTS);
    expect(n2.open(recorded)).toEqual({ refused: "replayed" });
  });

  test("a second packet that is not fresh has no reply", () => {
    n2 = start("n2", frozen);
    expect(n2.open(say(n1, "n2"))).toHaveProperty("reply");
    expect(n2.open(say(n1, "n2"))).toEqual({ refused: "not-fresh" });
    expect(n2.open(say(n3, "n2"))).toHaveProperty("reply");
  });
});

test("replies to a member every 50 ms at most", () => {
  let now = 1_000;
  n2 = start("n2", { clock: () => now });
  expect(n2.open(say(n1, "n2"))).toHaveProperty("reply");
  now += 49;
  expect(n2.open(say(n1, "n2"))).not.toHaveProperty("reply");
  now += 1;
  expect(n2.open(say(n1, "n2"))).toHaveProperty("reply");
});

describe("whatever comes", () => {
  beforeEach(() => meet(n1, "n2", n2));

  const n1Id = memberId("n1", sha256);
  const n2Id = memberId("n2", sha256);

  /** Seals as n1 does, in another start. */
  function sealed(plaintext: Uint8Array, sequence: number): Uint8Array {
    const header = { keyId: keyId(KEY, sha256), senderId: n1Id, startNonce: 1n, sequence };
    const seal = sealWith(packetKey(KEY, n1Id, 1n));
    const content = { echo: 0n, newestKeyId: 0, challenge: undefined, body: new Uint8Array() };
    return sealPacket(header, n2Id, content, (_, gcmNonce, additionalData) =>
      seal(plaintext, gcmNonce, additionalData),
    );
  }

  /** What n2 wants to have echoed by that start. */
  function tokenOfN2(): bigint {
    const reply = replyOf(n2.open(sealed(new Uint8Array(13), 0)));
    const header = readHeader(reply);
    if (typeof header === "string") {
      throw new Error(header);
    }
    const open = openWith(packetKey(KEY, n2Id, header.startNonce));
    return openPacket(reply, header.sequence, n1Id, open)?.challenge?.token ?? 0n;
  }

  test("random bytes are refused, behind a right header too", () => {
    const header = say(n1, "n2").subarray(0, 29);
    const starts = fc.constantFrom(0, 4, 5, 9, 17, 29);
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 1_300 }), (length, rest) => {
        const datagram = Uint8Array.of(...header.subarray(0, length), ...rest);
        expect(verdict(n2.open(datagram))).not.toBe("counts");
      }),
    );
  });

  test("a packet with any single bit turned is refused, and the packet itself counts afterwards", () => {
    const datagram = say(n1, "n2");
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      expect(verdict(n2.open(turned(datagram, bit)))).not.toBe("counts");
    }
    expect(n2.open(datagram)).toEqual(COUNTS);
  });

  test("a packet that is cut short is refused", () => {
    const datagram = say(n1, "n2");
    for (let length = 0; length < datagram.length; length++) {
      expect(verdict(n2.open(datagram.subarray(0, length)))).not.toBe("counts");
    }
  });

  test("what a member seals is malformed or not fresh, whatever it is", () => {
    let sequence = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 13, maxLength: 200 }), (plaintext) => {
        sequence += 1;
        const opened = n2.open(sealed(plaintext, sequence));
        expect(["malformed", "not-fresh"]).toContain(verdict(opened));
      }),
    );
  });

  test("what a member seals freshly is malformed or counts, whatever it is", () => {
    const token = tokenOfN2();
    let sequence = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        sequence += 1;
        const content = new ByteWriter(13 + body.length).u64(token).u32(0).u8(0).bytes(body);
        const opened = n2.open(sealed(content.written(), sequence));
        expect(["malformed", "counts"]).toContain(verdict(opened));
      }),
    );
    expect(sequence).toBeGreaterThan(10);
  });

  test("inventing starts of a member harms nobody", () => {
    const datagram = say(n1, "n2");
    for (let count = 0; count < 1_000; count++) {
      expect(n2.open(ofInventedStart(datagram))).toEqual({ refused: "not-authentic" });
    }
    expect(n2.open(datagram)).toEqual(COUNTS);
  });
});

/** The packet with a start nonce that nobody has drawn, as whoever has recorded it can send. */
function ofInventedStart(datagram: Uint8Array): Uint8Array {
  const forged = Uint8Array.from(datagram);
  forged.set(draw(8), 17);
  return forged;
}

describe("among 12,000 packets a second of invented starts", () => {
  const SECONDS = 2;
  const FORGED_PER_MS = 12;
  let now: number;
  /** What became of the forged ones. */
  let refused: Record<string, number>;

  beforeEach(() => {
    now = 1_000;
    refused = {};
    n2 = start("n2", { clock: () => now });
  });

  /** Lets a millisecond pass, in which the packet comes after some of the forged ones. */
  function pass(sample: Uint8Array, packet?: Uint8Array): string | undefined {
    now += 1;
    const [random = 0] = draw(1);
    let became: string | undefined;
    for (let count = 0; count < FORGED_PER_MS; count++) {
      if (packet !== undefined && count === random % FORGED_PER_MS) {
        const [first] = deliver(packet, n1, n2);
        became = first && verdict(first);
      }
      const forged = verdict(n2.open(ofInventedStart(sample)));
      refused[forged] = (refused[forged] ?? 0) + 1;
    }
    return became;
  }

  test("a thousand a second are opened", () => {
    const sample = say(n1, "n2");
    for (let ms = 0; ms < SECONDS * 1_000; ms++) {
      pass(sample);
    }
    expect(refused["not-authentic"]).toBeLessThanOrEqual(SECONDS * 1_000 + 20);
    expect(refused["not-authentic"]).toBeGreaterThanOrEqual(SECONDS * 1_000);
    expect(Object.keys(refused)).toEqual(["not-authentic", "too-many-starts"]);
  });

  test("a speaker that restarts is understood once one of its packets was opened", () => {
    const sample = say(n1, "n2");
    n1 = start("n1", { clock: () => now });
    const became: (string | undefined)[] = [];
    for (let ms = 0; became.at(-1) !== "counts" && ms < 10_000; ms++) {
      const isTime = ms % 50 === 0;
      const done = pass(sample, isTime ? say(n1, "n2") : undefined);
      became.push(...(isTime ? [done] : []));
    }
    expect(became.at(-1)).toBe("counts");
    expect(became.filter((each) => each === "not-fresh").length).toBeLessThanOrEqual(2);
    expect(became.length).toBeLessThan(60);
  });

  test("a speaker that was understood before loses nothing", () => {
    meet(n1, "n2", n2);
    const sample = say(n1, "n2");
    for (let ms = 0; ms < 500; ms++) {
      expect(pass(sample, say(n1, "n2"))).toBe("counts");
    }
  });
});
