// The part of the "metadata reflection" proposal that @peculiar/x509's dependency injection (tsyringe) asks for at load. It reads constructor
// parameter types with it, which the library's compiled classes do not have, so that a plain two-level map is all of it.

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
  const metadata = known.get(target) ?? new Map()
  known.set(target, metadata)
  metadata.set(key, value)
}

/** Adds the functions to the global `Reflect` unless something else has brought them. */
export function provideReflectMetadata(): void {
  if ('getMetadata' in Reflect) return
  Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata })
}
