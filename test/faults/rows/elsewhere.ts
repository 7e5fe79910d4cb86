/** Faults that have tests of their own, which the runner has run and tells the verdict of. */

export interface TestedFault {
  readonly id: string;
  readonly name: string;
  /** Files of tests, from the root of the checkout. */
  readonly files: readonly string[];
  /** A part of the names of those tests that are meant; all when it is left out. */
  readonly named?: string;
}

export const testedElsewhere: readonly TestedFault[] = [
  {
    id: "17",
    name: "the API answers 429 and 500, is slow, cuts a watch, forgets its past",
    files: [
      "lib/kube/reflector.test.ts",
      "lib/kube/reflector-cut.test.ts",
      "test/api-server/reflector.test.ts",
    ],
  },
  {
    id: "18",
    name: "the controller is killed at any point of a history of changes",
    files: ["test/histories/troubled-histories.test.ts", "test/histories/known-histories.test.ts"],
  },
  {
    id: "19",
    name: "two controllers at once, and two Services with one address",
    files: ["test/e2e/doubles.test.ts", "test/histories/known-histories.test.ts"],
  },
  {
    id: "20",
    name: "pools are shrunk and deleted under use, a broken configuration is applied",
    files: ["test/e2e/bad-input.test.ts", "test/allocation/allocation.test.ts"],
    named: "pool",
  },
  {
    id: "21",
    name: "a pool is full, then one Service goes",
    files: ["test/allocation/allocation.test.ts"],
    named: "frees its address for the oldest that waits",
  },
  {
    id: "24",
    name: "floods of ARP, for addresses of this node and of nobody",
    files: ["test/wire/flood.test.ts"],
  },
  {
    id: "25b",
    name: "a link is deleted and made again, and changes its MAC",
    files: ["test/wire/links.test.ts"],
    named: "A11",
  },
  {
    id: "26",
    name: "a request with a VLAN tag comes on the parent link",
    files: ["test/wire/links.test.ts"],
    named: "A13",
  },
];
