import { defineConfig } from "vitest/config";
import { PlainTotal } from "./test/plain-total.ts";

/** Unit and property tests share the cores; whatever starts a cluster runs one file after the other. */
export default defineConfig({
  test: {
    reporters: ["default", new PlainTotal()],
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: [
            "{lib,controller,speaker,manifests}/**/*.test.ts",
            "test/{project,bench,histories,simulation}/**/*.test.ts",
            "test/faults/*/**/*.test.ts",
          ],
          // a limit of liveness: thousands of random cases take long beside other work
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "cluster",
          sequence: { groupOrder: 1 },
          include: [
            "test/{wire,lab,api-server,allocation,e2e}/**/*.test.ts",
            "test/faults/*.test.ts",
          ],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
