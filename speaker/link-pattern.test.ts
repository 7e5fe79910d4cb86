import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesLink, readLinkPattern } from "./link-pattern.ts";

function matches(text: string, name: string): boolean {
  const read = readLinkPattern(text);
  if (read.kind === "unreadable") {
    throw new Error(read.why);
  }
  return matchesLink([read.pattern], name);
}

test.for([
  { text: "^veth.*", yes: ["veth0"], no: ["my-veth0"] },
  { text: "storage", yes: ["storage", "eth0-storage"], no: ["stor"] },
  { text: "^lo$", yes: ["lo"], no: ["lo0"] },
  { text: "(?i)^VETH", yes: ["veth0", "Veth0"], no: ["eth0"] },
  { text: "(?i)^a|^B", yes: ["a0", "A0", "b0"], no: ["c0"] },
  { text: "(?:eth|ens)[0-9]+", yes: ["eth0", "ens192"], no: ["ethX"] },
  { text: "(?P<kind>eth|ens)0", yes: ["eth0"], no: ["eth1"] },
  { text: "^eth[[:digit:]]+$", yes: ["eth10"], no: ["eth", "eth:"] },
  { text: "^[[:alpha:]_-]+$", yes: ["br-lan", "br_lan"], no: ["br0"] },
  { text: "^[^[:alnum:]]", yes: ["-eth0"], no: ["eth0"] },
  { text: "[[:punct:]]", yes: ["eth0.100", "br-lan", "a`"], no: ["eth0"] },
  { text: "^[]a]$", yes: ["]", "a"], no: ["b"] },
  { text: "^[^]a]$", yes: ["b"], no: ["]", "a"] },
  { text: "^[a\\-\\]]$", yes: ["-", "]"], no: ["\\", "b"] },
  { text: "\\Aeth0\\z", yes: ["eth0"], no: ["eth00", "xeth0", "Aeth0z"] },
  { text: "eth0\\.100", yes: ["eth0.100"], no: ["eth00100"] },
  { text: "br\\-lan\\_1\\@x", yes: ["br-lan_1@x"], no: ["brlan"] },
  { text: "\\d\\w\\b", yes: ["eth0s"], no: ["eth"] },
  { text: "", yes: ["eth0"], no: [] },
])("the expression $text finds $yes and not $no", ({ text, yes, no }) => {
  expect(yes.filter((name) => !matches(text, name))).toEqual([]);
  expect(no.filter((name) => matches(text, name))).toEqual([]);
});

test.for([
  { text: "(", why: "unterminated group" },
  { text: "*eth", why: "nothing to repeat" },
  { text: "eth[0-9", why: "unterminated character class" },
  { text: "eth{1", why: "incomplete quantifier" },
  { text: "^(?i)veth", why: "invalid group" },
  { text: "(?U)veth.*", why: "invalid group" },
  { text: "\\Qeth0\\E", why: "invalid escape" },
  { text: "\\pN", why: "invalid property name" },
  { text: "\\x{65}th", why: "invalid escape" },
  { text: "[[:^digit:]]", why: "lone quantifier brackets" },
])("the expression $text is refused: $why", ({ text, why }) => {
  expect(readLinkPattern(text)).toEqual({
    kind: "unreadable",
    why: `"${text}" is no regular expression that can be read (${why}): write one such as ^veth.*`,
  });
});

test("any text is an expression, or is refused", () => {
  const pieces = fc.constantFrom(..."eth0[]^$.*+?(){}|\\-:,/ ", "[:alpha:]", "(?P<", "(?i)", "\\Q");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((all) => all.join("")),
      ),
      (text) => {
        const read = readLinkPattern(text);
        expect(read.kind === "pattern" || read.why.length > 0).toBe(true);
      },
    ),
  );
});
