// Loads @peculiar/x509 at its first use: loading takes longer than everything else in a process's start. Its container library (tsyringe)
// requires the "metadata reflection" API at load but, without decorated constructors, only looks up what the library itself defined: a
// two-level map suffices. Whoever loads `reflect-metadata` afterwards in the same process uses these functions for what they know.

export type X509 = typeof import('@peculiar/x509')

type Metadata = Map<unknown, unknown>

const known = new WeakMap<object, Metadata>()

function getOwnMetadata(key: unknown, target: object): unknown {
  return known.get(target)?.get(key)
}

/** As `getOwnMetadata`, and then along the prototypes. */
function getMetadata(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    const value = getOwnMetadata(key, at)
    if (value !== undefined) return value
  }
  return undefined
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const own: Metadata = known.get(target) ?? new Map()
  known.set(target, own)
  own.set(key, value)
}

/** Of properties nothing is known here. */
function getOwnMetadataKeys(target: object, property?: unknown): unknown[] {
  return property === undefined ? [...(known.get(target)?.keys() ?? [])] : []
}

const hasOwnMetadata = (key: unknown, target: object): boolean => known.get(target)?.has(key) === true

const deleteMetadata = (key: unknown, target: object): boolean => known.get(target)?.delete(key) === true

const reflection = { getMetadata, getOwnMetadata, getOwnMetadataKeys, hasOwnMetadata, defineMetadata, deleteMetadata }

export async function loadX509(): Promise<X509> {
  for (const [name, value] of Object.entries(reflection))
    if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true })
  return await import('@peculiar/x509')
}
