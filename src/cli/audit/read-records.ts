// The lines of a log in their order, with their places. Nothing is verified here.
import { join } from 'node:path'
import { logFileName, logFileNumbers } from '../../access/audit/log-files.ts'
import { maxLineBytes, parseSegment } from '../../access/audit/log-record.ts'
import { LineTooLong, readLines } from '../../base/files/read-lines.ts'
import { UserError } from '../../base/user-error.ts'

export interface LogLine {
  /** In the tree. */
  readonly index: number
  /** With its line end; valid until the next step. */
  readonly bytes: Buffer
  readonly where: string
}

/** Whole lines only. `fromFile`: older files are skipped. */
export async function* readRecords(folder: string, fromFile = 0): AsyncGenerator<LogLine> {
  for (const number of await logFileNumbers(folder)) {
    if (number < fromFile) continue
    const name = logFileName(number)
    let index: number | undefined
    let at = 0
    try {
      for await (const lines of readLines(join(folder, name), maxLineBytes)) {
        for (const bytes of lines) {
          if (bytes.at(-1) !== 0x0a) continue
          index = index === undefined ? (parseSegment(bytes)?.first ?? 0) : index + 1
          yield { index, bytes, where: `${name}:${++at}` }
        }
      }
    } catch (err) {
      if (err instanceof LineTooLong) throw new UserError(`${name}:${at + 1}: the line is longer than any record`, { cause: err })
      throw err
    }
  }
}
