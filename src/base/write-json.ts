// JSON.stringify for all of src/: integers of 64 bits, which are bigints in memory, keep all their digits. A method `toJSON` of BigInt.prototype
// would do the same, but it is the process's, and the process may be a user's.

type Replacer = (this: unknown, name: string, value: unknown) => unknown

/** ECMAScript's JSON.rawJSON, which TypeScript does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

/** Writes and throws as JSON.stringify, and a bigint as its digits, whatever the process has made of BigInt.prototype. */
export function writeJson(value: unknown, replacer?: Replacer | (number | string)[] | null, space?: string | number): string {
  if (!('toJSON' in BigInt.prototype)) {
    try {
      return JSON.stringify(value, replacer as Replacer, space)
    } catch (err) {
      // A bigint is one of its reasons. What has none is refused again.
      if (!(err instanceof TypeError)) throw err
    }
  }
  return JSON.stringify(value, withDigits(replacer), space)
}

function withDigits(replacer: Replacer | (number | string)[] | null | undefined): Replacer {
  const names = Array.isArray(replacer) ? new Set(replacer.map(String)) : undefined
  return function (name, value) {
    const holder = this as Readonly<Record<string, unknown>>
    // Before a `toJSON` of the process.
    const given = typeof holder[name] === 'bigint' ? holder[name] : value
    if (names !== undefined && name !== '' && !Array.isArray(holder) && !names.has(name)) return undefined
    const chosen = typeof replacer === 'function' ? replacer.call(holder, name, given) : given
    return typeof chosen === 'bigint' ? rawJSON(String(chosen)) : chosen
  }
}
