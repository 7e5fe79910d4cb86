import { expect, test } from "vitest";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { announcementFrames, FRAMES_PER_ANNOUNCEMENT } from "./announcement.ts";

test("announces as request without and as reply with the target's MAC address, both to everyone", () => {
  const frames = announcementFrames(0xc000_020a, "02:00:00:00:00:11");
  const header = "ffffffffffff" + "020000000011" + "0806" + "000108000604";
  expect(frames.map(toHex)).toEqual([
    `${header}0001${"020000000011c000020a"}${"000000000000c000020a"}`,
    `${header}0002${"020000000011c000020a"}${"020000000011c000020a"}`,
  ]);
  expect(frames).toHaveLength(FRAMES_PER_ANNOUNCEMENT);
});
