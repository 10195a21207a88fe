// Small files as lines of JSON, to be sealed as a pack.
import { isJsonObject, parseJson } from '../json.ts'
import { writeJson } from '../write-json.ts'

export interface ArchivedFile {
  readonly name: string
  readonly content: Buffer
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const maxFiles = 1000

export const formatArchive = (files: readonly ArchivedFile[]): Buffer =>
  Buffer.from(files.map(({ name, content }) => `${writeJson({ name, content: content.toString('base64') })}\n`).join(''))

/** Throws an Error for a name that could lead out of a folder. */
export function parseArchive(text: Buffer): ArchivedFile[] {
  const lines = text
    .toString('utf8')
    .split('\n')
    .filter(line => line !== '')
  if (lines.length > maxFiles) throw new Error(`the archive has more than ${maxFiles} files`)
  return lines.map(line => {
    const value = parseJson(line)
    if (!isJsonObject(value)) throw new Error('a line of the archive is not an object')
    const { name, content } = value
    if (typeof name !== 'string' || !nameForm.test(name)) throw new Error('a file of the archive has no valid name')
    if (typeof content !== 'string') throw new Error(`the file "${name}" of the archive has no content`)
    return { name, content: Buffer.from(content, 'base64') }
  })
}
