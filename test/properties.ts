/** fast-check with the seed of `vitest.config.ts`: of one commit always the same, so that a red gate is red again wherever it is run. */

import { test } from "@fast-check/vitest";
import fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    readonly seed: number;
  }
}

fc.configureGlobal({ seed: inject("seed") });

export { fc, test };
