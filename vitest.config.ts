import { defineConfig } from "vitest/config";

/** Unit and property tests share the cores; whatever starts a cluster runs one file after the other. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{lib,controller,speaker,manifests}/**/*.test.ts", "test/project/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/{lab,api-server,e2e}/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
