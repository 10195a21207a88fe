// Hands what the starter verified to `bulkhead up`: they are separate bundles in one process.
import type { VerifiedManifest } from './verify-package.ts'

export interface VerifiedPackage extends VerifiedManifest {
  /** The folder of the package. */
  readonly root: string
}

const name = Symbol.for('bulkhead.dev/verified-package')

export function keepVerifiedPackage(verified: VerifiedPackage): void {
  Object.defineProperty(globalThis, name, { value: Object.freeze(verified) })
}

/** Undefined in a clone, which has no manifest. */
export function verifiedPackage(): VerifiedPackage | undefined {
  // Only the starter of the same package sets it, before any other code runs.
  return Reflect.get(globalThis, name) as VerifiedPackage | undefined
}
