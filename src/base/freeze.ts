// What a store or a cache hands out is shared by all its readers, so nobody may change it.

/** Freezes a value of JSON's shapes and all below it, and returns it. Stops at what is frozen already, so a second call costs one test. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child)
  return value
}
