import { expect, test } from "vitest";
import {
  createNetwork,
  cutLinks,
  isOpen,
  type LinkName,
  linksBetweenGroups,
  linksOfBridge,
  linksOfRing,
  mendLinks,
} from "../../src/network/network.ts";
import { fc } from "../properties.ts";

const MEMBERS = [1, 2, 3, 4, 5, 6, 7];
const link: fc.Arbitrary<LinkName> = fc.record({ from: fc.constantFrom(...MEMBERS), to: fc.constantFrom(...MEMBERS) });
const shape: fc.Arbitrary<LinkName[]> = fc.oneof(
  fc.array(link, { maxLength: 5 }),
  fc.subarray(MEMBERS).map((group) => linksBetweenGroups([group, MEMBERS.filter((m) => !group.includes(m))])),
  fc.constantFrom(...MEMBERS).map((bridge) => linksOfBridge(bridge, MEMBERS.slice(0, 3), MEMBERS.slice(3))),
  fc.shuffledSubarray(MEMBERS, { minLength: 7 }).map((order) => linksOfRing(order)),
);

test("a link is open exactly while no partition that is in force cuts it, whatever the order of healing", () => {
  const commands = fc.array(fc.oneof(shape, fc.nat(9)), { maxLength: 20 });
  fc.assert(
    fc.property(commands, (commands) => {
      const network = createNetwork();
      const inForce: LinkName[][] = [];
      for (const command of commands) {
        if (typeof command === "number") {
          const healed = inForce.splice(command, 1)[0];
          if (healed !== undefined) mendLinks(network, healed);
        } else {
          cutLinks(network, command);
          inForce.push(command);
        }
        for (const from of MEMBERS) {
          for (const to of MEMBERS) {
            const isCut = inForce.some((links) => links.some((l) => l.from === from && l.to === to));
            expect(isOpen(network, from, to)).toBe(!isCut);
          }
        }
      }
    }),
  );
});

test("a partition into groups cuts exactly the pairs of different groups, both ways, each once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 7, maxLength: 7 }), (groupOf) => {
      const groups = [0, 1, 2, 3].map((g) => MEMBERS.filter((_, at) => groupOf[at] === g));
      const expected: string[] = [];
      for (const from of MEMBERS) {
        for (const to of MEMBERS) if (groupOf[from - 1] !== groupOf[to - 1]) expected.push(`${from}>${to}`);
      }
      expect(
        linksBetweenGroups(groups)
          .map(({ from, to }) => `${from}>${to}`)
          .sort(),
      ).toEqual(expected.sort());
    }),
  );
});
