// A signer whose keys live and die with the process, for tests and startCluster().
import { type Clock, systemClock } from '../base/clock.ts'
import { newKeyMaterial } from './key-material.ts'
import { createKeySigner } from './key-signer.ts'
import type { Signer } from './signer.ts'

/** Ready at once: authorities' certificates are made when first asked for. */
export function createMemorySigner(options: { readonly clock?: Clock } = {}): Signer {
  return createKeySigner(newKeyMaterial(), options.clock ?? systemClock)
}
