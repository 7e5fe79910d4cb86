import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

test("gives what the attempt gave once it is truthy", async () => {
  const answers = [undefined, "", 0, "here"];
  expect(await eventually(() => answers.shift())).toBe("here");
});

test("tries again while the attempt throws", async () => {
  let attempts = 0;
  const attempt = () => {
    attempts++;
    if (attempts < 3) {
      throw new Error("not yet");
    }
    return attempts;
  };
  expect(await eventually(attempt)).toBe(3);
});

test("says what the last attempt threw when the time is up", async () => {
  const cause = new Error("no route to host");
  const attempt = () => Promise.reject(cause);
  await expect(eventually(attempt, { withinMs: 0 })).rejects.toMatchObject({
    message: "Not so within 0 ms: no route to host",
    cause,
  });
});

test("tries once more, and no more, when it has become hopeless", async () => {
  let attempts = 0;
  const attempt = () => {
    attempts++;
    return false;
  };
  await expect(eventually(attempt, { whyHopeless: () => "it has ended" })).rejects.toThrow(
    "it has ended: the last attempt gave false",
  );
  expect(attempts).toBe(1);
});
