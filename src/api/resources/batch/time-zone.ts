// Which names of time zones exist, by the runtime's own IANA data.

let canonicalNames: ReadonlyMap<string, string> | undefined

/** Whether this is the name of a time zone, in its own letters; offsets such as `+02:00` are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  canonicalNames ??= new Map(Intl.supportedValuesOf('timeZone').map(zone => [zone.toLowerCase(), zone]))
  // The runtime does not mind capitals; files of zones, which other implementations read, do.
  const canonical = canonicalNames.get(name.toLowerCase())
  if (canonical !== undefined) return canonical === name
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch (err) {
    if (err instanceof RangeError) return false
    throw err
  }
}
