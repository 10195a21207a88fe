// Values as Go's `%v` prints them, for error messages that upstream builds so.

/** `map[a:1 b:[x y]]`: keys sorted, strings bare. */
export function goFormat(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goFormat).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${members.map(([key, member]) => `${key}:${goFormat(member)}`).join(' ')}]`
}
