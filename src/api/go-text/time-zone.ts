// The existing names of time zones: those of IANA's database for which the runtime has data.
import { timeZoneLinks } from './time-zone-links.ts'

let listedNames: ReadonlySet<string> | undefined

/** Whether this is the name of a time zone, with exact case: upstream looks for a file of the name. */
export function isTimeZone(name: string): boolean {
  listedNames ??= new Set(Intl.supportedValuesOf('timeZone'))
  return listedNames.has(name) || (timeZoneLinks.has(name) && isKnown(name))
}

/** An older runtime may lack a new link. */
function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch (err) {
    if (err instanceof RangeError) return false
    throw err
  }
}
