import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line, `N passed, N failed`, and fails it when a test was skipped: a skipped test proves nothing. */
export class PlainTotal implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
      }
      if (!module.ok() && module.errors().length > 0) {
        count.failed += 1;
      }
    }
    const left = count.skipped + count.pending;
    // After vitest's own summary, which it prints once the reporters are done.
    process.on("exit", () => {
      const skipped = left > 0 ? `, ${left} skipped` : "";
      process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
    });
    if (left > 0) {
      process.exitCode = 1;
    }
  }
}
