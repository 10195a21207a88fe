// A signer with keys in memory only, for tests and startCluster().
import { type Clock, systemClock } from '../base/clock.ts'
import { newKeyMaterial } from './key-material.ts'
import { createKeySigner } from './key-signer.ts'
import type { Signer } from './signer.ts'

/** Ready at once: certificates of authorities are created on first use. */
export function createMemorySigner(options: { readonly clock?: Clock } = {}): Signer {
  return createKeySigner(newKeyMaterial(), options.clock ?? systemClock)
}
