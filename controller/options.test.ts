import { expect, test } from "vitest";
import { type ControllerOptions, controllerCommand } from "./options.ts";

async function conflictHold(...flags: readonly string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<ControllerOptions>();
  const command = controllerCommand(async (options) => resolve(options));
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(flags, { from: "user" });
  return (await promise).conflictHold;
}

test("an address that another host uses is set aside for ten minutes, or as long as the flag says", async () => {
  expect(await conflictHold()).toBe(600_000);
  expect(await conflictHold("--conflict-hold", "1h30m")).toBe(5_400_000);
  expect(await conflictHold("--conflict-hold", "24h")).toBe(86_400_000);
});

test.each(["10", "soon", "0s", "999ms", "24h1s", "-10m"])(
  "--conflict-hold %s is refused, with what to write",
  async (text) => {
    await expect(conflictHold(`--conflict-hold=${text}`)).rejects.toThrow("from 1s to 24h");
  },
);
