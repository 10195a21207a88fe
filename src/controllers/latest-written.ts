// What a controller wrote last, for passes that start before its cache shows it.
import type { KubeObject } from '../api/object.ts'

/** Resource versions are one rising counter, so that the newer of two states is the one to work on. */
export class LatestWritten<T extends KubeObject> {
  readonly #byKey = new Map<string, T>()

  wrote(key: string, object: T): void {
    this.#byKey.set(key, object)
  }

  newest(key: string, cached: T): T {
    const written = this.#byKey.get(key)
    if (written === undefined) return cached
    if (written.metadata.uid === cached.metadata.uid && versionOf(written) > versionOf(cached)) return written
    this.#byKey.delete(key)
    return cached
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }
}

function versionOf({ metadata: { resourceVersion = '' } }: KubeObject): bigint {
  return /^\d+$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n
}
