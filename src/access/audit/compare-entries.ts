// Names what happened to lines: compares the entries that the log recorded of them with those of the lines as they are now.

export interface Line {
  /** The SHA-256 of the line. */
  readonly entry: Buffer
  /** `file:line`. */
  readonly where: string
}

const maxNamed = 20

/** `first` is the index of the first recorded entry. Both lists cover the same stretch; the ends may differ by what moved in or out. */
export function compareEntries(first: number, recorded: readonly Buffer[], lines: readonly Line[]): string[] {
  const lastRecorded = new Map(recorded.map((entry, at) => [entry.toString('latin1'), at]))
  const lastLine = new Map(lines.map(({ entry }, at) => [entry.toString('latin1'), at]))
  const found: string[] = []
  let at = 0
  let line = 0
  while (at < recorded.length && line < lines.length && found.length < maxNamed) {
    const expected = recorded[at]?.toString('latin1') ?? ''
    const actual = lines[line]?.entry.toString('latin1') ?? ''
    const where = lines[line]?.where ?? ''
    if (expected === actual) {
      at++
      line++
      continue
    }
    const isLater = (lastLine.get(expected) ?? -1) > line
    const isKnown = lastRecorded.has(actual)
    const comesLater = (lastRecorded.get(actual) ?? -1) > at
    if (isLater && !isKnown) found.push(`${where}: a line was inserted before record ${first + at}`)
    else if (isLater && comesLater)
      found.push(`${where}: records were reordered: record ${first + (lastRecorded.get(actual) ?? 0)} is where record ${first + at} was`)
    else if (isLater) found.push(`${where}: a line was inserted: a copy of record ${first + (lastRecorded.get(actual) ?? 0)}`)
    else if (comesLater) found.push(`${where}: record ${first + at} was deleted before this line`)
    else found.push(`${where}: record ${first + at} was changed`)
    if (isLater && !comesLater) line++
    else if (comesLater && !isLater) at++
    else {
      at++
      line++
    }
  }
  return found
}
