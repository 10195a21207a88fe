// Managed fields are often half of an object that a watch tells of, and no cache keeps them: they are left out before the text is parsed.

/** What stands before the metadata of an object that this project's server tells of. */
const head = /^\{"type":"[A-Z]+","object":\{(?:"(?:kind|apiVersion)":"[^"\\]*",)*"metadata":\{$/
const longestHead = 512
const metadata = Buffer.from('"metadata":{')
/** As bytes these stand nowhere but before a value: within a string their second quote would have a backslash before it. */
const member = Buffer.from(',"managedFields":[')

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * The text of a watch event (one line, UTF-8, as `{"type":…,"object":{…}}`) without `object.metadata.managedFields`. Where they are not found in the
 * place that our server writes them to, the text is whole: whoever reads it must do without them either way.
 */
export function withoutManagedFields(line: Buffer): string {
  const at = line.indexOf(member)
  if (at === -1) return line.toString('utf8')
  const begins = line.indexOf(metadata) + metadata.length
  const isOurs = begins > metadata.length && begins <= longestHead && head.test(line.toString('latin1', 0, begins))
  if (!isOurs || depthAt(line, begins, at) !== 0) return line.toString('utf8')
  const end = endOf(line, at + member.length)
  return end === -1 ? line.toString('utf8') : line.toString('utf8', 0, at) + line.toString('utf8', end)
}

/** How deep `end` is below `start`; negative where what began before it has ended. */
function depthAt(line: Buffer, start: number, end: number): number {
  let depth = 0
  for (let i = start; i < end && depth >= 0; i++) {
    const byte = line[i]
    if (byte === quote) i = closingQuote(line, i)
    else if (byte === openBrace || byte === openBracket) depth++
    else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return depth
}

/** Behind the bracket that closes the list whose items begin at `start`; -1 where there is none. */
function endOf(line: Buffer, start: number): number {
  let depth = 1
  for (let i = start; i < line.length; i++) {
    const byte = line[i]
    if (byte === quote) i = closingQuote(line, i)
    else if (byte === openBrace || byte === openBracket) depth++
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return i + 1
  }
  return -1
}

function closingQuote(line: Buffer, opening: number): number {
  let i = opening + 1
  while (i < line.length && line[i] !== quote) i += line[i] === backslash ? 2 : 1
  return i
}
