// Flags in the query of a request, parsed alike by the API server and by the nodes to which it passes queries.

/** Go's conversion: absent, `0` and `false` (any case) are false, everything else is true; the Python client writes `True`. */
export function queryFlag(value: string | null | undefined): boolean {
  if (value === undefined || value === null) return false
  return value !== '0' && value.toLowerCase() !== 'false'
}
