import { describe, expect, it } from "vitest";
import { Inquiries } from "./inquiries.ts";

const GROUP = "192.0.2.1";

/** What is to be done at each of its times, until the owner may be succeeded or the end comes. */
function course(inquiries: Inquiries, from: number, end: number): readonly string[] {
  const done: string[] = [];
  let now = from;
  while (now < end) {
    const step = inquiries.step(GROUP, "n1", now);
    done.push(`${now} ${step.kind}`);
    if (step.kind === "succeed") {
      break;
    }
    now = step.until;
  }
  return done;
}

const ASKED = ["0 ask", "50 ask", "100 ask", "150 ask", "200 ask"];

describe("Inquiries", () => {
  it("asks five times before an owner that does not answer is succeeded", () => {
    expect(course(new Inquiries(), 0, 60_000)).toEqual([...ASKED, "250 succeed"]);
  });

  it("leaves an owner that answers alone for 30 s, and asks again", () => {
    const inquiries = new Inquiries();
    course(inquiries, 0, 100);
    inquiries.answered(GROUP, "n1", 100, true);
    expect(inquiries.step(GROUP, "n1", 101)).toEqual({ kind: "wait", until: 30_100 });
    expect(course(inquiries, 30_100, 60_000)).toHaveLength(6);
  });

  it("asks one of whom it knows nothing else again after a second", () => {
    const inquiries = new Inquiries();
    course(inquiries, 0, 100);
    inquiries.answered(GROUP, "n1", 100, false);
    expect(inquiries.step(GROUP, "n1", 101)).toEqual({ kind: "wait", until: 1_100 });
  });

  it("asks of five hundred groups of an owner in a second", () => {
    const inquiries = new Inquiries();
    const firsts = Array.from({ length: 1_200 }, (_, count) =>
      inquiries.step(`2001:db8::${count}`, "n1", 0),
    );
    expect(firsts.filter(({ kind }) => kind === "ask")).toHaveLength(500);
    expect(firsts.at(500)).toEqual({ kind: "wait", until: 1_000 });
    expect(firsts.at(-1)).toEqual({ kind: "wait", until: 2_000 });
    expect(inquiries.step(GROUP, "n2", 0).kind).toBe("ask");
    inquiries.answered("2001:db8::0", "n1", 0, false);
    expect(inquiries.step("2001:db8::0", "n1", 1)).toEqual({ kind: "wait", until: 3_000 });
  });

  it("takes nobody else's answer", () => {
    const inquiries = new Inquiries();
    course(inquiries, 0, 100);
    inquiries.answered(GROUP, "n2", 100, true);
    expect(inquiries.step(GROUP, "n1", 100).kind).toBe("ask");
  });

  it("does not let an owner live on for what it said before it was asked", () => {
    const inquiries = new Inquiries();
    inquiries.answered(GROUP, "n1", 0, true);
    expect(inquiries.step(GROUP, "n1", 1).kind).toBe("ask");
  });

  it("begins anew with another owner, and when it is ended", () => {
    const inquiries = new Inquiries();
    course(inquiries, 0, 60_000);
    expect(inquiries.step(GROUP, "n2", 300).kind).toBe("ask");
    course(inquiries, 1_000, 60_000);
    inquiries.end(GROUP);
    expect(inquiries.step(GROUP, "n1", 2_000).kind).toBe("ask");
  });
});
