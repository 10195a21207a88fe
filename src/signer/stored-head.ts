// The newest head of a log, kept where the log's own writer cannot write: a log that ends before it was cut, emptied or put back.
import { isJsonObject, parseJson } from '../base/json.ts'
import type { KeyFolder } from './key-folder.ts'

export interface StoredHead<H> {
  /** Undefined where none is kept yet. */
  readonly newest: H | undefined
  /** Resolves when no end of this process takes it back. */
  keep(head: H): Promise<void>
}

export interface HeadForm<H> {
  readonly file: string
  /** As what it is missed: `audit log`. */
  readonly log: string
  fields(head: H): object
  /** Throws for what is no head. */
  parse(fields: Readonly<Record<string, unknown>>): H
}

/** What stands in the file before there is a head: the file is there from the first start on, so that one that is gone is noticed. */
const none = '{}\n'

/** Throws where the file is damaged, or missing although it was made before. */
export async function openStoredHead<H>(folder: KeyFolder, form: HeadForm<H>, mayMake: boolean): Promise<StoredHead<H>> {
  const { file, log, fields } = form
  const stored = await folder.read(file)
  if (stored === undefined && !mayMake) {
    const what = `"${file}" is missing, so nobody can tell whether the ${log} is whole`
    throw new Error(`${what}. Where there is no backup of it and the ${log} is to be taken as it is, write {} into it`)
  }
  if (stored === undefined) await folder.write(file, none)
  let writing: Promise<void> = Promise.resolve()
  return {
    newest: stored === undefined ? undefined : parseHead(stored.toString('utf8'), form),
    keep(head) {
      // One after the other: all go through the same temporary file.
      writing = writing.catch(() => undefined).then(() => folder.write(file, `${JSON.stringify(fields(head))}\n`))
      return writing
    },
  }
}

function parseHead<H>(text: string, { file, log, parse }: HeadForm<H>): H | undefined {
  try {
    const value = parseJson(text)
    if (!isJsonObject(value)) throw new TypeError('it is no object')
    return Object.keys(value).length === 0 ? undefined : parse(value)
  } catch (cause) {
    throw new Error(`Cannot read "${file}": it holds no head of the ${log}`, { cause })
  }
}
