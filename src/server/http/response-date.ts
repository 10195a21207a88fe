// The time of an answer, as HTTP writes it (RFC 9110, 6.6.1: a server that has a clock says when it answered).

/** Of the last second that was asked for: thousands of answers share it. */
let last = { second: Number.NaN, text: '' }

/** `now` in milliseconds since the epoch. */
export function responseDate(now: number): string {
  const second = Math.floor(now / 1000)
  if (second !== last.second) last = { second, text: new Date(now).toUTCString() }
  return last.text
}
