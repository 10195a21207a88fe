// Paths of fields as messages of the API write them, taken apart: `spec.containers[0].env[1].value`, `metadata.labels[a.b/c]`.

export type PathStep = string | number

/** What stands in brackets is an index where it is a number, else a key. Never fails: text that is no path becomes steps that lead nowhere. */
export function parseFieldPath(field: string): PathStep[] {
  const steps: PathStep[] = []
  for (const [, bracketed, plain] of field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)) {
    if (plain !== undefined) steps.push(plain)
    else if (bracketed !== undefined) steps.push(/^\d+$/.test(bracketed) ? Number(bracketed) : bracketed.replace(/^"(.*)"$/, '$1'))
  }
  return steps
}

/** The steps of a JSON pointer (RFC 6901). Numbers stay text: what they mean, the value that is there says. */
export function parsePointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
