/** Work shared out among hands: what comes of it, in what order, and what of it when somebody stops it. */

import { describe, expect, test } from "vitest";
import { inOrder } from "../../src/sweep/in-order.ts";

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

describe("work in order", () => {
  test.each([1, 2, 5])(
    "is handed on in its order by %d hands, whoever is done first, and no more are busy",
    async (hands) => {
      const taken: number[] = [];
      let busy = 0;
      let most = 0;
      const ended = await inOrder(
        [...Array(40).keys()].values(),
        hands,
        async (n) => {
          most = Math.max(most, ++busy);
          await turns((n * 7) % 11);
          busy--;
          return n * n;
        },
        (result) => {
          taken.push(result);
          return false;
        },
        () => false,
      );
      expect(ended).toBe(true);
      expect(taken).toEqual([...Array(40).keys()].map((n) => n * n));
      expect(most).toBe(hands);
    },
  );

  test("begins nothing more once it is enough", async () => {
    const begun: number[] = [];
    const ended = await inOrder(
      [...Array(1000).keys()].values(),
      2,
      async (n) => {
        begun.push(n);
        await turns(1);
        return n;
      },
      (n) => n === 5,
      () => false,
    );
    expect(ended).toBe(false);
    const then = begun.length;
    expect(then).toBeLessThan(30);
    await turns(20);
    expect(begun).toHaveLength(then);
  });

  test("hands on what is done when it is stopped, and waits for nobody", async () => {
    const taken: number[] = [];
    let stopped = false;
    const ended = await inOrder(
      [0, 1, 2, 3].values(),
      1,
      // The third is never done.
      (n) => (n === 2 ? new Promise<number>(() => {}) : Promise.resolve(n)),
      (n) => {
        taken.push(n);
        if (n === 1) setImmediate(() => (stopped = true));
        return false;
      },
      () => stopped,
    );
    expect(ended).toBe(false);
    expect(taken).toEqual([0, 1]);
  });

  test("fails where its work does, in its turn", async () => {
    const taken: number[] = [];
    const work = async (n: number): Promise<number> => {
      if (n === 1) throw new Error("no memory");
      await turns(5);
      return n;
    };
    const take = (n: number): boolean => {
      taken.push(n);
      return false;
    };
    await expect(inOrder([0, 1, 2].values(), 3, work, take, () => false)).rejects.toThrow("no memory");
    expect(taken).toEqual([0]);
  });
});
