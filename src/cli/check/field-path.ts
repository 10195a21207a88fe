// Parses field paths as the API writes them: `spec.containers[0].env[1].value`, `metadata.labels[a.b/c]`.

export type PathStep = string | number

/** A number in brackets is an index, anything else a key. Never throws: an invalid path gives steps that match nothing. */
export function parseFieldPath(field: string): PathStep[] {
  const steps: PathStep[] = []
  for (const [, bracketed, plain] of field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)) {
    if (plain !== undefined) steps.push(plain)
    else if (bracketed !== undefined) steps.push(/^\d+$/.test(bracketed) ? Number(bracketed) : bracketed.replace(/^"(.*)"$/, '$1'))
  }
  return steps
}

/** The steps of a JSON pointer (RFC 6901). Numbers stay strings: the value at that place decides whether they are indexes. */
export function parsePointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
