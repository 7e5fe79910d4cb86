/** Faults that have tests of their own, which the runner has run and tells the verdict of. */

export interface TestedFault {
  readonly id: string;
  readonly name: string;
  /** Files of tests, from the root of the checkout. */
  readonly files: readonly string[];
  /** How long they take, about. */
  readonly seconds: number;
  /** A part of the names of those tests that are meant; all when it is left out. */
  readonly named?: string;
}

export const testedElsewhere: readonly TestedFault[] = [
  {
    id: "17",
    name: "the API answers 429 and 500, is slow, cuts a watch, forgets its past",
    seconds: 25,
    files: [
      "lib/kube/reflector.test.ts",
      "lib/kube/reflector-cut.test.ts",
      "test/api-server/reflector.test.ts",
    ],
  },
  {
    id: "18",
    name: "the controller is killed at any point of a history of changes",
    seconds: 10,
    files: ["test/histories/troubled-histories.test.ts", "test/histories/known-histories.test.ts"],
  },
  {
    id: "19",
    name: "two controllers at once, and two Services with one address",
    seconds: 20,
    files: ["test/e2e/doubles.test.ts", "test/histories/known-histories.test.ts"],
  },
  {
    id: "20",
    name: "pools are shrunk and deleted under use, a broken configuration is applied",
    seconds: 70,
    files: ["test/e2e/bad-input.test.ts", "test/allocation/allocation.test.ts"],
    named: "pool",
  },
  {
    id: "21",
    name: "a pool is full, then one Service goes",
    seconds: 30,
    files: ["test/allocation/allocation.test.ts"],
    named: "frees its address for the oldest that waits",
  },
  {
    id: "24",
    name: "floods of ARP, for addresses of this node and of nobody",
    seconds: 90,
    files: ["test/wire/flood.test.ts"],
  },
  {
    id: "25b",
    name: "a link is deleted and made again, and changes its MAC",
    seconds: 20,
    files: ["test/wire/links.test.ts"],
    named: "A11",
  },
  {
    id: "26",
    name: "a request with a VLAN tag comes on the parent link",
    seconds: 20,
    files: ["test/wire/links.test.ts"],
    named: "A13",
  },
];
