// Keeps the newest head of a log where the writer of the log cannot write, so that a log that was truncated, emptied or restored is
// detected.
import { isJsonObject, parseJson } from '../base/json.ts'
import { writeJson } from '../base/write-json.ts'
import type { KeyFolder } from './key-folder.ts'

export interface StoredHead<H> {
  /** Undefined if none is stored yet. */
  readonly newest: H | undefined
  /** Resolves when the head is durable. */
  keep(head: H): Promise<void>
}

export interface HeadForm<H> {
  readonly file: string
  /** The name of the log in messages, such as `audit log`. */
  readonly log: string
  fields(head: H): object
  /** Throws for an invalid head. */
  parse(fields: Readonly<Record<string, unknown>>): H
}

/** Content of the file before the first head. The file exists from the first start, so that its loss is detected. */
const none = '{}\n'

/** Throws if the file is damaged, or missing although it was created before. */
export async function openStoredHead<H>(folder: KeyFolder, form: HeadForm<H>, mayMake: boolean): Promise<StoredHead<H>> {
  const { file, log, fields } = form
  const stored = await folder.read(file)
  if (stored === undefined && !mayMake) {
    const what = `"${file}" is missing, so it is unknown whether the ${log} is complete`
    throw new Error(`${what}. If there is no backup of it and you accept the ${log} as it is, write {} into the file`)
  }
  if (stored === undefined) await folder.write(file, none)
  let writing: Promise<void> = Promise.resolve()
  return {
    newest: stored === undefined ? undefined : parseHead(stored.toString('utf8'), form),
    keep(head) {
      // One write after the other, because all use the same temporary file.
      writing = writing.catch(() => undefined).then(() => folder.write(file, `${writeJson(fields(head))}\n`))
      return writing
    },
  }
}

function parseHead<H>(text: string, { file, log, parse }: HeadForm<H>): H | undefined {
  try {
    const value = parseJson(text)
    if (!isJsonObject(value)) throw new TypeError('it is not an object')
    return Object.keys(value).length === 0 ? undefined : parse(value)
  } catch (cause) {
    throw new Error(`Cannot read "${file}": it contains no head of the ${log}`, { cause })
  }
}
