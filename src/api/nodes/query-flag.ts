// Flags in the query of a request, read alike by the API server and by the nodes that it hands queries on to.

/** As Go's conversion has it: absent, `0` and `false` (any case) are false, everything else is true; the Python client writes `True`. */
export function queryFlag(value: string | null | undefined): boolean {
  if (value === undefined || value === null) return false
  return value !== '0' && value.toLowerCase() !== 'false'
}
