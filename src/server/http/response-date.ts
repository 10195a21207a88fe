// The `date` header (RFC 9110, 6.6.1).

/** Cached for the current second: thousands of responses share it. */
let last = { second: Number.NaN, text: '' }

/** `now` in milliseconds since the epoch. */
export function responseDate(now: number): string {
  const second = Math.floor(now / 1000)
  if (second !== last.second) last = { second, text: new Date(now).toUTCString() }
  return last.text
}
