import { expect, test } from "vitest";
import { Assigner, type Outside } from "#controller/assigner.ts";
import type { Remembered } from "#lib/allocation/remembered.ts";
import type { Service } from "#lib/api/service.ts";
import { hunt } from "./hunt.ts";
import type { MakeSubject } from "./play.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const MIX = {
  ...{ pools: 2, put: 3, change: 4, delete: 3, replace: 2, nodes: 1, wait: 2, restart: 2 },
  ...{ trap: 1, conflict: 1, double: 2, host: 3, sharing: 2 },
};

class GivesTheNextAddress extends Assigner {
  constructor(outside: Outside) {
    const wrong = seenAs(outside, {
      patchStatus: (service, patch, signal) => {
        const ingress = patch.status.loadBalancer?.ingress?.map(({ ip }) => ({
          ip: ip.replace(/\.2$/, ".3"),
        }));
        const status = ingress ? { ...patch.status, loadBalancer: { ingress } } : patch.status;
        return outside.patchStatus(service, { ...patch, status }, signal);
      },
    });
    super("metallb-system", wrong, SILENT);
  }
}

class TriesNobodyAgain extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", seenAs(outside, { retrySoon: () => undefined }), SILENT);
  }
}

class ClaimsNothingAtItsStart extends Assigner {
  constructor(outside: Outside) {
    const services = () => [...outside.services()].map((service) => ({ ...service, ingress: [] }));
    super("metallb-system", seenAs(outside, { services }), SILENT);
  }
}

class ForgetsWhatWasReleased extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT);
  }

  override remember({ setAside }: Remembered): void {
    super.remember({ released: [], setAside });
  }
}

class ForgetsWhatIsSetAside extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT);
  }

  override remember({ released }: Remembered): void {
    super.remember({ released, setAside: [] });
  }
}

class SleepsOn extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", seenAs(outside, { wakeAt: () => undefined }), SILENT);
  }
}

class SetsAsideForHalfTheTime extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT, 300_000);
  }
}

class HoldsOnToWhatIsGone extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT);
  }

  override forget(_: string): void {}
}

class KnowsNoNodes extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT);
  }

  override setNodeAddresses(): void {}
}

class HasAClockThatStands extends Assigner {
  constructor(outside: Outside) {
    const startMs = outside.nowMs();
    super("metallb-system", seenAs(outside, { nowMs: () => startMs }), SILENT);
  }
}

class Miscounts extends Assigner {
  constructor(outside: Outside) {
    super("metallb-system", outside, SILENT);
  }

  override usage(): ReturnType<Assigner["usage"]> {
    return super.usage().map((usage) => ({ ...usage, services: Math.min(usage.services, 1) }));
  }
}

class LetsTheYoungerKeepADouble extends Assigner {
  constructor(outside: Outside) {
    const seen = new WeakMap<Service, Service>();
    const inverted = (service: Service): Service => {
      const known = seen.get(service);
      const second = 59 - Number(service.creationTimestamp.slice(17, 19));
      const creationTimestamp = `${service.creationTimestamp.slice(0, 17)}${second}Z`;
      const made = known ?? { ...service, creationTimestamp };
      seen.set(service, made);
      return made;
    };
    const wrong = seenAs(outside, {
      service: (key) => {
        const service = outside.service(key);
        return service && inverted(service);
      },
      services: () => [...outside.services()].map(inverted),
    });
    super("metallb-system", wrong, SILENT);
  }
}

/** The world with some of it otherwise. */
function seenAs(outside: Outside, otherwise: Partial<Outside>): Outside {
  return {
    service: (key) => outside.service(key),
    services: () => outside.services(),
    patchStatus: (service, patch, signal) => outside.patchStatus(service, patch, signal),
    event: (service, type, reason, message) => outside.event(service, type, reason, message),
    enqueue: (key) => outside.enqueue(key),
    retrySoon: () => outside.retrySoon(),
    wakeAt: (atMs) => outside.wakeAt(atMs),
    allocationsChanged: () => outside.allocationsChanged(),
    nowMs: () => outside.nowMs(),
    ...otherwise,
  };
}

const WRONG: readonly (new (outside: Outside) => Assigner)[] = [
  GivesTheNextAddress,
  TriesNobodyAgain,
  ClaimsNothingAtItsStart,
  ForgetsWhatWasReleased,
  ForgetsWhatIsSetAside,
  SleepsOn,
  SetsAsideForHalfTheTime,
  HoldsOnToWhatIsGone,
  KnowsNoNodes,
  HasAClockThatStands,
  Miscounts,
  LetsTheYoungerKeepADouble,
];

test.for(WRONG.map((Wrong) => ({ name: Wrong.name, Wrong })))(
  "$name is found out",
  async ({ Wrong }) => {
    const make: MakeSubject = (outside) => new Wrong(outside);
    const found = await hunt({ mix: MIX, make, count: 3000, seed: 1, isHasty: true });
    expect(found?.message).toMatch(/^At step \d+: .*\n# step 1\n---\n/);
  },
);

test("what is found is made small, so that a person can read it", async () => {
  const make: MakeSubject = (outside) => new HoldsOnToWhatIsGone(outside);
  const found = await hunt({ mix: MIX, make, count: 3000, seed: 1 });
  expect(found?.history.steps.length).toBeLessThan(7);
});

test("the right one is not", async () => {
  const make: MakeSubject = (outside) => new Assigner("metallb-system", outside, SILENT);
  expect(await hunt({ mix: MIX, make, count: 300, seed: 1 })).toBeUndefined();
});
